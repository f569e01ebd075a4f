"""Ce que le modèle et la lecture doivent savoir d'un adhérent pour un mois : ses agents, ses rubriques à saisir."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

from payroll.engine.situation import Statut
from payroll.money import round_half_up
from payroll.periods import Month

VERSION = "1"
"""La version du classeur écrit aujourd'hui ; ``docs/classeur.md`` dit ce qui change de l'une à l'autre."""

CONTINGENT_IHTS = 2500
"""25 heures par mois, en centièmes (décret 2002-60 art. 6) : valeur à défaut du chiffre daté de la législation."""

Unite = Literal["heures", "montant", "nombre"]


@dataclass(frozen=True, slots=True)
class RosterAgent:
    """Un contrat ouvert dans le mois. Nom et prénom ne servent qu'à l'écran de la secrétaire : jamais aux anomalies."""

    matricule: str
    nom: str = field(repr=False)
    prenom: str = field(repr=False)
    statut: Statut
    emploi: str = ""
    numero_contrat: str = ""
    categorie: str = ""
    quotite: Fraction = Fraction(1)
    heures_hebdo: Fraction = Fraction(35)
    ihts_permises: bool = False
    heures_complementaires_permises: bool = False
    date_debut: date | None = None
    date_fin: date | None = None
    """Dernier jour du contrat, inclus."""
    contingent_heures_sup: int | None = None
    """Centièmes d'heure, quand une décision motivée lève le contingent (décret 2002-60 art. 6) ; sinon ``None``."""
    mois_dernier: tuple[tuple[str, int], ...] = ()
    """(rubrique, valeur) payées le mois d'avant, pour mémoire : centimes, ou centièmes selon la rubrique."""

    @property
    def temps(self) -> str:
        """« temps complet », « 28 h », « 35 h à 80 % »."""
        if self.heures_hebdo == 35 and self.quotite == 1:
            return "temps complet"
        whole, rest = divmod(round_half_up(self.heures_hebdo.numerator * 100, self.heures_hebdo.denominator), 100)
        heures = f"{whole} h" if not rest else f"{whole},{rest:02d} h"
        return heures if self.quotite == 1 else f"{heures} à {int(self.quotite * 100)} %"


@dataclass(frozen=True, slots=True)
class AbsenceDejaConnue:
    """Une absence d'un mois passé qui touche celui-ci : elle compte déjà, la ressaisir la compterait deux fois."""

    cle: str
    """Ce qui désigne le contrat dans le classeur (:meth:`Roster.cle`)."""
    type: str
    debut: date
    fin: date


@dataclass(frozen=True, slots=True)
class RubriqueSaisie:
    """Une rubrique que l'adhérent saisit chaque mois : une colonne du classeur."""

    code: str
    libelle: str
    unite: Unite = "montant"
    ponctuelle: bool = False
    """Vrai : dans la liste des « Autres éléments », sans colonne à elle."""


@dataclass(frozen=True, slots=True)
class Roster:
    """L'adhérent, son mois, ses agents et ses rubriques : tout ce que le classeur montre et que la lecture vérifie.

    Lève ``ValueError`` si deux contrats ne peuvent être distingués ou si deux rubriques portent le même code.
    """

    adherent_code: str
    adherent_nom: str
    siret: str
    mois: Month
    agents: tuple[RosterAgent, ...] = ()
    rubriques: tuple[RubriqueSaisie, ...] = ()
    version: str = VERSION
    contingent_ihts: int = CONTINGENT_IHTS
    """Centièmes d'heure : le chiffre ``ihts.contingent_mensuel`` du mois."""
    absences_connues: tuple[AbsenceDejaConnue, ...] = ()
    contact: str = ""
    """À qui demander : « Claire, 05 58 00 00 00 » ; vide, le classeur dit « votre gestionnaire de paie »."""

    def __post_init__(self) -> None:
        contrats = Counter((agent.matricule, agent.numero_contrat) for agent in self.agents)
        doubles = sorted(matricule for (matricule, _), count in contrats.items() if count > 1)
        if doubles:
            raise ValueError(f"matricules en double sans numéro de contrat distinct : {', '.join(doubles)}")
        codes = Counter(rubrique.code for rubrique in self.rubriques)
        if codes and max(codes.values()) > 1:
            raise ValueError(f"rubriques en double : {', '.join(c for c, count in codes.items() if count > 1)}")

    def cle(self, agent: RosterAgent) -> str:
        """Ce qui désigne ce contrat dans le classeur : le matricule, suivi de « /contrat » s'il en a plusieurs."""
        contrats = sum(1 for other in self.agents if other.matricule == agent.matricule)
        return agent.matricule if contrats == 1 else f"{agent.matricule}/{agent.numero_contrat}"

    def contingent(self, agent: RosterAgent) -> int:
        """Centièmes d'heures admis dans le mois : 25 h × quotité (décret 2002-60 art. 6 ; décret 2004-777 art. 7)."""
        if agent.contingent_heures_sup is not None:
            return agent.contingent_heures_sup
        return round_half_up(self.contingent_ihts * agent.quotite.numerator, agent.quotite.denominator)
