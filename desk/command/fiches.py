"""Les fiches individuelles d'une année, au clavier."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.command.console import console, explains_refusals, opened, refuse
from payroll.month.commun import GesteRefuse, adherent_codes
from payroll.month.fiches import produce_year
from payroll.settings import Reglages
from payroll.wording import plural


def register(root: typer.Typer) -> None:
    root.command("fiche")(fiche)


@explains_refusals
def fiche(
    annee: Annotated[int, typer.Argument(min=2000, max=2200, help="Année, par exemple 2026")],
    adherent: Annotated[list[str] | None, typer.Option(help="Code d'adhérent ; à répéter ; vide : tous")] = None,
) -> None:
    """Rend les fiches individuelles et le récapitulatif d'une année, dans le dossier du dernier mois déclaré.

    Le classeur part à la prochaine relève ou restitution. Clore décembre le fait aussi.
    """
    refused, reglages = 0, Reglages()
    with opened() as (registre, acte):
        for code in adherent or adherent_codes(registre):
            try:
                mois = produce_year(
                    registre, code, annee, acte, date_paiement=reglages.date_paiement, contact=reglages.contact
                )
                console.print(f"{code} : fiches {annee} à déposer dans retour/{mois}/")
            except GesteRefuse as error:
                refused += 1
                console.print(f"[red]{code}[/] : {error.message}")
    if refused:
        raise refuse(f"{plural(refused, 'adhérent')} sans fiche, les autres sont faits.")
