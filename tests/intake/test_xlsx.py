"""Écrire un classeur : mêmes octets chaque fois, et aucun texte reçu qui devienne une formule."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import LXML, Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font

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


def _ordinary() -> Workbook:
    """Une feuille de textes et de nombres : styles, cases vides, hauteurs, caractères qu'un XML doit échapper."""
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(["Adhérent « A&B » <1>", " espace", "", None, "deux\nlignes", "retour\rseul"])
    sheet.append([12, Decimal("1801.74"), 0.1, -3, None, 1])
    sheet.append([])
    sheet["D1"].font = Font(bold=True)
    sheet["B7"].number_format = "0.00"
    sheet["AB4"] = "loin"
    sheet["AB4"].font = Font(bold=True, italic=True)
    sheet.row_dimensions[1].height = 30
    sheet.row_dimensions[9].height = 12.5
    return workbook


def _members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != "docProps/core.xml"}


@pytest.mark.skipif(not LXML, reason="sans lxml, openpyxl écrit autrement les mêmes cellules")
def test_les_lignes_ecrites_ici_sont_celles_d_openpyxl_a_l_octet() -> None:
    theirs = io.BytesIO()
    _ordinary().save(theirs)

    assert _members(deterministic_bytes(_ordinary(), MOMENT)) == _members(theirs.getvalue())


@pytest.mark.parametrize("special", ["formule", "date", "commentaire", "lien"])
def test_une_feuille_qui_a_autre_chose_est_ecrite_par_openpyxl(special: str) -> None:
    def made() -> Workbook:
        workbook = _ordinary()
        cell = workbook.worksheets[0]["F6"]
        cell.value = {"formule": "=A2+1", "date": datetime(2026, 11, 20)}.get(special, "texte")  # noqa: DTZ001
        if special == "commentaire":
            cell.comment = Comment("à voir", "agence")
        if special == "lien":
            cell.hyperlink = "https://exemple.fr"
        return workbook

    theirs = io.BytesIO()
    made().save(theirs)

    assert _members(deterministic_bytes(made(), MOMENT)) == _members(theirs.getvalue())
