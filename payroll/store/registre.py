"""Le registre ouvert : une base, un dossier de pièces, des transactions courtes."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event
from sqlmodel import Session, create_engine

_UPGRADING = threading.Lock()
_MIGRATIONS = Path(__file__).parent / "migrations"


class Pieces:
    """Les pièces gardées sous leur empreinte SHA-256 : on y ajoute, on n'y remplace rien, on n'y efface rien."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, sha256: str) -> Path:
        """Le chemin de la pièce, qu'elle existe ou non."""
        return self.root / sha256[:2] / sha256

    def put(self, content: bytes) -> str:
        """Garde un contenu et rend son empreinte ; l'écriture est atomique et sur disque avant le retour."""
        sha256 = hashlib.sha256(content).hexdigest()
        target = self.path(sha256)
        if target.exists():
            return sha256
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{sha256}.{os.getpid()}.partiel")
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
        return sha256

    def get(self, sha256: str) -> bytes:
        """Rend le contenu ; lève ``ValueError`` si le disque ne rend pas ce qu'on lui a confié."""
        content = self.path(sha256).read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ValueError(f"la pièce {sha256[:12]}… est altérée sur le disque : restaurez-la d'une sauvegarde")
        return content


class Registre:
    """La base et les pièces d'une installation ; les services de ``payroll.month`` le reçoivent en argument."""

    def __init__(self, url: str, pieces: Path) -> None:
        self.url = url
        self.engine = _engine(url)
        self.pieces = Pieces(pieces)

    def upgrade(self) -> None:
        """Amène la base au dernier schéma (Alembic) ; sans effet si elle y est."""
        configuration = Config()
        configuration.set_main_option("script_location", str(_MIGRATIONS))
        configuration.attributes["engine"] = self.engine
        # Le contexte d'Alembic est global : deux fils qui migrent à la fois se le volent.
        with _UPGRADING:
            head = ScriptDirectory.from_config(configuration).get_current_head()
            with self.engine.connect() as connection:
                current = MigrationContext.configure(connection).get_current_revision()
            if current != head:
                command.upgrade(configuration, "head")

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Une transaction : validée à la sortie, annulée entière si une exception passe."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        self.engine.dispose()


def _engine(url: str) -> Engine:
    # hide_parameters : une erreur de base ne doit pas citer un NIR ou un IBAN.
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    location = url.removeprefix("sqlite:///")
    if location and location != ":memory:":
        Path(location).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": 30}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _durable(connection: Any, _record: object) -> None:
        # WAL et FULL : ce qui est validé survit à une coupure ; les lecteurs n'arrêtent pas l'écrivain.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _immediate(connection: Any) -> None:
        # SQLite prendrait le verrou d'écriture trop tard : deux gestes concurrents liraient le même état.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
