"""Dire une panne sans rien citer : la nature de l'exception et l'endroit du programme, jamais son texte.

Le message d'une exception étrangère peut porter ce qu'elle manipulait (la base cite les valeurs d'une requête) : un
nom, un NIR, un IBAN n'ont pas leur place dans un journal.
"""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb

_RACINE = Path(__file__).resolve().parents[1]


def whereabouts(error: BaseException) -> str:
    """« KeyError, payroll/month/calculer.py ligne 70 » : la dernière ligne de notre code que l'erreur a traversée."""
    frames = [frame for frame in extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(_RACINE)]
    ours = [frame for frame in frames if ".venv" not in Path(frame.filename).parts]
    if not ours:
        return type(error).__name__
    return f"{type(error).__name__}, {Path(ours[-1].filename).relative_to(_RACINE)} ligne {ours[-1].lineno}"
