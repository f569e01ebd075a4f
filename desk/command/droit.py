"""Les commandes du droit : rejouer des cas, lister les doutes, expliquer une ligne."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.command.console import console, explains_refusals, opened, parse_month, refuse, show_table
from payroll import legislation
from payroll.engine import cases
from payroll.month.doutes import all_doubts
from payroll.month.expliquer import explain_line


def register(app: typer.Typer) -> None:
    app.command("cas")(cas)
    app.command("doutes")(doutes)
    app.command("expliquer")(expliquer)


def cas(fichiers: Annotated[list[Path], typer.Argument(help="Fichiers YAML de cas de paie (docs/cas.md)")]) -> None:
    """Rejoue des cas de paie et imprime les écarts, au centime ; code 1 s'il y en a un."""
    results = cases.run(fichiers)
    faults = [result for result in results if result.erreur or result.ecarts]
    rows = []
    for result in faults:
        if result.erreur:
            rows.append((result.fichier, result.nom, "", "", result.erreur))
        rows.extend((result.fichier, result.nom, ecart.champ, ecart.attendu, ecart.obtenu) for ecart in result.ecarts)
    if rows:
        show_table("Écarts", ("Fichier", "Cas", "Champ", "Attendu", "Obtenu"), rows, right=("Attendu",))
    console.print(f"{len(results)} cas, {len(results) - len(faults)} justes, {len(faults)} en écart.")
    if faults or not results:
        raise typer.Exit(1)


def doutes(mois: Annotated[str | None, typer.Option("--mois", "-m", help="Un seul mois, AAAA-MM")] = None) -> None:
    """Liste ce que les textes laissent ouvert : chiffres, règles, rubriques et codes DSN, avec le choix retenu."""
    console.print(legislation.render(all_doubts(parse_month(mois) if mois else None)), markup=False, soft_wrap=True)


@explains_refusals
def expliquer(
    matricule: Annotated[str, typer.Argument(help="Matricule de l'agent")],
    mois: Annotated[str, typer.Argument(help="Mois, AAAA-MM")],
    rubrique: Annotated[
        str,
        typer.Argument(
            help="Code d'une rubrique (traitement, cnracl…), d'un total (brut, net_a_payer…), ou « cumuls »"
        ),
    ],
    adherent: Annotated[str, typer.Option("--adherent", "-a", help="À dire si deux adhérents ont ce matricule")] = "",
    revision: Annotated[int | None, typer.Option(help="Une révision ancienne du mois (défaut : la courante)")] = None,
    profondeur: Annotated[int | None, typer.Option(min=1, max=12, help="Niveaux de détail")] = None,
) -> None:
    """Explique une ligne ou un total d'un bulletin : base, taux, formule, textes, et d'où vient chaque donnée."""
    with opened() as (registre, _):
        month = parse_month(mois)
        text = explain_line(registre, adherent, month, matricule, rubrique, revision=revision, profondeur=profondeur)
    if not text:
        raise refuse(f"aucune ligne « {rubrique} » sur ce bulletin.")
    console.print(text, markup=False)
