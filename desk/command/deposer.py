"""La commande ``paie deposer`` : poser les messages prêts, et les déposer par l'API en production."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Annotated

import typer

from desk.command.console import console, explains_refusals, opened, refuse
from flows.depot_dsn import AccesDsn, deposit_all, open_client
from flows.net_entreprises import DepotErreur
from payroll.month.commun import Acte, GesteRefuse, adherent_codes, find_adherent
from payroll.month.deposer import enroll_sendings, forget_deposit, place_sendings, sendings
from payroll.settings import Reglages
from payroll.store.registre import Registre
from payroll.store.tables_dsn import EtatEnvoi
from payroll.wording import plural

Codes = Annotated[list[str] | None, typer.Option("--adherent", "-a", help="Code d'un adhérent (répétable)")]


def register(app: typer.Typer) -> None:
    app.command("deposer")(deposer)


@contextmanager
def told_plainly() -> Iterator[None]:
    """Un refus du point de dépôt devient une phrase."""
    try:
        yield
    except DepotErreur as error:
        raise GesteRefuse(str(error)) from None


@explains_refusals
def deposer(
    adherent: Codes = None,
    api: Annotated[bool, typer.Option("--api", help="Déposer par l'API de net-entreprises (production seule)")] = False,
    refaire: Annotated[
        str, typer.Option(help="Rendre à déposer un envoi resté en doute et absent de net-entreprises")
    ] = "",
) -> None:
    """Pose les messages déclarés et les signalements dans le dossier des déclarations, prêts pour net-entreprises."""
    reglages = Reglages()
    with opened() as (registre, acte):
        codes = adherent or adherent_codes(registre)
        if refaire:
            _again(registre, codes, refaire, acte)
        placed = 0
        for code in codes:
            enroll_sendings(registre, code, acte)
            placed += len(place_sendings(registre, code, reglages.declarations, acte))
        console.print(
            f"{plural(placed, 'message posé', 'messages posés')} dans {reglages.declarations}.", soft_wrap=True
        )
        if not api:
            return
        with open_client(reglages, AccesDsn(), version("paie-a-facon")) as client, told_plainly():
            for code in codes:
                with registre.transaction() as session:
                    siret = find_adherent(session, code).siret
                for phrase in deposit_all(registre, client, code, siret, acte):
                    console.print(f"{code} : {phrase}", markup=False, soft_wrap=True)
        waiting = sum(len(sendings(registre, code, EtatEnvoi.EN_COURS, EtatEnvoi.REJETE)) for code in codes)
    if waiting:
        raise refuse(f"{plural(waiting, 'message rejeté ou en doute', 'messages rejetés ou en doute')}.")


def _again(registre: Registre, codes: list[str], name: str, acte: Acte) -> None:
    for code in codes:
        for item in sendings(registre, code, EtatEnvoi.EN_COURS):
            if item.nom == name:
                forget_deposit(registre, item, acte, "Rendu à déposer : absent de net-entreprises, dit une personne.")
                console.print(f"{name} : rendu à déposer.", markup=False)
                return
    raise refuse(f"aucun envoi en doute ne s'appelle « {name} ».")
