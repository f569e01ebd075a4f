"""Le classeur de révision : les constats par gravité, des écarts qui font les totaux, mêmes faits mêmes octets."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from openpyxl.worksheet.worksheet import Worksheet

from payroll.documents.revision import (
    AgentRevise,
    CauseRevisee,
    Constat,
    DouteEmploye,
    LigneRevisee,
    Niveau,
    RevisionFacts,
    render,
)
from payroll.periods import Month
from tests.documents.readers import reopen

pytestmark = pytest.mark.documents


def _totals(brut: int, net: int, cout: int) -> dict[str, int]:
    return {"brut": brut, "net_a_payer": net, "cout_employeur": cout}


PRIME = CauseRevisee("CIA (élément variable) : — → 100,00 €", "fichier « nov.xlsx », cellule D7", 8_889, 10_000, 10_500)
FACTS = RevisionFacts(
    nom="Commune d'Essai & Lande",
    code="essai",
    siret="99900220700010",
    mois=Month(2026, 11),
    revision=2,
    etat="calculee",
    empreinte="0123456789abcdef" * 4,
    totaux=(("Total brut", 300_000, 410_000), ("Net à payer", 240_000, 328_889)),
    agents=(
        AgentRevise(
            "E001", "=Dupont", "Anne", "C1", "Agent",
            _totals(200_000, 160_000, 280_000), _totals(210_000, 168_889, 290_500),
            (PRIME,), (LigneRevisee("CIA", None, 10_000, None, 0, "CIA (100,00)"),),
        ),
        AgentRevise("E002", "Martin", "Jean", "C2", "Agent", _totals(100_000, 80_000, 140_000), None),
        AgentRevise("E003", "Petit", "Lou", "C3", "Agent", None, _totals(200_000, 160_000, 280_000)),
    ),
    constats=(
        Constat("variation_forte", Niveau.A_REGARDER, "Variation forte", "net +5 %", "E001", "C1"),
        Constat("doutes", Niveau.POUR_MEMOIRE, "Lignes non confirmées", "3 lignes"),
        Constat("agent_sans_bulletin", Niveau.BLOQUANT, "Agent sans bulletin", "indice manquant", "E002", "C2"),
    ),
    doutes=(DouteEmploye("csg.taux", "à relire", "9,2 %", "CSS L. 136-8"),),
    precedent=Month(2026, 10),
)  # fmt: skip


def _sheets(facts: RevisionFacts = FACTS) -> dict[str, Worksheet]:
    return {sheet.title: sheet for sheet in reopen(render(facts)).worksheets}


def _rows(sheet: Worksheet) -> list[tuple[object, ...]]:
    return [tuple(row) for row in sheet.iter_rows(min_row=5, values_only=True)]


def test_les_constats_bloquants_viennent_d_abord() -> None:
    assert [row[0] for row in _rows(_sheets()["Contrôles"])] == ["bloquant", "à regarder", "pour mémoire"]


def test_les_ecarts_comptent_un_bulletin_absent_pour_zero_et_font_le_total() -> None:
    rows = _rows(_sheets()["Agents"])
    gaps = {row[0]: (row[5], row[8], row[9]) for row in rows}

    assert gaps["E001"] == (100, 88.89, 105)
    assert gaps["E002"] == (-1000, -800, -1400)
    assert gaps["E003"] == (2000, 1600, 2800)
    assert gaps["Total"] == (1100, 888.89, 1505)
    assert [row[3] for row in rows[:3]] == [2000, 1000, None]


def test_la_synthese_dit_quoi_approuver_et_combien_de_constats() -> None:
    told = [cell for row in _rows(_sheets()["Synthèse"]) for cell in row if cell is not None]

    assert "0123456789ab" in told
    assert "paie valider -a essai -m 2026-11 --empreinte 0123456789ab" in told
    assert told.count("1 constat") == 3
    assert [value for value in told if value in (1100, 888.89)] == [1100, 888.89]


def test_chaque_cause_dit_d_ou_elle_vient() -> None:
    (row,) = _rows(_sheets()["Causes"])
    assert row[2:] == (PRIME.libelle, 88.89, 100, 105, PRIME.origine)
    (line,) = _rows(_sheets()["Éléments"])
    assert line[2:6] == ("CIA", None, 100, 100)


def test_un_nom_qui_ressemble_a_une_formule_reste_un_texte() -> None:
    cell = _sheets()["Agents"]["B5"]
    assert cell.data_type == "s"
    assert "=Dupont Anne" in str(cell.value)


def test_les_memes_faits_font_les_memes_octets_et_d_autres_non() -> None:
    assert render(FACTS) == render(FACTS)
    assert render(FACTS) != render(replace(FACTS, revision=3))


def test_sans_mois_d_avant_le_classeur_le_dit() -> None:
    sheets = _sheets(replace(FACTS, precedent=None, constats=()))
    assert "rien n'a été payé ici le mois d'avant" in str(sheets["Synthèse"]["A2"].value)
    assert sheets["Contrôles"]["A5"].value == "Aucun constat"


def test_les_montants_restent_exacts() -> None:
    cell = _sheets()["Agents"]["I5"]
    assert Decimal(str(cell.value)) == Decimal("88.89")
    assert "0.00" in cell.number_format
