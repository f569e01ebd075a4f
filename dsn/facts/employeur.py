"""Ce que l'on dit de l'envoi, de la déclaration, de l'employeur et de ses paiements."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, ClassVar

from dsn.facts.adresse import Adresse
from dsn.facts.agent import Individu
from dsn.facts.prevoyance import Adhesion, AffectationVersement
from dsn.rubriques import ENTIER, JOUR, MONTANT, TAUX, TEXTE, Lieu, R


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactEmetteur:
    """S10.G00.02. ``civilite`` : 01 monsieur, 02 madame."""

    BLOC: ClassVar[str] = "S10.G00.02"
    civilite: Annotated[str, R("001")]
    nom_prenom: Annotated[str, R("002", TEXTE)]
    mel: Annotated[str, R("004")]
    telephone: Annotated[str, R("005")]
    fax: Annotated[str, R("006")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emetteur:
    """S10.G00.01 : le tiers déclarant en paie à façon."""

    BLOC: ClassVar[str] = "S10.G00.01"
    siren: Annotated[str, R("001")]
    nic: Annotated[str, R("002")]
    raison_sociale: Annotated[str, R("003", TEXTE)]
    adresse: Annotated[
        Adresse,
        Lieu(
            voie="004",
            code_postal="005",
            localite="006",
            pays="007",
            etranger="008",
            complement="009",
            distribution="010",
        ),
    ] = field(default_factory=Adresse)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envoi:
    """S10.G00.00 ; la version de norme et le type de l'envoi sont déduits du mois et des déclarations."""

    BLOC: ClassVar[str] = "S10.G00.00"
    logiciel: Annotated[str, R("001", TEXTE)]
    editeur: Annotated[str, R("002", TEXTE)]
    emetteur: Emetteur
    contact: ContactEmetteur
    version: Annotated[str, R("003", TEXTE)] = ""
    conformite: Annotated[str, R("004")] = ""
    essai: bool = True
    """Vrai : envoi de test (01). Un envoi réel (02) se demande explicitement."""
    point_depot: Annotated[str, R("007")] = "01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """S20.G00.07 : une personne à joindre chez le déclaré. Type 08 : tous organismes."""

    BLOC: ClassVar[str] = "S20.G00.07"
    nom_prenom: Annotated[str, R("001", TEXTE)]
    telephone: Annotated[str, R("002")]
    mel: Annotated[str, R("003")]
    type: Annotated[str, R("004")] = "08"


@dataclass(frozen=True, slots=True, kw_only=True)
class CotisationAgregee:
    """S21.G00.23 : un code type de personnel (CTP). Qualifiant 920 (déplafonnée) ou 921 (plafonnée)."""

    BLOC: ClassVar[str] = "S21.G00.23"
    ctp: Annotated[str, R("001")]
    qualifiant: Annotated[str, R("002")]
    taux_ppm: Annotated[int | None, R("003", TAUX)] = None
    assiette: Annotated[int | None, R("004", MONTANT)] = None
    montant: Annotated[int | None, R("005", MONTANT)] = None
    insee: Annotated[str, R("006")] = ""
    crm: Annotated[str, R("007")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bordereau:
    """S21.G00.22 : un bordereau Urssaf par mois civil, arrondi à l'euro."""

    BLOC: ClassVar[str] = "S21.G00.22"
    organisme: Annotated[str, R("001")]
    debut: Annotated[date, R("003", JOUR)]
    fin: Annotated[date, R("004", JOUR)]
    montant: Annotated[int, R("005", MONTANT)]
    entite: Annotated[str, R("002")] = ""
    crm: Annotated[str, R("006")] = ""
    cotisations: tuple[CotisationAgregee, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VersementOrganisme:
    """S21.G00.20 : Urssaf, DGFIP (entité DGFIP_PAS ou DGFIP_SATD), Ircantec. Mode 05 : prélèvement SEPA."""

    BLOC: ClassVar[str] = "S21.G00.20"
    organisme: Annotated[str, R("001")]
    montant: Annotated[int, R("005", MONTANT)]
    debut: Annotated[date, R("006", JOUR)]
    fin: Annotated[date, R("007", JOUR)]
    mode_paiement: Annotated[str, R("010")] = "05"
    entite: Annotated[str, R("002")] = ""
    bic: Annotated[str, R("003")] = ""
    iban: Annotated[str, R("004")] = ""
    delegataire: Annotated[str, R("008")] = ""
    date_paiement: Annotated[date | None, R("011", JOUR)] = None
    siret_payeur: Annotated[str, R("012")] = ""
    crm: Annotated[str, R("013")] = ""
    identifiant: Annotated[str, R("014")] = ""
    affectations: tuple[AffectationVersement, ...] = ()
    """Organisme complémentaire seulement : leur somme est le montant (CT p.154)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssujettissementFiscal:
    """S21.G00.44 : un assujettissement annuel (taxe sur les salaires, taxe d'apprentissage)."""

    BLOC: ClassVar[str] = "S21.G00.44"
    code: Annotated[str, R("001")]
    montant: Annotated[int | None, R("002", MONTANT)] = None
    millesime: Annotated[str, R("003")] = ""
    motif_non_assujettissement: Annotated[str, R("004")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Etablissement:
    """S21.G00.11. Nature juridique 02 : employeur public. ``effectif`` : P25V01 seulement."""

    BLOC: ClassVar[str] = "S21.G00.11"
    nic: Annotated[str, R("001")]
    apet: Annotated[str, R("002")]
    adresse: Annotated[
        Adresse,
        Lieu(
            voie="003",
            code_postal="004",
            localite="005",
            complement="006",
            distribution="007",
            pays="015",
            etranger="016",
        ),
    ]
    convention_collective: Annotated[str, R("022")] = "5021"
    nature_juridique: Annotated[str, R("017")] = "02"
    effectif: Annotated[int | None, R("008", ENTIER)] = None
    remuneration_chomage: Annotated[str, R("009")] = ""
    opco: Annotated[str, R("023")] = ""
    spst: Annotated[str, R("025")] = ""
    """Service de prévention et de santé au travail (à partir de P26V01)."""
    adhesions: tuple[Adhesion, ...] = ()
    versements: tuple[VersementOrganisme, ...] = ()
    bordereaux: tuple[Bordereau, ...] = ()
    assujettissements: tuple[AssujettissementFiscal, ...] = ()
    individus: tuple[Individu, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entreprise:
    """S21.G00.06 : la collectivité, et l'établissement déclaré."""

    BLOC: ClassVar[str] = "S21.G00.06"
    siren: Annotated[str, R("001")]
    nic_siege: Annotated[str, R("002")]
    apen: Annotated[str, R("003")]
    adresse: Annotated[
        Adresse,
        Lieu(
            voie="004",
            code_postal="005",
            localite="006",
            complement="007",
            distribution="008",
            pays="010",
            etranger="011",
        ),
    ]
    etablissement: Etablissement
    convention_collective: Annotated[str, R("015")] = ""
    effectif_moyen: Annotated[int | None, R("009", ENTIER)] = None
    """P25V01 seulement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LieuTravail:
    """S21.G00.85 : un lieu de travail autre que l'établissement. Nature 01 établissement, 02 autre, 03 domicile."""

    BLOC: ClassVar[str] = "S21.G00.85"
    identifiant: Annotated[str, R("001")]
    nature: Annotated[str, R("010")]
    adresse: Annotated[
        Adresse,
        Lieu(
            voie="003",
            code_postal="004",
            localite="005",
            pays="006",
            etranger="007",
            complement="008",
            distribution="009",
        ),
    ]
    apet: Annotated[str, R("002")] = ""
    insee: Annotated[str, R("011")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """S20.G00.05 : une mensuelle d'un établissement.

    ``type`` : 01 normale, 02 sans individu, 03 annule et remplace, 05 annule et remplace sans individu.
    ``numero_ordre`` repart de zéro chaque mois et croît à chaque envoi du même mois.
    """

    BLOC: ClassVar[str] = "S20.G00.05"
    mois: Annotated[date, R("005", JOUR)]
    """Le premier jour du mois principal déclaré."""
    numero_ordre: Annotated[int, R("004", ENTIER)]
    date_constitution: Annotated[date, R("007", JOUR)]
    entreprise: Entreprise
    nature: Annotated[str, R("001")] = "01"
    type: Annotated[str, R("002")] = "01"
    fraction: Annotated[str, R("003")] = "11"
    champ: Annotated[str, R("008")] = "01"
    identifiant_metier: Annotated[str, R("009")] = ""
    devise: Annotated[str, R("010")] = "01"
    contacts: tuple[Contact, ...] = ()
    lieux_travail: tuple[LieuTravail, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyFacts:
    """Tout ce que dit un envoi mensuel : un en-tête, une ou plusieurs déclarations du même mois."""

    envoi: Envoi
    declarations: tuple[Declaration, ...]
