"""Altérer un message par de courtes phrases : « 40#2.020=120 », « 40#2.020- », « -53#1 », « +62@40#1 001=… »."""

from __future__ import annotations

import re

from dsn.controls.scope import full
from dsn.message import Block, Field, Message
from dsn.norm import load

_FIELD = re.compile(r"(?P<bloc>[\w.]+)#(?P<rang>\d+)\.(?P<suffixe>\d{3})(?P<op>=|-)(?P<valeur>.*)", re.DOTALL)
_REMOVE = re.compile(r"-(?P<bloc>[\w.]+)#(?P<rang>\d+)")
_ADD = re.compile(r"\+(?P<bloc>[\w.]+)@(?P<parent>[\w.]+)#(?P<rang>\d+) (?P<rubriques>.*)")
_PAIR = re.compile(r"(\d{3})=((?:(?! \d{3}=).)*)")


def mutate(message: Message, phrase: str) -> None:
    """Applique une altération ; une phrase qui ne s'applique pas est une faute de l'essai."""
    if added := _ADD.fullmatch(phrase):
        pairs = _PAIR.findall(added["rubriques"])
        fields = [Field(f"{full(added['bloc'])}.{suffix}", value, 9_999) for suffix, value in pairs]
        _nth(message, added["parent"], int(added["rang"])).children.append(Block(full(added["bloc"]), fields))
    elif removed := _REMOVE.fullmatch(phrase):
        target = _nth(message, removed["bloc"], int(removed["rang"]))
        for block in message.walk():
            block.children = [child for child in block.children if child is not target]
    elif changed := _FIELD.fullmatch(phrase):
        block = _nth(message, changed["bloc"], int(changed["rang"]))
        _change(block, changed["suffixe"], changed["op"], changed["valeur"])
    else:
        raise ValueError(phrase)


def _nth(message: Message, block: str, rank: int) -> Block:
    return [item for item in message.walk() if item.id == full(block)][rank - 1]


def _change(block: Block, suffix: str, operation: str, value: str) -> None:
    entry = block.entry(suffix)
    if operation == "-":
        assert entry is not None
        block.fields.remove(entry)
    elif entry is not None:
        entry.value = value
    else:
        block.fields.append(Field(f"{block.id}.{suffix}", value, block.line))
        order = load("P25V01").rubriques
        block.fields.sort(key=lambda item: order[item.rubrique].ordre)
