"""Lire une case : un nombre, une date, un mois, un oui. Ce qui demanderait de deviner est refusé."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from payroll.intake import ecritures
from payroll.intake.grid import Case
from payroll.money import AmountError, parse_amount
from payroll.periods import Month

_EXCEL_ZERO = date(1899, 12, 30)
_SERIAL = range(20_000, 80_000)
"""Les numéros que donne un tableur aux jours de 1954 à 2119 ; « 7 » tapé dans une date y est le 7 janvier 1900."""
_MONTH_FR = re.compile(r"(\d{1,2})[/-](\d{4})")
_MORE_DECIMALS = re.compile(r"[+-]?\d+[.,]\d{3,}")
_INVISIBLE = frozenset(
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_NEAR_INTEGER = Decimal("1e-10")
_HUGE = 10**12


class UnreadableError(ValueError):
    """La case ne se lit pas sans deviner ; le message dit ce qui était attendu, ``code`` pourquoi."""

    def __init__(self, expected: str, code: str = "nombre-illisible", remede: str = "") -> None:
        super().__init__(expected)
        self.code, self.remede = code, remede


_A_NUMBER = "un nombre avec deux décimales au plus, par exemple 2,5"
_TOO_PRECISE = "deux décimales au plus, par exemple 2,33"


def number(case: Case, *, heures: bool = False) -> int:
    """Un nombre à deux décimales au plus, en centièmes (centimes ou centièmes d'heure).

    Un nombre de tableur est un flottant : 0,1 + 0,2 y vaut 0,30000000000000004. On l'arrondit à dix décimales, ce qui
    ne change aucun nombre tapé par une personne, puis on exige qu'il n'en reste que deux. ``heures`` : une durée
    (« 7h30 ») se lit aussi.
    """
    value = case.valeur
    if isinstance(value, bool | date):
        raise UnreadableError(_A_NUMBER)
    return _from_text(value, heures=heures) if isinstance(value, str) else _from_cell(value)


def _from_text(text: str, *, heures: bool) -> int:
    duration = ecritures.hours_of(text)
    if duration is not None and heures:
        return duration
    bare = ecritures.bare(text, heures=heures).replace("−", "-")
    try:
        return parse_amount(bare)
    except AmountError as error:
        if duration is not None:
            raise UnreadableError("un montant en euros, et non des heures") from error
        if _MORE_DECIMALS.fullmatch("".join(bare.split())):
            raise UnreadableError(_TOO_PRECISE, "trop-de-decimales") from error
        raise UnreadableError(_A_NUMBER) from error


def _from_cell(value: int | float) -> int:
    try:
        exact = Decimal(repr(value))
        if not exact.is_finite() or abs(exact) > _HUGE:
            raise UnreadableError(_A_NUMBER)
        scaled = exact.quantize(_NEAR_INTEGER) * 100
    except InvalidOperation as error:
        raise UnreadableError(_A_NUMBER) from error
    if scaled != scaled.to_integral_value():
        raise UnreadableError(_TOO_PRECISE, "trop-de-decimales")
    return int(scaled)


def day(case: Case, mois: Month) -> date:
    """Un jour : une date de tableur, son numéro de jour, ou un texte (« 03/11/2026 », « 3 novembre »).

    ``mois`` est celui du fichier : il donne l'année à une date écrite sans elle.
    """
    found = _spreadsheet_day(case) or _written_day(case, mois)
    if found is None or (found - _EXCEL_ZERO).days not in _SERIAL:
        raise UnreadableError("une date qui existe, écrite jj/mm/aaaa", "date-illisible")
    return found


def _spreadsheet_day(case: Case) -> date | None:
    """Le jour d'une date de tableur ou de son numéro ; ``None`` pour un texte, une heure, un nombre démesuré."""
    value = case.valeur
    if isinstance(value, date):
        return value
    if isinstance(value, bool | str) or not abs(value) < _SERIAL.stop or int(value) != value:
        return None
    return _EXCEL_ZERO + timedelta(days=int(value)) if int(value) in _SERIAL else None


def _written_day(case: Case, mois: Month) -> date | None:
    if not isinstance(case.valeur, str):
        return None
    try:
        return date.fromisoformat(case.texte)
    except ValueError:
        return ecritures.day_of(case.texte, mois)


def month(case: Case) -> Month:
    """Un mois : « 11/2026 », « 2026-11 », « novembre 2026 », ou une date quelconque de ce mois."""
    found = _spreadsheet_day(case)
    if found is not None:
        return Month.of(found)
    told = ecritures.month_of(case.texte)
    if told is not None:
        return told
    written = _MONTH_FR.fullmatch(case.texte)
    try:
        return Month(int(written[2]), int(written[1])) if written else Month.parse(case.texte)
    except ValueError as error:
        raise UnreadableError("un mois, écrit mm/aaaa", "mois-illisible") from error


def yes(case: Case | None) -> bool:
    """« oui » ; « non » ou vide veulent dire non."""
    text = "" if case is None else case.texte.casefold()
    if text in ("oui", "x", "o"):
        return True
    if text in ("", "non", "n"):
        return False
    raise UnreadableError("« oui », « non » ou rien", "oui-illisible")


def digits(text: str) -> str:
    """Les seuls chiffres d'un numéro, sans ses espaces."""
    return "".join(char for char in text if char.isdecimal())


def strange(text: str) -> bool:
    """Vrai si un texte cache des caractères de commande, invisibles, ou de sens d'écriture."""
    return any(char in _INVISIBLE or (unicodedata.category(char) == "Cc" and char not in "\t\n\r") for char in text)
