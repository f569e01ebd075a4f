"""Le contrôle d'un fichier DSN en un appel : lecture puis contrôles, déclaration par déclaration."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from dsn.anomalies import Anomaly, distinct
from dsn.controls import Checker
from dsn.reader import Reader


def check_file(source: str | Path | bytes) -> list[Anomaly]:
    """Toutes les anomalies d'un fichier (chemin ou contenu), dans l'ordre des lignes.

    Un fichier absent ou illisible lève ``OSError`` ; le contenu, lui, ne lève jamais rien.
    """
    if isinstance(source, bytes):
        return check_stream(BytesIO(source))
    with Path(source).open("rb") as stream:
        return check_stream(stream)


def check_stream(stream: BinaryIO) -> list[Anomaly]:
    """Toutes les anomalies d'un flux d'octets, sans garder plus d'une déclaration en mémoire."""
    reader = Reader(stream)
    checker: Checker | None = None
    for declaration in reader.declarations():
        if checker is None:
            checker = Checker(reader.norm)
        checker.declaration(declaration, reader.envoi)
    checker = checker or Checker(reader.norm)
    checker.conclude(reader.envoi, reader.total, reader.rubriques, complete=reader.complete)
    return distinct([*reader.anomalies, *checker.anomalies])
