"""Se nommer avant un geste de révision : dès qu'un compte existe à l'agence, un mot de passe est demandé."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from desk.command.console import opened, refuse
from payroll.month.commun import Acte
from payroll.month.gestionnaires import accounts_exist, authenticate
from payroll.store.registre import Registre

Par = Annotated[
    str, typer.Option("--par", envvar="PAIE_GESTIONNAIRE", help="Votre compte à l'agence (défaut : celui du poste)")
]


@contextmanager
def signed(par: str) -> Iterator[tuple[Registre, Acte]]:
    """Le registre, et l'acte signé d'un compte vérifié ; sans aucun compte (démonstration), celui du poste."""
    with opened() as (registre, acte):
        identifiant = par or getpass.getuser()
        if accounts_exist(registre):
            password = typer.prompt(f"Mot de passe de {identifiant}", hide_input=True)
            if authenticate(registre, identifiant, password) is None:
                raise refuse("Compte inconnu, fermé, ou mot de passe faux.")
        yield registre, Acte(identifiant, acte.moment)
