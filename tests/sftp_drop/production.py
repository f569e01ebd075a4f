"""Un dépôt de production pour les essais : un vrai sshd, de vrais comptes du système, ôtés à la fin."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import paramiko

from sftp_drop import keys
from sftp_drop.openssh import Installation, apply, observe, plan_installation, plan_open
from sftp_drop.openssh.steps import File, Step

SSHD = shutil.which("sshd", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin")))


@dataclass
class Production:
    """Le serveur en marche, ses deux adhérents et de quoi s'y connecter."""

    installation: Installation
    a: str
    b: str
    cles: Path
    journal: Path
    sessions: ExitStack

    def jail(self, code: str) -> Path:
        return self.installation.racine / code

    def transport(self, login: str, key: str) -> paramiko.Transport:
        transport = paramiko.Transport(("127.0.0.1", self.installation.port))
        self.sessions.callback(transport.close)
        transport.connect(username=login, pkey=keys.read_private(self.cles / key))
        return transport

    def sftp(self, login: str, key: str | None = None) -> paramiko.SFTPClient:
        found = paramiko.SFTPClient.from_transport(self.transport(login, key or login))
        assert found is not None
        found.get_channel().settimeout(10)  # type: ignore[union-attr]
        return found


def elsewhere(steps: Sequence[Step], etc: Path) -> list[Step]:
    """Les mêmes pas, sans toucher au ``/etc`` de la machine d'essai."""
    return [
        File(etc / step.path.name, step.content, step.mode)
        if isinstance(step, File) and step.path.is_relative_to("/etc")
        else step
        for step in steps
    ]


@contextmanager
def production() -> Iterator[Production]:
    """Installe, ouvre deux comptes, démarre sshd ; à la fin, arrête et ôte comptes et groupes."""
    # Pas sous /tmp : sshd exige que tout dossier au-dessus d'une prison soit à root, fermé à l'écriture des autres.
    base = Path(tempfile.mkdtemp(prefix="paie-essais-", dir="/var/lib"))
    base.chmod(0o755)
    mark = secrets.token_hex(3)
    a, b, service, groupe = (f"essai-{name}-{mark}" for name in ("a", "b", "alpi", "groupe"))
    with socket.create_server(("127.0.0.1", 0)) as libre:
        port = libre.getsockname()[1]
    installation = Installation(
        racine=base / "srv",
        reglages=base / "etc",
        groupe=groupe,
        service=service,
        ecoute="127.0.0.1",
        port=port,
        pid=base / "sshd.pid",
        pam=False,
    )
    cles = base / "cles"
    try:
        steps = plan_installation(installation, [keys.generate(cles / service)])
        apply(elsewhere(steps, base / "ailleurs"))
        for code in (a, b):
            line = keys.generate(cles / code, f"secretaire-{code}")
            apply(plan_open(installation, code, [line], observe(installation, code)))
        Path("/run/sshd").mkdir(exist_ok=True)
        with ExitStack() as sessions, _sshd(installation, base / "sshd.log"):
            yield Production(installation, a, b, cles, base / "sshd.log", sessions)
    finally:
        for login in (a, b, service):
            subprocess.run(["/usr/sbin/userdel", login], check=False, capture_output=True)
        for group in (a, b, service, groupe):
            subprocess.run(["/usr/sbin/groupdel", group], check=False, capture_output=True)
        shutil.rmtree(base, ignore_errors=True)


@contextmanager
def _sshd(installation: Installation, journal: Path) -> Iterator[None]:
    assert SSHD is not None
    with journal.open("wb") as log:
        process = subprocess.Popen([SSHD, "-D", "-e", "-f", installation.configuration], stderr=log)
        try:
            deadline = time.monotonic() + 15
            while not _listens(installation.port):
                assert process.poll() is None, journal.read_text()
                assert time.monotonic() < deadline, "sshd n'écoute pas"
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(timeout=15)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
