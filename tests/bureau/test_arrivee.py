"""Une arrivée par le formulaire : la même description qu'un fichier, ou chaque faute sous le nom de son champ."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, get_args

import pytest
from httpx import Response
from sqlmodel import select
from starlette.testclient import TestClient

from desk.bureau.pages.arrivee import champs, place
from payroll.month.calculer import compute_month
from payroll.month.commun import Acte
from payroll.store.entrees import AgentEntree, ContratEntree, SituationEntree
from payroll.store.tables import Agent, BulletinPaie, Contrat, ElementPermanent, SituationContrat
from tests.bureau.conftest import INSTANT, MOIS, Installation, jeton
from tests.bureau.lire import texte

CODE = "lubescaux"
ICI = f"/adherents/{CODE}/arrivee"
PAGE = f"{ICI}?mois={MOIS}"
Client = Callable[[str], TestClient]
NOUVEAU = {
    "matricule": "LB050",
    "civilite": "MME",
    "nom": "Ortolanne",
    "prenom": "Maylis",
    "nir": "285064019900132",
    "date_naissance": "1985-06-12",
    "lieu_naissance": "Dragueville",
    "departement_naissance": "40",
    "adresse": "3 chemin des Ajoncs",
    "code_postal": "40990",
    "ville": "Lubescaux",
    "contrat.numero": "LB05001",
    "contrat.statut": "titulaire",
    "contrat.date_debut": "2026-11-16",
    "contrat.emploi": "Adjoint administratif",
    "contrat.pcs_ese": "523c",
    "situation.regime_retraite": "cnracl",
    "situation.categorie": "C",
    "situation.grade": "Adjoint administratif",
    "situation.echelon": "5",
    "situation.indice_brut": "372",
    "situation.indice_majore": "377",
    "situation.heures_hebdo": "28",
    "situation.quotite": "0,8",
    "prime.0.rubrique": "ifse",
    "prime.0.montant": "120,50",
    "motif": "arrêté 2026-77",
}


def envoie(client: TestClient, **change: str) -> Response:
    data = {
        "csrf": jeton(client, PAGE),
        **NOUVEAU,
        **{name.replace("__", "."): value for name, value in change.items()},
    }
    answer: Response = client.post(PAGE, data=data)
    return answer


def test_une_arrivee_s_inscrit_et_se_paie(installation: Installation, client: Client) -> None:
    navigateur = client("gestionnaire")
    done = envoie(navigateur)
    assert (done.status_code, done.headers["location"]) == (303, f"/adherents/{CODE}/agents/LB050?mois={MOIS}")
    dossier = texte(navigateur.get(done.headers["location"]).text)
    assert "Ortolanne" in dossier
    assert "contrat ouvert le 16/11/2026. Recalculez la paie." in dossier
    with installation.registre.transaction() as session:
        agent = session.exec(select(Agent).where(Agent.matricule == "LB050")).one()
        contrat = session.exec(select(Contrat).where(Contrat.numero == "LB05001")).one()
        row = session.exec(select(SituationContrat).where(SituationContrat.contrat_id == contrat.id)).one()
        prime = session.exec(select(ElementPermanent).where(ElementPermanent.contrat_id == contrat.id)).one()
    assert (agent.nir, contrat.date_debut) == (NOUVEAU["nir"], date(2026, 11, 16))
    assert (row.du, row.indice_majore, row.heures_hebdo_centiemes) == (date(2026, 11, 16), 377, 2800)
    assert (row.quotite_num, row.quotite_den) == (4, 5)
    assert (prime.rubrique, prime.montant, prime.du) == ("ifse", 12_050, date(2026, 11, 16))
    (line,) = installation.refus("entrer-agent")
    assert (line.par, line.detail["matricule"], line.detail["motif"]) == ("g.pin", "LB050", "arrêté 2026-77")
    assert NOUVEAU["nir"] not in str(line.detail)

    compute_month(installation.registre, CODE, MOIS, Acte("g.pin", INSTANT), sans_fichier=True)
    with installation.registre.transaction() as session:
        paid = session.exec(select(BulletinPaie).where(BulletinPaie.matricule == "LB050")).one()
    assert paid.brut > 0


@pytest.mark.parametrize(
    ("change", "dit"),
    [
        ({"nom": ""}, "Nom de naissance : cette information manque."),
        ({"nir": "285064019900133"}, "Numéro de sécurité sociale : NIR invalide"),
        ({"contrat__date_debut": ""}, "Premier jour : cette information manque."),
        ({"contrat__date_debut": "bientôt"}, "Premier jour : une date AAAA-MM-JJ est attendue."),
        ({"contrat__pcs_ese": "5"}, "Code PCS-ESE : cette information manque"),
        ({"situation__indice_majore": "9000"}, "Indice majoré : ce nombre est trop grand."),
        ({"situation__indice_majore": "beaucoup"}, "Indice majoré : un nombre entier est attendu."),
        ({"situation__quotite": "beaucoup"}, "Quotité du temps partiel : fraction illisible"),
        ({"prime__0__montant": "beaucoup"}, "Éléments de chaque mois : montant illisible"),
        ({"prime__1__rubrique": "nbi"}, "Éléments de chaque mois : montant illisible"),
        ({"contrat__numero": "LB00201"}, "un autre agent porte déjà l'un de ces numéros de contrat"),
        ({"matricule": "LB002"}, "Le matricule LB002 est celui d'une autre personne"),
        ({"motif": " "}, "Un changement dit sa raison"),
    ],
)
def test_chaque_faute_se_dit_sous_le_nom_de_son_champ(
    installation: Installation, client: Client, change: dict[str, str], dit: str
) -> None:
    answer = envoie(client("gestionnaire"), **change)
    assert answer.status_code == 422
    assert dit in texte(answer.text)
    assert texte(answer.text).count(dit) == 1
    assert 'value="Maylis"' in answer.text, "la saisie reste"
    assert 'value="titulaire" selected' in answer.text
    assert installation.refus("entrer-agent") == []


def test_toutes_les_fautes_se_disent_ensemble(client: Client) -> None:
    told = texte(envoie(client("gestionnaire"), nom="", nir="1", contrat__emploi="").text)
    assert "Nom de naissance : cette information manque." in told
    assert "Numéro de sécurité sociale : NIR invalide" in told
    assert "Emploi : cette information manque." in told


def test_le_compte_ne_se_remontre_pas(client: Client) -> None:
    answer = envoie(client("gestionnaire"), nom="", iban="FR7630006000011234567890189")
    assert answer.status_code == 422
    assert "30006000011234567890" not in answer.text


def test_chaque_champ_du_formulaire_a_sa_place_dans_la_description() -> None:
    """Un champ mal nommé se perdrait, ou ferait refuser toute arrivée ; un choix hors de la liste aussi."""
    models: dict[str, Any] = {"": AgentEntree, "contrats.0": ContratEntree, "contrats.0.situations.0": SituationEntree}
    for champ in champs():
        part, _, name = place(champ["nom"]).rpartition(".")
        field = models[part].model_fields[name]
        assert bool(champ.get("requis")) == (field.is_required()), champ["nom"]
        allowed = {str(value) for value in get_args(field.annotation)} - {""}
        if allowed and all(isinstance(value, str) for value in get_args(field.annotation)):
            assert set(champ["options"]) == allowed, champ["nom"]


def test_qui_regarde_n_a_pas_de_formulaire(client: Client) -> None:
    page = client("lecture").get(PAGE).text
    assert "Votre rôle regarde sans rien inscrire" in texte(page)
    assert 'method="post" action="/adherents' not in page
