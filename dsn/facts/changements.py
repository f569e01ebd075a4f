"""Ce qui a changé depuis la dernière déclaration : les anciennes valeurs, à leur date (CT §2.1.2 et §4.4.14)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar

from dsn.rubriques import JOUR, TEXTE, R, Valeurs


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangementIndividu:
    """S21.G00.31 : les anciennes données identifiantes, toutes celles d'une même date dans un seul bloc."""

    BLOC: ClassVar[str] = "S21.G00.31"
    effet: Annotated[date, R("001", JOUR)]
    ancien_nir: Annotated[str, R("008")] = ""
    ancien_nom: Annotated[str, R("009", TEXTE)] = ""
    anciens_prenoms: Annotated[str, R("010", TEXTE)] = ""
    ancienne_date_naissance: Annotated[str, R("011")] = ""
    """Texte JJMMAAAA, comme la date de naissance déclarée."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangementContrat:
    """S21.G00.41 : l'ancienne valeur d'une modalité, ou les anciens identifiants d'un contrat.

    ``anciennes`` : (trois derniers chiffres de la rubrique 41, ancienne valeur écrite). Une seule modalité par bloc ;
    ``profondeur`` accompagne le changement le plus ancien d'une modalité, jamais un identifiant (CT p.104).
    """

    BLOC: ClassVar[str] = "S21.G00.41"
    effet: Annotated[date, R("001", JOUR)]
    anciennes: Annotated[tuple[tuple[str, str], ...], Valeurs()]
    profondeur: Annotated[date | None, R("028", JOUR)] = None
