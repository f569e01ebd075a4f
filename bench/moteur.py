"""Les mesures du calcul : des situations aux colonnes et aux lignes de chaque bulletin, sans rien lire ni écrire.

Un calcul commence aux situations (des objets Python, déjà en mémoire) et finit quand toutes les lignes, les totaux et
les colonnes intermédiaires sont faits, en colonnes. En composer des bulletins d'objets Python est mesuré à part.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Iterator

from bench.matiere import MOIS
from bench.population import draw, shifted
from bench.tableau import Mesure, french, highest_memory, once_of_processor
from payroll import engine
from payroll.engine.situation import Employeur, Situation

_PAYS = 1_900_000
"""Les agents de la fonction publique territoriale."""
_TRANCHE = 100_000
"""Agents en mémoire à la fois, pour le pays."""
_LOT = 12_000
"""Agents calculés d'un coup : 120 000 en un seul lot, dont les colonnes débordent les caches, coûtent 10 % de plus. Une
paie est celle d'un adhérent : l'usage n'a que de petits lots."""


def measure(*, quick: bool) -> Iterator[Mesure]:
    """Le calcul d'un lot de toutes les populations, à plusieurs tailles."""
    small = 2_000 if quick else 12_000
    employeurs, situations = draw(small * 10)
    one = _best(employeurs[:small], situations[:small])
    yield Mesure(f"calcul de {small} bulletins mêlés", 0.3 * small / 12_000, one, "s", _shape(employeurs, situations))
    ten = _best(employeurs, situations)
    yield Mesure(
        f"calcul de {small * 10} bulletins ÷ {small}",
        10.5,
        ten / one,
        "fois",
        f"{french(ten)} s, par lots de {_LOT}, tout gardé",
        pourquoi="la mémoire de dix lots gardés ensemble se demande page à page au système",
    )
    twenty = min(once_of_processor(lambda: engine.compute(MOIS, employeurs[:20], situations[:20])) for _ in range(10))
    yield Mesure("calcul d'un adhérent de 20 agents", 20, twenty * 1000, "ms")
    calcul = engine.compute(MOIS, employeurs[:small], situations[:small])
    yield Mesure(
        f"composer {small} bulletins d'objets", 2 * small / 12_000, once_of_processor(lambda: calcul.bulletins), "s"
    )
    yield _country(200_000 if quick else _PAYS)


def _best(employeurs: list[Employeur], situations: list[Situation]) -> float:
    """En secondes de processeur, un seul cœur servant au calcul."""
    return min(once_of_processor(lambda: _computed(employeurs, situations)) for _ in range(5))


def _computed(employeurs: list[Employeur], situations: list[Situation]) -> list[engine.Calcul]:
    """Tous les calculs, lot après lot, gardés ensemble."""
    starts = range(0, len(situations), _LOT)
    return [engine.compute(MOIS, employeurs[at : at + _LOT], situations[at : at + _LOT]) for at in starts]


def _shape(employeurs: list[Employeur], situations: list[Situation]) -> str:
    calcul = engine.compute(MOIS, employeurs[:2_000], situations[:2_000])
    refus = calcul.bulletins.count(None)
    lignes = sum(len(bulletin.lignes) for bulletin in calcul.bulletins if bulletin) / (2_000 - refus)
    colonnes = len(calcul.lot.columns) if calcul.lot else 0
    return f"processeur ; {lignes:.0f} lignes par bulletin, {colonnes} colonnes gardées, {refus} refus"


def _country(count: int) -> Mesure:
    """Tout un pays, tranche après tranche, dans un processus à part dont on relève la mémoire."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.moteur", str(count)], capture_output=True, text=True, check=True
    )
    seconds, whole, peak = map(float, done.stdout.split())
    note = (
        f"{seconds:.0f} s de processeur au calcul, {whole:.0f} en tout ; tranches de {_TRANCHE}, la première tirée au "
        "sort, les autres la même à d'autres matricules, indices et employeurs"
    )
    return Mesure(f"calcul de {count} bulletins : mémoire", 4, peak / 1024, "Gio", note)


def _compute_country(count: int) -> None:
    """Imprime les secondes de calcul, celles de tout le travail, et le plus haut de mémoire, en Mio."""
    seconds = 0.0
    first = draw(min(_TRANCHE, count))
    # Cette tranche reste en mémoire jusqu'au bout : le ramasse-miettes n'a plus à la relire.
    gc.freeze()
    for step in range(-(-count // _TRANCHE)):
        employeurs, situations = shifted(*first, step)
        begin = time.process_time()
        calculs = _computed(employeurs, situations)
        seconds += time.process_time() - begin
        if not all(calcul.lot and calcul.lot.totals["brut"].any() for calcul in calculs):
            raise RuntimeError("lot sans bulletin")
    print(seconds, time.process_time(), highest_memory())


if __name__ == "__main__":
    _compute_country(int(sys.argv[1]))
