"""La forme du classeur de correction, partagée par celui qui l'écrit et celui qui le lit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from payroll.intake.constats import Lieu
from payroll.intake.roster import Roster, Unite

VERSION = "correction-1"
ELEMENTS, ABSENCES = "Éléments", "Absences"
AJOUTS, NOUVELLES = "Éléments à ajouter", "Absences à ajouter"
CACHEE = "_correction"
FEUILLES = (ELEMENTS, ABSENCES, AJOUTS, NOUVELLES, CACHEE)

ELEMENTS_COLONNES: Mapping[str, str] = {
    "repere": "Repère",
    "agent": "Agent",
    "rubrique": "Élément",
    "fichier": "Dit par le fichier",
    "avant": "Valeur actuelle",
    "nouvelle": "Nouvelle valeur",
    "motif": "Motif",
}
ABSENCES_COLONNES: Mapping[str, str] = {
    "repere": "Repère",
    "agent": "Agent",
    "nature": "Nature de l'absence",
    "debut": "Premier jour",
    "fin": "Dernier jour",
    "retirer": "Retirer",
    "nouveau_debut": "Nouveau premier jour",
    "nouvelle_fin": "Nouveau dernier jour",
    "motif": "Motif",
}
AJOUTS_COLONNES: Mapping[str, str] = {
    "agent": "Agent",
    "rubrique": "Élément",
    "facon": "Façon",
    "nouvelle": "Nouvelle valeur",
    "motif": "Motif",
}
NOUVELLES_COLONNES: Mapping[str, str] = {
    "agent": "Agent",
    "nature": "Nature de l'absence",
    "debut": "Premier jour",
    "fin": "Dernier jour",
    "prolongation": "Prolongation",
    "motif": "Motif",
}
FACONS: Mapping[str, str] = {"fixer": "à la place du fichier", "ligne": "en plus ou en moins"}

Sorte = Literal["fixer", "ligne", "remplacer", "absence", "changer", "retirer"]


@dataclass(frozen=True, slots=True)
class ElementActuel:
    """Un élément d'un agent : ce que dit le fichier, ce qui se paie ; ``numero`` : celui d'une ligne manuelle."""

    cle: str
    rubrique: str
    unite: Unite
    fichier: int
    actuel: int
    numero: int = 0


@dataclass(frozen=True, slots=True)
class AbsenceActuelle:
    """Une absence qui touche le mois, avec le numéro qui sert à la retirer."""

    numero: int
    cle: str
    type: str
    debut: date
    fin: date


@dataclass(frozen=True, slots=True)
class EtatDuMois:
    """Tout ce que le classeur montre."""

    roster: Roster
    libelles: Mapping[str, str]
    """Rubrique saisissable → libellé."""
    elements: tuple[ElementActuel, ...]
    absences: tuple[AbsenceActuelle, ...]


@dataclass(frozen=True, slots=True)
class Demande:
    """Une ligne remplie : ce que le gestionnaire veut changer, où il l'a écrit, et pourquoi."""

    sorte: Sorte
    lieu: Lieu
    motif: str = field(repr=False)
    matricule: str = ""
    contrat: str = ""
    rubrique: str = ""
    valeur: int = 0
    avant: int = 0
    """La valeur que montrait le classeur : si elle a changé depuis, la demande est refusée."""
    numero: int = 0
    """De la ligne manuelle ou de l'absence visée."""
    type: str = ""
    debut: date | None = None
    fin: date | None = None
    prolongation: bool = False
