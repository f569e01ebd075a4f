"""Ouvrir un classeur .xlsx pesé : des feuilles, des cases, chacune avec son adresse. Aucune formule n'est évaluée."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from payroll.intake.layout import fold

LIGNES_MAX = 5_000
COLONNES_MAX = 200
CASES_MAX = 100_000
"""Cent mille cases remplies : cinquante fois un gros classeur honnête."""


class OversizedError(ValueError):
    """Le classeur a plus de cases remplies que nous n'en lisons."""


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
        if isinstance(self.valeur, bool):
            return "oui" if self.valeur else "non"
        if isinstance(self.valeur, float):
            return repr(self.valeur).removesuffix(".0").replace(".", ",")
        return str(self.valeur).strip()

    @property
    def formule(self) -> bool:
        """Vrai si la case calcule au lieu de dire ; un texte qui commence par « = » est refusé de même."""
        return isinstance(self.valeur, str) and self.valeur.startswith("=")


Feuille = Mapping[tuple[int, int], Case]
"""(ligne, colonne), à partir de 1 → case ; une case vide n'y est pas."""


@dataclass(frozen=True, slots=True)
class Classeur:
    """Les feuilles voulues, par nom comparable ; celles qu'on n'attendait pas ; celles qui débordent de nos bornes."""

    feuilles: Mapping[str, Feuille]
    en_trop: tuple[str, ...] = ()
    debordantes: tuple[str, ...] = ()
    renommees: Mapping[str, str] = field(default_factory=dict)
    """Titre d'une feuille lue sous un autre nom que le sien → ce nom comparable."""


def renamed(titles: Iterable[str], wanted: Collection[str]) -> dict[str, str]:
    """Titre → nom voulu, pour les feuilles dont on a complété le nom (« Absences nov », « Copie de Éléments »).

    Rien n'est deviné : le nom voulu doit manquer, et un seul titre l'avoir gardé en entier.

    >>> renamed(["Absences (2)", "Photos"], ["absences", "elements"])
    {'Absences (2)': 'absences'}
    """
    folded = {title: fold(title) for title in titles}
    missing = [name for name in wanted if name not in folded.values()]
    found: dict[str, str] = {}
    for name in sorted(missing):
        near = [title for title, text in folded.items() if text not in wanted and name in text]
        if len(near) == 1 and near[0] not in found:
            found[near[0]] = name
    return found


def read_xlsx(content: bytes, wanted: Collection[str]) -> Classeur | None:
    """Les feuilles voulues d'un classeur .xlsx ; ``None`` s'il ne s'ouvre pas.

    Lève :class:`OversizedError` au-delà de ``CASES_MAX`` cases remplies.
    """
    try:
        workbook = load_workbook(io.BytesIO(content), keep_vba=False, keep_links=False, data_only=False)
        return _collect(workbook.worksheets, wanted)
    except OversizedError:
        raise
    except Exception:
        # openpyxl, zlib et les analyseurs XML lèvent, selon le défaut, n'importe quelle exception.
        return None


def _collect(worksheets: Any, wanted: Collection[str]) -> Classeur:
    sheets: dict[str, Feuille] = {}
    extra: list[str] = []
    overflowing: list[str] = []
    count = 0
    aliases = renamed([worksheet.title for worksheet in worksheets], wanted)
    for worksheet in worksheets:
        name = aliases.get(worksheet.title) or fold(worksheet.title)
        if name not in wanted or name in sheets:
            extra.append(worksheet.title)
            continue
        cells: dict[tuple[int, int], Case] = {}
        # Les seules cases présentes : iter_rows créerait tout le rectangle, fût-il de seize milliards de cases.
        for (row, column), cell in worksheet._cells.items():
            value = "=" if cell.data_type == "f" and not isinstance(cell.value, str) else plain(cell.value)
            if value is None or value == "":
                continue
            count += 1
            if count > CASES_MAX:
                raise OversizedError
            if row > LIGNES_MAX or column > COLONNES_MAX:
                overflowing.append(worksheet.title)
                continue
            cells[row, column] = Case(value, f"{get_column_letter(column)}{row}")
        sheets[name] = cells
    return Classeur(sheets, tuple(extra), tuple(dict.fromkeys(overflowing)), aliases)


def plain(value: Any) -> Any:
    """Une date d'Excel est un instant à minuit : on en garde le jour. Tout autre objet devient son texte."""
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else f"{value:%d/%m/%Y %H:%M}"
    if isinstance(value, timedelta):  # une durée de plus de 24 heures, tapée « 26:30 »
        hours, minutes = divmod(int(value.total_seconds()) // 60, 60)
        return f"{hours}:{minutes:02d}"
    return value if value is None or isinstance(value, str | int | float | date | bool) else str(value)
