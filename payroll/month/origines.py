"""D'où vient chaque donnée d'un bulletin : le dossier, ses dates, le fichier du mois avec sa feuille et sa cellule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from sqlmodel import Session, col, select

from payroll.engine.deliberations import NATURE_DU_MOTIF
from payroll.engine.inputs import CUMULS_PLAFONNES
from payroll.engine.jours import NATURES
from payroll.engine.situation import HOUR_VARIABLES, Situation
from payroll.month.commun import key
from payroll.month.corrections import CorrectionLue, active_corrections
from payroll.month.situations import announced_exits, employer_settings
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

_DES_CONDITIONS = (
    "indice_majore",
    "heures_hebdo",
    "quotite",
    "quotite_pourcent",
    "nbi_points",
    "enfants_sft",
    "enfants_sft_alternes",
    "personnes_a_charge",
    "categorie",
    "taux_indemnite",
    "autres_mandats_brut",
    "option_assujettissement",
    "activite_cessee",
    "nombre_mandats",
    "mandat_petite_commune",
    "taux_horaire",
    "prix_vacation",
    "heures_tous_emplois",
    "part_cnracl",
    "apprenti_annee",
    "apprenti_pourcentage",
)
_DES_PARAMETRES = (
    "effectif",
    "taux_at",
    "taux_versement_mobilite",
    "taux_cdg",
    "employeur_cnfpt",
    "employeur_assurance_chomage",
    "heures_complementaires_majorees",
    "titre_restaurant_valeur",
    "titre_restaurant_part_employeur",
    "subrogation",
    *(f"clause_primes_{motif}" for motif in NATURE_DU_MOTIF),
)
_DES_CUMULS = (
    "cumul_rafp_elements",
    "cumul_rafp_traitement",
    "cumul_rafp_assiette",
    "cumul_heures_exonerees",
    "cumul_teletravail",
    "cumul_mobilites_durables",
    *(f"cumul_{name}" for name in CUMULS_PLAFONNES),
)


@dataclass(frozen=True, slots=True)
class Dossiers:
    """Les lignes du registre que les origines citent, lues d'un coup pour tous les contrats d'une paie.

    Lues contrat par contrat, elles faisaient onze requêtes par bulletin comparé ; elles en font onze par paie.
    """

    adherent: Adherent
    paie: Paie
    contrats: Mapping[int, Contrat]
    agents: Mapping[int, Agent]
    parametre: ParametreEmployeur | None
    conditions: Mapping[int, list[SituationContrat]]
    sorties: Mapping[int, tuple[SortieAnnoncee, FichierRecu]]
    payes: Mapping[int, list[tuple[str, int]]]
    """Les bulletins de l'année avant ce mois : (mois, révision), du plus récent au plus ancien."""
    reprises: frozenset[int]
    """Les contrats dont les cumuls de l'année ont été repris."""
    absences: Mapping[int, list[tuple[Absence, FichierRecu | None]]]
    taux: Mapping[int, list[TauxPas]]
    """Par agent."""
    permanents: Mapping[int, list[ElementPermanent]]
    variables: Mapping[int, list[tuple[ElementVariable, FichierRecu]]]
    corrections: Mapping[int, list[CorrectionLue]]


def read_files(session: Session, rows: Sequence[BulletinPaie], mois: Month) -> Dossiers:
    """Les dossiers des bulletins d'une même paie ; ``rows`` n'est pas vide."""
    ids = [row.contrat_id for row in rows]
    contrats = {key(c.id): c for c in session.exec(select(Contrat).where(col(Contrat.id).in_(ids)))}
    agents_ids = {contrat.agent_id for contrat in contrats.values()}
    paie = session.get_one(Paie, rows[0].paie_id)
    adherent = session.get_one(Adherent, paie.adherent_id)
    sorties = {c: sortie for c, sortie in announced_exits(session, adherent).items() if c in contrats}
    fichiers = {
        key(fichier.id): fichier
        for fichier in session.exec(
            select(FichierRecu).where(col(FichierRecu.id).in_(sortie.fichier_id for sortie in sorties.values()))
        )
    }
    conditions = session.exec(
        select(SituationContrat)
        .where(col(SituationContrat.contrat_id).in_(ids), SituationContrat.du <= mois.last_day)
        .order_by(col(SituationContrat.du))
    )
    payes = session.exec(
        select(BulletinPaie.contrat_id, Paie.mois, Paie.revision)
        .join(Paie, col(BulletinPaie.paie_id) == col(Paie.id))
        .where(
            col(BulletinPaie.contrat_id).in_(ids),
            Paie.mois >= f"{mois.year:04d}-01",
            Paie.mois < str(mois),
            Paie.etat != EtatPaie.REMPLACEE,
        )
        .order_by(col(Paie.mois).desc(), col(Paie.revision).desc())
    )
    reprises = session.exec(
        select(CumulReprise.contrat_id).where(col(CumulReprise.contrat_id).in_(ids), CumulReprise.annee == mois.year)
    )
    absences = session.exec(
        select(Absence, FichierRecu)
        .outerjoin(FichierRecu, col(FichierRecu.id) == col(Absence.fichier_id))
        .where(col(Absence.contrat_id).in_(ids), Absence.debut <= mois.last_day, Absence.fin >= mois.first_day)
        .order_by(col(Absence.debut), col(Absence.id))
    )
    taux = session.exec(select(TauxPas).where(col(TauxPas.agent_id).in_(agents_ids)).order_by(col(TauxPas.du)))
    permanents = session.exec(
        select(ElementPermanent)
        .where(col(ElementPermanent.contrat_id).in_(ids), ElementPermanent.du <= mois.last_day)
        .order_by(col(ElementPermanent.du))
    )
    variables = session.exec(
        select(ElementVariable, FichierRecu)
        .join(FichierRecu, col(FichierRecu.id) == col(ElementVariable.fichier_id))
        .where(
            # L'adhérent d'abord : c'est lui et le mois que suit l'index.
            ElementVariable.adherent_id == adherent.id,
            ElementVariable.mois == str(mois),
            col(ElementVariable.contrat_id).in_(ids),
        )
        .order_by(col(ElementVariable.id))
    )
    return Dossiers(
        adherent=adherent,
        paie=paie,
        contrats=contrats,
        agents={key(agent.id): agent for agent in session.exec(select(Agent).where(col(Agent.id).in_(agents_ids)))},
        parametre=employer_settings(session, adherent, mois),
        conditions=_grouped((row.contrat_id, row) for row in conditions),
        sorties={c: (sortie, fichiers[sortie.fichier_id]) for c, sortie in sorties.items()},
        payes=_grouped((contrat, (autre, revision)) for contrat, autre, revision in payes),
        reprises=frozenset(reprises),
        absences=_grouped((row.contrat_id, (row, file)) for row, file in absences),
        taux=_grouped((row.agent_id, row) for row in taux),
        permanents=_grouped((row.contrat_id, row) for row in permanents),
        variables=_grouped((row.contrat_id, (row, file)) for row, file in variables),
        corrections=_grouped((item.row.contrat_id, item) for item in active_corrections(session, adherent, mois)),
    )


T = TypeVar("T")


def _grouped(pairs: Iterable[tuple[int, T]]) -> Mapping[int, list[T]]:
    found: dict[int, list[T]] = defaultdict(list)
    for name, value in pairs:
        found[name].append(value)
    return found


def origins_of(dossiers: Dossiers, row: BulletinPaie, mois: Month, situation: Situation) -> dict[str, str]:
    """Colonne d'entrée du moteur → la phrase qui dit où elle a été prise, pour un bulletin gardé.

    Les lignes datées du registre ne se réécrivent pas : on y retrouve ce que le calcul a lu. Une colonne absente du
    résultat vient du dossier, sans qu'on sache en dire plus.
    """
    contrat = dossiers.contrats[row.contrat_id]
    agent, adherent, parametre = dossiers.agents[contrat.agent_id], dossiers.adherent, dossiers.parametre
    conditions = f"contrat {contrat.numero}, {_conditions(dossiers.conditions.get(row.contrat_id, []), mois)}"
    reglages = f"paramètres de l'adhérent {adherent.code}, {_since(parametre.du) if parametre else 'non retrouvés'}"
    engagement = f"contrat {contrat.numero}, {_since(contrat.date_debut)}"
    cumuls = origin_of_cumuls(dossiers, row, mois)
    absences = _absences(dossiers.absences.get(row.contrat_id, []), contrat)
    taux = _taux_pas(dossiers.taux.get(contrat.agent_id, []), mois, situation)
    return {
        "population": f"contrat {contrat.numero} : {contrat.statut}, {conditions.partition(', ')[2]}",
        **dict.fromkeys(_DES_CONDITIONS, conditions),
        **dict.fromkeys(_DES_PARAMETRES, reglages),
        **dict.fromkeys(_DES_CUMULS, cumuls),
        **{f"jours_{nature}": absences for nature in NATURES},
        "premier_jour": engagement,
        "dernier_jour": _fin(dossiers.sorties.get(row.contrat_id), contrat),
        "jours_du_mois": "calendrier",
        "zone_residence": f"fiche de l'adhérent {adherent.code}",
        "autres_remunerations": f"autres contrats de l'agent ce mois-ci, et {conditions}",
        "jour_debut_contrat": engagement,
        "apprenti_jour_anniversaire": engagement,
        "apprenti_tranche_age": f"fiche de l'agent {agent.matricule}",
        "territoire_pas": f"fiche de l'agent {agent.matricule}",
        "contrat_court": engagement,
        "taux_pas": taux,
        "taux_pas_transmis": taux,
        **_permanents(dossiers.permanents.get(row.contrat_id, []), contrat, mois),
        **_variables(dossiers, row.contrat_id, mois, situation),
    }


def origin_of_cumuls(dossiers: Dossiers, row: BulletinPaie, mois: Month) -> str:
    """D'où viennent les cumuls de l'année, avant ce mois, d'un bulletin gardé."""
    payes = dossiers.payes.get(row.contrat_id)
    if payes:
        return f"cumuls du bulletin de {Month.parse(payes[0][0]).libelle}, révision {payes[0][1]}"
    if row.contrat_id in dossiers.reprises:
        return f"reprise des cumuls de {mois.year}"
    return f"premier bulletin de {mois.year} : cumuls à zéro"


def _conditions(rows: Sequence[SituationContrat], mois: Month) -> str:
    found = [row for row in rows if row.au is None or row.au >= mois.first_day]
    if not found:
        return "conditions non retrouvées"
    return " puis ".join(
        f"conditions en vigueur {_since(row.du)}"
        + (f" ({row.grade}{f', échelon {row.echelon}' if row.echelon else ''})" if row.grade else "")
        for row in found
    )


def _fin(annonce: tuple[SortieAnnoncee, FichierRecu] | None, contrat: Contrat) -> str:
    if annonce is None:
        return f"contrat {contrat.numero}, " + (
            f"jusqu'au {_day(contrat.date_fin)}" if contrat.date_fin else "sans fin"
        )
    sortie, file = annonce
    return f"départ au {_day(sortie.date)} annoncé par {_fichier(file)}"


def _absences(rows: Sequence[tuple[Absence, FichierRecu | None]], contrat: Contrat) -> str:
    kept = [(row, file) for row, file in rows if file is None or file.etat == EtatFichier.ACCEPTE]
    if not kept:
        return "aucune absence au dossier"
    return " ; ".join(
        f"absence « {row.type} » du {_day(row.debut)} au {_day(row.fin)}, "
        + (_fichier(file) if file else f"dossier du contrat {contrat.numero}")
        for row, file in kept
    )


def _taux_pas(rows: Sequence[TauxPas], mois: Month, situation: Situation) -> str:
    if situation.taux_pas_ppm is None:
        return "aucun taux transmis par la DGFiP pour ce mois : grille par défaut"
    found = [
        row
        for row in rows
        if row.taux_ppm == situation.taux_pas_ppm
        and row.du <= mois.last_day
        and (row.au is None or row.au >= mois.last_day)
    ]
    if not found:
        return "taux transmis par la DGFiP"
    return f"taux transmis par la DGFiP (compte rendu {found[-1].identifiant}), {_since(found[-1].du)}"


def _permanents(rows: Sequence[ElementPermanent], contrat: Contrat, mois: Month) -> dict[str, str]:
    return {
        f"permanent_{row.rubrique}": f"élément permanent du contrat {contrat.numero}, {_since(row.du)}"
        for row in rows
        if row.au is None or row.au >= mois.first_day
    }


def _variables(dossiers: Dossiers, contrat_id: int, mois: Month, situation: Situation) -> dict[str, str]:
    rows = dossiers.variables.get(contrat_id, [])
    corrections: dict[str, list[str]] = {}
    for item in dossiers.corrections.get(contrat_id, []):
        said = f"correction du {_day(item.row.le)} par {item.row.par} ({item.row.motif})"
        corrections.setdefault(item.row.rubrique, []).append(said)
    found = {}
    for code, value in situation.variables.items():
        known = [(row, file) for row, file in rows if row.rubrique == code]
        accepted = [(row, file) for row, file in known if file.etat == EtatFichier.ACCEPTE]
        # Une révision ancienne peut reposer sur un fichier remplacé depuis : on le cite alors, avec son sort.
        cited = accepted if sum(row.valeur for row, _ in accepted) == value else known
        texts = dict.fromkeys(
            [*(f"{_cellule(row)}{_fichier(file)}" for row, file in cited), *corrections.get(code, ())]
        )
        name = code if code in HOUR_VARIABLES else f"variable_{code}"
        found[name] = " ; ".join(texts) or f"élément variable de {mois.libelle} (révision {dossiers.paie.revision})"
    return found


def _cellule(row: ElementVariable) -> str:
    places = [f"feuille « {row.feuille} »" if row.feuille else "", _place(row.cellule)]
    written = ", ".join(place for place in places if place)
    return f"{written}, " if written else ""


def _place(cellule: str) -> str:
    # Un CSV n'a pas de cellules : sa place s'y écrit déjà en toutes lettres (« ligne 5, colonne valeur »).
    return f"cellule {cellule}" if cellule and " " not in cellule else cellule


def _fichier(row: FichierRecu) -> str:
    sort = "" if row.etat == EtatFichier.ACCEPTE else f", désormais « {row.etat} »"
    return f"fichier « {row.nom} » reçu le {_day(row.recu_le)}{sort}"


def _since(day: date) -> str:
    return f"depuis le {_day(day)}"


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""
