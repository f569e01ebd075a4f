"""Un vrai PostgreSQL pour les essais : sa propre grappe, une base neuve par essai, copiée d'un modèle migré."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from payroll.store.registre import Registre

_NUMBERS = itertools.count(1)


def _binary(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else name


def _as_postgres(*command: str) -> list[str]:
    # PostgreSQL refuse root : sous root, la grappe est au compte que pose le paquet Debian.
    return ["/usr/sbin/runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else list(command)


@contextmanager
def cluster(adresse: str = "127.0.0.1", plage: str = "") -> Iterator[Callable[[Path], Registre]]:
    """Une grappe en marche ; rend de quoi ouvrir un registre sur une base neuve, pièces dans le dossier donné.

    ``adresse`` : où elle écoute aussi, pour d'autres espaces réseau ; ``plage`` : qui peut y venir de là.
    """
    root = Path(tempfile.mkdtemp(prefix="paie-pg-", dir="/tmp"))  # un chemin court : la prise locale en dépend
    if os.geteuid() == 0:
        shutil.chown(root, "postgres", "postgres")
    root.chmod(0o700)
    with socket.create_server(("127.0.0.1", 0)) as libre:
        port = libre.getsockname()[1]
    data, log = root / "donnees", root / "journal"
    # Sans fsync ni durabilité : la base ne survit pas à l'essai, et il va plus vite.
    options = f"-p {port} -k {root} -c listen_addresses=127.0.0.1,{adresse} -c fsync=off -c synchronous_commit=off"
    _run(_binary("initdb"), "-D", str(data), "-U", "paie", "-A", "trust", "-E", "UTF8", "--locale=C")
    if plage:
        with (data / "pg_hba.conf").open("a", encoding="ascii") as guests:
            guests.write(f"host all paie {plage} trust\n")
    _run(_binary("pg_ctl"), "-D", str(data), "-l", str(log), "-o", options, "-w", "start")
    address = f"postgresql://paie@127.0.0.1:{port}"
    opened: list[Registre] = []
    try:
        _create(address, "modele")
        model = Registre(
            f"{address.replace('postgresql', 'postgresql+psycopg')}/modele", root / "p" / "pieces", root / "c"
        )
        model.upgrade()
        model.close()

        def fresh(folder: Path) -> Registre:
            name = f"essai{next(_NUMBERS)}"
            _create(address, name, "TEMPLATE modele")
            registre = Registre(f"{address.replace('postgresql', 'postgresql+psycopg')}/{name}", folder / "pieces")
            opened.append(registre)
            return registre

        yield fresh
    finally:
        for registre in opened:
            registre.close()
        _run(_binary("pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(root, ignore_errors=True)


def _run(*command: str) -> None:
    done = subprocess.run(
        _as_postgres(*command), check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/"
    )
    assert done.returncode == 0, done.stderr


def _create(address: str, name: str, how: str = "") -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name} {how}")  # type: ignore[arg-type]
            return
        except psycopg.errors.ObjectInUse:
            # Le modèle vient d'être fermé : le serveur met un instant à lâcher sa dernière session.
            assert time.monotonic() < deadline
            time.sleep(0.1)
