"""Un mois d'adhérents avec leurs erreurs : registre juste, journal entier, chaque centime attendu.

Huit adhérents jouent chaque histoire une fois ; ``--endurance`` en joue quarante.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import col, select

from payroll.month.calculer import compute_month
from payroll.month.clore import close_month
from payroll.month.commun import GesteRefuse
from payroll.month.corriger import cancel_correction, correct_element
from payroll.month.rappeler import add_late_element, prepare_recall
from payroll.month.refus import refuse_payslips
from payroll.month.reviser import review_month
from payroll.month.rouvrir import reopen_month
from payroll.month.valider import approve, approve_clean
from payroll.store import audit
from payroll.store.registre import Registre
from payroll.store.tables import (
    Approbation,
    BulletinPaie,
    EtatPaie,
    Evenement,
    LigneBulletin,
    MessageDsn,
    Paie,
)
from payroll.store.tables_revision import Correction, RefusBulletin
from tests.month.commune import _siret
from tests.month.gestes import MOIS, Donnees, Lieu, acte, description, element, fichier, inscrire

COURT, LONG = 8, 40
AGENT = "LB002"
DECEMBRE = MOIS.next


@dataclass
class Attendu:
    """Ce que le scénario doit laisser chez un adhérent, tenu à la main à mesure des gestes."""

    cia: int
    approbations: int = 1
    approbations_annulees: int = 0
    corrections: int = 0
    refus: int = 0


def _adherent(rang: int) -> Donnees:
    data = description("lubescaux")
    for agent in data["agents"]:
        agent["taux_pas"] = agent.get("taux_pas") or [
            {"taux": "0", "identifiant": "2026000001", "du": date(2026, 1, 1)}
        ]
    return data | {
        "code": f"commune-{rang:02d}",
        "nom": f"Commune {rang}",
        "siret": _siret(rang),
        "quatre_yeux": rang % 8 == 7,
    }


def _corriger(lieu: Lieu, valeur: int, minutes: int) -> int:
    return correct_element(
        lieu.registre, lieu.code, AGENT, MOIS, acte(minutes), rubrique="cia", valeur=valeur, motif="appel de la mairie"
    ).numero


def _recevoir(lieu: Lieu, rang: int) -> Attendu:
    """Un sur dix se trompe d'agent et redépose, un sur dix n'a rien ; les autres versent un CIA de 100 € + le rang."""
    lieu.ouvrir()
    if rang % 10 == 4:
        lieu.deposer(fichier(lieu.code, neant=True))
        return Attendu(0)
    if rang % 10 == 3:
        assert lieu.deposer(fichier(lieu.code, element("LB099", "cia", "100,00"))).etat == "refuse"
    assert lieu.deposer(fichier(lieu.code, element(AGENT, "cia", f"{100 + rang},00")), minutes=3).etat == "accepte"
    return Attendu((100 + rang) * 100)


def _reviser(lieu: Lieu, rang: int, attendu: Attendu) -> None:
    """Corrections avant l'approbation : une qui reste, une annulée, un bulletin refusé puis corrigé."""
    lieu.calculer()
    if rang % 8 == 1:
        _corriger(lieu, 33_300, 11)
        attendu.cia, attendu.corrections = 33_300, 1
    if rang % 8 == 2:
        before = lieu.paie().hash_contenu
        cancel_correction(lieu.registre, lieu.code, _corriger(lieu, 99_900, 11), MOIS, acte(12), motif="autre commune")
        attendu.corrections = 1
        assert not lieu.calculer(minutes=13).nouvelle
        assert lieu.paie().hash_contenu == before
    if rang % 8 == 3:
        refuse_payslips(lieu.registre, lieu.code, MOIS, acte(11), {AGENT: "CIA au-delà de la délibération"})
        lieu.calculer(minutes=12)
        with pytest.raises(GesteRefuse, match="bulletins sont refusés"):
            approve(lieu.registre, lieu.code, MOIS, acte(13))
        _corriger(lieu, 5_000, 14)
        attendu.cia, attendu.corrections, attendu.refus = 5_000, 1, 1
    lieu.calculer(minutes=15)


def _apres_l_approbation(lieu: Lieu, rang: int, attendu: Attendu) -> None:
    """Un fichier arrivé trop tard recalcule et annule l'approbation ; un mois validé se rouvre ; un second regard."""
    if rang % 8 == 5:
        lieu.deposer(fichier(lieu.code, element(AGENT, "cia", "77,00"), remplace=True), minutes=30)
        with pytest.raises(GesteRefuse, match="ont changé depuis"):
            lieu.declarer(minutes=31)
        assert lieu.calculer(minutes=32).nouvelle
        attendu.cia, attendu.approbations_annulees = 7_700, 1
    if rang % 8 == 6:
        reopen_month(lieu.registre, lieu.code, MOIS, acte(30), motif="la mairie rappelle")
        _corriger(lieu, 8_800, 31)
        lieu.calculer(minutes=32)
        attendu.cia, attendu.corrections, attendu.approbations_annulees = 8_800, 1, 1
    if rang % 8 == 7:
        attendu.approbations = 2
        with pytest.raises(GesteRefuse, match="se déclare une fois validée"):
            lieu.declarer(minutes=31)
    seen = review_month(lieu.registre, lieu.code, MOIS).empreinte
    approve(lieu.registre, lieu.code, MOIS, acte(35, "second"), empreinte=seen)


def test_un_mois_plein_d_erreurs_finit_juste(
    request: pytest.FixtureRequest, registre: Registre, tmp_path: Path
) -> None:
    count = LONG if request.config.getoption("--endurance") else COURT
    lieux = [inscrire(registre, tmp_path, _adherent(rang)) for rang in range(1, count + 1)]
    attendus = {lieu.code: _recevoir(lieu, rang) for rang, lieu in enumerate(lieux, 1)}
    for rang, lieu in enumerate(lieux, 1):
        _reviser(lieu, rang, attendus[lieu.code])
    clean = approve_clean(registre, [lieu.code for lieu in lieux], MOIS, acte(20, "premier"))
    assert [result.phrase for result in clean if not result.approuvee] == []
    for rang, lieu in enumerate(lieux, 1):
        _apres_l_approbation(lieu, rang, attendus[lieu.code])
        lieu.declarer(minutes=40)
        # Rien n'est à rendre avant la déclaration ; une fois close, la paie ne bouge plus.
        lieu.produire(minutes=41)
        lieu.deposer_documents(minutes=42)
        close_month(registre, lieu.code, MOIS, acte(43))
    _rouvrir_un_mois_clos(lieux[0])

    with registre.transaction() as session:
        paies = session.exec(select(Paie).where(Paie.mois == str(MOIS))).all()
        approvals = session.exec(select(Approbation)).all()
        messages = session.exec(select(MessageDsn)).all()
        events = Counter(event.geste for event in session.exec(select(Evenement)))
        paid = dict(
            session.exec(
                select(Paie.adherent_id, LigneBulletin.montant_salarie)
                .join(BulletinPaie, col(BulletinPaie.paie_id) == col(Paie.id))
                .join(LigneBulletin, col(LigneBulletin.bulletin_id) == col(BulletinPaie.id))
                .where(Paie.mois == str(MOIS), Paie.etat == EtatPaie.CLOSE, LigneBulletin.code == "cia")
            ).all()
        )
        heads, breaks = audit.verify(session)
        corrections, refusals = (len(session.exec(select(table)).all()) for table in (Correction, RefusBulletin))
    current = {paie.adherent_id: paie for paie in paies if paie.etat != EtatPaie.REMPLACEE}
    expected = list(attendus.values())

    assert len(current) == count == sum(paie.etat == EtatPaie.CLOSE for paie in paies)
    assert breaks == []
    assert len(heads) == count
    # Chaque centime de CIA payé est celui du dernier geste qui l'a dit.
    assert [paid.get(rang, 0) for rang in range(1, count + 1)] == [one.cia for one in expected]
    # Ce qui est déclaré est ce qui a été approuvé, et rien d'autre.
    standing = [row for row in approvals if row.annulee_le is None]
    assert {(row.paie_id, row.hash_contenu) for row in standing} == {(p.id, p.hash_contenu) for p in current.values()}
    assert sorted(Counter(row.paie_id for row in standing).values()) == sorted(one.approbations for one in expected)
    assert len(approvals) - len(standing) == sum(one.approbations_annulees for one in expected)
    assert {message.paie_id for message in messages} == {paie.id for paie in current.values()}
    # Le journal compte chaque geste une fois.
    assert events["corriger"] == corrections == sum(one.corrections for one in expected)
    assert events["annuler-correction"] == sum(rang % 8 == 2 for rang in range(1, count + 1))
    assert events["refuser"] == refusals == sum(one.refus for one in expected)
    assert events["rouvrir"] == sum(rang % 8 == 6 for rang in range(1, count + 1)) + 1
    assert events["valider"] == count + sum(one.approbations_annulees for one in expected)
    assert events["premier-regard"] == sum(one.approbations == 2 for one in expected)
    assert (events["déclarer"], events["restituer"], events["clore"]) == (count, count, count + 1)


def _rouvrir_un_mois_clos(lieu: Lieu) -> None:
    """Un mois clos se rouvre avec sa raison, sans que ses bulletins bougent ; l'oubli se paie par un rappel."""
    before = lieu.paie().hash_contenu
    reopen_month(lieu.registre, lieu.code, MOIS, acte(50), motif="identité d'un agent corrigée")
    with pytest.raises(GesteRefuse, match="paie rappel saisir"):
        _corriger(lieu, 1_000, 51)
    close_month(lieu.registre, lieu.code, MOIS, acte(52))
    assert lieu.paie().hash_contenu == before
    lieu.ouvrir(DECEMBRE, minutes=53)
    add_late_element(
        lieu.registre, lieu.code, AGENT, DECEMBRE, acte(54),
        mois_de_droit=MOIS, rubrique="cia", valeur=2_500, motif="oubli de novembre",
    )  # fmt: skip
    (apercu,) = prepare_recall(lieu.registre, lieu.code, AGENT, DECEMBRE, acte(55), motif="oubli de novembre")
    assert apercu.total == 2_500
    compute_month(lieu.registre, lieu.code, DECEMBRE, acte(56), sans_fichier=True)
    recalled = [row for row in lieu.rows(LigneBulletin) if row.code == "cia" and row.periode == str(MOIS)]
    assert [row.montant_salarie for row in recalled] == [2_500]
