"""La commande ``paie retours`` : lire les comptes-rendus de net-entreprises."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.command.console import console, explains_refusals, opened, refuse
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
) -> None:
    """Lit les retours de net-entreprises : taux de prélèvement, certificats, bilans d'anomalies."""
    with opened() as (registre, acte):
        received = collect_returns(registre, dossier or Reglages().retours, acte)
    troubled = 0
    for item in received:
        if not item.nouveau:
            continue
        console.print(f"{item.nom} : {item.phrase}", markup=False)
        for anomalie in item.anomalies:
            console.print(f"  • {anomalie}", markup=False, soft_wrap=True)
        troubled += item.etat == EtatRetour.REFUSE or bool(blocking(item.anomalies))
    new = sum(item.nouveau for item in received)
    console.print(f"{plural(len(received), 'retour')} dans le dossier, dont {plural(new, 'nouveau', 'nouveaux')}.")
    if troubled:
        raise refuse(f"{plural(troubled, 'retour')} à regarder.")
