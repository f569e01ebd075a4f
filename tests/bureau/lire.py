"""Lire une page comme une personne : sans balises, espaces et apostrophes ramenés aux plus simples."""

from __future__ import annotations

import re
from html import unescape

_BLANCS = re.compile(r"[\s\u00a0\u202f]+")
_BALISE = re.compile(r"<[^>]+>")


def texte(page: str) -> str:
    """Le texte d'une page.

    >>> texte("<p>L’essai<br>n°&nbsp;1</p>").strip()
    "L'essai n° 1"
    """
    return _BLANCS.sub(" ", unescape(_BALISE.sub(" ", page))).replace("’", "'")
