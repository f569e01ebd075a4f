"""La numérotation des rubriques d'une norme, et les formes de blocs : ce dont les boucles chaudes ont besoin.

Un entier par rubrique, croissant dans l'ordre du message ; la lecture, les contrôles et l'écriture comparent des
entiers, non des textes. Les blocs d'un message ont peu de formes différentes : chacune est décrite une fois.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

STRIDE = 1_000
"""L'écart entre les codes de deux blocs : aucun bloc n'a autant de rubriques."""
SHAPE_LIMIT = 4_096
"""Formes retenues : un fichier hostile peut en présenter une par bloc."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Les rubriques présentes dans un bloc, toutes différentes et dans l'ordre de la norme."""

    codes: tuple[int, ...]
    ids: tuple[str, ...]
    suffixes: tuple[str, ...]
    prefixes: tuple[str, ...]
    """``S21.G00.40.020,'``, le début de chaque ligne."""
    index: dict[str, int]
    """``020`` → place dans le bloc."""


@dataclass(frozen=True, slots=True)
class Table:
    """Code = ordre du bloc × 1000 + ordre de la rubrique dans le bloc."""

    codes: dict[str, int]
    """``S21.G00.40.020`` → code."""
    ids: dict[int, str]
    blocs: dict[int, str]
    """Ordre du bloc → ``S21.G00.40``."""
    shapes: dict[tuple[int, ...], Shape] = field(default_factory=dict)
    """Les formes déjà rencontrées."""

    @classmethod
    def build(cls, rubriques: Iterable[tuple[str, int, int]]) -> Table:
        """La table de rubriques données par (identifiant, ordre du bloc, ordre dans le bloc)."""
        codes = {rubrique: bloc * STRIDE + ordre for rubrique, bloc, ordre in rubriques}
        ids = {code: rubrique for rubrique, code in codes.items()}
        return cls(codes, ids, {code // STRIDE: rubrique[:10] for code, rubrique in ids.items()})

    def shape(self, codes: tuple[int, ...]) -> Shape:
        """La forme d'un bloc fait de ces rubriques, données par codes croissants."""
        found = self.shapes.get(codes)
        if found is None:
            ids = tuple(self.ids[code] for code in codes)
            suffixes = tuple(rubrique[11:] for rubrique in ids)
            prefixes = tuple(f"{rubrique},'" for rubrique in ids)
            found = Shape(codes, ids, suffixes, prefixes, {suffix: place for place, suffix in enumerate(suffixes)})
            if len(self.shapes) < SHAPE_LIMIT:
                self.shapes[codes] = found
        return found
