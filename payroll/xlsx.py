"""Écrire un classeur : mêmes données, mêmes octets, et aucun texte reçu qui devienne une formule chez qui l'ouvre."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.compat import safe_string
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

_DANGEROUS = frozenset("=+-@＝＋－＠\t\r\n\0")
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ZIP_EPOCH = 1980
_VIDE = b"<sheetData></sheetData>"
_RETOUR = {"\r": "&#13;"}


def safe_text(value: str) -> str:
    """Rend un texte venu de l'extérieur inerte dans un tableur : apostrophe devant ``= + - @``, tabulation, NUL.

    Les caractères qu'un fichier XML ne sait pas porter deviennent « � ». À réserver aux textes : un montant négatif
    s'écrit en nombre (ASVS 1.2.10).

    >>> safe_text("=1+1"), safe_text("Mairie")
    ("'=1+1", 'Mairie')
    """
    starts_badly = value.lstrip(" \u00a0")[:1] in _DANGEROUS if value.strip(" \u00a0") else False
    cleaned = _ILLEGAL.sub("\ufffd", value)
    return f"'{cleaned}" if starts_badly else cleaned


def plain_text(value: str) -> str:
    """L'inverse de :func:`safe_text` : retire l'apostrophe que nous avons mise, et elle seule.

    >>> plain_text("'=1+1"), plain_text("'oui")
    ('=1+1', "'oui")
    """
    return value[1:] if value[:1] == "'" and value[1:].lstrip(" \u00a0")[:1] in _DANGEROUS and value[1:] else value


def deterministic_bytes(workbook: Workbook, moment: datetime) -> bytes:
    """Les octets ``.xlsx`` du classeur, datés de ``moment`` : les mêmes à chaque écriture des mêmes données.

    Ne neutralise rien : passer les textes reçus par :func:`safe_text` avant de les poser dans les cellules.
    """
    workbook.properties.created = workbook.properties.modified = moment
    raw = io.BytesIO()
    # Sans compression : tout se relit et se comprime une fois, daté, ci-dessous.
    _Ecrivain(workbook, zipfile.ZipFile(raw, "w")).save()
    stamp = (max(moment.year, _ZIP_EPOCH), moment.month, moment.day, moment.hour, moment.minute, moment.second)
    out = io.BytesIO()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            info = zipfile.ZipInfo(name, date_time=stamp)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0
            target.writestr(info, source.read(name), compresslevel=6)
    return out.getvalue()


class _Ecrivain(ExcelWriter):
    """L'écriture d'openpyxl, sauf les lignes des feuilles ordinaires : mêmes octets.

    openpyxl compose un élément XML par cellule et passe par un fichier temporaire : 95 ms de processeur pour le journal
    et les états de vingt agents, 30 ainsi.
    """

    def __init__(self, workbook: Workbook, archive: zipfile.ZipFile) -> None:
        super().__init__(workbook, archive)
        self._paquet = archive

    def write_worksheet(self, ws: Worksheet) -> None:
        rows = _rows_xml(ws)
        if rows is None:
            super().write_worksheet(ws)
            return
        ws._drawing = SpreadsheetDrawing()  # type: ignore[attr-defined]
        writer = _SansLignes(ws, io.BytesIO())
        writer.write()
        ws._rels = writer._rels  # type: ignore[attr-defined]
        self._paquet.writestr(ws.path[1:], writer.read().replace(_VIDE, rows, 1))
        self.manifest.append(ws)


class _SansLignes(WorksheetWriter):
    """Tout d'une feuille, sauf ses lignes."""

    def write_rows(self) -> None:
        stream: Any = self.xf.send(True)
        with stream.element("sheetData"):
            pass
        self.xf.send(None)


def _rows_xml(sheet: Worksheet) -> bytes | None:
    """Les lignes en XML ; ``None`` si la feuille a autre chose que des textes et des nombres : à openpyxl de l'écrire.

    L'ordre des cellules est celui d'openpyxl : il décide du numéro de chaque style du classeur.
    """
    if sheet._charts or sheet._images:  # type: ignore[attr-defined]
        return None
    styles: dict[bytes, int] = {}
    rows: dict[int, list[str]] = {row: [] for row in sheet.row_dimensions}
    cells: dict[tuple[int, int], Any] = dict(sheet._cells)
    for (row, _), cell in sorted(cells.items()):
        value, kind = cell._value, cell.data_type
        if cell._comment is not None or cell._hyperlink is not None or kind not in ("s", "n"):
            return None
        if kind == "s" and type(value) is not str:
            return None
        mine = rows.setdefault(row, [])
        style = cell._style.tobytes() if cell.has_style else b""
        if value is None and not style:
            continue
        if style and style not in styles:
            styles[style] = cell.style_id
        head = f'<c r="{get_column_letter(cell.column)}{row}"' + (f' s="{styles[style]}"' if style else "")
        if value is None or value == "":
            mine.append(f'{head} t="{"n" if kind == "n" else "inlineStr"}"></c>')
        elif kind == "n":
            mine.append(f'{head} t="n"><v>{safe_string(value)}</v></c>')
        else:
            space = ' xml:space="preserve"' if value != value.strip() else ""
            mine.append(f'{head} t="inlineStr"><is><t{space}>{escape(value, _RETOUR)}</t></is></c>')
    text = "".join(
        f"<row{''.join(_row_attributes(sheet, row))}>{''.join(mine)}</row>" for row, mine in sorted(rows.items())
    )
    return f"<sheetData>{text}</sheetData>".encode("ascii", "xmlcharrefreplace")


def _row_attributes(sheet: Worksheet, row: int) -> Iterator[str]:
    attributes = {"r": str(row)} | (dict(sheet.row_dimensions[row]) if row in sheet.row_dimensions else {})
    return (f' {name}="{value}"' for name, value in attributes.items())
