"""Ce que le moteur a besoin de savoir d'un employeur et d'un agent pour un mois : ses seules entrées.

Montants en centimes, taux en millionièmes, heures en centièmes d'heure, fractions exactes. Rien d'ici ne vient d'une
horloge ni d'une base : le mois et les situations suffisent à refaire le même bulletin, au centime, dans dix ans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from payroll.periods import Month


class Statut(StrEnum):
    """Le statut de l'agent au regard de la paie (CGFP ; regles-paie-fpt §1)."""

    TITULAIRE = "titulaire"
    STAGIAIRE = "stagiaire"
    CONTRACTUEL = "contractuel"
    ELU = "elu"
    APPRENTI = "apprenti"
    PEC = "pec"
    VACATAIRE = "vacataire"


class RegimeRetraite(StrEnum):
    CNRACL = "cnracl"
    IRCANTEC = "ircantec"


class SortDesPrimes(StrEnum):
    """Ce que la délibération de l'adhérent dit du régime indemnitaire pendant un congé de maladie ordinaire."""

    NON_MAINTENU = "non_maintenu"
    """À défaut de clause : pas de maintien (CGFP L. 714-4)."""
    SUIT_LE_TRAITEMENT = "suit_le_traitement"
    """90 % puis 50 %, comme le traitement."""


@dataclass(frozen=True, slots=True)
class Employeur:
    """L'adhérent tel que le mois le trouve."""

    population: int
    effectif: int
    zone_residence: int = 3
    taux_at_ppm: int = 0
    taux_versement_mobilite_ppm: int = 0
    taux_cdg_ppm: int = 0
    cnfpt: bool = True
    assurance_chomage: bool = False
    heures_complementaires_majorees: bool = False
    primes_en_maladie: SortDesPrimes = SortDesPrimes.NON_MAINTENU
    titre_restaurant_valeur: int = 0
    """Valeur d'un titre-restaurant, en centimes ; 0 : l'adhérent n'en remet pas."""
    titre_restaurant_part_employeur: int = 0
    primes_en_absence: Mapping[str, str] = field(default_factory=dict)
    """Nature d'absence → clause de la délibération (CGFP L. 714-4) ; une nature absente : pas de clause.

    « non_maintenu », « suit_le_traitement », « comme_etat », ou un pour cent gardé : « 33 », « 33/60 »."""
    subrogation: bool = False
    """L'adhérent reçoit les indemnités journalières à la place de ses agents (CSS R. 323-11)."""


@dataclass(frozen=True, slots=True)
class Arret:
    """Une absence, bornes incluses.

    ``type`` : une nature de ``payroll/legislation/conges/natures.yaml`` (cmo, clm, maternite, greve…).
    """

    type: str
    debut: date
    fin: date
    prolongation: bool = False
    """Vrai : pas de nouveau jour de carence (loi 2017-1837 art. 115)."""
    exempt_de_carence: bool = False
    """ALD déjà ouverte, grossesse déclarée, deuil d'enfant… (même article)."""
    motif_sans_carence: str = ""
    """Le motif de cette dispense (``conges/sans_carence.yaml``) : la CPAM ne les suit pas tous."""
    heures: int | None = None
    """Absence de moins d'une journée : durée totale, en centièmes d'heure."""
    demi_journee: bool = False
    """Chaque jour de l'absence ne compte qu'une demi-journée."""
    quotite: Fraction | None = None
    """Temps partiel thérapeutique : part de temps travaillée."""


@dataclass(frozen=True, slots=True)
class Mandat:
    """Un mandat local indemnisé (CGCT L. 2123-20 et s.)."""

    mandat: str
    """maire, adjoint, conseiller, president, vice_president."""
    taux_indemnite_ppm: int
    autres_mandats_brut: int = 0
    """Indemnités brutes mensuelles des autres mandats, en centimes (seuil du demi-plafond sur le total)."""
    option_assujettissement: bool = False
    activite_cessee: bool = False
    nombre_mandats_indemnises: int = 1
    mandat_commune_moins_3500: bool | None = None
    """``None`` : déduit de la population de l'adhérent ; à dire pour un EPCI ou un autre mandat."""


@dataclass(frozen=True, slots=True)
class Apprenti:
    """Un contrat d'apprentissage du secteur public (C. trav. L. 6227-1 et s.)."""

    annee: int
    """Année d'exécution au premier jour de paie du mois (1 à 3) ; elle change à la date anniversaire du contrat."""
    pourcentage_smic_ppm: int | None = None
    """Part du SMIC écrite au contrat ; jamais moins que le minimum légal de l'âge et de l'année."""


@dataclass(frozen=True, slots=True)
class Saisie:
    """Une retenue au profit d'un créancier (C. trav. L. 3252-1 et s. ; CPCE L. 212-1, L. 213-1 ; LPF L. 262)."""

    numero: int
    """Son numéro dans le contrat : il suit la saisie de mois en mois."""
    type: str
    """pension_alimentaire, saisie_administrative, saisie_remuneration, cession_remuneration."""
    notifiee_le: date
    montant_mensuel: int | None = None
    """Terme mensuel en centimes ; ``None`` : tout ce que la quotité laisse."""
    solde: int | None = None
    """Ce qui reste dû avant ce mois, en centimes ; ``None`` : sans fin connue (pension)."""


@dataclass(frozen=True, slots=True)
class Cumuls:
    """Les cumuls de l'année civile avant ce mois, en centimes, pour ce contrat."""

    brut: int = 0
    net_imposable: int = 0
    pas: int = 0
    net_a_payer: int = 0
    cout_employeur: int = 0
    rafp_elements: int = 0
    """Somme des éléments entrant dans la RAFP depuis janvier (avant plafond)."""
    rafp_traitement: int = 0
    """Somme du traitement indiciaire versé depuis janvier."""
    rafp_assiette: int = 0
    """Somme des assiettes RAFP déjà cotisées."""
    heures_exonerees: int = 0
    """Montant imposable exonéré au titre des heures supplémentaires (CGI 81 quater)."""
    heures_payees_centiemes: int = 0
    teletravail: int = 0
    """Indemnités de télétravail versées (plafond annuel, décret 2021-1123)."""
    mobilites_durables: int = 0
    """Forfait mobilités durables versé (décret 2020-1547)."""
    apprenti_exonere: int = 0
    """Salaire net imposable d'apprenti déjà exonéré d'impôt (CGI 81 bis)."""
    plafond: int = 0
    """Somme des plafonds de la sécurité sociale des mois payés (CSS R. 243-10)."""
    regime_general: int = 0
    """Somme des rémunérations soumises au régime général, avant plafond."""
    vieillesse_plafonnee: int = 0
    """Somme des assiettes déjà cotisées sous le plafond."""
    ircantec: int = 0
    """Somme des rémunérations soumises à l'IRCANTEC, avant tranches."""
    ircantec_a: int = 0
    ircantec_b: int = 0
    chomage: int = 0
    """Somme des rémunérations soumises à l'assurance chômage, avant plafond."""
    chomage_assiette: int = 0
    securite_sociale: int = 0
    """Somme des rémunérations soumises à la cotisation maladie, que le FNAL plafonne."""
    fnal_assiette: int = 0
    csg: int = 0
    """Somme des revenus soumis à la CSG."""
    csg_abattue: int = 0
    """Part de ces revenus déjà admise à l'abattement pour frais (CSS L. 136-2)."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Une partie du mois avant la dernière : ce qui y était différent ; ``None`` : comme à la fin du mois."""

    fin: date
    """Dernier jour de cette partie, inclus ; la suivante commence le lendemain."""
    indice_majore: int | None = None
    nbi: int | None = None
    quotite: Fraction | None = None
    heures_hebdo: Fraction | None = None
    enfants_sft: int | None = None
    categorie: str | None = None
    permanents: Mapping[str, int] | None = None
    """Tous les montants mensuels de cette partie, non les seuls qui changent."""
    elu: Mandat | None = None


@dataclass(frozen=True, slots=True)
class Rappel:
    """Un mois passé à payer de nouveau : ce qu'il aurait dû être, et ce qui en a déjà été versé."""

    mois: Month
    """Le mois du droit, antérieur au mois payé."""
    employeur: Employeur
    situation: Situation
    """Ce mois tel qu'il aurait dû être payé ; ses cumuls et ses propres rappels sont sans effet."""
    ancienne: Situation | None = None
    """Ce mois tel qu'il a été payé la dernière fois ; ``None`` : rien n'en avait été payé."""
    paye: Mapping[str, int] | None = None
    """Rubrique → centimes déjà versés pour ce mois, rappels compris ; ``None`` : recalculé sur ``ancienne``."""
    rang: int = 1
    """Échéance versée ou retenue ce mois-ci, de 1 à ``sur``."""
    sur: int = 1
    """Nombre d'échéances où la différence est étalée."""
    motif: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """Un contrat d'un agent pour un mois."""

    matricule: str
    statut: Statut
    regime_retraite: RegimeRetraite
    indice_majore: int = 0
    heures_hebdo: Fraction = Fraction(35)
    """Durée hebdomadaire du poste (temps non complet : moins de 35)."""
    heures_hebdo_tous_employeurs: Fraction | None = None
    """Durée totale des emplois de fonctionnaire tenus chez plusieurs employeurs ; ``None`` : celle de ce poste.

    Elle décide de l'affiliation à la CNRACL (CGFP L. 613-5)."""
    quotite: Fraction = Fraction(1)
    """Part de temps choisie par l'agent (temps partiel) : 1/2, 3/5, 7/10, 4/5, 9/10 ou 1."""
    nbi: int = 0
    enfants_sft: int = 0
    enfants_sft_alternes: int = 0
    """Parmi eux, ceux en résidence alternée dont la charge est partagée par moitié (décret 85-1148 art. 11 bis)."""
    categorie: str = "C"
    date_naissance: date | None = None
    date_debut: date | None = None
    """Premier jour du contrat ; dans le mois, il ouvre les trentièmes."""
    date_fin: date | None = None
    """Dernier jour du contrat, inclus."""
    taux_pas_ppm: int | None = None
    """Taux personnalisé transmis par la DGFiP ; ``None`` : grille par défaut, jamais zéro."""
    territoire_pas: str = "metropole"
    contrat_court: bool = False
    """CDD d'au plus deux mois ou à terme imprécis (abattement de la grille, CGI 204 H III-1-d)."""
    elu: Mandat | None = None
    apprenti: Apprenti | None = None
    taux_horaire: int = 0
    """Prix de l'heure en centimes : contractuel et vacataire payés à l'heure, PEC (zéro : le SMIC)."""
    prix_vacation: int = 0
    """Prix d'une vacation en centimes."""
    autres_remunerations: int = 0
    """Rémunérations du mois de ses autres contrats du régime général, en centimes (plafond partagé, CSS R. 242-3)."""
    heures_hors_cnracl: Fraction | None = None
    """Heures hebdomadaires de ce poste au-delà du temps complet de tous ses emplois : hors CNRACL, dans la RAFP."""
    permanents: Mapping[str, int] = field(default_factory=dict)
    """Rubrique → montant mensuel en centimes (ifse, iccsg…)."""
    variables: Mapping[str, int] = field(default_factory=dict)
    """Rubrique → montant en centimes, ou heures en centièmes pour ihts_* et heures_complementaires."""
    arrets: tuple[Arret, ...] = ()
    saisies: tuple[Saisie, ...] = ()
    personnes_a_charge: int = 0
    """Personnes à charge qui relèvent les tranches saisissables (C. trav. R. 3252-3)."""
    jours_cmo_anterieurs: int = 0
    """Jours de CMO sans date connue à compter en plus des absences antérieures (CGFP L. 822-2)."""
    absences_anterieures: tuple[Arret, ...] = ()
    """Les absences finies avant le mois : chaque jour d'arrêt compte celles de sa propre fenêtre."""
    anciennete_depuis: date | None = None
    """Début des services qui ouvrent les droits à congé ; ``None`` : le début du contrat (décret 88-145 art. 7)."""
    salaires_precedents: Mapping[str, int] = field(default_factory=dict)
    """Mois (AAAA-MM) → rémunération brute en centimes : les indemnités journalières s'en déduisent (CSS R. 323-4)."""
    subrogation: bool | None = None
    """``None`` : comme l'adhérent."""
    cumuls: Cumuls = field(default_factory=Cumuls)
    segments: tuple[Segment, ...] = ()
    """Les premières parties d'un mois où les conditions changent, par date ; le reste décrit la dernière."""
    rappels: tuple[Rappel, ...] = ()
    """Les mois passés dont ce bulletin paie la différence."""


CONTINGENT_DECIDE = "contingent_ihts"
"""Contingent d'IHTS relevé par décision motivée (décret 2002-60 art. 6), pour le mois ou la période d'un permanent."""

HOUR_VARIABLES = frozenset({"ihts_jour", "ihts_nuit", "ihts_dimanche", "heures_complementaires", CONTINGENT_DECIDE})
"""Les éléments variables comptés en centièmes d'heure, et non en centimes."""
