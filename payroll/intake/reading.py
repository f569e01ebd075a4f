"""Lire un fichier reçu, quel que soit son format : des valeurs sûres, et toutes les anomalies, jamais une exception."""

from __future__ import annotations

from payroll.intake.collecte import Collecte
from payroll.intake.delimited import read_delimited
from payroll.intake.grid import read_ods, read_xlsx
from payroll.intake.guards import detect
from payroll.intake.lecture import Lecture
from payroll.intake.roster import Roster
from payroll.intake.workbook import read_workbook


def read(content: bytes, filename: str, roster: Roster) -> Lecture:
    """Lit un fichier d'éléments variables de cet adhérent pour ce mois.

    Le format se reconnaît au contenu, jamais au seul nom. Une lecture dont une anomalie est bloquante n'entre pas en
    paie, en rien : la secrétaire corrige et renvoie.
    """
    work = Collecte(roster, filename)
    kind, refused = detect(content, filename)
    work.constats.found.extend(refused)
    if kind == "csv":
        read_delimited(content, work)
    elif kind in ("xlsx", "ods"):
        feuilles = read_xlsx(content) if kind == "xlsx" else read_ods(content)
        if feuilles is None:
            work.constats.add(
                "fichier-abime",
                "ce classeur est abîmé : il ne s'ouvre pas.",
                remede="Repartez du classeur du mois, dans votre dossier « retour ».",
            )
        else:
            read_workbook(feuilles, work)
    return work.finish(kind)
