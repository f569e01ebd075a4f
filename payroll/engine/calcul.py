"""L'assemblage : contrôler, calculer en colonnes tous les agents d'un lot, rendre bulletins et anomalies."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

import numpy as np

from payroll.anomalies import Anomalie, blocking
from payroll.catalogue import Catalogue
from payroll.catalogue import load as load_catalogue
from payroll.engine.bulletin import Bulletin
from payroll.engine.columns import Columns, Mask
from payroll.engine.controls import missing_figure
from payroll.engine.entrees import Entrees
from payroll.engine.inputs import Accepted
from payroll.engine.lignes import Bulletins
from payroll.engine.rappels import attach
from payroll.engine.situation import Employeur, Situation
from payroll.engine.tables import month_table
from payroll.engine.tri import sort_out
from payroll.legislation import Figures, Legislation
from payroll.legislation import load as load_legislation
from payroll.periods import Month


class Calcul:
    """Le résultat d'un lot : par situation, dans l'ordre reçu, un bulletin ou ``None`` (refusé), et les constats."""

    def __init__(
        self,
        size: int,
        anomalies: list[Anomalie],
        lot: Bulletins | None = None,
        rangs: Sequence[int] = (),
        rendus: Mask | None = None,
    ) -> None:
        self.anomalies = anomalies
        """Refus et avertissements, chacun avec son matricule ; les avertissements sont aussi dans les bulletins."""
        self.lot = lot
        """Lignes, totaux et colonnes des agents calculés, en colonnes ; ``None`` si tous sont refusés."""
        self.rangs = rangs
        """La place, parmi les situations reçues, de chaque agent de ``lot``."""
        self.rendus = np.ones(len(rangs), dtype=np.bool_) if rendus is None else rendus
        """Faux pour un agent de ``lot`` sans bulletin : un chiffre lui manque, ou un de ses rappels est fautif."""
        self._size = size

    @cached_property
    def bulletins(self) -> list[Bulletin | None]:
        """Les bulletins, composés à la première lecture."""
        found: list[Bulletin | None] = [None] * self._size
        for rang, rendu, bulletin in zip(self.rangs, self.rendus.tolist(), self.lot or (), strict=True):
            found[rang] = bulletin if rendu else None
        return found


def compute(
    mois: Month,
    employeurs: Sequence[Employeur],
    situations: Sequence[Situation],
    legislation: Legislation | None = None,
    catalogue: Catalogue | None = None,
) -> Calcul:
    """Les bulletins du mois, en centimes ; ``employeurs[i]`` emploie ``situations[i]``.

    Un agent que le moteur refuse n'a pas de bulletin et a au moins une anomalie bloquante ; les autres sont calculés.
    """
    if len(employeurs) != len(situations):
        raise ValueError(f"{len(employeurs)} employeurs pour {len(situations)} situations : il en faut autant")
    if not situations:
        return Calcul(0, [])
    rubriques = catalogue or load_catalogue()
    figures = (legislation or load_legislation()).at(mois)
    with _without_collector():
        tri = sort_out(mois, employeurs, situations, figures, rubriques)
    anomalies = [anomalie for rang in sorted(tri.constats) for anomalie in tri.constats[rang]]
    agents = tri.acceptes
    if not agents:
        return Calcul(len(situations), anomalies)
    columns = columns_of(mois, agents, figures, rubriques, legislation, tri.entrees)
    lot = Bulletins(mois, columns, agents, rubriques, [tri.constats.get(agent.rang, ()) for agent in agents])
    refused = _refuse_missing(columns, agents, anomalies)
    # Les avertissements nés du calcul rejoignent ceux des contrôles ; seul un net négatif en fait naître.
    for rang in np.flatnonzero((lot.totals["net_a_payer"] < 0) & ~refused).tolist():
        anomalies.extend(lot.born(rang))
    return Calcul(len(situations), anomalies, lot, [agent.rang for agent in agents], ~refused)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Suspend le ramasse-miettes : le tri crée un objet par agent et aucun cycle, que Python relirait pour rien.

    Sur un lot de 120 000 agents, qu'il relisait tout entier à chaque calcul : 0,36 s de 3,4.
    """
    actif = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if actif:
            gc.enable()


def columns_of(
    mois: Month,
    agents: Sequence[Accepted],
    figures: Figures,
    catalogue: Catalogue,
    legislation: Legislation | None = None,
    entrees: Entrees | None = None,
) -> Columns:
    """Le tableau de colonnes d'un lot accepté, parties d'un mois coupé et rappels compris.

    ``legislation`` sert aux mois du droit des rappels ; un rappel fautif met l'agent dans ``refus``.
    """
    columns = month_table(mois, agents, figures, catalogue, entrees)
    if any(agent.situation.rappels for agent in agents):
        attach(mois, agents, columns, legislation or load_legislation(), catalogue)
    return columns


def _refuse_missing(columns: Columns, agents: Sequence[Accepted], anomalies: list[Anomalie]) -> Mask:
    """Les agents à qui un chiffre manque, chacun averti de tous les chiffres qui lui manquent."""
    refused = np.zeros(len(agents), dtype=np.bool_)
    for message, mask in columns.missing.values():
        refused |= mask
        anomalies.extend(
            replace(missing_figure(message), matricule=agents[rang].situation.matricule)
            for rang in np.flatnonzero(mask).tolist()
        )
    for refuse, constats in columns.refus.items():
        refused[refuse] |= bool(blocking(constats))
        anomalies.extend(constats)
    return refused
