"""L'affichage de la commande : une console, des tableaux sobres, des refus dits clairement."""

from __future__ import annotations

import functools
import getpass
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from payroll.month.commun import Acte, GesteRefuse
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.coffre import CoffreError
from payroll.store.registre import Registre
from sftp_drop.errors import DropError

console = Console(highlight=False)
P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


def refuse(message: str) -> typer.Exit:
    """Dit un refus et rend la sortie à lever."""
    console.print(f"[bold red]Refusé[/] : {message}", markup=True)
    return typer.Exit(1)


def explains_refusals(command: Callable[P, R]) -> Callable[P, R]:
    """Un geste refusé par le registre devient une phrase et le code 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except GesteRefuse as error:
            for anomalie in error.anomalies:
                console.print(f"  • {anomalie}", markup=False)
            raise refuse(error.message) from None
        except (DropError, CoffreError) as error:
            raise refuse(str(error)) from None

    return run


@contextmanager
def opened() -> Iterator[tuple[Registre, Acte]]:
    """Le registre des réglages, et l'acte de la personne qui tape la commande."""
    reglages = Reglages()
    registre = reglages.registre()
    try:
        yield registre, acte_of_console(reglages)
    finally:
        registre.close()


def acte_of_console(reglages: Reglages) -> Acte:
    """L'acte de la personne qui tape la commande, à l'instant des réglages."""
    return Acte(par=getpass.getuser(), moment=reglages.maintenant())


def parse_month(text: str | None) -> Month:
    """Le mois demandé, ou le mois courant de l'horloge des réglages."""
    if text is None:
        return Month.of(Reglages().maintenant().date())
    try:
        return Month.parse(text)
    except ValueError as error:
        raise refuse(str(error)) from None


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> None:
    """Imprime un tableau ; les colonnes nommées dans ``right`` sont alignées à droite."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def with_progress(label: str, items: Sequence[T]) -> Iterator[T]:
    """Parcourt en montrant l'avancement : un travail long ne doit jamais sembler arrêté."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield from progress.track(items, description=label)
