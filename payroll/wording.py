"""Les petits mots du français que plusieurs portes partagent."""

from __future__ import annotations


def plural(count: int, singular: str, form: str = "") -> str:
    """Accorde un nom avec son nombre : zéro et un sont au singulier.

    >>> plural(1, "bulletin"), plural(3, "bulletin"), plural(2, "journal", "journaux")
    ('1 bulletin', '3 bulletins', '2 journaux')
    """
    return f"{count} {singular if abs(count) < 2 else form or singular + 's'}"
