"""Le sommaire dit chaque fichier du dossier, sans nommer personne, et ne bouge pas pour un accusé de plus."""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

import payroll.documents.sommaire as sommaire
from payroll.documents.sommaire import Reperes, render
from payroll.month.dossier import is_produced
from payroll.periods import Month
from tests.documents.readers import page_count, pdf_text, placed

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
SORTES = yaml.safe_load((Path(sommaire.__file__).parent / "sommaire.yaml").read_text(encoding="utf-8"))["fichiers"]
REPERES = Reperes(date(2026, 11, 27), ("Agence, service paie", "05 00 00 00 00", "paie@agence.example"))


def text(*more: str, reperes: Reperes = REPERES) -> str:
    return " ".join(pdf_text(render("Commune de Lubescaux", MOIS, [*FICHIERS, *more], reperes)).split())


def test_chaque_fichier_est_dit_une_fois_les_bulletins_ensemble() -> None:
    shown = text()
    assert "Commune de Lubescaux" in shown
    assert "Paie de novembre 2026" in shown
    assert "bulletin-*.pdf (2 fichiers) Un bulletin par agent" in shown
    for name in FICHIERS[2:]:
        assert shown.count(name) == 1
    assert "virements.xml" not in shown


def test_un_seul_bulletin_est_nomme() -> None:
    shown = pdf_text(render("Commune", MOIS, FICHIERS[1:]))
    assert "bulletin-2026-11-00107.pdf" in shown


def test_il_dit_qu_en_faire_pour_quand_et_qui_appeler() -> None:
    shown = text()
    assert "À remettre à l'agent" in shown
    assert "Au plus tard le 27 novembre 2026" in shown
    for line in REPERES.contact:
        assert line in shown


def test_sans_date_ni_contact_il_reste_lisible() -> None:
    shown = text(reperes=Reperes())
    assert "Au plus tard la date de paiement" in shown
    assert "{" not in shown


def test_un_fichier_inconnu_n_est_pas_tu() -> None:
    assert "note.odt Autre document." in text("note.odt")


def test_un_accuse_de_plus_et_le_sommaire_lui_meme_n_y_changent_rien() -> None:
    same = text("accuse-variables-2026-11-9f49f2a4.txt", "a-corriger-x.xlsx", "LISEZMOI.txt", "LISEZMOI.pdf")
    assert same == text()


def test_l_ordre_des_fichiers_n_y_change_rien() -> None:
    assert render("Commune", MOIS, FICHIERS) == render("Commune", MOIS, reversed(FICHIERS))


def test_rien_ne_sort_de_la_page_meme_avec_des_noms_longs() -> None:
    many = [f"document-{rank:02d}-{'long-' * 12}.odt" for rank in range(40)]
    content = render("Syndicat intercommunal " * 5, MOIS, [*FICHIERS, *many], REPERES)
    assert page_count(content) == 2
    assert all(item.gauche >= 10 and item.droite <= 200.1 and item.y < 290 for item in placed(content))


@pytest.mark.parametrize(
    "row", yaml.safe_load((Path(sommaire.__file__).parent / "sommaire.yaml").read_text())["fichiers"]
)
def test_chaque_sorte_a_un_texte_et_un_geste(row: dict[str, str]) -> None:
    assert row["texte"].endswith(".")
    assert row["geste"].endswith(".")


@pytest.mark.parametrize(
    ("name", "produced"),
    [
        ("bulletin-2026-11-00042.pdf", True),
        ("virements.xml", True),
        ("a-valider-etat-paye-2026-11.xhl", True),
        ("LISEZMOI.txt", True),
        ("LISEZMOI.pdf", False),
        ("bulletin-2026-10-00042.pdf", False),
        ("dsn-2026-11-lubescaux.dsn", False),
        ("accuse-variables.txt", False),
        ("fiches-2026.xlsx", False),
        ("note.odt", False),
    ],
)
def test_seul_ce_que_la_paie_produit_peut_etre_retire(name: str, produced: bool) -> None:
    assert is_produced(name, MOIS) is produced
    if produced and name != "LISEZMOI.txt":
        assert any(fnmatchcase(name, row["sorte"]) for row in SORTES), "un document produit est dit au sommaire"
