"""La mesure du rendu : un bulletin PDF/A à la fois."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from bench.matiere import installation
from bench.tableau import Mesure, once
from payroll.documents import payslip


def measure(*, quick: bool) -> Iterator[Mesure]:
    """Le rendu d'un bulletin, au milieu de tous ceux des adhérents fictifs."""
    facts = installation().payslips()[: 20 if quick else None]
    samples = [once(lambda fact=fact: payslip.render(fact)) for fact in facts]  # type: ignore[misc]
    note = f"médiane de {len(samples)} bulletins"
    yield Mesure("rendu d'un bulletin PDF/A", 18, statistics.median(samples) * 1000, "ms", note)
