"""Ouvrir un classeur pesé : des feuilles, des cases, chacune avec son adresse. Aucune formule n'est évaluée."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zipfile import BadZipFile

import python_calamine
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

LIGNES_MAX = 5_000
COLONNES_MAX = 200


@dataclass(frozen=True, slots=True)
class Case:
    """Une case lue : sa valeur telle que le fichier la porte (texte, nombre, date), et son adresse."""

    valeur: str | int | float | date | bool
    adresse: str

    @property
    def texte(self) -> str:
        """Ce qu'une personne voit à peu près dans la case."""
        if isinstance(self.valeur, date):
            return f"{self.valeur:%d/%m/%Y}"
        if isinstance(self.valeur, float):
            return repr(self.valeur).removesuffix(".0").replace(".", ",")
        return str(self.valeur).strip()

    @property
    def formule(self) -> bool:
        return isinstance(self.valeur, str) and self.valeur.startswith("=")


Feuille = Mapping[tuple[int, int], Case]
"""(ligne, colonne), à partir de 1 → case ; une case vide n'y est pas."""


def read_xlsx(content: bytes) -> dict[str, Feuille] | None:
    """Les feuilles d'un classeur .xlsx, formules en texte ; ``None`` s'il ne s'ouvre pas."""
    try:
        workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        try:
            return {
                sheet.title: _cells(sheet.iter_rows(max_row=LIGNES_MAX, max_col=COLONNES_MAX, values_only=True))
                for sheet in workbook.worksheets
            }
        finally:
            workbook.close()
    except (BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, SyntaxError, EOFError):
        # openpyxl lève selon le défaut n'importe laquelle de ces exceptions sur un classeur abîmé.
        return None
    except Exception as error:
        if type(error).__module__.split(".")[0] in {"lxml", "xml", "defusedxml", "zlib", "openpyxl"}:
            return None
        raise


def read_ods(content: bytes) -> dict[str, Feuille] | None:
    """Les feuilles d'un classeur .ods ; ``None`` s'il ne s'ouvre pas."""
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = {}
        for name in workbook.sheet_names:
            # skip_empty_area décalerait les adresses : la case A1 doit rester A1.
            rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=LIGNES_MAX)
            sheets[name] = _cells(rows)
    except python_calamine.CalamineError:
        return None
    else:
        return sheets


def _cells(rows: Iterable[Sequence[Any]]) -> Feuille:
    return {
        (row_number, column): Case(_plain(value), f"{get_column_letter(column)}{row_number}")
        for row_number, row in enumerate(rows, start=1)
        for column, value in enumerate(row[:COLONNES_MAX], start=1)
        if value is not None and value != ""
    }


def _plain(value: Any) -> Any:
    """Une date d'Excel est un instant à minuit : on en garde le jour. Tout autre objet devient son texte."""
    if isinstance(value, datetime) and not (value.hour or value.minute or value.second):
        return value.date()
    return value if isinstance(value, str | int | float | date | bool) else str(value)
