"""La feuille de calcul des documents rendus : un titre, l'adhérent, un en-tête, des lignes, une page de large."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from decimal import Decimal
from math import ceil
from textwrap import wrap
from typing import Protocol
from weakref import WeakKeyDictionary

from openpyxl import Workbook
from openpyxl.cell import cell as openpyxl_cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.worksheet import Worksheet

from payroll.periods import Month
from payroll.xlsx import safe_text

AMOUNT_FORMAT = '#,##0.00;-#,##0.00;"–"'
"""Le tableur l'affiche à la française (espace des milliers, virgule) ; zéro est un tiret, qui laisse voir le reste."""
RATE_FORMAT = "0.00##%"

Cell = str | int | Decimal | None

_POLICE = "Calibri"
"""Nommée partout : sans nom, LibreOffice met les cellules grasses dans une autre police."""
_BLUE, _TEINTE = "FF1B3A60", "FFEDF1F5"
_THIN = Side(style="thin", color="FFC4CBD4")
_HAIR = Side(style="hair", color="FFC4CBD4")
_HAUTEUR_LIGNE = 15
_SERRE = 115
"""Une colonne de cent chiffres de large tient cent quinze lettres d'un texte ordinaire."""
_LARGEUR_TEXTE = 40
_LARGEUR_LISIBLE = 240
"""En caractères : au-delà, une page A4 en paysage descendrait sous 7 points."""


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
    first, *others = sheet[row]
    first.font = Font(name=_POLICE, bold=True, color="FFFFFFFF")
    first.fill = PatternFill("solid", fgColor=_BLUE)
    first.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")
    for cell in others:
        cell._style = first._style  # type: ignore[union-attr]
    return row


def write_row(sheet: Worksheet, values: Sequence[Cell], *, bold: bool = False, rates: tuple[int, ...] = ()) -> None:
    """Ajoute une ligne : textes rendus inertes, montants en nombres exacts."""
    # Une ligne courte (un sous-titre) est teintée sur toute la largeur de la feuille.
    width = _WIDTHS[sheet] = max(_WIDTHS.get(sheet) or sheet.max_column, len(values))
    sheet.append(
        [
            _styled(sheet, safe_text(value) if isinstance(value, str) else value, bold=bold, rate=column in rates)
            for column, value in enumerate([*values, *[None] * (width - len(values))], start=1)
        ]
    )


def _styled(sheet: Worksheet, value: Cell, *, bold: bool, rate: bool) -> openpyxl_cell.Cell:
    """Une cellule au style de sa nature ; le style se compose une fois par classeur et se partage.

    Le composer à chaque cellule, et retrouver la ligne par ``sheet[…]`` qui relit toute la feuille, rendait le journal
    de vingt agents cinq fois plus long à écrire ; le copier, un dixième plus long. Qui en change une cellule le copie
    d'abord (:func:`_fold`).
    """
    cell = openpyxl_cell.Cell(sheet, row=1, column=1, value=value)
    kind = RATE_FORMAT if rate else AMOUNT_FORMAT
    form = kind if isinstance(value, Decimal) else "@" if isinstance(value, str) else ""
    assert sheet.parent is not None
    known = _STYLES.setdefault(sheet.parent, {})
    if (form, bold) in known:
        cell._style = known[form, bold]  # type: ignore[attr-defined]
        return cell
    if form:
        cell.number_format = form
    cell.border = Border(bottom=_HAIR)
    if bold:
        cell.font = Font(name=_POLICE, bold=True)
        cell.border = Border(top=_THIN, bottom=_THIN)
        cell.fill = PatternFill("solid", fgColor=_TEINTE)
    known[form, bold] = cell._style  # type: ignore[attr-defined]
    return cell


_STYLES: WeakKeyDictionary[Workbook, dict[tuple[str, bool], StyleArray]] = WeakKeyDictionary()
"""Par classeur : les index d'un style ne valent que dans le sien."""
_WIDTHS: WeakKeyDictionary[Worksheet, int] = WeakKeyDictionary()
"""Le nombre de colonnes de chaque feuille en cours d'écriture."""


def finish_sheet(
    sheet: Worksheet, facts: Entete, header_row: int, count: int, *, frozen_columns: int, narrowest: int = 12
) -> None:
    """Largeurs, volets figés, filtre sur les seules données, impression lisible.

    ``narrowest`` : largeur de la colonne la plus étroite, en caractères.
    """
    # Demandé une fois : openpyxl relit toute la feuille pour le dire.
    columns, lines = sheet.max_column, 1
    last = get_column_letter(columns)
    for index in range(1, columns + 1):
        texts = [str(sheet.cell(row, index).value or "") for row in range(header_row + 1, header_row + count + 1)]
        title = str(sheet.cell(header_row, index).value or "")
        longest = max(max((len(text) for text in texts), default=0), *map(len, title.split() or [""]))
        width = min(_LARGEUR_TEXTE, max(narrowest, longest + 3))
        sheet.column_dimensions[get_column_letter(index)].width = width
        for row, text in enumerate(texts, start=header_row + 1):
            if len(text) > width * _SERRE // 100:
                _fold(sheet, row, index, width, columns)
        lines = max(lines, len(wrap(title, width - 3)))
    sheet.row_dimensions[header_row].height = _HAUTEUR_LIGNE * (lines + 1)
    sheet.freeze_panes = f"{get_column_letter(frozen_columns + 1)}{header_row + 1}"
    sheet.auto_filter.ref = f"A{header_row}:{last}{header_row + max(count, 1)}"
    foot = f"{facts.nom} – {facts.mois.libelle}"
    set_up_print(sheet, header_row, foot, frozen_columns=frozen_columns)


def _fold(sheet: Worksheet, row: int, column: int, width: int, columns: int) -> None:
    """Plie un texte plus long que sa colonne : un tableur n'agrandit pas seul une ligne écrite par un programme."""
    lines = len(wrap(str(sheet.cell(row, column).value), width * _SERRE // 100))
    height = sheet.row_dimensions[row].height or 0
    sheet.row_dimensions[row].height = max(height, _HAUTEUR_LIGNE * lines)
    for cell in (sheet.cell(row, index) for index in range(1, columns + 1)):
        cell._style = copy(cell._style)  # type: ignore[union-attr]
        cell.alignment = Alignment(vertical="center", wrap_text=cell.column == column or cell.alignment.wrap_text)


def set_up_print(sheet: Worksheet, header_row: int, foot: str, *, frozen_columns: int = 0) -> None:
    """Impression en paysage, en-tête répété ; autant de pages de large qu'il en faut pour lire sans loupe.

    Les colonnes figées reviennent sur chaque page ; les largeurs des colonnes sont à régler avant.
    """
    widths = [sheet.column_dimensions[get_column_letter(index)].width for index in range(1, sheet.max_column + 1)]
    frozen = sum(widths[:frozen_columns])
    pages = 1 if sum(widths) <= _LARGEUR_LISIBLE else ceil((sum(widths) - frozen) / (_LARGEUR_LISIBLE - frozen))
    sheet.print_title_rows = f"{header_row}:{header_row}"
    if pages > 1 and frozen_columns:
        sheet.print_title_cols = f"A:{get_column_letter(frozen_columns)}"
        # Les pages de droite après celles de gauche : un agent se lit d'une feuille à sa voisine.
        sheet.page_setup.pageOrder = "overThenDown"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToWidth = pages
    sheet.page_setup.fitToHeight = 0
    sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.45, bottom=0.55, header=0.25, footer=0.25)
    if sheet.sheet_properties.pageSetUpPr is not None:
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
    if sheet.oddFooter is not None:
        # « & » ouvre une commande dans un pied de page Excel : on le double pour qu'il s'imprime.
        sheet.oddFooter.left.text = foot.replace("&", "&&")
        sheet.oddFooter.right.text = "Page &P/&N"
