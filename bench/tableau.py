"""Une mesure et le tableau de toutes : ce qui est visé, ce qui est mesuré, si c'est tenu.

Un module de mesures offre ``measure(quick) -> Iterator[Mesure]`` ; ``bench/__main__.py`` l'appelle par son nom.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

CIBLE = Path("var/bench.json")
LARGEUR = 150


@dataclass(frozen=True, slots=True)
class Mesure:
    """Une ligne du tableau. ``mesure`` à ``None`` : non mesurée, et la note dit pourquoi."""

    nom: str
    vise: float
    mesure: float | None
    unite: str
    note: str = ""
    pourquoi: str = ""
    """Ce qui fait manquer ce qui est visé ; dit seulement quand c'est manqué."""
    plus: bool = False
    """Vrai : plus c'est grand, mieux c'est (un débit, un nombre de fois) ; faux : une durée, une mémoire."""

    @property
    def tenue(self) -> bool:
        """Vrai si la mesure atteint ce qui est visé ; une mesure absente n'est pas tenue."""
        if self.mesure is None:
            return False
        return self.mesure >= self.vise if self.plus else self.mesure <= self.vise

    @property
    def remarque(self) -> str:
        """La note, et si c'est manqué ce qui l'explique."""
        return self.note if self.tenue or not self.pourquoi else f"{self.note} ; manqué : {self.pourquoi}"

    def row(self) -> dict[str, object]:
        """La ligne telle que l'écrit ``var/bench.json``."""
        measured = None if self.mesure is None else round(self.mesure, 4)
        return {
            "name": self.nom,
            "aim": self.vise,
            "measured": measured,
            "unit": self.unite,
            "ok": self.tenue,
            "note": self.remarque,
        }


def once(work: Callable[[], object]) -> float:
    """La durée d'un travail, en secondes de montre."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def once_of_processor(work: Callable[[], object]) -> float:
    """La durée d'un travail, en secondes de processeur : la charge des voisins de machine n'y compte pas."""
    start = time.process_time()
    work()
    return time.process_time() - start


def best(work: Callable[[], object], times: int) -> float:
    """La plus courte de plusieurs durées, en secondes de montre."""
    return min(once(work) for _ in range(times))


def highest_memory(pid: int | str = "self") -> float:
    """Le plus haut de mémoire d'un processus, celui-ci à défaut, en Mio ; ``ru_maxrss`` compterait celle du parent."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


def forget_highest_memory() -> None:
    """Reprend le plus haut de mémoire de ce processus à ce qu'il tient maintenant."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def machine() -> str:
    """Où l'on mesure : cœurs, mémoire, système, Python."""
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cœurs, {gibibytes:.0f} Gio, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def measures_of(name: str, *, quick: bool) -> tuple[list[Mesure], str]:
    """Les mesures d'un module de ``bench``, et ce qui l'a arrêté, en mots : une exception ne voyage pas toujours."""
    found: list[Mesure] = []
    try:
        found.extend(import_module(f"bench.{name}").measure(quick=quick))
    except Exception as error:
        return found, f"{type(error).__name__} {error}"
    return found, ""


def tell(mesures: Sequence[Mesure], *, keep: bool = True) -> None:
    """Imprime le tableau et, si ``keep``, l'écrit dans ``var/bench.json``."""
    # Chargés ici : un processus qui mesure sa mémoire n'a que faire de la mise en page.
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Mesures ({machine()})", title_justify="left")
    for column in ("Mesure", "Visé", "Mesuré", "Unité", "Mesuré ÷ visé", "Tenu", "Note"):
        table.add_column(column)
    for mesure in mesures:
        known = mesure.mesure
        table.add_row(
            mesure.nom,
            french(mesure.vise),
            "non mesuré" if known is None else french(known),
            mesure.unite,
            "" if known is None else french(known / mesure.vise),
            "oui" if mesure.tenue else "non",
            mesure.remarque,
        )
    console = Console()
    # Dans un fichier ou une fenêtre étroite, rich couperait les noms au milieu.
    Console(width=max(console.width, LARGEUR)).print(table)
    if not keep:
        return
    CIBLE.parent.mkdir(parents=True, exist_ok=True)
    rows = [mesure.row() for mesure in mesures]
    CIBLE.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def french(value: float) -> str:
    """Trois chiffres qui comptent, à la française : « 1 234 », « 12,3 », « 0,045 »."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.3g}".replace(".", ",")
