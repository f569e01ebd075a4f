"""Des valeurs mois par mois aux lignes datées du registre : deux mois égaux font une seule ligne."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar

from payroll.periods import Month

T = TypeVar("T")


def runs(months: Sequence[tuple[Month, T]]) -> list[tuple[Month, Month, T]]:
    """(premier mois, dernier mois, valeur) : les mois voisins de même valeur réunis, dans l'ordre."""
    found: list[tuple[Month, Month, T]] = []
    for month, value in months:
        if found and found[-1][2] == value:
            found[-1] = (found[-1][0], month, value)
        else:
            found.append((month, month, value))
    return found


def dated(months: Sequence[tuple[Month, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Les lignes datées : chacune vaut jusqu'à la veille de la suivante, la dernière reste ouverte."""
    periods = runs(months)
    ends = [start.first_day - timedelta(days=1) for start, _, _ in periods[1:]]
    rows: list[dict[str, Any]] = []
    for rank, (start, _, value) in enumerate(periods):
        end = {"au": ends[rank]} if rank < len(ends) else {}
        rows.append({"du": start.first_day, **end, **value})
    return rows
