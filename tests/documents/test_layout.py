"""Le modèle de bulletin est une donnée : un fichier faux est refusé en disant quoi."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

import payroll.documents.layout as layout
from payroll.documents.layout import LayoutError, model_for, models, parse_model
from payroll.periods import Month


@pytest.fixture
def row() -> dict[str, Any]:
    rows = yaml.safe_load((Path(layout.__file__).parent / "layout.yaml").read_text(encoding="utf-8"))
    return deepcopy(rows[-1])


@pytest.mark.parametrize("mois", ["2024-01", "2026-11", "2027-03", "2010-01"])
def test_chaque_mois_a_un_modele(mois: str) -> None:
    """Le dernier modèle commencé s'applique ; avant le premier, le plus ancien."""
    modele = model_for(Month.parse(mois))
    assert modele in models()
    assert modele.sections


def test_un_modele_plus_recent_prend_le_relais_a_sa_date(row: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = parse_model({**row, "code": "renove", "du": "2027-01"})
    monkeypatch.setattr(layout, "models", lambda: (parse_model(row), renewed))
    assert model_for(Month(2026, 12)).code == row["code"]
    assert model_for(Month(2027, 1)).code == "renove"


def test_une_section_oubliee_est_refusee(row: dict[str, Any]) -> None:
    del row["sections"]["chomage"]
    with pytest.raises(LayoutError, match="chomage"):
        parse_model(row)


def test_une_section_inconnue_est_refusee(row: dict[str, Any]) -> None:
    row["sections"]["bonus"] = "Bonus"
    with pytest.raises(LayoutError, match="bonus"):
        parse_model(row)


def test_des_colonnes_trop_larges_sont_refusees(row: dict[str, Any]) -> None:
    row["colonnes"][0]["largeur"] += 5
    with pytest.raises(LayoutError, match="195 mm"):
        parse_model(row)


def test_une_colonne_manquante_est_refusee(row: dict[str, Any]) -> None:
    row["colonnes"].pop(3)
    with pytest.raises(LayoutError, match="taux_salarie"):
        parse_model(row)
