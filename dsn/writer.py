"""L'écriture d'un message : ISO 8859-1, une rubrique par ligne, S90 recompté (CT2025.1.3 §3.4 et S90)."""

from __future__ import annotations

from collections.abc import Iterator

from dsn import charset
from dsn.anomalies import Anomaly
from dsn.message import Block, Field, Message
from dsn.norm import Norm, load, versions

TOTAL = "S90.G00.90"


def write(message: Message) -> bytes:
    """Les octets du message ; voir ``render`` pour les caractères remplacés."""
    return render(message)[0]


def render(message: Message) -> tuple[bytes, list[Anomaly]]:
    """Les octets du message, et une anomalie non bloquante par rubrique dont un caractère a été remplacé.

    Blocs et rubriques sont mis dans l'ordre de la norme ; S90 est recompté ; chaque rubrique reçoit son numéro de
    ligne. Un message conforme lu puis écrit donne les mêmes octets.
    """
    arrange(message)
    anomalies: list[Anomaly] = []
    lines: list[bytes] = []
    for block in message.walk():
        for item in block.fields:
            value, notes = (item.value, ()) if _plain(item.value) else charset.clean(item.value)
            if notes:
                anomalies.append(Anomaly(item.line, item.rubrique, "GEN-06", False, _explain(notes)))
            lines.append(f"{item.rubrique},'{value}'".encode("latin-1"))
    return b"".join(line + message.end_of_line for line in lines), anomalies


def arrange(message: Message) -> None:
    """Met le message en ordre, recompte S90 et numérote les lignes, comme l'écriture le fera."""
    norm = message.norm() or load(versions()[-1])
    for root in message.roots():
        _order(root, norm)
    message.total = _total(message)
    for number, item in enumerate(_fields(message), start=1):
        item.line = number


def _plain(value: str) -> bool:
    return all(charset.allowed(character) for character in value)


def _explain(notes: tuple[str, ...]) -> str:
    return f"Caractères hors de la table permise, remplacés à l'écriture : {', '.join(notes)}."


def _order(block: Block, norm: Norm) -> None:
    block.fields.sort(key=lambda item: norm.rubriques[item.rubrique].ordre if item.rubrique in norm.rubriques else 999)
    block.children.sort(key=lambda child: norm.blocs[child.id].ordre if child.id in norm.blocs else 999)
    for child in block.children:
        _order(child, norm)


def _total(message: Message) -> Block:
    """Le bloc S90 recompté ; une valeur lue déjà juste garde son écriture (« 00488 »)."""
    counts = (message.count_rubriques() + 2, len(message.declarations))
    read = message.total
    fields = []
    for suffix, count in zip(("001", "002"), counts, strict=True):
        value = read.get(suffix) if read else None
        same = value is not None and value.isdecimal() and int(value) == count
        fields.append(Field(f"{TOTAL}.{suffix}", value if same and value else str(count)))
    return Block(TOTAL, fields)


def _fields(message: Message) -> Iterator[Field]:
    for block in message.walk():
        yield from block.fields
