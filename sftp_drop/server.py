"""Le serveur SFTP embarqué, pour la démonstration et les tests : un vrai serveur, sur TCP, un fil par connexion.

Il n'offre que le sous-système ``sftp`` : ni commande, ni terminal, ni redirection de port.
En ligne de commande : ``python -m sftp_drop.server --racine DOSSIER --port PORT --comptes comptes.json``.
Le journal ne porte que des codes d'adhérents, des tailles et des comptes : un nom de fichier peut nommer un agent.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)

from sftp_drop import keys, layout
from sftp_drop.accounts import Accounts, AccountsError
from sftp_drop.jail import Jail
from sftp_drop.session import DropSession, ServerLimits, Shared

NOM_CLE_HOTE = ".cle_hote_ed25519"
DELAI_ACCUEIL = 30.0
"""Secondes laissées à un client pour s'identifier."""
CANAUX_MAX = 8

journal = logging.getLogger("sftp_drop.serveur")
# Les journaux de paramiko citent chemins et noms de fichiers : on garde les nôtres, qui n'en citent pas.
logging.getLogger("sftp_drop.paramiko").setLevel(logging.CRITICAL + 1)


class _Door(paramiko.ServerInterface):
    """Qui entre. Pour le reste, paramiko refuse par défaut commande, terminal, redirection et autre sous-système."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        self.utilisateur = ""
        self.entered = threading.Event()
        self.canaux = 0

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "publickey,password" if self.accounts.mots_de_passe_permis else "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        # paramiko appelle ceci pour la question puis pour la preuve ; il vérifie lui-même la signature ensuite.
        return self._answer(username, self.accounts.accepts_key(username, key))

    def check_auth_password(self, username: str, password: str) -> int:
        return self._answer(username, self.accounts.accepts_password(username, password))

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        if kind != "session" or self.canaux >= CANAUX_MAX:
            return OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        self.canaux += 1
        return OPEN_SUCCEEDED

    def _answer(self, utilisateur: str, permis: bool) -> int:
        if not permis:
            # Le nom essayé n'est pas journalisé : on y tape parfois son mot de passe par erreur.
            journal.warning("connexion refusée : compte inconnu ou clé non reconnue")
            return AUTH_FAILED
        self.utilisateur = utilisateur
        self.entered.set()
        return AUTH_SUCCESSFUL


class _Subsystem(paramiko.SFTPServer):
    """Le sous-système sftp, dans la prison du compte qui vient d'entrer."""

    def __init__(self, channel: paramiko.Channel, name: str, server: _Door, root: Path, shared: Shared) -> None:
        service = server.accounts.is_service(server.utilisateur)
        jail = Jail(root, None if service else server.utilisateur, server.accounts.codes)
        super().__init__(channel, name, server, DropSession, jail, shared)


class EmbeddedServer:
    """Un serveur SFTP sur ``host:port`` (port 0 : choisi par le système), à utiliser avec ``with``."""

    def __init__(
        self,
        root: Path,
        accounts: Accounts,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        limits: ServerLimits | None = None,
        host_key_file: Path | None = None,
    ) -> None:
        self.root = root
        self.accounts = accounts
        self.host = host
        self.port = port
        self.limits = limits or ServerLimits()
        self._host_key_file = host_key_file or root / NOM_CLE_HOTE
        self._shared = Shared(self.limits, journal.info)
        self._transports: list[paramiko.Transport] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._host_key: paramiko.PKey | None = None

    def start(self) -> Self:
        """Prépare prisons et clé d'hôte, efface les envois coupés d'un arrêt brutal, puis écoute."""
        self.root.mkdir(parents=True, exist_ok=True)
        for code in sorted(self.accounts.codes):
            layout.ensure_jail(self.root, code)
        keys.ensure(self._host_key_file, "serveur-embarque")
        self._host_key = keys.read_private(self._host_key_file)
        restes = self.clean_partials()
        if restes:
            journal.warning("%d envoi(s) coupé(s) par un arrêt du serveur, effacé(s) : à redéposer", restes)
        self._listener = socket.create_server((self.host, self.port))
        self.port = int(self._listener.getsockname()[1])
        self._stopping.clear()
        self._thread = threading.Thread(target=self._accept_loop, name="sftp-accueil", daemon=True)
        self._thread.start()
        journal.info(
            "serveur SFTP ouvert sur %s:%d pour %d adhérent(s)", self.host, self.port, len(self.accounts.codes)
        )
        return self

    def stop(self) -> None:
        """Ferme l'écoute et coupe toutes les connexions ; un envoi en cours est perdu pour le client, qui le voit."""
        self._stopping.set()
        if self._listener is not None:
            # shutdown réveille accept() ; close seul le laisserait endormi sous Linux.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self.disconnect_all()

    def disconnect_all(self) -> None:
        """Coupe les connexions ouvertes sans fermer l'écoute."""
        with self._lock:
            transports, self._transports = self._transports, []
        for transport in transports:
            transport.close()

    def clean_partials(self) -> int:
        """Efface les envois restés partiels après un arrêt brutal et en donne le nombre."""
        restes = 0
        for code in self.accounts.codes:
            for dossier, _, noms in os.walk(self.root / code):
                for nom in filter(layout.is_partial, noms):
                    Path(dossier, nom).unlink(missing_ok=True)
                    restes += 1
        return restes

    @property
    def fingerprint(self) -> str:
        """L'empreinte ``SHA256:…`` de la clé d'hôte, à donner au client."""
        return keys.fingerprint(self._key())

    @property
    def known_hosts_line(self) -> str:
        """La ligne ``known_hosts`` de ce serveur."""
        return keys.known_hosts_line(self.host, self.port, self._key())

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _key(self) -> paramiko.PKey:
        if self._host_key is None:
            raise RuntimeError("le serveur n'a pas encore démarré : sa clé d'hôte n'est pas connue")
        return self._host_key

    def _accept_loop(self) -> None:
        listener = self._listener
        while listener is not None and not self._stopping.is_set():
            try:
                connexion, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._transports = [transport for transport in self._transports if transport.is_active()]
                plein = len(self._transports) >= self.limits.connexions_max
            if plein:
                journal.warning("trop de connexions à la fois : une connexion refusée")
                connexion.close()
                continue
            threading.Thread(target=self._welcome, args=(connexion,), name="sftp-client", daemon=True).start()

    def _welcome(self, connexion: socket.socket) -> None:
        """Mène une connexion jusqu'à l'identification ; ensuite, paramiko la sert dans ses propres fils."""
        door = _Door(self.accounts)
        try:
            # Les réponses sont petites : le système ne doit pas retenir la seconde jusqu'à l'accusé de la première.
            connexion.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            transport = paramiko.Transport(connexion)
            transport.set_log_channel("sftp_drop.paramiko")
            transport.add_server_key(self._key())
            transport.set_subsystem_handler("sftp", _Subsystem, self.root, self._shared)
            with self._lock:
                self._transports.append(transport)
            transport.start_server(server=door)
        except (paramiko.SSHException, EOFError, OSError):
            connexion.close()
            return
        if not door.entered.wait(DELAI_ACCUEIL) or self._stopping.is_set():
            transport.close()


def main(arguments: list[str] | None = None) -> int:
    """Sert jusqu'à SIGINT ou SIGTERM ; 0 à l'arrêt demandé, 2 si les comptes ou la clé sont refusés."""
    lecteur = argparse.ArgumentParser(prog="python -m sftp_drop.server", description="Serveur SFTP de démonstration.")
    lecteur.add_argument("--racine", type=Path, required=True, help="dossier qui contient les prisons des adhérents")
    lecteur.add_argument("--comptes", type=Path, required=True, help="fichier JSON des comptes")
    lecteur.add_argument("--port", type=int, default=2222, help="port TCP (0 : au choix du système)")
    lecteur.add_argument("--hote", default="127.0.0.1", help="adresse d'écoute (par défaut : cette machine seulement)")
    options = lecteur.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    arret = threading.Event()
    for signal_recu in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_recu, lambda *_: arret.set())
    try:
        with EmbeddedServer(options.racine, Accounts.load(options.comptes), options.port, host=options.hote) as serveur:
            sys.stdout.write(f"Serveur SFTP prêt : {serveur.host}:{serveur.port}, empreinte {serveur.fingerprint}\n")
            sys.stdout.flush()
            arret.wait()
    except (AccountsError, keys.KeyFileError, layout.InvalidNameError, OSError) as erreur:
        sys.stderr.write(f"Le serveur SFTP ne peut pas démarrer : {erreur}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
