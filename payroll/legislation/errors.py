"""Ce que la législation refuse : un fichier fautif au chargement, un chiffre absent ou mal demandé à l'usage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, order=True)
class Probleme:
    """Un défaut d'un fichier de la législation : où (fichier, clé) et quoi."""

    fichier: str
    cle: str
    message: str

    def __str__(self) -> str:
        return f"{self.fichier}, « {self.cle} » : {self.message}" if self.cle else f"{self.fichier} : {self.message}"


class LegislationError(Exception):
    """Les fichiers de la législation sont refusés ; le message liste tous les défauts, pas seulement le premier."""

    def __init__(self, problems: Iterable[Probleme]) -> None:
        self.problems = tuple(sorted(set(problems)))
        lignes = "\n".join(f"- {problem}" for problem in self.problems)
        super().__init__(f"La législation est refusée ({len(self.problems)} défaut(s)) :\n{lignes}")


class FigureMissing(LookupError):  # noqa: N818 - nom convenu avec le moteur, qui en fait une anomalie
    """Aucun chiffre n'est connu pour cette clé à cette date : on le dit, on n'en invente pas.

    Un LookupError plutôt qu'un KeyError, qui entourerait le message de guillemets.
    """

    def __init__(self, cle: str, moment: str, explication: str) -> None:
        self.cle = cle
        self.moment = moment
        self.message = f"Le chiffre « {cle} » manque pour {moment} : {explication}"
        super().__init__(self.message)


class WrongUnit(TypeError):  # noqa: N818 - dit ce qui ne va pas, comme FigureMissing
    """Le chiffre existe mais n'est pas de la sorte demandée (des centimes demandés à un taux, par exemple)."""


def french_day(day: date) -> str:
    """« 24/12/2025 »."""
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"
