"""Les mêmes agents par OpenFisca-France : chaque cotisation, chaque total, ou l'écart expliqué au centime.

OpenFisca vit dans son propre environnement (``make pair``) : il borne numpy plus bas que nous.
"""

from __future__ import annotations

import json
import re
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from payroll.legislation import load as load_legislation
from payroll.periods import Month
from tests.peer import agents, ecarts

pytestmark = pytest.mark.peer

RACINE = Path(__file__).parents[2]
PYTHON = RACINE / ".venv" / "pair" / "bin" / "python"
CALCUL = Path(__file__).with_name("openfisca_calcul.py")
PAGE = RACINE / "docs" / "ecarts-openfisca.md"
NON_COMPARES, ECARTS = ecarts.load()

Resultat = dict[str, Fraction]


def _openfisca(demandes: list[dict[str, Any]], variables: list[str]) -> dict[str, Any]:
    found = subprocess.run(
        [PYTHON, CALCUL],
        input=json.dumps({"agents": demandes, "variables": variables}),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert found.returncode == 0, found.stderr[-2000:]
    return dict(json.loads(found.stdout))


@pytest.fixture(scope="module")
def pair() -> dict[str, Any]:
    """Les agents, ce qu'OpenFisca en dit (en centimes, positifs) et ses paramètres."""
    if not PYTHON.exists():
        pytest.skip("il manque OpenFisca-France, à poser dans son propre environnement : make pair")
    drawn = agents.draw()
    family = "supplement_familial_traitement"
    wanted = [name for name in agents.VARIABLES if name != family] + ["plafond_securite_sociale"]
    both = _openfisca([agent.asked() for agent in drawn], wanted)
    families = _openfisca([agent.asked_family() for agent in drawn], [family])
    rows = [_cents(one | two) for one, two in zip(both["agents"], families["agents"], strict=True)]
    return {"agents": drawn, "openfisca": rows, "parametres": both["parametres"]}


def _cents(row: dict[str, float]) -> Resultat:
    # OpenFisca compte en flottants courts, et les retenues en négatif.
    return {name: abs(Fraction(value)) * 100 for name, value in row.items()}


def _compared(variable: str, faits: Resultat) -> bool:
    return not any(
        one.variable == variable and (not one.si or ecarts.value(one.si, faits) != 0) for one in NON_COMPARES
    )


def test_chaque_montant_est_celui_d_openfisca_ou_l_ecart_est_explique(pair: dict[str, Any]) -> None:
    unexplained, used, compared = [], set(), 0
    for agent, found in zip(pair["agents"], pair["openfisca"], strict=True):
        faits = agent.facts(found["plafond_securite_sociale"], found)
        for variable in agents.VARIABLES:
            if not _compared(variable, faits):
                continue
            compared += 1
            rows = [row for row in ECARTS if row.concerns(variable, agent.population, agent.mois, faits)]
            assert len(rows) <= 1, f"deux écarts pour {variable}, {agent.population}, {agent.mois}"
            ours = Fraction(agent.ours(variable))
            expected = ecarts.value(rows[0].openfisca_vaut, faits) if rows else ours
            if rows and abs(ours - expected) > agents.tolerance(variable):
                used.add(rows[0])
            if abs(found[variable] - expected) > agents.tolerance(variable):
                who = f"{agent.mois} {agent.situation.matricule} ({agent.population}) {variable}"
                unexplained.append(
                    f"{who} : nous {float(ours) / 100:.2f}, attendu d'OpenFisca {float(expected) / 100:.2f}, "
                    f"rendu {float(found[variable]) / 100:.2f}"
                )
    assert unexplained == [], "\n".join(unexplained[:20])
    assert compared > 10_000
    assert [f"{row.variable} depuis {row.du}" for row in ECARTS if row not in used] == [], "écarts qui n'existent plus"


@pytest.mark.parametrize("mois", agents.MOIS, ids=str)
def test_le_point_le_plafond_et_le_smic_sont_les_memes(pair: dict[str, Any], mois: Month) -> None:
    theirs = {name: Fraction(str(value)) for name, value in pair["parametres"][str(mois)].items()}
    figures = load_legislation().at(mois)

    assert theirs["point_indice_annuel"] == figures.fraction("point_indice.valeur_annuelle_indice_100") / 100
    assert theirs["plafond_mensuel"] == figures.fraction("plafond_securite_sociale.mensuel")
    assert theirs["smic_horaire"] == figures.fraction("smic.horaire")


def test_le_traitement_et_la_nbi_viennent_du_point_d_openfisca(pair: dict[str, Any]) -> None:
    checked = 0
    for agent in pair["agents"]:
        if agent.situation.quotite != 1:
            continue
        point = Fraction(str(pair["parametres"][str(agent.mois)]["point_indice_annuel"]))
        for code, points in (("traitement", agent.situation.indice_majore), ("nbi", agent.situation.nbi)):
            assert abs(agent.brut.get(code, 0) - points * point * 100 / 12) <= Fraction(1, 2)
            checked += 1
    assert checked > 500


def test_les_agents_tires_passent_par_chaque_bord() -> None:
    """Un tirage qui éviterait un plafond ou un seuil ne prouverait rien."""
    drawn = agents.draw()
    lignes = {ligne.code for agent in drawn for ligne in agent.bulletin.lignes}
    assert {"ircantec_b", "rafp", "atiacl", "sft", "nbi", "transfert_primes_points", "fnal"} <= lignes
    assert any(agent.bulletin.brut > 800_000 for agent in drawn)
    assert {agent.employeur.effectif for agent in drawn} == {8, 49, 50, 80}
    assert drawn == agents.draw()


def test_la_page_raconte_les_ecarts() -> None:
    """docs/ecarts-openfisca.md est tiré des données : « python -m tests.peer.page » la réécrit."""
    body = re.search(r"<!-- début -->\n(.*)\n<!-- fin -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert body is not None
    assert body[1] == ecarts.render()


@pytest.mark.parametrize("expression", ["__import__('os')", "brut ** 2", "brut / 2", "abs(brut)", "brut.numerator"])
def test_une_expression_d_ecart_ne_sait_que_compter(expression: str) -> None:
    with pytest.raises(ValueError, match=r"expression interdite"):
        ecarts.value(expression, {"brut": Fraction(1)})
