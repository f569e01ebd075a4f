"""La feuille : ce que la police sait dessiner, et comment un texte tient dans sa place."""

from __future__ import annotations

from datetime import date

import pytest
from fpdf import FPDF
from hypothesis import given
from hypothesis import strategies as st

from payroll.documents.polices import FONTS
from payroll.documents.sheet import Sheet, printable, printable_characters


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    return Sheet("essai", "essai", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("Été à Œuvres, l’Aÿ « ça » 12 € – —…", "Été à Œuvres, l’Aÿ « ça » 12 € – —…"),
        ("1\u202f234,56\u00a0€", "1\u202f234,56\u00a0€"),
        ("e\u0301te\u0301", "été"),
        ("Ștefan Łódź Žižek", "Stefan Lódz Zizek"),
        ("Garc\u00eda\tNu\u00f1ez\nJr", "García Nuñez Jr"),
        ("李", "?"),
        ("ﬁn ½", "fin ½"),
        ("a\u200bb\u00adc", "abc"),
        ("\x00", "?"),
        ("", ""),
    ],
)
def test_un_caractere_hors_du_jeu_est_remplace_au_plus_pres(given_text: str, shown: str) -> None:
    assert printable(given_text) == shown


@given(st.text(max_size=40))
def test_tout_texte_devient_imprimable_et_le_reste(text: str) -> None:
    """La police sait dessiner le résultat, et le repasser n'y change rien."""
    shown = printable(text)
    assert printable_characters().issuperset(shown)
    assert printable(shown) == shown


@given(st.characters(min_codepoint=0x3000, max_codepoint=0x9FFF, exclude_categories=["M", "Z", "C"]))
def test_un_caractere_visible_laisse_toujours_une_trace(char: str) -> None:
    assert printable(char)


def test_les_deux_polices_savent_le_francais() -> None:
    needed = "ABCabcÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸÆŒàâäçéèêëîïôöùûüÿæœ0123456789€«»’…–—·%°²\u00a0\u202f"
    assert printable_characters().issuperset(needed)


def test_la_mesure_d_un_texte_est_celle_de_fpdf2(sheet: Sheet) -> None:
    """La largeur lue dans la police et celle de fpdf2 ne diffèrent que de son arrondi au millième de cadratin."""
    plain = FPDF()
    for bold, style, name in ((False, "", "Regular"), (True, "B", "Bold")):
        plain.add_font("Roboto", style, FONTS / f"Roboto-{name}.ttf")
        plain.set_font("Roboto", style, 7)
        for text in ("1\u202f801,74", "Contribution de solidarité pour l'autonomie", "Œ€…"):
            assert sheet.width(text, 7, bold) == pytest.approx(plain.get_string_width(text), rel=0.002)


def test_les_chiffres_ont_la_meme_chasse_et_l_espace_fine_est_fine(sheet: Sheet) -> None:
    assert len({sheet.width(digit, 7) for digit in "0123456789"}) == 1
    assert sheet.width("\u202f", 7) < sheet.width(" ", 7) < sheet.width("0", 7)


def test_un_texte_long_se_coupe_entre_les_mots(sheet: Sheet) -> None:
    text = "La collectivité participe à votre mutuelle depuis le premier janvier."
    lines = sheet.wrap(text, 7, 40)
    assert len(lines) > 1
    assert " ".join(lines) == text
    assert all(sheet.width(line, 7) <= 40 for line in lines)
