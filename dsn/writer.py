"""L'écriture d'un message : ISO 8859-1, une rubrique par ligne, S90 recompté (CT2025.1.3 §3.4 et S90)."""

from __future__ import annotations

from itertools import pairwise
from operator import add

from dsn import charset
from dsn.anomalies import Anomaly
from dsn.message import Block, Field, Message
from dsn.norm import Norm, load, versions

TOTAL = "S90.G00.90"
_LAST = 999


def write(message: Message) -> bytes:
    """Les octets du message ; voir ``render`` pour les caractères remplacés."""
    return render(message)[0]


def render(message: Message) -> tuple[bytes, list[Anomaly]]:
    """Les octets du message, et une anomalie non bloquante par rubrique dont un caractère a été remplacé.

    Blocs et rubriques sont mis dans l'ordre de la norme ; S90 est recompté ; chaque rubrique reçoit son numéro de
    ligne. Un message conforme lu puis écrit donne les mêmes octets.
    """
    arrange(message)
    prefixes: list[str] = []
    values: list[str] = []
    for block in message.walk():
        if block.shape is not None:
            prefixes.extend(block.shape.prefixes)
            values.extend(block.raw)
        else:
            prefixes.extend([f"{item.rubrique},'" for item in block.fields])
            values.extend([item.value for item in block.fields])
    anomalies: list[Anomaly] = []
    if not charset.plain("".join(values)):
        for place, value in enumerate(values):
            values[place], notes = charset.transliterate(value)
            if notes:
                rubrique = prefixes[place][:-2]
                anomalies.append(Anomaly(place + 1, rubrique, "GEN-06", False, _explain(notes)))
    closing = "'" + message.end_of_line.decode("ascii")
    text = closing.join(map(add, prefixes, values)) + closing if values else ""
    return text.encode("latin-1"), anomalies


def arrange(message: Message) -> None:
    """Met le message en ordre, recompte S90 et numérote les lignes, comme l'écriture le fera."""
    norm = message.norm() or load(versions()[-1])
    for root in message.roots():
        _order(root, norm)
    message.total = _total(message)
    number = 1
    for block in message.walk():
        number = block.number(number)


def _explain(notes: tuple[str, ...]) -> str:
    return f"Caractères hors de la table permise, remplacés à l'écriture : {', '.join(notes)}."


def _order(root: Block, norm: Norm) -> None:
    """Trie rubriques et enfants ; un bloc lu d'un trait a déjà ses rubriques dans l'ordre."""
    codes, blocs = norm.table.codes, norm.blocs
    for block in root.walk():
        if block.shape is None:
            block.fields.sort(key=lambda item: codes.get(item.rubrique, _LAST * 1_000))
        children = block.children if block.has_children() else []
        if len(children) > 1:
            ranks = [blocs[child.id].ordre if child.id in blocs else _LAST for child in children]
            if any(left > right for left, right in pairwise(ranks)):
                children.sort(key=lambda child: blocs[child.id].ordre if child.id in blocs else _LAST)


def _total(message: Message) -> Block:
    """Le bloc S90 recompté ; une valeur lue déjà juste garde son écriture (« 00488 »)."""
    counts = (message.count_rubriques() + 2, len(message.declarations))
    read = message.total
    fields = []
    for suffix, count in zip(("001", "002"), counts, strict=True):
        value = read.get(suffix) if read else None
        same = value is not None and value.lstrip("0") == str(count)
        fields.append(Field(f"{TOTAL}.{suffix}", value if same and value else str(count)))
    return Block(TOTAL, fields)
