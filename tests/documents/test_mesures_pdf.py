"""Les autres faiseurs de PDF dessinent le même bulletin que nous : sans cela, leurs durées ne se comparent pas."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from bench.pdf import ENTIERES, PYTHON, Trace, draw_with_fpdf2, draw_with_others, trace
from payroll.documents import payslip
from payroll.documents.polices import FONTS
from payroll.engine.bulletin import Bulletin
from tests.documents import samples
from tests.documents.readers import pdf_text

pytestmark = pytest.mark.documents

FACTS = samples.facts(samples.TITULAIRE)


@pytest.fixture(scope="module")
def page() -> Trace:
    (found,) = trace(FACTS)
    return found


def words(content: bytes) -> Counter[str]:
    return Counter("".join(pdf_text(content).split()))


def test_le_temoin_note_tout_ce_que_le_bulletin_ecrit(page: Trace) -> None:
    """Lettre à lettre : chaque faiseur coupe les lignes d'un texte extrait à sa façon."""
    traced = Counter("".join("".join(str(row[6]) for row in page if row[0] == "t").replace("’", "'").split()))
    traced = Counter({char: count for char, count in traced.items() if char not in "\u00a0\u202f"})
    assert traced == words(payslip.render(FACTS))
    assert {row[0] for row in page} == {"t", "b", "f", "r"}


@pytest.mark.skipif(not ENTIERES[0].exists(), reason="il manque le paquet Debian fonts-dejavu-core")
def test_fpdf2_seul_ecrit_la_meme_page(page: Trace) -> None:
    assert words(draw_with_fpdf2(page)) == words(payslip.render(FACTS))


@pytest.mark.systeme("pdftoppm")
@pytest.mark.parametrize("bulletin", [samples.TITULAIRE, samples.CONTRACTUEL, samples.ELU, samples.MALADIE])
def test_nos_raccourcis_dessinent_ce_que_fpdf2_dessine_sans_eux(bulletin: Bulletin, tmp_path: Path) -> None:
    """Mêmes polices, même page : au point près d'arrondi, l'image est la même."""
    facts = samples.facts(bulletin)
    (page,) = trace(facts)
    plain = draw_with_fpdf2(page, (FONTS / "Roboto-Regular.ttf", FONTS / "Roboto-Bold.ttf"))
    ours, theirs = (_pixels(content, tmp_path / name) for name, content in (("a", payslip.render(facts)), ("b", plain)))
    assert len(ours) == len(theirs) > 100_000
    gaps = [abs(one - other) for one, other in zip(ours, theirs, strict=True)]
    assert sum(gap > 40 for gap in gaps) < len(gaps) / 2000
    blank = _pixels(draw_with_fpdf2(page[: len(page) // 2], (FONTS / "Roboto-Regular.ttf",) * 2), tmp_path / "c")
    assert sum(abs(one - other) > 40 for one, other in zip(ours, blank, strict=True)) > len(gaps) / 200, "l'essai voit"


def _pixels(content: bytes, path: Path) -> bytes:
    """La page en niveaux de gris, l'en-tête du format ôté."""
    path.write_bytes(content)
    done = subprocess.run(["pdftoppm", "-r", "60", "-gray", str(path)], capture_output=True, check=True)
    return done.stdout.split(b"\n", 3)[3]


@pytest.mark.skipif(not PYTHON.exists(), reason="il manque les autres faiseurs de PDF (make pdf)")
def test_les_autres_ecrivent_la_meme_page(page: Trace, tmp_path: Path) -> None:
    found = draw_with_others({"polices": str(FONTS), "pages": [page], "dossier": str(tmp_path)})
    assert set(found) == {"reportlab", "typst", "weasyprint"}
    drawn = [name for name, row in found.items() if "erreur" not in row]
    assert {"reportlab", "typst"} <= set(drawn), found
    for name in drawn:
        content = (tmp_path / f"{name}.pdf").read_bytes()
        assert words(content) == words(payslip.render(FACTS)), name
        assert found[name]["ms"] > 0
