"""Les délais des signalements : jours calendaires, ouvrables (du lundi au samedi) ou ouvrés, jours fériés exclus."""

from __future__ import annotations

from datetime import date, timedelta

import holidays

_JOUR = timedelta(days=1)
_DIMANCHE, _SAMEDI = 6, 5


def deadline(start: date, days: int, kind: str) -> date:
    """Le dernier jour d'un délai qui court du lendemain de ``start``.

    ``kind`` : ``calendaires``, ``ouvrables`` ou ``ouvres`` ; ``ValueError`` pour un autre.

    >>> deadline(date(2026, 11, 27), 5, "ouvres")
    datetime.date(2026, 12, 4)
    """
    if kind == "calendaires":
        return start + days * _JOUR
    if kind not in ("ouvrables", "ouvres"):
        raise ValueError(f"décompte inconnu : {kind}")
    closed = holidays.country_holidays("FR", years=[start.year, start.year + 1])
    rest = (_DIMANCHE,) if kind == "ouvrables" else (_SAMEDI, _DIMANCHE)
    day = start
    while days:
        day += _JOUR
        days -= day.weekday() not in rest and day not in closed
    return day
