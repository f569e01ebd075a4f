"""Le nom des fichiers rendus : ils se rangent seuls par mois puis par matricule et ne disent rien de l'agent."""

from __future__ import annotations

import re
import unicodedata

from payroll.periods import Month

JOURNAL_NAME = "journal.xlsx"

_UNSAFE = re.compile(r"[^A-Za-z0-9]+")


def bulletin_name(mois: Month, matricule: str) -> str:
    """Le nom du bulletin d'un agent.

    >>> bulletin_name(Month(2026, 11), "00042")
    'bulletin-2026-11-00042.pdf'
    """
    return f"bulletin-{mois}-{safe_name(matricule)}.pdf"


def safe_name(text: str) -> str:
    """Lettres sans accent, chiffres et tirets : un nom qui passe partout, de Windows à SFTP."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return _UNSAFE.sub("-", ascii_text).strip("-") or "sans-code"
