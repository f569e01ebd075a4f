"""Les retenues au profit de créanciers : l'acte notifié, tel qu'il reste au dossier du contrat."""

from __future__ import annotations

from datetime import date

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel


class SaisieContrat(SQLModel, table=True):
    """Une pension, une saisie ou une cession notifiée. Ce qui reste dû se déduit des bulletins, jamais récrit ici."""

    __tablename__ = "saisie_contrat"
    __table_args__ = (UniqueConstraint("contrat_id", "numero"),)
    id: int | None = Field(default=None, primary_key=True)
    contrat_id: int = Field(foreign_key="contrat.id", index=True)
    numero: int
    type: str
    creancier: str = ""
    reference: str = ""
    notifiee_le: date
    montant_mensuel: int | None = None
    """Terme mensuel en centimes ; vide : ce que la quotité laisse."""
    total: int | None = None
    """Somme à retenir en tout, en centimes, au jour de l'inscription ; vide : sans fin connue."""
    du: date
    au: date | None = None
    """Dernier jour d'effet : mainlevée, terme de la pension."""
