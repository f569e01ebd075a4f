"""Les façons d'écrire d'une personne : « 3 novembre », « 03.11.26 », « 7h30 », « 1.250,50 € », « néant ».

Chacune n'a qu'un sens. Ce qui en a deux (« 1,234.50 », « 3/13/2026 ») reste refusé par :mod:`payroll.intake.values`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from payroll.money import round_half_up
from payroll.periods import Month

_MOIS = (
    "janvier", "fevrier", "mars", "avril", "mai", "juin",
    "juillet", "aout", "septembre", "octobre", "novembre", "decembre",
)  # fmt: skip
_ABREGES = {"janv": 1, "fevr": 2, "fev": 2, "avr": 4, "juil": 7, "sept": 9, "oct": 10, "nov": 11, "dec": 12}
_JOUR_CHIFFRES = re.compile(r"(\d{1,2})\s*[/.\-\s]\s*(\d{1,2})(?:\s*[/.\-\s]\s*(\d{4}|\d{2}))?")
_JOUR_LETTRES = re.compile(
    r"(?:(?:lun|mar|mercre|jeu|vendre|same)di\s+|dimanche\s+)?(\d{1,2}|1er)\s+([a-z]+)\.?(?:\s+(\d{4}|\d{2}))?"
)
_MOIS_LETTRES = re.compile(r"([a-z]+)\.?\s+(\d{4})")
_DUREE = re.compile(r"(\d{1,3})\s*(?:h|heures?|:)\s*(?:([0-5]?\d)\s*(?:mn|min|minutes?)?)?(?::00)?")
_HEURES = re.compile(r"([\d\s.,]+?)\s*(?:h|heures?)")
_EUROS = re.compile(r"(.+?)\s*(?:€|euros?|eur)")
_MILLIERS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+,\d{1,2}")
_RIEN = frozenset({"neant", "ras", "rien", "aucun", "aucune"})


def flat(text: str) -> str:
    """Sans accent, en minuscules, espaces (même insécables) réduites à une.

    >>> flat(" 3\\u00a0 Décembre ")
    '3 decembre'
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(char for char in decomposed if not unicodedata.combining(char)).split())


def nothing(text: str) -> bool:
    """Vrai pour ce qu'on écrit au lieu de laisser vide : « néant », « RAS », un ou des tirets.

    >>> nothing("R.A.S."), nothing("—"), nothing("0")
    (True, True, False)
    """
    plain = flat(text).replace(".", "")
    return plain in _RIEN or (bool(plain) and set(plain) <= set("-–—/_"))


def day_of(text: str, mois: Month) -> date | None:
    """Le jour écrit « 3/11/26 », « 03.11.2026 » ou « 3 novembre » ; sans année, celle qui l'approche le plus du mois.

    >>> day_of("28 décembre", Month(2027, 1)), day_of("3/13/2026", Month(2026, 11))
    (datetime.date(2026, 12, 28), None)
    """
    plain = flat(text)
    digits, letters = _JOUR_CHIFFRES.fullmatch(plain), _JOUR_LETTRES.fullmatch(plain)
    if digits:
        number, month, year = int(digits[1]), int(digits[2]), digits[3]
    elif letters:
        number, month, year = int(letters[1].removesuffix("er")), _month_number(letters[2]), letters[3]
    else:
        return None
    years = [int(year) + (2000 if len(year) == 2 else 0)] if year else [mois.year, mois.year - 1, mois.year + 1]
    found = [day for day in (_date(value, month, number) for value in years) if day is not None]
    return min(found, key=lambda day: abs((day - mois.first_day).days), default=None)


def month_of(text: str) -> Month | None:
    """Le mois écrit « novembre 2026 » ou « nov. 2026 »."""
    found = _MOIS_LETTRES.fullmatch(flat(text))
    number = _month_number(found[1]) if found else 0
    return Month(int(found[2]), number) if found and number else None


def hours_of(text: str) -> int | None:
    """Une durée écrite « 7h30 », « 7 h 30 min », « 7:30 » ou « 7 h », en centièmes d'heure arrondis ; sinon rien.

    >>> hours_of("7h30"), hours_of("1 h 20"), hours_of("07:30:00"), hours_of("7h75")
    (750, 133, 750, None)
    """
    found = _DUREE.fullmatch(flat(text))
    if found is None:
        return None
    return int(found[1]) * 100 + round_half_up(int(found[2] or 0) * 100, 60)


def bare(text: str, *, heures: bool) -> str:
    """Un nombre sans son unité (« 12,50 euros », « 2,5 h ») ni ses points de milliers (« 1.250,50 »).

    >>> bare("1.250,50 €", heures=False), bare("2,5 h", heures=True), bare("2,5 h", heures=False)
    ('1250,50', '2,5', '2,5 h')
    """
    plain = flat(text)
    unit = (_HEURES if heures else _EUROS).fullmatch(plain)
    number = unit[1].strip() if unit else plain
    return number.replace(".", "") if _MILLIERS.fullmatch(number) else number


def _month_number(name: str) -> int:
    """Le rang d'un mois en toutes lettres ou abrégé ; zéro s'il n'en est pas un."""
    return _MOIS.index(name) + 1 if name in _MOIS else _ABREGES.get(name, 0)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
