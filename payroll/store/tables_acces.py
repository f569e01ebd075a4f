"""L'accès au bureau : sessions, second facteur, codes de secours, essais manqués. Aucun secret n'y est lisible."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from payroll.store.coffre import Chiffre


class EtapeSession(StrEnum):
    """Jusqu'où la personne a prouvé qui elle est."""

    CODE = "code"
    """Le mot de passe est bon, le code à six chiffres manque."""
    INSCRIPTION = "inscription"
    """Le mot de passe est bon, le compte n'a pas encore de second facteur."""
    COMPLETE = "complete"


class SessionBureau(SQLModel, table=True):
    """Une session du bureau. Le témoin remis au navigateur n'est pas ici : seulement son empreinte."""

    __tablename__ = "session_bureau"
    id: int | None = Field(default=None, primary_key=True)
    gestionnaire_id: int = Field(foreign_key="gestionnaire.id", index=True)
    empreinte: str = Field(unique=True, index=True)
    """SHA-256 du témoin : une base copiée n'ouvre aucune session."""
    etape: str
    ouverte_le: datetime
    vue_le: datetime
    adresse: str = ""
    navigateur: str = ""
    par_mandataire: bool = Field(default=False, sa_column_kwargs={"server_default": "0"})
    """Ouverte sur la foi du serveur mandataire de l'agence, qui a vérifié l'identité lui-même."""
    mois: str = ""
    """Le mois que la personne regarde."""
    message: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Ce que la prochaine page dira : le résultat du dernier geste."""
    fermee_le: datetime | None = None
    motif_fermeture: str = ""


class SecondFacteur(SQLModel, table=True):
    """Le secret TOTP d'un compte (RFC 6238), chiffré, et le dernier pas accepté : un code ne sert qu'une fois."""

    __tablename__ = "second_facteur"
    id: int | None = Field(default=None, primary_key=True)
    gestionnaire_id: int = Field(foreign_key="gestionnaire.id", unique=True, index=True)
    secret: str = Field(sa_type=Chiffre)
    inscrit_le: datetime | None = None
    """Vide tant qu'un premier code juste n'a pas prouvé que le téléphone a pris le secret."""
    dernier_pas: int = 0


class CodeSecours(SQLModel, table=True):
    """Un code de secours, par son empreinte chiffrée ; il ne sert qu'une fois."""

    __tablename__ = "code_secours"
    id: int | None = Field(default=None, primary_key=True)
    gestionnaire_id: int = Field(foreign_key="gestionnaire.id", index=True)
    empreinte: str = Field(sa_type=Chiffre)
    utilise_le: datetime | None = None


class EssaiAcces(SQLModel, table=True):
    """Les essais manqués d'un compte ou d'une adresse, comptés avant même d'être jugés."""

    __tablename__ = "essai_acces"
    id: int | None = Field(default=None, primary_key=True)
    cle: str = Field(unique=True, index=True)
    """Empreinte de « compte:identifiant » ou « adresse:… » : un mot de passe tapé au mauvais endroit n'y reste pas."""
    echecs: int = 0
    dernier_le: datetime
    bloque_jusqu_a: datetime | None = None
