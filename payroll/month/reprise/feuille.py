"""La feuille de reprise : la description YAML d'un adhérent, avec ses blancs à remplir et ses remarques.

Un blanc essentiel est une clé sans valeur : « paie inscrire » la refuse tant qu'elle est vide. Un blanc facultatif est
une ligne en commentaire : le défaut vaut jusqu'à ce qu'on l'écrive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Blanc:
    """Ce qu'une DSN ne dit pas. ``essentiel`` : la paie serait fausse ou impossible sans."""

    consigne: str
    essentiel: bool = True
    defaut: str = ""
    """Ce que le registre retiendra d'un blanc facultatif laissé vide."""
    exemple: str = ""
    """Pour une clé que le vide n'empêcherait pas d'inscrire : un texte que la validation refuse."""


@dataclass(frozen=True, slots=True)
class Remarque:
    """Une valeur lue ou déduite, à relire : la remarque dit pourquoi."""

    valeur: Any
    texte: str


@dataclass(frozen=True, slots=True)
class ARemplir:
    """Un blanc et sa place dans la feuille (``agents.AG001.contrats.C0001.situations.0.categorie``)."""

    chemin: str
    blanc: Blanc


Arbre = Mapping[str, Any]


def render(tree: Arbre, entete: Sequence[str] = ()) -> str:
    """Le texte YAML de la feuille, commenté ; les mêmes données donnent le même texte."""
    lines = [f"# {line}".rstrip() for line in entete]
    lines += _mapping(tree, 0)
    return "\n".join(lines) + "\n"


def blanks(tree: Any, path: str = "") -> Iterator[ARemplir]:
    """Tous les blancs de la feuille, dans l'ordre."""
    if isinstance(tree, Blanc):
        yield ARemplir(path, tree)
    elif isinstance(tree, Mapping):
        for name, value in tree.items():
            yield from blanks(value, f"{path}.{name}" if path else str(name))
    elif isinstance(tree, (list, tuple)):
        for rank, item in enumerate(tree):
            yield from blanks(item, f"{path}.{_name_of(item, rank)}")


def plain(tree: Any) -> Any:
    """La description nue : blancs facultatifs omis, blancs essentiels à ``None``, remarques retirées."""
    if isinstance(tree, Remarque):
        return plain(tree.valeur)
    if isinstance(tree, Mapping):
        return {
            name: None if isinstance(value, Blanc) else plain(value)
            for name, value in tree.items()
            if not (isinstance(value, Blanc) and not value.essentiel)
        }
    if isinstance(tree, (list, tuple)):
        return [plain(item) for item in tree]
    return tree


def merge(tree: Any, hand: Any) -> Any:
    """La feuille complétée par ce qu'une personne a écrit : ses valeurs l'emportent.

    Une liste se complète par l'identifiant de ses lignes (matricule, numéro) ; les conditions et paramètres datés, eux,
    reçoivent tous les clés d'un complément sans date.
    """
    if isinstance(tree, Remarque) and isinstance(tree.valeur, (list, tuple)):
        return Remarque(merge(tree.valeur, hand), tree.texte)
    if isinstance(tree, Mapping) and isinstance(hand, Mapping):
        merged = {name: merge(value, hand[name]) if name in hand else value for name, value in tree.items()}
        return merged | {name: value for name, value in hand.items() if name not in tree}
    if isinstance(tree, (list, tuple)) and isinstance(hand, Mapping):
        return [merge(item, hand) for item in tree]
    if isinstance(tree, (list, tuple)) and isinstance(hand, list) and _keyed(tree) and _keyed(hand):
        by_name = {_name_of(item, 0): item for item in hand}
        found = [merge(item, by_name.pop(_name_of(item, 0), {})) for item in tree]
        return [*found, *by_name.values()]
    return hand


def _keyed(rows: Sequence[Any]) -> bool:
    return all(isinstance(row, Mapping) and ({"matricule", "numero"} & set(row)) for row in rows)


def _name_of(item: Any, rank: int) -> str:
    if isinstance(item, Mapping):
        for name in ("matricule", "numero", "rubrique"):
            value = item.get(name)
            value = value.valeur if isinstance(value, Remarque) else value
            if isinstance(value, str):
                return value
    return str(rank)


def _mapping(tree: Arbre, depth: int) -> list[str]:
    pad = "  " * depth
    lines: list[str] = []
    for name, value in tree.items():
        if isinstance(value, Blanc):
            lines += _blank(pad, name, value)
        elif isinstance(value, Remarque) and not isinstance(value.valeur, (Mapping, list, tuple)):
            lines.append(f"{pad}{name}: {_scalar(value.valeur)}  # {_comment(value.texte)}")
        else:
            note, inner = (value.texte, value.valeur) if isinstance(value, Remarque) else ("", value)
            if note:
                lines.append(f"{pad}# {_comment(note)}")
            lines += _entry(pad, name, inner, depth)
    return lines


def _entry(pad: str, name: str, value: Any, depth: int) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{pad}{name}:", *_mapping(value, depth + 1)]
    if isinstance(value, (list, tuple)):
        if not value:
            return []
        lines = [f"{pad}{name}:"]
        for item in value:
            block = _mapping(item, depth + 2)
            first = next(rank for rank, line in enumerate(block) if not line.lstrip().startswith("#"))
            # Le tiret va sur la première clé écrite, pas sur un commentaire qui la précède.
            block[first] = f"{pad}  - {block[first].lstrip()}"
            lines += block
        return lines
    return [f"{pad}{name}: {_scalar(value)}"]


def _blank(pad: str, name: str, blank: Blanc) -> list[str]:
    if blank.essentiel:
        value = f" {blank.exemple}" if blank.exemple else ""
        return [f"{pad}{name}:{value}  # À REMPLIR : {_comment(blank.consigne)}"]
    return [f"{pad}# {name}: {blank.defaut or '…'}  ← {_comment(blank.consigne)}"]


def _comment(text: str) -> str:
    """Un commentaire tient sur sa ligne, même s'il cite une valeur lue : YAML prend U+0085 pour une fin de ligne."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _scalar(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        # Toujours entre guillemets : un « 0005 » ou un « no » nu changerait de sens à la relecture.
        return str(yaml.safe_dump(value, default_style='"', allow_unicode=True, width=10_000)).strip()
    return str(yaml.safe_dump(value, allow_unicode=True)).split("\n", maxsplit=1)[0]
