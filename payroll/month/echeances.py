"""Les échéances d'un mois de paie : dépôt des éléments variables, versement, DSN. Des dates, et rien d'autre.

Deux dates par échéance. La date légale : la DSN est due le 5 à midi (cinquante agents et plus) ou le 15 à midi du
mois suivant ; un jour chômé la reporte au jour ouvré suivant (CSS R. 133-14 et R. 243-6). La date de l'agence, elle,
n'attend pas le report : elle tombe au jour ouvré qui précède, et son rappel part un jour ouvré plus tôt encore.

Jours ouvrés : du lundi au vendredi, hors jours fériés de métropole. Aucune horloge : l'instant est un argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import holidays

from payroll import legislation
from payroll.legislation import Figures
from payroll.periods import NOMS_DES_MOIS, Month

PARIS = ZoneInfo("Europe/Paris")
_JOUR = timedelta(days=1)
_SAMEDI = 5
_MIDI = time(12)
_JOURS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


class Nature(StrEnum):
    """Ce qui est attendu ce jour-là."""

    DEPOT = "dépôt des éléments variables"
    VERSEMENT = "versement des traitements"
    DSN_5 = "DSN du 5"
    DSN_15 = "DSN du 15"


@dataclass(frozen=True, slots=True)
class Echeance:
    """Une échéance d'un mois de paie."""

    nature: Nature
    mois: Month
    """Le mois de paie, pas celui où elle tombe."""
    legale: datetime | None
    """L'instant légal, à l'heure de Paris ; ``None`` pour ce que l'agence fixe elle-même."""
    interne: datetime
    """L'instant que l'agence se donne, à l'heure de Paris : jamais après l'instant légal."""
    rappel: date
    """Le jour ouvré où part le rappel, avant l'échéance de l'agence."""

    def days_left(self, today: date) -> int:
        """Les jours calendaires qui restent jusqu'à l'échéance de l'agence ; négatif une fois passée."""
        return (self.interne.date() - today).days


def day_in_words(day: date) -> str:
    """Le jour tel qu'on l'écrit à une personne.

    >>> day_in_words(date(2026, 12, 1))
    'mardi 1er décembre 2026'
    """
    return f"{_JOURS[day.weekday()]} {day.day}{'er' * (day.day == 1)} {NOMS_DES_MOIS[day.month - 1]} {day.year}"


def in_words(moment: datetime) -> str:
    """L'instant d'une échéance tel qu'on l'écrit à une personne : « vendredi 4 décembre 2026 à midi »."""
    hour = "midi" if moment.time() == _MIDI else f"{moment.hour} h"
    return f"{day_in_words(moment.date())} à {hour}"


def is_working_day(day: date) -> bool:
    """Vrai du lundi au vendredi, hors jours fériés de métropole (C. trav. L. 3133-1).

    >>> is_working_day(date(2026, 11, 11)), is_working_day(date(2026, 11, 12))
    (False, True)
    """
    return day.weekday() < _SAMEDI and day not in holidays.country_holidays("FR", years=day.year)


def on_or_before(day: date) -> date:
    """Ce jour s'il est ouvré, sinon le dernier jour ouvré qui précède."""
    while not is_working_day(day):
        day -= _JOUR
    return day


def on_or_after(day: date) -> date:
    """Ce jour s'il est ouvré, sinon le premier jour ouvré qui suit."""
    while not is_working_day(day):
        day += _JOUR
    return day


def working_days_before(day: date, count: int) -> date:
    """Le jour ouvré qui précède ``day`` de ``count`` jours ouvrés.

    >>> working_days_before(date(2026, 11, 12), 1)
    datetime.date(2026, 11, 10)
    """
    for _ in range(count):
        day = on_or_before(day - _JOUR)
    return day


def dsn_nature(mois: Month, effectif: int) -> Nature:
    """L'échéance de la DSN d'un employeur de cet effectif, dont la paie est versée dans le mois (CSS R. 243-6, II)."""
    return Nature.DSN_5 if effectif >= _figures(mois).integer("dsn_mensuelle.seuil_effectif") else Nature.DSN_15


def month_deadlines(mois: Month, versement: date, jours_avant_paie: int) -> dict[Nature, Echeance]:
    """Les quatre échéances d'un mois, dans leur ordre.

    ``versement`` : le jour de paie. ``jours_avant_paie`` : jours ouvrés entre la date limite de dépôt et le versement.
    """
    limite = working_days_before(versement, jours_avant_paie)
    figures = _figures(mois)
    return {
        Nature.DEPOT: _deadline(Nature.DEPOT, mois, limite, None),
        Nature.VERSEMENT: _deadline(Nature.VERSEMENT, mois, versement, None),
        Nature.DSN_5: _dsn(Nature.DSN_5, mois, figures.integer("dsn_mensuelle.jour_effectif_au_seuil")),
        Nature.DSN_15: _dsn(Nature.DSN_15, mois, figures.integer("dsn_mensuelle.jour")),
    }


def _dsn(nature: Nature, mois: Month, day: int) -> Echeance:
    nominal = mois.next.first_day.replace(day=day)
    legal = on_or_after(nominal) if _figures(mois).rate("dsn_mensuelle.prorogation") else nominal
    return _deadline(nature, mois, nominal, _at_noon(mois, legal))


def _deadline(nature: Nature, mois: Month, day: date, legale: datetime | None) -> Echeance:
    interne = on_or_before(day)
    return Echeance(nature, mois, legale, _at_noon(mois, interne), working_days_before(interne, 1))


def _at_noon(mois: Month, day: date) -> datetime:
    return datetime.combine(day, time(_figures(mois).integer("dsn_mensuelle.heure")), PARIS)


def _figures(mois: Month) -> Figures:
    return legislation.load().at(mois)
