"""Le tableau de colonnes d'un lot pour un mois, premières parties des mois coupés comprises."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from payroll.catalogue import Catalogue
from payroll.engine.columns import Columns
from payroll.engine.entrees import Entrees, complete, read_inputs
from payroll.engine.inputs import Accepted
from payroll.engine.limits import Limits
from payroll.engine.registry import formulas_for
from payroll.engine.segments import join, split
from payroll.legislation import Figures
from payroll.periods import Month


def month_table(
    mois: Month, agents: Sequence[Accepted], figures: Figures, catalogue: Catalogue, entrees: Entrees | None = None
) -> Columns:
    """Le tableau d'un lot accepté, encore vide de toute formule, sans les rappels.

    ``entrees`` : celles de ces agents, si elles sont déjà lues ; elles sont complétées sur place.
    """
    derniers, pieces = split(mois, agents, catalogue, Limits(figures))
    coupes = [rang for rang, (avant, apres) in enumerate(zip(agents, derniers, strict=True)) if avant is not apres]
    if entrees is not None and coupes:
        fins = read_accepted(mois, [derniers[rang] for rang in coupes], figures, catalogue)
        entrees.put(np.array(coupes, dtype=np.int64), fins)
    columns = _table(mois, derniers, figures, catalogue, entrees)
    if pieces:
        join(columns, _table(mois, [piece.agent for piece in pieces], figures, catalogue), pieces)
    return columns


def read_accepted(mois: Month, agents: Sequence[Accepted], figures: Figures, catalogue: Catalogue) -> Entrees:
    """Les entrées d'agents acceptés ; lève ``FigureMissing`` si le seuil des petites communes n'est pas saisi."""
    seuil = figures.integer("elu.frais_emploi.population")
    return read_inputs(mois, [a.employeur for a in agents], [a.situation for a in agents], catalogue, seuil)


def _table(
    mois: Month, agents: Sequence[Accepted], figures: Figures, catalogue: Catalogue, entrees: Entrees | None = None
) -> Columns:
    found = entrees or read_accepted(mois, agents, figures, catalogue)
    complete(found, agents)
    columns = Columns(len(agents), figures, catalogue, found.columns, formulas_for(catalogue))
    columns.ratios.update(found.ratios)
    return columns
