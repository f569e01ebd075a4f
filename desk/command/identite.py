"""Se nommer avant un geste de révision : dès qu'un compte existe à l'agence, un mot de passe est demandé."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from desk.command.console import console, opened, refuse
from payroll.month.autorisations import DUREE
from payroll.month.commun import Acte
from payroll.month.echeances import PARIS
from payroll.month.gestionnaires import accounts_exist, authenticate
from payroll.store.registre import Registre

Par = Annotated[
    str, typer.Option("--par", envvar="PAIE_GESTIONNAIRE", help="Votre compte à l'agence (défaut : celui du poste)")
]

CodeUnique = Annotated[
    bool, typer.Option("--code", help="Ne fait rien ici : donne un code à usage unique, à taper dans Prefect")
]


def show_code(code: str, acte: Acte, adherents: Sequence[str]) -> None:
    """Montre un code à usage unique, à qui et à quoi il sert."""
    until = (acte.moment + DUREE).astimezone(PARIS)
    console.print(f"Adhérents : {', '.join(adherents)}", markup=False)
    console.print(f"Code de « {acte.par} » : {code}", markup=False)
    console.print(f"Il vaut une fois, jusqu'à {until:%H h %M}, pour ces adhérents et le contenu qu'ils ont maintenant.")


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
