"""Le dépôt de production au clavier : installer le serveur, ouvrir, rééquiper et fermer le compte d'un adhérent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.command.console import console, explains_refusals
from payroll.wording import plural
from sftp_drop import keys
from sftp_drop.openssh import (
    Installation,
    InstallationError,
    Step,
    apply,
    observe,
    plan_close,
    plan_installation,
    plan_keys,
    plan_open,
)

adherent = typer.Typer(help="Les comptes des adhérents sur le dépôt SFTP de production.", no_args_is_help=True)
depot = typer.Typer(help="Le serveur du dépôt SFTP de production (OpenSSH).", no_args_is_help=True)

Code = Annotated[str, typer.Argument(help="Code de l'adhérent : son nom de compte")]
Cles = Annotated[list[Path] | None, typer.Option("--cle", help="Fichier d'une clé publique (.pub), répétable")]
Essai = Annotated[bool, typer.Option("--essai", help="À blanc : dit ce qui serait fait, ne touche à rien")]


def register(app: typer.Typer) -> None:
    app.add_typer(adherent, name="adherent")
    app.add_typer(depot, name="depot")


@depot.command("installer")
@explains_refusals
def install(cle: Cles = None, essai: Essai = False) -> None:
    """Pose la configuration d'OpenSSH, le groupe des adhérents et le compte de l'agence (à lancer en root)."""
    installation = Installation()
    _play(plan_installation(installation, _read(cle)), essai)
    if not essai:
        console.print(f"Démarrez le serveur : systemctl enable --now paie-sftp   (port {installation.port})")


@adherent.command("ouvrir")
@explains_refusals
def open_account(code: Code, cle: Cles = None, essai: Essai = False) -> None:
    """Crée le compte d'un adhérent, sa prison, depot/ et retour/, ses clés et ses bornes. Se relance sans effet."""
    installation = Installation()
    _play(plan_open(installation, code, _read(cle), observe(installation, code)), essai)


@adherent.command("cles")
@explains_refusals
def change_keys(
    code: Code,
    cle: Cles = None,
    retirer: Annotated[list[str] | None, typer.Option(help="Empreinte SHA256:… de la clé à retirer")] = None,
    essai: Essai = False,
) -> None:
    """Montre les clés d'un adhérent, en ajoute (--cle), en retire et les révoque (--retirer)."""
    installation = Installation()
    if cle or retirer:
        steps = plan_keys(installation, code, observe(installation, code), add=_read(cle), remove=retirer or [])
        _play(steps, essai)
    for line in observe(installation, code).keys:
        console.print(_described(line), markup=False)


@adherent.command("fermer")
@explains_refusals
def close_account(code: Code, essai: Essai = False) -> None:
    """Ferme le compte d'un adhérent et coupe ses sessions ; ses dossiers restent."""
    installation = Installation()
    _play(plan_close(installation, code, observe(installation, code)), essai)


def _play(steps: list[Step], essai: bool) -> None:
    for step in steps:
        console.print(f"  • {step.say()}", markup=False)
    if not steps:
        console.print("Rien à faire : tout est déjà en place.")
        return
    if essai:
        console.print(f"Essai à blanc : {plural(len(steps), 'pas à faire', 'pas à faire')}, rien n'a été touché.")
        return
    apply(steps)
    console.print("Fait.")


def _read(paths: list[Path] | None) -> list[str]:
    lines = []
    for path in paths or []:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InstallationError(f"clé publique illisible : {path}") from error
        lines += [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return lines


def _described(line: str) -> str:
    return f"{keys.fingerprint_of(line)}  {' '.join(line.split()[2:])}".rstrip()
