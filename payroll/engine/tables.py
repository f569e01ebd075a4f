"""Le tableau de colonnes d'un lot pour un mois, premières parties des mois coupés comprises."""

from __future__ import annotations

from collections.abc import Sequence

from payroll.catalogue import Catalogue
from payroll.engine.columns import Columns
from payroll.engine.inputs import Accepted, input_columns, input_ratios
from payroll.engine.limits import Limits
from payroll.engine.registry import formulas_for
from payroll.engine.segments import join, mean_durations, split
from payroll.legislation import Figures
from payroll.periods import Month


def month_table(mois: Month, agents: Sequence[Accepted], figures: Figures, catalogue: Catalogue) -> Columns:
    """Le tableau d'un lot accepté, encore vide de toute formule, sans les rappels."""
    derniers, pieces = split(mois, agents, catalogue, Limits(figures))
    columns = _table(mois, derniers, figures, catalogue)
    if pieces:
        join(columns, _table(mois, [piece.agent for piece in pieces], figures, catalogue), pieces)
    return columns


def _table(mois: Month, agents: Sequence[Accepted], figures: Figures, catalogue: Catalogue) -> Columns:
    seuil = figures.integer("elu.frais_emploi.population")
    columns = Columns(
        len(agents), figures, catalogue, input_columns(mois, agents, catalogue, seuil), formulas_for(catalogue)
    )
    columns.ratios.update(input_ratios(agents))
    columns.ratios["duree_moyenne"] = mean_durations(agents)
    return columns
