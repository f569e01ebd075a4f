"""Les saisies sur rémunération au clavier : inscrire un acte notifié, le lever, voir ce qui reste dû."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from desk.command.console import console, explains_refusals, opened, refuse, show_table
from payroll.engine.saisies import TYPES
from payroll.money import format_amount
from payroll.month.oppositions import followed_seizures, lift_seizure, record_seizure

app = typer.Typer(help="Les saisies sur rémunération : actes notifiés et ce qui en reste dû.")

Code = Annotated[str, typer.Argument(metavar="ADHERENT", help="Code de l'adhérent")]
Matricule = Annotated[str, typer.Argument(help="Matricule de l'agent")]
Contrat = Annotated[str, typer.Option(help="Numéro du contrat, si l'agent en a plusieurs")]


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="saisie")


@app.command("inscrire")
@explains_refusals
def inscrire(
    adherent: Code,
    matricule: Matricule,
    nature: Annotated[str, typer.Argument(help=", ".join(TYPES[1:]))],
    notifiee_le: Annotated[str, typer.Option(help="Date de notification, AAAA-MM-JJ : elle fait le rang")],
    du: Annotated[str, typer.Option(help="Premier jour d'effet (défaut : la notification)")] = "",
    mensuel: Annotated[str, typer.Option(help="Terme mensuel en euros (pension, cession)")] = "",
    total: Annotated[str, typer.Option(help="Somme à retenir en tout ; vide : sans fin connue")] = "",
    creancier: Annotated[str, typer.Option(help="Le créancier, ou le commissaire de justice répartiteur")] = "",
    reference: Annotated[str, typer.Option(help="Référence de l'acte")] = "",
    contrat: Contrat = "",
) -> None:
    """Inscrit une pension, une saisie ou une cession notifiée."""
    valeurs = {
        "type": nature,
        "notifiee_le": notifiee_le,
        "du": du or notifiee_le,
        "montant_mensuel": mensuel or None,
        "total": total or None,
        "creancier": creancier,
        "reference": reference,
    }
    with opened() as (registre, acte):
        row = record_seizure(registre, adherent, matricule, acte, valeurs, contrat)
    console.print(f"Agent {matricule} : saisie n° {row.numero} inscrite, à retenir dès le {row.du:%d/%m/%Y}.")


@app.command("lever")
@explains_refusals
def lever(
    adherent: Code,
    matricule: Matricule,
    numero: Annotated[int, typer.Argument(help="Numéro de la saisie")],
    au: Annotated[str, typer.Option(help="Dernier jour d'effet, AAAA-MM-JJ")],
    contrat: Contrat = "",
) -> None:
    """Arrête une retenue : mainlevée, fin de la pension."""
    try:
        jour = date.fromisoformat(au)
    except ValueError:
        raise refuse(f"date illisible « {au} » : écrivez AAAA-MM-JJ.") from None
    with opened() as (registre, acte):
        lift_seizure(registre, adherent, matricule, numero, jour, acte, contrat)
    console.print(f"Agent {matricule} : saisie n° {numero} levée après le {jour:%d/%m/%Y}.")


@app.command("voir")
@explains_refusals
def voir(adherent: Code) -> None:
    """Montre les saisies d'un adhérent, ce qui en est retenu et ce qui reste dû."""
    with opened() as (registre, _):
        suivies = followed_seizures(registre, adherent)
    rows = [
        (
            suivie.matricule,
            str(suivie.saisie.numero),
            suivie.saisie.type.replace("_", " "),
            suivie.saisie.creancier,
            "" if suivie.saisie.montant_mensuel is None else format_amount(suivie.saisie.montant_mensuel),
            format_amount(suivie.retenu),
            "sans fin connue" if suivie.reste is None else format_amount(suivie.reste),
            f"{suivie.saisie.au:%d/%m/%Y}" if suivie.saisie.au else "",
        )
        for suivie in suivies
    ]
    titles = ("Agent", "N°", "Nature", "Créancier", "Terme", "Retenu", "Reste dû", "Levée")
    show_table("Saisies sur rémunération", titles, rows, right=("Terme", "Retenu", "Reste dû"))
