"""Les documents d'un agent, au clavier : fiches individuelles d'une année, bulletin avant qu'il soit rendu."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.command.console import console, explains_refusals, opened, parse_month, refuse
from payroll.month.commun import GesteRefuse, adherent_codes
from payroll.month.fiches import produce_year
from payroll.month.relire import payslip_pdf
from payroll.settings import Reglages
from payroll.wording import plural


def register(root: typer.Typer) -> None:
    root.command("fiche")(fiche)
    root.command("apercu")(apercu)


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


@explains_refusals
def apercu(
    matricule: Annotated[str, typer.Argument(help="Matricule de l'agent")],
    adherent: Annotated[str, typer.Option("--adherent", "-a", help="Code de l'adhérent")],
    sortie: Annotated[Path, typer.Option(help="Fichier PDF à écrire : il porte des données personnelles")],
    mois: Annotated[str | None, typer.Option("--mois", "-m", help="Mois, AAAA-MM (défaut : le mois courant)")] = None,
    contrat: Annotated[str, typer.Option(help="Numéro de contrat, si l'agent en a plusieurs")] = "",
    modele: Annotated[str, typer.Option(help="Modèle, par exemple renove-2027 (défaut : celui du mois)")] = "",
) -> None:
    """Écrit le bulletin calculé d'un agent, tel qu'il serait rendu ou dans un autre modèle. Ne change rien."""
    month = parse_month(mois)
    with opened() as (registre, _):
        day = Reglages().date_paiement(month)
        _, content = payslip_pdf(registre, adherent, month, matricule, contrat, day, modele=modele)
    sortie.write_bytes(content)
    console.print(f"Aperçu écrit : {sortie}. À effacer une fois regardé.", markup=False)
