"""Le registre des contrôles : chaque contrôle est une petite fonction à côté de son identifiant.

La gravité et les natures de déclaration viennent des données de la norme : un contrôle qui n'y figure pas ne
s'exécute pas. Ajouter un contrôle, c'est écrire une fonction et la décorer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from dsn.anomalies import Anomaly
from dsn.controls.scope import Node, Scope

BlockControl = Callable[[Node, Scope], str | None]
DeclarationControl = Callable[[Scope], Iterable[tuple[Node, str]]]


@dataclass(frozen=True, slots=True)
class Entry:
    """Un contrôle inscrit : rubrique, code, et la fonction qui rend les constats."""

    rubrique: str
    code: str
    run: DeclarationControl


_ENTRIES: dict[tuple[str, str], Entry] = {}


def register(rubrique: str, code: str, run: DeclarationControl) -> None:
    """Inscrit un contrôle ; deux fois le même identifiant est une faute de programmation."""
    if (rubrique, code) in _ENTRIES:
        raise ValueError(f"Contrôle inscrit deux fois : {rubrique} {code}")
    _ENTRIES[(rubrique, code)] = Entry(rubrique, code, run)


def on_block(rubrique: str, code: str) -> Callable[[BlockControl], BlockControl]:
    """Inscrit une fonction appelée pour chaque bloc de la rubrique ; elle rend un message ou ``None``."""

    def decorate(function: BlockControl) -> BlockControl:
        def run(scope: Scope) -> Iterator[tuple[Node, str]]:
            for item in scope.all(rubrique[:10]):
                message = function(item, scope)
                if message:
                    yield item, message

        register(rubrique, code, run)
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


def run_all(scope: Scope) -> Iterator[Anomaly]:
    """Les anomalies de tous les contrôles que la norme applique à la nature de la déclaration."""
    for entry in entries():
        known = scope.norm.controles.get((entry.rubrique, entry.code))
        if known is None or scope.nature not in known.natures:
            continue
        for item, message in entry.run(scope):
            yield Anomaly(item.line(entry.rubrique), entry.rubrique, entry.code, known.blocking, message)
