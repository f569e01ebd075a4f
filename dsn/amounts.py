"""L'écriture des valeurs DSN : montants en centimes, taux en millionièmes, quantités en centièmes, dates.

Ce dossier n'importe rien de la paie : il a donc ici sa propre règle d'arrondi, la même (au plus proche, la demie loin
de zéro).
"""

from __future__ import annotations

from datetime import date


def round_half_up(numerator: int, denominator: int) -> int:
    """Le quotient arrondi au plus proche, la demie loin de zéro ; dénominateur positif."""
    quotient, rest = divmod(abs(numerator), denominator)
    rounded = quotient + (1 if 2 * rest >= denominator else 0)
    return -rounded if numerator < 0 else rounded


def euro(cents: int) -> int:
    """Le montant en centimes arrondi à l'euro, la demie loin de zéro (CT p.154, 166)."""
    return round_half_up(cents, 100) * 100


def montant(cents: int) -> str:
    """Des centimes (ou des centièmes) avec point et deux décimales : ``123456`` → ``1234.56``."""
    sign, value = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{value // 100}.{value % 100:02d}"


def taux(ppm: int) -> str:
    """Des millionièmes en pour cent : ``98800`` → ``9.88`` ; une troisième décimale seulement si elle sert.

    ``ValueError`` si le taux demande plus de trois décimales.
    """
    whole, rest = divmod(ppm, 10_000)
    if ppm < 0 or rest % 10:
        raise ValueError("un taux DSN est positif et s'écrit en pour cent avec trois décimales au plus")
    return f"{whole}.{rest // 100:02d}" if rest % 100 == 0 else f"{whole}.{rest // 10:03d}"


def jour(day: date) -> str:
    """``JJMMAAAA``."""
    return f"{day.day:02d}{day.month:02d}{day.year:04d}"


def mois(day: date) -> str:
    """``MMAAAA``."""
    return f"{day.month:02d}{day.year:04d}"
