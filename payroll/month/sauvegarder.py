"""Sauvegarder une installation en marche, et la restaurer dans un endroit vide en prouvant que tout y est.

La sauvegarde reste chiffrée : sans le fichier de clés, gardé ailleurs, elle ne se lit pas. La base est copiée d'abord,
les pièces ensuite : une pièce est écrite avant la ligne qui la nomme, donc aucune ligne copiée n'en nomme une absente.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, NullPool, inspect, table, text
from sqlalchemy.engine import make_url
from sqlmodel import create_engine, func, select

from payroll.month.commun import Acte, GesteRefuse, record
from payroll.store import audit
from payroll.store.registre import Registre
from payroll.store.tables import DocumentRemplace, DocumentRetour, FichierRecu, MessageDsn

MANIFESTE = "manifeste.json"
_BASE = {"sqlite": "paie.db", "postgresql": "paie.dump"}


@dataclass(frozen=True, slots=True)
class Sauvegarde:
    """Ce qu'une sauvegarde contient, ou ce qu'une restauration a retrouvé."""

    dossier: Path
    pieces: int
    lignes: int
    """Lignes de toutes les tables, comptées dans la copie elle-même."""


def backup(registre: Registre, dossier: Path, acte: Acte) -> Sauvegarde:
    """Copie la base et les pièces dans un dossier neuf, avec le manifeste de leurs empreintes."""
    if dossier.exists() and any(dossier.iterdir()):
        raise GesteRefuse(f"le dossier {dossier} n'est pas vide : donnez un dossier neuf pour chaque sauvegarde.")
    dossier.mkdir(parents=True, exist_ok=True)
    with registre.transaction() as session:
        record(session, acte, "sauvegarder", "", None)
    base = dossier / _BASE[registre.engine.dialect.name]
    rows = _copy_base(registre, base)
    pieces = list(registre.pieces.names())
    for name in pieces:
        target = dossier / "pieces" / name[:2] / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(registre.pieces.path(name), target)
    manifest = {
        "cle": registre.coffre.current,
        "lignes": rows,
        "le": acte.moment.isoformat(),
        "fichiers": {str(path.relative_to(dossier)): _digest(path) for path in _files(dossier)},
    }
    # Le manifeste vient en dernier : une sauvegarde coupée n'en a pas, et se refuse à la restauration.
    _write(dossier / MANIFESTE, json.dumps(manifest, indent=1, sort_keys=True))
    return Sauvegarde(dossier, len(pieces), rows)


def restore(source: Path, url: str, pieces: Path, cles: Path) -> Sauvegarde:
    """Restaure dans une base et un dossier vides, puis relit tout : empreintes, pièces, journal chaîné."""
    manifest = _checked_manifest(source)
    if pieces.exists() and any(pieces.iterdir()):
        raise GesteRefuse(f"le dossier {pieces} n'est pas vide : une restauration ne se mêle à rien d'existant.")
    if not cles.exists():
        raise GesteRefuse(
            f"le fichier de clés {cles} manque : remettez celui de l'installation sauvegardée (clé {manifest['cle']})."
        )
    _restore_base(source, url)
    if (source / "pieces").exists():
        shutil.copytree(source / "pieces", pieces, dirs_exist_ok=True)
    registre = Registre(url, pieces, cles)
    try:
        with registre.engine.connect() as connection:
            found = _count(connection)
        if found != manifest.get("lignes", found):
            raise GesteRefuse(
                f"la base restaurée compte {found} lignes, la sauvegarde en annonçait {manifest['lignes']}."
            )
        registre.upgrade()
        return verify(registre, source)
    finally:
        registre.close()


def verify(registre: Registre, dossier: Path) -> Sauvegarde:
    """Relit tout ce que la base nomme : chaque pièce s'ouvre, le journal se tient. Sinon refuse, en disant quoi."""
    with registre.transaction() as session:
        named = {
            sha256
            for column in (FichierRecu.sha256, MessageDsn.sha256, DocumentRetour.sha256, DocumentRemplace.sha256)
            for sha256 in session.exec(select(column))
        }
        _, breaks = audit.verify(session)
        rows = _count(session.connection())
    missing = sorted(name for name in named if not registre.pieces.path(name).exists())
    if missing:
        raise GesteRefuse(f"{len(missing)} pièces nommées par la base manquent, la première : {missing[0][:12]}…")
    for name in registre.pieces.names():
        registre.pieces.get(name)
    if breaks:
        raise GesteRefuse(f"le journal ne se tient pas : ligne {breaks[0].numero}, {breaks[0].quoi}")
    return Sauvegarde(dossier, len(list(registre.pieces.names())), rows)


def _checked_manifest(source: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((source / MANIFESTE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GesteRefuse(f"{source} n'est pas une sauvegarde achevée : son manifeste manque.") from error
    present = {str(path.relative_to(source)) for path in _files(source)} - {MANIFESTE}
    spoiled = sorted(
        name for name, digest in manifest["fichiers"].items() if name not in present or _digest(source / name) != digest
    )
    if spoiled:
        raise GesteRefuse(f"la sauvegarde est abîmée : {len(spoiled)} fichiers, dont {spoiled[0]}.")
    return manifest


def _copy_base(registre: Registre, target: Path) -> int:
    """Copie la base en marche ; rend le nombre de lignes de la copie."""
    if registre.engine.dialect.name == "sqlite":
        source = registre.engine.url.database or ""
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy)
        with create_engine(f"sqlite:///{target}", poolclass=NullPool).connect() as connection:
            return _count(connection)
    # Le compte et la copie lisent le même instant : pg_dump reprend l'instantané de la transaction qui compte.
    with registre.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        dump = ["pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={target}"]
        _postgres(dump, registre.url)
        return _count(connection)


def _restore_base(source: Path, url: str) -> None:
    if make_url(url).get_backend_name() == "sqlite":
        target = Path(make_url(url).database or "")
        if target.exists():
            raise GesteRefuse(f"la base {target} existe déjà : une restauration part d'un endroit vide.")
        if not (source / _BASE["sqlite"]).exists():
            raise GesteRefuse("cette sauvegarde est celle d'une base PostgreSQL : restaurez-la dans PostgreSQL.")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / _BASE["sqlite"], target)
        return
    if not (source / _BASE["postgresql"]).exists():
        raise GesteRefuse("cette sauvegarde est celle d'une base SQLite : restaurez-la dans SQLite.")
    _postgres(["pg_restore", "--no-owner", "--exit-on-error", "--dbname", "@", str(source / _BASE["postgresql"])], url)


def _postgres(command: list[str], url: str) -> None:
    address = make_url(url)
    plain = address.set(drivername="postgresql", password=None).render_as_string()
    # Le mot de passe passe par l'environnement : la liste des programmes du poste ne doit pas le montrer.
    environment = {**os.environ, **({"PGPASSWORD": str(address.password)} if address.password else {})}
    arguments = [plain if part == "@" else part for part in command]
    if "@" not in command:
        arguments.append(f"--dbname={plain}")
    try:
        done = subprocess.run(arguments, check=False, capture_output=True, text=True, env=environment)  # noqa: S603
    except FileNotFoundError as error:
        raise GesteRefuse(f"le programme {command[0]} manque (paquet Debian postgresql-client).") from error
    if done.returncode:
        raise GesteRefuse(f"{command[0]} a échoué : {done.stderr.strip().splitlines()[-1] if done.stderr else ''}")


def _count(connection: Connection) -> int:
    """Les lignes des tables présentes, celles d'une version plus ancienne comprises."""
    names = inspect(connection).get_table_names()
    return sum(connection.execute(select(func.count()).select_from(table(name))).scalar_one() for name in names)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
