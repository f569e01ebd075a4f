"""Les jours d'absence d'un mois, classés un à un puis ramenés en trentièmes : du calendrier, sans argent."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from payroll.engine.situation import Arret
from payroll.legislation.conges import load_conges
from payroll.periods import Month

CARENCE, EPUISE = "carence", "epuise"
NATURES = tuple(load_conges().motifs)
"""Les motifs de ``payroll/legislation/conges/effets.yaml`` : ce que devient un jour d'absence."""

PARTIELLES = tuple(code for code, nature in load_conges().natures.items() if nature.partielle)
"""Les absences qui peuvent durer moins d'un jour."""

_JOUR = timedelta(days=1)
_SUITE = 3
"""Une prolongation commence le lendemain de l'arrêt, ou après une reprise de 48 heures au plus."""


@dataclass(frozen=True, slots=True)
class Palier:
    """Un motif et le rang du dernier jour qui le reçoit ; ``None`` : sans limite."""

    motif: str
    jusqu_a: int | None


@dataclass(frozen=True, slots=True)
class Droits:
    """Ce à quoi un arrêt donne droit, jour après jour."""

    fenetre: int | str
    """Jours avant chaque jour d'absence où l'on compte ceux déjà pris ; « carriere » : tous ; « arret » : l'arrêt."""
    paliers: tuple[Palier, ...]
    carence: int = 0
    """Jours non versés au début de l'arrêt."""


@dataclass(frozen=True, slots=True)
class Jour:
    """Un jour d'absence du mois."""

    jour: date
    motif: str
    rang: int
    """Sa place dans l'arrêt et ceux qu'il prolonge, depuis 1."""
    arret: Arret
    depuis: date
    """Premier jour de l'arrêt, ou du premier de ceux qu'il prolonge."""


def chain_start(arret: Arret, connus: Sequence[Arret]) -> date | None:
    """Le premier jour de l'arrêt que celui-ci prolonge, de proche en proche ; ``None`` s'il n'est pas connu."""
    if not arret.prolongation:
        return arret.debut
    avant = max(
        (autre for autre in connus if autre.type == arret.type and autre.debut < arret.debut),
        key=lambda autre: autre.debut,
        default=None,
    )
    # Un arrêt fini depuis longtemps n'est pas celui que l'on prolonge : le vrai n'est pas connu.
    return chain_start(avant, connus) if avant and (arret.debut - avant.fin).days <= _SUITE else None


def classify(
    mois: Month,
    debut: date,
    fin: date,
    arrets: Sequence[Arret],
    anterieures: Sequence[Arret],
    anterieurs_cmo: int,
    droits: Mapping[Arret, Droits],
) -> list[Jour]:
    """Chaque jour d'absence entière du mois entre ``debut`` et ``fin`` du contrat, avec son motif, dans l'ordre.

    Les jours d'une nature déjà pris se comptent dans la fenêtre qui précède **chaque** jour (CGFP L. 822-2), jours
    d'avant le mois et de carence compris ; ``anterieurs_cmo`` s'y ajoute, sans date.
    """
    pris: dict[str, list[date]] = defaultdict(list)
    connus = sorted({*anterieures, *arrets}, key=lambda arret: (arret.debut, arret.fin))
    found: list[Jour] = []
    for arret in connus:
        if is_partial(arret):
            continue
        depuis = chain_start(arret, connus) or arret.debut
        avant = _days_of_chain(arret, depuis, connus)
        compte = pris[arret.type]
        for rang, jour in enumerate(_days(arret.debut, min(arret.fin, fin, mois.last_day)), start=avant + 1):
            if arret in droits and max(debut, mois.first_day) <= jour:
                motif = _motif(arret, jour, rang, compte, anterieurs_cmo, droits[arret])
                found.append(Jour(jour, motif, rang, arret, depuis))
            if not compte or compte[-1] < jour:
                compte.append(jour)
    return found


def is_partial(arret: Arret) -> bool:
    """Vrai pour une absence de moins d'un jour : demi-journées ou heures."""
    return arret.demi_journee or arret.heures is not None


def _days(debut: date, fin: date) -> Iterator[date]:
    while debut <= fin:
        yield debut
        debut += _JOUR


def _days_of_chain(arret: Arret, depuis: date, connus: Sequence[Arret]) -> int:
    """Jours d'arrêt déjà passés dans la chaîne que celui-ci prolonge."""
    return sum(
        (autre.fin - autre.debut).days + 1
        for autre in connus
        if autre.type == arret.type and depuis <= autre.debut < arret.debut
    )


def _motif(arret: Arret, jour: date, rang: int, pris: Sequence[date], anterieurs_cmo: int, droits: Droits) -> str:
    dispense = arret.prolongation or arret.exempt_de_carence or bool(arret.motif_sans_carence)
    if (jour - arret.debut).days < droits.carence and not dispense:
        return CARENCE
    if droits.fenetre == "arret":
        compte = rang
    else:
        depart = 0 if isinstance(droits.fenetre, str) else bisect_left(pris, jour - droits.fenetre * _JOUR)
        compte = len(pris) - depart + 1 + (anterieurs_cmo if arret.type == "cmo" else 0)
    return next(
        (palier.motif for palier in droits.paliers if palier.jusqu_a is None or compte <= palier.jusqu_a), EPUISE
    )


def adjoining(arrets: Sequence[Arret], delai: int) -> Iterator[Arret]:
    """Les arrêts de maladie repris au plus ``delai`` jours après un autre, sans être dits prolongation ni dispensés."""
    for avant, apres in pairwise(sorted(arrets, key=lambda arret: arret.debut)):
        dite = apres.prolongation or apres.exempt_de_carence or apres.motif_sans_carence
        if avant.type == apres.type == "cmo" and not dite and (apres.debut - avant.fin).days - 1 <= delai:
            yield apres


def in_thirtieths(motifs: Sequence[str], jours_du_contrat: int, presence: int) -> dict[str, int]:
    """Les trentièmes par motif : un jour calendaire = 1/30, et une absence de tout le contrat = tous ses trentièmes.

    Le trentième en trop (mois de 31 jours) ou manquant (février) porte sur le dernier jour d'absence.
    """
    compte = Counter(motifs)
    if not motifs:
        return {}
    vise = presence if len(motifs) == jours_du_contrat else min(len(motifs), presence)
    ecart = vise - len(motifs)
    for motif in reversed(motifs):
        if ecart == 0:
            break
        if ecart > 0:
            compte[motif] += ecart
            ecart = 0
        elif compte[motif] > 0:
            compte[motif] -= 1
            ecart += 1
    return {motif: nombre for motif, nombre in compte.items() if nombre}
