"""Les messages déjà produits : ceux du mois, que l'on remplace, et le dernier d'avant, auquel on compare."""

from __future__ import annotations

import io

from sqlmodel import Session, col, select

from dsn import facts
from dsn.message import Block
from dsn.reader import read
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, MessageDsn, Paie

_ENVOI = (b"S20.G00.05.002", b"S20.G00.05.004", b"S20.G00.05.007")
"""Type, numéro d'ordre et date de constitution : ce qui change d'un envoi à l'autre sans rien dire de la paie."""


def sent_messages(session: Session, adherent: Adherent, mois: Month) -> list[MessageDsn]:
    """Les messages déjà produits pour ce mois, toutes révisions, dans leur ordre."""
    return list(
        session.exec(
            select(MessageDsn)
            .join(Paie, col(Paie.id) == col(MessageDsn.paie_id))
            .where(Paie.adherent_id == adherent.id, Paie.mois == str(mois))
            .order_by(col(MessageDsn.numero_ordre))
        )
    )


def last_declared(session: Session, registre: Registre, adherent: Adherent, mois: Month) -> list[Block]:
    """Les personnes du dernier message d'un mois antérieur : ce que les organismes savent d'elles."""
    last = session.exec(
        select(MessageDsn)
        .join(Paie, col(Paie.id) == col(MessageDsn.paie_id))
        .where(Paie.adherent_id == adherent.id, Paie.mois < str(mois))
        .order_by(col(Paie.mois).desc(), col(MessageDsn.numero_ordre).desc())
    ).first()
    if last is None:
        return []
    message, _ = read(io.BytesIO(registre.pieces.get(last.sha256)))
    return [person for declaration in message.declarations for person in declaration.find(facts.Individu.BLOC)]


def same_but_for_sending(registre: Registre, before: MessageDsn, content: bytes) -> bool:
    """Vrai si seuls le type, le numéro d'ordre et la date de constitution diffèrent."""
    lines = [
        [line for line in data.splitlines() if not line.startswith(_ENVOI)]
        for data in (registre.pieces.get(before.sha256), content)
    ]
    return lines[0] == lines[1]
