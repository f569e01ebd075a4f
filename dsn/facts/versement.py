"""Ce qui est versé à un agent : versement, rémunérations, primes, éléments de revenu, bases et cotisations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar

from dsn.rubriques import JOUR, MOIS, MONTANT, QUANTITE, TAUX, R


@dataclass(frozen=True, slots=True, kw_only=True)
class Activite:
    """S21.G00.53, sous une rémunération de type 002."""

    BLOC: ClassVar[str] = "S21.G00.53"
    type: Annotated[str, R("001")]
    mesure: Annotated[int, R("002", QUANTITE)]
    """Centièmes d'heure ou de jour, selon l'unité."""
    unite: Annotated[str, R("003")] = ""
    """Vide : l'unité de la quotité du contrat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remuneration:
    """S21.G00.51."""

    BLOC: ClassVar[str] = "S21.G00.51"
    debut: Annotated[date, R("001", JOUR)]
    fin: Annotated[date, R("002", JOUR)]
    numero_contrat: Annotated[str, R("010")]
    type: Annotated[str, R("011")]
    montant: Annotated[int, R("013", MONTANT)]
    heures: Annotated[int | None, R("012", QUANTITE)] = None
    """Centièmes d'heure."""
    taux_situation_ppm: Annotated[int | None, R("014", TAUX)] = None
    """[FP] Taux de rémunération de la situation administrative."""
    taux_majoration_ppm: Annotated[int | None, R("016", TAUX)] = None
    taux_cotise_ppm: Annotated[int | None, R("019", TAUX)] = None
    activites: tuple[Activite, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prime:
    """S21.G00.52 ; un montant nul ne se déclare pas."""

    BLOC: ClassVar[str] = "S21.G00.52"
    type: Annotated[str, R("001")]
    montant: Annotated[int, R("002", MONTANT)]
    numero_contrat: Annotated[str, R("006")]
    debut: Annotated[date | None, R("003", JOUR)] = None
    fin: Annotated[date | None, R("004", JOUR)] = None
    versement_origine: Annotated[date | None, R("007", JOUR)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AutreElement:
    """S21.G00.54 : avantages en nature, frais, titres-restaurant, transports, prestations familiales."""

    BLOC: ClassVar[str] = "S21.G00.54"
    type: Annotated[str, R("001")]
    montant: Annotated[int, R("002", MONTANT)]
    debut: Annotated[date | None, R("003", JOUR)] = None
    fin: Annotated[date | None, R("004", JOUR)] = None
    numero_contrat: Annotated[str, R("005")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegularisationPas:
    """S21.G00.56."""

    BLOC: ClassVar[str] = "S21.G00.56"
    mois_erreur: Annotated[date, R("001", MOIS)]
    type: Annotated[str, R("002")]
    montant: Annotated[int, R("007", MONTANT)]
    regularisation_rnf: Annotated[int | None, R("003", MONTANT)] = None
    rnf_declaree: Annotated[int | None, R("004", MONTANT)] = None
    regularisation_taux: Annotated[str, R("005")] = ""
    """Texte signé (« -1.20 ») : seul taux de la norme qui peut être négatif."""
    taux_declare_ppm: Annotated[int | None, R("006", TAUX)] = None
    regularisation_non_imposable: Annotated[int | None, R("008", MONTANT)] = None
    regularisation_abattement: Annotated[int | None, R("009", MONTANT)] = None
    regularisation_soumis: Annotated[int | None, R("010", MONTANT)] = None
    soumis_declare: Annotated[int | None, R("015", MONTANT)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementRevenuCalcule:
    """S21.G00.58 : type 03 montant net social, 01 heures supplémentaires exonérées."""

    BLOC: ClassVar[str] = "S21.G00.58"
    type: Annotated[str, R("003")]
    montant: Annotated[int, R("004", MONTANT)]
    debut: Annotated[date | None, R("001", JOUR)] = None
    fin: Annotated[date | None, R("002", JOUR)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composant:
    """S21.G00.79."""

    BLOC: ClassVar[str] = "S21.G00.79"
    type: Annotated[str, R("001")]
    montant: Annotated[int, R("004", MONTANT)]
    crm: Annotated[str, R("005")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CotisationIndividuelle:
    """S21.G00.81."""

    BLOC: ClassVar[str] = "S21.G00.81"
    code: Annotated[str, R("001")]
    organisme: Annotated[str, R("002")] = ""
    assiette: Annotated[int | None, R("003", MONTANT)] = None
    montant: Annotated[int | None, R("004", MONTANT)] = None
    insee: Annotated[str, R("005")] = ""
    crm: Annotated[str, R("006")] = ""
    taux_ppm: Annotated[int | None, R("007", TAUX)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """S21.G00.78."""

    BLOC: ClassVar[str] = "S21.G00.78"
    code: Annotated[str, R("001")]
    debut: Annotated[date, R("002", JOUR)]
    fin: Annotated[date, R("003", JOUR)]
    montant: Annotated[int, R("004", MONTANT)]
    affiliation: Annotated[str, R("005")] = ""
    numero_contrat: Annotated[str, R("006")] = ""
    crm: Annotated[str, R("007")] = ""
    composants: tuple[Composant, ...] = ()
    cotisations: tuple[CotisationIndividuelle, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Versement:
    """S21.G00.50 : un versement à un individu, tous contrats confondus."""

    BLOC: ClassVar[str] = "S21.G00.50"
    date_versement: Annotated[date, R("001", JOUR)]
    remuneration_nette_fiscale: Annotated[int, R("002", MONTANT)]
    net_verse: Annotated[int, R("004", MONTANT)]
    """Avant prélèvement à la source."""
    taux_pas_ppm: Annotated[int, R("006", TAUX)]
    type_taux_pas: Annotated[str, R("007")]
    """01 transmis par la DGFiP ; 13 barème mensuel métropole."""
    pas: Annotated[int, R("009", MONTANT)]
    soumis_pas: Annotated[int, R("013", MONTANT)]
    numero: Annotated[str, R("003")] = "01"
    identifiant_taux: Annotated[str, R("008")] = ""
    """Obligatoire si le taux est transmis par la DGFiP."""
    non_imposable: Annotated[int | None, R("011", MONTANT)] = None
    abattement: Annotated[int | None, R("012", MONTANT)] = None
    remunerations: tuple[Remuneration, ...] = ()
    primes: tuple[Prime, ...] = ()
    autres_elements: tuple[AutreElement, ...] = ()
    regularisations_pas: tuple[RegularisationPas, ...] = ()
    elements_nets: tuple[ElementRevenuCalcule, ...] = ()
    bases: tuple[Base, ...] = ()
