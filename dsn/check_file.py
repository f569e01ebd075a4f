"""Le contrôle d'un fichier DSN en un appel : lecture puis contrôles, déclaration par déclaration."""

from __future__ import annotations

from pathlib import Path

from dsn import controls, reader
from dsn.anomalies import Anomaly, distinct


def check_file(source: str | Path | bytes) -> list[Anomaly]:
    """Toutes les anomalies d'un fichier (chemin ou contenu), dans l'ordre des lignes.

    Un fichier absent ou illisible lève ``OSError`` ; le contenu, lui, ne lève jamais rien.
    """
    if isinstance(source, bytes):
        message, anomalies = reader.read(source)
    else:
        with Path(source).open("rb") as stream:
            message, anomalies = reader.read(stream)
    return distinct([*anomalies, *controls.check(message)])
