"""Les événements à signaler : ce que la paie sait d'un arrêt, d'une reprise, d'une fin, et pour quand.

La fonction publique n'est concernée que si la procédure est celle du secteur privé (CT §2.5) : les autres agents sont
listés avec la raison qui les écarte. ``signaler`` produit le message de ce qui est à signaler.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from sqlmodel import Session, col, or_, select

from dsn import codes as dsn_codes
from dsn.evenements import ARRET, FIN, REPRISE
from payroll.month.commun import aware, find_adherent, key
from payroll.month.delais import deadline
from payroll.month.situations import announced_exits, end_of
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import (
    Absence,
    Adherent,
    Agent,
    Contrat,
    EtatFichier,
    FichierRecu,
    MessageDsn,
    Paie,
    SituationContrat,
    SortieAnnoncee,
)
from payroll.store.tables_dsn import SignalementDsn

FENETRE = timedelta(days=92)
"""Un événement plus ancien n'est plus à signaler : les mensuelles l'ont porté."""
JOUR = timedelta(days=1)
RETOUR = "reprise "
_NOMS = {ARRET: "arrêt de travail", REPRISE: "reprise anticipée", FIN: "fin de contrat"}
_REGLES = {ARRET: "arret", REPRISE: "reprise", FIN: "fin"}
_PUBLIC = (
    "{statut} : le cahier technique (§2.5) n'emploie pas les signalements pour la fonction publique, sauf procédure "
    "identique au secteur privé ; rien à signaler, l'événement est dans la mensuelle"
)


class EtatEvenement(StrEnum):
    A_PRODUIRE = "à produire"
    EN_ATTENTE = "en attente"
    PRODUIT = "produit"
    HORS_CHAMP = "hors champ"


@dataclass(frozen=True, slots=True)
class Evenement:
    """Un événement connu de la paie, et ce qu'il faut en faire. Le matricule nomme l'agent, jamais son nom."""

    adherent: str
    matricule: str
    contrat: str
    nature: str
    fait: str
    """Ce qui le désigne : « cmo 2026-11-03 », « reprise cmo 2026-11-03 », « fin 2026-11-30 »."""
    date: dt.date
    echeance: dt.date | None
    etat: EtatEvenement
    explication: str

    @property
    def nom(self) -> str:
        return _NOMS[self.nature]

    def late(self, today: dt.date) -> bool:
        """Vrai si l'échéance d'un événement à produire est passée."""
        return self.etat in (EtatEvenement.A_PRODUIRE, EtatEvenement.EN_ATTENTE) and (
            self.echeance is not None and self.echeance < today
        )


@dataclass(frozen=True, slots=True)
class Connu:
    """Un contrat et tout ce qui le concerne."""

    contrat: Contrat
    agent: Agent
    population: str
    fin: date | None
    motif: str
    arrets: list[tuple[Absence, date]] = field(default_factory=list)
    """Chaque arrêt et le jour où on l'a connu."""


def due_events(registre: Registre, code: str, today: date) -> list[Evenement]:
    """Les événements d'un adhérent, par échéance ; ce qui est hors champ vient en dernier, avec sa raison."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        sent = sent_events(session, adherent)
        months = declared_months(session, adherent)
        found = [
            event
            for known in known_contracts(session, adherent, today)
            for event in events_of(adherent, known, sent, months, today)
        ]
    return sorted(found, key=lambda item: (item.echeance or date.max, item.matricule, item.nature, item.fait))


def events_of(
    adherent: Adherent,
    known: Connu,
    sent: Mapping[tuple[int, str, str], SignalementDsn],
    months: frozenset[str],
    today: date,
) -> list[Evenement]:
    found = []
    contrat_id = key(known.contrat.id)
    for absence, since in known.arrets:
        fact = f"{absence.type} {absence.debut.isoformat()}"
        earlier = sent.get((contrat_id, ARRET, fact))
        if earlier is None or absence.fin >= earlier.fin:
            done = earlier is not None and earlier.fin == absence.fin
            found.append(_event(adherent, known, ARRET, fact, absence.debut, since, done, months))
            continue
        # L'arrêt signalé finit plus tôt que prévu : c'est une reprise, pas un nouvel arrêt.
        back = absence.fin + JOUR
        fact_back = f"{RETOUR}{fact}"
        said = sent.get((contrat_id, REPRISE, fact_back))
        found.append(_event(adherent, known, ARRET, fact, absence.debut, since, True, months))
        if back <= today:
            done = said is not None and said.fin == back
            found.append(_event(adherent, known, REPRISE, fact_back, back, back, done, months))
    if known.fin is not None and known.fin <= today and known.fin >= today - FENETRE:
        fact = f"fin {known.fin.isoformat()}"
        done = (contrat_id, FIN, fact) in sent
        found.append(_event(adherent, known, FIN, fact, known.fin, known.fin, done, months))
    return found


def _event(
    adherent: Adherent,
    known: Connu,
    nature: str,
    fact: str,
    day: date,
    since: date,
    done: bool,
    months: frozenset[str],
) -> Evenement:
    rule = _rule(_REGLES[nature])
    if known.population not in rule.populations:
        state, due = EtatEvenement.HORS_CHAMP, None
        why = _PUBLIC.format(statut=known.population.split("_")[0])
    else:
        length, kind = (_rule(f"delai_{_REGLES[nature]}").valeur or "").split()
        due = deadline(since, int(length), kind)
        state, why = EtatEvenement.A_PRODUIRE, _WHY[nature]
        if done:
            state, why = EtatEvenement.PRODUIT, "signalement produit ; il reste à déposer s'il ne l'est pas"
        elif nature == FIN and str(Month.of(day)) not in months:
            state = EtatEvenement.EN_ATTENTE
            why = f"il porte la dernière paie : déclarez d'abord {Month.of(day).libelle}"
        elif not months:
            state = EtatEvenement.EN_ATTENTE
            why = "aucune mensuelle n'a encore été déclarée ici : signalez cet arrêt hors DSN (attestation de salaire)"
    return Evenement(
        adherent=adherent.code,
        matricule=known.agent.matricule,
        contrat=known.contrat.numero,
        nature=nature,
        fait=fact,
        date=day,
        echeance=due,
        etat=state,
        explication=why,
    )


_WHY = {
    ARRET: "cinq jours après en avoir eu connaissance ; avec subrogation ou paie décalée, possible avec la mensuelle",
    REPRISE: "cinq jours ouvrables après la reprise, parce qu'elle précède la date signalée",
    FIN: "cinq jours ouvrés après la fin du contrat ; avec la paie de solde",
}


def known_contracts(session: Session, adherent: Adherent, today: date) -> list[Connu]:
    """Les contrats de l'adhérent, avec leurs arrêts récents et leur fin."""
    exits = announced_exits(session, adherent)
    stops = _stops(session, adherent, today)
    rows = session.exec(
        select(Contrat, Agent)
        .join(Agent, col(Agent.id) == col(Contrat.agent_id))
        .where(Contrat.adherent_id == adherent.id)
        .order_by(Agent.matricule, Contrat.numero)
    ).all()
    regimes = {
        row.contrat_id: row.regime_retraite
        for row in session.exec(
            select(SituationContrat)
            .where(col(SituationContrat.contrat_id).in_([key(contrat.id) for contrat, _ in rows]))
            .order_by(col(SituationContrat.du))
        )
    }
    return [
        Connu(
            contrat=contrat,
            agent=agent,
            population=_population(contrat, regimes.get(key(contrat.id), "")),
            fin=end_of(contrat, exits.get(key(contrat.id))),
            motif=_motif(contrat, exits.get(key(contrat.id))),
            arrets=stops.get(key(contrat.id), []),
        )
        for contrat, agent in rows
    ]


def _motif(contrat: Contrat, sortie: SortieAnnoncee | None) -> str:
    return sortie.motif if sortie is not None and end_of(contrat, sortie) == sortie.date else contrat.motif_fin


def _population(contrat: Contrat, regime: str) -> str:
    if contrat.statut in ("titulaire", "stagiaire"):
        return f"{contrat.statut}_{regime}"
    return f"contractuel_{contrat.duree or 'cdd'}" if contrat.statut == "contractuel" else contrat.statut


def _stops(session: Session, adherent: Adherent, today: date) -> dict[int, list[tuple[Absence, date]]]:
    """Les arrêts (60) commencés récemment, prolongations réunies, et le jour où chacun a été connu."""
    rows = session.exec(
        select(Absence, FichierRecu)
        .outerjoin(FichierRecu, col(FichierRecu.id) == col(Absence.fichier_id))
        .where(
            Absence.adherent_id == adherent.id,
            Absence.fin >= today - FENETRE,
            or_(col(Absence.fichier_id).is_(None), FichierRecu.etat == EtatFichier.ACCEPTE),
        )
        .order_by(col(Absence.contrat_id), col(Absence.debut))
    ).all()
    found: dict[int, list[tuple[Absence, date]]] = {}
    for absence, fichier in rows:
        row = dsn_codes.load().absence(absence.type)
        if row is None or row.bloc != "S21.G00.60":
            continue
        chain = found.setdefault(absence.contrat_id, [])
        # Un arrêt annoncé à l'avance ne se signale pas avant d'avoir commencé.
        since = max(absence.debut, aware(fichier.recu_le).date()) if fichier is not None else absence.debut
        last = chain[-1][0] if chain else None
        if last is not None and absence.prolongation and last.type == absence.type and absence.debut <= last.fin + JOUR:
            merged = Absence(**{**last.model_dump(), "fin": max(last.fin, absence.fin)})
            chain[-1] = (merged, since)
        else:
            chain.append((absence, since))
    return {
        contrat_id: [(absence, since) for absence, since in chain if absence.debut <= today]
        for contrat_id, chain in found.items()
    }


def sent_events(session: Session, adherent: Adherent) -> dict[tuple[int, str, str], SignalementDsn]:
    """Le dernier signalement de chaque événement."""
    rows = session.exec(
        select(SignalementDsn)
        .where(SignalementDsn.adherent_id == adherent.id)
        .order_by(col(SignalementDsn.numero_ordre))
    )
    return {(row.contrat_id, row.nature, row.fait): row for row in rows}


def declared_months(session: Session, adherent: Adherent) -> frozenset[str]:
    return frozenset(
        session.exec(
            select(Paie.mois)
            .join(MessageDsn, col(MessageDsn.paie_id) == col(Paie.id))
            .where(Paie.adherent_id == adherent.id)
        ).all()
    )


def _rule(code: str) -> dsn_codes.Ligne:
    return next(row for row in dsn_codes.load().lignes if row.table == "evenements" and row.code == code)
