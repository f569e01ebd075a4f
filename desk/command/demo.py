"""La commande ``paie demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.command.console import parse_month, refuse
from desk.demo import scenario
from payroll.wording import plural


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    dossier: Annotated[Path, typer.Option(help="Où jouer la démonstration")] = Path("var/demo"),
    mois: Annotated[str, typer.Option("--mois", "-m", help="Mois joué, AAAA-MM")] = "2026-11",
) -> None:
    """Joue un mois entier, avec de vraies pièces, pour les adhérents fictifs d'examples/."""
    board = scenario.play(dossier, parse_month(mois))
    late = [row for row in board if row.etat not in ("restituee", "close")]
    if late:
        raise refuse(f"{plural(len(late), 'adhérent')} non restitués : {', '.join(row.code for row in late)}.")
