"""Les contrôles de forme, produits des données de la norme : longueur, nature, expression régulière, liste."""

from __future__ import annotations

from collections.abc import Iterator
from operator import contains

from dsn.anomalies import Anomaly, quote
from dsn.controls.scope import day
from dsn.message import Block
from dsn.norm import Norm, Rubrique
from dsn.norm.table import SHAPE_LIMIT, Shape

_DIGITS = frozenset("0123456789")
MEMORY_LIMIT = 65_536
"""Valeurs justes retenues par norme : la plupart reviennent à chaque agent. Au-delà, elles sont revérifiées."""


class Memory:
    """Les valeurs déjà reconnues justes, par rubrique ; bornée."""

    __slots__ = ("_shapes", "known", "room")

    def __init__(self, norm: Norm) -> None:
        self.known: dict[str, set[str]] = {rubrique: set() for rubrique in norm.rubriques}
        self.room = MEMORY_LIMIT
        self._shapes: dict[Shape, tuple[set[str], ...]] = {}

    def holds(self, shape: Shape, raw: tuple[str, ...]) -> bool:
        """Vrai si toutes les valeurs d'un bloc lu ont déjà été reconnues justes ; un seul passage, en C."""
        sets = self._shapes.get(shape)
        if sets is None:
            if any(rubrique not in self.known for rubrique in shape.ids):
                return False
            sets = tuple(self.known[rubrique] for rubrique in shape.ids)
            if len(self._shapes) < SHAPE_LIMIT:
                self._shapes[shape] = sets
        return all(map(contains, sets, raw))

    def add(self, rubrique: str, value: str) -> None:
        """Retient une valeur juste, s'il reste de la place."""
        if self.room:
            self.room -= 1
            self.known[rubrique].add(value)


def check_block(block: Block, norm: Norm, memory: Memory) -> Iterator[Anomaly]:
    """Les défauts de forme de chaque rubrique du bloc (CT p.87-91)."""
    if block.shape is not None and memory.holds(block.shape, block.raw):
        return
    known = memory.known
    for rubrique, value, line in block.pairs():
        values = known.get(rubrique)
        if values is None:
            text = f"Rubrique inconnue de la norme {norm.version}."
            yield Anomaly(line, rubrique, "LEC-01", True, text)
        elif value not in values:
            problems = list(_check_value(norm.rubriques[rubrique], value, line, norm))
            if problems:
                yield from problems
            else:
                memory.add(rubrique, value)


def _check_value(known: Rubrique, value: str, line: int, norm: Norm) -> Iterator[Anomaly]:
    def shown() -> str:
        return quote(known.id, value)

    def found(code: str, message: str) -> Anomaly:
        generic = norm.generiques.get(code)
        return Anomaly(line, known.id, code, generic is None or generic.blocking, message)

    if not value.strip():
        yield found("GEN-16", f"« {known.libelle} » est vide : une rubrique sans valeur ne se déclare pas.")
        return
    if value[0] == " " or value[-1] == " ":
        yield found("GEN-22", f"« {known.libelle} » : pas d'espace au début ni à la fin de la valeur {shown()}.")
    if not known.longueur_min <= len(value) <= known.longueur_max:
        expected = (
            f"{known.longueur_min}"
            if known.longueur_min == known.longueur_max
            else f"{known.longueur_min} à {known.longueur_max}"
        )
        yield found("GEN-18", f"« {known.libelle} » : {len(value)} caractères au lieu de {expected} ({shown()}).")
    if known.nature == "N" and not _numeric(value):
        yield found("GEN-19", f"« {known.libelle} » : valeur numérique attendue, reçu {shown()}.")
    if known.nature == "D" and day(value) is None:
        yield found("GEN-20", f"« {known.libelle} » : date JJMMAAAA du calendrier attendue, reçu {shown()}.")
    elif known.regex and not known.regex.fullmatch(value):
        yield found("CSL-00", f"« {known.libelle} » : la valeur {shown()} n'a pas la forme exigée.")
    if known.codes and value not in known.codes:
        yield found("GEN-21", f"« {known.libelle} » : la valeur {shown()} n'est pas dans la liste de {norm.version}.")


def _numeric(value: str) -> bool:
    whole, dot, decimals = value.removeprefix("-").partition(".")
    return bool(whole) and _DIGITS.issuperset(whole + decimals) and bool(decimals or not dot)
