"""Les comptes de l'agence au clavier : ouvrir, lister, changer un mot de passe, fermer."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.command.console import console, explains_refusals, opened, show_table
from payroll.month.gestionnaires import add_account, change_password, close_account, list_accounts
from payroll.month.second_facteur import reset_factor
from payroll.settings import Reglages
from payroll.store.tables_revision import Role

app = typer.Typer(help="Les comptes de l'agence : qui révise, corrige et approuve.", no_args_is_help=True)

Identifiant = Annotated[str, typer.Argument(help="Identifiant : « m.dupont »")]


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="gestionnaire")


@app.command("ajouter")
@explains_refusals
def ajouter(
    identifiant: Identifiant,
    nom: Annotated[str, typer.Option(help="Nom, pour l'agence seule")] = "",
    role: Annotated[str, typer.Option(help=f"Parmi : {', '.join(Role)}")] = Role.GESTIONNAIRE,
    portefeuille: Annotated[
        list[str] | None, typer.Option("--adherent", "-a", help="Adhérent du portefeuille (répétable ; défaut : tous)")
    ] = None,
) -> None:
    """Ouvre un compte ; dès le premier, réviser et approuver demandent de se nommer."""
    with opened() as (registre, acte):
        compte = add_account(registre, identifiant, nom, role, _new_password(), acte, portefeuille or ())
    console.print(f"Compte « {compte.identifiant} » ouvert, rôle {compte.role}.")


@app.command("lister")
@explains_refusals
def lister() -> None:
    """Liste les comptes, fermés compris."""
    with opened() as (registre, _):
        comptes = list_accounts(registre)
    show_table(
        "Comptes de l'agence",
        ("Identifiant", "Rôle", "Portefeuille", "État"),
        [
            (c.identifiant, c.role, ", ".join(c.portefeuille) or "tous", "ouvert" if c.ouvert else "fermé")
            for c in comptes
        ],
    )


@app.command("mot-de-passe")
@explains_refusals
def mot_de_passe(identifiant: Identifiant) -> None:
    """Change le mot de passe d'un compte."""
    with opened() as (registre, acte):
        change_password(registre, identifiant, _new_password(), acte)
    console.print(f"Mot de passe de « {identifiant} » changé.")


@app.command("fermer")
@explains_refusals
def fermer(identifiant: Identifiant) -> None:
    """Ferme un compte ; ses gestes passés restent les siens."""
    with opened() as (registre, acte):
        close_account(registre, identifiant, acte)
    console.print(f"Compte « {identifiant} » fermé.")


@app.command("second-facteur")
@explains_refusals
def second_facteur(identifiant: Identifiant) -> None:
    """Oublie le téléphone d'un compte (perdu, changé) : sa prochaine connexion au bureau en inscrira un autre."""
    with opened() as (registre, acte):
        reset_factor(registre, identifiant, acte, Reglages.heure_reelle())
    console.print(f"Second facteur de « {identifiant} » réinitialisé ; ses sessions sont fermées.")


def _new_password() -> str:
    return str(typer.prompt("Mot de passe", hide_input=True, confirmation_prompt="Encore une fois"))
