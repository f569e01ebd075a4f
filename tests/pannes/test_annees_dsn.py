"""Soixante adhérents, douze mois, toutes les populations : aucun message refusé, signalé ni inexpliqué.

En court, un adhérent et deux mois ; ``--endurance`` joue tout (une heure).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dsn.check_file import check_file
from payroll.month.declarer import dsn_name
from payroll.periods import Month
from payroll.store.registre import Registre
from tests.month.commune import ANNEE, commune
from tests.month.gestes import Lieu, element, fichier, inscrire


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    entire = metafunc.config.getoption("--endurance")
    metafunc.parametrize("rang", range(1, 61) if entire else [6])


def test_une_annee_d_adherent(rang: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    registre = Registre(f"sqlite:///{tmp_path}/paie.db", tmp_path / "pieces")
    registre.upgrade()
    lieu = inscrire(registre, tmp_path, commune(rang))
    for month in range(1, 13 if request.config.getoption("--endurance") else 3):
        said = declared(lieu, Month(ANNEE, month), vacations=5 + (rang + month) % 7)
        assert said == ([], []), (rang, month)
        remarks = [item for item in lieu.declarer(Month(ANNEE, month), minutes=90).anomalies if item.code != "COD-01"]
        assert remarks == [], (rang, month)
    registre.close()


def declared(lieu: Lieu, mois: Month, *, vacations: int) -> tuple[list[str], list[str]]:
    """Joue un mois ; rend ce que le calcul refuse et ce que les contrôles disent."""
    lieu.ouvrir(mois)
    sent = fichier(lieu.code, element(f"VA{lieu.code[-2:]}", "vacations", str(vacations)), mois=mois)
    assert lieu.deposer(sent, nom=f"{mois}.csv").etat == "accepte"
    computed = lieu.calculer(mois)
    lieu.valider(mois, commentaire="essai")
    lieu.declarer(mois)
    lieu.produire(mois)
    lieu.deposer_documents()
    refused = [str(item) for item in computed.anomalies if item.gravite == "bloquant"]
    return refused, [str(item) for item in check_file(lieu.content(dsn_name(lieu.code, mois)))]
