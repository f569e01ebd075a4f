"""Le registre des contrôles : chaque contrôle est une petite fonction à côté de son identifiant.

La gravité et les natures de déclaration viennent des données de la norme : un contrôle qui n'y figure pas ne
s'exécute pas. Ajouter un contrôle, c'est écrire une fonction et la décorer, ou une règle dans ``regles_*.yaml``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from dsn.anomalies import Anomaly
from dsn.controls.scope import Node, Scope
from dsn.norm import Controle, load

BlockControl = Callable[[Node, Scope], str | None]
DeclarationControl = Callable[[Scope], Iterable[tuple[Node, str]]]


@dataclass(frozen=True, slots=True)
class Entry:
    """Un contrôle inscrit : rubrique, code, la fonction qui rend les constats, et le fichier où il est écrit."""

    rubrique: str
    code: str
    run: DeclarationControl
    place: str


_ENTRIES: dict[tuple[str, str], Entry] = {}


def register_entry(entry: Entry) -> None:
    """Inscrit un contrôle ; deux fois le même identifiant est une faute de programmation."""
    key = (entry.rubrique, entry.code)
    if key in _ENTRIES:
        raise ValueError(f"Contrôle inscrit deux fois : {entry.rubrique} {entry.code}")
    _ENTRIES[key] = entry
    _applicable.cache_clear()


def register(rubrique: str, code: str, run: DeclarationControl, source: Callable[..., object] | None = None) -> None:
    """Inscrit une fonction ; ``source`` : celle qui dit où le contrôle est écrit, si ce n'est pas ``run``."""
    place = (source or run).__module__.replace(".", "/") + ".py"
    register_entry(Entry(rubrique, code, run, place))


def on_block(
    rubrique: str, code: str, quand: tuple[str, Collection[str]] | None = None
) -> Callable[[BlockControl], BlockControl]:
    """Inscrit une fonction appelée pour chaque bloc de la rubrique ; elle rend un message ou ``None``.

    ``quand`` : (rubrique du bloc, valeurs) sans lesquelles le contrôle n'a rien à dire ; les autres blocs ne lui sont
    pas montrés, ce qui épargne l'essentiel du temps.
    """

    def decorate(function: BlockControl) -> BlockControl:
        block = rubrique[:10]
        trigger = f"{block}.{quand[0]}" if quand else ""
        values = frozenset(quand[1]) if quand else frozenset()

        def run(scope: Scope) -> Iterator[tuple[Node, str]]:
            for item in scope.valued(trigger, values) if trigger else scope.all(block):
                message = function(item, scope)
                if message:
                    yield item, message

        register(rubrique, code, run, function)
        return function

    return decorate


def on_field(rubrique: str, code: str) -> Callable[[BlockControl], BlockControl]:
    """Comme ``on_block``, pour les seuls blocs où la rubrique est présente."""

    def decorate(function: BlockControl) -> BlockControl:
        def run(scope: Scope) -> Iterator[tuple[Node, str]]:
            for item in scope.having(rubrique):
                message = function(item, scope)
                if message:
                    yield item, message

        register(rubrique, code, run, function)
        return function

    return decorate


def on_declaration(rubrique: str, code: str) -> Callable[[DeclarationControl], DeclarationControl]:
    """Inscrit une fonction appelée une fois par déclaration ; elle rend des (bloc, message)."""

    def decorate(function: DeclarationControl) -> DeclarationControl:
        register(rubrique, code, function)
        return function

    return decorate


def entries() -> tuple[Entry, ...]:
    """Les contrôles inscrits, par rubrique puis code."""
    return tuple(_ENTRIES[key] for key in sorted(_ENTRIES))


@lru_cache(maxsize=64)
def _applicable(version: str, nature: str) -> tuple[tuple[Entry, Controle], ...]:
    """Les contrôles que la norme applique à une nature de déclaration."""
    known = load(version).controles
    pairs = ((entry, known.get((entry.rubrique, entry.code))) for entry in entries())
    return tuple((entry, control) for entry, control in pairs if control and nature in control.natures)


def run_all(scope: Scope) -> Iterator[Anomaly]:
    """Les anomalies de tous les contrôles que la norme applique à la nature de la déclaration."""
    for entry, control in _applicable(scope.norm.version, scope.nature):
        for item, message in entry.run(scope):
            yield Anomaly(item.line(entry.rubrique), entry.rubrique, entry.code, control.blocking, message)
