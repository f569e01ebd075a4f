"""Un graphique en barres, dessiné au serveur : des nombres entiers, un titre, une description, aucun script.

Le tableau qui l'accompagne dit les mêmes chiffres : le graphique se regarde, il n'est jamais seul à dire.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from payroll.money import format_amount

LARGEUR, HAUTEUR = 960, 320
_GAUCHE, _DROITE, _HAUT, _BAS = 96, 8, 12, 34
_REPERES = 5
_PAS = (1, 2, 5)
_LARGE = 60
"""Pixels d'un groupe en deçà desquels une étiquette sur deux se tait."""


@dataclass(frozen=True, slots=True)
class Barre:
    x: int
    y: int
    largeur: int
    hauteur: int


@dataclass(frozen=True, slots=True)
class Groupe:
    """Deux barres côte à côte : la référence, la simulation."""

    etiquette: str
    milieu: int
    reference: Barre
    simulation: Barre


@dataclass(frozen=True, slots=True)
class Graphique:
    """Ce que le gabarit dessine."""

    groupes: tuple[Groupe, ...]
    reperes: tuple[tuple[int, str], ...]
    """(ordonnée, montant)."""
    base: int
    description: str


def barres(valeurs: Sequence[tuple[str, int, int]], quoi: str) -> Graphique:
    """Les barres de ces valeurs (étiquette, référence, simulation, en centimes positifs), depuis zéro.

    >>> barres([("janv.", 100_00, 200_00)], "coût").reperes[-1]
    (12, '200 €')
    """
    top = max((max(reference, simulation) for _, reference, simulation in valeurs), default=0)
    step = _step(top)
    ceiling = max(step, -(-top // step) * step)
    height = HAUTEUR - _HAUT - _BAS
    width = (LARGEUR - _GAUCHE - _DROITE) // max(len(valeurs), 1)
    bar = max(2, min(width * 2 // 5, 40))

    def at(x: int, cents: int) -> Barre:
        tall = max(cents, 0) * height // ceiling
        return Barre(x, _HAUT + height - tall, bar, tall)

    groups = []
    for rank, (label, reference, simulation) in enumerate(valeurs):
        middle = _GAUCHE + rank * width + width // 2
        shown = label if width >= _LARGE or rank % (_LARGE // max(width, 1) + 1) == 0 else ""
        groups.append(Groupe(shown, middle, at(middle - bar, reference), at(middle, simulation)))
    marks = [(_HAUT + height - mark * height // ceiling, _euros(mark)) for mark in range(0, ceiling + 1, step)]
    return Graphique(tuple(groups), tuple(marks), _HAUT + height, _told(valeurs, quoi))


def _step(top: int) -> int:
    """Un pas rond, en centimes, qui donne au plus cinq repères."""
    unit = 100
    while True:
        for factor in _PAS:
            if factor * unit * _REPERES >= top:
                return factor * unit
        unit *= 10


def _euros(cents: int) -> str:
    return f"{format_amount(cents).removesuffix(',00')} €"


def _told(valeurs: Sequence[tuple[str, int, int]], quoi: str) -> str:
    if not valeurs:
        return f"Aucune valeur de {quoi}."
    first, last = valeurs[0], valeurs[-1]
    gap = sum(simulation - reference for _, reference, simulation in valeurs)
    return (
        f"{quoi.capitalize()}, de {first[0]} à {last[0]}. Référence : de {_euros(first[1])} à {_euros(last[1])}. "
        f"Simulation : de {_euros(first[2])} à {_euros(last[2])}. Écart en tout : {_euros(gap)}. "
        "Le tableau qui suit donne chaque valeur."
    )
