"""Les gestes du mois au clavier, de l'inscription d'un adhérent à la clôture du mois.

Chaque commande charge son geste elle-même : calculer se passe de la norme, des PDF et des classeurs (0,6 s de moins).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from desk.command.console import console, explains_refusals, opened, parse_month, refuse, show_table
from desk.command.gestes import Codes, Mois, for_each
from payroll.money import format_amount
from payroll.month.commun import Acte, adherent_codes
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.registre import Registre
from payroll.store.tables import Adherent
from payroll.wording import plural

Descriptions = Annotated[list[Path], typer.Argument(help="Descriptions d'adhérents (docs/adherents.md)")]


def register(app: typer.Typer) -> None:
    app.command("inscrire")(inscrire)
    app.command("adherents")(adherents)
    app.command("ouvrir")(ouvrir)
    app.command("calculer")(calculer)
    app.command("etat")(etat)
    app.command("declarer")(declarer)
    app.command("clore")(clore)


@explains_refusals
def inscrire(fichiers: Descriptions) -> None:
    """Inscrit des adhérents et leurs agents au registre."""
    from payroll.month.adherents import import_adherent

    refused = 0
    with opened() as (registre, acte):
        for path in fichiers:
            result = import_adherent(registre, path, acte)
            if isinstance(result, Adherent):
                console.print(f"{result.code} : {result.nom} est inscrit.")
                continue
            refused += 1
            for anomalie in result:
                console.print(f"  • {anomalie}", markup=False)
    if refused:
        raise refuse(f"{plural(refused, 'fichier')} à corriger.")


@explains_refusals
def adherents() -> None:
    """Liste les adhérents inscrits."""
    with opened() as (registre, _):
        for code in adherent_codes(registre):
            console.print(code)


@explains_refusals
def ouvrir(mois: Mois = None, adherent: Codes = None) -> None:
    """Ouvre le mois et met à disposition le classeur de chaque adhérent."""
    from payroll.month.ouvrir import open_month

    for_each("Ouverture", mois, adherent, lambda *args: _said(open_month(*args).etat))


@explains_refusals
def calculer(
    mois: Mois = None,
    adherent: Codes = None,
    sans_fichier: Annotated[bool, typer.Option(help="Calculer même si la collectivité n'a rien envoyé")] = False,
) -> None:
    """Calcule les bulletins du mois."""
    from payroll.month.calculer import compute_month

    def gesture(registre: Registre, code: str, month: Month, acte: Acte) -> str:
        result = compute_month(registre, code, month, acte, sans_fichier=sans_fichier)
        for anomalie in result.anomalies:
            console.print(f"  • {code} : {anomalie}", markup=False)
        return f"révision {result.paie.revision}, {plural(result.bulletins, 'bulletin')}"

    for_each("Calcul", mois, adherent, gesture)


@explains_refusals
def etat(mois: Mois = None) -> None:
    """Montre où en est chaque adhérent."""
    from payroll.month.etat import month_board

    month = parse_month(mois)
    with opened() as (registre, _):
        board = month_board(registre, month)
    show_table(
        f"Paie de {month.libelle}",
        ("Adhérent", "État", "Rév.", "Fichiers", "Bulletins", "Brut", "Net à payer", "À corriger"),
        [
            (
                row.code,
                row.etat,
                str(row.revision or ""),
                "néant" if row.neant else f"{row.fichiers_acceptes} ({row.fichiers_refuses} refusés)",
                str(row.bulletins or ""),
                format_amount(row.brut) if row.bulletins else "",
                format_amount(row.net_a_payer) if row.bulletins else "",
                str(row.anomalies_bloquantes or ""),
            )
            for row in board
        ],
        right=("Rév.", "Bulletins", "Brut", "Net à payer", "À corriger"),
    )


@explains_refusals
def declarer(
    mois: Mois = None,
    adherent: Codes = None,
    confirmation: Annotated[str, typer.Option(help="En production : qui a lu les doutes, et sur quelle foi")] = "",
    remplacer: Annotated[bool, typer.Option("--remplacer", help="Annule et remplace la DSN déjà produite")] = False,
) -> None:
    """Produit et contrôle la DSN des paies validées."""
    from payroll.month.declarer import declare_month

    if remplacer and not adherent:
        raise refuse("Un « annule et remplace » se demande adhérent par adhérent : ajoutez --adherent CODE.")

    def gesture(registre: Registre, code: str, month: Month, acte: Acte) -> str:
        declared = declare_month(
            registre,
            code,
            month,
            acte,
            Reglages().declarant(month),
            confirmation=confirmation,
            remplacer=remplacer,
        )
        return f"DSN {declared.norme}, {plural(len(declared.anomalies), 'remarque')}"

    for_each("Déclaration", mois, adherent, gesture)


@explains_refusals
def clore(mois: Mois = None, adherent: Codes = None) -> None:
    """Clôt les mois restitués."""
    from payroll.month.clore import close_month

    reglages = Reglages()
    close = partial(close_month, date_paiement=reglages.date_paiement, contact=reglages.contact)
    for_each("Clôture", mois, adherent, lambda *args: _said(close(*args).etat))


def _said(etat: str) -> str:
    return f"paie {etat}"
