"""Couper n'importe où, puis recommencer : rien de perdu, rien pris deux fois, aucun document à moitié posé."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import paramiko
import pytest

from sftp_drop import pipelined
from sftp_drop.client import DropClient, connect
from sftp_drop.errors import TransientError
from sftp_drop.give import GiveIssue, Outgoing, give_all
from sftp_drop.server import EmbeddedServer
from sftp_drop.settings import SftpSettings
from sftp_drop.take import StoredOutcome, take_all

pytestmark = pytest.mark.crash

A = "valfleuri"
T0 = 1_790_000_000
CONTENUS = {"a.csv": b"contenu a", "b.csv": b"contenu b"}
REGARD = {nom: (len(octets), T0) for nom, octets in CONTENUS.items()}


class Mort(BaseException):
    """Le processus meurt : aucun ``except`` du programme ne doit la retenir."""


class Mourant:
    """Compte les gestes (client et magasin) et meurt au n-ième, juste avant ou juste après l'avoir fait."""

    def __init__(self, client: object, mort_au: int, apres: bool) -> None:
        self._client = client
        self._reste = mort_au
        self._apres = apres

    def pas(self, geste: Callable[..., object]) -> Callable[..., object]:
        def fait(*args: object, **options: object) -> object:
            self._reste -= 1
            if self._reste == 0 and not self._apres:
                raise Mort
            rendu = geste(*args, **options)
            if isinstance(rendu, Generator):
                return self._jusqu_au_bout(rendu)
            if self._reste == 0:
                raise Mort
            return rendu

        return fait

    def _jusqu_au_bout(self, etapes: Generator) -> Generator:
        """Un geste en étapes n'est fait qu'à la dernière : c'est là qu'on meurt « juste après »."""
        mourir = self._reste == 0
        rendu = yield from etapes
        if mourir:
            raise Mort
        return rendu

    def __getattr__(self, nom: str) -> object:
        valeur = getattr(self._client, nom)
        # « play_all » mène les autres gestes : ce sont eux qu'on compte.
        return self.pas(valeur) if callable(valeur) and nom != "play_all" else valeur


def _vider(racine: Path) -> None:
    for dossier in (racine / A / "depot", racine / A / "depot" / "pris", racine / A / "retour"):
        for entree in dossier.iterdir():
            if entree.is_file():
                entree.unlink()
            elif entree.name != "pris":
                shutil.rmtree(entree)


def _verifier_prises(racine: Path, coffre) -> None:
    """Chaque contenu gardé une fois, archivé une fois, et plus rien dans le dépôt."""
    archives = list((racine / A / "depot" / "pris").iterdir())
    assert coffre.valeurs == sorted(CONTENUS.values())
    assert sorted(archive.read_bytes() for archive in archives) == sorted(CONTENUS.values())
    for archive in archives:
        assert hashlib.sha256(archive.read_bytes()).hexdigest()[:8] == archive.name.split("-")[2]
    assert [entree.name for entree in (racine / A / "depot").iterdir()] == ["pris"]


@pytest.mark.parametrize("apres", [False, True])
@pytest.mark.parametrize("remplace", [False, True])
def test_mourir_a_chaque_geste_de_la_releve_puis_recommencer(
    nouveau_coffre, service: DropClient, poser, racine: Path, apres: bool, remplace: bool
) -> None:
    """Variante : pendant la coupure, la mairie a redéposé un autre contenu sous un nom déjà pris."""
    for mort_au in range(1, 100):
        _vider(racine)
        coffre = nouveau_coffre()
        for nom, octets in CONTENUS.items():
            poser(nom, octets)
        mourant = Mourant(service, mort_au, apres)
        try:
            take_all(mourant, A, store=mourant.pas(coffre), previous=REGARD)
        except Mort:
            mort = True
        else:
            mort = False
        if remplace and not (racine / A / "depot" / "a.csv").exists():
            poser("a.csv", b"nouvelle version")
        regard = take_all(service, A, store=coffre, previous={}).look
        take_all(service, A, store=coffre, previous=regard)
        if remplace:
            assert set(CONTENUS.values()) <= set(coffre.valeurs) <= {*CONTENUS.values(), b"nouvelle version"}
            assert [entree.name for entree in (racine / A / "depot").iterdir()] == ["pris"]
        else:
            _verifier_prises(racine, coffre)
        if not mort:
            break
    assert mort_au > 10
    assert not mort


@pytest.mark.parametrize("apres", [False, True])
def test_remplacer_au_deplacement_puis_mourir_ne_perd_aucun_contenu(
    nouveau_coffre, service: DropClient, poser, racine: Path, apres: bool
) -> None:
    class Remplace(Mourant):
        def move_to_pris(self, *args: str) -> object:
            poser("a.csv", b"CONTENU A")
            return self._client.move_to_pris(*args)

    for mort_au in range(1, 30):
        _vider(racine)
        coffre = nouveau_coffre()
        poser("a.csv", CONTENUS["a.csv"])
        mourant = Mourant(Remplace(service, 10**6, False), mort_au, apres)
        try:
            take_all(mourant, A, store=mourant.pas(coffre), previous=REGARD)
            mort = False
        except Mort:
            mort = True
        regard = take_all(service, A, store=coffre, previous={}).look
        take_all(service, A, store=coffre, previous=regard)
        (archive,) = (racine / A / "depot" / "pris").iterdir()
        assert archive.read_bytes() in coffre.valeurs
        if not mort:
            break
    assert coffre.valeurs == [b"CONTENU A", b"contenu a"]


@contextlib.contextmanager
def _mandataire(cible: int, octets: int, sens: str) -> Iterator[int]:
    """Un relais TCP qui coupe les deux côtés après ``octets`` octets dans le sens dit."""
    ecoute = socket.create_server(("127.0.0.1", 0))
    prises: list[socket.socket] = []

    def couper() -> None:
        for prise in prises:
            with contextlib.suppress(OSError):
                prise.shutdown(socket.SHUT_RDWR)

    def relayer(source: socket.socket, but: socket.socket, reste: int) -> None:
        with contextlib.suppress(OSError):
            while reste > 0 and (bloc := source.recv(min(reste, 65536))):
                but.sendall(bloc)
                reste -= len(bloc)
        couper()

    def accueillir() -> None:
        with contextlib.suppress(OSError):
            client, _ = ecoute.accept()
            serveur = socket.create_connection(("127.0.0.1", cible))
            prises.extend((client, serveur))
            infini = 10**12
            descente = (serveur, client, octets if sens == "descente" else infini)
            montee = (client, serveur, octets if sens == "montée" else infini)
            for relais in (descente, montee):
                threading.Thread(target=relayer, args=relais, daemon=True).start()

    threading.Thread(target=accueillir, daemon=True).start()
    try:
        yield int(ecoute.getsockname()[1])
    finally:
        couper()
        ecoute.close()
        for prise in prises:
            prise.close()


def _coupures(total_suppose: int) -> list[int]:
    """Des coupures de la poignée de main jusqu'au-delà de la fin."""
    return [0, 21, 500, 1500, *range(2000, total_suppose, 1111)]


@pytest.mark.parametrize("sens", ["descente", "montée"])
def test_couper_le_reseau_apres_n_octets_de_releve(
    nouveau_coffre, service: DropClient, serveur: EmbeddedServer, reglages: SftpSettings, poser, racine: Path, sens: str
) -> None:
    issues = set()
    for octets in _coupures(9000 if sens == "descente" else 8000):
        _vider(racine)
        coffre = nouveau_coffre()
        for nom, contenu in CONTENUS.items():
            poser(nom, contenu)
        with _mandataire(serveur.port, octets, sens) as port:
            try:
                with connect(reglages.model_copy(update={"port": port, "maintien": 0})) as client:
                    issues.add(take_all(client, A, store=coffre, previous=REGARD).interrupted)
            except TransientError:
                issues.add("jamais entré")
        for archive in (racine / A / "depot" / "pris").iterdir():
            assert archive.read_bytes() in coffre.valeurs, "archivé sans être gardé"
        regard = take_all(service, A, store=coffre, previous={}).look
        take_all(service, A, store=coffre, previous=regard)
        _verifier_prises(racine, coffre)
    assert {True, "jamais entré"} <= issues


def _documents() -> list[Outgoing]:
    contenus = {f"2026-11/bulletins/{rang}.pdf": bytes([rang]) * 3000 for rang in range(3)}
    contenus["2026-11/journal.xlsx"] = b"journal" * 300
    return [
        Outgoing(chemin, lambda octets=octets: octets, hashlib.sha256(octets).hexdigest())
        for chemin, octets in contenus.items()
    ]


def test_couper_le_reseau_apres_n_octets_de_restitution(
    service: DropClient,
    serveur: EmbeddedServer,
    reglages: SftpSettings,
    mairie: paramiko.SFTPClient,
    racine: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """L'adhérent voit tout le dossier ou rien, et refaire l'envoi l'achève."""
    # Une demande à la fois : en une rafale, quatre petits documents passeraient tous ou aucun.
    monkeypatch.setattr(pipelined, "EN_VOL", 1)
    coupes = acheves = 0
    for octets in _coupures(26_000)[::2]:
        _vider(racine)
        with _mandataire(serveur.port, octets, "montée") as port, contextlib.suppress(TransientError):
            par_le_relais = reglages.model_copy(update={"port": port, "maintien": 0})
            with connect(par_le_relais) as client:
                give_all(client, A, _documents())
                acheves += 1
        coupes += bool(list((racine / A / "retour").glob(".*/**/*.pdf*")))
        if mairie.listdir("/retour"):
            assert mairie.listdir("/retour/2026-11") == ["bulletins", "journal.xlsx"]
            assert mairie.listdir("/retour/2026-11/bulletins") == ["0.pdf", "1.pdf", "2.pdf"]
        issues = {sort.issue for sort in give_all(service, A, _documents())}
        assert issues in ({GiveIssue.DEPOSE}, {GiveIssue.INCHANGE})
        for document in _documents():
            assert (racine / A / "retour" / document.relative_path).read_bytes() == document.content()
        assert [entree.name for entree in (racine / A / "retour").iterdir()] == ["2026-11"]
    assert coupes >= 2
    assert acheves >= 1


def test_un_magasin_qui_repond_deja_recu_laisse_archiver(service: DropClient, poser, racine: Path) -> None:
    """Gardé avant la coupure, le fichier encore au dépôt est archivé sans être compté deux fois."""
    poser("a.csv", CONTENUS["a.csv"])
    rapport = take_all(service, A, store=lambda *_: StoredOutcome.DEJA_RECU, previous=REGARD)

    assert [sort.stored for sort in rapport.outcomes] == [StoredOutcome.DEJA_RECU, None]
    assert len(list((racine / A / "depot" / "pris").iterdir())) == 1
