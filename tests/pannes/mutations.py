"""Abîmer un vrai fichier de mille façons, toujours les mêmes pour une même graine."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable

Mutation = Callable[[bytes, random.Random], bytes]

_POISONS = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"'", b'"', b";", b"\r\n", b"=cmd|'/c calc'!A1", b"1E400", b"-0",
    b"99999999999999999999", b"31/02/2026", "\u202e".encode(), b"&lol;", b"<", b"]]>", b"%s%n", b"../../etc/passwd",
)  # fmt: skip


def _place(content: bytes, dice: random.Random) -> int:
    return dice.randrange(len(content) + 1)


def flip(content: bytes, dice: random.Random) -> bytes:
    """Quelques octets changés."""
    data = bytearray(content)
    for _ in range(dice.randint(1, 8)):
        if data:
            data[dice.randrange(len(data))] = dice.randrange(256)
    return bytes(data)


def cut(content: bytes, dice: random.Random) -> bytes:
    """Un fichier coupé, au début ou à la fin."""
    place = _place(content, dice)
    return content[:place] if dice.random() < 0.7 else content[place:]


def remove(content: bytes, dice: random.Random) -> bytes:
    """Un morceau ôté."""
    start = _place(content, dice)
    return content[:start] + content[start + dice.randint(1, 200) :]


def repeat(content: bytes, dice: random.Random) -> bytes:
    """Un morceau répété."""
    start = _place(content, dice)
    return content[:start] + content[start : start + dice.randint(1, 200)] * dice.randint(2, 5) + content[start:]


def poison(content: bytes, dice: random.Random) -> bytes:
    """Un morceau de poison connu, glissé quelque part."""
    start = _place(content, dice)
    return content[:start] + dice.choice(_POISONS) + content[start + dice.randint(0, 6) :]


def swap_lines(content: bytes, dice: random.Random) -> bytes:
    """Deux lignes échangées."""
    lines = content.split(b"\n")
    one, two = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"\n".join(lines)


BYTES: tuple[Mutation, ...] = (flip, cut, remove, repeat, poison, swap_lines)


def inside_zip(content: bytes, dice: random.Random) -> bytes:
    """Une pièce d'un classeur abîmée, l'archive restant juste : le défaut va plus loin que la porte."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = dice.choice(sorted(parts))
    parts[name] = dice.choice(BYTES)(parts[name], dice)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    return out.getvalue()


def mutate(content: bytes, dice: random.Random) -> bytes:
    """Un fichier abîmé une à trois fois ; un classeur l'est le plus souvent de l'intérieur."""
    zipped = content[:2] == b"PK"
    if zipped and dice.random() < 0.8:
        return inside_zip(content, dice)
    for _ in range(dice.randint(1, 3)):
        content = dice.choice(BYTES)(content, dice)
    return content
