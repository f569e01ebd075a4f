"""Lire un fichier reçu, quel que soit son format : des valeurs sûres, et toutes les anomalies, jamais une exception."""

from __future__ import annotations

import warnings

from payroll.intake import layout
from payroll.intake.bilan import finish
from payroll.intake.collecte import Collecte
from payroll.intake.constats import REPARTIR
from payroll.intake.delimited import read_delimited
from payroll.intake.grid import Classeur, OversizedError, read_xlsx
from payroll.intake.guards import detect
from payroll.intake.lecture import Format, Lecture
from payroll.intake.opendocument import read_ods
from payroll.intake.roster import Roster
from payroll.intake.workbook import read_workbook

_WANTED = frozenset(map(layout.fold, (*layout.FEUILLES_LUES, layout.LISEZ_MOI)))


def read(content: bytes, filename: str, roster: Roster) -> Lecture:
    """Lit un fichier d'éléments variables de cet adhérent pour ce mois.

    Le format se reconnaît au contenu, jamais au seul nom. Une lecture dont une anomalie est bloquante n'entre pas en
    paie, en rien : la secrétaire corrige et renvoie.
    """
    work = Collecte(roster, filename)
    kind, found = detect(content, filename)
    work.constats.found.extend(found)
    if kind == "csv":
        read_delimited(content, work)
    elif kind in ("xlsx", "ods"):
        classeur = _opened(content, kind, work)
        if classeur is None:
            kind = "inconnu"
        else:
            read_workbook(classeur, work)
    return finish(work, kind)


def _opened(content: bytes, kind: Format, work: Collecte) -> Classeur | None:
    reader = read_xlsx if kind == "xlsx" else read_ods
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl avertit de ce qu'il ne saurait pas réécrire : ici, on lit
            classeur = reader(content, _WANTED)
    except OversizedError:
        work.constats.add(
            "feuille-trop-grande",
            "ce classeur a bien plus de cases remplies qu'un mois n'en demande.",
            remede=REPARTIR,
        )
        return None
    if classeur is None:
        work.constats.add("fichier-abime", "ce classeur est abîmé : il ne s'ouvre pas.", remede=REPARTIR)
    return classeur
