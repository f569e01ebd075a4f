"""Les contrôles de structure, produits des données : ordre, parents, cardinalités, usages, sans individu."""

from __future__ import annotations

from collections.abc import Iterator

from dsn.anomalies import Anomaly
from dsn.message import Block
from dsn.norm import MENSUELLE, Norm
from dsn.norm.table import SHAPE_LIMIT, Shape

SANS_INDIVIDU = frozenset({"02", "05"})
_BLOCS_SANS_INDIVIDU = frozenset(
    {
        "S20.G00.05",
        "S20.G00.07",
        "S20.G00.08",
        "S21.G00.06",
        "S21.G00.11",
        "S21.G00.12",
        "S21.G00.13",
        "S21.G00.15",
        "S21.G00.16",
        "S21.G00.20",
        "S21.G00.22",
        "S21.G00.23",
        "S21.G00.44",
        "S21.G00.55",
        "S21.G00.82",
        "S89.G00.32",
        "S89.G00.33",
        "S89.G00.35",
        "S89.G00.43",
    }
)
"""CT p.65-67 ; S21.G00.12 y est joint parce qu'il dépend de l'établissement et non d'un individu (déduction)."""


def check(root: Block, norm: Norm, nature: str, kind: str = "") -> Iterator[Anomaly]:
    """Les défauts de structure d'une racine ; ``kind`` : le type de déclaration (S20.G00.05.002).

    Une nature dont la norme ne donne pas l'arborescence n'est contrôlée que sur les usages et l'ordre des rubriques.
    """
    if norm.blocs[root.id].parent:
        yield _found(norm, "GEN-10", root, f"Bloc {root.id} sans son bloc parent.")
    known = nature in norm.arborescences
    empty = nature == MENSUELLE and kind in SANS_INDIVIDU
    sound: set[Shape] = set()
    for block in root.walk():
        shape = block.shape
        if shape is None or shape not in sound:
            problems = list(_check_usages(block, norm, nature))
            yield from problems
            if shape is None:
                yield from _check_field_order(block, norm)
            elif not problems and len(sound) < SHAPE_LIMIT:
                sound.add(shape)
        if known:
            yield from _check_children(block, norm, nature)
        if empty and block.id not in _BLOCS_SANS_INDIVIDU and not block.id.startswith(("S10", "S90")):
            yield _found(norm, "GEN-46", block, f"Bloc {block.id} interdit dans une déclaration sans individu.")


def _found(norm: Norm, code: str, block: Block, message: str, rubrique: str = "") -> Anomaly:
    return Anomaly(block.line, rubrique or block.id, code, norm.generiques[code].blocking, message)


def _check_usages(block: Block, norm: Norm, nature: str) -> Iterator[Anomaly]:
    """GEN-13 (obligatoire) et GEN-15 (interdit)."""
    present = {rubrique: line for rubrique, _, line in block.pairs()}
    for rubrique in norm.par_bloc.get(block.id, ()):
        usage = rubrique.usage(nature)
        if usage == "O" and rubrique.id not in present:
            text = f"« {rubrique.libelle} » manque : elle est obligatoire dans ce bloc."
            yield _found(norm, "GEN-13", block, text, rubrique.id)
        elif usage in {"I", "N"} and rubrique.id in present:
            text = f"« {rubrique.libelle} » est interdite dans une déclaration de nature {nature}."
            yield Anomaly(present[rubrique.id], rubrique.id, "GEN-15", norm.generiques["GEN-15"].blocking, text)


def _check_field_order(block: Block, norm: Norm) -> Iterator[Anomaly]:
    """GEN-12 : rubriques dans l'ordre, sans répétition."""
    highest = 0
    seen: set[str] = set()
    for item in block.fields:
        known = norm.rubriques.get(item.rubrique)
        if known is None:
            continue
        blocking = norm.generiques["GEN-12"].blocking
        if item.rubrique in seen:
            text = f"« {known.libelle} » figure deux fois dans le même bloc."
            yield Anomaly(item.line, item.rubrique, "GEN-12", blocking, text)
        elif known.ordre < highest:
            text = f"« {known.libelle} » n'est pas à sa place : les rubriques d'un bloc suivent l'ordre de la norme."
            yield Anomaly(item.line, item.rubrique, "GEN-12", blocking, text)
        seen.add(item.rubrique)
        highest = max(highest, known.ordre)


def _check_children(block: Block, norm: Norm, nature: str) -> Iterator[Anomaly]:
    """GEN-08 (ordre), GEN-09 (cardinalités), GEN-10 (parents)."""
    counts: dict[str, int] = {}
    if block.has_children():
        tree, highest = norm.arborescences[nature], 0
        for child in block.children:
            known = norm.blocs[child.id]
            if known.parent != block.id:
                yield _found(norm, "GEN-10", child, f"Bloc {child.id} sans son bloc parent {known.parent}.")
            elif known.ordre < highest:
                text = f"Bloc {child.id} (« {known.libelle} ») placé trop loin : les blocs suivent l'ordre de la norme."
                yield _found(norm, "GEN-08", child, text)
            highest = max(highest, known.ordre)
            counts[child.id] = count = counts.get(child.id, 0) + 1
            bounds = tree.get(child.id)
            if bounds is None:
                text = f"Bloc {child.id} (« {known.libelle} ») absent d'une déclaration de nature {nature}."
                yield _found(norm, "GEN-08", child, text)
            elif bounds[1] is not None and count == bounds[1] + 1:
                text = f"Bloc {child.id} (« {known.libelle} ») : {bounds[1]} au plus sous {block.id}."
                yield _found(norm, "GEN-09", child, text)
    for name in norm.attendus[nature].get(block.id, ()):
        if counts.get(name, 0) < norm.arborescences[nature][name][0]:
            text = f"Bloc {name} (« {norm.blocs[name].libelle} ») attendu sous {block.id}."
            yield _found(norm, "GEN-09", block, text, name)
