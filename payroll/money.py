"""L'argent et les taux : centimes entiers, taux en millionièmes, une seule règle d'arrondi.

Un montant est un ``int`` de centimes d'euro (ou un tableau NumPy ``int64`` de centimes). Un taux est un ``int`` de
millionièmes : 11,10 % = 111 000. Aucun ``float`` n'entre ici : un texte français est lu par :func:`parse_amount`,
un texte décimal exact par :func:`parse_rate`.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import overload

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64]
"""Une colonne du moteur : un entier de 64 bits par agent du lot."""

PPM = 1_000_000
"""Un taux de 100 % en millionièmes."""

_NBSP = "\u202f"  # espace fine insécable : séparateur français des milliers
_SPACES = re.compile(r"[\s\u00a0\u202f]+")
_AMOUNT = re.compile(r"[+-]?\d{1,12}(?:[.,]\d{1,2})?")


class AmountError(ValueError):
    """Le texte n'est pas un montant français lisible sans deviner."""


@overload
def round_half_up(numerator: int, denominator: int) -> int: ...
@overload
def round_half_up(numerator: Column, denominator: int | Column) -> Column: ...
@overload
def round_half_up(numerator: int, denominator: Column) -> Column: ...
def round_half_up(numerator: int | Column, denominator: int | Column) -> int | Column:
    """Arrondit ``numerator / denominator`` à l'entier, demi à l'écart de zéro : la seule règle d'arrondi du projet.

    ``denominator`` est strictement positif. Exact : aucun nombre flottant.

    >>> round_half_up(5, 10), round_half_up(-5, 10), round_half_up(4, 10)
    (1, -1, 0)
    """
    if isinstance(numerator, int) and isinstance(denominator, int):
        quotient = (2 * abs(numerator) + denominator) // (2 * denominator)
        return -quotient if numerator < 0 else quotient
    magnitude = (2 * np.abs(numerator) + denominator) // (2 * denominator)
    return np.asarray(np.where(np.asarray(numerator) < 0, -magnitude, magnitude), dtype=np.int64)


@overload
def apply_rate(cents: int, ppm: int) -> int: ...
@overload
def apply_rate(cents: Column, ppm: int | Column) -> Column: ...
@overload
def apply_rate(cents: int, ppm: Column) -> Column: ...
def apply_rate(cents: int | Column, ppm: int | Column) -> int | Column:
    """Applique un taux en millionièmes à des centimes : assiette × taux, arrondi au centime.

    >>> apply_rate(180174, 111000)
    19999
    """
    return round_half_up(cents * ppm, PPM)


def parse_amount(text: str) -> int:
    """Lit un montant écrit à la française (« 1 234,56 ») ou en décimal (« 1234.56 ») ; rend des centimes.

    Lève :class:`AmountError` pour tout ce qui demanderait de deviner (trois décimales, « 1,234.56 », texte).

    >>> parse_amount("1 234,5")
    123450
    """
    compact = _SPACES.sub("", text).removesuffix("€")
    if not _AMOUNT.fullmatch(compact):
        raise AmountError(text)
    return int(Decimal(compact.replace(",", ".")).scaleb(2))


def parse_rate(text: str) -> int:
    """Lit un taux en fraction de 1 (« 0.1110 ») et rend des millionièmes exacts.

    Lève ``ValueError`` si le taux demande plus de six décimales : il faut alors le tenir en fraction.

    >>> parse_rate("0.1110")
    111000
    """
    return _exact_int(text, 6)


def parse_percent(text: str) -> int:
    """Lit un pourcentage (« 1.62 » ou « 1,62 ») et rend des millionièmes exacts.

    >>> parse_percent("1,62")
    16200
    """
    return _exact_int(_SPACES.sub("", text).removesuffix("%").replace(",", "."), 4)


def _exact_int(text: str, decimals: int) -> int:
    try:
        scaled = Decimal(text).scaleb(decimals)
    except InvalidOperation as error:
        raise ValueError(f"« {text} » n'est pas un nombre décimal") from error
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise ValueError(f"« {text} » a plus de {decimals} décimales")
    return int(scaled)


def format_amount(cents: int) -> str:
    """Écrit des centimes à la française : espace fine pour les milliers, virgule, deux décimales.

    >>> format_amount(-123456).replace(chr(0x202F), " ")
    '-1 234,56'
    """
    sign = "-" if cents < 0 else ""
    euros, rest = divmod(abs(cents), 100)
    return f"{sign}{euros:,}".replace(",", _NBSP) + f",{rest:02d}"


def format_decimal(cents: int) -> str:
    """Écrit des centimes en décimal à point (DSN, cas YAML) : ``-1234.56``."""
    sign = "-" if cents < 0 else ""
    euros, rest = divmod(abs(cents), 100)
    return f"{sign}{euros}.{rest:02d}"


def format_percent(ppm: int) -> str:
    """Écrit un taux en pourcentage français : au moins deux décimales, sans zéro superflu au-delà.

    >>> format_percent(111000), format_percent(160)
    ('11,10\xa0%', '0,016\xa0%')
    """
    sign = "-" if ppm < 0 else ""
    whole, rest = divmod(abs(ppm), 10_000)
    decimals = f"{rest:04d}".rstrip("0").ljust(2, "0")
    return f"{sign}{whole},{decimals}\u00a0%"
