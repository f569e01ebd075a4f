"""Chaque cas de ``tests/cas`` est un test : le bulletin calculé est celui du papier, au centime."""

from __future__ import annotations

from pathlib import Path

import pytest

from payroll.engine.cases import CaseResult, run

CAS = Path(__file__).parents[1] / "cas"
RESULTATS = run(sorted(CAS.glob("*.yaml")))


def _identify(result: CaseResult) -> str:
    return f"{Path(result.fichier).stem}-{result.nom}"


@pytest.mark.parametrize("result", RESULTATS, ids=_identify)
def test_le_cas_donne_les_montants_du_papier(result: CaseResult) -> None:
    ecarts = [f"{ecart.champ} : attendu {ecart.attendu}, obtenu {ecart.obtenu}" for ecart in result.ecarts]
    assert not result.erreur
    assert not ecarts


def test_deux_cas_ne_portent_pas_le_meme_nom() -> None:
    noms = [(result.fichier, result.nom) for result in RESULTATS]
    assert len(noms) == len(set(noms))


def test_il_y_a_au_moins_soixante_cas() -> None:
    """Un dossier vide ferait passer le test précédent sans rien prouver."""
    assert len(RESULTATS) >= 60
