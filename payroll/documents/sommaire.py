"""Le sommaire du dossier rendu : ``LISEZMOI.pdf`` dit ce qu'est chaque fichier, qu'en faire, pour quand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from payroll.documents.payslip import DROITE, GAUCHE, french_date
from payroll.documents.sheet import BLANC, BLEU, ENCRE, FILET, GRIS, Color, Sheet
from payroll.periods import Month
from payroll.wording import plural

NOM = "LISEZMOI.pdf"
ANCIEN = "LISEZMOI.txt"
"""Son nom d'avant : un dossier ne garde pas les deux."""

_COLONNES = (("Fichier", 52.0), ("Ce que c’est", 55.0), ("Ce que vous en faites", 51.0), ("Pour quand", 32.0))
_TAILLE, _PAS, _MARGE = 8.0, 3.7, 1.6
_HAUT, _BAS = 20.0, 270.0


@dataclass(frozen=True, slots=True)
class Reperes:
    """Ce que le dossier ne dit pas de lui-même : quand les traitements sont payés, et qui appeler."""

    date_paiement: date | None = None
    contact: tuple[str, ...] = ()
    """Une ligne par mention : service, téléphone, courriel."""


@dataclass(frozen=True, slots=True)
class _Sorte:
    sorte: str
    texte: str
    geste: str
    quand: str

    def takes(self, fichier: str) -> bool:
        return fnmatchcase(fichier, self.sorte)


@dataclass(frozen=True, slots=True)
class _Table:
    fichiers: tuple[_Sorte, ...]
    reponses: tuple[_Sorte, ...]
    tus: frozenset[str]


@cache
def _table() -> _Table:
    data: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "sommaire.yaml").read_text(encoding="utf-8"))
    return _Table(
        fichiers=tuple(_Sorte(**row) for row in data["fichiers"]),
        reponses=tuple(_Sorte(**row) for row in data["reponses"]),
        tus=frozenset(data["tus"]),
    )


def render(nom: str, mois: Month, fichiers: Iterable[str], reperes: Reperes | None = None) -> bytes:
    """Le sommaire en PDF/A, dans l'ordre où l'on se sert des fichiers ; mêmes fichiers, mêmes octets."""
    reperes = reperes or Reperes()
    page = _Page(Sheet(f"Lisez-moi, paie de {mois.libelle}", nom, mois.last_day), nom, mois)
    page.paragraph(
        "Voici ce que contient ce dossier, et ce qu’il reste à faire. Un document corrigé remplace le précédent, sous "
        "le même nom ; un document qui n’est plus vrai est ôté."
    )
    page.title("Dans ce dossier")
    page.table([_cells(fichier, sorte, reperes) for fichier, sorte in _rows(fichiers)])
    page.title("Les réponses à vos dépôts, s’il y en a")
    page.table([_cells(sorte.sorte, sorte, reperes) for sorte in _table().reponses])
    page.title("Une question, une erreur ?")
    page.paragraph(
        "Ne corrigez pas ces fichiers : dites-le à votre centre de paie, qui corrige à la source et les rend de "
        "nouveau. Donnez le matricule de l’agent, jamais son numéro de sécurité sociale dans un courriel."
    )
    for line in reperes.contact:
        page.paragraph(line, bold=True)
    page.paragraph(
        "Ces fichiers portent des données personnelles : ne les transmettez qu’à qui doit les lire.", color=GRIS
    )
    return page.finish()


def _rows(fichiers: Iterable[str]) -> list[tuple[str, _Sorte]]:
    """Les fichiers nommés une fois, ceux d'une même sorte ensemble ; un fichier inconnu n'est pas tu."""
    table = _table()
    rest = {name for name in fichiers if not any(sorte.takes(name) for sorte in table.reponses)} - table.tus
    rows: list[tuple[str, _Sorte]] = []
    for sorte in table.fichiers:
        mine = {name for name in rest if sorte.takes(name)}
        rest -= mine
        if len(mine) == 1:
            rows.append((mine.pop(), sorte))
        elif mine:
            rows.append((f"{sorte.sorte} ({plural(len(mine), 'fichier')})", sorte))
    other = _Sorte("*", "Autre document.", "", "")
    return rows + [(name, other) for name in sorted(rest)]


def _cells(fichier: str, sorte: _Sorte, reperes: Reperes) -> list[str]:
    paiement = f"le {french_date(reperes.date_paiement)}" if reperes.date_paiement else "la date de paiement"
    paiement = paiement.replace(" ", "\u00a0")  # une date ne se coupe pas en fin de ligne
    return [fichier, sorte.texte, sorte.geste, sorte.quand.format(paiement=paiement)]


class _Page:
    """Une feuille qui se remplit de haut en bas, et passe à la suivante quand il ne reste plus de place."""

    def __init__(self, sheet: Sheet, nom: str, mois: Month) -> None:
        self._sheet = sheet
        self._foot = f"{nom} – paie de {mois.libelle}"
        self._open()
        sheet.text(GAUCHE, self._y, "LISEZ-MOI", 15, bold=True, color=BLEU)
        sheet.text(GAUCHE, self._y + 7, nom, 11, bold=True, width=DROITE - GAUCHE)
        sheet.text(GAUCHE, self._y + 12, f"Paie de {mois.libelle}", 9.5, color=GRIS)
        self._y += 15

    def _open(self) -> None:
        self._sheet.add_page()
        self._sheet.rule(GAUCHE, 283.5, DROITE, 283.5)
        self._sheet.text(GAUCHE, 287.5, self._foot, 6.5, color=GRIS, width=DROITE - GAUCHE)
        self._y = _HAUT

    def _room(self, height: float) -> None:
        if self._y + height > _BAS:
            self._open()

    def title(self, text: str) -> None:
        self._room(30)  # un titre ne reste pas seul en bas de page
        self._y += 8
        self._sheet.text(GAUCHE, self._y, text, 10.5, bold=True, color=BLEU)
        self._y += 2.5

    def paragraph(self, text: str, *, bold: bool = False, color: Color = ENCRE) -> None:
        lines = self._sheet.wrap(text, 8.5, DROITE - GAUCHE)
        self._room(4.2 * len(lines) + 1.5)
        self._y += 1.5
        for line in lines:
            self._y += 4.2
            self._sheet.text(GAUCHE, self._y - 1, line, 8.5, bold=bold, color=color)

    def table(self, rows: list[list[str]]) -> None:
        """Le nom du fichier en gras, le reste coupé entre les mots ; l'en-tête revient en haut de chaque page."""
        self._heading()
        for cells in rows:
            columns = zip(cells[1:], _COLONNES[1:], strict=True)
            wrapped = [self._sheet.wrap(text, _TAILLE, width - 2) for text, (_, width) in columns]
            height = _PAS * max(map(len, wrapped)) + 2 * _MARGE
            if self._y + height > _BAS:
                self._open()
                self._heading()
            x, y = GAUCHE + _MARGE, self._y + _MARGE + 2.7
            self._sheet.text(x, y, cells[0], _TAILLE, bold=True, width=_COLONNES[0][1] - 3)
            for (_, before), lines in zip(_COLONNES, wrapped, strict=False):
                x += before
                self._sheet.lines(x, y, lines, _PAS, _TAILLE, 60)
            self._y += height
            self._sheet.rule(GAUCHE, self._y, DROITE, self._y, FILET, 0.1)

    def _heading(self) -> None:
        self._sheet.box(GAUCHE, self._y, DROITE - GAUCHE, 5.4, BLEU)
        x = GAUCHE + _MARGE
        for name, width in _COLONNES:
            self._sheet.text(x, self._y + 3.8, name, 7.5, bold=True, color=BLANC)
            x += width
        self._y += 5.4

    def finish(self) -> bytes:
        return self._sheet.output()
