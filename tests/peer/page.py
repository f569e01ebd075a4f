"""Réécrit les tableaux de docs/ecarts-openfisca.md d'après les données : ``python -m tests.peer.page``."""

from __future__ import annotations

import re
from pathlib import Path

from tests.peer.ecarts import render

PAGE = Path(__file__).parents[2] / "docs" / "ecarts-openfisca.md"

if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    body = f"<!-- début -->\n{render()}\n<!-- fin -->"
    PAGE.write_text(re.sub(r"<!-- début -->\n.*<!-- fin -->", lambda _: body, text, flags=re.DOTALL), encoding="utf-8")
