"""Le bulletin à côté d'autres faiseurs de PDF : mêmes textes, filets et aplats aux mêmes places, dans un même passage.

fpdf2 tout simple et une police entière se mesurent ici ; ReportLab, WeasyPrint et Typst dans leur environnement
(``make pdf``, puis ``bench/pdf_autres.py``), où seule la mise en PDF est comptée : leur source est prête d'avance.
Nos bulletins portent en plus leurs métadonnées PDF/A et leurs données jointes.
"""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

from fpdf import FPDF

from bench.matiere import installation
from bench.tableau import Mesure, french, once
from payroll.documents import payslip
from payroll.documents.facts import PayslipFacts
from payroll.documents.polices import FONTS
from payroll.documents.sheet import Color, Sheet

Trace = list[list[Any]]
"""Ce qu'une page porte, en millimètres depuis le coin haut gauche : textes (t), aplats (b), cadres (f), traits (r)."""

PYTHON = Path(".venv/bench/bin/python")
_DEJAVU = Path("/usr/share/fonts/truetype/dejavu")
ENTIERES = (_DEJAVU / "DejaVuSans.ttf", _DEJAVU / "DejaVuSans-Bold.ttf")
_AUTRES = {"reportlab": "ReportLab", "typst": "Typst", "weasyprint": "WeasyPrint"}


def measure(*, quick: bool) -> Iterator[Mesure]:
    """Un rapport par autre faiseur de PDF ; la note donne les durées."""
    facts = installation().payslips()
    traces = [(fact, pages[0]) for fact in facts if len(pages := trace(fact)) == 1][: 10 if quick else 40]
    ours = [partial(payslip.render, fact) for fact, _ in traces]
    pages = [page for _, page in traces]
    # Nous avant et après les autres : la charge de la machine change d'une minute à l'autre.
    before = _median(ours)
    plain = _median([partial(draw_with_fpdf2, page) for page in pages[:10]]) if ENTIERES[0].exists() else None
    others = _others(pages)
    mine = min(before, _median(ours))
    size = statistics.median(len(work()) for work in ours)
    yield Mesure("un bulletin PDF/A", 18, mine, "ms", f"médiane de {len(ours)} bulletins, {size / 1000:.0f} Ko")
    yield _ratio(f"fpdf2 {version('fpdf2')}, police entière", 0.2, mine, plain, "il manque le paquet fonts-dejavu-core")
    for name, label in _AUTRES.items():
        found = others.get(name, {})
        yield _ratio(
            f"{label} {found.get('version', '')}".strip(), 1, mine, found.get("ms"), found.get("erreur", "« make pdf »")
        )


def _ratio(name: str, aim: float, mine: float, theirs: float | None, missing: str) -> Mesure:
    if theirs is None:
        return Mesure(f"un bulletin, à côté de {name}", aim, None, "fois", f"non mesuré : {missing}")
    note = f"{french(mine)} ms contre {french(theirs)} ms"
    return Mesure(f"un bulletin, à côté de {name}", aim, mine / theirs, "fois", note)


def _median(works: Sequence[Callable[[], object]]) -> float:
    works[0]()  # les polices se lisent une fois par processus
    return statistics.median(once(work) for work in works) * 1000


def _others(pages: list[Trace]) -> dict[str, dict[str, Any]]:
    if not PYTHON.exists():
        return {}
    return draw_with_others({"polices": str(FONTS), "pages": pages})


def draw_with_others(order: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Ce que répond ``bench/pdf_autres.py`` dans son environnement."""
    command, said = [str(PYTHON), "bench/pdf_autres.py"], json.dumps(order)
    done = subprocess.run(command, input=said, capture_output=True, text=True, check=True, timeout=600)
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return found


class _Temoin(Sheet):
    """Une feuille qui note ce qu'on lui fait dessiner."""

    pages: list[Trace]

    def add_page(self) -> None:
        super().add_page()
        self.pages.append([])

    def put(self, left: float, y: float, shown: str, size: float, bold: bool, color: Color) -> None:
        self.pages[-1].append(["t", left, y, size, bold, color, shown])

    def box(self, x: float, y: float, width: float, height: float, color: Color) -> None:
        self.pages[-1].append(["b", x, y, width, height, color])

    def frame(self, x: float, y: float, width: float, height: float, color: Color, thickness: float) -> None:
        self.pages[-1].append(["f", x, y, width, height, color, thickness])

    def rule(
        self, x1: float, y1: float, x2: float, y2: float, color: Color = (196, 203, 212), thickness: float = 0.15
    ) -> None:
        self.pages[-1].append(["r", x1, y1, x2, y2, color, thickness])


def trace(facts: PayslipFacts) -> list[Trace]:
    """Ce que le bulletin dessine, page par page."""
    pages: list[Trace] = []
    with patch.object(payslip, "Sheet", type("Temoin", (_Temoin,), {"pages": pages})):
        payslip.render(facts)
    return pages


def draw_with_fpdf2(page: Trace, polices: tuple[Path, Path] = ENTIERES) -> bytes:
    """La même page par fpdf2 seul, avec des polices TrueType entières, comme on l'écrit d'abord."""
    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(False)
    for style, police in zip(("", "B"), polices, strict=True):
        pdf.add_font("Entiere", style, police)
    pdf.add_page()
    for kind, *given in page:
        if kind == "t":
            x, y, size, bold, color, text = given
            pdf.set_font("Entiere", "B" if bold else "", size)
            pdf.set_text_color(*color)
            pdf.text(x, y, text)
        elif kind == "b":
            *place, color = given
            pdf.set_fill_color(*color)
            pdf.rect(*place, style="F")
        else:
            *place, color, thickness = given
            pdf.set_draw_color(*color)
            pdf.set_line_width(thickness)
            (pdf.rect if kind == "f" else pdf.line)(*place)
    return bytes(pdf.output())
