"""Ce que le classeur du mois montre pour mémoire : les éléments payés le mois d'avant, les absences déjà connues."""

from __future__ import annotations

from dataclasses import replace

from sqlmodel import Session, and_, col, or_, select

from payroll.intake.roster import AbsenceDejaConnue, Roster
from payroll.month.commun import key
from payroll.month.situations import active_contracts, month_variables
from payroll.periods import Month
from payroll.store.tables import Absence, Adherent, EtatFichier, FichierRecu


def with_last_month(session: Session, adherent: Adherent, roster: Roster) -> Roster:
    """Le même adhérent, chaque agent avec ses éléments du mois d'avant (corrections comprises), rien de plus.

    Une absence qui a commencé avant le mois et le touche encore est montrée : elle compte sans être ressaisie.
    """
    mois = roster.mois
    contrats = {
        key(contrat.id): (agent.matricule, contrat.numero)
        for contrat, agent in active_contracts(session, adherent, mois)
    }
    cles = {(agent.matricule, agent.numero_contrat): roster.cle(agent) for agent in roster.agents}
    before = {
        contrats[contrat_id]: tuple(sorted((code, value) for code, value in values.items() if value))
        for contrat_id, values in month_variables(session, adherent, mois.previous).items()
        if contrat_id in contrats
    }
    agents = tuple(
        replace(agent, mois_dernier=before.get((agent.matricule, agent.numero_contrat), ())) for agent in roster.agents
    )
    connues = tuple(
        sorted(
            (
                AbsenceDejaConnue(cles[contrats[row.contrat_id]], row.type, row.debut, row.fin)
                for row in _running_absences(session, list(contrats), mois)
            ),
            key=lambda absence: (absence.cle, absence.debut, absence.type),
        )
    )
    return replace(roster, agents=agents, absences_connues=connues)


def _running_absences(session: Session, contrat_ids: list[int], mois: Month) -> list[Absence]:
    """Les absences d'avant, encore en cours ; ce que redit un fichier de ce mois-ci n'en est pas."""
    rows = session.exec(
        select(Absence)
        .outerjoin(FichierRecu, col(FichierRecu.id) == col(Absence.fichier_id))
        .where(
            col(Absence.contrat_id).in_(contrat_ids),
            Absence.debut < mois.first_day,
            Absence.fin >= mois.first_day,
            or_(
                col(Absence.fichier_id).is_(None),
                and_(col(FichierRecu.etat) == EtatFichier.ACCEPTE, col(FichierRecu.mois) < str(mois)),
            ),
        )
    )
    return list(rows)
