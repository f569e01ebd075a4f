"""Les anomalies : des valeurs que l'on collecte, jamais des exceptions qui arrêtent le reste.

Une anomalie dit ce qui ne va pas, où (fichier, feuille, cellule, matricule, rubrique) et ce qu'il faut faire.
Elle ne porte ni nom, ni NIR, ni IBAN : le matricule suffit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Gravite(StrEnum):
    """Ce que l'anomalie empêche."""

    BLOQUANT = "bloquant"
    AVERTISSEMENT = "avertissement"


@dataclass(frozen=True, slots=True)
class Anomalie:
    """Un constat adressé à une personne, en français.

    ``code`` est stable (``montant-illisible``) et sert aux tests et à la documentation ; ``message`` et ``remede``
    sont lus par la secrétaire ou le gestionnaire.
    """

    code: str
    message: str
    remede: str = ""
    gravite: Gravite = Gravite.BLOQUANT
    fichier: str = ""
    feuille: str = ""
    cellule: str = ""
    matricule: str = ""
    rubrique: str = ""
    recu: str = ""
    attendu: str = ""
    texte: str = ""
    """Le texte de droit que l'anomalie invoque, s'il y en a un."""

    def __str__(self) -> str:
        lieu = ", ".join(
            part
            for part in (
                self.fichier,
                self.feuille and f"feuille « {self.feuille} »",
                self.cellule and f"cellule {self.cellule}",
                self.matricule and f"agent {self.matricule}",
                self.rubrique and f"rubrique {self.rubrique}",
            )
            if part
        )
        message = self.message if self.message.endswith((".", "!", "?", "…")) else f"{self.message}."
        parts = [f"{lieu} : {message}" if lieu else message]
        if self.recu:
            parts.append(f"Reçu : « {self.recu} ».")
        if self.attendu:
            parts.append(f"Attendu : {self.attendu}.")
        if self.remede:
            parts.append(self.remede)
        return " ".join(parts)


def blocking(anomalies: Iterable[Anomalie]) -> list[Anomalie]:
    """Les seules anomalies qui empêchent d'aller plus loin."""
    return [anomalie for anomalie in anomalies if anomalie.gravite is Gravite.BLOQUANT]
