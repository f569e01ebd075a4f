"""Le registre ouvert : une base, un dossier de pièces, des transactions courtes."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, inspect, text
from sqlmodel import Session, create_engine

from payroll.store.coffre import Coffre, attach

_UPGRADING = threading.Lock()
_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION = "alembic_version"
"""La table où Alembic tient le schéma d'une base."""
_POSTGRESQL = {
    # Les prix d'un disque à mémoire. Avec les défauts de PostgreSQL, ceux d'un disque qui tourne, dix ans d'histoire
    # font lire toutes les paies au tableau du mois au lieu de suivre l'index du mois : 116 ms au lieu de 0,5.
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "0",
    # Une machine qui s'éteint d'un coup ne ferme pas ses connexions : sans ces bornes, PostgreSQL garderait deux heures
    # les verrous de ce qu'elle écrivait, et qui la reprend attendrait. En secondes, puis en millisecondes.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "20000",
}
"""Ce que chaque connexion demande au serveur : rien à régler à l'installation."""


class Pieces:
    """Les pièces, chiffrées, sous l'empreinte SHA-256 de leur contenu clair : on y ajoute, on n'y remplace rien.

    Seul l'effacement d'un délai passé (``payroll.month.conserver``) en ôte.
    """

    def __init__(self, root: Path, coffre: Coffre) -> None:
        self.root = root
        self.coffre = coffre

    def path(self, sha256: str) -> Path:
        """Le chemin de la pièce, qu'elle existe ou non."""
        return self.root / sha256[:2] / sha256

    def put(self, content: bytes) -> str:
        """Garde un contenu et rend son empreinte ; l'écriture est atomique et sur disque avant le retour."""
        sha256 = hashlib.sha256(content).hexdigest()
        if not self.path(sha256).exists():
            self._write(sha256, content)
        return sha256

    def get(self, sha256: str) -> bytes:
        """Rend le contenu ; lève ``ValueError`` si le disque ne rend pas ce qu'on lui a confié."""
        content = self.coffre.open(self.path(sha256).read_bytes(), sha256.encode())
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ValueError(f"la pièce {sha256[:12]}… est altérée sur le disque : restaurez-la d'une sauvegarde")
        return content

    def names(self) -> Iterator[str]:
        """Les empreintes de toutes les pièces, dans l'ordre."""
        return iter(sorted(path.name for path in self.root.glob("??/*") if not path.name.startswith(".")))

    def forget(self, kept: Collection[str]) -> int:
        """Efface les pièces que rien ne nomme plus ; rend leur nombre."""
        orphans = [name for name in self.names() if name not in kept]
        for name in orphans:
            self.path(name).unlink()
        return len(orphans)

    def reseal(self) -> int:
        """Rechiffre par la clé du moment ce qui ne l'est pas ; rend le nombre de pièces rechiffrées."""
        stale = [name for name in self.names() if not self.coffre.is_current(self.path(name).read_bytes())]
        for name in stale:
            self._write(name, self.get(name))
        return len(stale)

    def _write(self, sha256: str, content: bytes) -> None:
        target = self.path(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        # Deux fils peuvent garder la même pièce au même instant : chacun écrit la sienne, la seconde remplace à l'égal.
        temporary = target.with_name(f".{sha256}.{os.getpid()}.{threading.get_ident()}.partiel")
        with temporary.open("wb") as stream:
            stream.write(self.coffre.seal(content, sha256.encode()))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)


class Registre:
    """La base et les pièces d'une installation ; les services de ``payroll.month`` le reçoivent en argument."""

    def __init__(self, url: str, pieces: Path, cles: Path | None = None) -> None:
        """``cles`` : le fichier de clés ; à défaut, ``cles`` à côté des pièces, engendré au besoin."""
        self.url = url
        self.cles = cles or pieces.parent / "cles"
        self.coffre = Coffre.at(self.cles)
        self.engine = _engine(url)
        attach(self.engine.dialect, self.coffre)
        self.pieces = Pieces(pieces, self.coffre)

    def upgrade(self) -> None:
        """Amène la base au dernier schéma (Alembic) ; sans effet si elle y est."""
        # Le contexte d'Alembic est global : deux fils qui migrent à la fois se le volent.
        with _UPGRADING:
            if self._schema() == last_schema():
                return
            # Chargé ici : une base à jour, le cas de tous les jours, se passe de lui (0,15 s par commande).
            from alembic import command
            from alembic.config import Config

            configuration = Config()
            configuration.set_main_option("script_location", str(_MIGRATIONS))
            configuration.attributes["engine"] = self.engine
            command.upgrade(configuration, "head")

    def _schema(self) -> str | None:
        """Le schéma où Alembic a laissé cette base ; ``None`` : une base neuve."""
        with self.engine.connect() as connection:
            if not inspect(connection).has_table(_VERSION):
                return None
            return connection.execute(text(f"SELECT version_num FROM {_VERSION}")).scalar()  # noqa: S608  (une constante)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Une transaction : validée à la sortie, annulée entière si une exception passe."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        self.engine.dispose()


@cache
def last_schema() -> str:
    """Le dernier schéma : le numéro qui ouvre le nom de la dernière migration, lu une fois."""
    return max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")).split("_")[0]


def _engine(url: str) -> Engine:
    # hide_parameters : une erreur de base ne doit pas citer un NIR ou un IBAN.
    if not url.startswith("sqlite"):
        options = " ".join(f"-c {name}={value}" for name, value in _POSTGRESQL.items())
        return create_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args={"options": options})
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
