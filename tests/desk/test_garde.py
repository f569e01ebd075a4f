"""La garde au clavier : sauvegarder, restaurer dans une installation neuve, vérifier le journal, changer la clé."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from desk.command import app

ADHERENT = Path(__file__).parents[2] / "examples" / "adherents" / "lubescaux.yaml"


def paie(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PAIE_REPERTOIRE", str(tmp_path / "une"))
    monkeypatch.setenv("PAIE_HORLOGE_FIGEE", "2026-11-20T09:00:00+00:00")
    assert paie("inscrire", ADHERENT).exit_code == 0
    return tmp_path / "une"


def test_sauvegarder_puis_restaurer_ailleurs_rend_le_meme_etat(
    installation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = paie("sauvegarder", tmp_path / "copie")
    before = paie("adherents").output
    monkeypatch.setenv("PAIE_REPERTOIRE", str(tmp_path / "autre"))
    refused = paie("restaurer", tmp_path / "copie")
    (tmp_path / "autre").mkdir(exist_ok=True)
    shutil.copy2(installation / "cles", tmp_path / "autre" / "cles")
    restored = paie("restaurer", tmp_path / "copie")

    assert (saved.exit_code, refused.exit_code, restored.exit_code) == (0, 1, 0)
    assert "fichier de clés" in refused.output
    for result in (saved, restored):
        assert "0 pièce, 27 lignes." in " ".join(result.output.split())
    assert paie("adherents").output == before


def test_le_journal_se_verifie_et_la_cle_se_change(installation: Path) -> None:
    key = (installation / "cles").read_bytes()
    changed = paie("cles", "changer")

    assert changed.exit_code == 0
    assert (installation / "cles").read_bytes() != key
    assert paie("adherents").exit_code == 0
    verified = paie("audit", "verifier")
    assert (verified.exit_code, "se tient" in verified.output) == (0, True)


def test_en_production_une_cle_absente_est_un_refus(
    installation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIE_ENVIRONNEMENT", "production")
    refused = paie("adherents")
    monkeypatch.setenv("PAIE_FICHIER_CLES", str(shutil.copy2(installation / "cles", tmp_path / "cles")))

    assert (refused.exit_code, "PAIE_FICHIER_CLES" in refused.output) == (1, True)
    assert paie("adherents").exit_code == 0


def test_un_essai_a_blanc_du_depot_dit_tout_et_ne_touche_rien(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIE_OPENSSH_RACINE", str(tmp_path / "srv"))
    monkeypatch.setenv("PAIE_OPENSSH_REGLAGES", str(tmp_path / "etc"))
    key = tmp_path / "cle.pub"
    key.write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0vYXZXPuOUIhGWNpALWkRbVuYsJSNStwz/TaIKNejE secretaire\n")
    opened = paie("adherent", "ouvrir", "valfleuri-essai", "--cle", key, "--essai")
    installed = paie("depot", "installer", "--cle", key, "--essai")
    refused = paie("adherent", "ouvrir", "valfleuri-essai", "--cle", tmp_path / "absente.pub", "--essai")

    assert (opened.exit_code, installed.exit_code, refused.exit_code) == (0, 0, 1)
    assert "valfleuri-essai/depot/pris" in opened.output.replace("\n", "")
    assert "rien n'a été touché" in opened.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cle.pub"]
