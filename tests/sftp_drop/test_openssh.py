"""L'échange avec OpenSSH, écrit par d'autres : son client contre notre serveur, notre client contre son serveur."""

from __future__ import annotations

import getpass
import hashlib
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sftp_drop import keys
from sftp_drop.client import DropClient, connect
from sftp_drop.errors import AlreadyThereError
from sftp_drop.give import GiveIssue, Outgoing, give_all
from sftp_drop.server import EmbeddedServer
from sftp_drop.settings import SftpSettings
from sftp_drop.take import TakeIssue, take_all

A = "valfleuri"


@pytest.mark.peer
@pytest.mark.jail
@pytest.mark.systeme("sftp")
def test_le_client_d_openssh_depose_renomme_relit_et_se_voit_refuser_le_reste(
    serveur: EmbeddedServer, cles: Path, racine: Path, tmp_path: Path
) -> None:
    contenu = b"matricule;heures\n" * 3000
    (tmp_path / "f.csv").write_bytes(contenu)
    (tmp_path / "known_hosts").write_text(serveur.known_hosts_line + "\n")
    gestes = f"""
put -p {tmp_path}/f.csv depot/novembre.csv
rename depot/novembre.csv depot/n.csv
get depot/n.csv {tmp_path}/relu.csv
ls -la depot
-put {tmp_path}/f.csv retour/x
-put {tmp_path}/f.csv ../../x
-symlink /etc/passwd depot/lien
-ln depot/n.csv depot/dur
-mkdir depot/dossier
-get /etc/passwd {tmp_path}/volé
"""
    (tmp_path / "gestes").write_text(gestes)
    fait = subprocess.run(
        [
            *("sftp", "-F", "none", "-b", tmp_path / "gestes", "-P", str(serveur.port), "-i", cles / A),
            *("-o", f"UserKnownHostsFile={tmp_path}/known_hosts", "-o", "StrictHostKeyChecking=yes"),
            f"{A}@127.0.0.1",
        ],
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert fait.returncode == 0, fait.stderr
    assert (tmp_path / "relu.csv").read_bytes() == contenu
    assert " n.csv" in fait.stdout
    assert fait.stderr.count("ermission denied") >= 4
    assert not (tmp_path / "volé").exists()
    assert sorted(str(chemin.relative_to(racine / A)) for chemin in (racine / A).rglob("*")) == [
        "depot",
        "depot/n.csv",
        "depot/pris",
        "retour",
    ]


@pytest.fixture
def openssh(cles: Path, tmp_path: Path, bientot: Callable[[Callable[[], object]], None]) -> Iterator[DropClient]:
    """Un client de l'agence branché sur un vrai ``sshd``, qui sert ``tmp_path/srv``."""
    sshd = shutil.which("sshd", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin")))
    assert sshd is not None
    for dossier in ("depot", "retour"):
        (tmp_path / "srv" / A / dossier).mkdir(parents=True)
    (tmp_path / "autorisees").write_text(keys.ensure(cles / "service") + "\n")
    with socket.create_server(("127.0.0.1", 0)) as libre:
        port = libre.getsockname()[1]
    (tmp_path / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {cles}/hote\nAuthorizedKeysFile {tmp_path}/autorisees\n"
        "StrictModes no\nUsePAM no\nPermitRootLogin prohibit-password\nPidFile none\nSubsystem sftp internal-sftp\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd l'exige quand il est lancé par root
    reglages = SftpSettings(
        port=port,
        utilisateur=getpass.getuser(),
        cle_privee=cles / "service",
        empreinte=keys.fingerprint(keys.read_private(cles / "hote")),
        racine=tmp_path / "srv",
        delai=10,
    )

    def ecoute() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    with subprocess.Popen([sshd, "-D", "-f", tmp_path / "sshd_config"], stderr=subprocess.DEVNULL) as processus:
        try:
            bientot(ecoute)
            with connect(reglages) as client:
                yield client
        finally:
            processus.terminate()


@pytest.mark.peer
@pytest.mark.systeme("sshd")
def test_prendre_et_rendre_sur_un_vrai_openssh(openssh: DropClient, coffre, tmp_path: Path) -> None:
    """OpenSSH montre les liens et les noms mal encodés : ils sont refusés, le reste est pris."""
    depot = tmp_path / "srv" / A / "depot"
    (depot / "n.csv").write_bytes(b"abc")
    (depot / os.fsdecode(b"caf\xe9.csv")).write_bytes(b"z")
    (depot / "lien.csv").symlink_to("/etc/hostname")
    regard = take_all(openssh, A, store=coffre, previous={}).look
    sorts = {sort.name: sort.issue for sort in take_all(openssh, A, store=coffre, previous=regard).outcomes}

    assert sorts == {"n.csv": TakeIssue.PRIS, "caf\\xe9.csv": TakeIssue.REFUSE, "lien.csv": TakeIssue.REFUSE}
    assert coffre.valeurs == [b"abc"]
    (archive,) = (depot / "pris").iterdir()
    (depot / "m.csv").write_bytes(b"def")
    with pytest.raises(AlreadyThereError):
        openssh.play(openssh.move_to_pris(A, "m.csv", archive.name))
    assert archive.read_bytes() == b"abc"

    issues = []
    for contenu in (b"1" * 70_000, b"1" * 70_000, b"2" * 70_000):
        document = Outgoing("2026-11/bulletins/a.pdf", lambda c=contenu: c, hashlib.sha256(contenu).hexdigest())
        issues += [sort.issue for sort in give_all(openssh, A, [document])]
    assert issues == [GiveIssue.DEPOSE, GiveIssue.INCHANGE, GiveIssue.REMPLACE]
    assert sorted(chemin.name for chemin in (tmp_path / "srv" / A / "retour").rglob("*")) == [
        "2026-11",
        "a.pdf",
        "bulletins",
    ]
