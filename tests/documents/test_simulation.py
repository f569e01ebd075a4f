"""Le classeur d'une simulation : totaux qui se recoupent, avertissement partout, vrais graphiques, mêmes octets."""

from __future__ import annotations

import io
import zipfile
from decimal import Decimal

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from payroll.documents.simulation import SimulationFacts, render
from payroll.periods import Month

pytestmark = pytest.mark.documents

JANVIER, FEVRIER = Month(2027, 1), Month(2027, 2)
FACTS = SimulationFacts(
    titre="Budget d'essai",
    mois=(JANVIER, FEVRIER),
    adherents={"lubescaux": "Commune de Lubescaux", "pouymirede": "Commune de Pouymirède"},
    comptes={"64111": "Traitement indiciaire", "6453": "CNRACL ; RAFP"},
    couts={
        ("lubescaux", "64111", JANVIER): (200_000, 202_000),
        ("lubescaux", "6453", JANVIER): (75_300, 81_300),
        ("pouymirede", "64111", JANVIER): (100_001, 0),
        ("lubescaux", "64111", FEVRIER): (200_000, 202_000),
    },
    bulletins={JANVIER: (2, 1), FEVRIER: (1, 1)},
    reference=(),
    hypotheses=("point d'indice + 1 %", "=CMD()"),
    avertissements=("Chiffres prolongés : " + "les derniers chiffres connus sont reconduits tels quels, " * 4,),
    prolonges=("Plafond (plafond_securite_sociale.mensuel)",),
    ecartes=("janvier 2027 : agent PM001 : refusé.",),
)
REFERENCE, SIMULATION = Decimal("5753.01"), Decimal("4853.00")
FEUILLES = ["Synthèse", "Par mois", "Par adhérent", "Par compte", "Détail", "Hypothèses"]


def _sheets(facts: SimulationFacts = FACTS) -> dict[str, Worksheet]:
    return {sheet.title: sheet for sheet in load_workbook(io.BytesIO(render(facts))).worksheets}


def _row(sheet: Worksheet, first: str) -> list[object]:
    (found,) = ([cell.value for cell in row] for row in sheet.iter_rows() if row[0].value == first)
    return found


def test_chaque_feuille_dit_ce_qui_est_prolonge() -> None:
    sheets = _sheets()
    assert list(sheets) == FEUILLES
    for sheet in sheets.values():
        assert str(sheet["A3"].value).startswith("Chiffres prolongés : ")
        assert "aucune paie n'en est changée" in str(sheet["A2"].value)


@pytest.mark.parametrize("feuille", ["Par mois", "Par adhérent", "Par compte", "Détail"])
def test_chaque_feuille_a_le_meme_total(feuille: str) -> None:
    sheet = _sheets()[feuille]
    total = [value for value in _row(sheet, "Total") if value is not None]
    expected = [float(REFERENCE), float(SIMULATION), float(SIMULATION - REFERENCE)]
    assert total[1:] == pytest.approx(expected, abs=1e-9)
    start = next(row for row in range(1, 20) if sheet.cell(row, 1).fill.fgColor.rgb == "FF1B3A60")
    column = next(cell.column for cell in sheet[start] if cell.value == "Écart")
    rows = range(start + 1, next(cell.row for cell in sheet["A"] if cell.value == "Total"))
    ecarts = [sheet.cell(row, column).value or 0 for row in rows]
    assert sum(ecarts) == pytest.approx(float(SIMULATION - REFERENCE), abs=1e-9)


def test_les_ecarts_par_adherent_et_par_compte() -> None:
    sheets = _sheets()
    assert _row(sheets["Par adhérent"], "pouymirede")[2:5] == [1000.01, 0, -1000.01]
    assert _row(sheets["Par compte"], "6453")[1:5] == [753, 813, 60, "CNRACL ; RAFP"]
    assert _row(sheets["Par mois"], "février 2027")[1:6] == [2000, 2020, 20, 1, 1]
    assert _row(sheets["Synthèse"], "dont 2027")[1:4] == [5753.01, 4853, -900.01]


def test_les_hypotheses_sont_ecrites_et_inertes() -> None:
    sheet = _sheets()["Hypothèses"]
    texts = [str(row[1].value) for row in sheet.iter_rows(min_row=1)]
    assert "les dossiers et les textes tels qu'ils sont" in texts
    assert "'=CMD()" in texts
    assert "Plafond (plafond_securite_sociale.mensuel)" in texts
    assert "janvier 2027 : agent PM001 : refusé." in texts


def test_les_graphiques_lisent_les_feuilles() -> None:
    with zipfile.ZipFile(io.BytesIO(render(FACTS))) as archive:
        charts = [archive.read(name).decode() for name in archive.namelist() if name.startswith("xl/charts/chart")]
    assert len(charts) == 2
    assert any("'Synthèse'!$H$" in chart and "lineChart" in chart for chart in charts)
    assert any("'Par adhérent'!$E$" in chart and "barChart" in chart for chart in charts)


def test_memes_faits_memes_octets() -> None:
    assert render(FACTS) == render(FACTS)
