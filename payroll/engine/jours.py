"""Les jours d'absence d'un mois, classés un à un puis ramenés en trentièmes : du calendrier, sans argent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count, pairwise, repeat
from typing import NamedTuple

from payroll.engine.situation import Arret
from payroll.legislation.conges import load_conges
from payroll.periods import Month

CARENCE, EPUISE = "carence", "epuise"
NATURES = tuple(load_conges().motifs)
"""Les motifs de ``payroll/legislation/conges/effets.yaml`` : ce que devient un jour d'absence."""

PARTIELLES = tuple(code for code, nature in load_conges().natures.items() if nature.partielle)
"""Les absences qui peuvent durer moins d'un jour."""

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


class Jour(NamedTuple):
    """Un jour d'absence du mois.

    Un n-uplet nommé : il y en a neuf par absent, et une classe figée coûterait six fois plus à remplir (0,3 µs, 1,9).
    """

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
    premier, dernier = max(debut, mois.first_day).toordinal(), min(fin, mois.last_day).toordinal()
    # Ce qui est déjà pris se garde en suites de jours, non jour par jour : un an de maladie en est une.
    pris: dict[str, list[range]] = defaultdict(list)
    found: list[Jour] = []
    connus = sorted({*anterieures, *arrets}, key=lambda arret: (arret.debut, arret.fin))
    for arret in connus:
        if is_partial(arret):
            continue
        deja = pris[arret.type]
        jours = range(arret.debut.toordinal(), min(arret.fin.toordinal(), dernier) + 1)
        # Un jour que deux absences se disputent n'est pris qu'une fois.
        nouveaux = range(max(jours.start, deja[-1].stop), jours.stop) if deja else jours
        if jours.stop > max(jours.start, premier) and arret in droits:
            du_mois = range(max(jours.start, premier), jours.stop)
            depuis = chain_start(arret, connus) or arret.debut
            rang = _days_of_chain(arret, depuis, connus) + du_mois.start - jours.start + 1
            comptes = _counts(du_mois, rang, deja, nouveaux, droits[arret].fenetre)
            ajoutes = anterieurs_cmo if arret.type == "cmo" and droits[arret].fenetre != "arret" else 0
            motifs = _motifs(comptes, ajoutes, droits[arret])
            retenus = min(max(0, jours.start + _unpaid_days(arret, droits[arret]) - du_mois.start), len(motifs))
            motifs[:retenus] = repeat(CARENCE, retenus)
            found += map(Jour, motifs, count(rang), repeat(arret), repeat(depuis))
        if nouveaux:
            deja.append(nouveaux)
    return found


def is_partial(arret: Arret) -> bool:
    """Vrai pour une absence de moins d'un jour : demi-journées ou heures."""
    return arret.demi_journee or arret.heures is not None


def _counts(jours: range, rang: int, deja: Sequence[range], nouveaux: range, fenetre: int | str) -> range | list[int]:
    """Pour chacun de ces jours d'un même arrêt, combien de jours de cette nature ont été pris, lui compris.

    ``rang`` : celui du premier dans l'arrêt ; ``deja`` : les jours des arrêts d'avant ; ``nouveaux`` : ceux de
    l'arrêt qui n'en sont pas.
    """
    if fenetre == "arret":
        return range(rang, rang + len(jours))
    toujours = isinstance(fenetre, str)
    # Rien avant, et la fenêtre contient tout l'arrêt : les jours s'y suivent. Presque tous les absents sont là ; les
    # compter d'un coup plutôt qu'un à un, date par date, a ramené 511 absents de 20 à 9 ms.
    if not deja and (toujours or len(nouveaux) <= int(fenetre)):
        premier = jours.start - nouveaux.start + 1
        return range(premier, premier + len(jours))
    departs = [0 if toujours else jour - int(fenetre) for jour in jours]
    return [
        sum(_days_between(depart, suite.stop, suite) for suite in deja) + _days_between(depart, jour, nouveaux) + 1
        for jour, depart in zip(jours, departs, strict=True)
    ]


def _days_between(debut: int, fin: int, suite: range) -> int:
    """Combien de jours d'une suite vont de ``debut`` inclus à ``fin`` exclu."""
    return max(0, min(fin, suite.stop) - max(debut, suite.start))


def _days_of_chain(arret: Arret, depuis: date, connus: Sequence[Arret]) -> int:
    """Jours d'arrêt déjà passés dans la chaîne que celui-ci prolonge."""
    return sum(
        (autre.fin - autre.debut).days + 1
        for autre in connus
        if autre.type == arret.type and depuis <= autre.debut < arret.debut
    )


def _unpaid_days(arret: Arret, droits: Droits) -> int:
    dispense = arret.prolongation or arret.exempt_de_carence or bool(arret.motif_sans_carence)
    return 0 if dispense else droits.carence


def _motifs(comptes: range | list[int], ajoutes: int, droits: Droits) -> list[str]:
    """Le motif de chaque jour, d'après ce qui a été pris avec lui."""
    premier = _motif(comptes[0] + ajoutes, droits)
    # Des comptes qui se suivent, du même palier aux deux bouts, en sont tous.
    if isinstance(comptes, range) and _motif(comptes[-1] + ajoutes, droits) == premier:
        return [premier] * len(comptes)
    return [_motif(compte + ajoutes, droits) for compte in comptes]


def _motif(compte: int, droits: Droits) -> str:
    for palier in droits.paliers:
        if palier.jusqu_a is None or compte <= palier.jusqu_a:
            return palier.motif
    return EPUISE


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
