"""La protection complémentaire collective : adhésion de l'employeur, affiliation de l'agent, paiement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar

from dsn.rubriques import ENTIER, JOUR, MONTANT, TEXTE, R


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangementAdhesion:
    """S21.G00.16 : l'ancien organisme d'une adhésion."""

    BLOC: ClassVar[str] = "S21.G00.16"
    effet: Annotated[date, R("001", JOUR)]
    ancien_organisme: Annotated[str, R("002")] = ""
    ancien_delegataire: Annotated[str, R("003")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adhesion:
    """S21.G00.15 : un contrat collectif de l'employeur. ``identifiant`` : numéro propre à la déclaration (1, 2…)."""

    BLOC: ClassVar[str] = "S21.G00.15"
    reference: Annotated[str, R("001", TEXTE)]
    organisme: Annotated[str, R("002")]
    """Code de l'organisme complémentaire (table officielle) : P, A ou neuf caractères."""
    identifiant: Annotated[str, R("005")]
    personnel_couvert: Annotated[str, R("004")] = "01"
    """01 : au moins un agent de l'établissement ; 02 : aucun."""
    delegataire: Annotated[str, R("003")] = ""
    changements: tuple[ChangementAdhesion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Affiliation:
    """S21.G00.70 : l'affiliation d'un agent à une adhésion, sous son contrat."""

    BLOC: ClassVar[str] = "S21.G00.70"
    identifiant: Annotated[str, R("012")]
    """Propre à l'agent : la base 31 le cite."""
    adhesion: Annotated[str, R("013")]
    """L'identifiant de l'``Adhesion``."""
    option: Annotated[str, R("004", TEXTE)] = ""
    population: Annotated[str, R("005", TEXTE)] = ""
    enfants_a_charge: Annotated[int | None, R("007", ENTIER)] = None
    conjoints: Annotated[int | None, R("008", ENTIER)] = None
    ayants_droit: Annotated[int | None, R("009", ENTIER)] = None
    autres_ayants_droit: Annotated[int | None, R("010", ENTIER)] = None
    enfants_ayants_droit: Annotated[int | None, R("011", ENTIER)] = None
    debut: Annotated[date | None, R("014", JOUR)] = None
    """Seulement si elle diffère du début du contrat ou de la période."""
    fin: Annotated[date | None, R("015", JOUR)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectationVersement:
    """S21.G00.55 : la part d'un paiement à un organisme complémentaire qui revient à un contrat et une période."""

    BLOC: ClassVar[str] = "S21.G00.55"
    montant: Annotated[int, R("001", MONTANT)]
    periode: Annotated[str, R("004")]
    """``2026M11``, ``2026T04``, ``2026S02``, ``2026A00``."""
    population: Annotated[str, R("002", TEXTE)] = ""
    affectation: Annotated[str, R("003", TEXTE)] = ""
    """La référence du contrat."""
    crm: Annotated[str, R("005")] = ""
