"""Ce qu'un registre garde d'un mois, pour comparer une installation à une autre."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import select

from payroll.store import audit
from payroll.store.registre import Registre
from payroll.store.tables import BulletinPaie, DocumentRetour, Evenement, MessageDsn, Paie


@dataclass(frozen=True)
class Etat:
    """Ce que le registre garde d'un mois, aux clés près."""

    lignes: dict[str, list[tuple[object, ...]]]
    documents: dict[str, bytes]
    ruptures: int


def state_of(registre: Registre) -> Etat:
    """Paies, bulletins, messages, documents et gestes ; les pièces, en clair ; les ruptures du journal."""
    tables = (Paie, BulletinPaie, MessageDsn, DocumentRetour)
    with registre.transaction() as session:
        lignes = {
            table.__name__: sorted(
                (tuple(str(value) for name, value in sorted(row.model_dump().items()) if not name.endswith("id")))
                for row in session.exec(select(table))
            )
            for table in tables
        }
        lignes["gestes"] = sorted((row.adherent_code, row.geste) for row in session.exec(select(Evenement)))
        _, breaks = audit.verify(session)
    return Etat(lignes, {name: registre.pieces.get(name) for name in registre.pieces.names()}, len(breaks))
