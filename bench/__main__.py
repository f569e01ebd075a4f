"""``python -m bench [--quick] [module…]`` : mesure, imprime un tableau, écrit ``var/bench.json``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from importlib import import_module

from bench.tableau import Mesure, tell

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
    # Un module n'est chargé qu'à son tour : ce qu'il importe ne pèse pas dans la mémoire mesurée avant lui.
    failed: list[str] = []
    tell([mesure for name in asked.modules or MODULES for mesure in _measured(name, failed, quick=asked.quick)])
    sys.exit(1 if failed else 0)


def _measured(name: str, failed: list[str], *, quick: bool) -> Iterator[Mesure]:
    """Les mesures d'un module ; s'il échoue, ``failed`` le retient, une ligne le dit et les autres se mesurent."""
    try:
        yield from import_module(f"bench.{name}").measure(quick=quick)
    except Exception as error:
        failed.append(name)
        yield Mesure(f"la suite de « {name} »", 0, None, "", f"a échoué : {error}")


if __name__ == "__main__":
    main()
