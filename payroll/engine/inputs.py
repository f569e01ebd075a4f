"""Ce qui se déduit d'une situation avant tout calcul : population, jours du contrat, âge, part à la CNRACL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

import numpy as np

from payroll.engine.situation import Employeur, Mandat, RegimeRetraite, Situation, Statut
from payroll.money import Column
from payroll.periods import Month

_FONCTIONNAIRE = frozenset({Statut.TITULAIRE, Statut.STAGIAIRE})


def population(situation: Situation) -> str:
    """La population de l'agent, qu'elle soit calculée ou non."""
    return population_of(situation.statut, situation.regime_retraite)


def population_of(statut: Statut, regime: RegimeRetraite) -> str:
    """La population d'un statut affilié à ce régime."""
    if statut in _FONCTIONNAIRE:
        return "titulaire_cnracl" if regime is RegimeRetraite.CNRACL else "titulaire_ircantec"
    return str(statut)


# Comment nommer une population à une personne.
LIBELLES = {
    "titulaire_cnracl": "fonctionnaire affilié à la CNRACL",
    "titulaire_ircantec": "fonctionnaire affilié à l'IRCANTEC",
    "contractuel": "contractuel de droit public",
    "elu": "élu local",
    "apprenti": "apprenti",
    "pec": "contrat aidé (PEC)",
    "vacataire": "vacataire",
}


@dataclass(slots=True)
class Accepted:
    """Un agent que les contrôles ont laissé passer, avec ses jours d'absence déjà ramenés en trentièmes.

    Non figé : il y en a un par agent du lot, et figer le triple (0,6 µs au lieu de 2).
    """

    rang: int
    """Sa place parmi les situations reçues."""
    employeur: Employeur
    situation: Situation
    absences: Mapping[str, int]
    mesures: Mapping[str, int] = field(default_factory=dict)
    """Ce que les absences donnent d'autre que des trentièmes : heures, indemnités (``absences_entrees``)."""
    debut: int | None = None
    """Premier jour payé de cette ligne, si ce n'est pas celui du contrat (mois coupé)."""
    fin: int | None = None
    """Dernier trentième payé de cette ligne, si ce n'est pas celui du contrat."""
    duree: Fraction | None = None
    """Heures par semaine à la quotité de l'agent, en moyenne sur le mois coupé ; ``None`` : celles de la situation."""


def contract_days(situation: Situation, mois: Month) -> tuple[date, date]:
    """Premier et dernier jour du contrat dans le mois ; inversés si le contrat ne le touche pas."""
    return (
        max(situation.date_debut or mois.first_day, mois.first_day),
        min(situation.date_fin or mois.last_day, mois.last_day),
    )


def small_town(employeur: Employeur, mandat: Mandat, seuil: int) -> bool:
    """Vrai si un mandat s'exerce dans une petite commune : dit, ou déduit de la population pour un mandat communal."""
    if mandat.mandat_commune_moins_3500 is not None:
        return mandat.mandat_commune_moins_3500
    return mandat.mandat in MANDATS_COMMUNAUX and employeur.population < seuil


# Les cumuls que lisent les plafonds de l'année (CSS R. 243-10) et l'exonération des apprentis (CGI 81 bis).
CUMULS_PLAFONNES = (
    "apprenti_exonere", "plafond", "regime_general", "vieillesse_plafonnee", "ircantec", "ircantec_a", "ircantec_b",
    "chomage", "chomage_assiette", "securite_sociale", "fnal_assiette", "csg", "csg_abattue",
)  # fmt: skip

_AGES_APPRENTI = (18, 21, 26)


def day_number(day: date | None) -> int:
    """La date en un nombre lisible (20250901) ; zéro si elle n'est pas connue."""
    return day.year * 10_000 + day.month * 100 + day.day if day else 0


def _anniversary(day: date, year: int) -> date:
    """Le même jour une autre année ; le 29 février devient le 1er mars."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def age_band(naissance: date | None, mois: Month) -> int:
    """Tranche d'âge d'un apprenti : 0 moins de 18 ans, 1 de 18 à 20, 2 de 21 à 25, 3 au-delà ; −1 si âge inconnu.

    L'âge est celui de la veille du mois : il change au premier jour du mois qui suit l'anniversaire (D. 6222-34).
    """
    return int(age_bands(np.array([day_number(naissance)]), mois)[0])


def age_bands(naissances: Column, mois: Month) -> Column:
    """Les tranches d'âge de tout un lot ; ``naissances`` en nombres (20080229), zéro si l'âge n'est pas connu."""
    veille = day_number(mois.previous.last_day)
    # Une date écrite en nombre se compare et se soustrait comme un âge : les dix mille sont les années.
    age = (veille - naissances) // 10_000
    tranches = sum((age >= seuil for seuil in _AGES_APPRENTI), np.zeros_like(naissances))
    return np.where(naissances == 0, -1, tranches)


def years_of_execution(debut: date, jour: date) -> int:
    """Années entières d'exécution du contrat à cette date."""
    return max(0, jour.year - debut.year - (_anniversary(debut, jour.year) > jour))


def apprentice_anniversary(situation: Situation, mois: Month) -> int:
    """Jour du mois où commence l'année d'exécution suivante ; zéro s'il n'y en a pas.

    Une année moindre que celle qu'on compterait est une prolongation (C. trav. D. 6222-28) : elle ne change plus.
    """
    debut, apprenti = situation.date_debut, situation.apprenti
    if debut is None or apprenti is None or debut >= mois.first_day:
        return 0
    jour = _anniversary(debut, mois.year)
    prolonge = apprenti.annee < years_of_execution(debut, mois.first_day) + 1
    return 0 if prolonge or not mois.first_day < jour <= mois.last_day else jour.day


MANDATS_COMMUNAUX = ("maire", "adjoint", "conseiller")
MANDATS = (*MANDATS_COMMUNAUX, "president", "vice_president")


def subject_to_cnracl(situation: Situation) -> Fraction:
    """Part du poste soumise à la CNRACL : les heures au-delà du temps complet de tous les emplois en sortent."""
    hors = situation.heures_hors_cnracl or Fraction(0)
    return (situation.heures_hebdo - hors) / situation.heures_hebdo if situation.heures_hebdo else Fraction(1)
