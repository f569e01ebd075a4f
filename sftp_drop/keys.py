"""Les clés SSH : en engendrer pour la démonstration, lire et nommer celles qui existent."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from paramiko.pkey import UnknownKeyType


class KeyFileError(Exception):
    """Une clé absente, illisible ou trop ouverte ; le message est en français et ne montre rien de la clé."""


def generate(chemin: Path, commentaire: str = "") -> str:
    """Écrit une clé privée ed25519 (droits 0600, jamais par-dessus une autre) et donne la ligne de clé publique."""
    cle = Ed25519PrivateKey.generate()
    prive = cle.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    chemin.parent.mkdir(parents=True, exist_ok=True)
    # O_EXCL : écraser une clé, c'est perdre un accès. Les droits sont posés à la création, sans instant d'ouverture.
    descripteur = os.open(chemin, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descripteur, "wb") as sortie:
        sortie.write(prive)
    return f"{cle.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()} {commentaire}".strip()


def ensure(chemin: Path, commentaire: str = "") -> str:
    """La ligne publique de la clé de ce fichier, engendrée au besoin."""
    return public_line(read_private(chemin)) if chemin.exists() else generate(chemin, commentaire)


def read_private(chemin: Path) -> paramiko.PKey:
    """La clé privée de ce fichier ; ``KeyFileError`` si elle manque, est illisible ou lisible par tous."""
    try:
        if chemin.stat().st_mode & 0o007:
            raise KeyFileError(f"clé privée accessible à tous : {chemin} ; tapez chmod 600 sur ce fichier")
        return paramiko.PKey.from_path(chemin)
    except (OSError, ValueError, paramiko.SSHException, UnknownKeyType) as erreur:
        raise KeyFileError(f"clé privée absente ou illisible : {chemin}") from erreur


def parse_public(ligne: str) -> tuple[str, bytes]:
    """Le type et les octets d'une ligne ``ssh-ed25519 AAAA… commentaire`` ; ``KeyFileError`` si elle est mal formée."""
    morceaux = ligne.split()
    try:
        octets = base64.b64decode(morceaux[1], validate=True)
        paramiko.PKey.from_type_string(morceaux[0], octets)
    except (IndexError, ValueError, paramiko.SSHException, UnknownKeyType) as erreur:
        raise KeyFileError("clé publique mal formée : attendu « ssh-ed25519 AAAA… », sur une ligne") from erreur
    return morceaux[0], octets


def public_line(cle: paramiko.PKey) -> str:
    """La ligne publique d'une clé, sans commentaire."""
    return f"{cle.get_name()} {cle.get_base64()}"


def fingerprint(cle: paramiko.PKey) -> str:
    """L'empreinte ``SHA256:…`` que montrent WinSCP, FileZilla et ``ssh-keygen -l``."""
    return _fingerprint(cle.asbytes())


def fingerprint_of(ligne: str) -> str:
    """La même, d'une ligne de clé publique ; ``KeyFileError`` si elle est mal formée."""
    return _fingerprint(parse_public(ligne)[1])


def _fingerprint(octets: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(octets).digest()).decode().rstrip("=")


def known_hosts_line(hote: str, port: int, cle: paramiko.PKey) -> str:
    """La ligne à mettre dans un fichier ``known_hosts`` pour ce serveur."""
    nom = hote if port == 22 else f"[{hote}]:{port}"
    return f"{nom} {public_line(cle)}"
