"""Les fiches de l'année au clavier : rendues si un mois est déclaré, refusées en une phrase sinon."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desk.test_command import ADHERENTS, HORLOGE, paie
from tests.documents.readers import pdf_text


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


def test_un_bulletin_se_voit_avant_d_etre_rendu_dans_le_modele_que_l_on_veut(tmp_path: Path) -> None:
    for geste in (("ouvrir",), ("calculer", "--sans-fichier")):
        assert paie(*geste, "--mois", "2026-11", "--adherent", "lubescaux").exit_code == 0
    choix = ("apercu", "LB001", "-a", "lubescaux", "-m", "2026-11", "--sortie")

    assert paie(*choix, tmp_path / "mois.pdf").exit_code == 0
    assert paie(*choix, tmp_path / "2027.pdf", "--modele", "renove-2027").exit_code == 0
    texts = [pdf_text((tmp_path / name).read_bytes()) for name in ("mois.pdf", "2027.pdf")]
    assert all("LB001" in text for text in texts)

    inconnu = paie(*choix, tmp_path / "x.pdf", "--modele", "2030")
    assert inconnu.exit_code == 1
    assert "modèle de bulletin inconnu" in inconnu.output
    assert not (tmp_path / "x.pdf").exists()
