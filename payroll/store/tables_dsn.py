"""Les tables de ce qui va vers net-entreprises et en revient : envois, retours, signalements, curseur de relève.

Une ligne est inscrite avant que rien ne parte ; le contenu est une pièce, gardée sous son empreinte.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel


class EtatEnvoi(StrEnum):
    """Le sort d'un message à déposer, dans l'ordre."""

    INSCRIT = "inscrit"
    """Écrit au registre : rien n'est encore parti."""
    POSE = "pose"
    """Dans le dossier ``declarations/`` de l'agence, prêt pour net-entreprises."""
    EN_COURS = "en_cours"
    """Le dépôt a commencé et sa réponse n'est pas connue : ne jamais redéposer sans avoir relu la liste des dépôts."""
    DEPOSE = "depose"
    REJETE = "rejete"


class EtatRetour(StrEnum):
    LU = "lu"
    REFUSE = "refuse"
    """Gardé, sans que rien en soit pris."""
    DEPASSE = "depasse"
    """Un compte-rendu plus récent a déjà été appliqué."""


class EnvoiDsn(SQLModel, table=True):
    """Un message à déposer : mensuelle ou signalement. Un contenu ne s'inscrit qu'une fois."""

    __tablename__ = "envoi_dsn"
    __table_args__ = (UniqueConstraint("adherent_id", "sha256"),)
    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id", index=True)
    sha256: str = Field(index=True)
    nature: str
    mois: str
    numero_ordre: int
    essai: bool
    nom: str
    """Le nom du fichier dans ``declarations/``."""
    etat: str = EtatEnvoi.INSCRIT
    inscrit_le: datetime
    pose_le: datetime | None = None
    depose_le: datetime | None = None
    idflux: str = Field(default="", index=True)
    reponse_sha256: str = ""
    """L'accusé ou l'avis de rejet reçu au dépôt."""
    motif: str = ""


class RetourDsn(SQLModel, table=True):
    """Un retour reçu, gardé avant d'être lu ; le même fichier ne compte qu'une fois."""

    __tablename__ = "retour_dsn"
    id: int | None = Field(default=None, primary_key=True)
    sha256: str = Field(unique=True)
    nom: str
    recu_le: datetime
    etat: str
    type: str = ""
    adherent_id: int | None = Field(default=None, foreign_key="adherent.id", index=True)
    mois: str = ""
    numero_ordre: int | None = None
    message_sha256: str = ""
    """L'empreinte du message auquel il répond ; vide s'il n'a pas été trouvé."""
    idflux: str = ""
    conformite: str = ""
    bilan: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    anomalies: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class SignalementDsn(SQLModel, table=True):
    """Un signalement d'événement produit : arrêt (04), reprise (05), fin de contrat (07)."""

    __tablename__ = "signalement_dsn"
    __table_args__ = (UniqueConstraint("contrat_id", "nature", "fait", "numero_ordre"),)
    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id", index=True)
    contrat_id: int = Field(foreign_key="contrat.id", index=True)
    nature: str
    fait: str
    """Ce qui désigne l'événement : « cmo 2026-11-03 », « fin 2026-11-30 »."""
    fin: date
    """La fin dite par le message : fin prévisionnelle d'un arrêt, jour de reprise, dernier jour du contrat."""
    type: str
    numero_ordre: int
    norme: str
    constitue_le: datetime
    sha256: str
    anomalies: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class CurseurReleve(SQLModel, table=True):
    """Jusqu'où la relève des retours a lu, par compte de déclarant : la suivante reprend là."""

    __tablename__ = "curseur_releve"
    compte: str = Field(primary_key=True)
    jusqu_a: datetime
