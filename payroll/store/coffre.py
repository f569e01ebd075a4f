"""Le chiffrement au repos : NIR, IBAN et pièces ne se lisent qu'avec la clé de l'installation.

AES-256-GCM : ce qui est altéré ne se lit pas. La première clé du fichier chiffre ; les suivantes ne servent plus qu'à
relire, le temps que ``rotation`` ait tout rechiffré. Une valeur écrite avant le chiffrement se lit telle quelle.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Dialect, String
from sqlalchemy.types import TypeDecorator

_MARQUE = "paie1:"
_ENTETE = b"PAIE1\x00"
_NONCE = 12
_CLE = 32


class CoffreError(Exception):
    """Une clé absente, illisible, ou qui n'est pas la bonne ; le message est en français et ne montre rien."""


class Coffre:
    """Les clés d'une installation : la première chiffre, toutes déchiffrent."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != _CLE for key in keys):
            raise CoffreError("le fichier de clés ne contient pas de clé de 32 octets")
        self._ciphers = {_name(key): AESGCM(key) for key in keys}
        self.current = _name(keys[0])
        """Le nom de la clé qui chiffre : huit signes de son empreinte, sans danger à montrer."""

    @classmethod
    def at(cls, path: Path) -> Coffre:
        """Les clés de ce fichier, engendrées s'il n'existe pas (droits 0600)."""
        if not path.exists():
            create_keys(path)
        return cls(read_keys(path))

    def seal_text(self, text: str) -> str:
        """Le texte chiffré, en caractères simples."""
        return _MARQUE + base64.b64encode(self.seal(text.encode(), b"texte")).decode()

    def open_text(self, stored: str) -> str:
        """Le texte clair ; une valeur d'avant le chiffrement est rendue telle quelle."""
        if not stored.startswith(_MARQUE):
            return stored
        return self.open(base64.b64decode(stored.removeprefix(_MARQUE)), b"texte").decode()

    def seal(self, content: bytes, purpose: bytes) -> bytes:
        """Le contenu chiffré ; ``purpose`` l'attache à son usage : déplacé ailleurs, il ne s'ouvre pas."""
        nonce = os.urandom(_NONCE)
        sealed = self._ciphers[self.current].encrypt(nonce, content, purpose)
        return _ENTETE + bytes.fromhex(self.current) + nonce + sealed

    def open(self, stored: bytes, purpose: bytes) -> bytes:
        """Le contenu clair ; ``CoffreError`` si la clé manque ou si un seul octet a changé."""
        if not stored.startswith(_ENTETE):
            return stored
        start = len(_ENTETE)
        name, nonce = stored[start : start + 4].hex(), stored[start + 4 : start + 4 + _NONCE]
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise CoffreError(f"la clé {name} qui a chiffré cette donnée manque : remettez-la dans le fichier de clés")
        try:
            return cipher.decrypt(nonce, stored[start + 4 + _NONCE :], purpose)
        except InvalidTag:
            raise CoffreError("une donnée chiffrée est altérée : restaurez-la d'une sauvegarde") from None

    def is_current(self, stored: bytes) -> bool:
        """Vrai si ce contenu est chiffré par la clé du moment."""
        return stored.startswith(_ENTETE + bytes.fromhex(self.current))

    def is_current_text(self, stored: str) -> bool:
        """La même chose d'un texte."""
        return stored.startswith(_MARQUE) and self.is_current(base64.b64decode(stored.removeprefix(_MARQUE)))


class Chiffre(TypeDecorator[str]):
    """Une colonne chiffrée : claire en mémoire, illisible dans la base. Elle ne se compare pas dans une requête."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return _coffre_of(dialect).seal_text(value) if value else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return _coffre_of(dialect).open_text(value) if value else value


def attach(dialect: Dialect, coffre: Coffre) -> None:
    """Donne ses clés à une base ouverte : le dialecte est propre à chaque moteur SQLAlchemy."""
    dialect.paie_coffre = coffre  # type: ignore[attr-defined]


def _coffre_of(dialect: Dialect) -> Coffre:
    coffre: Any = getattr(dialect, "paie_coffre", None)
    if not isinstance(coffre, Coffre):
        raise CoffreError("cette base est ouverte sans ses clés")
    return coffre


def create_keys(path: Path) -> None:
    """Écrit une clé neuve, lisible du seul compte du service ; laisse en place un fichier né entre-temps."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    _write(temporary, [os.urandom(_CLE)])
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def read_keys(path: Path) -> list[bytes]:
    """Les clés d'un fichier, celle qui chiffre d'abord ; ``CoffreError`` s'il manque, est trop ouvert ou mal formé."""
    try:
        mode = path.stat().st_mode
        lines = path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise CoffreError(f"fichier de clés absent ou illisible : {path}") from error
    if mode & 0o077:
        raise CoffreError(f"le fichier de clés est ouvert à d'autres comptes : tapez chmod 600 {path}")
    try:
        return [base64.b64decode(line, validate=True) for line in lines]
    except binascii.Error as error:
        raise CoffreError(f"fichier de clés mal formé : {path}") from error


def add_key(path: Path) -> None:
    """Met une clé neuve en tête : elle chiffre désormais, les anciennes relisent encore."""
    _replace(path, [os.urandom(_CLE), *read_keys(path)])


def keep_first_key(path: Path) -> None:
    """Oublie les anciennes clés ; à ne faire qu'une fois tout rechiffré."""
    _replace(path, read_keys(path)[:1])


def _replace(path: Path, keys: Sequence[bytes]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    _write(temporary, keys)
    temporary.replace(path)


def _write(path: Path, keys: Sequence[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.writelines(base64.b64encode(key).decode() + "\n" for key in keys)
        stream.flush()
        os.fsync(stream.fileno())


def _name(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:8]
