"""Retrouver un tableau dans une feuille : ses titres où qu'ils soient, ses lignes remplies, ses cases par colonne."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from payroll.intake.grid import Case, Feuille
from payroll.intake.layout import fold

_TITRES_AU_PLUS_LOIN = 40


@dataclass(frozen=True, slots=True)
class Ligne:
    """Une ligne remplie d'un tableau."""

    numero: int
    cases: Mapping[str, Case]
    """Champ → case ; un champ vide n'y est pas."""

    def get(self, field: str) -> Case | None:
        return self.cases.get(field)

    def texte(self, field: str) -> str:
        case = self.cases.get(field)
        return case.texte if case else ""


@dataclass(frozen=True, slots=True)
class Tableau:
    """Un tableau trouvé : la ligne de ses titres, la colonne de chaque champ, et les titres qu'on n'y reconnaît pas."""

    ligne_titres: int
    colonnes: Mapping[str, int]
    inconnus: tuple[Case, ...]

    def lignes(self, feuille: Feuille) -> Iterator[Ligne]:
        """Les lignes qui ont au moins une case remplie, dans l'ordre."""
        wanted = {column: field for field, column in self.colonnes.items()}
        rows: dict[int, dict[str, Case]] = {}
        for (row, column), case in feuille.items():
            if row > self.ligne_titres and column in wanted and case.texte:
                rows.setdefault(row, {})[wanted[column]] = case
        for row in sorted(rows):
            yield Ligne(row, rows[row])


def find_table(
    feuille: Feuille, titles: Mapping[str, str], required: tuple[str, ...], *, others: Mapping[str, str] | None = None
) -> Tableau | None:
    """Le tableau dont la feuille porte les titres demandés ; ``None`` si aucune ligne ne les a tous.

    ``titles`` : champ → titre ; ``others`` : forme comparable d'un titre → champ, pour les colonnes libres.
    L'ordre des colonnes, les accents, la casse et les espaces sont indifférents.
    """
    known = {fold(text): field for field, text in titles.items()} | dict(others or {})
    for row in range(1, _TITRES_AU_PLUS_LOIN + 1):
        heads = {column: case for (r, column), case in feuille.items() if r == row}
        columns: dict[str, int] = {}
        unknown = []
        for column in sorted(heads):
            field = known.get(fold(heads[column].texte)) or known.get(fold(heads[column].texte.removesuffix("(€)")))
            if field is None:
                unknown.append(heads[column])
            else:
                columns.setdefault(field, column)
        if all(field in columns for field in required):
            return Tableau(row, columns, tuple(unknown))
    return None
