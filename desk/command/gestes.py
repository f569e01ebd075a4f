"""Un geste du mois pour plusieurs adhérents : options communes, avancement, refus qui n'arrêtent pas les autres."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from desk.command.console import console, opened, parse_month, refuse, with_progress
from payroll.month.commun import Acte, GesteRefuse, adherent_codes
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.wording import plural

Codes = Annotated[list[str] | None, typer.Option("--adherent", "-a", help="Code d'un adhérent (répétable)")]
Mois = Annotated[str | None, typer.Option("--mois", "-m", help="Mois, AAAA-MM (défaut : le mois courant)")]
Gesture = Callable[[Registre, str, Month, Acte], str]


def for_each(label: str, mois: str | None, codes: list[str] | None, gesture: Gesture) -> None:
    """Fait un geste pour chaque adhérent ; un refus n'arrête pas les autres, mais la commande sort avec le code 1."""
    month = parse_month(mois)
    refused = 0
    with opened() as (registre, acte):
        for code in with_progress(label, codes or adherent_codes(registre)):
            try:
                console.print(f"{code} : {gesture(registre, code, month, acte)}")
            except GesteRefuse as error:
                refused += 1
                console.print(f"[red]{code}[/] : {error.message}")
    if refused:
        raise refuse(f"{plural(refused, 'adhérent')} en attente, les autres sont faits.")
