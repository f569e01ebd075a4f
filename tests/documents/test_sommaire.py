"""Le sommaire dit chaque fichier du dossier, sans nommer personne, et ne bouge pas pour un accusé de plus."""

from __future__ import annotations

import pytest

from payroll.documents.sommaire import render
from payroll.periods import Month

pytestmark = pytest.mark.documents

MOIS = Month(2026, 11)
FICHIERS = [
    "bulletin-2026-11-00042.pdf",
    "bulletin-2026-11-00107.pdf",
    "bulletins.pdf",
    "dsn-2026-11-lubescaux.dsn",
    "journal.xlsx",
    "virements.txt",
]


def text(*more: str) -> str:
    return render("Commune de Lubescaux", MOIS, [*FICHIERS, *more]).decode("utf-8-sig")


def test_chaque_fichier_est_dit_une_fois_les_bulletins_ensemble() -> None:
    shown = text()
    assert shown.startswith("Commune de Lubescaux – paie de novembre 2026\r\n")
    assert "  bulletin-*.pdf (2 fichiers)\r\n      un bulletin par agent" in shown
    for name in FICHIERS[2:]:
        assert shown.count(f"  {name}\r\n      ") == 1
    assert "virements.xml" not in shown


def test_un_seul_bulletin_est_nomme() -> None:
    shown = render("Commune", MOIS, FICHIERS[1:]).decode("utf-8-sig")
    assert "  bulletin-2026-11-00107.pdf\r\n" in shown


def test_un_fichier_inconnu_n_est_pas_tu() -> None:
    assert "  note.odt\r\n      autre document" in text("note.odt")


def test_un_accuse_de_plus_et_le_sommaire_lui_meme_n_y_changent_rien() -> None:
    assert text("accuse-variables-2026-11-9f49f2a4.txt", "a-corriger-x.xlsx", "LISEZMOI.txt") == text()


def test_l_ordre_des_fichiers_n_y_change_rien() -> None:
    assert render("Commune", MOIS, FICHIERS) == render("Commune", MOIS, reversed(FICHIERS))
