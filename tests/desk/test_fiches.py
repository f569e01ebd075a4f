"""Les fiches de l'année au clavier : rendues si un mois est déclaré, refusées en une phrase sinon."""

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
    for code in ("lubescaux", "pouymirede"):
        assert paie("inscrire", ADHERENTS / f"{code}.yaml").exit_code == 0


def test_qui_a_un_mois_declare_a_ses_fiches_les_autres_sont_nommes() -> None:
    for geste in (("ouvrir",), ("calculer", "--sans-fichier"), ("valider", "--commentaire", "essai"), ("declarer",)):
        done = paie(*geste, "--mois", "2026-11", "--adherent", "lubescaux")
        assert done.exit_code == 0, done.output

    seul = paie("fiche", "2026", "--adherent", "lubescaux")
    assert seul.exit_code == 0
    assert "lubescaux : fiches 2026 à déposer dans retour/2026-11/" in seul.output

    tous = paie("fiche", "2026")
    assert tous.exit_code == 1
    assert "aucun mois de 2026 n'est déclaré" in tous.output
    assert "1 adhérent sans fiche, les autres sont faits" in tous.output
