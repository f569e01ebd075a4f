"""La révision : comptes des gestionnaires, bulletins refusés, corrections, comptes bancaires approuvés."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from payroll.store.coffre import Chiffre


class Role(StrEnum):
    """Ce qu'un compte de l'agence a le droit de faire."""

    RESPONSABLE = "responsable"
    """Tout, pour tous les adhérents ; rouvre un mois clos."""
    GESTIONNAIRE = "gestionnaire"
    """Révise, corrige et approuve les adhérents de son portefeuille."""
    LECTURE = "lecture"
    """Regarde, ne change rien."""
    ADMINISTRATEUR = "administrateur"
    """Tient les comptes et les portefeuilles ; ne révise, ne corrige ni n'approuve : qui donne les droits ne paie pas.

    Il ne voit aucune paie, sauf celles d'un portefeuille qu'un autre administrateur lui confie.
    """


class Gestionnaire(SQLModel, table=True):
    """Un compte de l'agence. On le ferme, on ne l'efface pas : le journal le cite."""

    id: int | None = Field(default=None, primary_key=True)
    identifiant: str = Field(unique=True, index=True)
    nom: str
    role: str
    portefeuille: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Codes d'adhérents ; vide : tous."""
    secret: str = Field(sa_type=Chiffre)
    """« scrypt$n$r$p$sel$empreinte » : le mot de passe lui-même n'est écrit nulle part."""
    ouvert_le: datetime
    ferme_le: datetime | None = None
    provisoire: bool = Field(default=False, sa_column_kwargs={"server_default": "0"})
    """Le mot de passe a été donné par un autre : la personne en choisit un avant toute page du bureau."""


class RefusBulletin(SQLModel, table=True):
    """Un bulletin refusé à la révision : il retient la paie tant qu'il n'a pas changé ou n'est pas admis."""

    __tablename__ = "refus_bulletin"
    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id", index=True)
    contrat_id: int = Field(foreign_key="contrat.id", index=True)
    mois: str = Field(index=True)
    revision: int
    empreinte: str
    """L'empreinte des lignes et des totaux refusés : un bulletin qui en a une autre n'est plus celui-là."""
    motif: str
    par: str
    le: datetime
    leve_par: str = ""
    leve_le: datetime | None = None
    motif_levee: str = ""


class NatureCorrection(StrEnum):
    ELEMENT = "element"
    """La valeur d'un élément du mois, quoi qu'en dise le fichier ; zéro : il ne se paie pas."""
    LIGNE = "ligne"
    """Un montant ou des heures de plus (ou de moins) que le fichier."""
    ABSENCE = "absence"
    """Une absence que le fichier ne disait pas."""
    RETRAIT = "retrait_absence"
    """Une absence à ne plus compter."""


class Correction(SQLModel, table=True):
    """Ce qu'un gestionnaire a corrigé d'un mois, avec sa raison. On l'annule, on ne le récrit pas."""

    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id", index=True)
    contrat_id: int = Field(foreign_key="contrat.id", index=True)
    mois: str = Field(index=True)
    nature: str
    rubrique: str = ""
    valeur: int = 0
    """Centimes, ou centièmes d'heure selon la rubrique."""
    absence_id: int | None = None
    absence: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """L'absence ajoutée ou retirée, entière : annuler la correction la retire ou la remet."""
    motif: str
    par: str
    le: datetime
    annulee_par: str = ""
    annulee_le: datetime | None = None
    motif_annulation: str = ""


class CompteApprouve(SQLModel, table=True):
    """Le compte bancaire d'un agent le jour où sa paie a été approuvée : un changement se voit le mois suivant."""

    __tablename__ = "compte_approuve"
    __table_args__ = (UniqueConstraint("agent_id", "mois"),)
    id: int | None = Field(default=None, primary_key=True)
    agent_id: int = Field(foreign_key="agent.id", index=True)
    mois: str
    empreinte: str = Field(sa_type=Chiffre)
    """L'empreinte de l'IBAN, chiffrée : de quoi voir qu'il a changé, jamais de quoi le lire."""
    jour: date
