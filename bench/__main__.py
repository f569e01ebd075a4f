"""``python -m bench [--quick] [module…]`` : mesure, imprime un tableau, écrit ``var/bench.json``."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

from bench.tableau import Mesure, measures_of, tell

MODULES = (
    "moteur",
    "voisins",
    "pdf",
    "dsn",
    "depot",
    "transfert",
    "campagne",
    "commande",
    "montee",
    "historique",
)
"""Les modules de mesures, dans l'ordre du tableau : une ligne chacun."""


def main() -> None:
    """Mesure les modules demandés, tous à défaut."""
    parser = argparse.ArgumentParser(prog="bench", description="Mesure la paie, de bout en bout, et ses comparaisons.")
    parser.add_argument("--quick", action="store_true", help="de petites tailles, en moins de trois minutes")
    parser.add_argument("modules", nargs="*", metavar="module", help=f"parmi {', '.join(MODULES)} ; tous à défaut")
    asked = parser.parse_args()
    unknown = [name for name in asked.modules if name not in MODULES]
    if unknown:
        parser.error(f"module de mesures inconnu : {', '.join(unknown)} (parmi {', '.join(MODULES)})")
    failed: list[str] = []
    tell([mesure for name in asked.modules or MODULES for mesure in _apart(name, failed, quick=asked.quick)])
    sys.exit(1 if failed else 0)


def _apart(name: str, failed: list[str], *, quick: bool) -> list[Mesure]:
    """Les mesures d'un module, prises dans un processus neuf ; s'il échoue, ``failed`` le retient et une ligne le dit.

    Dans le même processus, ce qu'un module laisse en mémoire compterait chez le suivant : 642 Mio au plus gros
    processus de la campagne, au lieu de 260.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        found, error = process.submit(measures_of, name, quick=quick).result()
    if error:
        failed.append(name)
        found.append(Mesure(f"la suite de « {name} »", 0, None, "", f"a échoué : {error}"))
    return found


if __name__ == "__main__":
    main()
