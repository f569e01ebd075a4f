"""Un vrai sshd sur la boucle locale, à lui seul, le temps d'une mesure : celui que l'agence aura en production."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sftp_drop import keys
from sftp_drop.settings import SftpSettings

_DOSSIERS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))
SSHD = shutil.which("sshd", path=_DOSSIERS)


@dataclass(frozen=True, slots=True)
class Depot:
    """Le serveur en marche : où sont les dossiers des adhérents, et comment le client de l'agence s'y connecte."""

    racine: Path
    reglages: SftpSettings
    known_hosts: Path
    pid: int

    def batch(self, orders: Path) -> list[str]:
        """La commande ``sftp`` d'OpenSSH qui joue ces ordres sur ce serveur, avec la même clé."""
        return [
            *("sftp", "-q", "-F", "none", "-b", str(orders), "-P", str(self.reglages.port)),
            *("-i", str(self.reglages.cle_privee), "-o", f"UserKnownHostsFile={self.known_hosts}"),
            f"{self.reglages.utilisateur}@127.0.0.1",
        ]

    @property
    def environment(self) -> dict[str, str]:
        """Les mêmes réglages, pour un autre processus."""
        return {
            "PAIE_SFTP_HOTE": "127.0.0.1",
            "PAIE_SFTP_PORT": str(self.reglages.port),
            "PAIE_SFTP_UTILISATEUR": self.reglages.utilisateur,
            "PAIE_SFTP_CLE_PRIVEE": str(self.reglages.cle_privee),
            "PAIE_SFTP_EMPREINTE": str(self.reglages.empreinte),
            "PAIE_SFTP_RACINE": str(self.racine),
            "PAIE_SFTP_DELAI": "60",
        }


@contextmanager
def sshd(folder: Path, address: str = "127.0.0.1") -> Iterator[Depot]:
    """Démarre un sshd qui sert ``folder/prisons`` au compte présent ; l'arrête à la sortie."""
    if SSHD is None:
        raise FileNotFoundError("sshd")
    prisons, cles = folder / "prisons", folder / "cles-ssh"
    for made in (prisons, cles):
        made.mkdir()
    (folder / "autorisees").write_text(keys.generate(cles / "service") + "\n", encoding="ascii")
    keys.generate(cles / "hote")
    host = keys.read_private(cles / "hote")
    with socket.create_server((address, 0)) as free:
        port = int(free.getsockname()[1])
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host.get_name()} {host.get_base64()}\n", encoding="ascii")
    configuration = folder / "sshd_config"
    configuration.write_text(
        f"Port {port}\nListenAddress {address}\nHostKey {cles}/hote\nAuthorizedKeysFile {folder}/autorisees\n"
        "StrictModes no\nUsePAM no\nPermitRootLogin prohibit-password\nPidFile none\nSubsystem sftp internal-sftp\n"
        "MaxStartups 200\nLogLevel ERROR\n",
        encoding="ascii",
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd l'exige quand il est lancé par root
    reglages = SftpSettings(
        hote=address,
        port=port,
        utilisateur=getpass.getuser(),
        cle_privee=cles / "service",
        empreinte=keys.fingerprint(host),
        racine=prisons,
        delai=60,
    )
    with subprocess.Popen([SSHD, "-D", "-f", configuration], stderr=subprocess.DEVNULL) as process:
        try:
            _wait(address, port)
            yield Depot(prisons, reglages, folder / "known_hosts", process.pid)
        finally:
            process.terminate()


def _wait(address: str, port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection((address, port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
