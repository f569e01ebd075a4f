"""Les contrôles des changements d'individu et de contrat (31, 41), selon les principes du §4.4.14 (p.101-104)."""

from __future__ import annotations

from collections.abc import Iterator

from dsn.controls.registry import on_block, on_declaration, on_field
from dsn.controls.scope import Node, Scope

CINEMATIQUE = frozenset({"001", "028"})
IDENTIFIANTES = frozenset({"012", "014", "021", "054"})
"""Le tableau p.102-104 ; toute autre rubrique du bloc 41 est une modalité."""


def modalites(item: Node) -> list[str]:
    """Les modalités du contrat dont le bloc 41 dit l'ancienne valeur."""
    return [suffix for suffix in item.values if suffix not in CINEMATIQUE | IDENTIFIANTES]


def _identifies(item: Node) -> bool:
    return not IDENTIFIANTES.isdisjoint(item.values)


@on_block("S21.G00.31.001", "CCH-12")
def changement_individu_vide(item: Node, _scope: Scope) -> str | None:
    """Pas de bloc 31 réduit à sa date."""
    return "Ce changement d'individu ne dit aucune ancienne valeur." if set(item.values) == {"001"} else None


@on_block("S21.G00.41.001", "CCH-12")
def changement_contrat_vide(item: Node, _scope: Scope) -> str | None:
    """Pas de bloc 41 réduit à sa date."""
    return "Ce changement de contrat ne dit aucune ancienne valeur." if set(item.values) == {"001"} else None


@on_block("S21.G00.41.001", "CCH-13")
def une_modalite(item: Node, _scope: Scope) -> str | None:
    """Principe (a) : une modalité par bloc."""
    return (
        "Un bloc Changement ne porte qu'une modalité : faites-en un par modalité." if len(modalites(item)) > 1 else None
    )


@on_block("S21.G00.41.001", "CCH-14")
def changement_sans_valeur(item: Node, _scope: Scope) -> str | None:
    """Pas de bloc 41 réduit à sa date et à la profondeur de recalcul."""
    return "Ce changement de contrat ne dit aucune ancienne valeur." if set(item.values) == {"001", "028"} else None


@on_block("S21.G00.41.001", "CCH-16")
def identifiant_ou_modalite(item: Node, _scope: Scope) -> str | None:
    """Principe (b) : pas d'identifiant et de modalité ensemble."""
    if _identifies(item) and modalites(item):
        return "Un bloc Changement porte soit une donnée identifiante, soit une modalité, pas les deux."
    return None


@on_declaration("S21.G00.41.028", "CCH-11")
def profondeur_la_plus_ancienne(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Principe (c) : la profondeur figure une fois, dans le plus ancien changement d'une modalité du contrat."""
    for contract in scope.all("40"):
        by_kind: dict[str, list[Node]] = {}
        for change in contract.kids("41"):
            for kind in modalites(change):
                by_kind.setdefault(kind, []).append(change)
        for changes in by_kind.values():
            yield from _depth(changes)


def _depth(changes: list[Node]) -> Iterator[tuple[Node, str]]:
    dates = [found for change in changes if (found := change.day("001")) is not None]
    if len(dates) < len(changes):
        return
    oldest = [change for change in changes if change.day("001") == min(dates)]
    carriers = [change for change in oldest if change.get("028")]
    if not carriers:
        yield oldest[0], "Le plus ancien changement de cette modalité porte la profondeur de recalcul (41.028)."
    yield from ((change, "La profondeur de recalcul ne figure qu'une fois par modalité.") for change in carriers[1:])
    for change in changes:
        if change not in oldest and change.get("028"):
            yield change, "Seul le plus ancien changement de cette modalité porte la profondeur de recalcul (41.028)."


@on_field("S21.G00.41.028", "CCH-12")
def profondeur_sans_identifiant(item: Node, _scope: Scope) -> str | None:
    """Principe (d) : pas de profondeur pour une donnée identifiante."""
    return "Pas de profondeur de recalcul pour une donnée identifiante." if _identifies(item) else None


@on_field("S21.G00.41.028", "CCH-13")
def profondeur_premier_du_mois(item: Node, _scope: Scope) -> str | None:
    """Le premier jour d'un mois, ou le début du contrat."""
    depth = item.day("028")
    begun = item.parent.day("001") if item.parent else None
    if depth and depth.day != 1 and depth != begun:
        return "La profondeur de recalcul est le premier jour d'un mois ou le début du contrat."
    return None
