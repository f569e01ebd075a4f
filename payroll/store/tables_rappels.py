"""Les rappels préparés : ce qui a été relu, figé, et les mois où la différence se paie ou se retient."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel


class RappelPrepare(SQLModel, table=True):
    """Un rappel d'un contrat, figé au jour où il a été relu. On l'annule, on ne le récrit pas."""

    __tablename__ = "rappel"
    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id", index=True)
    contrat_id: int = Field(foreign_key="contrat.id", index=True)
    mois: str
    """Premier mois de versement, ``AAAA-MM``."""
    echeances: int
    montant: int
    """Somme des différences, en centimes ; négatif : un trop-perçu."""
    motif: str
    prepare_par: str
    prepare_le: datetime
    contenu: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    """Un élément par mois du droit : conditions justes, dernières conditions payées, montants payés par rubrique."""
    annule_par: str = ""
    annule_le: datetime | None = None
    motif_annulation: str = ""


class EcheanceRappel(SQLModel, table=True):
    """Un mois où une part du rappel entre dans le bulletin."""

    __tablename__ = "echeance_rappel"
    __table_args__ = (UniqueConstraint("rappel_id", "rang"),)
    id: int | None = Field(default=None, primary_key=True)
    rappel_id: int = Field(foreign_key="rappel.id", index=True)
    rang: int
    mois: str = Field(index=True)
    annulee_le: datetime | None = None


class ElementRappele(SQLModel, table=True):
    """Un élément variable appris trop tard, avec le mois où il était dû ; il entre dans les rappels de ce mois."""

    __tablename__ = "element_rappele"
    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id", index=True)
    contrat_id: int = Field(foreign_key="contrat.id", index=True)
    mois_de_droit: str
    rubrique: str
    valeur: int
    """Centimes, ou centièmes d'heure selon la rubrique ; négatif pour reprendre."""
    motif: str
    saisi_par: str
    saisi_le: datetime
    annule_le: datetime | None = None
