"""Le classeur d'une simulation : la référence, la simulation et leur écart, par mois, par adhérent, par compte."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from textwrap import wrap

from openpyxl import Workbook
from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from payroll.documents.tableau import AMOUNT_FORMAT, amount, set_up_print
from payroll.periods import Month
from payroll.xlsx import deterministic_bytes, safe_text

_BLUE, _GREY, _AMBER = "FF1B3A60", "FF6B7480", "FFB45309"
_POLICE = "Calibri"
_LARGEUR = 110
"""En caractères : un texte plus long ferait une page immense et illisible une fois imprimée."""
_THIN = Side(style="thin", color="FFC4CBD4")
_MONTANTS = ("Référence", "Simulation", "Écart")

Cell = str | int | Decimal | None
Deux = tuple[int, int]
"""Référence, simulation, en centimes."""
Cle = tuple[str, str, Month]
"""Adhérent, compte M57, mois."""


@dataclass(frozen=True, slots=True)
class SimulationFacts:
    """Le résultat d'une simulation : le coût pour l'employeur, des deux côtés, et ce qu'il faut en savoir."""

    titre: str
    mois: tuple[Month, ...]
    adherents: Mapping[str, str]
    """Code → nom."""
    comptes: Mapping[str, str]
    """Compte M57 → rubriques qui s'y imputent."""
    couts: Mapping[Cle, Deux]
    bulletins: Mapping[Month, Deux]
    """Nombre de bulletins calculés de part et d'autre."""
    reference: tuple[str, ...]
    hypotheses: tuple[str, ...]
    avertissements: tuple[str, ...]
    """Écrits en tête de chaque feuille (chiffres prolongés…)."""
    prolonges: tuple[str, ...]
    """Les chiffres dont aucune valeur n'est publiée pour une partie de la période."""
    ecartes: tuple[str, ...]
    """Les bulletins laissés de côté, et pourquoi."""

    @property
    def total(self) -> Deux:
        return self.summed(lambda _: True)

    def of_adherent(self, code: str) -> Deux:
        return self.summed(lambda cle: cle[0] == code)

    def of_account(self, compte: str) -> Deux:
        return self.summed(lambda cle: cle[1] == compte)

    def of_month(self, mois: Month) -> Deux:
        return self.summed(lambda cle: cle[2] == mois)

    def of_year(self, year: int) -> Deux:
        return self.summed(lambda cle: cle[2].year == year)

    def summed(self, of: Callable[[Cle], bool]) -> Deux:
        """Le coût des deux côtés, sur les clés retenues."""
        kept = [couts for cle, couts in self.couts.items() if of(cle)]
        return sum(couts[0] for couts in kept), sum(couts[1] for couts in kept)


def render(facts: SimulationFacts) -> bytes:
    """Le classeur (Synthèse, Par mois, Par adhérent, Par compte, Détail, Hypothèses) ; mêmes faits, mêmes octets."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    workbook.properties.title = facts.titre
    workbook.properties.creator = "paie-a-facon"
    workbook.properties.language = "fr-FR"
    _summary(workbook.create_sheet("Synthèse"), facts)
    _by_month(workbook.create_sheet("Par mois"), facts)
    _by_adherent(workbook.create_sheet("Par adhérent"), facts)
    _by_account(workbook.create_sheet("Par compte"), facts)
    _detail(workbook.create_sheet("Détail"), facts)
    _hypotheses(workbook.create_sheet("Hypothèses"), facts)
    return deterministic_bytes(workbook, datetime.combine(facts.mois[-1].last_day, time(12)))


def _summary(sheet: Worksheet, facts: SimulationFacts) -> None:
    start = _open(sheet, facts, "Synthèse", ["", *_MONTANTS])
    rows = [("Coût total pour l'employeur", facts.total)]
    rows += [(f"dont {year}", facts.of_year(year)) for year in sorted({mois.year for mois in facts.mois})]
    for rang, (label, couts) in enumerate(rows):
        _write(sheet, [label, *_three(couts)], bold=rang == 0)
    bulletins = [sum(values) for values in zip(*facts.bulletins.values(), strict=True)]
    _write(sheet, ["Bulletins calculés", *bulletins, bulletins[1] - bulletins[0]])
    for rang, text in enumerate(facts.hypotheses, start=2):
        sheet.cell(start + len(rows) + rang, 1, safe_text(f"• {text}"))
    bottom = sheet.max_row
    months = _months_table(sheet, facts, column=7, row=start)
    chart = LineChart()
    chart.title = "Coût mensuel pour l'employeur, en euros"
    chart.add_data(Reference(sheet, min_col=8, max_col=9, min_row=start, max_row=months), titles_from_data=True)
    chart.set_categories(Reference(sheet, min_col=7, min_row=start + 1, max_row=months))
    _dress(chart, "Mois", "Coût (€)")
    sheet.add_chart(chart, f"A{bottom + 2}")
    _finish(sheet, start, facts.titre)


def _months_table(sheet: Worksheet, facts: SimulationFacts, column: int, row: int) -> int:
    """La petite table que lit le graphique, à droite de la synthèse ; rend sa dernière ligne."""
    for offset, title in enumerate(("Mois", *_MONTANTS)):
        _head(sheet.cell(row, column + offset, title))
    for rang, mois in enumerate(facts.mois, start=1):
        couts = facts.of_month(mois)
        sheet.cell(row + rang, column, f"{mois.month:02d}/{mois.year}").number_format = "@"
        for offset, value in enumerate(_three(couts), start=1):
            sheet.cell(row + rang, column + offset, value).number_format = AMOUNT_FORMAT
    return row + len(facts.mois)


def _by_month(sheet: Worksheet, facts: SimulationFacts) -> None:
    header = ["Mois", *_MONTANTS, "Bulletins de référence", "Bulletins de la simulation"]
    start = _open(sheet, facts, "Par mois", header)
    for mois in facts.mois:
        couts = facts.of_month(mois)
        _write(sheet, [mois.libelle, *_three(couts), *facts.bulletins[mois]])
    _write(sheet, ["Total", *_three(facts.total)], bold=True)
    _finish(sheet, start, facts.titre)


def _by_adherent(sheet: Worksheet, facts: SimulationFacts) -> None:
    start = _open(sheet, facts, "Par adhérent", ["Adhérent", "Nom", *_MONTANTS])
    for code, nom in facts.adherents.items():
        couts = facts.of_adherent(code)
        _write(sheet, [code, nom, *_three(couts)])
    last = sheet.max_row
    _write(sheet, ["Total", None, *_three(facts.total)], bold=True)
    chart = BarChart()
    chart.type = "bar"
    chart.title = "Écart de coût par adhérent, en euros"
    chart.add_data(Reference(sheet, min_col=5, min_row=start, max_row=last), titles_from_data=True)
    chart.set_categories(Reference(sheet, min_col=1, min_row=start + 1, max_row=last))
    _dress(chart, "Adhérent", "Écart (€)")
    chart.legend = None
    sheet.add_chart(chart, f"A{sheet.max_row + 2}")
    _finish(sheet, start, facts.titre)


def _by_account(sheet: Worksheet, facts: SimulationFacts) -> None:
    start = _open(sheet, facts, "Par compte M57", ["Compte", *_MONTANTS, "Rubriques"])
    for compte, rubriques in facts.comptes.items():
        couts = facts.of_account(compte)
        _write(sheet, [compte or "sans compte", *_three(couts), *wrap(rubriques, _LARGEUR)[:1]])
        for more in wrap(rubriques, _LARGEUR)[1:]:
            _write(sheet, [None, None, None, None, more])
    _write(sheet, ["Total", *_three(facts.total)], bold=True)
    _finish(sheet, start, facts.titre)


def _detail(sheet: Worksheet, facts: SimulationFacts) -> None:
    start = _open(sheet, facts, "Détail", ["Adhérent", "Compte", "Mois", *_MONTANTS])
    for (code, compte, mois), couts in sorted(facts.couts.items(), key=lambda item: item[0]):
        _write(sheet, [code, compte or "sans compte", str(mois), *_three(couts)])
    last = sheet.max_row
    _write(sheet, ["Total", None, None, *_three(facts.total)], bold=True)
    sheet.auto_filter.ref = f"A{start}:F{max(last, start + 1)}"
    _finish(sheet, start, facts.titre)


def _hypotheses(sheet: Worksheet, facts: SimulationFacts) -> None:
    start = _open(sheet, facts, "Hypothèses", ["Où", "Ce qui est supposé"])
    sections: list[tuple[str, Iterable[str]]] = [
        ("Référence", facts.reference or ["les dossiers et les textes tels qu'ils sont"]),
        ("Simulation", [*facts.reference, *facts.hypotheses] or ["rien ne change"]),
        ("Avertissement", facts.avertissements),
        ("Chiffre prolongé", facts.prolonges),
        ("Bulletin laissé de côté", facts.ecartes),
    ]
    for label, texts in sections:
        for text in texts:
            _write(sheet, [label, text])
    _finish(sheet, start, facts.titre)
    sheet.column_dimensions["B"].width = 110
    for row in sheet.iter_rows(min_row=start + 1, min_col=2, max_col=2):
        row[0].alignment = Alignment(wrap_text=True, vertical="top")


def _three(couts: Deux) -> list[Decimal]:
    return [amount(couts[0]), amount(couts[1]), amount(couts[1] - couts[0])]


def _dress(chart: BarChart | LineChart, x: str, y: str) -> None:
    chart.height, chart.width = 9, 19
    chart.x_axis.title, chart.y_axis.title = x, y
    # Sans cela, Excel cache les axes des graphiques qu'openpyxl écrit.
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.y_axis.number_format = "#,##0"
    chart.x_axis.tickLblPos = "low"
    for series in chart.series:
        # Une courbe lissée montrerait des coûts qu'aucun mois n'a.
        series.smooth = False


def _open(sheet: Worksheet, facts: SimulationFacts, title: str, header: Sequence[str]) -> int:
    """Écrit le titre, la période, les avertissements et l'en-tête ; rend le numéro de la ligne d'en-tête."""
    sheet.append([safe_text(f"{facts.titre} – {title}")])
    sheet["A1"].font = Font(name=_POLICE, bold=True, size=14, color=_BLUE)
    sheet.append([f"De {facts.mois[0].libelle} à {facts.mois[-1].libelle} – simulation : aucune paie n'en est changée"])
    sheet["A2"].font = Font(name=_POLICE, color=_GREY)
    for line in (line for text in facts.avertissements for line in wrap(text, _LARGEUR)):
        sheet.append([safe_text(line)])
        sheet.cell(sheet.max_row, 1).font = Font(name=_POLICE, bold=True, color=_AMBER)
    row = sheet.max_row + 2
    for index, text in enumerate(header, start=1):
        _head(sheet.cell(row, index, safe_text(text)))
    return row


def _head(cell: object) -> None:
    cell.font = Font(name=_POLICE, bold=True, color="FFFFFFFF")  # type: ignore[attr-defined]
    cell.fill = PatternFill("solid", fgColor=_BLUE)  # type: ignore[attr-defined]
    cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")  # type: ignore[attr-defined]


def _write(sheet: Worksheet, values: Sequence[Cell], *, bold: bool = False) -> None:
    sheet.append([safe_text(value) if isinstance(value, str) else value for value in values])
    for cell in sheet[sheet.max_row]:
        if isinstance(cell.value, Decimal):
            cell.number_format = AMOUNT_FORMAT
        elif isinstance(cell.value, str):
            cell.number_format = "@"
        if bold and cell.value is not None:
            cell.font = Font(name=_POLICE, bold=True)
            cell.border = Border(top=_THIN)


def _finish(sheet: Worksheet, start: int, titre: str) -> None:
    """Largeurs, volets figés sous l'en-tête, impression en paysage."""
    for index in range(1, sheet.max_column + 1):
        texts = [str(sheet.cell(row, index).value or "") for row in range(start + 1, sheet.max_row + 1)]
        plain = [text for text in texts if len(text) < _LARGEUR // 2]
        sheet.column_dimensions[get_column_letter(index)].width = min(
            60, max(16, *(len(text) + 3 for text in plain), 0)
        )
    sheet.freeze_panes = f"A{start + 1}"
    set_up_print(sheet, start, titre)
