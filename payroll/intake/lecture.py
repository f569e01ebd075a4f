"""Ce que la lecture d'un fichier d'éléments variables rend : des valeurs sûres, situées, et toutes les anomalies."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from payroll.anomalies import Anomalie, blocking
from payroll.periods import Month

Format = Literal["xlsx", "ods", "csv", "inconnu"]


@dataclass(frozen=True, slots=True)
class ElementLu:
    """Une valeur saisie pour un agent : centimes, ou centièmes d'heure selon l'unité de la rubrique."""

    matricule: str
    code: str
    valeur: int
    feuille: str = ""
    cellule: str = ""
    mois_de_droit: Month | None = None
    observation: str = field(default="", repr=False)
    numero_contrat: str = ""


@dataclass(frozen=True, slots=True)
class AbsenceLue:
    """Une absence, bornes incluses ; ``type`` est un code du moteur (cmo, greve…)."""

    matricule: str
    type: str
    debut: date
    fin: date
    prolongation: bool = False
    feuille: str = ""
    cellule: str = ""
    observation: str = field(default="", repr=False)
    numero_contrat: str = ""
    motif_sans_carence: str = ""
    heures: int | None = None
    """Absence de moins d'un jour, en centièmes d'heure."""
    demi_journee: bool = False
    quotite_ppm: int | None = None
    """Part de temps travaillée en temps partiel thérapeutique."""

    @property
    def precisions(self) -> tuple[bool, str, int | None, bool, int | None]:
        """Ce que l'absence dit au-delà de sa nature et de ses dates."""
        return self.prolongation, self.motif_sans_carence, self.heures, self.demi_journee, self.quotite_ppm


@dataclass(frozen=True, slots=True)
class SortieLue:
    """Le départ d'un agent connu : ``date`` est son dernier jour, inclus."""

    matricule: str
    date: date
    motif: str
    feuille: str = ""
    cellule: str = ""
    observation: str = field(default="", repr=False)
    numero_contrat: str = ""


@dataclass(frozen=True, slots=True)
class EntreeAnnoncee:
    """L'arrivée d'un agent que la paie ne connaît pas encore : le gestionnaire ouvrira son dossier."""

    nom: str = field(repr=False)
    prenom: str = field(repr=False)
    date: date
    statut: str
    feuille: str = ""
    cellule: str = ""
    observation: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Lecture:
    """Tout ce qu'un fichier dit, trié ; rien n'y est à prendre si :attr:`acceptee` est faux."""

    format: Format
    version: str = ""
    adherent_code: str = ""
    mois: Month | None = None
    neant: bool = False
    remplace: bool = False
    preparateur: str = field(default="", repr=False)
    prepare_le: date | None = None
    elements: tuple[ElementLu, ...] = ()
    absences: tuple[AbsenceLue, ...] = ()
    sorties: tuple[SortieLue, ...] = ()
    entrees_annoncees: tuple[EntreeAnnoncee, ...] = ()
    anomalies: tuple[Anomalie, ...] = ()

    @property
    def acceptee(self) -> bool:
        """Vrai si aucune anomalie n'est bloquante : le fichier peut entrer en paie, en entier."""
        return not blocking(self.anomalies)

    @property
    def contenu(self) -> Hashable:
        """Ce que le fichier déclare, sans les places ni les observations : deux fichiers égaux disent la même chose."""
        return (
            self.neant,
            frozenset((e.matricule, e.numero_contrat, e.code, e.mois_de_droit, e.valeur) for e in self.elements),
            frozenset((a.matricule, a.numero_contrat, a.type, a.debut, a.fin, a.precisions) for a in self.absences),
            frozenset((s.matricule, s.numero_contrat, s.date, s.motif) for s in self.sorties),
            frozenset((e.nom, e.prenom, e.date, e.statut) for e in self.entrees_annoncees),
        )
