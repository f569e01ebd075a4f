"""Un vrai serveur embarqué et de vrais clients, sur la boucle locale, avec deux adhérents fictifs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import paramiko
import pytest

from sftp_drop import keys
from sftp_drop.accounts import Account, Accounts, ServiceAccount
from sftp_drop.client import DropClient, connect
from sftp_drop.server import EmbeddedServer
from sftp_drop.session import ServerLimits
from sftp_drop.settings import SftpSettings
from sftp_drop.take import StoredOutcome

A = "valfleuri"
B = "rocheclaire"
LIMITES = ServerLimits(taille_max=100_000, depot_max=250_000, depot_fichiers_max=40)


class Coffre:
    """Un magasin de contenus rangés par empreinte, comme le sera la base."""

    def __init__(self) -> None:
        self.contenus: dict[str, bytes] = {}
        self.appels: list[str] = []

    def __call__(self, contenu: bytes, nom: str, sha256: str, taille: int) -> StoredOutcome:
        assert len(contenu) == taille
        self.appels.append(nom)
        if sha256 in self.contenus:
            return StoredOutcome.DEJA_RECU
        self.contenus[sha256] = contenu
        return StoredOutcome.NOUVEAU

    @property
    def valeurs(self) -> list[bytes]:
        return sorted(self.contenus.values())


@pytest.fixture(scope="session")
def cles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dossier = tmp_path_factory.mktemp("cles")
    for nom in ("service", A, B, "etrangere", "hote"):
        keys.generate(dossier / nom)
    return dossier


@pytest.fixture(scope="session")
def comptes(cles: Path) -> Accounts:
    return Accounts(
        adherents=tuple(Account(code=code, cles=(keys.ensure(cles / code),)) for code in (A, B)),
        service=ServiceAccount(cles=(keys.ensure(cles / "service"),)),
    )


@pytest.fixture
def racine(tmp_path: Path) -> Path:
    return tmp_path / "racine"


@pytest.fixture
def serveur(racine: Path, comptes: Accounts, cles: Path) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(racine, comptes, limits=LIMITES, host_key_file=cles / "hote") as ouvert:
        yield ouvert


@pytest.fixture
def reglages(serveur: EmbeddedServer, cles: Path) -> SftpSettings:
    return SftpSettings(port=serveur.port, cle_privee=cles / "service", empreinte=serveur.fingerprint, delai=5)


@pytest.fixture
def service(reglages: SftpSettings) -> Iterator[DropClient]:
    """Le client de l'agence."""
    with connect(reglages) as client:
        yield client


@pytest.fixture
def ouvrir(serveur: EmbeddedServer, cles: Path) -> Iterator[Callable[..., paramiko.SFTPClient]]:
    """Ouvre une session SFTP ordinaire, comme le ferait WinSCP, pour l'adhérent donné."""
    with ExitStack() as pile:

        def _ouvrir(code: str = A, cle: str | None = None) -> paramiko.SFTPClient:
            transport = paramiko.Transport((serveur.host, serveur.port))
            pile.callback(transport.close)
            transport.connect(username=code, pkey=keys.read_private(cles / (cle or code)))
            sftp = paramiko.SFTPClient.from_transport(transport)
            assert sftp is not None
            sftp.get_channel().settimeout(5)  # type: ignore[union-attr]
            return sftp

        yield _ouvrir


@pytest.fixture
def mairie(ouvrir: Callable[..., paramiko.SFTPClient]) -> paramiko.SFTPClient:
    return ouvrir(A)


@pytest.fixture
def coffre() -> Coffre:
    return Coffre()


@pytest.fixture
def nouveau_coffre() -> type[Coffre]:
    return Coffre


@pytest.fixture
def poser(racine: Path, serveur: EmbeddedServer) -> Callable[..., Path]:
    """Pose un fichier sur le disque du serveur, à l'heure dite, comme le ferait un autre serveur SFTP."""

    def _poser(nom: str | bytes, contenu: bytes, mtime: int = 1_790_000_000, code: str = A) -> Path:
        chemin = racine / code / "depot" / os.fsdecode(nom)
        chemin.write_bytes(contenu)
        os.utime(chemin, (mtime, mtime))
        return chemin

    return _poser


@pytest.fixture
def bientot() -> Callable[[Callable[[], object]], None]:
    """Attend qu'une chose devienne vraie : un fil du serveur a le droit de prendre son temps."""

    def _bientot(vrai: Callable[[], object]) -> None:
        fin = time.monotonic() + 10
        while not vrai():
            assert time.monotonic() < fin, "la chose attendue n'est pas arrivée"
            time.sleep(0.01)

    return _bientot
