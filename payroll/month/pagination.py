"""Une page d'une longue liste : ce que l'écran montre, et combien il y en a en tout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Les lignes d'une page. ``numero`` commence à 1 et reste dans les bornes, même si l'on en demande une autre."""

    lignes: tuple[T, ...]
    numero: int
    taille: int
    total: int

    @property
    def pages(self) -> int:
        """Le nombre de pages, une au moins."""
        return page_count(self.total, self.taille)


def page_count(total: int, taille: int) -> int:
    """Combien de pages font ce total.

    >>> page_count(0, 25), page_count(25, 25), page_count(26, 25)
    (1, 1, 2)
    """
    return max(1, -(-total // taille))


def within(numero: int, total: int, taille: int) -> int:
    """Le numéro de page demandé, ramené entre la première et la dernière.

    >>> within(0, 30, 25), within(9, 30, 25)
    (1, 2)
    """
    return min(max(numero, 1), page_count(total, taille))


def cut(rows: Sequence[T], numero: int, taille: int) -> Page[T]:
    """La page d'une liste déjà en mémoire.

    >>> cut(["a", "b", "c"], 2, 2).lignes
    ('c',)
    """
    kept = within(numero, len(rows), taille)
    return Page(tuple(rows[(kept - 1) * taille : kept * taille]), kept, taille, len(rows))
