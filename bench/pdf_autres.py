"""ReportLab, WeasyPrint et Typst sur les pages de ``bench/pdf.py`` ; à lancer par le Python de ``.venv/bench``.

Entrée standard : JSON (``polices``, ``pages``, ``dossier`` facultatif où garder un PDF de chacun). Sortie : JSON, par
faiseur de PDF, sa version et la médiane de ses durées en millisecondes, ou l'erreur qui l'empêche.
"""

from __future__ import annotations

import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

Page = list[list[Any]]
POINTS = 72 / 25.4


def reportlab(polices: Path, pages: list[Page]) -> list[Callable[[], bytes]]:
    """ReportLab : polices lues une fois ; il n'écrit pas de PDF/A."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    for style in ("Regular", "Bold"):
        pdfmetrics.registerFont(TTFont(style, str(polices / f"Roboto-{style}.ttf")))

    def draw(page: Page) -> bytes:
        out = io.BytesIO()
        canvas = Canvas(out, pagesize=(210 * POINTS, 297 * POINTS), pageCompression=1, invariant=1)
        for kind, *given in page:
            if kind == "t":
                x, y, size, bold, color, text = given
                canvas.setFont("Bold" if bold else "Regular", size)
                canvas.setFillColorRGB(*(part / 255 for part in color))
                canvas.drawString(x * POINTS, (297 - y) * POINTS, text)
            elif kind == "b":
                x, y, width, height, color = given
                canvas.setFillColorRGB(*(part / 255 for part in color))
                canvas.rect(x * POINTS, (297 - y - height) * POINTS, width * POINTS, height * POINTS, 0, 1)
            else:
                x, y, right, bottom, color, thickness = given
                canvas.setStrokeColorRGB(*(part / 255 for part in color))
                canvas.setLineWidth(thickness * POINTS)
                if kind == "f":
                    canvas.rect(x * POINTS, (297 - y - bottom) * POINTS, right * POINTS, bottom * POINTS, 1, 0)
                else:
                    canvas.line(x * POINTS, (297 - y) * POINTS, right * POINTS, (297 - bottom) * POINTS)
        canvas.showPage()
        canvas.save()
        return out.getvalue()

    return [partial(draw, page) for page in pages]


def typst(polices: Path, pages: list[Page]) -> list[Callable[[], bytes]]:
    """Typst : un compilateur gardé, polices lues une fois, PDF/A-3."""
    import typst as engine

    fonts = engine.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(polices)])
    compiler = engine.Compiler(font_paths=fonts)

    def source(page: Page) -> bytes:
        lines = [
            '#set document(title: "Bulletin", date: datetime(year: 2026, month: 11, day: 27))',
            "#set page(width: 210mm, height: 297mm, margin: 0mm)",
            '#set text(font: "Roboto", top-edge: "baseline", bottom-edge: "baseline", lang: "fr")',
            "#let t(x, y, s, w, c, b) = place(dx: x, dy: y, text(size: s, weight: w, fill: c, b))",
            "#let b(x, y, w, h, c) = place(dx: x, dy: y, rect(width: w, height: h, fill: c))",
            "#let f(x, y, w, h, c, e) = place(dx: x, dy: y, rect(width: w, height: h, stroke: e + c))",
            "#let r(x, y, u, v, c, e) = place(line(start: (x, y), end: (u, v), stroke: e + c))",
        ]
        for kind, *given in page:
            if kind == "t":
                x, y, size, bold, color, text = given
                weight, said = ('"bold"' if bold else '"regular"'), json.dumps(text, ensure_ascii=False)
                lines.append(f"#t({x:.3f}mm, {y:.3f}mm, {size:.2f}pt, {weight}, rgb{tuple(color)}, {said})")
            else:
                place = ", ".join(f"{value:.3f}mm" for value in given[:4])
                pen = "" if kind == "b" else f", {given[5]}mm"
                lines.append(f"#{kind}({place}, rgb{tuple(given[4])}{pen})")
        return "\n".join(lines).encode()

    def draw(text: bytes) -> bytes:
        out = compiler.compile(input=text, format="pdf", pdf_standards=["a-3b"], pdf_tags=False)
        return bytes(out)

    return [partial(draw, source(page)) for page in pages]


def weasyprint(polices: Path, pages: list[Page]) -> list[Callable[[], bytes]]:
    """WeasyPrint : des blocs placés sur la page, polices gardées d'un document à l'autre, PDF/A-3."""
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    files = [
        ((polices / f"Roboto-{style}.ttf").as_uri(), weight) for style, weight in (("Regular", 400), ("Bold", 700))
    ]
    faces = "".join(f"@font-face {{ font-family: R; font-weight: {w}; src: url({uri}) }}" for uri, w in files)
    base = "@page { size: A4; margin: 0 } div { position: absolute; white-space: pre; line-height: 1; font-family: R }"
    css = CSS(string=faces + base, font_config=fonts)

    def source(page: Page) -> str:
        rows = []
        for kind, *given in page:
            if kind == "t":
                x, y, size, bold, color, text = given
                top = y - 0.86 * size / POINTS
                face = f"font-size:{size}pt;font-weight:{700 if bold else 400}"
                style = f"left:{x}mm;top:{top}mm;{face};color:rgb{tuple(color)}"
                rows.append(f'<div style="{style}">{escape(text)}</div>')
                continue
            x, y, width, height = given[:4]
            color = f"rgb{tuple(given[4])}"
            if kind == "b":
                ink = f"background:{color}"
            elif kind == "f":
                ink = f"border:{given[5]}mm solid {color}"
            else:
                width, height = max(width - x, given[5]), max(height - y, given[5])
                ink = f"background:{color}"
            rows.append(f'<div style="left:{x}mm;top:{y}mm;width:{width}mm;height:{height}mm;{ink}"></div>')
        return f"<html lang=fr><head><title>Bulletin</title></head><body>{''.join(rows)}</body></html>"

    def draw(text: str) -> bytes:
        document = HTML(string=text)
        return bytes(document.write_pdf(stylesheets=[css], font_config=fonts, pdf_variant="pdf/a-3b"))

    return [partial(draw, source(page)) for page in pages]


def main() -> None:
    """Mesure chacun ; le plus lent sur cinq pages seulement."""
    order = json.load(sys.stdin)
    polices, pages = Path(order["polices"]), order["pages"]
    found: dict[str, dict[str, Any]] = {}
    for maker, count in ((reportlab, len(pages)), (typst, len(pages)), (weasyprint, 5)):
        name = maker.__name__
        try:
            works = maker(polices, pages[:count])
            content = works[0]()
            if "dossier" in order:
                (Path(order["dossier"]) / f"{name}.pdf").write_bytes(content)
            found[name] = {"ms": statistics.median(map(_once, works)) * 1000, "version": version(name)}
        except (ImportError, OSError) as error:
            # WeasyPrint demande Pango au système : sans lui, les autres se mesurent quand même.
            found[name] = {"erreur": str(error).splitlines()[0]}
    json.dump(found, sys.stdout)


def _once(work: Callable[[], bytes]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
