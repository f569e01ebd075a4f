"""D'où vient chaque donnée d'un bulletin : le dossier, ses dates, le fichier du mois avec sa feuille et sa cellule."""

from __future__ import annotations

from datetime import date

from sqlmodel import Session, col, select

from payroll.engine.deliberations import NATURE_DU_MOTIF
from payroll.engine.inputs import CUMULS_PLAFONNES
from payroll.engine.jours import NATURES
from payroll.engine.situation import HOUR_VARIABLES, Situation
from payroll.month.commun import key
from payroll.month.corrections import active_corrections
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
    SituationContrat,
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


def origins_of(session: Session, row: BulletinPaie, mois: Month, situation: Situation) -> dict[str, str]:
    """Colonne d'entrée du moteur → la phrase qui dit où elle a été prise, pour un bulletin gardé.

    Les lignes datées du registre ne se réécrivent pas : on y retrouve ce que le calcul a lu. Une colonne absente du
    résultat vient du dossier, sans qu'on sache en dire plus.
    """
    contrat = session.get_one(Contrat, row.contrat_id)
    agent = session.get_one(Agent, contrat.agent_id)
    adherent = session.get_one(Adherent, contrat.adherent_id)
    paie = session.get_one(Paie, row.paie_id)
    conditions = f"contrat {contrat.numero}, {_conditions(session, contrat, mois)}"
    parametre = employer_settings(session, adherent, mois)
    reglages = f"paramètres de l'adhérent {adherent.code}, {_since(parametre.du) if parametre else 'non retrouvés'}"
    engagement = f"contrat {contrat.numero}, {_since(contrat.date_debut)}"
    cumuls = _cumuls(session, contrat, mois)
    absences = _absences(session, contrat, mois)
    taux = _taux_pas(session, agent, mois, situation)
    return {
        "population": f"contrat {contrat.numero} : {contrat.statut}, {conditions.partition(', ')[2]}",
        **dict.fromkeys(_DES_CONDITIONS, conditions),
        **dict.fromkeys(_DES_PARAMETRES, reglages),
        **dict.fromkeys(_DES_CUMULS, cumuls),
        **{f"jours_{nature}": absences for nature in NATURES},
        "premier_jour": engagement,
        "dernier_jour": _fin(session, contrat, adherent),
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
        **_permanents(session, contrat, mois),
        **_variables(session, contrat, mois, paie, situation),
    }


def origin_of_cumuls(session: Session, row: BulletinPaie, mois: Month) -> str:
    """D'où viennent les cumuls de l'année, avant ce mois, d'un bulletin gardé."""
    return _cumuls(session, session.get_one(Contrat, row.contrat_id), mois)


def _conditions(session: Session, contrat: Contrat, mois: Month) -> str:
    rows = session.exec(
        select(SituationContrat)
        .where(SituationContrat.contrat_id == contrat.id, SituationContrat.du <= mois.last_day)
        .order_by(col(SituationContrat.du))
    ).all()
    found = [row for row in rows if row.au is None or row.au >= mois.first_day]
    if not found:
        return "conditions non retrouvées"
    return " puis ".join(
        f"conditions en vigueur {_since(row.du)}"
        + (f" ({row.grade}{f', échelon {row.echelon}' if row.echelon else ''})" if row.grade else "")
        for row in found
    )


def _fin(session: Session, contrat: Contrat, adherent: Adherent) -> str:
    sortie = announced_exits(session, adherent).get(key(contrat.id))
    if sortie is None:
        return f"contrat {contrat.numero}, " + (
            f"jusqu'au {_day(contrat.date_fin)}" if contrat.date_fin else "sans fin"
        )
    return f"départ au {_day(sortie.date)} annoncé par {_fichier(session.get_one(FichierRecu, sortie.fichier_id))}"


def _cumuls(session: Session, contrat: Contrat, mois: Month) -> str:
    before = session.exec(
        select(Paie.mois, Paie.revision)
        .join(BulletinPaie, col(BulletinPaie.paie_id) == col(Paie.id))
        .where(
            BulletinPaie.contrat_id == contrat.id,
            Paie.mois >= f"{mois.year:04d}-01",
            Paie.mois < str(mois),
            Paie.etat != EtatPaie.REMPLACEE,
        )
        .order_by(col(Paie.mois).desc(), col(Paie.revision).desc())
    ).first()
    if before is not None:
        return f"cumuls du bulletin de {Month.parse(before[0]).libelle}, révision {before[1]}"
    reprise = session.exec(
        select(CumulReprise.id).where(CumulReprise.contrat_id == contrat.id, CumulReprise.annee == mois.year)
    ).first()
    return f"reprise des cumuls de {mois.year}" if reprise else f"premier bulletin de {mois.year} : cumuls à zéro"


def _absences(session: Session, contrat: Contrat, mois: Month) -> str:
    rows = session.exec(
        select(Absence, FichierRecu)
        .outerjoin(FichierRecu, col(FichierRecu.id) == col(Absence.fichier_id))
        .where(Absence.contrat_id == contrat.id, Absence.debut <= mois.last_day, Absence.fin >= mois.first_day)
        .order_by(col(Absence.debut), col(Absence.id))
    ).all()
    kept = [(row, file) for row, file in rows if file is None or file.etat == EtatFichier.ACCEPTE]
    if not kept:
        return "aucune absence au dossier"
    return " ; ".join(
        f"absence « {row.type} » du {_day(row.debut)} au {_day(row.fin)}, "
        + (_fichier(file) if file else f"dossier du contrat {contrat.numero}")
        for row, file in kept
    )


def _taux_pas(session: Session, agent: Agent, mois: Month, situation: Situation) -> str:
    if situation.taux_pas_ppm is None:
        return "aucun taux transmis par la DGFiP pour ce mois : grille par défaut"
    rows = session.exec(select(TauxPas).where(TauxPas.agent_id == agent.id).order_by(col(TauxPas.du))).all()
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


def _permanents(session: Session, contrat: Contrat, mois: Month) -> dict[str, str]:
    rows = session.exec(
        select(ElementPermanent)
        .where(ElementPermanent.contrat_id == contrat.id, ElementPermanent.du <= mois.last_day)
        .order_by(col(ElementPermanent.du))
    ).all()
    return {
        f"permanent_{row.rubrique}": f"élément permanent du contrat {contrat.numero}, {_since(row.du)}"
        for row in rows
        if row.au is None or row.au >= mois.first_day
    }


def _variables(session: Session, contrat: Contrat, mois: Month, paie: Paie, situation: Situation) -> dict[str, str]:
    rows = session.exec(
        select(ElementVariable, FichierRecu)
        .join(FichierRecu, col(FichierRecu.id) == col(ElementVariable.fichier_id))
        .where(ElementVariable.contrat_id == contrat.id, ElementVariable.mois == str(mois))
        .order_by(col(ElementVariable.id))
    ).all()
    adherent = session.get_one(Adherent, contrat.adherent_id)
    corrections: dict[str, list[str]] = {}
    for item in active_corrections(session, adherent, mois):
        if item.row.contrat_id == contrat.id:
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
        found[name] = " ; ".join(texts) or f"élément variable de {mois.libelle} (révision {paie.revision})"
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
