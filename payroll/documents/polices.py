"""Les polices du papier, découpées une fois par processus : un document n'a plus qu'à les embarquer.

fpdf2 relit, découpe et recomprime chaque police à chaque document. Les nôtres sont fixes : deux découpes suffisent,
celle des caractères courants et l'extrait entier, et un bulletin se fait huit fois plus vite. Les numéros de
caractères sont les mêmes dans les deux : le texte se code sans savoir laquelle servira.
"""

from __future__ import annotations

import copy
import io
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import FontDescriptorFlags
from fpdf.fonts import PDFFontDescriptor, TTFFont
from fpdf.output import CIDSystemInfo, OutputProducer, PDFFont, PDFFontStream
from fpdf.syntax import Name, PDFArray, PDFContentStream

FONTS = Path(__file__).parent / "fonts"
FAMILY = "Roboto"
COURANTS = frozenset(
    "".join(map(chr, range(0x20, 0x7F))) + "àâäæçèéêëîïôöùûüÿœÀÂÄÆÇÈÉÊËÎÏÔÖÙÛÜŸŒ«»°·²€–—‘’“”…•\u00a0\u202f"
)
"""Ce qu'écrit un bulletin d'ici ; un nom venu d'ailleurs (« ñ », « ø ») fait embarquer l'extrait entier."""

_CMAP = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo
<</Registry (Adobe)
/Ordering (UCS)
/Supplement 0
>> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
{blocs}endcmap
CMapName currentdict /CMap defineresource pop
end
end"""
_BLOC = 100
"""Une table de caractères en compte cent au plus (PDF 32000-1, 9.10.3)."""


@dataclass(frozen=True, slots=True)
class Caracteres:
    """Ce qu'il faut d'une police pour écrire : chasses en cadratins et codes de ses caractères."""

    chasses: dict[str, float]
    codes: dict[int, str]
    """Numéro Unicode → les deux octets du numéro de dessin, échappés pour une chaîne PDF."""


def _file(bold: bool) -> Path:
    return FONTS / f"{FAMILY}-{'Bold' if bold else 'Regular'}.ttf"


@cache
def characters(bold: bool) -> Caracteres:
    """Les caractères de l'extrait, lus une fois."""
    font = TTFont(_file(bold))
    metrics, em = font["hmtx"].metrics, font["head"].unitsPerEm
    cmap: dict[int, str] = font.getBestCmap()
    return Caracteres(
        chasses={chr(code): metrics[glyph][0] / em for code, glyph in cmap.items()},
        codes={code: _escaped(font.getGlyphID(glyph)) for code, glyph in cmap.items()},
    )


def _escaped(glyph: int) -> str:
    text = chr(glyph >> 8) + chr(glyph & 0xFF)
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").replace("\r", r"\r")


@lru_cache(maxsize=2048)
def width(text: str, bold: bool) -> float:
    """La longueur d'un texte imprimable, en cadratins. Les libellés reviennent : un dixième de moins."""
    return sum(map(characters(bold).chasses.__getitem__, text))


class Police(TTFFont):
    """Une police du papier vue de fpdf2 : son rang et sa clé ; ce qu'elle embarque vient de :class:`Assembleur`."""

    def __init__(self, rang: int, bold: bool) -> None:
        # Sans l'initialisation de TTFFont, qui relit le fichier : un sixième du temps d'un document.
        self.i = rang
        self.type = "TTF"
        self.fontkey = f"{FAMILY.lower()}{'B' if bold else ''}"
        self.color_font = None
        self.bold = bold
        self.entiere = False
        """Vrai dès qu'un texte sort des caractères courants."""

    def encode_text(self, text: str) -> str:
        """L'opération qui écrit ce texte imprimable."""
        if not self.entiere and not COURANTS.issuperset(text):
            self.entiere = True
        return f"({text.translate(characters(self.bold).codes)}) Tj"


@dataclass(frozen=True, slots=True)
class _Decoupe:
    """Les objets PDF d'une découpe, sans numéro : chaque document en prend une copie."""

    composite: PDFFont
    cid: PDFFont
    unicode: PDFContentStream
    systeme: CIDSystemInfo
    descripteur: PDFFontDescriptor
    fichier: PDFFontStream


@cache
def _cut(bold: bool, entiere: bool) -> _Decoupe:
    font = TTFont(_file(bold), recalcTimestamp=False)
    kept = sorted(font.getBestCmap()) if entiere else sorted(map(ord, COURANTS))
    options = subset.Options(notdef_outline=True, retain_gids=True, glyph_names=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=kept)
    subsetter.subset(font)
    cmap: dict[int, str] = font.getBestCmap()
    head, hhea, os2, post = font["head"], font["hhea"], font["OS/2"], font["post"]
    for table in ("OS/2", "cmap", "name", "post"):
        # Un PDF dit lui-même les noms, les codes et les chasses (32000-1, 9.9) : 1,2 Ko de moins par document.
        del font[table]
    file = io.BytesIO()
    font.save(file)
    scale = 1000 / head.unitsPerEm
    # Six lettres distinguent deux découpes d'une même police (PDF 32000-1, 9.6.4).
    name = f"PAIE{'EN' if entiere else 'CO'}+{FAMILY}-{'Bold' if bold else 'Regular'}"
    widths = {font.getGlyphID(glyph): round(font["hmtx"].metrics[glyph][0] * scale) for glyph in cmap.values()}
    descriptor = PDFFontDescriptor(
        ascent=round(hhea.ascent * scale),
        descent=round(hhea.descent * scale),
        cap_height=round(os2.sCapHeight * scale),
        flags=FontDescriptorFlags.SYMBOLIC | (FontDescriptorFlags.FORCE_BOLD if bold else FontDescriptorFlags(0)),
        font_b_box="["
        + " ".join(f"{getattr(head, side) * scale:.0f}" for side in ("xMin", "yMin", "xMax", "yMax"))
        + "]",
        italic_angle=int(post.italicAngle),
        stem_v=round(50 + (os2.usWeightClass / 65) ** 2),
        missing_width=round(font["hmtx"].metrics[".notdef"][0] * scale),
    )
    descriptor.font_name = Name(name)
    return _Decoupe(
        composite=PDFFont(subtype="Type0", base_font=name, encoding="Identity-H"),
        cid=PDFFont(
            subtype="CIDFontType2",
            base_font=name,
            d_w=descriptor.missing_width,
            w="[" + " ".join(f"{glyph} [{size}]" for glyph, size in sorted(widths.items())) + "]",
        ),
        unicode=PDFContentStream(_to_unicode(font, cmap), compress=True),
        systeme=CIDSystemInfo(),
        descripteur=descriptor,
        fichier=PDFFontStream(file.getvalue()),
    )


def _to_unicode(font: TTFont, cmap: dict[int, str]) -> bytes:
    """La table qui rend chaque dessin à son caractère : chercher, copier, relire à voix haute."""
    rows = sorted((font.getGlyphID(glyph), code) for code, glyph in cmap.items())
    lines = [f"<{glyph:04X}> <{code:04X}>\n" for glyph, code in rows]
    blocks = [lines[start : start + _BLOC] for start in range(0, len(lines), _BLOC)]
    text = "".join(f"{len(block)} beginbfchar\n{''.join(block)}endbfchar\n" for block in blocks)
    return _CMAP.format(blocs=text).encode("ascii")


class Assembleur(OutputProducer):
    """L'assemblage de fpdf2, polices prises toutes faites : quatre dixièmes du temps d'un document de moins."""

    def _add_fonts(self, *_: object) -> dict[int, PDFFont]:  # type: ignore[override]
        found: dict[int, PDFFont] = {}
        for font in self.fpdf.fonts.values():
            if isinstance(font, Police):
                found[font.i] = self._add_police(_cut(font.bold, font.entiere))
        return found

    def _add_police(self, cut: _Decoupe) -> PDFFont:
        # Des copies : deux documents peuvent se faire en même temps, et chacun numérote ses objets.
        composite, cid, descriptor = copy.copy(cut.composite), copy.copy(cut.cid), copy.copy(cut.descripteur)
        composite.to_unicode = copy.copy(cut.unicode)
        composite.descendant_fonts = PDFArray([cid])
        cid.c_i_d_system_info = copy.copy(cut.systeme)
        cid.font_descriptor = descriptor
        cid.c_i_d_to_g_i_d_map = Name("Identity")  # type: ignore[assignment]
        descriptor.font_file2 = file = copy.copy(cut.fichier)  # type: ignore[attr-defined]
        for added in (composite, cid, composite.to_unicode, cid.c_i_d_system_info, descriptor, file):
            self._add_pdf_obj(added, "fonts")
        return composite


class Papier(FPDF):
    """Un document fpdf2 dont les pages se remplissent d'opérations toutes prêtes."""

    def __init__(self) -> None:
        super().__init__(format="A4")
        self.polices = {bold: Police(rang, bold) for rang, bold in ((1, False), (2, True))}
        for police in self.polices.values():
            self.fonts[police.fontkey] = police

    def fill(self, operations: list[str]) -> None:
        """Pose ces opérations sur la page en cours, où les deux polices sont déclarées."""
        for police in self.polices.values():
            self._set_font_for_page(police, 1)
        self._out("\n".join(operations))
