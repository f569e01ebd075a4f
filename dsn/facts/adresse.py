"""L'adresse, commune à l'émetteur, à l'employeur, à l'agent et au lieu de travail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Adresse:
    """Une adresse française (code postal et localité) ou étrangère (pays et code de distribution), jamais les deux."""

    voie: str = ""
    code_postal: str = ""
    localite: str = ""
    complement: str = ""
    distribution: str = ""
    pays: str = ""
    """Code pays ISO, à l'étranger seulement."""
    etranger: str = ""
    """Code de distribution à l'étranger."""
