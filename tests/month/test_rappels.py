"""Rappels sur un registre : dû, payé, différence ; ce qui a été versé ne se réécrit pas et ne se paie pas deux fois."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlmodel import col, select

from payroll.month.commun import GesteRefuse
from payroll.month.rappeler import (
    Apercu,
    add_late_element,
    cancel_late_element,
    cancel_recall,
    prepare_recall,
    preview_recalls,
)
from payroll.periods import Month
from payroll.store.tables import (
    Contrat,
    ElementPermanent,
    EtatPaie,
    Evenement,
    LigneBulletin,
    Paie,
    SituationContrat,
)
from payroll.store.tables_rappels import EcheanceRappel, ElementRappele, RappelPrepare
from tests.month.conftest import Inscrire
from tests.month.gestes import Lieu, acte, contrat_de, description

CODE, AGENT = "LB00201", "LB002"
"""Titulaire CNRACL, 28 h, IM 377, IFSE 90 €."""
MAI = Month(2026, 5)
MARS, AVRIL, JUIN = Month(2026, 3), Month(2026, 4), Month(2026, 6)


def _traitement(indice: int) -> int:
    plein = int(Fraction(indice * 590734, 1200) + Fraction(1, 2))
    return int(Fraction(plein * 28, 35) + Fraction(1, 2))


ECART = _traitement(385) - _traitement(377)


def _payer(lieu: Lieu, premier: Month, dernier: Month) -> None:
    """Calcule ces mois et les dit déclarés : ils ne se corrigent plus que par un rappel."""
    mois = premier
    while mois <= dernier:
        lieu.ouvrir(mois)
        lieu.calculer(mois)
        _declarer(lieu, mois)
        mois = mois.next


def _declarer(lieu: Lieu, mois: Month) -> None:
    with lieu.registre.transaction() as session:
        for paie in session.exec(select(Paie).where(Paie.mois == str(mois))).all():
            if paie.etat == EtatPaie.CALCULEE:
                paie.etat = EtatPaie.DECLAREE
            session.add(paie)


def _changer(lieu: Lieu, du: date, **changes: Any) -> None:
    """Un arrêté arrive : les conditions de l'agent changent depuis une date passée."""
    with lieu.registre.transaction() as session:
        contrat = session.exec(select(Contrat).where(Contrat.numero == CODE)).one()
        ancienne = session.exec(
            select(SituationContrat)
            .where(SituationContrat.contrat_id == contrat.id, SituationContrat.du <= du)
            .order_by(col(SituationContrat.du).desc())
        ).first()
        assert ancienne is not None
        values = ancienne.model_dump(exclude={"id"}) | {"du": du} | changes
        if ancienne.du == du:
            session.delete(ancienne)
        else:
            ancienne.au = du - timedelta(days=1)
            session.add(ancienne)
        session.add(SituationContrat(**values))


def _preparer(lieu: Lieu, mois: Month = MAI, **options: Any) -> list[Apercu]:
    return prepare_recall(lieu.registre, CODE_ADHERENT, AGENT, mois, acte(5), **{"motif": "arrêté", **options})


CODE_ADHERENT = "lubescaux"


def _lignes(lieu: Lieu, mois: Month = MAI) -> dict[tuple[str, str], LigneBulletin]:
    """(mois du droit, code) → ligne de rappel du bulletin de l'agent."""
    bulletin = lieu.bulletins(mois)[CODE]
    return {
        (row.periode, row.code): row
        for row in lieu.rows(LigneBulletin)
        if row.bulletin_id == bulletin.id and row.periode
    }


@pytest.fixture
def paye(inscrire_lieu: Inscrire) -> Lieu:
    """Mars et avril 2026 payés, mai ouvert."""
    data = description(CODE_ADHERENT)
    lieu = inscrire_lieu(data)
    _payer(lieu, MARS, AVRIL)
    lieu.ouvrir(MAI)
    return lieu


def test_huit_mois_d_un_arrete_en_retard_du_taux_de_2025_a_celui_de_2026(inscrire_lieu: Inscrire) -> None:
    data = description(CODE_ADHERENT)
    contrat = contrat_de(data, AGENT)
    contrat["situations"][0]["du"] = contrat["permanents"][0]["du"] = "2025-01-01"
    data["parametres"][0]["du"] = "2025-01-01"
    lieu = inscrire_lieu(data)
    septembre = Month(2025, 9)
    _payer(lieu, septembre, AVRIL)
    avant = {str(row.id): row.model_dump() for row in lieu.rows(LigneBulletin)}
    _changer(lieu, date(2025, 9, 1), indice_majore=385, echelon="11")
    lieu.ouvrir(MAI)
    (apercu,) = _preparer(lieu, depuis=septembre)
    lieu.calculer(MAI)
    lignes = _lignes(lieu)

    assert {e.mois for e in apercu.ecarts} == {
        *(Month(2025, m) for m in range(9, 13)),
        *(Month(2026, m) for m in range(1, 5)),
    }
    for mois in sorted({e.mois for e in apercu.ecarts}):
        taux = 346_500 if mois.year == 2025 else 376_500
        assert lignes[str(mois), "traitement"].montant_salarie == ECART
        cnracl = lignes[str(mois), "cnracl"]
        assert (cnracl.base, cnracl.taux_employeur_ppm) == (ECART, taux)
        assert cnracl.montant_employeur == int(Fraction(ECART * taux, 1_000_000) + Fraction(1, 2))
        assert cnracl.montant_salarie == int(Fraction(ECART * 111, 1000) + Fraction(1, 2))
    # Le mois payé, lui, est au nouvel indice ; et rien d'ancien n'a bougé.
    assert lieu.lignes(CODE, AVRIL)["traitement"].montant_salarie == _traitement(377)
    apres = {str(row.id): row.model_dump() for row in lieu.rows(LigneBulletin)}
    assert {cle: apres.get(cle) for cle in avant} == avant


def test_rien_n_a_change_rien_n_est_du(paye: Lieu) -> None:
    assert preview_recalls(paye.registre, CODE_ADHERENT, MAI) == []
    assert _preparer(paye) == []
    assert paye.rows(RappelPrepare) == []


def test_l_apercu_montre_du_paye_et_difference_sans_rien_inscrire(paye: Lieu) -> None:
    _changer(paye, date(2026, 4, 1), indice_majore=385)
    (apercu,) = preview_recalls(paye.registre, CODE_ADHERENT, MAI)
    traitement = next(e for e in apercu.ecarts if e.rubrique == "traitement")
    assert (traitement.mois, traitement.du, traitement.paye) == (AVRIL, _traitement(385), _traitement(377))
    assert traitement.difference == ECART
    assert (apercu.matricule, apercu.numero_contrat) == (AGENT, CODE)
    assert paye.rows(RappelPrepare) == []


def test_un_second_rappel_ne_paie_que_la_difference_nouvelle(paye: Lieu) -> None:
    _changer(paye, date(2026, 3, 1), indice_majore=380)
    _preparer(paye)
    paye.calculer(MAI)
    _declarer(paye, MAI)
    _changer(paye, date(2026, 3, 1), indice_majore=385)
    paye.ouvrir(JUIN)
    _preparer(paye, JUIN)
    paye.calculer(JUIN)
    premier, second = _lignes(paye), _lignes(paye, JUIN)
    for mois in (MARS, AVRIL):
        cle = (str(mois), "traitement")
        assert premier[cle].montant_salarie == _traitement(380) - _traitement(377)
        assert second[cle].montant_salarie == _traitement(385) - _traitement(380)
    # Mai, payé à 380, se rattrape lui aussi.
    assert second[str(MAI), "traitement"].montant_salarie == _traitement(385) - _traitement(380)


def test_un_rappel_prepare_deux_fois_ne_se_paie_qu_une(paye: Lieu) -> None:
    _changer(paye, date(2026, 3, 1), indice_majore=385)
    _preparer(paye)
    _preparer(paye)
    paye.calculer(MAI)
    assert sum(row.montant_salarie for (_, code), row in _lignes(paye).items() if code == "traitement") == 2 * ECART
    assert [row.annulee_le is None for row in paye.rows(EcheanceRappel)] == [False, True]
    assert paye.calculer(MAI, minutes=30).nouvelle is False


def test_un_element_oublie_se_saisit_avec_son_mois_de_droit(paye: Lieu) -> None:
    add_late_element(
        paye.registre, CODE_ADHERENT, AGENT, MAI, acte(3),
        mois_de_droit=AVRIL, rubrique="cia", valeur=10_000, motif="oubli",
    )  # fmt: skip
    (apercu,) = _preparer(paye)
    assert [(e.mois, e.rubrique, e.difference) for e in apercu.ecarts if e.rubrique == "cia"] == [
        (AVRIL, "cia", 10_000)
    ]
    paye.calculer(MAI)
    assert _lignes(paye)[str(AVRIL), "cia"].montant_salarie == 10_000
    _declarer(paye, MAI)
    # Le mois suivant, plus rien n'est dû.
    paye.ouvrir(JUIN)
    assert _preparer(paye, JUIN) == []


def test_annuler_un_element_deja_paye_le_reprend(paye: Lieu) -> None:
    add_late_element(
        paye.registre, CODE_ADHERENT, AGENT, MAI, acte(3),
        mois_de_droit=AVRIL, rubrique="cia", valeur=1_000, motif="oubli",
    )  # fmt: skip
    _preparer(paye)
    paye.calculer(MAI)
    _declarer(paye, MAI)
    paye.ouvrir(JUIN)
    (element,) = paye.rows(ElementRappele)
    cancel_late_element(paye.registre, CODE_ADHERENT, element.id, JUIN, acte(6))
    (apercu,) = _preparer(paye, JUIN)
    assert [(e.rubrique, e.difference) for e in apercu.ecarts if e.rubrique == "cia"] == [("cia", -1_000)]
    with pytest.raises(GesteRefuse, match="aucun élément tardif"):
        cancel_late_element(paye.registre, CODE_ADHERENT, element.id, JUIN, acte(7))


def test_un_trop_percu_s_etale_et_les_parts_font_la_somme(paye: Lieu) -> None:
    _changer(paye, date(2026, 4, 1), indice_majore=370)
    (apercu,) = _preparer(paye, echeances=3)
    total: Counter[str] = Counter()
    mois = MAI
    for _ in range(3):
        if mois > MAI:
            paye.ouvrir(mois)
        paye.calculer(mois)
        total.update({code: row.montant_salarie for (_, code), row in _lignes(paye, mois).items() if code != "cnracl"})
        _declarer(paye, mois)
        mois = mois.next
    assert apercu.total < 0
    assert total["traitement"] == _traitement(370) - _traitement(377)
    # Tout est repris : ni nouvelle échéance, ni nouvelle différence.
    paye.ouvrir(mois)
    paye.calculer(mois)
    assert _lignes(paye, mois) == {}
    assert preview_recalls(paye.registre, CODE_ADHERENT, mois) == []


def test_un_trop_percu_au_dela_de_la_quotite_saisissable_demande_un_etalement(paye: Lieu) -> None:
    with paye.registre.transaction() as session:
        contrat = session.exec(select(Contrat).where(Contrat.numero == CODE)).one()
        for row in session.exec(select(ElementPermanent).where(ElementPermanent.contrat_id == contrat.id)):
            session.delete(row)
    _changer(paye, date(2026, 3, 1), quotite_num=1, quotite_den=2)
    with pytest.raises(GesteRefuse, match=r"quotité\s+saisissable.*étalez-le en \d+ échéances"):
        _preparer(paye)
    assert paye.rows(RappelPrepare) == []


def test_annuler_un_rappel_avant_qu_il_soit_paye(paye: Lieu) -> None:
    _changer(paye, date(2026, 3, 1), indice_majore=385)
    _preparer(paye, echeances=2)
    assert cancel_recall(paye.registre, CODE_ADHERENT, AGENT, MAI, acte(6), motif="erreur") == 2
    paye.calculer(MAI)
    assert _lignes(paye) == {}
    (row,) = paye.rows(RappelPrepare)
    assert (row.annule_par, row.motif_annulation) == ("gestionnaire", "erreur")
    with pytest.raises(GesteRefuse, match="aucun rappel en attente"):
        cancel_recall(paye.registre, CODE_ADHERENT, AGENT, MAI, acte(7), motif="erreur")


def test_un_rappel_dont_un_bulletin_a_change_est_refuse(paye: Lieu) -> None:
    _changer(paye, date(2026, 3, 1), indice_majore=385)
    _preparer(paye)
    bulletin = paye.bulletins(AVRIL)[CODE]
    with paye.registre.transaction() as session:
        ligne = session.exec(
            select(LigneBulletin).where(LigneBulletin.bulletin_id == bulletin.id, LigneBulletin.code == "ifse")
        ).one()
        ligne.montant_salarie += 1
        session.add(ligne)
    result = paye.calculer(MAI)
    assert [(a.code, a.matricule) for a in result.anomalies if a.code == "rappel-perime"] == [("rappel-perime", AGENT)]
    assert CODE not in paye.bulletins(MAI)
    # Préparé de nouveau, il se paie.
    _preparer(paye)
    paye.calculer(MAI, minutes=30)
    assert _lignes(paye)[str(AVRIL), "ifse"].montant_salarie == -1


def test_le_journal_dit_qui_pourquoi_et_combien(paye: Lieu) -> None:
    _changer(paye, date(2026, 3, 1), indice_majore=385)
    (apercu,) = _preparer(paye)
    event = paye.rows(Evenement)[-1]
    assert (event.geste, event.par, event.mois) == ("rappeler", "gestionnaire", str(MAI))
    assert event.detail["montant"] == apercu.total
    assert (event.detail["matricule"], event.detail["du"], event.detail["motif"]) == (AGENT, str(MARS), "arrêté")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"motif": " "}, "dit sa raison", id="sans motif"),
        pytest.param({"echeances": 0}, "1 à 60", id="aucune échéance"),
        pytest.param({"echeances": 61}, "1 à 60", id="trop d'échéances"),
        pytest.param({"depuis": Month(2026, 1)}, "n'a pas été payé ici", id="mois jamais payé"),
        pytest.param({"depuis": MAI}, "n'a pas été payé ici", id="mois encore ouvert"),
    ],
)
def test_ce_qui_ne_se_prepare_pas(paye: Lieu, options: dict[str, Any], message: str) -> None:
    with pytest.raises(GesteRefuse, match=message):
        _preparer(paye, **options)


def test_un_mois_ferme_ne_recoit_plus_de_rappel(paye: Lieu) -> None:
    with pytest.raises(GesteRefuse, match="déjà declaree"):
        _preparer(paye, AVRIL)


@pytest.mark.parametrize(
    ("droit", "rubrique", "valeur", "message"),
    [
        pytest.param(MAI, "cia", 100, "déjà déclaré", id="mois encore ouvert"),
        pytest.param(AVRIL, "traitement", 100, "ne se saisit pas", id="rubrique calculée"),
        pytest.param(AVRIL, "acompte", 100, "ne se saisit pas", id="retenue"),
        pytest.param(AVRIL, "cia", 0, "valeur est nulle", id="zéro"),
    ],
)
def test_ce_qui_ne_se_saisit_pas(paye: Lieu, droit: Month, rubrique: str, valeur: int, message: str) -> None:
    with pytest.raises(GesteRefuse, match=message):
        add_late_element(
            paye.registre, CODE_ADHERENT, AGENT, MAI, acte(3),
            mois_de_droit=droit, rubrique=rubrique, valeur=valeur, motif="oubli",
        )  # fmt: skip
