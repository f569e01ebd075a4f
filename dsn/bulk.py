"""Les tranches d'un fichier, et leur découpe d'un trait quand elles sont sans défaut.

Tout se passe dans des opérations du langage qui parcourent la tranche en C ; au moindre doute, ``split`` renonce et la
tranche est relue ligne à ligne par le lecteur. Elle ne décide donc jamais d'une anomalie.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO, cast

CHUNK = 1 << 18
READ_LIMIT = 65_536
"""Octets gardés d'une ligne sans fin : au-delà, ils sont lus et oubliés."""
LINE_LENGTH = 256
_PERMITTED = bytes([0x0A, 0x0D, *range(0x20, 0x7F), *range(0xA0, 0x100)])
_ASCII = bytes(range(0x80))
_UTF8 = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
_VALUE_LENGTH = LINE_LENGTH - len("S21.G00.40.001,''")


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Le contenu par tranches de lignes entières ; une ligne immense est coupée à ``READ_LIMIT`` octets."""
    carry = b""
    while data := stream.read(CHUNK):
        cut = data.rfind(b"\n") + 1
        if cut:
            yield carry + data[:cut]
            carry = data[cut:]
        else:
            carry = (carry + data)[:READ_LIMIT]
    if carry:
        yield carry


def split(raw: bytes, end_of_line: bytes, table: Mapping[str, int]) -> tuple[tuple[int, ...], tuple[str, ...]] | None:
    """Les codes des rubriques et leurs valeurs, ou ``None`` si la tranche n'est pas sans défaut.

    Sans défaut : octets permis, rien qui se lise en UTF-8, mêmes fins de ligne partout, rubriques connues, lignes d'au
    plus 256 caractères, et aucune valeur qui contienne « ,' », seul cas où la découpe serait ambiguë.
    """
    if raw.translate(None, _PERMITTED):
        return None
    if not raw.isascii() and _UTF8.search(raw.translate(None, _ASCII)):
        return None
    text = raw.decode("latin-1")
    lines = text.count("\n")
    joined = text.replace("'" + end_of_line.decode("ascii"), ",'")
    if "\n" in joined or "\r" in joined:
        return None
    flat = joined.split(",'")
    if len(flat) != 2 * lines + 1 or flat[-1]:
        return None
    found = tuple(map(table.get, flat[0:-1:2]))
    values = tuple(flat[1::2])
    if None in found or max(map(len, values), default=0) > _VALUE_LENGTH:
        return None
    return cast("tuple[int, ...]", found), values


def reads_as_utf8(value: bytes) -> bool:
    """Vrai si ces octets forment de l'UTF-8."""
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
