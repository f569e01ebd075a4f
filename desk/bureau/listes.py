"""Lire ce qu'une adresse demande d'une liste : un numéro de page, un choix, une date ; l'illisible vaut le défaut."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TypeVar

C = TypeVar("C", bound=StrEnum)
_CHIFFRES = 6


def entier(texte: str | None, defaut: int = 1) -> int:
    """Un petit nombre entier.

    >>> entier("3"), entier("x"), entier(None)
    (3, 1, 1)
    """
    return int(texte) if texte and texte.isdecimal() and texte.isascii() and len(texte) <= _CHIFFRES else defaut


def parmi(choix: type[C], texte: str, defaut: C) -> C:
    """Une valeur d'une énumération."""
    return choix(texte) if texte in set(choix) else defaut


def jour(texte: str | None) -> date | None:
    """Une date AAAA-MM-JJ, ou rien.

    >>> jour("2026-11-20"), jour("20/11/2026")
    (datetime.date(2026, 11, 20), None)
    """
    try:
        return date.fromisoformat(texte or "")
    except ValueError:
        return None
