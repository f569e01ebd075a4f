"""Arrivées, départs et compte bancaire au bureau : inscrits, ou refusés sans rien perdre ; l'IBAN ne ressort pas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
import yaml
from httpx import Response
from sqlmodel import select
from starlette.testclient import TestClient

from payroll.store.tables import Agent, Contrat
from tests.bureau.conftest import MOIS, Installation, jeton
from tests.bureau.lire import texte
from tests.month.test_mouvements import nouveau

CODE, AGENT, CONTRAT = "lubescaux", "LB002", "LB00201"
ICI = f"/adherents/{CODE}/mouvements"
PAGE = f"{ICI}?mois={MOIS}"
QUI = f"{AGENT}|{CONTRAT}"
IBAN = "FR7630006000011234567890189"
Client = Callable[[str], TestClient]


def envoie(client: TestClient, geste: str, fichier: bytes = b"", **champs: str) -> Response:
    files = {"description": ("agent.yaml", fichier)} if fichier else None
    data = {"csrf": jeton(client, PAGE), "motif": "arrêté 2026-42", "geste": geste, **champs}
    answer: Response = client.post(f"{ICI}/{geste}?mois={MOIS}", data=data, files=files)
    return answer


def contrat(installation: Installation, numero: str = CONTRAT) -> Contrat | None:
    with installation.registre.transaction() as session:
        return session.exec(select(Contrat).where(Contrat.numero == numero)).one_or_none()


def test_un_depart_se_date_puis_s_annule(installation: Installation, client: Client) -> None:
    navigateur = client("gestionnaire")
    assert envoie(navigateur, "depart", agent=QUI, le="2026-11-20", nature="retraite").status_code == 303
    assert "départ le 20/11/2026. Recalculez la paie." in texte(navigateur.get(PAGE).text)
    row = contrat(installation)
    assert row is not None
    assert (row.date_fin, row.motif_fin) == (date(2026, 11, 20), "039")
    (line,) = installation.refus("dater-depart")
    assert (line.par, line.detail["matricule"], line.detail["motif"]) == ("g.pin", AGENT, "arrêté 2026-42")

    assert envoie(navigateur, "annuler-depart", agent=QUI).status_code == 303
    row = contrat(installation)
    assert row is not None
    assert row.date_fin is None


@pytest.mark.parametrize(
    ("geste", "champs", "dit"),
    [
        ("depart", {"le": "2026-11-20", "nature": "retraite", "code_dsn": "040"}, "« 040 » n'est pas de la table"),
        ("depart", {"le": "bientôt", "nature": "retraite"}, "La date manque ou ne se lit pas"),
        ("depart", {"le": "2026-11-20", "nature": "retraite", "motif": " "}, "Un changement dit sa raison"),
        ("annuler-depart", {}, "n'a aucun départ daté"),
        ("entree", {"du": ""}, "La date manque ou ne se lit pas"),
        ("annuler-arrivee", {}, "Datez plutôt un départ (la page « Arrivées et départs » de l'adhérent)"),
        ("compte", {"iban": "FR76 0000", "bic": ""}, "Cet IBAN ou ce BIC n'est pas juste"),
        ("arrivee", {}, "Choisissez le fichier qui décrit l'agent"),
    ],
)
def test_un_refus_dit_pourquoi_et_garde_la_saisie(client: Client, geste: str, champs: dict[str, str], dit: str) -> None:
    answer = envoie(client("gestionnaire"), geste, agent=QUI, **champs)
    assert answer.status_code == 422
    assert dit in texte(answer.text)
    assert f'value="{QUI}" selected' in answer.text
    assert answer.text.count('value="arrêté 2026-42"') == ("motif" not in champs), "dans son formulaire, pas les autres"
    assert ("<details open>" in answer.text) == (geste in ("annuler-depart", "entree", "annuler-arrivee"))
    if "code_dsn" in champs:
        assert 'value="040"' in answer.text


def test_un_compte_change_et_ne_ressort_ni_a_la_page_ni_au_journal(installation: Installation, client: Client) -> None:
    navigateur = client("gestionnaire")
    refused = envoie(navigateur, "compte", agent=QUI, iban="FR7630006000011234567890188")
    done = envoie(navigateur, "compte", agent=QUI, iban=IBAN)
    shown = navigateur.get(PAGE).text
    assert (refused.status_code, done.status_code) == (422, 303)
    assert "compte bancaire changé" in shown
    with installation.registre.transaction() as session:
        row = session.exec(select(Agent).where(Agent.matricule == AGENT)).one()
        assert row.iban == IBAN
    for page in (refused.text, shown, str([one.detail for one in installation.journal()])):
        assert "30006000011234567890" not in page


def test_une_arrivee_s_inscrit_se_corrige_et_se_retire(installation: Installation, client: Client) -> None:
    navigateur = client("gestionnaire")
    content = yaml.safe_dump(nouveau(), allow_unicode=True).encode()
    assert envoie(navigateur, "arrivee", content).status_code == 303
    assert "contrat ouvert le 16/11/2026" in navigateur.get(PAGE).text
    assert envoie(navigateur, "arrivee", content).status_code == 303
    assert "déjà inscrits" in navigateur.get(PAGE).text
    assert envoie(navigateur, "entree", agent="LB050|LB05001", du="2026-11-09").status_code == 303
    row = contrat(installation, "LB05001")
    assert row is not None
    assert row.date_debut == date(2026, 11, 9)
    assert envoie(navigateur, "annuler-arrivee", agent="LB050|LB05001").status_code == 303
    assert contrat(installation, "LB05001") is None


@pytest.mark.parametrize(
    ("content", "dit"),
    [
        (b"matricule: [", "YAML lisible"),
        (b"\xff\xfe", "YAML lisible"),
        (b"date_naissance: 2026-13-45\n", "YAML lisible"),
        (b"[" * 50_000, "YAML lisible"),
        (b"x" * 100_001, "trop gros"),
        (b"matricule: LB051\n", "nom"),
        (b"- 1\n", "agent"),
    ],
)
def test_une_description_fautive_n_inscrit_rien(
    installation: Installation, client: Client, content: bytes, dit: str
) -> None:
    answer = envoie(client("gestionnaire"), "arrivee", content)
    assert answer.status_code == 422
    assert "Rien n'a été changé" in texte(answer.text)
    assert dit in texte(answer.text)
    assert installation.refus("entrer-agent") == []


def test_qui_regarde_n_a_pas_de_formulaire(client: Client) -> None:
    page = client("lecture").get(PAGE).text
    assert "Votre rôle regarde sans rien inscrire" in texte(page)
    assert 'method="post" action="/adherents' not in page
