"""La feuille de calcul des documents rendus : un titre, l'adhérent, un en-tête, des lignes, une page de large."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from payroll.periods import Month
from payroll.xlsx import safe_text

AMOUNT_FORMAT = '#,##0.00;-#,##0.00;"–"'
"""Le tableur l'affiche à la française (espace des milliers, virgule) ; zéro est un tiret, qui laisse voir le reste."""
RATE_FORMAT = "0.00##%"

Cell = str | int | Decimal | None

_POLICE = "Calibri"
"""Nommée partout : sans nom, LibreOffice met les cellules grasses dans une autre police."""
_BLUE = "FF1B3A60"
_THIN = Side(style="thin", color="FFC4CBD4")


class Entete(Protocol):
    """Ce que le haut et le pied d'une feuille disent de la paie."""

    @property
    def nom(self) -> str: ...

    @property
    def code(self) -> str: ...

    @property
    def siret(self) -> str: ...

    @property
    def mois(self) -> Month: ...

    @property
    def revision(self) -> int: ...


def amount(cents: int) -> Decimal:
    """Des centimes en euros, exactement : le tableur reçoit « 1801.74 », jamais un nombre approché."""
    return Decimal(cents).scaleb(-2)


def rate(ppm: int | None) -> Decimal | None:
    """Un taux en nombre exact, pour une cellule au format :data:`RATE_FORMAT`."""
    return None if ppm is None else Decimal(ppm).scaleb(-6)


def open_sheet(sheet: Worksheet, facts: Entete, title: str, header: Sequence[str]) -> int:
    """Écrit le titre, l'adhérent et l'en-tête ; rend le numéro de la ligne d'en-tête."""
    sheet.append([title])
    sheet["A1"].font = Font(name=_POLICE, bold=True, size=14, color=_BLUE)
    revision = f" – révision {facts.revision}" if facts.revision else ""
    sheet.append([safe_text(f"{facts.nom} – adhérent {facts.code} – SIRET {facts.siret}{revision}")])
    sheet.append([])
    sheet.append([safe_text(text) for text in header])
    row = sheet.max_row
    for cell in sheet[row]:
        cell.font = Font(name=_POLICE, bold=True, color="FFFFFFFF")
        cell.fill = PatternFill("solid", fgColor=_BLUE)
        cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")
    return row


def write_row(sheet: Worksheet, values: Sequence[Cell], *, bold: bool = False, rates: tuple[int, ...] = ()) -> None:
    """Ajoute une ligne : textes rendus inertes, montants en nombres exacts."""
    sheet.append([safe_text(value) if isinstance(value, str) else value for value in values])
    for cell in sheet[sheet.max_row]:
        if isinstance(cell.value, Decimal):
            cell.number_format = RATE_FORMAT if cell.column in rates else AMOUNT_FORMAT
        elif isinstance(cell.value, str):
            cell.number_format = "@"
        if bold:
            cell.font = Font(name=_POLICE, bold=True)
            cell.border = Border(top=_THIN)


def finish_sheet(
    sheet: Worksheet, facts: Entete, header_row: int, count: int, *, frozen_columns: int, narrowest: int = 16
) -> None:
    """Largeurs, volets figés, filtre sur les seules données, impression en paysage sur une page de large.

    ``narrowest`` : largeur de la colonne la plus étroite, en caractères.
    """
    last = get_column_letter(sheet.max_column)
    for index in range(1, sheet.max_column + 1):
        texts = [str(sheet.cell(row, index).value or "") for row in range(header_row + 1, header_row + count + 1)]
        longest = max((len(text) for text in texts), default=0)
        sheet.column_dimensions[get_column_letter(index)].width = min(64, max(narrowest, longest + 3))
    sheet.row_dimensions[header_row].height = 64
    sheet.freeze_panes = f"{get_column_letter(frozen_columns + 1)}{header_row + 1}"
    sheet.auto_filter.ref = f"A{header_row}:{last}{header_row + max(count, 1)}"
    sheet.print_title_rows = f"{header_row}:{header_row}"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    if sheet.sheet_properties.pageSetUpPr is not None:
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
    if sheet.oddFooter is not None:
        # « & » ouvre une commande dans un pied de page Excel : on le double pour qu'il s'imprime.
        sheet.oddFooter.left.text = f"{facts.nom} – {facts.mois.libelle}".replace("&", "&&")
        sheet.oddFooter.right.text = "Page &P/&N"
