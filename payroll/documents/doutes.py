"""Ce que les documents rendus appliquent sans l'avoir lu dans le texte : la clé « doute » de leurs données."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml


@cache
def doubts() -> tuple[tuple[str, str, str], ...]:
    """(fichier sans extension, ce qui n'est pas sûr, source) de chaque table de données qui porte un doute."""
    found = []
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        if isinstance(data, dict) and data.get("doute"):
            found.append((path.stem, str(data["doute"]).strip(), str(data["source"]).strip()))
    return tuple(found)
