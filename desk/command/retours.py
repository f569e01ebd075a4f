"""La commande ``paie retours`` : lire les comptes-rendus de net-entreprises."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from desk.command.console import console, explains_refusals, opened, refuse
from desk.command.deposer import told_plainly
from flows.depot_dsn import AccesDsn, collect_remote, open_client
from flows.retours import collect_returns
from payroll.anomalies import blocking
from payroll.settings import Reglages
from payroll.store.tables_dsn import EtatRetour
from payroll.wording import plural


def register(app: typer.Typer) -> None:
    app.command("retours")(retours)


@explains_refusals
def retours(
    dossier: Annotated[Path | None, typer.Option(help="Où sont les retours (défaut : PAIE_DOSSIER_RETOURS)")] = None,
    api: Annotated[bool, typer.Option("--api", help="Les relever par l'API de net-entreprises (production)")] = False,
) -> None:
    """Lit les retours de net-entreprises : taux de prélèvement, certificats, bilans d'anomalies."""
    reglages = Reglages()
    with opened() as (registre, acte):
        if api:
            acces = AccesDsn()
            with open_client(reglages, acces, version("paie-a-facon")) as client, told_plainly():
                received = collect_remote(registre, client, acces.siret, acte)
        else:
            received = collect_returns(registre, dossier or reglages.retours, acte)
    troubled = 0
    for item in received:
        if not item.nouveau:
            continue
        console.print(f"{item.nom} : {item.phrase}", markup=False)
        for anomalie in item.anomalies:
            console.print(f"  • {anomalie}", markup=False, soft_wrap=True)
        troubled += item.etat == EtatRetour.REFUSE or bool(blocking(item.anomalies))
    new = sum(item.nouveau for item in received)
    console.print(f"{plural(len(received), 'retour vu', 'retours vus')}, dont {plural(new, 'nouveau', 'nouveaux')}.")
    if troubled:
        raise refuse(f"{plural(troubled, 'retour')} à regarder.")
