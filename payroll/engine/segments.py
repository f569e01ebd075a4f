"""Un changement au milieu du mois : le mois est coupé en parties comptées en trentièmes, chacune à ses conditions.

La dernière partie est l'agent lui-même ; les précédentes sont des lignes d'un second tableau de colonnes, où les mêmes
formules donnent leur brut. Ce brut rejoint celui de l'agent sous le nom ``segments_<colonne>`` : assiettes, plafonds et
cotisations ne se calculent qu'une fois, pour le mois entier.

Chaque ligne de chaque partie est arrondie une fois. Deux parties voisines aux mêmes conditions n'en font qu'une avant
tout calcul : couper un mois où rien ne change ne déplace donc aucun centime.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import numpy as np

from payroll.anomalies import Anomalie
from payroll.catalogue.rubrique import AbsencePrime, Rubrique
from payroll.engine.columns import Columns
from payroll.engine.controls_absences import absence_days
from payroll.engine.inputs import Accepted, contract_days
from payroll.engine.joined import SEGMENTS, Complement
from payroll.engine.lignes import gross_lines
from payroll.engine.limits import Limits
from payroll.engine.situation import Cumuls, Segment, Situation, Statut
from payroll.periods import Month

COLONNES = ("heures_payees", "abattement_primes_points_du")
"""Ce que les parties apportent au mois en plus des lignes de leur brut."""

TRANSFERT = "transfert_primes_points"

_MOIS = 30
_STATUTS = (Statut.TITULAIRE, Statut.STAGIAIRE, Statut.CONTRACTUEL, Statut.ELU)


@dataclass(frozen=True, slots=True)
class Piece:
    """Une partie du mois d'un agent du lot, avant la dernière."""

    rang: int
    """Place de l'agent dans le lot."""
    debut: date
    fin: date
    agent: Accepted
    derniere: tuple[int, int]
    """Premier et dernier jour de la dernière partie, celle de l'agent."""

    @property
    def libelle(self) -> str:
        """« du 1er au 15 »."""
        return f"du {_jour(self.debut)} au {self.fin.day}"


def situations_of(situation: Situation) -> list[Situation]:
    """Les conditions de chaque partie du mois, la dernière comprise, dans l'ordre des dates.

    Un enfant de plus compte au premier du mois suivant, un de moins au premier du mois (CGFP L. 712-8 ; décret 85-1148
    art. 10) : le nombre d'enfants d'un mois coupé est donc le plus petit.
    """
    enfants = min([situation.enfants_sft, *(s.enfants_sft for s in situation.segments if s.enfants_sft is not None)])
    derniere = replace(situation, enfants_sft=enfants, segments=())
    return [*(_during(derniere, segment, enfants) for segment in situation.segments), derniere]


def check_segments(mois: Month, situation: Situation, catalogue: Mapping[str, Rubrique]) -> Iterator[Anomalie]:
    """Les défauts du découpage lui-même ; les conditions de chaque partie ont les contrôles de l'agent."""
    debut, fin = contract_days(situation, mois)
    fins = [segment.fin for segment in situation.segments]
    if fins != sorted(set(fins)) or any(not debut <= jour < fin for jour in fins):
        yield Anomalie(
            "changement-hors-du-mois",
            f"un changement en cours de mois sort du contrat en {mois.libelle}, ou deux portent la même date",
            "Corrigez les dates d'effet : chaque partie finit avant le dernier jour payé du mois.",
            recu=", ".join(f"{jour:%d/%m/%Y}" for jour in fins),
        )
    if situation.statut not in _STATUTS:
        yield Anomalie(
            "changement-en-cours-de-mois",
            "deux parties dans un mois ne se calculent pas pour cet agent, dont la paie n'est pas en trentièmes",
            "Faites commencer le changement au premier jour d'un mois, ou saisissez les montants du mois.",
            recu=str(situation.statut),
        )
    parties = situations_of(situation)
    codes = {code for partie in parties for code in partie.permanents}
    for code in sorted(codes):
        montants = {partie.permanents.get(code, 0) for partie in parties}
        if code in catalogue and len(montants) > 1 and not _prorated(catalogue[code]):
            yield Anomalie(
                "changement-en-cours-de-mois",
                f"« {catalogue[code].libelle} » change au milieu du mois, mais ne se compte pas en trentièmes",
                "Faites commencer le changement au premier jour d'un mois, ou saisissez le montant du mois.",
                rubrique=code,
                texte="Décret 62-765 art. 1",
            )
    if len({partie.elu is None for partie in parties}) > 1:
        yield Anomalie(
            "changement-en-cours-de-mois",
            "un mandat commence ou finit au milieu d'un autre engagement",
            "Donnez à chaque engagement son contrat, avec ses dates.",
        )


def split(
    mois: Month, agents: Sequence[Accepted], catalogue: Mapping[str, Rubrique], limits: Limits
) -> tuple[list[Accepted], list[Piece]]:
    """Les agents du lot, ramenés à la dernière partie de leur mois, et les parties qui précèdent."""
    derniers, pieces = [], []
    for rang, agent in enumerate(agents):
        if not agent.situation.segments:
            derniers.append(agent)
            continue
        dernier, avant = _cut(mois, rang, agent, catalogue, limits)
        derniers.append(dernier)
        pieces += avant
    return derniers, pieces


def join(columns: Columns, parts: Columns, pieces: Sequence[Piece]) -> None:
    """Ajoute à l'agent les colonnes ``segments_…``, somme de ses premières parties, et leurs lignes imprimées."""
    rangs = np.array([piece.rang for piece in pieces], dtype=np.int64)
    for name in joined_names(columns.catalogue):
        somme = columns.zeros()
        np.add.at(somme, rangs, parts[name])
        if somme.any():
            columns.values[f"{SEGMENTS}{name}"] = somme
    bruts = [r for r in columns.catalogue.values() if r.section == "brut" and r.formule != TRANSFERT]
    for piece, lignes in zip(pieces, gross_lines(parts, bruts), strict=True):
        complement = columns.complements.setdefault(piece.rang, Complement())
        complement.segments += [replace(ligne, libelle=f"{ligne.libelle}, {piece.libelle}") for ligne in lignes]
        complement.derniere = "du {} au {}".format(*piece.derniere)


def joined_names(catalogue: Mapping[str, Rubrique]) -> list[str]:
    """Les colonnes que les parties du mois ajoutent à l'agent : lignes du brut, heures, abattement dû."""
    # Le transfert primes/points se borne au mois entier : c'est son abattement dû qui s'ajoute, pas sa ligne.
    bruts = [r.formule for r in catalogue.values() if r.section == "brut" and r.formule != TRANSFERT]
    return [*dict.fromkeys(bruts), *COLONNES]


def _during(derniere: Situation, segment: Segment, enfants: int) -> Situation:
    known = {
        name: value
        for name in ("indice_majore", "nbi", "quotite", "heures_hebdo", "categorie", "permanents", "elu")
        if (value := getattr(segment, name)) is not None
    }
    return replace(derniere, enfants_sft=enfants, **known)


def _prorated(rubrique: Rubrique) -> bool:
    return rubrique.trentiemes or rubrique.absence is AbsencePrime.TRAITEMENT


def _cut(
    mois: Month, rang: int, agent: Accepted, catalogue: Mapping[str, Rubrique], limits: Limits
) -> tuple[Accepted, list[Piece]]:
    situation = agent.situation
    debut, fin = contract_days(situation, mois)
    bornes = [*(segment.fin for segment in situation.segments), fin]
    parties: list[tuple[date, date, Situation]] = []
    for borne, conditions in zip(bornes, situations_of(situation), strict=True):
        depart = parties[-1][1] + timedelta(days=1) if parties else debut
        if parties and _conditions(parties[-1][2]) == _conditions(conditions):
            depart = parties.pop()[0]
        parties.append((depart, borne, conditions))
    # Le trentième où commence une partie est celui où finit la précédente : leur somme est toujours celle du contrat.
    debuts = [min(depart.day, _MOIS) for depart, _, _ in parties]
    jours = [apres - avant for avant, apres in pairwise(debuts)]
    jours.append((_MOIS if fin == mois.last_day else min(fin.day, _MOIS)) - debuts[-1] + 1)
    duree = sum(
        (n * s.heures_hebdo * s.quotite for n, (_, _, s) in zip(jours, parties, strict=True)), Fraction(0)
    ) / max(sum(jours), 1)
    depart, _, derniere = parties[-1]
    dernier = replace(
        agent,
        situation=derniere,
        absences=_absences(mois, derniere, depart, fin, jours[-1], limits),
        debut=depart.day,
        duree=duree,
    )
    pieces = [
        Piece(
            rang,
            avant,
            borne,
            _piece(mois, agent, conditions, (avant, borne), n, catalogue, limits),
            (depart.day, fin.day),
        )
        for n, (avant, borne, conditions) in zip(jours[:-1], parties[:-1], strict=True)
        if n > 0
    ]
    return dernier, pieces


def _conditions(situation: Situation) -> Situation:
    permanents = {code: montant for code, montant in sorted(situation.permanents.items()) if montant}
    return replace(situation, permanents=permanents)


def _piece(
    mois: Month,
    agent: Accepted,
    conditions: Situation,
    bornes: tuple[date, date],
    jours: int,
    catalogue: Mapping[str, Rubrique],
    limits: Limits,
) -> Accepted:
    debut, fin = bornes
    situation = replace(
        conditions,
        # Ce qui ne se compte pas en trentièmes et ce qui est saisi se paient une fois, avec la dernière partie.
        permanents={
            code: montant
            for code, montant in conditions.permanents.items()
            if code in catalogue and _prorated(catalogue[code])
        },
        variables={},
        arrets=(),
        cumuls=Cumuls(),
        rappels=(),
    )
    return replace(
        agent,
        situation=situation,
        absences=_absences(mois, conditions, debut, fin, jours, limits),
        mesures={},
        debut=debut.day,
        fin=min(debut.day, _MOIS) + jours - 1,
    )


def _absences(
    mois: Month, situation: Situation, debut: date, fin: date, jours: int, limits: Limits
) -> Mapping[str, int]:
    """Les trentièmes d'absence de cette partie, jamais plus que ses propres trentièmes."""
    found, _ = absence_days(mois, situation, limits, (debut, fin))
    reste = jours
    bornees = {}
    for nature, nombre in found.items():
        bornees[nature] = min(nombre, reste)
        reste -= bornees[nature]
    return bornees


def _jour(day: date) -> str:
    return "1er" if day.day == 1 else str(day.day)
