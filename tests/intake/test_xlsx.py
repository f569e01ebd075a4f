"""Écrire un classeur : mêmes octets chaque fois, et aucun texte reçu qui devienne une formule."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from payroll.xlsx import deterministic_bytes, plain_text, safe_text

MOMENT = datetime(2026, 1, 1)  # noqa: DTZ001  (date de pièce, sans heure)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", " ="])
def test_un_texte_qui_ressemble_a_une_formule_est_desarme(start: str) -> None:
    """Une apostrophe le précède, et on sait la retirer."""
    text = f"{start}HYPERLINK(1)"
    assert safe_text(text) == f"'{text}"
    assert plain_text(safe_text(text)) == text


@pytest.mark.parametrize("text", ["Mairie", "", "  ", "12,5", "'oui'", "L'été", "a=b"])
def test_un_texte_ordinaire_n_est_pas_touche(text: str) -> None:
    assert safe_text(text) == text
    assert plain_text(text) == text


def test_un_caractere_qu_un_classeur_ne_sait_pas_porter_est_remplace() -> None:
    assert safe_text("a\x00b\x0b") == "a\ufffdb\ufffd"


@given(st.text(max_size=40))
def test_tout_texte_desarme_s_ecrit_et_n_est_jamais_une_formule(text: str) -> None:
    sheet = Workbook().worksheets[0]
    sheet["A1"] = safe_text(text)
    assert sheet["A1"].data_type != "f"


def test_memes_donnees_memes_octets_et_aucune_heure_de_la_machine() -> None:
    def write() -> bytes:
        book = Workbook()
        book.worksheets[0]["A1"] = "Élément"
        return deterministic_bytes(book, MOMENT)

    content = write()
    assert write() == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {info.date_time for info in archive.infolist()} == {(2026, 1, 1, 0, 0, 0)}
    properties = load_workbook(io.BytesIO(content)).properties
    assert (properties.created, properties.modified) == (MOMENT, MOMENT)
