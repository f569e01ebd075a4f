"""La feuille de papier : fpdf2, deux polices embarquées, des textes au millimètre, un PDF/A aux octets constants."""

from __future__ import annotations

import copy
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache
from html import escape
from typing import Literal

from fpdf.enums import OutputIntentSubType
from fpdf.output import PDFICCProfile
from fpdf.util import builtin_srgb2014_bytes

from payroll.documents.polices import FAMILY, Assembleur, Papier, characters
from payroll.documents.polices import width as ems

__all__ = ["FAMILY", "Sheet", "printable", "printable_characters"]

AUTEUR_LOGICIEL = "paie-a-facon"

Color = tuple[int, int, int]
Align = Literal["L", "C", "R"]

ENCRE: Color = (28, 32, 38)
GRIS: Color = (96, 104, 116)
FILET: Color = (196, 203, 212)
TEINTE: Color = (240, 244, 249)
TEINTE_FORTE: Color = (219, 228, 239)
BLEU: Color = (27, 58, 96)
BLANC: Color = (255, 255, 255)

MILLIMETRES_PAR_POINT = 25.4 / 72
POINTS = 72 / 25.4
"""Points par millimètre."""
HAUTEUR = 297.0
"""La hauteur d'une page A4, en millimètres : un PDF compte les ordonnées depuis le bas."""
ELLIPSE = "…"
TAILLE_MINIMALE = 5.5
_WHITESPACE = re.compile(r"[\t\n\r\f\v]+")
# Lettres que la décomposition Unicode ne réduit pas à une lettre latine de base.
_SANS_DECOMPOSITION = str.maketrans(
    {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "ı": "i", "ŧ": "t", "ŋ": "n", "ẞ": "SS", "ʼ": "’", "ʻ": "’",
     "‐": "-", "\u2011": "-", "\u2009": "\u202f", "\u200b": "", "\u200d": "", "\ufeff": "", "\u00ad": ""}
)  # fmt: skip


@cache
def printable_characters() -> frozenset[str]:
    """Les caractères que les deux polices savent dessiner."""
    return frozenset(characters(bold=False).chasses) & frozenset(characters(bold=True).chasses)


@lru_cache(maxsize=2048)
def printable(text: str) -> str:
    """Le texte réduit à ce que la police sait dessiner : jamais d'erreur, jamais de caractère perdu sans trace.

    Une lettre accentuée hors du jeu perd son accent (« ș » devient « s »), le reste devient « ? ».

    Les réponses sont gardées : les mêmes libellés reviennent à chaque bulletin (un cinquième de son temps).

    >>> printable("Łukasz Ștefan 李")
    'Lukasz Stefan ?'
    """
    known = printable_characters()
    composed = unicodedata.normalize("NFC", _WHITESPACE.sub(" ", text))
    if known.issuperset(composed):
        return composed
    close = composed.translate(_SANS_DECOMPOSITION)
    return "".join(char if char in known else _fallback(char, known) for char in close)


def _fallback(char: str, known: frozenset[str]) -> str:
    decomposed = unicodedata.normalize("NFKD", char)
    kept = "".join(part for part in decomposed if part in known and not unicodedata.combining(part))
    return kept or ("" if unicodedata.combining(char) else "?")


class Sheet:
    """Un document A4 en construction ; cotes en millimètres, ``y`` est la ligne de base du texte."""

    def __init__(self, titre: str, auteur: str, jour: date) -> None:
        self.pdf = Papier()
        self.pdf.pdf_version = "1.7"
        self.pdf.alias_nb_pages("")
        self.pdf.set_auto_page_break(False)
        self._operations: list[str] = []
        self._pages: list[list[str]] = []
        self._fill: Color | None = None
        self._stroke: tuple[Color, float] | None = None
        self._font: tuple[bool, float] | None = None
        # Une date sans heure : midi UTC reste le même jour partout en France.
        self._moment = moment = datetime.combine(jour, time(12), tzinfo=UTC)
        titre, auteur = printable(titre), printable(auteur)
        self.pdf.set_title(titre)
        self.pdf.set_author(auteur)
        self.pdf.set_creator(AUTEUR_LOGICIEL)
        self.pdf.set_producer(AUTEUR_LOGICIEL)
        self.pdf.set_lang("fr-FR")
        self.pdf.set_creation_date(moment)
        self.pdf.set_xmp_metadata(_xmp(titre, auteur, moment))
        # PDF/A-3U pièce par pièce : le mode de fpdf2 tairait le titre aux lecteurs qui ne lisent que /Info.
        self.pdf.add_output_intent(
            OutputIntentSubType.PDFA,
            output_condition_identifier="sRGB",
            output_condition="IEC 61966-2-1:1999",
            registry_name="http://www.color.org",
            dest_output_profile=copy.copy(_profile()),
            info="sRGB2014 (v2)",
        )

    def add_page(self) -> None:
        self._finish_page()
        self.pdf.add_page()

    def _finish_page(self) -> None:
        if self._operations:
            self.pdf.fill(self._operations)
            self._pages.append(self._operations)
        self._operations = []
        # Une page commence sans couleur, sans trait et sans police.
        self._fill = self._stroke = self._font = None

    def add_pages_of(self, other: Sheet, signet: str) -> None:
        """Reprend telles quelles les pages d'un document fini, la première sous un signet."""
        for number, operations in enumerate(other._pages):
            self.add_page()
            if number == 0:
                self.bookmark(signet)
            self._operations = operations
        for bold, police in other.pdf.polices.items():
            self.pdf.polices[bold].entiere |= police.entiere

    def bookmark(self, texte: str) -> None:
        """Un signet vers la page en cours."""
        self.pdf.start_section(printable(texte))

    def attach(self, nom: str, content: bytes, mime: str, description: str) -> None:
        """Joint au document les données dont il est l'image (PDF/A-3, relation « Data »)."""
        self.pdf.embed_file(
            bytes=content,
            basename=nom,
            mime_type=mime,
            desc=description,
            creation_date=self._moment,
            modification_date=self._moment,
            associated_file_relationship="Data",
            compress=True,
        )

    def width(self, text: str, size: float, bold: bool = False) -> float:
        """Largeur du texte imprimé, en millimètres."""
        return ems(printable(text), bold) * size * MILLIMETRES_PAR_POINT

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 7,
        *,
        bold: bool = False,
        align: Align = "L",
        color: Color = ENCRE,
        width: float | None = None,
    ) -> None:
        """Pose un texte sur une ligne ; ``x`` en est la gauche, le milieu ou la droite selon ``align``.

        ``width`` borne la place : le texte rétrécit jusqu'à 5,5 points, puis finit par « … ».
        """
        shown = printable(text)
        if not shown:
            return
        length = self.width(shown, size, bold)
        if width is not None and length > width:
            shown, size = self._fit(shown, size, bold, width)
            length = self.width(shown, size, bold)
        left = {"L": x, "C": x - length / 2, "R": x - length}[align]
        self.put(left, y, shown, size, bold, color)

    def put(self, left: float, y: float, shown: str, size: float, bold: bool, color: Color) -> None:
        """Écrit un texte imprimable à sa place exacte."""
        police = self.pdf.polices[bold]
        operations = self._operations
        if self._font != (bold, size):
            self._font = (bold, size)
            operations.append(f"/F{police.i} {size:.2f} Tf")
        self._ink(color)
        # Écrire soi-même l'opération, plutôt que par FPDF.text et set_font : un quart du temps d'un bulletin de moins.
        operations.append(f"BT {left * POINTS:.2f} {(HAUTEUR - y) * POINTS:.2f} Td {police.encode_text(shown)} ET")

    def _ink(self, color: Color) -> None:
        """La couleur des textes et des aplats, redite seulement quand elle change."""
        if self._fill != color:
            self._fill = color
            self._operations.append(_color(color, "rg"))

    def _pen(self, color: Color, thickness: float) -> None:
        """La couleur et l'épaisseur des traits, redites seulement quand elles changent."""
        if self._stroke != (color, thickness):
            self._stroke = (color, thickness)
            self._operations.append(f"{_color(color, 'RG')} {thickness * POINTS:.2f} w")

    def _fit(self, text: str, size: float, bold: bool, width: float) -> tuple[str, float]:
        smaller = max(TAILLE_MINIMALE, size * width / self.width(text, size, bold) - 0.02)
        while len(text) > 1 and self.width(text, smaller, bold) > width:
            text = text.removesuffix(ELLIPSE)[:-1].rstrip() + ELLIPSE
        return text, smaller

    def wrap(self, text: str, size: float, width: float) -> list[str]:
        """Coupe un texte en lignes qui tiennent dans ``width``, entre les mots."""
        lines: list[str] = []
        for word in printable(text).split(" "):
            candidate = f"{lines[-1]} {word}" if lines else word
            if lines and self.width(candidate, size) <= width:
                lines[-1] = candidate
            else:
                lines.append(word)
        return lines

    def box(self, x: float, y: float, width: float, height: float, color: Color) -> None:
        """Un aplat de couleur."""
        self._ink(color)
        self._operations.append(f"{_rectangle(x, y, width, height)} f")

    def frame(self, x: float, y: float, width: float, height: float, color: Color, thickness: float) -> None:
        """Un cadre."""
        self._pen(color, thickness)
        self._operations.append(f"{_rectangle(x, y, width, height)} S")

    def rule(self, x1: float, y1: float, x2: float, y2: float, color: Color = FILET, thickness: float = 0.15) -> None:
        """Un filet."""
        self._pen(color, thickness)
        self._operations.append(
            f"{x1 * POINTS:.2f} {(HAUTEUR - y1) * POINTS:.2f} m {x2 * POINTS:.2f} {(HAUTEUR - y2) * POINTS:.2f} l S"
        )

    def lines(self, x: float, y: float, texts: Iterable[str], step: float, size: float, width: float) -> float:
        """Pose des lignes l'une sous l'autre ; rend l'ordonnée suivante."""
        for text in texts:
            self.text(x, y, text, size, width=width)
            y += step
        return y

    def output(self) -> bytes:
        self._finish_page()
        return bytes(self.pdf.output(output_producer_class=Assembleur))


@cache
def _color(color: Color, operator: str) -> str:
    return " ".join(f"{part / 255:.4g}" for part in color) + f" {operator}"


def _rectangle(x: float, y: float, width: float, height: float) -> str:
    return f"{x * POINTS:.2f} {(HAUTEUR - y) * POINTS:.2f} {width * POINTS:.2f} {-height * POINTS:.2f} re"


@cache
def _profile() -> PDFICCProfile:
    """Le profil de couleurs, comprimé une fois par processus."""
    return PDFICCProfile(contents=builtin_srgb2014_bytes(), n=3, alternate="DeviceRGB")


def _xmp(titre: str, auteur: str, moment: datetime) -> str:
    """Les métadonnées PDF/A, écrites ici parce que fpdf2 y mettrait l'heure de la machine."""
    stamp = moment.isoformat(timespec="seconds")
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"'
        ' xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
        "<pdfaid:part>3</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>"
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(titre)}</rdf:li></rdf:Alt></dc:title>'
        f"<dc:creator><rdf:Seq><rdf:li>{escape(auteur)}</rdf:li></rdf:Seq></dc:creator>"
        "<dc:language><rdf:Bag><rdf:li>fr-FR</rdf:li></rdf:Bag></dc:language>"
        f"<xmp:CreatorTool>{AUTEUR_LOGICIEL}</xmp:CreatorTool><xmp:CreateDate>{stamp}</xmp:CreateDate>"
        f"<xmp:ModifyDate>{stamp}</xmp:ModifyDate><pdf:Producer>{AUTEUR_LOGICIEL}</pdf:Producer>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
