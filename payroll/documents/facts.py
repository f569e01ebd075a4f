"""Ce qu'un bulletin imprime, et rien de plus : l'employeur, l'agent, son contrat, le calcul et le paiement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from payroll.engine.bulletin import Bulletin


@dataclass(frozen=True, slots=True)
class EmployeurIdentite:
    """L'adhérent, tel que le bulletin le nomme (code du travail R. 3243-1, 1° et 2°)."""

    nom: str
    adresse: tuple[str, ...]
    """Lignes d'adresse, sans le code postal ni la ville."""
    code_postal: str
    ville: str
    siret: str
    ape: str
    organisme: str = ""
    """L'organisme qui reçoit les cotisations, par exemple « Urssaf Aquitaine »."""


@dataclass(frozen=True, slots=True)
class AgentIdentite:
    """L'agent, tel qu'il est nommé et joint."""

    matricule: str
    civilite: str
    nom: str
    prenom: str
    adresse: tuple[str, ...]
    code_postal: str
    ville: str
    nir: str = ""
    """Imprimé s'il est donné : à ne donner que si l'adhérent le demande."""

    @property
    def nom_complet(self) -> str:
        """« Mme DUPOUY Marie »."""
        return " ".join(part for part in (self.civilite, self.nom.upper(), self.prenom) if part)


@dataclass(frozen=True, slots=True)
class ContratIdentite:
    """Ce que le contrat dit de l'agent ; un champ vide ou ``None`` ne s'imprime pas (un élu n'a ni grade ni indice)."""

    statut_libelle: str
    regime_libelle: str
    emploi: str = ""
    grade: str = ""
    echelon: str = ""
    indice_brut: int | None = None
    indice_majore: int | None = None
    nbi: int = 0
    quotite_libelle: str = ""
    """« Temps complet », « 80 % », « 20/35 »."""
    heures_mensuelles_centiemes: int | None = None
    enfants_sft: int = 0
    date_entree: date | None = None
    date_sortie: date | None = None


@dataclass(frozen=True, slots=True)
class Conges:
    """Les congés, en centièmes de jour ; ``None`` n'est pas imprimé."""

    pris_dans_le_mois: int
    solde: int | None = None


@dataclass(frozen=True, slots=True)
class PayslipFacts:
    """Tout ce que :func:`payroll.documents.payslip.render` imprime d'un contrat pour un mois."""

    employeur: EmployeurIdentite
    agent: AgentIdentite
    contrat: ContratIdentite
    bulletin: Bulletin
    periode_debut: date
    periode_fin: date
    date_paiement: date
    mode_paiement: str = "virement"
    iban_fin: str = ""
    """Fin de l'IBAN, seulement si l'adhérent la demande : quatre caractères au plus sont imprimés."""
    conges: Conges | None = None
    messages: tuple[str, ...] = ()
    """Mots adressés à l'agent, imprimés en bas du bulletin."""
    titre: str = "Bulletin de paie"
    modele: str = ""
    """Le modèle imposé, pour le voir avant sa date ; vide : celui du mois."""
