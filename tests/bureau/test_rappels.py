"""Rappels au bureau : regarder sans rien inscrire, préparer, saisir un oubli, annuler, chacun avec sa raison."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from httpx import Response
from sqlmodel import select
from starlette.testclient import TestClient

from payroll.month.calculer import compute_month
from payroll.month.commun import Acte, GesteRefuse
from payroll.month.conditions import change_conditions
from payroll.month.ouvrir import open_month
from payroll.month.rappeler import add_late_element, cancel_late_element, cancel_recall, prepare_recall
from payroll.periods import Month
from payroll.store.tables import BulletinPaie, EtatPaie, Paie
from payroll.store.tables_rappels import ElementRappele, RappelPrepare
from tests.bureau.conftest import INSTANT, MOIS, Installation, jeton
from tests.bureau.lire import texte

CODE, AGENT, CONTRAT = "lubescaux", "LB002", "LB00201"
"""Titulaire CNRACL, 28 h, IM 377."""
ICI = f"/adherents/{CODE}/rappels"
SUIVANT = Month(2026, 12)
"""Le mois où se paie le rappel de novembre, déclaré."""
PAGE = f"{ICI}?mois={SUIVANT}"
QUI = f"{AGENT}|{CONTRAT}"
DU = 2_261
"""Traitement à 28/35 : 1 516,22 (IM 385) − 1 484,71 (IM 377) = 31,51 € ; l'indemnité différentielle de 8,90 €
n'est plus due, le traitement passant le SMIC : 22,61 € bruts."""
Client = Callable[[str], TestClient]


@pytest.fixture
def paye(installation: Installation) -> Installation:
    """Novembre déclaré, décembre ouvert, et un arrêté arrivé après coup : indice 385 depuis le 1er novembre."""
    acte = Acte("g.pin", INSTANT)
    with installation.registre.transaction() as session:
        for paie in session.exec(select(Paie)).all():
            paie.etat = EtatPaie.DECLAREE
            session.add(paie)
    open_month(installation.registre, CODE, SUIVANT, acte)
    change_conditions(
        installation.registre, CODE, AGENT, acte,
        du=date(2026, 11, 1), valeurs={"indice_majore": "385"}, motif="arrêté",
    )  # fmt: skip
    return installation


def envoie(client: TestClient, geste: str, **champs: str) -> Response:
    data = {"csrf": jeton(client, PAGE), "motif": "arrêté 2026-42", "geste": geste, "agent": QUI, **champs}
    answer: Response = client.post(f"{ICI}/{geste}?mois={SUIVANT}", data=data)
    return answer


def rappels(installation: Installation) -> list[RappelPrepare]:
    with installation.registre.transaction() as session:
        return list(session.exec(select(RappelPrepare).where(RappelPrepare.annule_par == "")))


def tardifs(installation: Installation) -> list[ElementRappele]:
    with installation.registre.transaction() as session:
        return list(session.exec(select(ElementRappele)))


def test_regarder_montre_la_difference_et_n_inscrit_rien(paye: Installation, client: Client) -> None:
    shown = texte(client("lecture").get(f"{ICI}/apercu?mois={SUIVANT}&agent={AGENT}").text)
    assert "Traitement indiciaire" in shown
    assert "Total brut à payer" in shown
    assert rappels(paye) == []


def test_un_rappel_se_prepare_se_montre_et_s_annule(paye: Installation, client: Client) -> None:
    navigateur = client("gestionnaire")
    assert envoie(navigateur, "preparer", echeances="2").status_code == 303
    shown = texte(navigateur.get(PAGE).text)
    (row,) = rappels(paye)
    assert (row.montant, row.echeances, row.prepare_par, row.motif) == (DU, 2, "g.pin", "arrêté 2026-42")
    assert "2 échéances sur 2, jusqu'en janvier 2027" in shown
    assert "rappel de 22,61 € bruts à payer. Recalculez la paie." in shown

    assert envoie(navigateur, "annuler").status_code == 303
    assert "2 échéances annulées" in texte(navigateur.get(PAGE).text)
    assert rappels(paye) == []


def test_un_element_tardif_se_saisit_et_s_annule(paye: Installation, client: Client) -> None:
    navigateur = client("gestionnaire")
    done = envoie(navigateur, "saisir", mois_de_droit=str(MOIS), rubrique="cia", valeur="100,00")
    assert done.status_code == 303
    (one,) = tardifs(paye)
    assert (one.valeur, one.mois_de_droit, one.saisi_par) == (10_000, str(MOIS), "g.pin")
    (prepared,) = rappels(paye)
    assert prepared.montant == DU + 10_000
    assert "100,00" in navigateur.get(PAGE).text

    assert envoie(navigateur, "annuler-element", numero=str(one.id)).status_code == 303
    assert "Élément annulé" in navigateur.get(PAGE).text
    (row,) = tardifs(paye)
    assert row.annule_le is not None
    assert envoie(navigateur, "preparer", echeances="1").status_code == 303
    (again,) = rappels(paye)
    assert again.montant == DU


@pytest.mark.parametrize(
    ("geste", "champs", "dit"),
    [
        ("preparer", {"echeances": "0"}, "s'étale sur 1 à 60 échéances"),
        ("preparer", {"echeances": "1", "motif": " "}, "Un rappel dit sa raison"),
        ("preparer", {"echeances": "1", "depuis": "2024-01"}, "janvier 2024 n'a pas été payé ici"),
        ("preparer", {"echeances": "1", "depuis": "novembre"}, "novembre"),
        ("saisir", {"mois_de_droit": str(MOIS), "rubrique": "cia", "valeur": "cent"}, "n'est pas un montant"),
        ("saisir", {"mois_de_droit": str(MOIS), "rubrique": "ifse_inconnue", "valeur": "1"}, "ne se saisit pas comme"),
        ("saisir", {"mois_de_droit": str(MOIS), "rubrique": "cia", "valeur": "1", "motif": " "}, "dit sa raison"),
        ("saisir", {"mois_de_droit": "2026-01", "rubrique": "cia", "valeur": "1"}, "n'a pas été payé ici"),
        ("annuler", {}, "n'a aucun rappel en attente"),
        ("annuler", {"motif": " "}, "Une annulation dit sa raison"),
        ("annuler-element", {"numero": "999"}, "aucun élément tardif en cours sous le numéro 999"),
    ],
)
def test_un_refus_dit_pourquoi_et_n_inscrit_rien(
    paye: Installation, client: Client, geste: str, champs: dict[str, str], dit: str
) -> None:
    answer = envoie(client("gestionnaire"), geste, **champs)
    assert answer.status_code == 422
    assert dit in texte(answer.text)
    assert f'value="{QUI}" selected' in answer.text
    assert (rappels(paye), tardifs(paye)) == ([], [])


@pytest.mark.parametrize("geste", ["preparer", "annuler", "saisir"])
def test_sans_agent_choisi_aucun_rappel_ne_bouge(paye: Installation, client: Client, geste: str) -> None:
    """Un agent vide voudrait dire tous : l'aperçu le permet, un geste jamais."""
    navigateur = client("gestionnaire")
    envoie(navigateur, "preparer", echeances="1")
    before = rappels(paye)
    champs = {"echeances": "1", "mois_de_droit": str(MOIS), "rubrique": "cia", "valeur": "1"}
    assert envoie(navigateur, geste, agent="", **champs).status_code == 422
    assert rappels(paye) == before != []
    assert tardifs(paye) == []


def test_sans_mois_paye_la_page_dit_ou_corriger(client: Client) -> None:
    page = texte(client("gestionnaire").get(f"{ICI}?mois={MOIS}").text)
    assert "Aucun mois payé avant novembre 2026" in page
    assert "Corriger ce mois" in page


def test_ce_qui_a_ete_paye_comme_du_ne_se_rappelle_pas(paye: Installation, client: Client) -> None:
    shown = texte(client("gestionnaire").get(f"{ICI}/apercu?mois={SUIVANT}&agent=LB001").text)
    assert "Rien à rappeler" in shown


def test_qui_regarde_n_a_pas_de_formulaire(paye: Installation, client: Client) -> None:
    page = client("lecture").get(PAGE).text
    assert "Votre rôle regarde sans rien inscrire" in texte(page)
    assert 'method="post" action="/adherents' not in page


def test_un_rappel_demande_le_droit_d_agir_aussi_hors_des_pages(paye: Installation) -> None:
    """Le service lui-même refuse : la commande et le bureau ont la même porte."""
    lecture = Acte("l.lande", INSTANT)
    late = {"mois_de_droit": MOIS, "rubrique": "cia", "valeur": 100, "motif": "fiche"}
    for gesture in (
        lambda: add_late_element(paye.registre, CODE, AGENT, SUIVANT, lecture, **late),
        lambda: cancel_late_element(paye.registre, CODE, 1, SUIVANT, lecture),
        lambda: prepare_recall(paye.registre, CODE, AGENT, SUIVANT, lecture, motif="arrêté"),
        lambda: cancel_recall(paye.registre, CODE, AGENT, SUIVANT, lecture, motif="arrêté"),
    ):
        with pytest.raises(GesteRefuse, match="rôle « lecture »"):
            gesture()


def test_le_rappel_prepare_entre_dans_la_paie(paye: Installation, client: Client) -> None:
    sans = _brut(paye)
    envoie(client("gestionnaire"), "preparer", echeances="1")
    assert _brut(paye) - sans == DU


def _brut(installation: Installation) -> int:
    """Le brut de l'agent en décembre, recalculé."""
    done = compute_month(installation.registre, CODE, SUIVANT, Acte("g.pin", INSTANT), sans_fichier=True)
    with installation.registre.transaction() as session:
        row = session.exec(
            select(BulletinPaie).where(BulletinPaie.paie_id == done.paie.id, BulletinPaie.matricule == AGENT)
        ).one()
        return row.brut
