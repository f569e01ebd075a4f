"""Le décor de la démonstration : un dossier, un serveur SFTP à prisons, un serveur Prefect, rien hors du dossier."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from payroll.periods import Month
from sftp_drop import keys
from sftp_drop.accounts import Account, Accounts, ServiceAccount
from sftp_drop.server import EmbeddedServer

_SERVICE = "alpi"
_PATIENCE = 90
"""Secondes laissées au serveur Prefect pour répondre, sur une petite machine."""


@dataclass(frozen=True, slots=True)
class Decor:
    """Les dossiers de la démonstration."""

    racine: Path
    mois: Month

    @property
    def adherents(self) -> Path:
        """Les prisons : ``<code>/depot`` et ``<code>/retour/AAAA-MM``."""
        return self.racine / "adherents"

    def key(self, compte: str) -> Path:
        return self.racine / "cles" / compte

    @property
    def known_hosts(self) -> Path:
        return self.racine / "cles" / "known_hosts"

    @property
    def environment(self) -> dict[str, str]:
        """Les réglages de la démonstration ; l'horloge est figée pour que tout se rejoue à l'identique."""
        moment = datetime(self.mois.year, self.mois.month, 20, 9, 0, tzinfo=UTC)
        return {
            "PAIE_ENVIRONNEMENT": "demonstration",
            "PAIE_REPERTOIRE": str(self.racine / "registre"),
            "PAIE_BASE": "",
            "PAIE_HORLOGE_FIGEE": moment.isoformat(),
            "PAIE_PAUSE_ENTRE_REGARDS": "1",
            "PREFECT_HOME": str(self.racine / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_LOGGING_LEVEL": "WARNING",
        }


@contextmanager
def settings(values: Mapping[str, str]) -> Iterator[None]:
    """Pose ces réglages dans l'environnement du processus, et rend les anciens en sortant."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def sftp_server(decor: Decor, codes: Sequence[str]) -> Iterator[EmbeddedServer]:
    """Le serveur SFTP embarqué, un compte par adhérent et un de service ; ses réglages sont posés tant qu'il tourne."""
    accounts = Accounts(
        adherents=tuple(Account(code=code, cles=(keys.ensure(decor.key(code), code),)) for code in codes),
        service=ServiceAccount(utilisateur=_SERVICE, cles=(keys.ensure(decor.key(_SERVICE), _SERVICE),)),
    )
    with EmbeddedServer(decor.adherents, accounts, host_key_file=decor.key("hote")) as server:
        reglages = {
            "PAIE_SFTP_HOTE": server.host,
            "PAIE_SFTP_PORT": str(server.port),
            "PAIE_SFTP_UTILISATEUR": _SERVICE,
            "PAIE_SFTP_CLE_PRIVEE": str(decor.key(_SERVICE)),
            "PAIE_SFTP_EMPREINTE": server.fingerprint,
        }
        decor.known_hosts.write_text(f"{server.known_hosts_line}\n", encoding="ascii")
        with settings(reglages):
            yield server


@contextmanager
def prefect_server(decor: Decor) -> Iterator[str]:
    """Un serveur Prefect à lui seul ; rend son adresse. L'éphémère laisse ses processus se disputer SQLite."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    decor.racine.mkdir(parents=True, exist_ok=True)
    with (decor.racine / "prefect.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  (notre propre interpréteur, arguments fixes)
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            # Sans quoi la page, servie sur un autre port, interrogerait le serveur du port habituel.
            env={**os.environ, "PREFECT_SERVER_UI_API_URL": f"{url}/api"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_ready(url, process, decor.racine / "prefect.log")
            with settings({"PREFECT_API_URL": f"{url}/api"}):
                yield url
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Arrête un serveur, et le tue s'il n'a pas fini après quinze secondes."""
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/api/health", timeout=2):  # noqa: S310  (adresse locale)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise RuntimeError(f"le serveur Prefect n'a pas démarré : lisez {log}")


def free_port() -> int:
    """Un port libre de la boucle locale."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
