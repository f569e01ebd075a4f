"""L'arbre d'un message en JSON, pour ``paie dsn lire --json`` et pour les outils."""

from __future__ import annotations

import json
from typing import Any

from dsn.message import Block, Message
from dsn.norm import Norm


def tree(message: Message, norm: Norm | None = None) -> dict[str, Any]:
    """L'arbre en valeurs simples ; avec une norme, chaque bloc et rubrique porte son libellé."""
    return {
        "norme": message.version,
        "envoi": _block(message.envoi, norm) if message.envoi else None,
        "declarations": [_block(block, norm) for block in message.declarations],
        "total": _block(message.total, norm) if message.total else None,
    }


def dumps(message: Message, norm: Norm | None = None) -> str:
    """Le même arbre en texte JSON, accents gardés."""
    return json.dumps(tree(message, norm), ensure_ascii=False, indent=2)


def _block(block: Block, norm: Norm | None) -> dict[str, Any]:
    result: dict[str, Any] = {"bloc": block.id}
    if norm and block.id in norm.blocs:
        result["libelle"] = norm.blocs[block.id].libelle
    result["ligne"] = block.line
    result["rubriques"] = [_field(item.rubrique, item.value, item.line, norm) for item in block.fields]
    if block.children:
        result["blocs"] = [_block(child, norm) for child in block.children]
    return result


def _field(rubrique: str, value: str, line: int, norm: Norm | None) -> dict[str, Any]:
    result: dict[str, Any] = {"rubrique": rubrique, "valeur": value, "ligne": line}
    known = norm.rubriques.get(rubrique) if norm else None
    if known:
        result["libelle"] = known.libelle
        if value in known.codes:
            result["sens"] = known.codes[value]
    return result
