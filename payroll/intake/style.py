"""L'apparence du classeur : couleurs, verrous, mise en page A4 paysage. Aucune donnée n'est décidée ici."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from payroll.intake.roster import Roster
from payroll.xlsx import safe_text

_BLUE, _PALE, _GREY, _DARK_GREY = "1F4E79", "DDEBF7", "EDEDED", "BFBFBF"
_LINE = Side(style="thin", color="BFBFBF")
_BOX = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_ROW_HEIGHT = 18
_FORMATS = {"number": "#,##0.00", "date": "dd/mm/yyyy", "text": "@", "wrapped": "@"}


def _font(*, bold: bool = False, italic: bool = False, size: int = 11, color: str | None = None) -> Font:
    return Font(name="Calibri", bold=bold, italic=italic, size=size, color=color)


def put(sheet: Worksheet, row: int, column: int, value: str, *, text: bool = False) -> Cell:
    """Pose un texte rendu inerte ; ``text`` garde les zéros de tête quand la case est reprise à la main."""
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)
    cell.value = safe_text(value) or None
    if cell.value is not None:
        cell.data_type = "s"  # « #N/A » est ici un texte, pas une erreur de calcul
    if text:
        cell.number_format = "@"
    return cell


def title(sheet: Worksheet, roster: Roster, name: str, *hints: str) -> None:
    """Les premières lignes : de quoi il s'agit, et comment remplir."""
    cell = put(sheet, 1, 1, f"{name} – {roster.adherent_nom} – {roster.mois.libelle}")
    cell.font = _font(bold=True, size=14, color=_BLUE)
    sheet.row_dimensions[1].height = 24
    for row, hint in enumerate(hints, start=2):
        note(sheet, row, 1, hint).alignment = Alignment(vertical="center")


def header(sheet: Worksheet, row: int, column: int, text: str) -> None:
    """Un titre de colonne, verrouillé."""
    cell = put(sheet, row, column, text)
    cell.font = _font(bold=True, color="FFFFFF")
    cell.fill = PatternFill("solid", fgColor=_BLUE)
    cell.alignment = Alignment(wrap_text=True, horizontal="center", vertical="center")
    cell.border = _BOX


def band(sheet: Worksheet, row: int, first: int, last: int, text: str) -> None:
    """Un bandeau au-dessus d'un groupe de colonnes."""
    for column in range(first, last + 1):
        cell = put(sheet, row, column, text if column == first else "")
        cell.fill = PatternFill("solid", fgColor=_PALE)
        cell.font = _font(bold=True, color=_BLUE)


def heading(cell: Cell) -> None:
    """Un intertitre de la feuille d'aide."""
    cell.font = _font(bold=True, size=12, color=_BLUE)


def label(sheet: Worksheet, row: int, column: int, text: str) -> None:
    """L'intitulé d'un champ du bordereau."""
    cell = put(sheet, row, column, text)
    cell.font = _font(bold=True)
    cell.alignment = Alignment(vertical="center")


def note(sheet: Worksheet, row: int, column: int, text: str) -> Cell:
    """Une explication, en gris."""
    cell = put(sheet, row, column, text)
    cell.font = _font(italic=True, color="595959")
    cell.alignment = Alignment(vertical="center", wrap_text=True, indent=1 if column > 1 else 0)
    return cell


def locked(sheet: Worksheet, row: int, column: int, value: str) -> None:
    """Une donnée que nous connaissons : grise, non modifiable."""
    cell = put(sheet, row, column, value, text=True)
    cell.fill = PatternFill("solid", fgColor=_GREY)
    cell.border = _BOX
    cell.alignment = Alignment(vertical="center")


def memo(sheet: Worksheet, row: int, column: int, value: int | str | None) -> None:
    """Pour mémoire : des centièmes ou un texte, en gris et en italique, non modifiable."""
    cell = put(sheet, row, column, value if isinstance(value, str) else "")
    if isinstance(value, int):
        cell.value = Decimal(value) / 100
        cell.number_format = _FORMATS["number"]
    cell.fill = PatternFill("solid", fgColor=_GREY)
    cell.border = _BOX
    cell.font = _font(italic=True, color="595959")
    cell.alignment = Alignment(
        vertical="center", horizontal=None if isinstance(value, str) else "right", wrap_text=isinstance(value, str)
    )


def memo_header(sheet: Worksheet, row: int, column: int, text: str) -> None:
    """Le titre d'une colonne pour mémoire : gris, pour ne pas le prendre pour une saisie."""
    cell = put(sheet, row, column, text)
    cell.font = _font(italic=True, size=10, color="595959")
    cell.fill = PatternFill("solid", fgColor=_GREY)
    cell.alignment = Alignment(wrap_text=True, horizontal="center", vertical="center")
    cell.border = _BOX


def tint(cell: Cell, color: str) -> None:
    """Le fond d'une case de légende."""
    cell.fill = PatternFill("solid", fgColor=color)


def closed(sheet: Worksheet, row: int, column: int) -> None:
    """Une case que cet agent n'a pas à remplir : gris foncé, non modifiable."""
    cell = put(sheet, row, column, "")
    cell.fill = PatternFill("solid", fgColor=_DARK_GREY)
    cell.border = _BOX


def entry(sheet: Worksheet, row: int, column: int, kind: str) -> None:
    """Une case de saisie, blanche et déverrouillée ; ``kind`` : number, date, text, wrapped."""
    cell = put(sheet, row, column, "")
    sheet.row_dimensions[row].height = _ROW_HEIGHT
    cell.number_format = _FORMATS[kind]
    cell.protection = Protection(locked=False)
    cell.border = _BOX
    horizontal = {"number": "right", "date": "center"}.get(kind)
    cell.alignment = Alignment(vertical="center", horizontal=horizontal, wrap_text=kind == "wrapped")


def finish(
    sheet: Worksheet,
    roster: Roster,
    *,
    widths: Sequence[int],
    freeze: str | None,
    header_row: int | None,
    sujet: str = "Éléments variables",
) -> None:
    """Largeurs, volets figés, protection sans mot de passe, impression A4 paysage sur une page de large.

    ``sujet`` : ce que dit le pied de page, avant le mois.
    """
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = freeze
    sheet.sheet_view.showGridLines = False
    sheet.protection.sheet = True
    sheet.protection.formatColumns = False
    sheet.protection.formatRows = False
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0 if header_row else 1
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = 0.5
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    if header_row:
        sheet.print_title_rows = f"{header_row}:{header_row}"
    footer = {
        "left": roster.adherent_nom.replace("&", "&&"),
        "center": f"{sujet} – {roster.mois.libelle}",
        "right": "page &P sur &N",
    }
    for place, text in footer.items():
        getattr(sheet.oddFooter, place).text = text
