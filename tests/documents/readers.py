"""Relire ce que les documents disent, comme le ferait leur lecteur : textes, positions, cellules."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from typing import Any

from openpyxl import Workbook, load_workbook
from pypdf import PdfReader

from payroll.documents.sheet import FAMILY, MILLIMETRES_PAR_POINT, Sheet

HAUTEUR_A4 = 297.0


@dataclass(frozen=True)
class Texte:
    """Un texte posé sur une page : cotes en millimètres depuis le coin haut gauche, ``y`` sur la ligne de base."""

    page: int
    gauche: float
    droite: float
    y: float
    taille: float
    texte: str


def pdf_text(content: bytes) -> str:
    """Tout le texte, les espaces insécables rendues ordinaires."""
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return text.replace("\u202f", " ").replace("\u00a0", " ").replace("’", "'")


def page_count(content: bytes) -> int:
    return len(PdfReader(io.BytesIO(content)).pages)


def placed(content: bytes) -> list[Texte]:
    """Chaque texte avec sa place, mesurée avec la police du bulletin."""
    ruler = Sheet("règle", "règle", date(2026, 1, 1))
    found: list[Texte] = []
    for number, page in enumerate(PdfReader(io.BytesIO(content)).pages, start=1):

        def visit(text: str, _cm: Any, tm: list[float], font: Any, size: float, page_number: int = number) -> None:
            shown = text.strip(" \n")
            if not shown:
                return
            assert FAMILY in str(font["/BaseFont"])
            left, y = tm[4] * MILLIMETRES_PAR_POINT, HAUTEUR_A4 - tm[5] * MILLIMETRES_PAR_POINT
            width = ruler.width(shown, size, "Bold" in str(font["/BaseFont"]))
            found.append(Texte(page_number, left, left + width, y, size, shown))

        page.extract_text(visitor_text=visit)
    return found


def reopen(content: bytes) -> Workbook:
    return load_workbook(io.BytesIO(content))
