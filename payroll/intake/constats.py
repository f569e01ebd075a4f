"""La liste des constats d'une lecture : chacun situé dans le fichier, chacun avec son remède."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from payroll.anomalies import Anomalie, Gravite
from payroll.intake.layout import fold

CONSTATS_MAX = 200
"""Au-delà, un accusé ne se lit plus : le reste est compté, pas détaillé."""

CORRIGER = "Corrigez cette case, enregistrez, puis déposez de nouveau le fichier."
RETOUR = "dans votre dossier « retour »"
REPARTIR = "Repartez du classeur du mois, dans votre dossier « retour », remplissez-le et déposez-le."

_LONG_NUMBER = re.compile(r"(?:\d[\s.-]?){13}")
"""Treize chiffres : un NIR, un IBAN. Aucun montant n'en compte autant."""


@dataclass(frozen=True, slots=True)
class Lieu:
    """Où se trouve ce dont on parle : une case, son agent, sa rubrique."""

    feuille: str = ""
    cellule: str = ""
    matricule: str = ""
    rubrique: str = ""


class Constats:
    """Les anomalies d'un fichier, dans l'ordre où on les rencontre ; aucune ne répète un nom, un NIR ni un IBAN."""

    def __init__(self, fichier: str, noms: Iterable[str] = ()) -> None:
        self.fichier = fichier
        self.found: list[Anomalie] = []
        self._names = {fold(word) for nom in noms for word in re.findall(r"\w+", nom) if len(word) > 2}
        self._untold: list[Gravite] = []

    def add(
        self,
        code: str,
        message: str,
        lieu: Lieu | None = None,
        *,
        recu: str = "",
        attendu: str = "",
        remede: str = CORRIGER,
        gravite: Gravite = Gravite.BLOQUANT,
        texte: str = "",
    ) -> None:
        """Inscrit un constat."""
        if len(self.found) >= CONSTATS_MAX:
            self._untold.append(gravite)
            return
        lieu = lieu or Lieu()
        self.found.append(
            Anomalie(
                code=code,
                message=message,
                remede=remede,
                gravite=gravite,
                fichier=self.fichier,
                feuille=lieu.feuille if self._shareable(lieu.feuille) else "",
                cellule=lieu.cellule,
                matricule=lieu.matricule,
                rubrique=lieu.rubrique,
                recu=recu[:60] if self._shareable(recu) else "",
                attendu=attendu,
                texte=texte,
            )
        )

    @property
    def bloquants(self) -> bool:
        """Vrai si un constat au moins empêche de prendre le fichier."""
        return Gravite.BLOQUANT in {*(anomalie.gravite for anomalie in self.found), *self._untold}

    def close(self) -> tuple[Anomalie, ...]:
        """Tous les constats ; le dernier dit combien n'ont pas été détaillés."""
        if not self._untold:
            return tuple(self.found)
        last = Anomalie(
            code="trop-de-constats",
            message=f"ce fichier a {len(self._untold)} autres points, que nous ne détaillons pas ici.",
            remede="Corrigez ceux-ci d'abord. S'ils se ressemblent tous, repartez du classeur du mois.",
            gravite=Gravite.BLOQUANT if Gravite.BLOQUANT in self._untold else Gravite.AVERTISSEMENT,
            fichier=self.fichier,
        )
        return (*self.found, last)

    def _shareable(self, text: str) -> bool:
        """Faux si ce texte reçu porte le nom d'un agent ou un numéro personnel : la case dira assez où il est."""
        return not _LONG_NUMBER.search(text) and not any(fold(word) in self._names for word in re.findall(r"\w+", text))
