"""Ce que le moteur rend : un bulletin fait de lignes arrondies, de totaux qui sont leurs sommes, et de ses colonnes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from payroll.anomalies import Anomalie
from payroll.engine.situation import Cumuls
from payroll.periods import Month


class Section(StrEnum):
    """Les parties du bulletin, dans l'ordre où elles s'impriment (arrêté du 25/02/2016 modifié)."""

    BRUT = "brut"
    SANTE = "sante"
    ACCIDENT_TRAVAIL = "accident_travail"
    RETRAITE = "retraite"
    FAMILLE = "famille"
    CHOMAGE = "chomage"
    AUTRES_CONTRIBUTIONS = "autres_contributions"
    CSG = "csg"
    ALLEGEMENTS = "allegements"
    NET = "net"
    """Après le net avant impôt : remboursements, retenues, acomptes."""


@dataclass(frozen=True, slots=True)
class Ligne:
    """Une ligne imprimée. Montants en centimes signés, taux en millionièmes, nombre en centièmes (heures, jours).

    Section ``brut`` et ``net`` : ``montant_salarie`` est le montant de la ligne (gain positif, retenue négative).
    Autres sections : ``montant_salarie`` est une retenue positive (une réduction est négative),
    ``montant_employeur`` une charge positive.

    Un même code peut porter plusieurs lignes (tranches d'IHTS) : qui cherche un montant par code les additionne.
    """

    code: str
    libelle: str
    section: Section
    ordre: int
    base: int | None = None
    nombre_centiemes: int | None = None
    taux_salarie_ppm: int | None = None
    montant_salarie: int = 0
    taux_employeur_ppm: int | None = None
    montant_employeur: int = 0
    periode: Month | None = None
    """Le mois du droit, pour une ligne de rappel ; ``None`` : le mois du bulletin."""

    @property
    def libelle_imprime(self) -> str:
        """Le libellé, précédé du mois du droit pour un rappel : « Rappel 03/2026, Traitement indiciaire ».

        Le mois vient d'abord : un libellé long est coupé à l'impression, le mois jamais.
        """
        if self.periode is None:
            return self.libelle
        return f"Rappel {self.periode.month:02d}/{self.periode.year}, {self.libelle}"


@dataclass(frozen=True, slots=True)
class Bulletin:
    """Le bulletin d'un contrat pour un mois ; chaque total est une somme de lignes, sans nouvel arrondi."""

    matricule: str
    mois: Month
    lignes: tuple[Ligne, ...]
    brut: int
    cotisations_salarie: int
    cotisations_employeur: int
    net_avant_impot: int
    net_imposable: int
    montant_net_social: int
    pas_base: int
    pas_taux_ppm: int
    pas_bareme: bool
    """Vrai : taux de la grille par défaut (CGI 204 H) ; faux : taux transmis par la DGFiP."""
    pas: int
    net_a_payer: int
    cout_employeur: int
    cumuls: Cumuls
    """Cumuls de l'année, ce mois compris."""
    colonnes: Mapping[str, int] = field(default_factory=dict)
    """Toutes les colonnes intermédiaires du calcul, par nom (assiette_cnracl, plafond_rafp…)."""
    avertissements: tuple[Anomalie, ...] = ()
