"""Les jours d'absence d'un mois, classés un à un puis ramenés en trentièmes : du calendrier, sans argent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from payroll.engine.situation import Arret
from payroll.periods import Month

CARENCE, CMO, CMO_DEMI, GREVE, SERVICE_NON_FAIT, EPUISE = (
    "carence",
    "cmo",
    "cmo_demi_traitement",
    "greve",
    "service_non_fait",
    "epuise",
)
NATURES = (CARENCE, CMO, CMO_DEMI, GREVE, SERVICE_NON_FAIT)


@dataclass(frozen=True, slots=True)
class DroitsCmo:
    """Les bornes du congé de maladie ordinaire sur l'année médicale mobile (CGFP L. 822-2 et L. 822-3)."""

    jours_plein: int
    jours_total: int
    jours_carence: int


def classify(
    mois: Month, debut: date, fin: date, arrets: Sequence[Arret], anterieurs: int, droits: DroitsCmo
) -> list[tuple[date, str]]:
    """Chaque jour d'absence du mois entre ``debut`` et ``fin`` du contrat, avec sa nature, dans l'ordre.

    Le compteur de maladie part de ``anterieurs`` au premier jour du premier arrêt, et compte aussi ses jours d'avant
    le mois. Le jour de carence est compté dans les jours à plein droit.
    """
    compte = anterieurs
    jours: list[tuple[date, str]] = []
    for arret in sorted(arrets, key=lambda arret: arret.debut):
        jour = arret.debut
        dernier = min(arret.fin, fin)
        while jour <= dernier:
            nature = arret.type
            if nature == "cmo":
                compte += 1
                nature = _sick_day(arret, jour, compte, droits)
            if max(debut, mois.first_day) <= jour <= mois.last_day:
                jours.append((jour, nature))
            jour += timedelta(days=1)
    return jours


def _sick_day(arret: Arret, jour: date, compte: int, droits: DroitsCmo) -> str:
    rang = (jour - arret.debut).days
    if rang < droits.jours_carence and not arret.prolongation and not arret.exempt_de_carence:
        return CARENCE
    if compte <= droits.jours_plein:
        return CMO
    return CMO_DEMI if compte <= droits.jours_total else EPUISE


def in_thirtieths(jours: Sequence[tuple[date, str]], jours_du_contrat: int, presence: int) -> dict[str, int]:
    """Les trentièmes par nature : un jour calendaire = 1/30, et une absence de tout le contrat = tous ses trentièmes.

    Le trentième en trop (mois de 31 jours) ou manquant (février) porte sur le dernier jour d'absence.
    """
    compte = Counter(nature for _, nature in jours)
    if not jours:
        return {}
    vise = presence if len(jours) == jours_du_contrat else min(len(jours), presence)
    ecart = vise - len(jours)
    for _, nature in reversed(jours):
        if ecart == 0:
            break
        if ecart > 0:
            compte[nature] += ecart
            ecart = 0
        elif compte[nature] > 0:
            compte[nature] -= 1
            ecart += 1
    return dict(compte)
