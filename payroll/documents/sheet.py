"""La feuille de papier : fpdf2, deux polices embarquées, des textes au millimètre, un PDF/A aux octets constants."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from functools import cache
from html import escape
from pathlib import Path
from typing import Literal

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import OutputIntentSubType
from fpdf.fonts import TTFFont
from fpdf.output import PDFICCProfile
from fpdf.util import builtin_srgb2014_bytes

FONTS = Path(__file__).parent / "fonts"
FAMILY = "Roboto"
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
ELLIPSE = "…"
TAILLE_MINIMALE = 5.5
_WHITESPACE = re.compile(r"[\t\n\r\f\v]+")
# Lettres que la décomposition Unicode ne réduit pas à une lettre latine de base.
_SANS_DECOMPOSITION = str.maketrans(
    {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "ı": "i", "ŧ": "t", "ŋ": "n", "ẞ": "SS", "ʼ": "’", "ʻ": "’",
     "‐": "-", "\u2011": "-", "\u2009": "\u202f", "\u200b": "", "\u200d": "", "\ufeff": "", "\u00ad": ""}
)  # fmt: skip


@cache
def _widths(name: str) -> dict[str, float]:
    """La chasse de chaque caractère, en cadratins : lue une fois, mesurer un texte par fpdf2 coûte dix fois plus."""
    font = TTFont(FONTS / name)
    metrics, em = font["hmtx"].metrics, font["head"].unitsPerEm
    return {chr(code): metrics[glyph][0] / em for code, glyph in font.getBestCmap().items()}


@cache
def printable_characters() -> frozenset[str]:
    """Les caractères que les deux polices savent dessiner."""
    return frozenset(_widths("Roboto-Regular.ttf")) & frozenset(_widths("Roboto-Bold.ttf"))


def printable(text: str) -> str:
    """Le texte réduit à ce que la police sait dessiner : jamais d'erreur, jamais de caractère perdu sans trace.

    Une lettre accentuée hors du jeu perd son accent (« ș » devient « s »), le reste devient « ? ».

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
        self.pdf = FPDF(format="A4")
        self.pdf.pdf_version = "1.7"
        self.pdf.render_color_fonts = False
        self.pdf.alias_nb_pages("")
        self.pdf.set_auto_page_break(False)
        for style, name in (("", "Roboto-Regular.ttf"), ("B", "Roboto-Bold.ttf")):
            self.pdf.add_font(FAMILY, style, FONTS / name)
        for font in self.pdf.fonts.values():
            if isinstance(font, TTFFont):
                # Les contours du fichier sont déjà justes : les recalculer prendrait un tiers du temps d'un bulletin.
                font.ttfont.recalcBBoxes = False
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
            dest_output_profile=PDFICCProfile(contents=builtin_srgb2014_bytes(), n=3, alternate="DeviceRGB"),
            info="sRGB2014 (v2)",
        )

    def add_page(self) -> None:
        self.pdf.add_page()

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
        widths = _widths("Roboto-Bold.ttf" if bold else "Roboto-Regular.ttf")
        return sum(widths[char] for char in printable(text)) * size * MILLIMETRES_PAR_POINT

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
        self.pdf.set_font(FAMILY, "B" if bold else "", size)
        self.pdf.set_text_color(color)
        self.pdf.text(left, y, shown)

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
        self.pdf.set_fill_color(color)
        self.pdf.rect(x, y, width, height, style="F")

    def frame(self, x: float, y: float, width: float, height: float, color: Color, thickness: float) -> None:
        """Un cadre."""
        self.pdf.set_draw_color(color)
        self.pdf.set_line_width(thickness)
        self.pdf.rect(x, y, width, height)

    def rule(self, x1: float, y1: float, x2: float, y2: float, color: Color = FILET, thickness: float = 0.15) -> None:
        """Un filet."""
        self.pdf.set_draw_color(color)
        self.pdf.set_line_width(thickness)
        self.pdf.line(x1, y1, x2, y2)

    def lines(self, x: float, y: float, texts: Iterable[str], step: float, size: float, width: float) -> float:
        """Pose des lignes l'une sous l'autre ; rend l'ordonnée suivante."""
        for text in texts:
            self.text(x, y, text, size, width=width)
            y += step
        return y

    def output(self) -> bytes:
        return bytes(self.pdf.output())


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
