"""Ce que les gabarits savent dire : montants, dates, taux et états, à la française. Tout texte y est échappé."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension

from desk.bureau.renvois import au_bureau
from payroll.money import format_amount, format_percent
from payroll.periods import NOMS_DES_MOIS, Month
from payroll.wording import plural

ICI = Path(__file__).parent
_PARIS = ZoneInfo("Europe/Paris")
_APOSTROPHE = re.compile(r"(?<=[A-Za-zéèêàçùÉ])'(?=[A-Za-zéèêàâôîûÉÈÀ])")
_INSECABLE, _MOINS = "\u00a0", "\u2212"

ETATS: dict[str, tuple[str, str]] = {
    "non ouverte": ("Non ouverte", "neutre"),
    "ouverte": ("Ouverte", "info"),
    "calculee": ("Calculée", "attente"),
    "validee": ("Validée", "succes"),
    "declaree": ("Déclarée", "succes"),
    "restituee": ("Restituée", "succes"),
    "close": ("Close", "clos"),
    "remplacee": ("Remplacée", "neutre"),
    "recu": ("Reçu", "info"),
    "accepte": ("Accepté", "succes"),
    "refuse": ("Refusé", "erreur"),
    "doublon": ("Doublon", "neutre"),
    "remplace": ("Remplacé", "neutre"),
    "bloquant": ("Bloquant", "erreur"),
    "avertissement": ("À regarder", "attente"),
}
"""Mot du registre → (mot de la page, ton de la pastille). Un mot inconnu s'affiche tel quel, en neutre."""


def montant(cents: int | None) -> str:
    """Des centimes : « 1 234,56 € » ; rien : un tiret.

    >>> montant(-123456).replace("\\u202f", "_").replace("\\xa0", "_")
    '−1_234,56_€'
    """
    return "–" if cents is None else f"{format_amount(cents).replace('-', _MOINS)}{_INSECABLE}€"


def ecart(cents: int | None) -> str:
    """Une différence, avec son signe ; nulle : « = ».

    >>> ecart(1250).replace("\\xa0", " "), ecart(0)
    ('+12,50 €', '=')
    """
    if cents is None:
        return "–"
    if cents == 0:
        return "="
    return f"{'+' if cents > 0 else ''}{montant(cents)}"


def jour(value: date | None) -> str:
    """« 20 novembre 2026 »."""
    if value is None:
        return "–"
    number = "1er" if value.day == 1 else str(value.day)
    return f"{number}{_INSECABLE}{NOMS_DES_MOIS[value.month - 1]} {value.year}"


def moment(value: datetime | None) -> str:
    """« 20 novembre 2026 à 10 h 05 », à l'heure de Paris."""
    if value is None:
        return "–"
    local = (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(_PARIS)
    return f"{jour(local.date())} à {local.hour}{_INSECABLE}h{_INSECABLE}{local.minute:02d}"


def mois(value: Month | str | None) -> str:
    """« novembre 2026 »."""
    if not value:
        return "–"
    return (value if isinstance(value, Month) else Month.parse(value)).libelle


def de_mois(value: Month | str | None) -> str:
    """« de novembre 2026 », « d’octobre 2026 ».

    >>> de_mois("2026-10"), de_mois("2026-11")
    ('d’octobre 2026', 'de novembre 2026')
    """
    name = mois(value)
    return f"d’{name}" if name.startswith(("a", "o")) else f"de {name}"


def taux(ppm: int | None) -> str:
    """Des millionièmes : « 11,10 % »."""
    return "–" if ppm is None else format_percent(ppm).replace("-", _MOINS)


def heures(centiemes: int | None) -> str:
    """Des centièmes d'heure : « 10,50 h »."""
    return "–" if centiemes is None else f"{format_amount(centiemes).replace('-', _MOINS)}{_INSECABLE}h"


def capitale(text: object) -> str:
    """La première lettre en capitale, le reste tel quel.

    >>> capitale("dépôt des éléments")
    'Dépôt des éléments'
    """
    plain = str(text)
    return plain[:1].upper() + plain[1:]


_NAVIGATEURS = (("Firefox/", "Firefox"), ("Edg/", "Edge"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMES = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def appareil(annonce: str) -> str:
    """Ce qu'un navigateur annonce de lui-même, en mots : « Firefox sous Windows ».

    >>> appareil("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    'Firefox sous Linux'
    """
    browser = next((name for sign, name in _NAVIGATEURS if sign in annonce), "Navigateur inconnu")
    system = next((name for sign, name in _SYSTEMES if sign in annonce), "")
    return f"{browser} sous {system}" if system else browser


def valeur(centiemes: int, unite: str = "") -> str:
    """Un élément dans son unité : euros (vide), heures, ou un nombre en centièmes.

    >>> valeur(250, "heures").replace("\\xa0", " "), valeur(1200, "nombre")
    ('2,50 h', '12')
    """
    if unite in ("", "euros"):
        return montant(centiemes)
    return heures(centiemes) if unite == "heures" else format_amount(centiemes).removesuffix(",00")


def typo(phrase: object) -> object:
    """L'apostrophe courbe d'une phrase du programme ; à ne pas poser sur ce qu'une personne a écrit."""
    return _APOSTROPHE.sub("’", phrase) if isinstance(phrase, str) else phrase


def etat(value: str) -> tuple[str, str]:
    """Le mot et le ton d'un état."""
    return ETATS.get(str(value), (str(value), "neutre"))


@lru_cache(maxsize=64)
def statique(nom: str) -> str:
    """L'adresse d'un fichier fixe, avec son empreinte : le navigateur le garde, et en change quand il change."""
    digest = hashlib.sha256((ICI / "statique" / nom).read_bytes()).hexdigest()[:12]
    return f"/statique/{nom}?v={digest}"


FILTRES: dict[str, Callable[..., Any]] = {
    "au_bureau": au_bureau,
    "montant": montant,
    "ecart": ecart,
    "jour": jour,
    "moment": moment,
    "mois": mois,
    "de_mois": de_mois,
    "taux": taux,
    "heures": heures,
    "etat": etat,
    "appareil": appareil,
    "typo": typo,
    "capitale": capitale,
    "valeur": valeur,
}

MONDES = {"demonstration": "Démonstration", "recette": "Recette", "production": "Production"}


class Typographie(Extension):
    """Les espaces insécables et l'apostrophe courbe des gabarits, posées à leur lecture : jamais dans une donnée."""

    _APRES = re.compile(r"(?<=[\w»)}.…]) (?=[;:!?»](?:\s|[<\"({]|$))", re.MULTILINE)
    _AVANT = re.compile(r"« ")

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002
        """Le gabarit, sa typographie posée."""
        text = self._AVANT.sub(f"«{_INSECABLE}", self._APRES.sub(_INSECABLE, source))
        return _APOSTROPHE.sub("’", text)


def gabarits() -> Environment:
    """L'environnement des gabarits : échappement toujours, un nom inconnu est une erreur."""
    environment = Environment(
        loader=FileSystemLoader(ICI / "gabarits"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[Typographie],
    )
    environment.filters.update(FILTRES)
    environment.globals.update(statique=statique, pluriel=plural)
    return environment
