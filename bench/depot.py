"""Le dépôt sous la charge : des centaines de mairies déposent ensemble, tout est pris, chacune a son accusé."""

from __future__ import annotations

import copy
import io
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko
import yaml
from stdnum import luhn

from bench.matiere import ACTE, MOIS
from bench.tableau import Mesure
from flows.transport import collect, deliver, drop_connection, look_at
from payroll.month.adherents import import_adherent
from payroll.month.ouvrir import open_month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent
from sftp_drop import keys
from sftp_drop.accounts import Account, Accounts, ServiceAccount

SESSIONS = 50
_EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "adherents" / "lubescaux.yaml"


@dataclass(frozen=True, slots=True)
class Charge:
    """Ce que la charge a donné, en secondes et en comptes."""

    comptes: int
    ouverture: float
    depot: float
    releve: float
    pris: int
    repondus: int


def measure(*, quick: bool) -> Iterator[Mesure]:
    """Des mairies qui déposent ensemble, puis la relève de l'agence."""
    # Une minute pour 600 mairies, soit un dixième de seconde chacune : le prix d'une ne dépend pas du nombre.
    count = 12 if quick else 60
    load = drop_all(count)
    note = f"{load.pris} pris, {load.repondus} accusés, {min(SESSIONS, count)} sessions à la fois"
    yield Mesure(f"{count} mois ouverts et rendus", 0.3, load.ouverture / count, "s/adhérent")
    yield Mesure(f"{count} mairies déposent", 0.1, load.depot / count, "s/mairie", note)
    yield Mesure(
        f"relève de {count} dépôts", 0.1, load.releve / count, "s/adhérent", "lire, contrôler, répondre, une connexion"
    )


def drop_all(count: int) -> Charge:
    """``count`` mairies, 50 sessions à la fois, un serveur SFTP à part ; puis une relève de l'agence."""
    with tempfile.TemporaryDirectory(prefix="paie-charge-") as name:
        folder = Path(name)
        codes = [f"commune-{rank:04d}" for rank in range(count)]
        registre = _registered(folder, codes)
        with _server(folder, codes) as port, drop_connection() as client:
            start = time.perf_counter()
            for code in codes:
                open_month(registre, code, MOIS, ACTE)
                deliver(registre, client, code, ACTE)
            opened = time.perf_counter()
            key = keys.read_private(folder / "cle")
            with ThreadPoolExecutor(max_workers=SESSIONS) as pool:
                list(pool.map(lambda code: _drop(port, key, code), codes))
            dropped = time.perf_counter()
            look_at(registre, client, codes, ACTE)
            taken = sum(collect(registre, client, code, ACTE).acceptes for code in codes)
            collected = time.perf_counter()
        registre.close()
        answered = sum(any((folder / "prisons" / code / "retour" / str(MOIS)).glob("accuse-*.txt")) for code in codes)
        return Charge(count, opened - start, dropped - opened, collected - dropped, taken, answered)


def _registered(folder: Path, codes: list[str]) -> Registre:
    registre = Registre(f"sqlite:///{folder / 'paie.db'}", folder / "pieces")
    registre.upgrade()
    data = yaml.safe_load(_EXAMPLE.read_text(encoding="utf-8"))
    for rank, code in enumerate(codes):
        path = folder / "adherent.yaml"
        path.write_text(yaml.safe_dump(_town(data, code, rank), allow_unicode=True), encoding="utf-8")
        if not isinstance(import_adherent(registre, path, ACTE), Adherent):
            raise RuntimeError(f"adhérent de mesure refusé : {code}")
    return registre


def _town(data: dict[str, Any], code: str, rank: int) -> dict[str, Any]:
    town = copy.deepcopy(data)
    siren = f"99{rank:06d}"
    siren += luhn.calc_check_digit(siren)
    siret = f"{siren}0001"
    town["code"], town["siret"] = code, siret + luhn.calc_check_digit(siret)
    town["agents"] = town["agents"][1:3]
    return town


@contextmanager
def _server(folder: Path, codes: list[str]) -> Iterator[int]:
    """Le serveur embarqué, dans son propre processus ; il pose les réglages du client dans l'environnement."""
    line, service = keys.generate(folder / "cle"), keys.generate(folder / "cle-service")
    keys.generate(folder / "hote")
    host = keys.read_private(folder / "hote")
    prisons = folder / "prisons"
    prisons.mkdir()
    (prisons / ".cle_hote_ed25519").write_bytes((folder / "hote").read_bytes())
    (prisons / ".cle_hote_ed25519").chmod(0o600)
    accounts = Accounts(
        adherents=tuple(Account(code=code, cles=(line,)) for code in codes), service=ServiceAccount(cles=(service,))
    )
    (folder / "comptes.json").write_text(accounts.model_dump_json(), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "sftp_drop.server", "--racine", str(prisons), "--port", str(port)),
            *("--comptes", str(folder / "comptes.json")),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.environ.update(
        PAIE_SFTP_HOTE="127.0.0.1",
        PAIE_SFTP_PORT=str(port),
        PAIE_SFTP_UTILISATEUR="alpi",
        PAIE_SFTP_CLE_PRIVEE=str(folder / "cle-service"),
        PAIE_SFTP_EMPREINTE=keys.fingerprint(host),
        PAIE_SFTP_DELAI="60",
    )
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            paramiko.Transport(("127.0.0.1", port)).close()
            return
        except paramiko.SSHException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _drop(port: int, key: paramiko.PKey, code: str) -> None:
    transport = paramiko.Transport(("127.0.0.1", port))
    try:
        transport.connect(username=code, pkey=key)
        sftp = paramiko.SFTPClient.from_transport(transport)
        if sftp is None:
            raise RuntimeError("session SFTP refusée")
        content = f"#adherent;{code}\r\n#mois;{MOIS}\r\nmatricule;code;valeur\r\nLB002;cia;100,00\r\n"
        sftp.putfo(io.BytesIO(content.encode()), "/depot/novembre.csv")
    finally:
        transport.close()
