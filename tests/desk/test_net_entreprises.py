"""Au clavier : reprendre un adhérent, lire les retours, lister les événements, poser les déclarations."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from desk.command import app
from tests.dsn.retours.fabrique import anomalie, retour

RACINE = Path(__file__).parents[2]
ADHERENTS = RACINE / "examples" / "adherents"
SQUELETTE = RACINE / "tests" / "dsn" / "messages" / "squelette-P25V01.dsn"


@pytest.fixture(autouse=True)
def _clavier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("PAIE_HORLOGE_FIGEE", "2026-12-15T09:00:00+00:00")


def paie(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def flat(result: Result) -> str:
    return " ".join(result.output.split())


def test_reprendre_ecrit_la_feuille_et_dit_ce_qui_manque(tmp_path: Path) -> None:
    result = paie("reprendre", SQUELETTE, "--dossier", tmp_path, "--code", "essai", "--detail")
    assert result.exit_code == 0
    assert "3 agents, premier mois payé ici 2025-10" in flat(result)
    assert "A, B ou C (la DSN n'en dit rien)" in flat(result)
    assert "À REMPLIR" in (tmp_path / "essai.yaml").read_text(encoding="utf-8")
    assert not [name for name in ("DURAND", "BERNARD", "PETIT", "1800540999012") if name in result.output]


def test_reprendre_puis_inscrire_trop_tot_est_refuse_avec_la_liste(tmp_path: Path) -> None:
    result = paie("reprendre", SQUELETTE, "--dossier", tmp_path, "--code", "essai", "--inscrire")
    assert result.exit_code == 1
    assert "valeurs à remplir" in flat(result)
    assert paie("adherents").output == ""


def test_reprendre_un_fichier_absent_est_refuse(tmp_path: Path) -> None:
    result = paie("reprendre", tmp_path / "absent.dsn", "--dossier", tmp_path)
    assert (result.exit_code, "n'existe pas" in flat(result)) == (1, True)


def test_les_retours_se_lisent_du_dossier_regle() -> None:
    assert paie("inscrire", ADHERENTS / "lubescaux.yaml").exit_code == 0
    assert "PAIE_DOSSIER_RETOURS" in flat(paie("retours"))
    folder = Path(os.environ["PAIE_REPERTOIRE"]) / "retours"
    folder.mkdir()
    siret = next(
        line.split('"')[1]
        for line in (ADHERENTS / "lubescaux.yaml").read_text(encoding="utf-8").splitlines()
        if line.startswith("siret:")
    )
    (folder / "certificat.xml").write_bytes(retour("CCO", siret=siret, etat="OK"))
    result = paie("retours")
    assert (result.exit_code, "certificat de conformité (lubescaux 2026-11)" in flat(result)) == (0, True)
    assert "1 retour vu, dont 0 nouveau" in flat(paie("retours"))
    (folder / "bilan.xml").write_bytes(retour("BAN", siret=siret, anomalies=[anomalie("CCH-12", "Régime")]))
    result = paie("retours")
    assert (result.exit_code, "ligne 12 du message" in flat(result)) == (1, True)


def test_rien_a_signaler_se_dit_et_un_signalement_impossible_est_refuse() -> None:
    paie("inscrire", ADHERENTS / "lubescaux.yaml")
    result = paie("evenements")
    assert (result.exit_code, "Rien à signaler." in flat(result)) == (0, True)
    result = paie("signaler", "-a", "lubescaux", "INCONNU", "cmo 2026-12-03")
    assert (result.exit_code, "Aucun contrat" in flat(result)) == (1, True)
    result = paie("signaler", "-a", "lubescaux", "LB00101", "cmo 2026-12-03", "--accident", "hier")
    assert (result.exit_code, "AAAA-MM-JJ" in flat(result)) == (1, True)


def test_poser_les_declarations_et_refuser_l_api_hors_production() -> None:
    paie("inscrire", ADHERENTS / "lubescaux.yaml")
    for geste in (("ouvrir",), ("calculer", "--sans-fichier"), ("valider", "-a", "lubescaux"), ("declarer",)):
        assert paie(*geste, "-m", "2026-11").exit_code == 0
    assert "1 message posé dans" in flat(paie("deposer"))
    folder = Path(os.environ["PAIE_REPERTOIRE"]) / "declarations"
    assert [path.name for path in folder.iterdir()] == ["dsn-2026-11-lubescaux-1.dsn"]
    assert "0 message posé dans" in flat(paie("deposer"))
    for arguments in (("deposer", "--api"), ("retours", "--api")):
        result = paie(*arguments)
        assert (result.exit_code, "est éteint" in flat(result)) == (1, True)
    result = paie("deposer", "--refaire", "inconnu.dsn")
    assert (result.exit_code, "aucun envoi en doute" in flat(result)) == (1, True)
