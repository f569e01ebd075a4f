"""Ce que la machine porte déjà d'un compte : tout ce dont un plan a besoin pour ne faire que le nécessaire."""

from __future__ import annotations

import grp
import pwd
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sftp_drop.openssh.installation import Installation


@dataclass(frozen=True, slots=True)
class FolderSeen:
    """Un dossier tel qu'il est : propriétaire, groupe, droits."""

    owner: str
    group: str
    mode: int


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """Un compte tel qu'il est ; un champ vide dit que la chose n'existe pas."""

    user: bool
    group: bool
    groups: frozenset[str]
    """Les groupes secondaires du compte."""
    service_groups: frozenset[str]
    """Les groupes secondaires du compte de l'agence."""
    folders: dict[Path, FolderSeen]
    keys: tuple[str, ...]
    """Les lignes du fichier de clés, sans leurs options."""
    closed: bool = False
    """Le compte a été fermé : ses dossiers restent, personne n'y entre."""


CLOSED = "# compte fermé"
"""Ce que porte le fichier de clés d'un compte fermé."""


def observe(installation: Installation, code: str) -> AccountSeen:
    """Regarde la machine, sans rien y changer."""
    jail = installation.racine / code
    folders = {path: _folder(path) for path in (jail, jail / "depot", jail / "depot" / "pris", jail / "retour")}
    return AccountSeen(
        user=_exists(pwd.getpwnam, code),
        group=_exists(grp.getgrnam, code),
        groups=_groups_of(code),
        service_groups=_groups_of(installation.service),
        folders={path: seen for path, seen in folders.items() if seen is not None},
        keys=read_keys(installation.cles / code),
        closed=_closed(installation.cles / code),
    )


def read_keys(path: Path) -> tuple[str, ...]:
    """Les clés publiques d'un fichier de clés, dans l'ordre ; vide s'il n'existe pas."""
    if not path.is_file():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(line.removeprefix("restrict ") for line in lines if line and not line.startswith("#"))


def _closed(path: Path) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8").startswith(CLOSED)


def _exists(lookup: Callable[[str], object], name: str) -> bool:
    try:
        lookup(name)
    except KeyError:
        return False
    return True


def _groups_of(login: str) -> frozenset[str]:
    return frozenset(group.gr_name for group in grp.getgrall() if login in group.gr_mem)


def _folder(path: Path) -> FolderSeen | None:
    try:
        state = path.lstat()
    except FileNotFoundError:
        return None
    return FolderSeen(_name(pwd.getpwuid, state.st_uid), _name(grp.getgrgid, state.st_gid), stat.S_IMODE(state.st_mode))


def _name(lookup: Callable[[int], Sequence[object]], number: int) -> str:
    try:
        return str(lookup(number)[0])
    except KeyError:
        return str(number)
