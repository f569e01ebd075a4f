"""Ce que l'on dit d'un agent : identité, contrats, arrêts, fins, suspensions, ancienneté, saisies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar

from dsn.facts.adresse import Adresse
from dsn.facts.changements import ChangementContrat, ChangementIndividu
from dsn.facts.prevoyance import Affiliation
from dsn.facts.versement import Versement
from dsn.rubriques import ENTIER, JOUR, MOIS, MONTANT, QUANTITE, TAUX, TEXTE, Lieu, R


@dataclass(frozen=True, slots=True, kw_only=True)
class TempsPartielTherapeutique:
    """S21.G00.66, sous un arrêt de motif 15 à 18."""

    BLOC: ClassVar[str] = "S21.G00.66"
    debut: Annotated[date, R("001", JOUR)]
    fin: Annotated[date, R("002", JOUR)]
    montant: Annotated[int, R("003", MONTANT)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arret:
    """S21.G00.60 ; répété dans chaque mensuelle concernée et sur chaque contrat de l'agent."""

    BLOC: ClassVar[str] = "S21.G00.60"
    motif: Annotated[str, R("001")]
    dernier_jour_travaille: Annotated[date, R("002", JOUR)]
    fin_previsionnelle: Annotated[date, R("003", JOUR)]
    subrogation: Annotated[str, R("004")] = ""
    debut_subrogation: Annotated[date | None, R("005", JOUR)] = None
    fin_subrogation: Annotated[date | None, R("006", JOUR)] = None
    iban: Annotated[str, R("007")] = ""
    bic: Annotated[str, R("008")] = ""
    reprise: Annotated[date | None, R("010", JOUR)] = None
    motif_reprise: Annotated[str, R("011")] = ""
    siret_centralisateur: Annotated[str, R("600")] = ""
    temps_therapeutiques: tuple[TempsPartielTherapeutique, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FinContrat:
    """S21.G00.62."""

    BLOC: ClassVar[str] = "S21.G00.62"
    date_fin: Annotated[date, R("001", JOUR)]
    motif: Annotated[str, R("002")]
    dernier_jour_paye: Annotated[date | None, R("006", JOUR)] = None
    maintien_affiliation: Annotated[str, R("016")] = ""
    modalite_usage: Annotated[str, R("017")] = ""
    refus_cdi: Annotated[str, R("021")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """S21.G00.65 : positions statutaires, grève, service non fait…"""

    BLOC: ClassVar[str] = "S21.G00.65"
    motif: Annotated[str, R("001")]
    debut: Annotated[date, R("002", JOUR)]
    fin: Annotated[date | None, R("003", JOUR)] = None
    position_detachement: Annotated[str, R("004")] = ""
    jours_ouvres: Annotated[int | None, R("005", QUANTITE)] = None
    """Centièmes de jour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetraiteComplementaire:
    """S21.G00.71."""

    BLOC: ClassVar[str] = "S21.G00.71"
    code: Annotated[str, R("002")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrat:
    """S21.G00.40 : contrat, nomination ou mandat. Quotités en centièmes d'heure (ou de jour)."""

    BLOC: ClassVar[str] = "S21.G00.40"
    date_debut: Annotated[date, R("001", JOUR)]
    statut_conventionnel: Annotated[str, R("002")]
    statut_categoriel: Annotated[str, R("003")]
    pcs: Annotated[str, R("004")]
    libelle_emploi: Annotated[str, R("006", TEXTE)]
    nature: Annotated[str, R("007")]
    dispositif: Annotated[str, R("008")]
    numero: Annotated[str, R("009")]
    unite_quotite: Annotated[str, R("011")]
    quotite_reference: Annotated[int, R("012", QUANTITE)]
    quotite_contrat: Annotated[int, R("013", QUANTITE)]
    modalite_temps: Annotated[str, R("014")]
    regime_maladie: Annotated[str, R("018")]
    lieu_travail: Annotated[str, R("019")]
    """SIRET de l'établissement, ou identifiant d'un ``LieuTravail``."""
    regime_vieillesse: Annotated[str, R("020")]
    statut_emploi: Annotated[str, R("026")]
    regime_at: Annotated[str, R("039")]
    code_risque_at: Annotated[str, R("040")]
    convention_collective: Annotated[str, R("017")] = "5021"
    complement_regime: Annotated[str, R("016")] = "99"
    travailleur_etranger: Annotated[str, R("024")] = "99"
    emplois_multiples: Annotated[str, R("036")] = "01"
    employeurs_multiples: Annotated[str, R("037")] = "01"
    complement_pcs: Annotated[str, R("005")] = ""
    date_fin_previsionnelle: Annotated[date | None, R("010", JOUR)] = None
    motif_recours: Annotated[str, R("021")] = ""
    caisse_conges: Annotated[str, R("022")] = ""
    taux_deduction_frais_ppm: Annotated[int | None, R("023", TAUX)] = None
    motif_exclusion: Annotated[str, R("025")] = ""
    affectation_chomage: Annotated[str, R("027")] = ""
    numero_interne: Annotated[str, R("028", TEXTE)] = ""
    gestion_chomage: Annotated[str, R("029")] = ""
    date_adhesion_chomage: Annotated[date | None, R("030", JOUR)] = None
    date_convention_gestion: Annotated[date | None, R("032", JOUR)] = None
    numero_convention_gestion: Annotated[str, R("033")] = ""
    delegataire_maladie: Annotated[str, R("035")] = ""
    positionnement: Annotated[str, R("041", TEXTE)] = ""
    taux_at_ppm: Annotated[int | None, R("043", TAUX)] = None
    temps_partiel_cotisant_plein: Annotated[str, R("044")] = ""
    etablissement_utilisateur: Annotated[str, R("046")] = ""
    code_nne: Annotated[str, R("052")] = ""
    nature_poste: Annotated[str, R("053")] = ""
    """[FP] 01 temps complet, 02 temps non complet."""
    quotite_temps_complet: Annotated[int | None, R("054", QUANTITE)] = None
    """[FP] Durée hebdomadaire du temps complet, pour un poste à temps non complet."""
    taux_temps_partiel_ppm: Annotated[int | None, R("055", TAUX)] = None
    categorie_service: Annotated[str, R("056")] = ""
    indice_brut: Annotated[str, R("057")] = ""
    indice_majore: Annotated[int | None, R("058", ENTIER)] = None
    nbi: Annotated[str, R("059")] = ""
    """[FP] Points de NBI, décimales admises (« 10 », « 12.5 »)."""
    indice_brut_origine: Annotated[str, R("060")] = ""
    indice_brut_emploi_superieur: Annotated[str, R("061")] = ""
    ancien_employeur_public: Annotated[str, R("062")] = ""
    indice_brut_ancien_employeur: Annotated[str, R("063")] = ""
    indice_brut_pompier: Annotated[str, R("064")] = ""
    maintien_traitement: Annotated[str, R("065")] = ""
    type_detachement: Annotated[str, R("066")] = ""
    niveau_remuneration: Annotated[str, R("069")] = ""
    echelon: Annotated[str, R("070")] = ""
    coefficient_hierarchique: Annotated[str, R("071")] = ""
    statut_boeth: Annotated[str, R("072")] = ""
    complement_dispositif: Annotated[str, R("073")] = ""
    mise_a_disposition: Annotated[str, R("074")] = ""
    amenagement_activite_partielle: Annotated[str, R("078")] = ""
    grade: Annotated[str, R("079")] = ""
    cti: Annotated[int | None, R("080", ENTIER)] = None
    finess: Annotated[str, R("081")] = ""
    jours_essai: Annotated[int | None, R("082", ENTIER)] = None
    heure_embauche: Annotated[str, R("083")] = ""
    changements: tuple[ChangementContrat, ...] = ()
    affiliations: tuple[Affiliation, ...] = ()
    retraites_complementaires: tuple[RetraiteComplementaire, ...] = ()
    arrets: tuple[Arret, ...] = ()
    fin: FinContrat | None = None
    suspensions: tuple[Suspension, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Anciennete:
    """S21.G00.86."""

    BLOC: ClassVar[str] = "S21.G00.86"
    type: Annotated[str, R("001")]
    unite: Annotated[str, R("002")]
    valeur: Annotated[int, R("003", ENTIER)]
    numero_contrat: Annotated[str, R("005")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saisie:
    """S21.G00.98 : saisie administrative à tiers détenteur."""

    BLOC: ClassVar[str] = "S21.G00.98"
    identifiant: Annotated[str, R("001")]
    etat: Annotated[str, R("002")]
    montant: Annotated[int, R("003", MONTANT)]
    mois_erreur: Annotated[date | None, R("004", MOIS)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Individu:
    """S21.G00.30 : une personne, tous ses contrats chez l'employeur, tous ses versements du mois."""

    BLOC: ClassVar[str] = "S21.G00.30"
    nom_famille: Annotated[str, R("002", TEXTE)]
    prenoms: Annotated[str, R("004", TEXTE)]
    date_naissance: Annotated[date | str, R("006", JOUR)]
    """Une date, ou le texte JJMMAAAA si le jour ou le mois est inconnu."""
    departement_naissance: Annotated[str, R("014")]
    adresse: Annotated[
        Adresse,
        Lieu(
            voie="008",
            code_postal="009",
            localite="010",
            pays="011",
            etranger="012",
            complement="016",
            distribution="017",
        ),
    ]
    nir: Annotated[str, R("001")] = ""
    """Treize caractères, ou quinze avec la clé : la clé est vérifiée puis laissée de côté."""
    ntt: Annotated[str, R("020")] = ""
    """Numéro technique temporaire, quand le NIR manque."""
    nom_usage: Annotated[str, R("003", TEXTE)] = ""
    sexe: Annotated[str, R("005")] = ""
    lieu_naissance: Annotated[str, R("007", TEXTE)] = ""
    codification_ue: Annotated[str, R("013")] = "01"
    pays_naissance: Annotated[str, R("015")] = "FR"
    mel: Annotated[str, R("018")] = ""
    matricule: Annotated[str, R("019")] = ""
    statut_etranger: Annotated[str, R("022")] = ""
    cumul_emploi_retraite: Annotated[str, R("023")] = ""
    niveau_formation: Annotated[str, R("024")] = ""
    niveau_diplome: Annotated[str, R("025")] = ""
    libelle_pays_naissance: Annotated[str, R("029", TEXTE)] = ""
    spst: Annotated[str, R("030")] = ""
    """Service de prévention et de santé au travail (à partir de P26V01)."""
    changements: tuple[ChangementIndividu, ...] = ()
    contrats: tuple[Contrat, ...] = ()
    versements: tuple[Versement, ...] = ()
    anciennetes: tuple[Anciennete, ...] = ()
    saisies: tuple[Saisie, ...] = ()
