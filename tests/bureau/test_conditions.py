"""Conditions et primes au bureau : changées à leur date avec leur raison, annulées, ou refusées sans rien perdre."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from httpx import Response
from sqlmodel import col, select
from starlette.testclient import TestClient

from payroll.month.conditions import MODIFIABLES
from payroll.month.formulaires import changeable_conditions
from payroll.store.tables import Contrat, ElementPermanent, SituationContrat
from tests.bureau.conftest import MOIS, Installation, jeton
from tests.bureau.lire import texte

CODE, AGENT, CONTRAT = "lubescaux", "LB002", "LB00201"
"""Titulaire CNRACL, 28 h, IM 377, IFSE 90 €, conditions depuis le 1er janvier 2026."""
ICI = f"/adherents/{CODE}/conditions"
PAGE = f"{ICI}?mois={MOIS}"
QUI = f"{AGENT}|{CONTRAT}"
Client = Callable[[str], TestClient]


def envoie(client: TestClient, geste: str, **champs: str) -> Response:
    data = {"csrf": jeton(client, PAGE), "motif": "arrêté 2026-42", "geste": geste, "agent": QUI, **champs}
    answer: Response = client.post(f"{ICI}/{geste}?mois={MOIS}", data=data)
    return answer


def indices(installation: Installation) -> list[tuple[date, int, str]]:
    """Date d'effet, indice majoré, échelon de chaque ligne du contrat, dans l'ordre."""
    with installation.registre.transaction() as session:
        rows = session.exec(
            select(SituationContrat)
            .join(Contrat, col(Contrat.id) == col(SituationContrat.contrat_id))
            .where(Contrat.numero == CONTRAT)
            .order_by(col(SituationContrat.du))
        ).all()
        return [(row.du, row.indice_majore, row.echelon) for row in rows]


def ifse(installation: Installation) -> list[tuple[int, date, date | None]]:
    with installation.registre.transaction() as session:
        rows = session.exec(
            select(ElementPermanent)
            .join(Contrat, col(Contrat.id) == col(ElementPermanent.contrat_id))
            .where(Contrat.numero == CONTRAT, ElementPermanent.rubrique == "ifse")
            .order_by(col(ElementPermanent.du))
        ).all()
        return [(row.montant, row.du, row.au) for row in rows]


def test_un_avancement_se_date_puis_s_annule(installation: Installation, client: Client) -> None:
    navigateur = client("gestionnaire")
    before = indices(installation)

    done = envoie(navigateur, "changer", du="2026-11-15", indice_majore="385", echelon="11")

    assert done.status_code == 303
    assert f"Agent {AGENT} : conditions changées. Recalculez la paie." in texte(navigateur.get(PAGE).text)
    assert indices(installation)[-1] == (date(2026, 11, 15), 385, "11")
    (line,) = installation.refus("changer-conditions")
    assert (line.par, line.detail["motif"], line.detail["changements"]["indice_majore"]) == (
        "g.pin",
        "arrêté 2026-42",
        [377, 385],
    )

    assert envoie(navigateur, "annuler", du="2026-11-15").status_code == 303
    assert "changement annulé" in navigateur.get(PAGE).text
    assert indices(installation) == before


def test_une_quotite_a_la_francaise_se_lit(installation: Installation, client: Client) -> None:
    assert envoie(client("gestionnaire"), "changer", du="2026-11-01", quotite="0,8").status_code == 303
    with installation.registre.transaction() as session:
        row = session.exec(select(SituationContrat).where(SituationContrat.du == date(2026, 11, 1))).one()
    assert (row.quotite_num, row.quotite_den) == (4, 5)


def test_une_prime_change_puis_cesse(installation: Installation, client: Client) -> None:
    navigateur = client("gestionnaire")
    assert envoie(navigateur, "prime", rubrique="ifse", montant="150,00", du="2026-11-01").status_code == 303
    assert "montant mensuel changé" in navigateur.get(PAGE).text
    assert ifse(installation)[-1] == (15_000, date(2026, 11, 1), None)
    assert envoie(navigateur, "prime", rubrique="ifse", montant="0", du="2026-11-20").status_code == 303
    assert "l'élément cesse" in texte(navigateur.get(PAGE).text)
    assert ifse(installation)[-1] == (15_000, date(2026, 11, 1), date(2026, 11, 19))


@pytest.mark.parametrize(
    ("geste", "champs", "dit"),
    [
        ("changer", {"du": "2026-11-15"}, "Remplissez au moins une condition"),
        ("changer", {"du": "bientôt", "echelon": "5"}, "La date manque ou ne se lit pas"),
        (
            "changer",
            {"du": "2026-11-15", "indice_majore": "beaucoup"},
            "Valeur illisible ou impossible",
        ),
        ("changer", {"du": "2026-11-15", "echelon": "5", "motif": " "}, "Un changement dit sa raison"),
        ("changer", {"du": "1990-01-01", "echelon": "5"}, "n'a aucun contrat en cours au 01/01/1990"),
        ("prime", {"du": "2026-11-01", "rubrique": "ifse", "montant": "cent"}, "n'est pas un montant"),
        ("prime", {"du": "2026-11-01", "rubrique": "ihts_jour", "montant": "10"}, "ne se verse pas chaque mois"),
        ("annuler", {"du": "2026-11-03"}, "Aucun changement de conditions ne commence le 03/11/2026"),
    ],
)
def test_un_refus_dit_pourquoi_et_garde_la_saisie(
    installation: Installation, client: Client, geste: str, champs: dict[str, str], dit: str
) -> None:
    before = indices(installation), ifse(installation)
    answer = envoie(client("gestionnaire"), geste, **champs)
    assert answer.status_code == 422
    assert dit in texte(answer.text)
    assert f'value="{QUI}" selected' in answer.text
    assert answer.text.count(f'value="{champs["du"]}"') == 1, "dans son formulaire, pas les autres"
    assert ("<details open>" in answer.text) == (geste == "annuler")
    assert (indices(installation), ifse(installation)) == before


def test_la_page_propose_tout_ce_qu_un_arrete_change(client: Client) -> None:
    assert {one.code for one in changeable_conditions()} == set(MODIFIABLES)
    page = client("gestionnaire").get(PAGE).text
    assert all(f'name="{name}"' in page for name in MODIFIABLES)


def test_le_dossier_d_un_agent_y_mene_deja_choisi(client: Client) -> None:
    navigateur = client("gestionnaire")
    agent = navigateur.get(f"/adherents/{CODE}/agents/{AGENT}").text
    assert f"{ICI}?agent={AGENT}" in agent
    assert f'value="{QUI}" selected' in navigateur.get(f"{ICI}?agent={AGENT}").text


def test_qui_regarde_n_a_pas_de_formulaire(client: Client) -> None:
    page = client("lecture").get(PAGE).text
    assert "Votre rôle regarde sans rien inscrire" in texte(page)
    assert 'method="post" action="/adherents' not in page
