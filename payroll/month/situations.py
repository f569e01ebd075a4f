"""Ce que le registre sait d'un mois, mis en entrées du moteur : un employeur, une situation par contrat actif.

Une lecture par table pour tout l'adhérent (jamais une par agent). Un mois où les conditions changent est coupé
(``parties.py``) ; ce que le moteur ne sait pas couper en trentièmes est refusé par son nom, agent par agent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from fractions import Fraction
from typing import Protocol, TypeVar

from sqlmodel import Session, col, or_, select

from payroll.anomalies import Anomalie
from payroll.engine.situation import (
    Cumuls,
    Employeur,
    RegimeRetraite,
    Situation,
    SortDesPrimes,
    Statut,
)
from payroll.month.commun import key
from payroll.month.conges import earlier_wages, leaves
from payroll.month.corrections import corrected
from payroll.month.parties import cut, mandate_of
from payroll.month.personnes import conditions_without_index, share_between_contracts
from payroll.month.rappels import due_recalls
from payroll.month.saisies import seizures_of
from payroll.periods import Month
from payroll.store.tables import (
    Absence,
    Adherent,
    Agent,
    BulletinPaie,
    Contrat,
    CumulReprise,
    ElementPermanent,
    ElementVariable,
    EtatFichier,
    EtatPaie,
    FichierRecu,
    Paie,
    ParametreEmployeur,
    SituationContrat,
    SortieAnnoncee,
    TauxPas,
)


class _Dated(Protocol):
    du: date
    au: date | None


_WithContrat = TypeVar("_WithContrat", SituationContrat, ElementPermanent, Absence)


@dataclass(frozen=True, slots=True)
class ContratDuMois:
    """Un contrat actif dans le mois, avec l'agent et les conditions que le mois trouve."""

    agent: Agent
    contrat: Contrat
    conditions: SituationContrat
    situation: Situation


@dataclass(frozen=True, slots=True)
class EntreesDuMois:
    """Tout ce que le moteur reçoit pour un adhérent et un mois, et ce qui l'empêche."""

    adherent: Adherent
    parametre: ParametreEmployeur
    employeur: Employeur
    contrats: tuple[ContratDuMois, ...]
    anomalies: tuple[Anomalie, ...]


def active_contracts(session: Session, adherent: Adherent, mois: Month) -> list[tuple[Contrat, Agent]]:
    """Les contrats qui touchent le mois, par matricule puis numéro ; un départ annoncé plus tôt les en retire."""
    rows = session.exec(
        select(Contrat, Agent)
        .join(Agent, col(Agent.id) == col(Contrat.agent_id))
        .where(
            Contrat.adherent_id == adherent.id,
            Contrat.date_debut <= mois.last_day,
            or_(col(Contrat.date_fin).is_(None), col(Contrat.date_fin) >= mois.first_day),
        )
        .order_by(Agent.matricule, Contrat.numero)
    ).all()
    sorties = announced_exits(session, adherent)
    ends = [end_of(contrat, sorties.get(key(contrat.id))) for contrat, _ in rows]
    return [
        (contrat, agent)
        for (contrat, agent), end in zip(rows, ends, strict=True)
        if end is None or end >= mois.first_day
    ]


def permanent_rubriques(session: Session, contrat_ids: list[int], mois: Month) -> frozenset[str]:
    """Les rubriques versées d'office ce mois-ci à l'un au moins de ces contrats."""
    rows = session.exec(select(ElementPermanent).where(col(ElementPermanent.contrat_id).in_(contrat_ids)))
    return frozenset(row.rubrique for row in rows if _touches(row, mois.first_day, mois.last_day))


def permanent_amounts(session: Session, contrat_ids: list[int], mois: Month, rubrique: str) -> dict[int, int]:
    """Contrat → montant de cette rubrique permanente ce mois-ci (centimes ou centièmes), pour ceux qui l'ont."""
    rows = session.exec(
        select(ElementPermanent).where(
            col(ElementPermanent.contrat_id).in_(contrat_ids), ElementPermanent.rubrique == rubrique
        )
    )
    return {row.contrat_id: row.montant for row in rows if _touches(row, mois.first_day, mois.last_day)}


def announced_exits(session: Session, adherent: Adherent) -> dict[int, SortieAnnoncee]:
    """Les départs lus dans les fichiers acceptés, par contrat."""
    rows = session.exec(
        select(SortieAnnoncee)
        .join(FichierRecu, col(FichierRecu.id) == col(SortieAnnoncee.fichier_id))
        .where(SortieAnnoncee.adherent_id == adherent.id, FichierRecu.etat == EtatFichier.ACCEPTE)
        .order_by(col(SortieAnnoncee.id))
    )
    return {row.contrat_id: row for row in rows}


def end_of(contrat: Contrat, sortie: SortieAnnoncee | None) -> date | None:
    """Le dernier jour du contrat : celui qu'on connaît, ou un départ annoncé plus tôt."""
    known = [day for day in (contrat.date_fin, sortie.date if sortie else None) if day is not None]
    return min(known, default=None)


def conditions_of(session: Session, contrat_ids: list[int], mois: Month) -> dict[int, SituationContrat]:
    """Les conditions de chaque contrat au premier jour où le mois le touche."""
    rows = session.exec(
        select(SituationContrat)
        .where(col(SituationContrat.contrat_id).in_(contrat_ids), SituationContrat.du <= mois.last_day)
        .order_by(col(SituationContrat.du))
    )
    return {row.contrat_id: row for row in rows if row.au is None or row.au >= mois.first_day}


def time_text(row: SituationContrat) -> str:
    """Le temps de travail en clair : « Temps complet », « 20 h/35 h », « 35 h à 80 % » ; vide : élus, vacations."""
    if row.mandat or row.prix_vacation:
        return ""
    if row.heures_hebdo_centiemes == 3500 and row.quotite_num == row.quotite_den:
        return "Temps complet"
    hours, minutes = divmod(row.heures_hebdo_centiemes * 60 // 100, 60)
    text = f"{hours} h {minutes:02d}" if minutes else f"{hours} h"
    if row.heures_hebdo_centiemes < 3500:
        text += "/35 h"
    if row.quotite_num != row.quotite_den:
        text += f" à {100 * row.quotite_num // row.quotite_den} %"
    return text


def employer_settings(session: Session, adherent: Adherent, mois: Month) -> ParametreEmployeur | None:
    """Les paramètres en vigueur au premier jour du mois (un taux notifié prend effet au premier d'un mois)."""
    rows = session.exec(select(ParametreEmployeur).where(ParametreEmployeur.adherent_id == adherent.id)).all()
    return next((row for row in rows if _covers(row, mois.first_day, mois.first_day)), None)


def gather(
    session: Session, adherent: Adherent, mois: Month, *, avec_rappels: bool = True
) -> EntreesDuMois | list[Anomalie]:
    """Réunit les entrées du moteur pour un adhérent ; les contrats incomplets sont en anomalie, les autres passent.

    ``avec_rappels`` faux : le mois seul, sans les rappels préparés pour s'y verser.
    """
    parametre = employer_settings(session, adherent, mois)
    if parametre is None:
        return [
            Anomalie(
                code="parametres-manquants",
                message=f"aucun paramètre d'employeur (taux, effectif) n'est en vigueur en {mois.libelle}.",
                remede="Ajoutez une période de paramètres à l'adhérent.",
            )
        ]
    pairs = active_contracts(session, adherent, mois)
    contrat_ids = [key(contrat.id) for contrat, _ in pairs]
    agent_ids = sorted({key(agent.id) for _, agent in pairs})
    conditions = _by(session.exec(select(SituationContrat).where(col(SituationContrat.contrat_id).in_(contrat_ids))))
    permanents = _by(session.exec(select(ElementPermanent).where(col(ElementPermanent.contrat_id).in_(contrat_ids))))
    absences = _by(counted_absences(session, contrat_ids))
    sorties = announced_exits(session, adherent)
    variables = month_variables(session, adherent, mois)
    cumuls = _cumuls(session, adherent, mois, contrat_ids)
    saisies = seizures_of(session, adherent, mois, contrat_ids)
    taux: dict[int, list[TauxPas]] = defaultdict(list)
    for row in session.exec(select(TauxPas).where(col(TauxPas.agent_id).in_(agent_ids))):
        taux[row.agent_id].append(row)

    anomalies: list[Anomalie] = []
    found: list[ContratDuMois] = []
    for contrat, agent in pairs:
        contrat_id = key(contrat.id)
        built = _situation(
            mois,
            contrat,
            agent,
            conditions[contrat_id],
            permanents[contrat_id],
            absences[contrat_id],
            variables.get(contrat_id, {}),
            taux[contrat.agent_id],
            cumuls.get(contrat_id, Cumuls()),
            sorties.get(contrat_id),
        )
        if isinstance(built, Anomalie):
            anomalies.append(built)
        else:
            owed = saisies.get(contrat_id, ())
            found.append(replace(built, situation=replace(built.situation, saisies=owed)) if owed else built)
    absents = [key(item.contrat.id) for item in found if item.situation.arrets]
    wages = earlier_wages(session, adherent, mois, absents)
    found = [
        replace(item, situation=replace(item.situation, salaires_precedents=wages[contrat_id]))
        if (contrat_id := key(item.contrat.id)) in wages
        else item
        for item in found
    ]
    employeur = _employeur(adherent, parametre)
    shared = share_between_contracts(mois, employeur, [(key(item.agent.id), item.situation) for item in found])
    contrats = tuple(replace(item, situation=situation) for item, situation in zip(found, shared, strict=True))
    if avec_rappels:
        contrats, perimes = _with_recalls(session, adherent, mois, contrats)
        anomalies += perimes
    return EntreesDuMois(adherent, parametre, employeur, contrats, tuple(anomalies))


def _with_recalls(
    session: Session, adherent: Adherent, mois: Month, contrats: tuple[ContratDuMois, ...]
) -> tuple[tuple[ContratDuMois, ...], list[Anomalie]]:
    """Ajoute les rappels à verser ce mois-ci ; un rappel périmé laisse le contrat sans bulletin, avec sa raison."""
    dus, perimes = due_recalls(session, adherent, mois, [key(item.contrat.id) for item in contrats])
    anomalies = [
        replace(perimes[key(item.contrat.id)], matricule=item.agent.matricule)
        for item in contrats
        if key(item.contrat.id) in perimes
    ]
    kept = (item for item in contrats if key(item.contrat.id) not in perimes)
    return tuple(
        replace(item, situation=replace(item.situation, rappels=dus[key(item.contrat.id)]))
        if key(item.contrat.id) in dus
        else item
        for item in kept
    ), anomalies


def _employeur(adherent: Adherent, parametre: ParametreEmployeur) -> Employeur:
    return Employeur(
        population=adherent.population,
        effectif=parametre.effectif,
        zone_residence=adherent.zone_residence,
        taux_at_ppm=parametre.taux_at_ppm,
        taux_versement_mobilite_ppm=parametre.taux_versement_mobilite_ppm,
        taux_cdg_ppm=parametre.taux_cdg_ppm,
        cnfpt=parametre.cnfpt,
        assurance_chomage=parametre.assurance_chomage,
        titre_restaurant_valeur=parametre.titre_restaurant_valeur,
        titre_restaurant_part_employeur=parametre.titre_restaurant_part_employeur,
        heures_complementaires_majorees=parametre.heures_complementaires_majorees,
        primes_en_maladie=SortDesPrimes(parametre.primes_en_maladie),
        primes_en_absence=dict(sorted((parametre.primes_en_absence or {}).items())),
        subrogation=parametre.subrogation,
    )


def _situation(
    mois: Month,
    contrat: Contrat,
    agent: Agent,
    conditions: Sequence[SituationContrat],
    permanents: Sequence[ElementPermanent],
    absences: Sequence[Absence],
    variables: dict[str, int],
    taux: Sequence[TauxPas],
    cumuls: Cumuls,
    sortie: SortieAnnoncee | None,
) -> ContratDuMois | Anomalie:
    end = end_of(contrat, sortie)
    first = max(mois.first_day, contrat.date_debut)
    last = min(mois.last_day, end or mois.last_day)
    parties = cut(mois, agent.matricule, first, last, conditions, permanents)
    if isinstance(parties, Anomalie):
        return parties
    row = parties.derniere
    rate = next((item for item in taux if _covers(item, mois.last_day, mois.last_day)), None)
    situation = Situation(
        matricule=agent.matricule,
        statut=Statut(contrat.statut),
        regime_retraite=RegimeRetraite(row.regime_retraite),
        indice_majore=row.indice_majore,
        heures_hebdo=Fraction(row.heures_hebdo_centiemes, 100),
        quotite=Fraction(row.quotite_num, row.quotite_den),
        nbi=row.nbi,
        enfants_sft=row.enfants_sft,
        enfants_sft_alternes=row.enfants_sft_alternes,
        personnes_a_charge=row.personnes_a_charge,
        categorie=row.categorie,
        date_naissance=agent.date_naissance,
        date_debut=contrat.date_debut,
        date_fin=end,
        taux_pas_ppm=rate.taux_ppm if rate else None,
        territoire_pas=agent.territoire_pas,
        contrat_court=contrat.contrat_court,
        elu=mandate_of(row),
        **conditions_without_index(contrat, row, mois),
        permanents=parties.permanents,
        segments=parties.segments,
        variables=dict(sorted(variables.items())),
        **leaves(absences, mois),
        anciennete_depuis=contrat.anciennete_depuis,
        cumuls=cumuls,
    )
    if row.heures_tous_employeurs_centiemes is not None:
        situation = replace(situation, heures_hebdo_tous_employeurs=Fraction(row.heures_tous_employeurs_centiemes, 100))
    return ContratDuMois(agent, contrat, row, situation)


def counted_absences(session: Session, contrat_ids: list[int]) -> Iterable[Absence]:
    """Les absences qui comptent, de tous les mois : celles d'un fichier accepté, et celles du gestionnaire."""
    return session.exec(
        select(Absence)
        .outerjoin(FichierRecu, col(FichierRecu.id) == col(Absence.fichier_id))
        .where(
            col(Absence.contrat_id).in_(contrat_ids),
            or_(col(Absence.fichier_id).is_(None), FichierRecu.etat == EtatFichier.ACCEPTE),
        )
    )


def month_variables(session: Session, adherent: Adherent, mois: Month) -> dict[int, dict[str, int]]:
    """Contrat → éléments du mois tels qu'ils se paient : les fichiers acceptés, puis les corrections."""
    return corrected(session, adherent, mois, file_variables(session, adherent, mois))


def file_variables(session: Session, adherent: Adherent, mois: Month) -> dict[int, dict[str, int]]:
    """Somme par contrat et rubrique des éléments des fichiers acceptés (un fichier remplacé ne compte plus)."""
    rows = session.exec(
        select(ElementVariable)
        .join(FichierRecu, col(FichierRecu.id) == col(ElementVariable.fichier_id))
        .where(
            ElementVariable.adherent_id == adherent.id,
            ElementVariable.mois == str(mois),
            FichierRecu.etat == EtatFichier.ACCEPTE,
        )
    )
    values: dict[int, dict[str, int]] = defaultdict(dict)
    for row in rows:
        values[row.contrat_id][row.rubrique] = values[row.contrat_id].get(row.rubrique, 0) + row.valeur
    return values


def _cumuls(session: Session, adherent: Adherent, mois: Month, contrat_ids: list[int]) -> dict[int, Cumuls]:
    """Les cumuls de l'année avant ce mois : ceux du dernier bulletin, sinon la reprise."""
    cumuls = {
        row.contrat_id: _cumuls_from(row.cumuls)
        for row in session.exec(
            select(CumulReprise).where(col(CumulReprise.contrat_id).in_(contrat_ids), CumulReprise.annee == mois.year)
        )
    }
    earlier = session.exec(
        select(BulletinPaie.contrat_id, BulletinPaie.cumuls)
        .join(Paie, col(Paie.id) == col(BulletinPaie.paie_id))
        .where(
            Paie.adherent_id == adherent.id,
            Paie.mois >= f"{mois.year:04d}-01",
            Paie.mois < str(mois),
            Paie.etat != EtatPaie.REMPLACEE,
        )
        .order_by(Paie.mois)
    )
    for contrat_id, values in earlier:
        cumuls[contrat_id] = _cumuls_from(values)
    return cumuls


def _cumuls_from(values: Mapping[str, int]) -> Cumuls:
    known = {field.name for field in fields(Cumuls)}
    return Cumuls(**{name: value for name, value in values.items() if name in known})


def _by(rows: Iterable[_WithContrat]) -> dict[int, list[_WithContrat]]:
    grouped: dict[int, list[_WithContrat]] = defaultdict(list)
    for row in rows:
        grouped[row.contrat_id].append(row)
    return grouped


def _touches(row: _Dated, first: date, last: date) -> bool:
    return row.du <= last and (row.au is None or row.au >= first)


def _covers(row: _Dated, first: date, last: date) -> bool:
    return row.du <= first and (row.au is None or row.au >= last)
