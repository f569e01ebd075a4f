"""Les plans : ce qu'il faut faire pour que la machine soit comme on la veut, d'après ce qu'on y voit. Pur.

Le plan d'un compte déjà comme il faut est vide : on peut relancer chaque geste sans crainte.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sftp_drop import keys
from sftp_drop.openssh.installation import Installation, InstallationError
from sftp_drop.openssh.observation import CLOSED, AccountSeen, FolderSeen
from sftp_drop.openssh.steps import File, Folder, Run, Step


def plan_installation(installation: Installation, service_keys: Sequence[str]) -> list[Step]:
    """Le serveur, le groupe des adhérents et le compte de l'agence ; chaque pas se refait sans effet."""
    if not service_keys:
        raise InstallationError("le compte de l'agence n'a aucune clé : donnez sa clé publique")
    service = installation.service
    existing = frozenset({0, 9})  # 9 : le groupe ou le compte existe déjà
    return [
        Run("groupe des adhérents", ("groupadd", "--system", installation.groupe), existing),
        Run("compte de l'agence", _useradd(service, "--user-group"), existing),
        Folder(installation.racine, "root", "root", 0o755),
        Folder(installation.reglages, "root", "root", 0o755),
        Folder(installation.cles, "root", "root", 0o755),
        Run("clé d'hôte", ("sh", "-c", _HOST_KEY, "sh", str(installation.cle_hote))),
        Run("liste des clés révoquées", ("touch", str(installation.cles_revoquees))),
        _keys_file(installation, service, service_keys),
        File(installation.configuration, installation.sshd_config()),
        File(Path("/etc/security/limits.d/paie-sftp.conf"), installation.limits()),
        File(Path("/etc/systemd/system/paie-sftp.service"), installation.unit()),
    ]


_HOST_KEY = 'test -e "$1" || ssh-keygen -q -t ed25519 -N "" -C paie-sftp -f "$1"'


def plan_open(installation: Installation, code: str, public_keys: Sequence[str], seen: AccountSeen) -> list[Step]:
    """Ouvre le compte d'un adhérent : compte, prison, ``depot/``, ``retour/``, clés ajoutées, place bornée."""
    installation.check_login(code)
    wanted = _merged(seen.keys, public_keys)
    if not wanted:
        raise InstallationError(f"{code} n'a aucune clé : donnez la clé publique de la secrétaire (--cle fichier.pub)")
    if seen.user and installation.groupe not in seen.groups:
        raise InstallationError(
            f"un compte « {code} » existe déjà sur cette machine et n'est pas celui d'un adhérent : changez de code."
        )
    return [
        *_account(installation, code, seen),
        *_folders(installation, code, seen),
        *_keys(installation, code, seen, wanted),
    ]


def plan_keys(
    installation: Installation, code: str, seen: AccountSeen, *, add: Sequence[str] = (), remove: Sequence[str] = ()
) -> list[Step]:
    """Ajoute des clés, en retire (par leur empreinte ``SHA256:…``) : une clé retirée est aussi révoquée."""
    _require_account(code, seen)
    removed = [line for line in seen.keys if _fingerprint(line) in remove]
    unknown = set(remove) - {_fingerprint(line) for line in removed}
    if unknown:
        raise InstallationError(f"{code} n'a pas de clé d'empreinte {', '.join(sorted(unknown))}")
    wanted = _merged([line for line in seen.keys if line not in removed], add)
    if not wanted:
        raise InstallationError(f"{code} n'aurait plus aucune clé : ajoutez la nouvelle, ou fermez le compte")
    return [*_revoked(installation, removed), *_keys(installation, code, seen, wanted)]


def plan_close(installation: Installation, code: str, seen: AccountSeen) -> list[Step]:
    """Ferme un compte : plus aucune clé, compte expiré, sessions coupées. Ses dossiers restent, rien n'est perdu."""
    _require_account(code, seen)
    return [
        *_revoked(installation, seen.keys),
        File(installation.cles / code, f"{CLOSED}\n"),
        Run("compte expiré", ("usermod", "--expiredate", "1", code)),
        # 1 : le compte n'avait aucune session ouverte.
        Run("sessions coupées", ("pkill", "-KILL", "-u", code), frozenset({0, 1})),
    ]


def _require_account(code: str, seen: AccountSeen) -> None:
    if not seen.user:
        raise InstallationError(f"aucun compte « {code} » sur cette machine : ouvrez-le d'abord")


def _useradd(login: str, *options: str) -> tuple[str, ...]:
    # Ni terminal, ni dossier personnel. « * » : aucun mot de passe n'ouvre, sans que sshd tienne le compte pour bloqué.
    nothing = ("--password", "*", "--no-create-home", "--home-dir", "/", "--shell", "/usr/sbin/nologin")
    return ("useradd", "--system", *options, *nothing, login)


def _account(installation: Installation, code: str, seen: AccountSeen) -> Iterator[Step]:
    if not seen.group:
        yield Run("groupe de l'adhérent", ("groupadd", "--system", code))
    if not seen.user:
        yield Run("compte de l'adhérent", _useradd(code, "--gid", code, "--groups", installation.groupe))
    elif seen.closed:
        yield Run("compte rouvert", ("usermod", "--expiredate", "", code))
    if code not in seen.service_groups:
        yield Run("l'agence lit ses fichiers", ("usermod", "--append", "--groups", code, installation.service))


def _folders(installation: Installation, code: str, seen: AccountSeen) -> Iterator[Step]:
    """Les dossiers et leurs droits : c'est le propriétaire (l'agence ou root) qui fait la prison.

    ``depot`` porte le bit collant : l'adhérent n'y renomme et n'y efface que ses fichiers, jamais ``pris``.
    """
    jail, service = installation.racine / code, installation.service
    wanted = (
        Folder(jail, "root", code, 0o750),
        Folder(jail / "depot", service, code, 0o3770),
        Folder(jail / "depot" / "pris", service, code, 0o2750),
        Folder(jail / "retour", service, code, 0o2750),
    )
    fresh = jail / "depot" not in seen.folders
    for folder in wanted:
        if seen.folders.get(folder.path) != FolderSeen(folder.owner, folder.group, folder.mode):
            yield folder
    if fresh:
        yield Run("place bornée", ("sh", "-c", _QUOTA, "sh", code, str(installation.quota_mio * 1024), str(jail)))


# Sans setquota, ou sans quotas sur ce système de fichiers : la borne par fichier et celle de la relève restent.
_QUOTA = 'command -v setquota >/dev/null || exit 0; setquota -u "$1" "$2" "$2" 2000 2000 "$(stat -c %m "$3")" || true'


def _keys(installation: Installation, code: str, seen: AccountSeen, wanted: Sequence[str]) -> Iterator[Step]:
    if tuple(wanted) != seen.keys:
        yield _keys_file(installation, code, wanted)


def _keys_file(installation: Installation, login: str, lines: Sequence[str]) -> File:
    # « restrict » redit dans la clé ce que la configuration interdit déjà : deux serrures valent mieux qu'une.
    return File(installation.cles / login, "".join(f"restrict {line}\n" for line in lines))


def _merged(present: Sequence[str], added: Sequence[str]) -> list[str]:
    """Les clés présentes puis les nouvelles, chacune une fois ; ``InstallationError`` pour une clé mal formée."""
    merged = list(present)
    known = {_fingerprint(line) for line in merged}
    for line in added:
        tidy = " ".join(line.split())
        if _fingerprint(tidy) not in known:
            known.add(_fingerprint(tidy))
            merged.append(tidy)
    return merged


def _revoked(installation: Installation, lines: Sequence[str]) -> Iterator[Step]:
    for line in lines:
        yield Run(
            f"clé {_fingerprint(line)} révoquée", ("sh", "-c", _REVOKE, "sh", line, str(installation.cles_revoquees))
        )


_REVOKE = 'grep -qxF "$1" "$2" || printf "%s\\n" "$1" >> "$2"'


def _fingerprint(line: str) -> str:
    try:
        return keys.fingerprint_of(line)
    except keys.KeyFileError as erreur:
        raise InstallationError(str(erreur)) from None
