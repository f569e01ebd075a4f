"""Le lien entre un fait et sa rubrique : il se lit dans le type du fait, ``Annotated[int, R("013", MONTANT)]``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from dsn import amounts, charset


def _texte(value: str) -> str:
    return value


def _jour_ou_texte(value: date | str) -> str:
    """Une date, ou le texte JJMMAAAA d'une date de naissance incomplète."""
    return amounts.jour(value) if isinstance(value, date) else value


@dataclass(frozen=True, slots=True)
class Format:
    """Une façon d'écrire une valeur ; ``free`` : texte libre, à translittérer."""

    name: str
    write: Callable[[Any], str]
    free: bool = False


TEXTE = Format("texte", _texte, free=True)
CODE = Format("code", _texte)
LOCALITE = Format("localite", charset.localite)
JOUR = Format("jour", _jour_ou_texte)
MOIS = Format("mois", amounts.mois)
MONTANT = Format("montant", amounts.montant)
QUANTITE = Format("quantite", amounts.montant)
TAUX = Format("taux", amounts.taux)
ENTIER = Format("entier", str)


@dataclass(frozen=True, slots=True)
class R:
    """La rubrique d'un fait : ses trois derniers chiffres et son format."""

    suffix: str
    format: Format = CODE


@dataclass(frozen=True, slots=True)
class Lieu:
    """Les rubriques où s'écrit une adresse, qui changent d'un bloc à l'autre."""

    voie: str
    code_postal: str
    localite: str
    complement: str
    distribution: str
    pays: str
    etranger: str


@dataclass(frozen=True, slots=True)
class Valeurs:
    """Un fait qui porte des (rubrique, valeur déjà écrite) : les anciennes valeurs d'un changement."""


_MARKERS: dict[type, dict[str, R | Lieu | Valeurs | None]] = {}


def markers(cls: type) -> dict[str, R | Lieu | Valeurs | None]:
    """Champ → rubrique, adresse, valeurs écrites, ou ``None`` pour un bloc enfant."""
    if cls in _MARKERS:
        return _MARKERS[cls]
    result: dict[str, R | Lieu | Valeurs | None] = {}
    for name, hint in get_type_hints(cls, include_extras=True).items():
        if name == "BLOC":
            continue
        marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        result[name] = next((mark for mark in marks if isinstance(mark, R | Lieu | Valeurs)), None)
    _MARKERS[cls] = result
    return result
