"""Le client SFTP de l'agence : peu de gestes, typés, chacun répétable sans dommage.

Un client s'obtient de ``connect``, qui vérifie la clé d'hôte.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from types import TracebackType
from typing import Protocol, Self, TypeVar

import paramiko
from paramiko.sftp import SFTPError

from sftp_drop import layout
from sftp_drop.connection import open_session
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
from sftp_drop.pipelined import RawSftp, Steps
from sftp_drop.settings import SftpSettings

T = TypeVar("T")

ENTREES_MAX = 10_000
"""Un dossier plus peuplé est lu par tranches, d'une relève à l'autre."""
DROITS_DOSSIER = 0o2750
"""Le bit de groupe garde au dossier le groupe de l'adhérent : c'est par lui qu'il lit ses documents."""
ENSEMBLE = 16
"""Adhérents relevés d'une même rafale : deux dossiers ouverts chacun, loin des 100 qu'OpenSSH admet par session."""


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
        self._verifies: set[PurePosixPath] = set()
        """Les dossiers déjà regardés par cette connexion : un aller-retour par dossier, pas par fichier."""
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

    @property
    def closed(self) -> bool:
        """Vrai pour une connexion coupée ou fermée : plus aucun geste n'y passera."""
        return self._sftp.sock is None or bool(self._sftp.sock.closed)

    # Prendre : chaque geste est en étapes, à jouer seul (``play``) ou avec ceux d'autres adhérents (``play_all``)

    def play(self, gesture: Steps[T]) -> T:
        """Joue un geste et rend ce qu'il rend, ou lève son erreur."""
        return self._sftp.play(gesture)

    def play_all(self, gestures: Sequence[Steps[T]]) -> list[T | Exception]:
        """Joue des gestes ensemble : dans leur ordre, ce que chacun rend ou l'erreur qui l'a arrêté."""
        return self._sftp.play_all(gestures)

    def list_depots(self, codes: Sequence[str]) -> list[list[RemoteFile] | Exception]:
        """Ce que contient le ``depot/`` de chacun, ou l'erreur qui empêche de le lire ; d'une même rafale."""
        return [
            listing
            for start in range(0, len(codes), ENSEMBLE)
            for listing in self.play_all([self.depot_of(code) for code in codes[start : start + ENSEMBLE]])
        ]

    def list_depot(self, code: str) -> list[RemoteFile]:
        """Ce que contient ``depot/``, trié par nom ; les liens symboliques y paraissent comme ``Kind.AUTRE``."""
        return self.play(self.depot_of(code))

    def depot_of(self, code: str) -> Steps[list[RemoteFile]]:
        """Le même regard, en étapes."""
        (depot,) = yield from self._list([layout.depot_folder(code, self.settings.racine)])
        return depot

    def list_both(self, code: str) -> Steps[tuple[list[RemoteFile], list[RemoteFile]]]:
        """``depot/`` et ``depot/pris/``, d'un seul regard ; ``pris/`` est vide s'il n'existe pas encore."""
        racine = self.settings.racine
        depot, pris = yield from self._list(
            [layout.depot_folder(code, racine), layout.pris_folder(code, racine)], facultatifs=1
        )
        return depot, pris

    def fetch(self, code: str, name: str, sink: Sink, max_bytes: int) -> Steps[Fetched]:
        """Lit un fichier de ``depot/`` ; ``TooBigError``, ``ChangedError``, ``MissingError`` ou ``TransientError``."""
        return self._fetch(layout.depot_folder(code, self.settings.racine) / _simple(name), sink, max_bytes)

    def fetch_pris(self, code: str, name: str, sink: Sink, max_bytes: int) -> Steps[Fetched]:
        """Lit un fichier de ``depot/pris/`` ; mêmes erreurs que ``fetch``."""
        return self._fetch(layout.pris_folder(code, self.settings.racine) / _simple(name), sink, max_bytes)

    def move_to_pris(self, code: str, name: str, target: str) -> Steps[None]:
        """Déplace ``depot/<name>`` vers ``depot/pris/<target>`` ; ``AlreadyThereError`` plutôt que d'écraser."""
        depot, pris = layout.depot_folder(code, self.settings.racine), layout.pris_folder(code, self.settings.racine)
        ancien, nouveau = depot / _simple(name), pris / _simple(target)
        with self._translated():
            self._ensure_folder(pris)
            yield from self._renaming(ancien, nouveau)

    def rename_pris(self, code: str, name: str, target: str) -> Steps[None]:
        """Renomme à l'intérieur de ``depot/pris/`` ; ``AlreadyThereError`` plutôt que d'écraser."""
        pris = layout.pris_folder(code, self.settings.racine)
        with self._translated():
            yield from self._renaming(pris / _simple(name), pris / _simple(target))

    # Rendre

    def put_return(self, code: str, relative_path: str, content: bytes) -> PutOutcome:
        """Pose un document sous ``retour/`` ; sans effet s'il y est déjà avec le même contenu."""
        with self._translated():
            chemin = layout.return_path(code, relative_path, self.settings.racine)
            return self._put_all({chemin: content})[chemin]

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
            present, reste = self._sftp.lstat_all([cible, provisoire])
            if present is not None:
                if reste is not None:  # d'un envoi coupé
                    self._remove_tree(provisoire)
                faits = self._put_all({cible / chemin: documents[relatif] for relatif, chemin in relatifs.items()})
                return {relatif: faits[cible / chemin] for relatif, chemin in relatifs.items()}
            # Fermé jusqu'au renommage : un serveur qui montre les noms à point ne doit pas montrer un mois incomplet.
            self._ensure_folder(provisoire, 0o700)
            self._keep_only(provisoire, {provisoire / chemin for chemin in relatifs.values()})
            self._put_all({provisoire / chemin: documents[relatif] for relatif, chemin in relatifs.items()})
            self._sftp.chmod(str(provisoire), DROITS_DOSSIER)
            self._rename(provisoire, cible)
            self._verifies = {dossier for dossier in self._verifies if not dossier.is_relative_to(provisoire)}
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
            if self.closed:
                raise TransientError("connexion coupée : le geste sera refait") from erreur
            raise DropError(
                "le serveur n'a pas pu faire ce geste (disque plein, fichier trop gros ou nom pris)"
            ) from erreur

    def _list(self, dossiers: Sequence[PurePosixPath], *, facultatifs: int = 0) -> Steps[list[list[RemoteFile]]]:
        """Ce que contient chaque dossier, trié par nom ; les ``facultatifs`` derniers peuvent manquer."""
        listes = []
        with self._translated():
            lus = yield from self._sftp.entries(dossiers, ENTREES_MAX)
        for rang, (dossier, lu) in enumerate(zip(dossiers, lus, strict=True)):
            if isinstance(lu, FileNotFoundError) and rang >= len(dossiers) - facultatifs:
                lu = []
            if isinstance(lu, FileNotFoundError):
                raise MissingError("le dossier n'existe pas sur le serveur : ouvrez le compte de l'adhérent") from lu
            with self._translated():
                if isinstance(lu, OSError):
                    raise lu
            entrees = [_remote_file(nom, attributs) for nom, attributs in lu]
            self._verifies |= {dossier / entree.name for entree in entrees if entree.kind is Kind.DOSSIER}
            listes.append(sorted(entrees, key=lambda entree: entree.name))
        return listes

    def _lstat(self, chemin: PurePosixPath) -> RemoteFile | None:
        try:
            return _remote_file(chemin.name, self._sftp.lstat(str(chemin)))
        except FileNotFoundError:
            return None

    def _fetch(self, chemin: PurePosixPath, sink: Sink, max_bytes: int) -> Steps[Fetched]:
        empreinte, total = hashlib.sha256(), 0
        apres: paramiko.SFTPAttributes | None = None
        with self._translated():
            regarde, ouvert = yield from self._sftp.look_and_open(chemin)
            try:
                avant = _to_fetch(chemin.name, regarde, max_bytes)
                fini = False
                while not fini and total <= avant.size:
                    lu = yield from self._sftp.read_span(chemin, ouvert, total, avant.size)
                    # lstat ne suit pas les liens, open si : ce qui est ouvert doit être ce qui a été regardé.
                    if not total and _remote_file(chemin.name, lu.attributes) != avant:
                        raise ChangedError("le fichier a changé pendant la lecture")
                    apres, fini, total = lu.named, lu.ended, total + len(lu.content)
                    if total > max_bytes:
                        raise TooBigError("le fichier dépasse la taille permise")
                    empreinte.update(lu.content)
                    sink.write(lu.content)
            finally:
                self._sftp.forget(ouvert)
        if total != avant.size:
            raise ChangedError("le fichier a changé de taille pendant la lecture")
        if apres is None or _remote_file(chemin.name, apres) != avant:
            raise ChangedError("le fichier a changé pendant la lecture")
        return Fetched(total, avant.mtime, empreinte.hexdigest())

    def _put_all(self, documents: Mapping[PurePosixPath, bytes]) -> dict[PurePosixPath, PutOutcome]:
        """Pose chaque document sous un nom provisoire, puis tous paraissent : ceux que le serveur garde entiers."""
        for dossier in sorted({chemin.parent for chemin in documents}):
            self._ensure_folder(dossier)
        chemins = list(documents)
        presents = dict(zip(chemins, self._sftp.lstat_all(chemins), strict=True))
        faits = {chemin: PutOutcome.DEPOSE if presents[chemin] is None else PutOutcome.REMPLACE for chemin in chemins}
        for chemin, attributs in presents.items():
            meme_taille = attributs is not None and attributs.st_size == len(documents[chemin])
            if meme_taille and self._same_content(chemin, documents[chemin]):
                faits[chemin] = PutOutcome.INCHANGE
        envois = {
            chemin.with_name(layout.sending_name(chemin.name)): chemin
            for chemin in chemins
            if faits[chemin] is not PutOutcome.INCHANGE
        }
        gardes = self._sftp.write_all({provisoire: documents[chemin] for provisoire, chemin in envois.items()})
        # Un échec peut ne se dire qu'à la fermeture : seule la taille relue prouve que tout est arrivé.
        if any(gardes[provisoire] != len(documents[chemin]) for provisoire, chemin in envois.items()):
            raise DropError("le serveur n'a pas gardé le document envoyé : rien n'a été remplacé")
        self._sftp.replace_all(envois)
        return faits

    def _same_content(self, chemin: PurePosixPath, content: bytes) -> bool:
        lu = io.BytesIO()
        try:
            return self.play(self._fetch(chemin, lu, len(content))).sha256 == hashlib.sha256(content).hexdigest()
        except (ChangedError, TooBigError, MissingError):
            return False

    def _rename(self, ancien: PurePosixPath, nouveau: PurePosixPath) -> None:
        self.play(self._renaming(ancien, nouveau))

    def _renaming(self, ancien: PurePosixPath, nouveau: PurePosixPath) -> Steps[None]:
        try:
            yield from self._sftp.rename_one(ancien, nouveau)
        except (FileNotFoundError, PermissionError):
            raise
        except OSError as erreur:
            if self._lstat(nouveau) is not None:
                raise AlreadyThereError("la place est déjà prise : rien n'a été écrasé") from erreur
            raise

    def _ensure_folder(self, dossier: PurePosixPath, droits: int = DROITS_DOSSIER) -> None:
        if dossier in self._verifies:
            return
        present = self._lstat(dossier)
        if present is not None:
            if present.kind is not Kind.DOSSIER:
                raise DeniedError("un fichier ou un lien tient la place d'un dossier attendu")
            self._verifies.add(dossier)
            return
        self._ensure_folder(dossier.parent)
        try:
            self._sftp.mkdir(str(dossier), droits)
        except OSError:
            if self._lstat(dossier) is None:  # sinon, créé entre-temps par une autre relève
                raise

    def _keep_only(self, dossier: PurePosixPath, voulus: set[PurePosixPath]) -> None:
        """Ôte d'un dossier provisoire ce qu'un envoi coupé, d'un autre contenu, y aurait laissé."""
        for entree in self.play(self._list([dossier]))[0]:
            chemin = dossier / entree.name
            if entree.kind is Kind.DOSSIER:
                self._keep_only(chemin, voulus)
                if not any(voulu.is_relative_to(chemin) for voulu in voulus):
                    self._sftp.rmdir(str(chemin))
            elif chemin not in voulus:
                self._sftp.remove(str(chemin))

    def _remove_tree(self, dossier: PurePosixPath) -> None:
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


def _to_fetch(nom: str, regarde: paramiko.SFTPAttributes | None, max_bytes: int) -> RemoteFile:
    """Le fichier tel que regardé ; lève ce qui empêche de le lire."""
    if regarde is None:
        raise MissingError("le fichier n'est plus sur le serveur")
    fichier = _remote_file(nom, regarde)
    if fichier.kind is not Kind.FICHIER:
        raise DeniedError("l'entrée n'est pas un fichier ordinaire")
    if fichier.size > max_bytes:
        raise TooBigError("le fichier dépasse la taille permise")
    return fichier


def _remote_file(nom: str, attributs: paramiko.SFTPAttributes) -> RemoteFile:
    mode, taille, heure = attributs.st_mode, attributs.st_size, attributs.st_mtime
    if mode is not None and stat.S_ISDIR(mode):
        return RemoteFile(nom, 0, heure or 0, Kind.DOSSIER)
    if mode is None or not stat.S_ISREG(mode) or taille is None or heure is None:
        return RemoteFile(nom, taille or 0, heure or 0, Kind.AUTRE)
    return RemoteFile(nom, taille, heure, Kind.FICHIER)
