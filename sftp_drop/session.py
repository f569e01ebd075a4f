"""Une session SFTP du serveur embarqué : les gestes du protocole, dans la prison du compte.

Un envoi est écrit sous ``.<nom>.partiel`` et renommé à la fermeture : personne ne voit un fichier à moitié reçu.
Les arguments sans usage (ARG002) sont ceux des signatures imposées par paramiko.
"""

from __future__ import annotations

import errno
import functools
import os
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import paramiko
from paramiko.sftp import (
    SFTP_EOF,
    SFTP_FAILURE,
    SFTP_OK,
    SFTP_PERMISSION_DENIED,
)

from sftp_drop import layout
from sftp_drop.decide import MIO
from sftp_drop.jail import Jail, Place, RefusedError, normalise

P = ParamSpec("P")
R = TypeVar("R")

LECTURE_MAX = 256 * 1024
"""Un client peut demander 4 Gio d'un coup : on sert par morceaux, comme OpenSSH."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Bornes du serveur embarqué : par fichier (octets), par ``depot/`` (octets, fichiers), par session, en tout."""

    taille_max: int = 20 * MIO
    depot_max: int = 200 * MIO
    depot_fichiers_max: int = 1000
    envois_ouverts_max: int = 16
    connexions_max: int = 100


@dataclass(slots=True)
class Shared:
    """Ce que toutes les sessions partagent : un verrou pour les renommages, et les envois en cours."""

    limits: ServerLimits
    report: Callable[[str], None]
    lock: threading.RLock = field(default_factory=threading.RLock)
    partials: set[Path] = field(default_factory=set)


def _guarded(
    geste: Callable[Concatenate[DropSession, P], R],
) -> Callable[Concatenate[DropSession, P], R | int]:
    """Traduit refus et erreurs du disque en codes SFTP : le client ne voit jamais un chemin du serveur."""

    @functools.wraps(geste)
    def enveloppe(self: DropSession, /, *args: P.args, **kwargs: P.kwargs) -> R | int:
        try:
            return geste(self, *args, **kwargs)
        except RefusedError:
            return SFTP_PERMISSION_DENIED
        except OSError as erreur:
            return paramiko.SFTPServer.convert_errno(erreur.errno or 0)

    return enveloppe


class DropSession(paramiko.SFTPServerInterface):
    """Les gestes d'un compte ; créée par paramiko à l'ouverture du sous-système ``sftp``."""

    def __init__(self, server: paramiko.ServerInterface, jail: Jail, shared: Shared) -> None:
        super().__init__(server)
        self.jail = jail
        self.shared = shared
        self.ended = False
        self.uploads = 0

    def session_ended(self) -> None:
        # paramiko ferme ensuite les fichiers encore ouverts : ce ne sont pas des dépôts finis, mais des coupures.
        self.ended = True

    @_guarded
    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes]:
        dossier = self.jail.locate(path)
        entrees: list[paramiko.SFTPAttributes] = []
        for nom in sorted(entree.name for entree in dossier.real.iterdir()):
            if not self.jail.shows(dossier, nom):
                continue
            try:
                etat = os.lstat(dossier.real / nom)
            except FileNotFoundError:
                continue  # renommé entre la liste et le regard
            if not stat.S_ISLNK(etat.st_mode):
                entrees.append(_attributes(etat, nom))
        return entrees

    @_guarded
    def stat(self, path: str) -> paramiko.SFTPAttributes:
        return _attributes(os.lstat(self.jail.locate(path).real))

    def lstat(self, path: str) -> paramiko.SFTPAttributes | int:
        return self.stat(path)

    @_guarded
    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle:  # noqa: ARG002
        place = self.jail.locate(path)
        if flags & (os.O_WRONLY | os.O_RDWR):
            return self._open_upload(place, flags)
        # O_NONBLOCK : un tube posé là ne doit pas bloquer la session.
        descripteur = os.open(place.real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descripteur).st_mode):
            os.close(descripteur)
            raise RefusedError
        return DownloadHandle(descripteur)

    @_guarded
    def remove(self, path: str) -> int:
        place = self._writable(path)
        self._regular_or_refused(place)
        with self.shared.lock:
            place.real.unlink()
        return SFTP_OK

    @_guarded
    def rename(self, oldpath: str, newpath: str) -> int:
        return self._move(oldpath, newpath, replace=False)

    @_guarded
    def posix_rename(self, oldpath: str, newpath: str) -> int:
        return self._move(oldpath, newpath, replace=True)

    @_guarded
    def mkdir(self, path: str, attr: paramiko.SFTPAttributes) -> int:  # noqa: ARG002
        place = self.jail.locate(path)
        if not self.jail.may_make_folder(place):
            raise RefusedError
        place.real.mkdir(mode=0o700)
        return SFTP_OK

    @_guarded
    def rmdir(self, path: str) -> int:
        place = self.jail.locate(path)
        if not self.jail.may_make_folder(place):
            raise RefusedError
        place.real.rmdir()
        return SFTP_OK

    @_guarded
    def chattr(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        place = self._writable(path)
        if not self.jail.service:
            self._regular_or_refused(place)  # l'agence ouvre aussi le dossier d'un mois, une fois entier
        if attr.st_size is not None:
            raise RefusedError  # tronquer un fichier déjà déposé, c'est l'altérer sans passer par un envoi entier
        _set_times(place.real, attr)
        return SFTP_OK

    def canonicalize(self, path: str) -> str:
        try:
            return "/" + "/".join(normalise(path))
        except RefusedError:
            return "/"

    def readlink(self, path: str) -> int:  # noqa: ARG002
        return SFTP_PERMISSION_DENIED

    def symlink(self, target_path: str, path: str) -> int:  # noqa: ARG002
        return SFTP_PERMISSION_DENIED

    def _writable(self, chemin: str) -> Place:
        place = self.jail.locate(chemin)
        if not self.jail.may_write(place):
            raise RefusedError
        return place

    @staticmethod
    def _regular_or_refused(place: Place) -> None:
        if not stat.S_ISREG(os.lstat(place.real).st_mode):
            raise RefusedError

    def _move(self, ancien: str, nouveau: str, *, replace: bool) -> int:
        source, cible = self._writable(ancien), self._writable(nouveau)
        if source.code != cible.code:
            raise RefusedError  # un fichier ne passe jamais d'un adhérent à un autre, même par le service
        with self.shared.lock:
            if not self.jail.service:
                self._regular_or_refused(source)
            if os.path.lexists(cible.real):
                if not replace:
                    return SFTP_FAILURE
                self._regular_or_refused(cible)
            source.real.rename(cible.real)
            _sync_folder(cible.real.parent)
        return SFTP_OK

    def _open_upload(self, place: Place, flags: int) -> paramiko.SFTPHandle:
        if not self.jail.may_write(place):
            raise RefusedError
        existe = os.path.lexists(place.real)
        if existe:
            self._regular_or_refused(place)
            if flags & os.O_EXCL:
                raise FileExistsError
        elif not flags & os.O_CREAT:
            raise FileNotFoundError(errno.ENOENT, "absent")
        if self.uploads >= self.shared.limits.envois_ouverts_max:
            raise RefusedError
        return UploadHandle(self, place, flags, self._room_left(place), copy=existe and not flags & os.O_TRUNC)

    def _room_left(self, place: Place) -> int:
        """Octets qu'un envoi peut encore écrire : la borne par fichier et la place qui reste dans ``depot/``."""
        bornes = self.shared.limits
        if self.jail.service:
            return bornes.taille_max
        tailles = [entree.stat(follow_symlinks=False).st_size for entree in os.scandir(place.real.parent)]
        if len(tailles) > bornes.depot_fichiers_max:
            raise OSError("depot plein")
        return max(0, min(bornes.taille_max, bornes.depot_max - sum(tailles)))


class DownloadHandle(paramiko.SFTPHandle):
    """Un fichier ouvert en lecture."""

    def __init__(self, descripteur: int) -> None:
        super().__init__()
        self.descripteur = descripteur

    def read(self, offset: int, length: int) -> bytes | int:
        # SFTP_EOF plutôt qu'un bloc vide : l'extension check-file de paramiko bouclerait sans fin sur un bloc vide.
        try:
            return os.pread(self.descripteur, min(length, LECTURE_MAX), offset) or SFTP_EOF
        except (OSError, OverflowError):
            return SFTP_FAILURE

    def stat(self) -> paramiko.SFTPAttributes:
        return _attributes(os.fstat(self.descripteur))

    def close(self) -> None:
        if self.descripteur >= 0:
            os.close(self.descripteur)
            self.descripteur = -1


class UploadHandle(DownloadHandle):
    """Un envoi : écrit à côté, borné, montré d'un coup à la fermeture demandée par le client."""

    def __init__(self, session: DropSession, place: Place, flags: int, room: int, *, copy: bool) -> None:
        self.session = session
        self.place = place
        self.room = room
        self.append = bool(flags & os.O_APPEND)
        self.exclusive = bool(flags & os.O_EXCL)
        self.failed = False
        partiel, descripteur = _create_partial(session.shared, place)
        super().__init__(descripteur)
        self.partiel = partiel
        session.uploads += 1
        if copy:
            try:
                self._copy_current()
            except OSError:
                self.failed = True
                self._drop()
                raise

    def write(self, offset: int, data: object) -> int:
        octets = bytes(data)  # type: ignore[call-overload]
        if self.append:
            offset = os.fstat(self.descripteur).st_size
        if self.failed or offset + len(octets) > self.room:
            # Un envoi qui dépasse ne paraîtra jamais, même tronqué : la secrétaire voit l'échec, pas un faux succès.
            self.failed = True
            return SFTP_FAILURE
        try:
            while octets:
                ecrits = os.pwrite(self.descripteur, octets, offset)
                octets, offset = octets[ecrits:], offset + ecrits
        except OSError:
            self.failed = True
            return SFTP_FAILURE
        return SFTP_OK

    def chattr(self, attr: paramiko.SFTPAttributes) -> int:
        if attr.st_size is not None:
            if attr.st_size > self.room:
                self.failed = True
                return SFTP_FAILURE
            os.truncate(self.descripteur, attr.st_size)
        try:
            _set_times(self.descripteur, attr)
        except RefusedError:
            return SFTP_PERMISSION_DENIED
        return SFTP_OK

    def close(self) -> None:
        """Montre le fichier reçu ; lève ``OSError`` si c'est impossible, et paramiko répond alors « échec »."""
        if self.descripteur < 0:
            return
        recus = os.fstat(self.descripteur).st_size
        if self.failed or self.session.ended:
            motif = "coupé" if self.session.ended else "refusé (trop gros ou disque plein)"
            self._drop()
            self.session.shared.report(f"envoi {motif} chez {self.place.code} après {recus} octets : rien n'est gardé")
            if not self.session.ended:
                raise OSError("envoi refusé")
            return
        try:
            os.fsync(self.descripteur)
            with self.session.shared.lock:
                if os.path.lexists(self.place.real):
                    if self.exclusive:
                        raise FileExistsError("déjà là")
                    DropSession._regular_or_refused(self.place)
                self.partiel.rename(self.place.real)
                _sync_folder(self.place.real.parent)
        except RefusedError:
            raise OSError("place prise") from None
        finally:
            self._drop()
        self.session.shared.report(f"fichier reçu dans {self.place.zone} de {self.place.code} : {recus} octets")

    def _drop(self) -> None:
        super().close()
        self.session.uploads -= 1
        with self.session.shared.lock:
            self.partiel.unlink(missing_ok=True)
            self.session.shared.partials.discard(self.partiel)

    def _copy_current(self) -> None:
        with self.place.real.open("rb") as courant:
            while bloc := courant.read(LECTURE_MAX):
                if self.write(os.fstat(self.descripteur).st_size, bloc) != SFTP_OK:
                    raise OSError("trop gros pour être repris")


def _attributes(etat: os.stat_result, nom: str | None = None) -> paramiko.SFTPAttributes:
    attributs = paramiko.SFTPAttributes()
    attributs.st_size = etat.st_size
    attributs.st_mode = etat.st_mode
    # Le protocole porte 32 bits non signés ; les propriétaires du disque ne regardent pas le client.
    attributs.st_atime = min(max(int(etat.st_atime), 0), 0xFFFFFFFF)
    attributs.st_mtime = min(max(int(etat.st_mtime), 0), 0xFFFFFFFF)
    attributs.st_uid = attributs.st_gid = 0
    if nom is not None:
        # Un nom qui n'est pas en UTF-8 voyage en octets bruts : sans cela, la liste entière échouerait.
        lisible = not any("\udc80" <= caractere <= "\udcff" for caractere in nom)
        attributs.filename = nom if lisible else os.fsencode(nom)  # type: ignore[assignment]
    return attributs


def _create_partial(shared: Shared, place: Place) -> tuple[Path, int]:
    """Un fichier partiel neuf ; un reste de coupure est remplacé, un envoi concurrent du même nom a le sien."""
    with shared.lock:
        occurrence = 1
        while (partiel := place.real.with_name(layout.partial_name(place.name, occurrence))) in shared.partials:
            occurrence += 1
        partiel.unlink(missing_ok=True)
        descripteur = os.open(partiel, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        shared.partials.add(partiel)
    return partiel, descripteur


def _set_times(cible: Path | int, attr: paramiko.SFTPAttributes) -> None:
    """Pose l'heure demandée ; les droits demandés sont acceptés sans effet, changer de propriétaire est refusé."""
    # WinSCP et sftp -p posent l'heure et les droits après chaque envoi : les refuser affiche une erreur à la
    # secrétaire alors que son fichier est bien arrivé.
    if attr.st_uid is not None or attr.st_gid is not None:
        raise RefusedError
    if attr.st_atime is not None and attr.st_mtime is not None:
        os.utime(cible, (attr.st_atime, attr.st_mtime))


def _sync_folder(dossier: Path) -> None:
    """Rend le renommage durable : sans cela, une coupure de courant peut l'oublier après l'avoir annoncé."""
    descripteur = os.open(dossier, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descripteur)
    finally:
        os.close(descripteur)
