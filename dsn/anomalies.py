"""Les anomalies d'un message DSN : des valeurs que l'on collecte, imprimables sur une ligne.

Une anomalie cite la rubrique et la ligne, jamais un NIR, un nom, une adresse ni un IBAN.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Un constat sur un message. ``code`` : celui du cahier technique (``CCH-12``), ``GEN-nn`` ou ``LEC-nn``."""

    line: int
    """Numéro de la ligne dans le fichier, à partir de 1 ; 0 si le constat n'a pas de ligne."""
    rubrique: str
    """``S21.G00.40.020``, ou le bloc ``S21.G00.40``, ou vide."""
    code: str
    blocking: bool
    message: str

    @property
    def gravite(self) -> str:
        """``bloquant`` ou ``non bloquant``."""
        return "bloquant" if self.blocking else "non bloquant"

    def __str__(self) -> str:
        where = f"ligne {self.line}" if self.line else "message"
        return f"{where} | {self.rubrique or '-'} | {self.code} | {self.gravite} | {self.message}"


def blocking(anomalies: Iterable[Anomaly]) -> list[Anomaly]:
    """Les seules anomalies qui font rejeter la déclaration ou l'envoi."""
    return [anomaly for anomaly in anomalies if anomaly.blocking]


def distinct(anomalies: Iterable[Anomaly]) -> list[Anomaly]:
    """Les anomalies sans répétition, dans l'ordre des lignes puis de leur découverte."""
    return sorted(dict.fromkeys(anomalies), key=lambda anomaly: anomaly.line)


_PERSONAL_BLOCKS = frozenset(
    {
        "S10.G00.02",
        "S20.G00.07",
        "S21.G00.12",
        "S21.G00.30",
        "S21.G00.31",
        "S21.G00.34",
        "S21.G00.73",
        "S21.G00.98",
        "S89.G00.32",
        "S89.G00.91",
    }
)
_PERSONAL_RUBRIQUES = frozenset({"S21.G00.20.003", "S21.G00.20.004", "S21.G00.60.007", "S21.G00.60.008"})


def quote(rubrique: str, value: str) -> str:
    """La valeur entre guillemets, ou « valeur masquée » si la rubrique peut dire qui est la personne."""
    if rubrique in _PERSONAL_RUBRIQUES or rubrique[:10] in _PERSONAL_BLOCKS:
        return "(valeur masquée)"
    printable = "".join(character if character.isprintable() else "?" for character in value[:40])
    return f"« {printable}{'…' if len(value) > 40 else ''} »"
