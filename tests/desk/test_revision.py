"""La révision au clavier : le classeur posé, l'approbation de ce qui a été vu, les comptes demandés s'il y en a."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from desk.command import app
from payroll.month import gestionnaires
from tests.desk.test_command import ADHERENTS, HORLOGE, paie

MOIS = ("--mois", "2026-11")
PHRASE = "les pins sont verts"
PLACE = ("lubescaux", "LB002")


@pytest.fixture(autouse=True)
def _sur_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIE_REPERTOIRE", str(tmp_path / "var"))
    monkeypatch.setenv("PAIE_HORLOGE_FIGEE", HORLOGE)
    monkeypatch.setenv("COLUMNS", "240")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(gestionnaires, "_N", 2**4)
    for geste in (("inscrire", ADHERENTS / "lubescaux.yaml"), ("ouvrir", *MOIS), ("calculer", "--sans-fichier", *MOIS)):
        assert paie(*geste).exit_code == 0


def said(*arguments: object, code: int = 0, saisie: str | None = None) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=saisie)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def test_reviser_pose_un_classeur_prive_et_montre_des_matricules(tmp_path: Path) -> None:
    shown = said("reviser", *MOIS, "-a", "lubescaux")
    path = tmp_path / "var" / "revision" / "2026-11" / "lubescaux.xlsx"

    assert path.read_bytes()[:2] == b"PK"
    assert path.stat().st_mode & 0o077 == 0
    assert "Aucun fichier d'éléments variables" in shown
    description = (ADHERENTS / "lubescaux.yaml").read_text(encoding="utf-8")
    names = re.findall(r"^\s+nom: (\w{4,})$", description, re.MULTILINE)
    assert names
    assert not [name for name in names if name in shown]


def test_on_approuve_le_contenu_vu_et_lui_seul() -> None:
    (seen,) = set(re.findall(r"\b[0-9a-f]{12}\b", said("reviser", *MOIS)))
    refused = said("valider", *MOIS, "-a", "lubescaux", "--empreinte", "0" * 12, code=1)
    assert "n'est pas celui que vous avez vu" in refused
    assert f"paie validee, contenu {seen}" in said("valider", *MOIS, "-a", "lubescaux", "--empreinte", seen)


def test_sans_remarque_laisse_attendre_ce_qui_est_a_voir() -> None:
    assert "lubescaux :" in (shown := said("valider", *MOIS, "--sans-remarque"))
    assert "à voir, dont :" in shown
    assert "0 adhérent sur 1" in shown


@pytest.mark.parametrize(
    ("options", "mots"),
    [((), "Nommez les adhérents"), (("--sans-remarque", "--empreinte", "0" * 12), "d'un seul adhérent")],
)
def test_valider_demande_de_dire_quoi(options: tuple[str, ...], mots: str) -> None:
    assert mots in said("valider", *MOIS, *options, code=1)


def test_refuser_corriger_lever_rouvrir() -> None:
    assert "1 bulletin de novembre 2026 refusé" in said("refus", "inscrire", *PLACE, "--motif", "CIA oublié", *MOIS)
    assert "bulletins sont refusés (LB002)" in said("valider", *MOIS, "-a", "lubescaux", code=1)
    assert "Correction n° 1" in said("corriger", "element", *PLACE, "cia", "180,00", "--motif", "appel", *MOIS)
    assert "Correction n° 2" in said("corriger", "ligne", *PLACE, "cia", "-30,00", "--motif", "appel", *MOIS)
    seen = said("corriger", "voir", "lubescaux", *MOIS)
    assert "180,00 au lieu du fichier" in seen
    assert "-30,00 en plus du fichier" in seen
    assert "annulée" in said("corriger", "annuler", "lubescaux", "2", "--motif", "non", *MOIS)
    said("calculer", *MOIS)
    said("valider", *MOIS, "-a", "lubescaux")
    assert "paie calculee" in said("rouvrir", "lubescaux", "--motif", "la mairie rappelle", *MOIS)
    assert "1 bulletin" in said("refus", "inscrire", *PLACE, "--motif", "net surprenant", *MOIS)
    assert "est admis" in said("refus", "lever", *PLACE, "--motif", "vérifié", *MOIS)


def test_un_code_a_usage_unique_se_donne_et_ne_fait_rien_d_autre() -> None:
    shown = said("valider", *MOIS, "--adherent", "lubescaux", "--code", "--par", "camille")
    assert re.search("Code de « camille » : (?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}", shown)
    assert "Il vaut une fois, jusqu'à" in shown
    assert "calculee" in said("etat", *MOIS)
    assert "rien n'est à rouvrir" in said("rouvrir", "lubescaux", "--code", *MOIS, code=1)


def test_une_absence_s_ajoute_et_se_retire() -> None:
    arret = ("cmo", "2026-11-09", "2026-11-15", "--motif", "courriel", *MOIS)
    ajoutee = "Absence ajoutée : congé de maladie ordinaire, du 09/11/2026 au 15/11/2026"
    assert ajoutee in said("corriger", "absence", *PLACE, *arret)
    assert "09/11/2026" in said("corriger", "voir", "lubescaux", *MOIS)
    assert "retirée" in said("corriger", "retirer-absence", "lubescaux", "1", "--motif", "autre agent", *MOIS)
    assert "Nature d'absence inconnue" in said("corriger", "absence", *PLACE, "sieste", *arret[1:], code=1)
    assert "n'est pas un montant" in said("corriger", "element", *PLACE, "cia", "cent", "--motif", "x", *MOIS, code=1)


def test_un_classeur_de_correction_s_exporte_se_remplit_et_s_applique_une_fois(tmp_path: Path) -> None:
    shown = said("corriger", "exporter", "lubescaux", "--dossier", str(tmp_path), *MOIS)
    assert "corrections-2026-11-lubescaux.xlsx" in shown
    path = tmp_path / "corrections-2026-11-lubescaux.xlsx"
    geste = ("corriger", "classeur", "lubescaux", str(path), *MOIS)
    assert "ne demande aucune correction" in said(*geste, code=1)

    book = load_workbook(path)
    for column, value in enumerate((PLACE[1], "cia", "à la place du fichier", 180, "appel de la mairie"), start=1):
        book["Éléments à ajouter"].cell(5, column).value = value
    book.save(path)
    assert "1 correction. Recalculez la paie." in said(*geste)
    assert "déjà appliqué" in said(*geste)


def test_des_comptes_ouverts_demandent_de_se_nommer() -> None:
    twice = f"{PHRASE}\n{PHRASE}\n"
    assert "ouvert, rôle responsable" in said("gestionnaire", "ajouter", "chef", "--role", "responsable", saisie=twice)
    said("gestionnaire", "ajouter", "m.dune", "-a", "lubescaux", saisie=twice)
    geste = ("valider", *MOIS, "-a", "lubescaux", "--par", "m.dune")
    assert "mot de passe faux" in said(*geste, saisie="autre chose\n", code=1)
    shown = said(*geste, saisie=f"{PHRASE}\n")
    assert "paie validee" in shown
    assert PHRASE not in shown

    said("gestionnaire", "mot-de-passe", "m.dune", saisie="la dune avance\nla dune avance\n")
    said("gestionnaire", "fermer", "m.dune")
    listed = said("gestionnaire", "lister")
    assert "m.dune │ gestionnaire │ lubescaux │ fermé" in listed
    assert "court" not in listed
    assert "12 caractères" in said("gestionnaire", "ajouter", "court", saisie="court\ncourt\n", code=1)
