"""Ouvrir un classeur .ods pesé, au fil du document : mêmes cases que le .xlsx, répétitions du format bornées.

Écrit ici même : un lecteur tout fait ne dit pas quelles cases sont des formules, et déplie les lignes répétées avant
qu'on puisse les compter.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import iterparse
from openpyxl.utils import get_column_letter

from payroll.intake.grid import (
    CASES_MAX,
    COLONNES_MAX,
    LIGNES_MAX,
    Case,
    Classeur,
    Feuille,
    OversizedError,
    plain,
    renamed,
)
from payroll.intake.layout import fold

_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_REPEATS = 100_000_000


def read_ods(content: bytes, wanted: Collection[str]) -> Classeur | None:
    """Les feuilles voulues d'un classeur .ods ; ``None`` s'il ne s'ouvre pas.

    Lève :class:`OversizedError` au-delà de ``CASES_MAX`` cases remplies.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            document = archive.read("content.xml")
        classeur = _Reader(wanted, {}).read(document)
        aliases = renamed([*classeur.feuilles, *classeur.en_trop], wanted)
        # Le cas rare : on relit en sachant sous quel nom prendre la feuille renommée.
        return _Reader(wanted, aliases).read(document) if aliases else classeur
    except OversizedError:
        raise
    except Exception:
        # zipfile, zlib et l'analyseur XML lèvent, selon le défaut, n'importe quelle exception.
        return None


class _Reader:
    """Une lecture au fil du document : rien n'en reste que les cases remplies."""

    def __init__(self, wanted: Collection[str], aliases: Mapping[str, str]) -> None:
        self._wanted, self._aliases = wanted, aliases
        self._sheets: dict[str, Feuille] = {}
        self._extra: list[str] = []
        self._overflowing: list[str] = []
        self._cells: dict[tuple[int, int], Case] | None = None
        self._title = ""
        self._row = 1
        self._count = 0

    def read(self, document: bytes) -> Classeur:
        for event, element in iterparse(io.BytesIO(document), events=("start", "end"), forbid_dtd=True):
            if element.tag == f"{_TABLE}table":
                if event == "start":
                    self._open(element.get(f"{_TABLE}name") or "")
                else:
                    element.clear()
            elif event == "end" and element.tag == f"{_TABLE}table-row":
                self._read_row(element)
                element.clear()
        return Classeur(self._sheets, tuple(self._extra), tuple(dict.fromkeys(self._overflowing)), self._aliases)

    def _open(self, title: str) -> None:
        name = self._aliases.get(title) or fold(title)
        self._title, self._row, self._cells = title, 1, None
        if name not in self._wanted or name in self._sheets:
            self._extra.append(title)
            return
        self._cells = {}
        self._sheets[name] = self._cells

    def _read_row(self, row: Element) -> None:
        if self._cells is None:
            return
        repeated = _repeated(row, "rows")
        filled: dict[int, Any] = {}
        column = 1
        for cell in row:
            if cell.tag not in _CELLS:
                continue
            times = _repeated(cell, "columns")
            value = _value(cell)
            if value is not None and value != "":
                if column + times - 1 > COLONNES_MAX:
                    self._overflowing.append(self._title)
                filled |= dict.fromkeys(range(column, min(column + times, COLONNES_MAX + 1)), value)
            column += times
        last = min(self._row + repeated - 1, LIGNES_MAX) if filled else 0
        if filled and last < self._row + repeated - 1:
            self._overflowing.append(self._title)
        self._count += len(filled) * max(0, last - self._row + 1)
        if self._count > CASES_MAX:
            raise OversizedError
        for number in range(self._row, last + 1):
            for place, value in filled.items():
                self._cells[number, place] = Case(value, f"{get_column_letter(place)}{number}")
        self._row += repeated


def _repeated(element: Element, what: str) -> int:
    return min(max(1, int(element.get(f"{_TABLE}number-{what}-repeated") or 1)), _REPEATS)


def _value(cell: Element) -> Any:
    formula = cell.get(f"{_TABLE}formula")
    if formula is not None:
        return f"={formula.partition('=')[2]}"
    kind = cell.get(f"{_OFFICE}value-type")
    if kind in ("float", "currency", "percentage"):
        number = float(cell.get(f"{_OFFICE}value") or "nan")
        return int(number) if number.is_integer() and abs(number) < 10**15 else number
    if kind == "date":
        told = cell.get(f"{_OFFICE}date-value") or ""
        return plain(datetime.fromisoformat(told)) if "T" in told else date.fromisoformat(told)
    if kind == "boolean":
        return cell.get(f"{_OFFICE}boolean-value") == "true"
    # Les commentaires de case sont des petits-enfants : seuls les paragraphes de la case elle-même comptent.
    return cell.get(f"{_OFFICE}string-value") or "\n".join(_text(part) for part in cell.findall(f"{_TEXT}p"))


def _text(element: Element) -> str:
    """Le texte d'un paragraphe, espaces et tabulations d'OpenDocument rendus."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == f"{_TEXT}s":
            parts.append(" " * min(int(child.get(f"{_TEXT}c") or 1), 500))
        elif child.tag == f"{_TEXT}tab":
            parts.append("\t")
        elif child.tag == f"{_TEXT}line-break":
            parts.append("\n")
        else:
            parts.append(_text(child))
        parts.append(child.tail or "")
    return "".join(parts)
