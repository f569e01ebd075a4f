"""Les pas d'un plan : chacun se dit en français, et se fait sur la machine. Refaire un pas ne change rien."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from shutil import chown

from sftp_drop.openssh.installation import InstallationError


def _environment() -> dict[str, str]:
    """Celui du compte, plus les dossiers des programmes d'administration, absents du PATH d'un compte ordinaire."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    return {**os.environ, "PATH": path}


@dataclass(frozen=True, slots=True)
class Run:
    """Un programme du système à lancer."""

    why: str
    command: tuple[str, ...]
    tolerated: frozenset[int] = frozenset({0})

    def say(self) -> str:
        return f"{self.why} : {' '.join(self.command)}"

    def do(self) -> None:
        try:
            # Une liste d'arguments, jamais une ligne de commande : un code ou une clé ne peut rien y ajouter.
            done = subprocess.run(  # noqa: S603
                self.command, check=False, capture_output=True, text=True, env=_environment()
            )
        except FileNotFoundError as erreur:
            raise InstallationError(f"le programme « {self.command[0]} » manque sur cette machine") from erreur
        if done.returncode not in self.tolerated:
            raise InstallationError(f"{self.why} : « {' '.join(self.command)} » a échoué. {done.stderr.strip()}")


@dataclass(frozen=True, slots=True)
class Folder:
    """Un dossier, avec son propriétaire, son groupe et ses droits."""

    path: Path
    owner: str
    group: str
    mode: int

    def say(self) -> str:
        return f"dossier {self.path} ({self.owner}:{self.group}, {self.mode:04o})"

    def do(self) -> None:
        if self.path.is_symlink():
            raise InstallationError(f"{self.path} est un lien symbolique : ôtez-le, le dépôt n'en suit aucun")
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        chown(self.path, self.owner, self.group)
        # Après chown : le noyau efface les bits spéciaux au changement de propriétaire.
        self.path.chmod(self.mode)


@dataclass(frozen=True, slots=True)
class File:
    """Un fichier de root, remplacé d'un coup."""

    path: Path
    content: str
    mode: int = 0o644

    def say(self) -> str:
        lines = len(self.content.splitlines())
        return f"fichier {self.path} ({lines} ligne{'s' if lines > 1 else ''})"

    def do(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        provisional = self.path.with_name(f".{self.path.name}.neuf")
        provisional.write_text(self.content, encoding="utf-8")
        provisional.chmod(self.mode)
        with provisional.open("rb") as written:
            os.fsync(written.fileno())
        provisional.replace(self.path)


Step = Run | Folder | File


def apply(steps: Iterable[Step]) -> None:
    """Fait chaque pas, dans l'ordre ; ``InstallationError`` au premier qui échoue, refaire le plan reprend là."""
    for step in steps:
        try:
            step.do()
        except PermissionError as erreur:
            raise InstallationError(f"{step.say()} : il faut les droits de root (sudo)") from erreur
        except OSError as erreur:
            raise InstallationError(f"{step.say()} : {erreur.strerror}") from erreur
