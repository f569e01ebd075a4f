"""Les saisies au clavier : inscrire, payer, voir le reste dû, lever ; un acte incomplet est refusé en une phrase."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desk.test_command import ADHERENTS, HORLOGE, paie


@pytest.fixture(autouse=True)
def _sur_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIE_REPERTOIRE", str(tmp_path / "var"))
    monkeypatch.setenv("PAIE_HORLOGE_FIGEE", HORLOGE)
    monkeypatch.setenv("COLUMNS", "220")
    monkeypatch.setenv("TERM", "dumb")
    assert paie("inscrire", ADHERENTS / "lubescaux.yaml").exit_code == 0


CESSION = (
    "saisie", "inscrire", "lubescaux", "LB002", "cession_remuneration",
    "--notifiee-le", "2026-10-05", "--mensuel", "100,00", "--total", "150,00", "--creancier", "CRÉANCIER",
)  # fmt: skip


def test_un_acte_inscrit_se_retient_puis_se_leve() -> None:
    assert "saisie n° 1 inscrite" in paie(*CESSION).output
    for geste in (("ouvrir",), ("calculer", "--sans-fichier")):
        assert paie(*geste, "--mois", "2026-11").exit_code == 0
    vu = " ".join(paie("saisie", "voir", "lubescaux").output.split())
    assert "cession remuneration │ CRÉANCIER │ 100,00 │ 100,00 │ 50,00" in vu

    levee = paie("saisie", "lever", "lubescaux", "LB002", "1", "--au", "2026-11-30")
    assert "levée après le 30/11/2026" in levee.output
    assert "30/11/2026" in paie("saisie", "voir", "lubescaux").output


@pytest.mark.parametrize(
    ("arguments", "mots"),
    [
        ((*CESSION[:7], "--total", "150,00"), "a un terme mensuel"),
        (("saisie", "inscrire", "lubescaux", "LB002", "gage", "--notifiee-le", "2026-10-05"), "incomplet : type"),
        (("saisie", "inscrire", "lubescaux", "LB002", "saisie_remuneration", "--notifiee-le", "hier"), "notifiee_le"),
        (("saisie", "inscrire", "lubescaux", "LB099", *CESSION[4:]), "aucun contrat"),
        (("saisie", "lever", "lubescaux", "LB002", "7", "--au", "2026-11-30"), "pas de saisie n° 7"),
        (("saisie", "lever", "lubescaux", "LB002", "7", "--au", "bientôt"), "date illisible"),
    ],
)
def test_un_acte_impossible_est_refuse_en_une_phrase(arguments: tuple[str, ...], mots: str) -> None:
    result = paie(*arguments)

    assert result.exit_code == 1
    assert mots in " ".join(result.output.split())
    assert "Traceback" not in result.output
