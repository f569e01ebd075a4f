"""Le journal des gestes, chaîné : chaque ligne scelle la précédente du même adhérent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from sqlalchemy import text
from sqlmodel import Session, col, select

from payroll.store.tables import Evenement


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """Un endroit où le journal ne se tient plus."""

    adherent: str
    numero: int
    """Numéro de la première ligne fautive."""
    quoi: str


@dataclass(frozen=True, slots=True)
class ChainHead:
    """La tête d'une chaîne : à noter hors de la machine, elle prouve ensuite que rien n'a été coupé à la fin."""

    adherent: str
    lignes: int
    empreinte: str


def chain(session: Session, event: Evenement) -> None:
    """Attache une ligne à la chaîne de son adhérent ; les écrivains d'un même adhérent passent un par un."""
    if session.get_bind().dialect.name == "postgresql":
        # SQLite n'a qu'un écrivain ; PostgreSQL en a plusieurs, qui liraient la même dernière ligne.
        session.connection().execute(
            text("SELECT pg_advisory_xact_lock(hashtext(:code))"), {"code": event.adherent_code}
        )
    session.flush()
    last = session.exec(
        select(Evenement.empreinte)
        .where(Evenement.adherent_code == event.adherent_code)
        .order_by(col(Evenement.id).desc())
        .limit(1)
    ).first()
    event.precedente = last or ""
    event.empreinte = seal(event)


def seal(event: Evenement) -> str:
    """L'empreinte d'une ligne : son contenu entier et l'empreinte de la précédente."""
    moment = event.le if event.le.tzinfo else event.le.replace(tzinfo=UTC)
    content = {
        "le": moment.astimezone(UTC).isoformat(),
        "par": event.par,
        "geste": event.geste,
        "adherent": event.adherent_code,
        "mois": event.mois,
        "detail": event.detail,
        "precedente": event.precedente,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False, default=_plain).encode()).hexdigest()


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def verify(session: Session, adherents: Collection[str] = ()) -> tuple[list[ChainHead], list[ChainBreak]]:
    """Les têtes des chaînes (toutes, ou celles de ces adhérents), et la première rupture de chacune s'il y en a."""
    heads, breaks = [], []
    query = select(Evenement).order_by(Evenement.adherent_code, col(Evenement.id))
    if adherents:
        query = query.where(col(Evenement.adherent_code).in_(adherents))
    rows = session.exec(query)
    for adherent, events in groupby(rows, key=lambda row: row.adherent_code):
        previous, count, broken = "", 0, False
        for event in events:
            count += 1
            # Une ligne d'avant le chaînage n'a pas d'empreinte : elle ne prouve rien, elle ne rompt rien.
            if not broken and (event.empreinte or previous):
                what = _fault(event, previous)
                if what:
                    broken = True
                    breaks.append(ChainBreak(adherent, event.id or 0, what))
            previous = event.empreinte
        heads.append(ChainHead(adherent, count, previous))
    return heads, breaks


def _fault(event: Evenement, previous: str) -> str:
    if event.precedente != previous:
        return "une ligne qui la précède a été ôtée, ajoutée ou changée"
    return "" if event.empreinte == seal(event) else "son contenu a été changé"
