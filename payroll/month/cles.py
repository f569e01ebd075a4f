"""Changer la clé qui chiffre le registre, sans l'arrêter : une clé neuve, tout rechiffrer, oublier l'ancienne."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import String, column, select, table, update
from sqlmodel import SQLModel

from payroll.month.commun import Acte, record
from payroll.store.coffre import Chiffre, add_key, keep_first_key
from payroll.store.registre import Registre


@dataclass(frozen=True, slots=True)
class Rotation:
    """Ce qu'un changement de clé a rechiffré."""

    cle: str
    valeurs: int
    pieces: int


def rotate(url: str, pieces: Path, cles: Path, acte: Acte) -> Rotation:
    """Met une clé neuve, rechiffre valeurs et pièces, puis oublie l'ancienne ; coupé, se reprend en le relançant."""
    add_key(cles)
    registre = Registre(url, pieces, cles)
    try:
        values = _reseal_values(registre)
        resealed = registre.pieces.reseal()
        with registre.transaction() as session:
            record(session, acte, "changer la clé", "", None, cle=registre.coffre.current)
    finally:
        registre.close()
    keep_first_key(cles)
    return Rotation(registre.coffre.current, values, resealed)


def _reseal_values(registre: Registre) -> int:
    """Rechiffre chaque colonne chiffrée, ligne à ligne, en lisant la base sans passer par les modèles."""
    coffre, count = registre.coffre, 0
    for model in SQLModel.metadata.sorted_tables:
        for sealed in (item.name for item in model.columns if isinstance(item.type, Chiffre)):
            # La même table, vue sans déchiffrement : on compare et on remplace ce qui est vraiment écrit.
            raw = table(model.name, column("id"), column(sealed, String))
            with registre.transaction() as session:
                rows = session.connection().execute(select(raw.c.id, raw.c[sealed])).all()
                stale = [(key, text) for key, text in rows if text and not coffre.is_current_text(text)]
                for key, text in stale:
                    fresh = coffre.seal_text(coffre.open_text(text))
                    session.connection().execute(update(raw).where(raw.c.id == key).values({sealed: fresh}))
                count += len(stale)
    return count
