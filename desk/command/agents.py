"""Le dossier d'un agent au clavier : arrivée, départ, conditions, primes, compte, chacun à sa date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
import yaml

from desk.command.console import console, explains_refusals, refuse
from desk.command.identite import Par, signed
from payroll.money import AmountError, parse_amount
from payroll.month.conditions import (
    MODIFIABLES,
    Change,
    cancel_conditions,
    change_conditions,
    change_permanent,
)
from payroll.month.mouvements import (
    Mouvement,
    cancel_entry,
    cancel_exit,
    change_bank,
    change_entry,
    enter_agent,
    set_exit,
)
from payroll.periods import Month

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
    par: Par = "",
) -> None:
    """Change les conditions d'un agent (échelon, indice, NBI, temps) à une date."""
    valeurs = {}
    for text in changements:
        name, sep, value = text.partition("=")
        if not sep:
            raise refuse(f"« {text} » : écrivez nom=valeur, par exemple indice_majore=385.")
        valeurs[name.strip()] = value.strip()
    with signed(par) as (registre, acte):
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
    par: Par = "",
) -> None:
    """Change le montant mensuel d'une prime à une date ; zéro la fait cesser."""
    try:
        amount = parse_amount(montant)
    except AmountError:
        raise refuse(f"« {montant} » n'est pas un montant : écrivez par exemple 150,00.") from None
    with signed(par) as (registre, acte):
        change = change_permanent(
            registre, adherent, matricule, acte,
            rubrique=rubrique, montant=amount, du=_day(du), motif=motif, numero=contrat,
        )  # fmt: skip
        _said(change, adherent, matricule)


@app.command("annuler-conditions")
@explains_refusals
def annuler_conditions(
    adherent: Code, matricule: Matricule, du: Du, motif: Motif, contrat: Contrat = "", par: Par = ""
) -> None:
    """Annule un changement de conditions : celles d'avant reprennent."""
    with signed(par) as (registre, acte):
        change = cancel_conditions(registre, adherent, matricule, acte, du=_day(du), motif=motif, numero=contrat)
    _said(change, adherent, matricule)


@app.command("arrivee")
@explains_refusals
def arrivee(
    adherent: Code,
    fichier: Annotated[Path, typer.Argument(help="La description de l'agent (YAML)", exists=True, dir_okay=False)],
    motif: Motif,
    par: Par = "",
) -> None:
    """Inscrit un agent qui arrive, ou le nouveau contrat d'un agent connu."""
    try:
        donnees = yaml.safe_load(fichier.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        raise refuse(f"{fichier.name} n'est pas un YAML lisible en UTF-8 : vérifiez l'indentation.") from None
    with signed(par) as (registre, acte):
        done = enter_agent(registre, adherent, donnees, acte, motif=motif, fichier=fichier.name)
    if isinstance(done, list):
        for anomalie in done:
            console.print(f"• {anomalie}", markup=False)
        raise refuse("Rien n'est inscrit : corrigez la description et recommencez.")
    if not done:
        console.print("Ces contrats sont déjà inscrits : rien ne change.")
    for mouvement in done:
        _moved(mouvement, adherent)


@app.command("entree")
@explains_refusals
def entree(
    adherent: Code,
    matricule: Matricule,
    du: Annotated[str, typer.Option(help="Le vrai premier jour, AAAA-MM-JJ")],
    motif: Motif,
    contrat: Contrat = "",
    par: Par = "",
) -> None:
    """Corrige le premier jour d'un contrat."""
    with signed(par) as (registre, acte):
        _moved(change_entry(registre, adherent, matricule, acte, du=_day(du), motif=motif, contrat=contrat), adherent)


@app.command("annuler-arrivee")
@explains_refusals
def annuler_arrivee(adherent: Code, matricule: Matricule, motif: Motif, contrat: Contrat = "", par: Par = "") -> None:
    """Retire un contrat ouvert par erreur, s'il n'a pas servi."""
    with signed(par) as (registre, acte):
        _moved(cancel_entry(registre, adherent, matricule, acte, motif=motif, contrat=contrat), adherent)


@app.command("depart")
@explains_refusals
def depart(
    adherent: Code,
    matricule: Matricule,
    le: Annotated[str, typer.Option(help="Dernier jour payé, inclus, AAAA-MM-JJ")],
    nature: Annotated[str, typer.Option(help="retraite, mutation, demission… ou le code de la DSN (039)")],
    motif: Motif,
    contrat: Contrat = "",
    par: Par = "",
) -> None:
    """Date ou redate un départ ; il l'emporte sur celui du fichier."""
    with signed(par) as (registre, acte):
        done = set_exit(registre, adherent, matricule, acte, le=_day(le), nature=nature, motif=motif, contrat=contrat)
    _moved(done, adherent)


@app.command("annuler-depart")
@explains_refusals
def annuler_depart(adherent: Code, matricule: Matricule, motif: Motif, contrat: Contrat = "", par: Par = "") -> None:
    """Annule un départ : le contrat continue."""
    with signed(par) as (registre, acte):
        _moved(cancel_exit(registre, adherent, matricule, acte, motif=motif, contrat=contrat), adherent)


@app.command("compte")
@explains_refusals
def compte(adherent: Code, matricule: Matricule, motif: Motif, par: Par = "") -> None:
    """Change le compte bancaire d'un agent, d'après son RIB ; la révision le signalera."""
    # Demandé, jamais en argument : une ligne de commande reste dans l'historique du poste.
    iban = typer.prompt("IBAN", hide_input=True)
    bic = typer.prompt("BIC (rien s'il n'est pas donné)", default="", show_default=False)
    with signed(par) as (registre, acte):
        _moved(change_bank(registre, adherent, matricule, acte, iban=iban, bic=bic, motif=motif), adherent)


def _moved(done: Mouvement, adherent: str) -> None:
    numero = f", contrat {done.contrat}" if done.contrat else ""
    console.print(f"Agent {done.matricule}{numero} : {done.phrase}. Recalculez la paie.", markup=False)
    _said_recall(done.mois_payes, adherent, done.matricule)


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
    _said_recall(change.mois_payes, adherent, matricule)


def _said_recall(touched: Sequence[Month], adherent: str, matricule: str) -> None:
    if touched:
        premier = touched[0]
        console.print(
            f"Des mois déjà payés sont touchés, depuis {premier.libelle} : "
            f"« paie rappel voir {adherent} {matricule} --depuis {premier} » montre la différence."
        )
