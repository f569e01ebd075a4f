"""Relire une paie calculée : ses bulletins, avec l'agent et les conditions de chacun, en quelques requêtes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from sqlalchemy import inspect
from sqlalchemy import select as table_select
from sqlmodel import Session, col, select

from payroll.engine.bulletin import Bulletin
from payroll.month.commun import key
from payroll.month.instantane import LigneLue, bulletin_from_rows
from payroll.month.situations import announced_exits, conditions_of, end_of
from payroll.periods import Month
from payroll.store.tables import (
    Adherent,
    Agent,
    BulletinPaie,
    Contrat,
    LigneBulletin,
    Paie,
    SituationContrat,
    SortieAnnoncee,
)


@dataclass(frozen=True, slots=True)
class BulletinLu:
    """Un bulletin du registre et ce qu'il faut pour l'imprimer ou le déclarer."""

    row: BulletinPaie
    bulletin: Bulletin
    contrat: Contrat
    agent: Agent
    conditions: SituationContrat
    fin: date | None
    """Dernier jour du contrat, inclus, départ annoncé compris."""
    motif_fin: str


def read_bulletins(session: Session, paie: Paie, matricule: str = "") -> list[BulletinLu]:
    """Les bulletins d'une révision, par matricule puis numéro de contrat ; ``matricule`` : ceux de cet agent."""
    mois = Month.parse(paie.mois)
    wanted = [BulletinPaie.paie_id == paie.id, *([BulletinPaie.matricule == matricule] if matricule else [])]
    rows = session.exec(
        select(BulletinPaie, Contrat, Agent)
        .join(Contrat, col(Contrat.id) == col(BulletinPaie.contrat_id))
        .join(Agent, col(Agent.id) == col(Contrat.agent_id))
        .where(*wanted)
        .order_by(Agent.matricule, Contrat.numero)
    ).all()
    lines = _lines(session, wanted)
    conditions = conditions_of(session, [key(contrat.id) for _, contrat, _ in rows], mois)
    adherent = session.get_one(Adherent, paie.adherent_id)
    sorties = announced_exits(session, adherent)
    return [
        BulletinLu(
            row=row,
            bulletin=bulletin_from_rows(row, lines[key(row.id)], mois),
            contrat=contrat,
            agent=agent,
            conditions=conditions[key(contrat.id)],
            fin=end_of(contrat, sorties.get(key(contrat.id))),
            motif_fin=_motif(contrat, sorties.get(key(contrat.id))),
        )
        for row, contrat, agent in rows
    ]


def _lines(session: Session, wanted: Sequence[Any]) -> dict[int, list[LigneLue]]:
    """Les lignes de ces bulletins, par bulletin ; en colonnes : 540 objets du registre coûtaient trois fois plus."""
    table = inspect(LigneBulletin).local_table
    query = table_select(table).join(BulletinPaie, col(BulletinPaie.id) == table.c.bulletin_id).where(*wanted)
    found: dict[int, list[LigneLue]] = defaultdict(list)
    for line in session.connection().execute(query):
        found[line.bulletin_id].append(cast(LigneLue, line))
    return found


def _motif(contrat: Contrat, sortie: SortieAnnoncee | None) -> str:
    return sortie.motif if sortie is not None and end_of(contrat, sortie) == sortie.date else contrat.motif_fin
