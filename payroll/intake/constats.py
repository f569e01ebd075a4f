"""La liste des constats d'une lecture : chacun situé dans le fichier, chacun avec son remède."""

from __future__ import annotations

from payroll.anomalies import Anomalie, Gravite
from payroll.intake.grid import Case

_CORRIGER = "Corrigez cette case, enregistrez, puis déposez de nouveau le fichier."


class Constats:
    """Les anomalies d'un fichier, dans l'ordre où on les rencontre."""

    def __init__(self, fichier: str) -> None:
        self.fichier = fichier
        self.found: list[Anomalie] = []

    def add(
        self,
        code: str,
        message: str,
        *,
        feuille: str = "",
        case: Case | None = None,
        cellule: str = "",
        matricule: str = "",
        rubrique: str = "",
        attendu: str = "",
        remede: str = _CORRIGER,
        gravite: Gravite = Gravite.BLOQUANT,
        texte: str = "",
        montrer: bool = True,
    ) -> None:
        """Inscrit un constat ; ``montrer`` faux : la valeur reçue (un nom) n'est pas répétée."""
        self.found.append(
            Anomalie(
                code=code,
                message=message,
                remede=remede,
                gravite=gravite,
                fichier=self.fichier,
                feuille=feuille,
                cellule=cellule or (case.adresse if case else ""),
                matricule=matricule,
                rubrique=rubrique,
                recu=case.texte[:60] if case and montrer else "",
                attendu=attendu,
                texte=texte,
            )
        )
