"""Retrouver un tableau dans une feuille : ses titres où qu'ils soient, ses lignes remplies, ses cases par colonne."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from payroll.intake.constats import Lieu
from payroll.intake.grid import Case, Feuille
from payroll.intake.layout import fold

_TITRES_AU_PLUS_LOIN = 40


@dataclass(frozen=True, slots=True)
class Ligne:
    """Une ligne remplie d'un tableau de classeur ou d'un fichier « ; »."""

    feuille: str
    numero: int
    cases: Mapping[str, Case]
    """Champ → case ; un champ vide n'y est pas."""
    places: Mapping[str, str]
    """Champ → adresse de sa case, même vide ; d'un champ sans colonne, on ne dit que la ligne."""

    def get(self, field: str) -> Case | None:
        return self.cases.get(field)

    def texte(self, field: str) -> str:
        case = self.cases.get(field)
        return case.texte if case else ""

    def lieu(self, field: str, matricule: str = "", rubrique: str = "") -> Lieu:
        """L'endroit de ce champ, que la case soit remplie ou vide."""
        case = self.cases.get(field)
        cellule = case.adresse if case else self.places.get(field, f"ligne {self.numero}")
        return Lieu(self.feuille, cellule, matricule, rubrique)


@dataclass(frozen=True, slots=True)
class Tableau:
    """Un tableau trouvé : sa feuille, la ligne de ses titres, la colonne de chaque champ, ce qui n'y va pas."""

    nom: str
    ligne_titres: int
    colonnes: Mapping[str, int]
    inconnus: Mapping[int, Case]
    """Colonne → titre que l'on n'y reconnaît pas."""
    colonnes_en_double: Mapping[int, Case]
    """Colonne → titre déjà porté par une autre."""

    def lignes(self, feuille: Feuille) -> Iterator[Ligne]:
        """Les lignes qui ont au moins une case remplie, dans l'ordre."""
        wanted = {column: field for field, column in self.colonnes.items()}
        rows: dict[int, dict[str, Case]] = {}
        for (row, column), case in feuille.items():
            if row > self.ligne_titres and column in wanted and case.texte:
                rows.setdefault(row, {})[wanted[column]] = case
        for row in sorted(rows):
            places = {field: f"{get_column_letter(column)}{row}" for field, column in self.colonnes.items()}
            yield Ligne(self.nom, row, rows[row], places)


@dataclass(frozen=True, slots=True)
class TitrePerdu:
    """Un titre attendu que la feuille ne porte plus, et la case où il devrait être."""

    champ: str
    cellule: str
    recu: str


def lost_title(
    feuille: Feuille, titles: Mapping[str, str], required: tuple[str, ...], others: Mapping[str, str] | None = None
) -> TitrePerdu | None:
    """Le premier titre qui manque à la ligne qui ressemble le plus aux titres ; ``None`` si aucune n'y ressemble.

    Sa case est la première de cette ligne qui porte autre chose, sinon la première vide.
    """
    known = {fold(text): field for field, text in titles.items()} | dict(others or {})
    rows: dict[int, dict[int, Case]] = {}
    for (row, column), case in feuille.items():
        if row <= _TITRES_AU_PLUS_LOIN and case.texte:
            rows.setdefault(row, {})[column] = case
    scores = {row: sum(fold(case.texte) in known for case in cases.values()) for row, cases in rows.items()}
    best = max(scores, key=lambda row: (scores[row], -row), default=0)
    if not best or not scores[best]:
        return None
    cases = rows[best]
    present = {known.get(fold(case.texte)) for case in cases.values()}
    champ = next(field for field in required if field not in present)
    wrong = [(column, case) for column, case in sorted(cases.items()) if fold(case.texte) not in known]
    empty = next(column for column in range(1, max(cases) + 2) if column not in cases)
    column, recu = (wrong[0][0], wrong[0][1].texte) if wrong else (empty, "")
    return TitrePerdu(champ, f"{get_column_letter(column)}{best}", recu)


def find_table(
    nom: str,
    feuille: Feuille,
    titles: Mapping[str, str],
    required: tuple[str, ...],
    *,
    others: Mapping[str, str] | None = None,
) -> Tableau | None:
    """Le tableau dont la feuille porte les titres demandés ; ``None`` si aucune ligne ne les a tous.

    ``titles`` : champ → titre ; ``others`` : forme comparable d'un titre → champ, pour les colonnes libres.
    L'ordre des colonnes, les accents, la casse et les espaces sont indifférents.
    """
    known = {fold(text): field for field, text in titles.items()} | dict(others or {})
    heads: dict[int, dict[int, Case]] = {}
    for (row, column), case in feuille.items():
        if row <= _TITRES_AU_PLUS_LOIN and case.texte:
            heads.setdefault(row, {})[column] = case
    for row in sorted(heads):
        columns: dict[str, int] = {}
        unknown: dict[int, Case] = {}
        twice: dict[int, Case] = {}
        for column, case in sorted(heads[row].items()):
            field = known.get(fold(case.texte))
            if field is None:
                unknown[column] = case
            elif field in columns:
                twice[column] = case
            else:
                columns[field] = column
        if all(field in columns for field in required):
            return Tableau(nom, row, columns, unknown, twice)
    return None
