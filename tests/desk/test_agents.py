"""Le dossier d'un agent au clavier : chaque geste dit ce qu'il a fait, et ne montre jamais un compte."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from desk.command import app
from tests.desk.test_command import ADHERENTS, HORLOGE, paie

PLACE = ("lubescaux", "LB002")
MOTIF = ("--motif", "arrêté 2026-41")


@pytest.fixture(autouse=True)
def _sur_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIE_REPERTOIRE", str(tmp_path / "var"))
    monkeypatch.setenv("PAIE_HORLOGE_FIGEE", HORLOGE)
    monkeypatch.setenv("COLUMNS", "240")
    monkeypatch.setenv("TERM", "dumb")
    assert paie("inscrire", ADHERENTS / "lubescaux.yaml").exit_code == 0


def dit(*geste: object, code: int = 0, saisie: str = "") -> str:
    result = CliRunner().invoke(app, [str(mot) for mot in geste], input=saisie)
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_un_depart_se_date_et_s_annule() -> None:
    geste = ("agent", "depart", *PLACE, "--le", "2026-11-20", "--nature", "retraite", *MOTIF)
    assert "Agent LB002, contrat LB00201 : départ le 20/11/2026. Recalculez la paie." in dit(*geste)
    assert "annulé : le contrat continue" in dit("agent", "annuler-depart", *PLACE, *MOTIF)
    assert "aucun départ daté" in dit("agent", "annuler-depart", *PLACE, *MOTIF, code=1)


def test_une_arrivee_s_inscrit_d_un_fichier_et_se_retire(tmp_path: Path) -> None:
    data = yaml.safe_load((ADHERENTS / "lubescaux.yaml").read_text(encoding="utf-8"))
    agent = next(row for row in data["agents"] if row["matricule"] == PLACE[1])
    contrat = agent["contrats"][0] | {"numero": "LB00202", "date_debut": "2026-11-16", "cumuls": [], "permanents": []}
    agent["contrats"] = [contrat | {"situations": [contrat["situations"][0] | {"du": "2026-11-16"}]}]
    path = tmp_path / "agent.yaml"
    path.write_text(yaml.safe_dump(agent, allow_unicode=True), encoding="utf-8")
    assert "contrat LB00202 : contrat ouvert le" in dit("agent", "arrivee", "lubescaux", path, *MOTIF)
    assert "déjà inscrits : rien ne change" in dit("agent", "arrivee", "lubescaux", path, *MOTIF)
    moved = dit("agent", "entree", *PLACE, "--contrat", "LB00202", "--du", "2026-11-09", *MOTIF)
    assert "entrée le 09/11/2026" in moved
    assert "retiré" in dit("agent", "annuler-arrivee", *PLACE, "--contrat", "LB00202", *MOTIF)

    path.write_text("matricule: LB050\nnom: [", encoding="utf-8")
    assert "n'est pas un YAML lisible" in dit("agent", "arrivee", "lubescaux", path, *MOTIF, code=1)
    path.write_text("matricule: LB050\n", encoding="utf-8")
    assert "Rien n'est inscrit" in dit("agent", "arrivee", "lubescaux", path, *MOTIF, code=1)


def test_un_changement_de_conditions_s_annule() -> None:
    change = ("agent", "conditions", *PLACE, "indice_majore=385", "--du", "2026-11-15", *MOTIF)
    assert "indice_majore : 377 → 385" in dit(*change)
    assert "indice_majore : 385 → 377" in dit("agent", "annuler-conditions", *PLACE, "--du", "2026-11-15", *MOTIF)


@pytest.mark.privacy
def test_un_compte_se_demande_et_ne_se_redit_pas() -> None:
    shown = dit("agent", "compte", *PLACE, *MOTIF, saisie="FR7630006000011234567890189\n\n")
    assert "compte bancaire changé" in shown
    assert "1234567890" not in shown
    assert "n'est pas juste" in dit("agent", "compte", *PLACE, *MOTIF, saisie="FR00\n\n", code=1)
