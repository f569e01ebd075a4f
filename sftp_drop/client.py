"""Le client SFTP de l'agence : peu de gestes, typés, chacun répétable sans dommage.

Un client s'obtient de ``connect``, qui vérifie la clé d'hôte.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from types import TracebackType
from typing import Protocol, Self, TypeVar

import paramiko
from paramiko.sftp import SFTPError

from sftp_drop import layout
from sftp_drop.connection import RawSftp, open_session
from sftp_drop.decide import Kind, RemoteFile
from sftp_drop.errors import (
    AlreadyThereError,
    ChangedError,
    DeniedError,
    DropError,
    MissingError,
    TooBigError,
    TransientError,
)
from sftp_drop.settings import SftpSettings

T = TypeVar("T")

BLOC = 32 * 1024
ENTREES_MAX = 10_000
DROITS_DOSSIER = 0o2750
"""Le bit de groupe garde au dossier le groupe de l'adhérent : c'est par lui qu'il lit ses documents."""
"""Un dossier plus peuplé est lu par tranches, d'une relève à l'autre."""


class Sink(Protocol):
    """Ce qui reçoit les octets lus."""

    def write(self, data: bytes, /) -> object: ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """Ce qui a été lu : octets, heure du fichier (secondes), empreinte SHA-256 en hexadécimal."""

    size: int
    mtime: int
    sha256: str


class PutOutcome(StrEnum):
    """Ce que l'envoi d'un document a changé."""

    DEPOSE = "déposé"
    REMPLACE = "remplacé"
    INCHANGE = "inchangé"


class DropClient:
    """Une connexion ouverte ; à utiliser avec ``with``."""

    def __init__(self, ssh: paramiko.SSHClient, sftp: RawSftp, settings: SftpSettings) -> None:
        self._ssh = ssh
        self._sftp = sftp
        self.settings = settings

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ferme la connexion ; sans effet si elle l'est déjà."""
        self._ssh.close()

    # Prendre

    def list_depot(self, code: str) -> list[RemoteFile]:
        """Ce que contient ``depot/``, trié par nom ; les liens symboliques y paraissent comme ``Kind.AUTRE``."""
        return self._list(layout.depot_folder(code, self.settings.racine))

    def list_pris(self, code: str) -> list[RemoteFile]:
        """Ce que contient ``depot/pris/`` ; vide si le dossier n'existe pas encore."""
        try:
            return self._list(layout.pris_folder(code, self.settings.racine))
        except MissingError:
            return []

    def stat_depot(self, code: str, name: str) -> RemoteFile | None:
        """L'état présent d'un fichier de ``depot/`` ; ``None`` s'il n'y est plus."""
        with self._translated():
            return self._lstat(layout.depot_folder(code, self.settings.racine) / _simple(name))

    def fetch(self, code: str, name: str, sink: Sink, max_bytes: int) -> Fetched:
        """Lit un fichier de ``depot/`` ; ``TooBigError``, ``ChangedError``, ``MissingError`` ou ``TransientError``."""
        return self._fetch(layout.depot_folder(code, self.settings.racine) / _simple(name), sink, max_bytes)

    def fetch_pris(self, code: str, name: str, sink: Sink, max_bytes: int) -> Fetched:
        """Lit un fichier de ``depot/pris/`` ; mêmes erreurs que ``fetch``."""
        return self._fetch(layout.pris_folder(code, self.settings.racine) / _simple(name), sink, max_bytes)

    def move_to_pris(self, code: str, name: str, target: str) -> None:
        """Déplace ``depot/<name>`` vers ``depot/pris/<target>`` ; ``AlreadyThereError`` plutôt que d'écraser."""
        depot, pris = layout.depot_folder(code, self.settings.racine), layout.pris_folder(code, self.settings.racine)
        with self._translated():
            self._ensure_folder(pris)
            self._rename(depot / _simple(name), pris / _simple(target))

    def rename_pris(self, code: str, name: str, target: str) -> None:
        """Renomme à l'intérieur de ``depot/pris/`` ; ``AlreadyThereError`` plutôt que d'écraser."""
        pris = layout.pris_folder(code, self.settings.racine)
        with self._translated():
            self._rename(pris / _simple(name), pris / _simple(target))

    # Rendre

    def put_return(self, code: str, relative_path: str, content: bytes) -> PutOutcome:
        """Pose un document sous ``retour/`` ; sans effet s'il y est déjà avec le même contenu."""
        with self._translated():
            return self._put(layout.return_path(code, relative_path, self.settings.racine), content)

    def put_folder(self, code: str, mois: str, documents: Mapping[str, bytes]) -> dict[str, PutOutcome]:
        """Pose les documents d'un mois : dossier neuf, il paraît entier ; dossier présent, chaque fichier est remplacé.

        Rien n'est jamais ôté d'un dossier que l'adhérent voit déjà.
        """
        cible = layout.month_folder(code, mois, self.settings.racine)
        relatifs = {
            relatif: layout.return_path(code, f"{mois}/{relatif}", self.settings.racine).relative_to(cible)
            for relatif in sorted(documents)
        }
        provisoire = cible.with_name(layout.sending_name(mois))
        with self._translated():
            if self._lstat(cible) is not None:
                self._remove_tree(provisoire)  # reste d'un envoi coupé
                return {relatif: self._put(cible / chemin, documents[relatif]) for relatif, chemin in relatifs.items()}
            # Fermé jusqu'au renommage : un serveur qui montre les noms à point ne doit pas montrer un mois incomplet.
            self._ensure_folder(provisoire, 0o700)
            self._keep_only(provisoire, {provisoire / chemin for chemin in relatifs.values()})
            for relatif, chemin in relatifs.items():
                self._put(provisoire / chemin, documents[relatif])
            self._sftp.chmod(str(provisoire), DROITS_DOSSIER)
            self._rename(provisoire, cible)
            return dict.fromkeys(relatifs, PutOutcome.DEPOSE)

    def remove_return(self, code: str, relative_path: str) -> bool:
        """Ôte un document de ``retour/`` ; faux s'il n'y était déjà plus."""
        chemin = layout.return_path(code, relative_path, self.settings.racine)
        with self._translated():
            present = self._lstat(chemin)
            if present is None:
                return False
            if present.kind is not Kind.FICHIER:
                raise DeniedError("l'entrée n'est pas un fichier ordinaire")
            self._sftp.remove(str(chemin))
            return True

    # Rouages : à n'appeler que sous _translated()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Donne aux erreurs de paramiko nos noms et nos phrases."""
        try:
            yield
        except (TimeoutError, ConnectionError, EOFError, paramiko.SSHException, SFTPError) as erreur:
            raise TransientError("connexion coupée ou serveur muet : le geste sera refait") from erreur
        except FileNotFoundError as erreur:
            raise MissingError("le fichier n'est plus sur le serveur") from erreur
        except PermissionError as erreur:
            raise DeniedError("le serveur refuse ce geste à notre compte") from erreur
        except OSError as erreur:
            # paramiko lève OSError sans numéro aussi bien pour « échec » que pour « prise fermée ».
            if self._sftp.sock is None or self._sftp.sock.closed:
                raise TransientError("connexion coupée : le geste sera refait") from erreur
            raise DropError(
                "le serveur n'a pas pu faire ce geste (disque plein, fichier trop gros ou nom pris)"
            ) from erreur

    def _list(self, dossier: PurePosixPath) -> list[RemoteFile]:
        try:
            with self._translated():
                entrees = self._sftp.entries(str(dossier), ENTREES_MAX)
        except MissingError as erreur:
            raise MissingError("le dossier n'existe pas sur le serveur : ouvrez le compte de l'adhérent") from erreur
        return sorted((_remote_file(nom, attributs) for nom, attributs in entrees), key=lambda entree: entree.name)

    def _lstat(self, chemin: PurePosixPath) -> RemoteFile | None:
        try:
            return _remote_file(chemin.name, self._sftp.lstat(str(chemin)))
        except FileNotFoundError:
            return None

    def _fetch(self, chemin: PurePosixPath, sink: Sink, max_bytes: int) -> Fetched:
        empreinte, total = hashlib.sha256(), 0
        with self._translated():
            avant = self._lstat(chemin)
            if avant is None:
                raise MissingError("le fichier n'est plus sur le serveur")
            if avant.kind is not Kind.FICHIER:
                raise DeniedError("l'entrée n'est pas un fichier ordinaire")
            with self._sftp.open(str(chemin), "rb") as distant:
                # lstat ne suit pas les liens, open si : ce qui est ouvert doit être ce qui a été regardé.
                ouvert = _remote_file(chemin.name, distant.stat())
                if ouvert != avant:
                    raise ChangedError("le fichier a changé pendant la lecture")
                if ouvert.size > max_bytes:
                    raise TooBigError("le fichier dépasse la taille permise")
                while bloc := distant.read(BLOC):
                    total += len(bloc)
                    if total > max_bytes:
                        raise TooBigError("le fichier dépasse la taille permise")
                    empreinte.update(bloc)
                    sink.write(bloc)
        if total != avant.size:
            raise ChangedError("le fichier a changé de taille pendant la lecture")
        return Fetched(total, avant.mtime, empreinte.hexdigest())

    def _put(self, chemin: PurePosixPath, content: bytes) -> PutOutcome:
        self._ensure_folder(chemin.parent)
        present = self._lstat(chemin)
        if present is not None and present.size == len(content) and self._same_content(chemin, content):
            return PutOutcome.INCHANGE
        provisoire = chemin.with_name(layout.sending_name(chemin.name))
        with self._sftp.open(str(provisoire), "wb") as distant:
            distant.write(content)
        # paramiko tait un échec à la fermeture : seule la taille relue prouve que tout est arrivé.
        arrive = self._lstat(provisoire)
        if arrive is None or arrive.size != len(content):
            raise DropError("le serveur n'a pas gardé le document envoyé : rien n'a été remplacé")
        self._sftp.posix_rename(str(provisoire), str(chemin))
        return PutOutcome.DEPOSE if present is None else PutOutcome.REMPLACE

    def _same_content(self, chemin: PurePosixPath, content: bytes) -> bool:
        lu = io.BytesIO()
        try:
            return self._fetch(chemin, lu, len(content)).sha256 == hashlib.sha256(content).hexdigest()
        except (ChangedError, TooBigError, MissingError):
            return False

    def _rename(self, ancien: PurePosixPath, nouveau: PurePosixPath) -> None:
        try:
            self._sftp.rename(str(ancien), str(nouveau))
        except (FileNotFoundError, PermissionError):
            raise
        except OSError as erreur:
            if self._lstat(nouveau) is not None:
                raise AlreadyThereError("la place est déjà prise : rien n'a été écrasé") from erreur
            raise

    def _ensure_folder(self, dossier: PurePosixPath, droits: int = DROITS_DOSSIER) -> None:
        present = self._lstat(dossier)
        if present is not None:
            if present.kind is not Kind.DOSSIER:
                raise DeniedError("un fichier ou un lien tient la place d'un dossier attendu")
            return
        self._ensure_folder(dossier.parent)
        try:
            self._sftp.mkdir(str(dossier), droits)
        except OSError:
            if self._lstat(dossier) is None:  # sinon, créé entre-temps par une autre relève
                raise

    def _keep_only(self, dossier: PurePosixPath, voulus: set[PurePosixPath]) -> None:
        """Ôte d'un dossier provisoire ce qu'un envoi coupé, d'un autre contenu, y aurait laissé."""
        for entree in self._list(dossier):
            chemin = dossier / entree.name
            if entree.kind is Kind.DOSSIER:
                self._keep_only(chemin, voulus)
                if not any(voulu.is_relative_to(chemin) for voulu in voulus):
                    self._sftp.rmdir(str(chemin))
            elif chemin not in voulus:
                self._sftp.remove(str(chemin))

    def _remove_tree(self, dossier: PurePosixPath) -> None:
        if self._lstat(dossier) is not None:
            self._keep_only(dossier, set())
            self._sftp.rmdir(str(dossier))


def connect(settings: SftpSettings) -> DropClient:
    """Ouvre une connexion.

    Lève ``HostKeyRefusedError``, ``AuthRefusedError``, ``keys.KeyFileError``, ou ``TransientError`` (à réessayer).
    """
    ssh, sftp = open_session(settings)
    return DropClient(ssh, sftp, settings)


def backoff(tentative: int) -> None:
    """Attend 1, 2, 4… secondes, 30 au plus."""
    time.sleep(min(2 ** (tentative - 1), 30))


def retrying(
    settings: SftpSettings,
    work: Callable[[DropClient], T],
    *,
    attempts: int = 3,
    pause: Callable[[int], None] = backoff,
) -> T:
    """Fait ``work`` sur une connexion neuve, recommencé sur ``TransientError`` au plus ``attempts`` fois en tout."""
    for tentative in range(1, attempts):
        try:
            with connect(settings) as client:
                return work(client)
        except TransientError:
            pause(tentative)
    with connect(settings) as client:
        return work(client)


def _simple(nom: str) -> str:
    if nom in {"", ".", ".."} or "/" in nom:
        raise layout.InvalidNameError("un nom de fichier simple est attendu, sans barre oblique")
    return nom


def _remote_file(nom: str, attributs: paramiko.SFTPAttributes) -> RemoteFile:
    mode, taille, heure = attributs.st_mode, attributs.st_size, attributs.st_mtime
    if mode is not None and stat.S_ISDIR(mode):
        return RemoteFile(nom, 0, heure or 0, Kind.DOSSIER)
    if mode is None or not stat.S_ISREG(mode) or taille is None or heure is None:
        return RemoteFile(nom, taille or 0, heure or 0, Kind.AUTRE)
    return RemoteFile(nom, taille, heure, Kind.FICHIER)
