"""Le dossier d'un agent au clavier : changer ses conditions ou une prime à une date, même passée."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from desk.command.console import console, explains_refusals, opened, refuse
from payroll.money import AmountError, parse_amount
from payroll.month.conditions import MODIFIABLES, Change, change_conditions, change_permanent

app = typer.Typer(help="Le dossier d'un agent : ses conditions et ses primes, à leur date.")

Code = Annotated[str, typer.Argument(metavar="ADHERENT", help="Code de l'adhérent")]
Matricule = Annotated[str, typer.Argument(help="Matricule de l'agent")]
Du = Annotated[str, typer.Option(help="Date d'effet, AAAA-MM-JJ ; passée, elle appelle un rappel")]
Motif = Annotated[str, typer.Option(help="La raison : arrêté, délibération, pièce reçue")]
Contrat = Annotated[str, typer.Option(help="Numéro du contrat, si l'agent en a plusieurs")]


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="agent")


@app.command("conditions")
@explains_refusals
def conditions(
    adherent: Code,
    matricule: Matricule,
    changements: Annotated[list[str], typer.Argument(metavar="NOM=VALEUR…", help=f"Parmi : {', '.join(MODIFIABLES)}")],
    du: Du,
    motif: Motif,
    contrat: Contrat = "",
) -> None:
    """Change les conditions d'un agent (échelon, indice, NBI, temps) à une date."""
    valeurs = {}
    for text in changements:
        name, sep, value = text.partition("=")
        if not sep:
            raise refuse(f"« {text} » : écrivez nom=valeur, par exemple indice_majore=385.")
        valeurs[name.strip()] = value.strip()
    with opened() as (registre, acte):
        _said(
            change_conditions(
                registre, adherent, matricule, acte, du=_day(du), valeurs=valeurs, motif=motif, numero=contrat
            ),
            adherent,
            matricule,
        )


@app.command("prime")
@explains_refusals
def prime(
    adherent: Code,
    matricule: Matricule,
    rubrique: Annotated[str, typer.Argument(help="Code d'une rubrique mensuelle : ifse…")],
    montant: Annotated[str, typer.Argument(help="Montant mensuel en euros ; 0 : elle cesse")],
    du: Du,
    motif: Motif,
    contrat: Contrat = "",
) -> None:
    """Change le montant mensuel d'une prime à une date ; zéro la fait cesser."""
    try:
        amount = parse_amount(montant)
    except AmountError:
        raise refuse(f"« {montant} » n'est pas un montant : écrivez par exemple 150,00.") from None
    with opened() as (registre, acte):
        change = change_permanent(
            registre, adherent, matricule, acte,
            rubrique=rubrique, montant=amount, du=_day(du), motif=motif, numero=contrat,
        )  # fmt: skip
        _said(change, adherent, matricule)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refuse(f"« {text} » n'est pas une date : écrivez AAAA-MM-JJ.") from None


def _said(change: Change, adherent: str, matricule: str) -> None:
    for name, value in change.nouvelles.items():
        console.print(f"{name} : {change.anciennes[name]} → {value}", markup=False)
    if change.jusqu_au is not None:
        console.print(f"Jusqu'au {change.jusqu_au:%d/%m/%Y} : des conditions déjà connues suivent.")
    if change.mois_payes:
        premier = change.mois_payes[0]
        console.print(
            f"Des mois déjà payés sont touchés, depuis {premier.libelle} : "
            f"« paie rappel voir {adherent} {matricule} --depuis {premier} » montre la différence."
        )
