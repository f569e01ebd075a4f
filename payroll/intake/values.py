"""Lire une case : un nombre, une date, un mois, un oui. Ce qui demanderait de deviner est refusé."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal

from payroll.intake.grid import Case
from payroll.money import AmountError, parse_amount
from payroll.periods import Month

_EXCEL_ZERO = date(1899, 12, 30)
_SERIAL = range(20_000, 80_000)
"""Les nombres qu'un tableur emploie pour les jours de 1954 à 2119."""
_MONTH_FR = re.compile(r"(\d{1,2})[/-](\d{4})")
_DIRECTIONS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FLOAT_DIGITS = 10


class UnreadableError(ValueError):
    """La case ne se lit pas sans deviner ; le message dit ce qui était attendu."""


def number(case: Case) -> int:
    """Un nombre positif ou nul à deux décimales au plus, en centièmes (centimes ou centièmes d'heure).

    Un nombre de tableur est un flottant : 0,1 + 0,2 y vaut 0,30000000000000004. On l'arrondit à dix décimales, ce qui
    ne change aucun nombre tapé par une personne, puis on exige qu'il n'en reste que deux.
    """
    if isinstance(case.valeur, bool | date):
        raise UnreadableError("un nombre, par exemple 2,5")
    if isinstance(case.valeur, str):
        try:
            hundredths = parse_amount(case.valeur)
        except AmountError as error:
            raise UnreadableError("un nombre avec deux décimales au plus, par exemple 2,5") from error
    else:
        exact = round(Decimal(repr(case.valeur)), _FLOAT_DIGITS) * 100
        if not exact.is_finite() or exact != exact.to_integral_value() or abs(exact) > 10**12:
            raise UnreadableError("un nombre avec deux décimales au plus, par exemple 2,5")
        hundredths = int(exact)
    if hundredths < 0:
        raise UnreadableError("un nombre positif : une retenue se demande à votre gestionnaire")
    return hundredths


def day(case: Case) -> date:
    """Un jour : une date de tableur, ou « jj/mm/aaaa » en texte."""
    value = case.valeur
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value) and int(value) in _SERIAL:
        return _EXCEL_ZERO + timedelta(days=int(value))
    if isinstance(value, str):
        for form in ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y"):
            try:
                return datetime.strptime(value.strip(), form).date()  # noqa: DTZ007  (un jour, sans heure)
            except ValueError:
                continue
    raise UnreadableError("une date qui existe, écrite jj/mm/aaaa")


def month(case: Case) -> Month:
    """Un mois : « 11/2026 », « 2026-11 », ou une date quelconque de ce mois."""
    if isinstance(case.valeur, date):
        return Month.of(case.valeur)
    text = case.texte
    found = _MONTH_FR.fullmatch(text)
    try:
        return Month(int(found[2]), int(found[1])) if found else Month.parse(text)
    except ValueError as error:
        raise UnreadableError("un mois, écrit mm/aaaa") from error


def yes(case: Case | None, *, also_no: bool = False) -> bool:
    """« oui » ou vide (« non » admis si ``also_no``)."""
    text = "" if case is None else case.texte.casefold()
    if text in ("oui", "x", "o"):
        return True
    if not text or (also_no and text in ("non", "n")):
        return False
    raise UnreadableError("« oui », « non » ou rien" if also_no else "« oui » ou rien")


def strange(text: str) -> bool:
    """Vrai si un texte cache des caractères de commande ou de sens d'écriture."""
    return any(char in _DIRECTIONS or (unicodedata.category(char) == "Cc" and char not in "\t\n\r") for char in text)
