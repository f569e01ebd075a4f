"""Les commandes ``paie dsn`` : contrôler et lire un fichier DSN, quel que soit le logiciel qui l'a écrit."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from desk.command.console import console, refuse
from dsn.check_file import check_file
from dsn.controls import inventaire
from dsn.norm import NormError, load, versions
from dsn.reader import read
from dsn.tree_json import dumps

_app = typer.Typer(help="Contrôler et lire une DSN.", no_args_is_help=True)


class Format(StrEnum):
    TEXTE = "texte"
    JSON = "json"


Fichier = Annotated[Path, typer.Argument(help="Fichier .dsn")]
EnJson = Annotated[bool, typer.Option("--json", help="Imprimer l'arbre en JSON")]


@_app.command()
def controler(fichier: Fichier, format_: Annotated[Format, typer.Option("--format")] = Format.TEXTE) -> None:
    """Contrôle un message : une anomalie par ligne ; code 1 si l'une est bloquante."""
    anomalies = check_file(_existing(fichier))
    if format_ is Format.JSON:
        console.print_json(json.dumps([asdict(anomaly) for anomaly in anomalies], ensure_ascii=False))
    else:
        for anomaly in anomalies:
            console.print(str(anomaly), markup=False, soft_wrap=True)
        blocking = sum(anomaly.blocking for anomaly in anomalies)
        console.print(f"{len(anomalies)} anomalies, dont {blocking} bloquantes.")
    if any(anomaly.blocking for anomaly in anomalies):
        raise typer.Exit(1)


@_app.command()
def lire(fichier: Fichier, json_: EnJson = False) -> None:
    """Imprime l'arbre d'un message."""
    with _existing(fichier).open("rb") as stream:
        message, anomalies = read(stream)
    if json_:
        print(dumps(message))
    for anomaly in anomalies:
        console.print(str(anomaly), markup=False, soft_wrap=True)


@_app.command()
def controles(
    norme: Annotated[str, typer.Option(help="Version de la norme")] = versions()[-1],
    markdown: Annotated[bool, typer.Option("--markdown", help="Imprimer docs/controles.md")] = False,
) -> None:
    """Compte les contrôles de la norme : exécutés, et pourquoi les autres ne le sont pas."""
    try:
        norm = load(norme)
    except NormError as error:
        raise refuse(str(error)) from None
    if markdown:
        print(inventaire.markdown(norm), end="")
        return
    lines = inventaire.inventory(norm)
    table = Table(title=f"Contrôles de la norme {norm.version}", title_justify="left")
    for column in ("Nature", "Type", "Norme", "Exécutés", "Part"):
        table.add_column(column)
    for nature, title in {"": "toutes", **inventaire.NATURES}.items():
        for count in inventaire.counts(lines, nature):
            table.add_row(f"{nature} {title}".strip(), count.type, str(count.total), str(count.executes), count.part)
        table.add_section()
    console.print(table)
    for text, total in inventaire.reasons(lines):
        console.print(f"{total} non exécutés : {text}.", markup=False, soft_wrap=True)


def _existing(fichier: Path) -> Path:
    if not fichier.is_file():
        raise refuse(f"le fichier « {fichier} » n'existe pas.")
    return fichier


def register(app: typer.Typer) -> None:
    """Inscrit les commandes de ce fichier."""
    app.add_typer(_app, name="dsn")
