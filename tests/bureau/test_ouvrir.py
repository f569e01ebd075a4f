"""``paie bureau`` : il s'ouvre sur ce poste, refuse d'écouter en clair ailleurs, dit comment commencer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from desk.bureau.reglages import ReglagesBureau
from desk.command import app
from tests.bureau.conftest import COMPTES, Installation

PUBLIQUE = {"PAIE_BUREAU_ADRESSE_PUBLIQUE": "https://paie.agence.example"}


@pytest.mark.parametrize(
    ("arguments", "reglages", "mots"),
    [
        (["--hote", "0.0.0.0"], {}, "montre le bureau hors de ce poste"),
        (["--hote", "0.0.0.0"], PUBLIQUE, "sans chiffrement montrerait des salaires"),
        ([], {"PAIE_ENVIRONNEMENT": "production", "PAIE_FICHIER_CLES": "cles"}, "en production"),
        ([], {"PAIE_BUREAU_ADRESSE_PUBLIQUE": "http://paie.agence.example"}, "https://nom"),
        ([], {"PAIE_BUREAU_MANDATAIRES": "le-mandataire"}, "le-mandataire"),
    ],
)
def test_il_refuse_d_ecouter_a_la_vue_de_tous(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], reglages: dict[str, str], mots: str
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    for name, value in reglages.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(app, ["bureau", *arguments])
    assert done.exit_code == 1
    assert mots in " ".join(done.output.split())
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("adresse", "cru"),
    [("10.0.0.5", True), ("10.0.0.8", False), ("::1", True), ("fe80::2", False), ("nom", False), ("", False)],
)
def test_seuls_les_mandataires_regles_sont_crus(adresse: str, cru: bool) -> None:
    reglages = ReglagesBureau(_env_file=None, mandataires="10.0.0.0/29, ::1")  # type: ignore[call-arg]
    assert reglages.est_mandataire(adresse) is cru
    assert not ReglagesBureau(_env_file=None).est_mandataire(adresse)  # type: ignore[call-arg]


@pytest.mark.parametrize("adresse", ["http://x.example", "https://", "https://x.example/bureau", "x.example"])
def test_une_adresse_publique_est_en_https_et_sans_chemin(adresse: str) -> None:
    with pytest.raises(ValidationError):
        ReglagesBureau(_env_file=None, adresse_publique=adresse)  # type: ignore[call-arg]


def test_il_s_ouvre_et_dit_comment_commencer(tmp_path: Path) -> None:
    """Le vrai programme, sur un port libre : la page de connexion répond, sans dire quel serveur la sert."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "bureau.log"
    process = subprocess.Popen(
        [sys.executable, "-c", "from desk.command import app; app()", "bureau", "--port", str(port)],
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "200"},
        cwd=Path(__file__).parents[2],
    )
    try:
        answer = _connexion(port, process)
        assert answer.status_code == 200
        assert "Mot de passe" in answer.text
        assert "server" not in answer.headers
    finally:
        process.terminate()
        process.wait(20)
    told = log.read_text(encoding="utf-8")
    assert f"http://localhost:{port}" in told
    assert "Aucun administrateur encore" in told


def _connexion(port: int, process: subprocess.Popen[bytes]) -> httpx.Response:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return httpx.get(f"http://localhost:{port}/connexion", timeout=20)
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError("le bureau n'a pas répondu")


def test_un_second_facteur_se_reinitialise_au_clavier(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = installation.connecte("gestionnaire")
    monkeypatch.setenv("PAIE_REPERTOIRE", str(installation.reglages.repertoire))
    done = CliRunner().invoke(app, ["gestionnaire", "second-facteur", COMPTES["gestionnaire"][0]])
    assert done.exit_code == 0, done.output
    assert client.get("/").status_code == 303
    assert len(installation.refus("réinitialiser-second-facteur")) == 1
