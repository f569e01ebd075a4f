"""Corriger un mois ouvert : la valeur change, le fichier reste, l'annulation rend tout, et le journal dit pourquoi."""

from __future__ import annotations

from datetime import date

import pytest

from payroll.month.clore import close_month
from payroll.month.commun import GesteRefuse
from payroll.month.corriger import (
    add_absence,
    cancel_correction,
    correct_element,
    month_absences,
    month_corrections,
    remove_absence,
)
from payroll.month.expliquer import explain_line
from payroll.month.rouvrir import reopen_month
from payroll.month.valider import approve
from payroll.store import audit
from payroll.store.tables import Absence, Approbation, ElementVariable, Evenement
from tests.month.conftest import Ouvrir
from tests.month.gestes import MOIS, Lieu, absence, acte, element, fichier

AGENT = "LB002"


@pytest.fixture
def ouvert(lieu: Lieu) -> Lieu:
    lieu.ouvrir()
    lieu.deposer(fichier("lubescaux", element(AGENT, "cia", "100,00")))
    return lieu


def fixer(lieu: Lieu, valeur: int, *, ajouter: bool = False, rubrique: str = "cia", minutes: int = 5) -> int:
    done = correct_element(
        lieu.registre, lieu.code, AGENT, MOIS, acte(minutes),
        rubrique=rubrique, valeur=valeur, motif="appel de la mairie", ajouter=ajouter,
    )  # fmt: skip
    return done.numero


def cia(lieu: Lieu, minutes: int) -> int:
    """Ce que le bulletin de l'agent paie de CIA, en centimes."""
    lieu.calculer(minutes=minutes)
    numero = next(numero for numero, row in lieu.bulletins().items() if row.matricule == AGENT)
    ligne = lieu.lignes(numero).get("cia")
    return ligne.montant_salarie if ligne else 0


@pytest.mark.parametrize(
    ("gestes", "attendu"),
    [
        ([], 10_000),  # le fichier seul
        ([(25_000, False)], 25_000),  # fixé : le fichier ne compte plus
        ([(25_000, False), (30_000, False)], 30_000),  # la dernière valeur fixée
        ([(0, False)], 0),  # ne se paie pas
        ([(5_000, True)], 15_000),  # une ligne de plus
        ([(-4_000, True)], 6_000),  # une retenue
        ([(25_000, False), (5_000, True), (1_000, True)], 31_000),  # fixé, puis deux lignes
    ],
)
def test_la_correction_se_pose_par_dessus_le_fichier(
    ouvert: Lieu, gestes: list[tuple[int, bool]], attendu: int
) -> None:
    for rang, (valeur, ajouter) in enumerate(gestes):
        fixer(ouvert, valeur, ajouter=ajouter, minutes=5 + rang)

    assert cia(ouvert, 20) == attendu
    assert [row.valeur for row in ouvert.rows(ElementVariable)] == [10_000]


def test_annuler_rend_ce_que_disait_le_fichier(ouvert: Lieu) -> None:
    numero = fixer(ouvert, 25_000)
    assert cia(ouvert, 20) == 25_000
    assert cancel_correction(ouvert.registre, ouvert.code, numero, MOIS, acte(21), motif="confusion") == (
        "Complément indemnitaire annuel (CIA) : 250,00 au lieu du fichier"
    )
    assert cia(ouvert, 22) == 10_000
    (kept,) = month_corrections(ouvert.registre, ouvert.code, MOIS)
    assert (kept.row.annulee_par, kept.row.motif_annulation) == ("gestionnaire", "confusion")
    with pytest.raises(GesteRefuse, match="aucune correction en cours"):
        cancel_correction(ouvert.registre, ouvert.code, numero, MOIS, acte(23), motif="encore")


def test_le_journal_et_l_explication_disent_qui_et_pourquoi(ouvert: Lieu) -> None:
    fixer(ouvert, 25_000)
    cia(ouvert, 20)
    event = next(row for row in ouvert.rows(Evenement) if row.geste == "corriger")

    assert event.detail["motif"] == "appel de la mairie"
    assert (event.detail["matricule"], event.detail["valeur"]) == (AGENT, 25_000)
    assert "par gestionnaire (appel de la mairie)" in explain_line(ouvert.registre, ouvert.code, MOIS, AGENT, "cia")


@pytest.mark.parametrize(
    ("rubrique", "valeur", "mots"),
    [
        ("traitement", 10_000, "ne se saisit pas"),
        ("inconnue", 10_000, "ne se saisit pas"),
        # Le bulletin de l'agent serait refusé : 40 heures sup. d'un agent à temps non complet.
        ("ihts_jour", 4_000, "le calcul refuserait"),
    ],
)
def test_une_correction_que_le_calcul_refuserait_ne_s_inscrit_pas(
    ouvert: Lieu, rubrique: str, valeur: int, mots: str
) -> None:
    with pytest.raises(GesteRefuse, match=mots):
        fixer(ouvert, valeur, rubrique=rubrique)
    assert month_corrections(ouvert.registre, ouvert.code, MOIS) == []
    assert "corriger" not in ouvert.gestes()


def test_une_correction_sans_raison_ou_sans_contrat_est_refusee(ouvert: Lieu) -> None:
    for matricule, motif, mots in (("LB099", "x", "aucun contrat"), (AGENT, "  ", "dit sa raison")):
        with pytest.raises(GesteRefuse, match=mots):
            correct_element(
                ouvert.registre, ouvert.code, matricule, MOIS, acte(), rubrique="cia", valeur=1, motif=motif
            )


def test_une_absence_ajoutee_se_calcule_puis_s_annule(ouvert: Lieu) -> None:
    before = ouvert.calculer(minutes=6).paie.hash_contenu
    done = add_absence(
        ouvert.registre, ouvert.code, AGENT, MOIS, acte(7),
        valeurs={"type": "cmo", "debut": "2026-11-09", "fin": "2026-11-15"}, motif="arrêt reçu par courriel",
    )  # fmt: skip
    (known,) = month_absences(ouvert.registre, ouvert.code, MOIS)
    assert (known.matricule, known.type, known.debut) == (AGENT, "cmo", date(2026, 11, 9))
    assert ouvert.calculer(minutes=8).paie.hash_contenu != before
    with pytest.raises(GesteRefuse, match="déjà connue"):
        add_absence(
            ouvert.registre, ouvert.code, AGENT, MOIS, acte(9),
            valeurs={"type": "cmo", "debut": "2026-11-15", "fin": "2026-11-16"}, motif="suite",
        )  # fmt: skip

    cancel_correction(ouvert.registre, ouvert.code, done.numero, MOIS, acte(10), motif="autre agent")
    assert ouvert.rows(Absence) == []
    assert ouvert.calculer(minutes=11).paie.hash_contenu == before


def test_une_absence_du_fichier_se_retire_et_se_remet(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.deposer(fichier("lubescaux", absence(AGENT, "cmo", "2026-11-09", "2026-11-15")))
    with_leave = lieu.calculer(minutes=6).paie.hash_contenu
    (known,) = month_absences(lieu.registre, lieu.code, MOIS)
    done = remove_absence(lieu.registre, lieu.code, known.numero, MOIS, acte(7), motif="certificat d'un autre agent")
    assert month_absences(lieu.registre, lieu.code, MOIS) == []
    assert lieu.calculer(minutes=8).paie.hash_contenu != with_leave

    cancel_correction(lieu.registre, lieu.code, done.numero, MOIS, acte(9), motif="c'était bien lui")
    assert lieu.calculer(minutes=10).paie.hash_contenu == with_leave


@pytest.mark.parametrize(
    ("valeurs", "mots"),
    [
        ({"type": "sieste", "debut": "2026-11-09", "fin": "2026-11-10"}, "Nature d'absence inconnue"),
        ({"type": "cmo", "debut": "2026-11-10", "fin": "2026-11-09"}, "mal décrite"),
        ({"type": "cmo", "debut": "hier", "fin": "2026-11-09"}, "mal décrite"),
        ({"type": "cmo", "debut": "2026-12-10", "fin": "2026-12-19"}, "commence après"),
    ],
)
def test_une_absence_mal_dite_est_refusee(ouvert: Lieu, valeurs: dict[str, str], mots: str) -> None:
    with pytest.raises(GesteRefuse, match=mots):
        add_absence(ouvert.registre, ouvert.code, AGENT, MOIS, acte(), valeurs=valeurs, motif="x")


def test_un_mois_declare_ne_se_corrige_plus_et_dit_le_rappel(lieu: Lieu) -> None:
    lieu.jusqu_a_la_restitution()
    with pytest.raises(GesteRefuse, match="paie rappel saisir lubescaux"):
        fixer(lieu, 25_000, minutes=60)
    with pytest.raises(GesteRefuse, match="ne se recalcule plus"):
        reopen_month(lieu.registre, lieu.code, MOIS, acte(61), motif="oubli")


def test_une_absence_d_un_mois_paye_appelle_un_rappel(lieu: Lieu) -> None:
    lieu.jusqu_a_la_restitution()
    lieu.ouvrir(MOIS.next)
    done = add_absence(
        lieu.registre, lieu.code, AGENT, MOIS.next, acte(70),
        valeurs={"type": "cmo", "debut": "2026-11-23", "fin": "2026-12-02"}, motif="arrêt reçu tard",
    )  # fmt: skip
    assert done.mois_payes == (MOIS,)


def test_rouvrir_une_paie_validee_annule_son_approbation(ouvert: Lieu) -> None:
    ouvert.calculer()
    ouvert.valider()
    paie = reopen_month(ouvert.registre, ouvert.code, MOIS, acte(30), motif="la mairie rappelle")
    (approval,) = ouvert.rows(Approbation)

    assert paie.etat == "calculee"
    assert approval.motif_annulation == "mois rouvert : la mairie rappelle"
    with pytest.raises(GesteRefuse, match="se déclare une fois validée"):
        ouvert.declarer()
    approve(ouvert.registre, ouvert.code, MOIS, acte(31))
    assert ouvert.declarer().nouvelle


@pytest.mark.parametrize(("motif", "mots"), [("", "demande une raison"), ("oubli", "déjà ouverte")])
def test_rouvrir_ce_qui_est_ouvert_ou_sans_raison_est_refuse(ouvert: Lieu, motif: str, mots: str) -> None:
    with pytest.raises(GesteRefuse, match=mots):
        reopen_month(ouvert.registre, ouvert.code, MOIS, acte(), motif=motif)


def test_rouvrir_un_mois_clos_rend_ses_bulletins_intacts(ouvrir_lieu: Ouvrir) -> None:
    lieu = ouvrir_lieu("lubescaux")
    lieu.jusqu_a_la_restitution()
    close_month(lieu.registre, lieu.code, MOIS, acte(60))
    before = lieu.paie().hash_contenu
    assert reopen_month(lieu.registre, lieu.code, MOIS, acte(61), motif="identité corrigée").etat == "restituee"
    assert (lieu.paie().hash_contenu, lieu.paie().revision) == (before, 1)
    assert close_month(lieu.registre, lieu.code, MOIS, acte(62)).etat == "close"
    with lieu.registre.transaction() as session:
        assert audit.verify(session)[1] == []
