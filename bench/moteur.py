"""Les mesures du calcul : des situations aux colonnes et aux bulletins, sans rien lire ni écrire."""

from __future__ import annotations

from collections.abc import Iterator

from bench.matiere import MOIS, Lot, installation
from bench.tableau import Mesure, best
from payroll import engine


def measure(*, quick: bool) -> Iterator[Mesure]:
    """Le calcul d'un lot de toutes les populations, à plusieurs tailles."""
    lot = installation().lot()
    for count, aim in [(2_000, 0.05)] if quick else [(12_000, 0.3), (24_000, 0.6)]:
        yield _compute(lot.of(count), count, aim)


def _compute(lot: Lot, count: int, aim: float) -> Mesure:
    seconds = best(lambda: engine.compute(MOIS, lot.employeurs, lot.situations), 3)
    refused = sum(bulletin is None for bulletin in engine.compute(MOIS, lot.employeurs, lot.situations).bulletins)
    return Mesure(f"calcul de {count} bulletins", aim, seconds, "s", f"{refused} refus")
