"""Ce que les formulaires du bureau proposent et vérifient : agents du mois, éléments, absences, contenu présent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from payroll.catalogue import load as load_catalogue
from payroll.engine.situation import HOUR_VARIABLES
from payroll.intake.layout import formulaire
from payroll.legislation.conges import load_conges
from payroll.month.commun import find_adherent, require_paie
from payroll.month.conditions import monthly_codes
from payroll.month.corrections import element_label, element_unit
from payroll.month.rappeler import late_codes
from payroll.month.situations import active_contracts
from payroll.periods import Month
from payroll.store.registre import Registre


@dataclass(frozen=True, slots=True)
class Personne:
    """Un contrat qui touche le mois, et son agent."""

    matricule: str
    contrat: str
    nom: str
    prenom: str
    emploi: str


@dataclass(frozen=True, slots=True)
class Condition:
    """Une condition d'un contrat qu'un arrêté change (:data:`payroll.month.conditions.MODIFIABLES`)."""

    code: str
    libelle: str
    aide: str = ""


@dataclass(frozen=True, slots=True)
class Saisissable:
    """Un élément qu'une correction peut fixer ou ajouter."""

    code: str
    libelle: str
    unite: str = ""
    """« heures », « nombre », « points » ; vide : des euros."""


def people_of_month(registre: Registre, code: str, mois: Month) -> list[Personne]:
    """Les contrats qui touchent le mois, par nom puis numéro de contrat."""
    with registre.transaction() as session:
        rows = active_contracts(session, find_adherent(session, code), mois)
        found = [
            Personne(agent.matricule, contrat.numero, agent.nom_usage or agent.nom, agent.prenom, contrat.emploi)
            for contrat, agent in rows
        ]
    return sorted(found, key=lambda one: (one.nom, one.prenom, one.contrat))


def enterable() -> list[Saisissable]:
    """Les éléments du mois qu'une correction peut porter, par libellé."""
    catalogue = load_catalogue()
    return _enterable({item.code for item in catalogue.saisies("variables")} | HOUR_VARIABLES)


def monthly_elements() -> list[Saisissable]:
    """Les éléments qui se versent chaque mois, par libellé."""
    return _enterable(monthly_codes())


def late_enterable() -> list[Saisissable]:
    """Les éléments d'un mois passé qu'un rappel peut porter, par libellé."""
    return _enterable(late_codes())


def _enterable(codes: Iterable[str]) -> list[Saisissable]:
    found = [Saisissable(code, element_label(code), element_unit(code)) for code in codes]
    return sorted(found, key=lambda one: one.libelle)


def changeable_conditions() -> tuple[Condition, ...]:
    """Ce qu'un arrêté change sans ouvrir un autre contrat, dans l'ordre où un arrêté le dit."""
    return (
        Condition("grade", "Grade"),
        Condition("echelon", "Échelon"),
        Condition("categorie", "Catégorie", "A, B ou C."),
        Condition("indice_brut", "Indice brut"),
        Condition("indice_majore", "Indice majoré"),
        Condition("nbi", "Nouvelle bonification indiciaire, en points"),
        Condition("heures_hebdo", "Heures par semaine de l'emploi", "35 ; 17,5 pour dix-sept heures trente."),
        Condition("quotite", "Quotité du temps partiel", "0,8 pour 80 % ; 1 pour un temps plein."),
        Condition("enfants_sft", "Enfants ouvrant droit au supplément familial"),
        Condition("enfants_sft_alternes", "Dont en résidence alternée"),
        Condition("personnes_a_charge", "Personnes à charge, pour les saisies"),
        Condition("taux_indemnite", "Taux de l'indemnité d'un élu, en pour cent"),
    )


def absence_kinds() -> list[tuple[str, str]]:
    """Les natures d'absence, code et libellé, par libellé."""
    return sorted(((code, nature.libelle) for code, nature in load_conges().natures.items()), key=lambda one: one[1])


def waiting_day_waivers() -> list[tuple[str, str]]:
    """Les motifs qui dispensent du jour de carence, code et libellé."""
    return sorted(((code, one.libelle) for code, one in load_conges().sans_carence.items()), key=lambda one: one[1])


def exit_reasons() -> list[tuple[str, str]]:
    """Les motifs de départ du classeur, code et libellé, dans son ordre."""
    return [(choice.code, choice.libelle) for choice in formulaire().motifs]


def present_content(registre: Registre, code: str, mois: Month) -> tuple[int, str]:
    """La révision courante et l'empreinte de son contenu : ce qu'un formulaire de révision porte et fait vérifier."""
    with registre.transaction() as session:
        paie = require_paie(session, find_adherent(session, code), mois)
        return paie.revision, paie.hash_contenu
