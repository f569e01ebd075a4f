"""Les commandes d'étude au clavier : comparer, simuler ; elles refusent en une phrase."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from payroll.month.comparer import TOTAUX_COMPARES
from tests.desk.test_command import ADHERENTS, HORLOGE, paie


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Novembre et décembre d'un adhérent, calculés au clavier."""
    root = tmp_path_factory.mktemp("etudes") / "var"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAIE_REPERTOIRE", str(root))
        patch.setenv("PAIE_HORLOGE_FIGEE", HORLOGE)
        assert paie("inscrire", ADHERENTS / "lubescaux.yaml").exit_code == 0
        for mois in ("2026-11", "2026-12"):
            for geste in (("ouvrir",), ("calculer", "--sans-fichier")):
                result = paie(*geste, "--mois", mois)
                assert result.exit_code == 0, result.output
    return root


@pytest.fixture(autouse=True)
def _sur_place(installation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIE_REPERTOIRE", str(installation))
    monkeypatch.setenv("COLUMNS", "220")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("PAIE_HORLOGE_FIGEE", HORLOGE)


def test_comparer_deux_mois() -> None:
    result = paie("comparer", "lubescaux", "LB001", "2026-11", "2026-12")

    assert result.exit_code == 0
    assert "LB001, contrat LB00101 : novembre 2026, révision 1 → décembre 2026, révision 1" in " ".join(
        result.output.split()
    )
    assert "Net à payer" in result.output


def test_comparer_en_json() -> None:
    (found,) = json.loads(paie("comparer", "lubescaux", "LB001", "2026-11", "2026-12", "--json").output)

    assert (found["matricule"], found["contrat"], found["revisions"]) == ("LB001", "LB00101", [1, 1])
    assert set(found["ecarts"]) == set(TOTAUX_COMPARES)
    assert {ligne["code"] for ligne in found["lignes"]} >= {"traitement", "cnracl"}
    for total, ecart in found["ecarts"].items():
        assert sum(cause["ecarts"][total] for cause in found["causes"]) == ecart


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("lubescaux", "LB001", "2026-11"), "deux révisions du même mois"),
        (("lubescaux", "LB001", "2026-11", "--revision", "1", "2"), "n'a pas de révision 2"),
        (("lubescaux", "LB099", "2026-11", "2026-12"), "n'a de bulletin ni dans"),
        (("lubescaux", "LB001", "novembre", "2026-12"), "mois illisible"),
    ],
)
def test_comparer_ce_qui_n_existe_pas_se_refuse(arguments: tuple[str, ...], words: str) -> None:
    result = paie("comparer", *arguments)

    assert result.exit_code == 1
    assert words in " ".join(result.output.split())


HYPOTHESES = """
titre: Essai
debut: "2026-12"
mois: 1
hypotheses:
  - {type: promotion, adherent: lubescaux, matricule: %s, indice_majore: 443, du: 2026-12-01}
"""


def test_simuler_ecrit_un_classeur(tmp_path: Path) -> None:
    source, sortie = tmp_path / "hypotheses.yaml", tmp_path / "simulation.xlsx"
    source.write_text(HYPOTHESES % "LB001", encoding="utf-8")
    result = paie("simuler", source, "--sortie", sortie)

    assert result.exit_code == 0, result.output
    assert "Essai : coût pour l'employeur, décembre 2026 à décembre 2026" in " ".join(result.output.split())
    assert sortie.read_bytes()[:2] == b"PK"


@pytest.mark.parametrize(
    "content, words",
    [
        (HYPOTHESES % "LB099", "aucun contrat de l'agent LB099"),
        (HYPOTHESES % "LB001" + "couleur: bleu\n", "couleur : cette clé est inconnue."),
    ],
)
def test_simuler_refuse_en_une_phrase(tmp_path: Path, content: str, words: str) -> None:
    source, sortie = tmp_path / "hypotheses.yaml", tmp_path / "simulation.xlsx"
    source.write_text(content, encoding="utf-8")
    result = paie("simuler", source, "--sortie", sortie)

    assert result.exit_code == 1
    assert words in " ".join(result.output.split())
    assert not sortie.exists()
