"""La lecture des valeurs d'un message : dates, montants, quantités, taux ; ``None`` pour ce qui ne se lit pas.

Le pendant de ``dsn.amounts``. Une valeur illisible n'arrête rien : les contrôles la signalent, qui lit s'en passe.
"""

from __future__ import annotations

import re
from datetime import date

_DECIMAL = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,4}))?")


def jour(text: str | None) -> date | None:
    """``JJMMAAAA`` → date."""
    if not text or len(text) != 8 or not text.isdecimal() or not text.isascii():
        return None
    try:
        return date(int(text[4:]), int(text[2:4]), int(text[:2]))
    except ValueError:
        return None


def centiemes(text: str | None) -> int | None:
    """``1234.56`` → centimes (ou centièmes d'heure) ; ``None`` au-delà de deux décimales."""
    return _scaled(text, 2)


def taux_ppm(text: str | None) -> int | None:
    """Un pour-cent (``9.88``) → millionièmes."""
    return _scaled(text, 4)


def _scaled(text: str | None, decimals: int) -> int | None:
    found = _DECIMAL.fullmatch(text or "")
    if not found:
        return None
    sign, whole, rest = found[1], found[2], (found[3] or "")
    if rest[decimals:].strip("0"):
        return None
    value = int(whole + rest[:decimals].ljust(decimals, "0"))
    return -value if sign else value
