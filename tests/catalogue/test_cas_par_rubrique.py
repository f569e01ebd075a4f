"""Chaque rubrique du catalogue est attendue par un cas au moins : une ligne que rien ne chiffre n'est pas prouvée."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from payroll.catalogue import load

CAS = Path(__file__).parents[1] / "cas"


def _expected_codes() -> set[str]:
    """Les codes dont un cas attend un montant ou une base qui n'est pas nul."""
    found: set[str] = set()
    for path in sorted(CAS.glob("*.yaml")):
        for row in yaml.safe_load(path.read_text(encoding="utf-8")):
            blocks = [row["attendu"].get("lignes") or {}, *(row["attendu"].get("rappels") or {}).values()]
            for lignes in blocks:
                found |= {code for code, ligne in lignes.items() if any(Decimal(value) for value in ligne.values())}
            if Decimal(row["attendu"].get("pas", 0)):
                found.add("pas")
    return found


ATTENDUS = _expected_codes()


@pytest.mark.parametrize("code", sorted(load()))
def test_la_rubrique_a_un_cas_qui_la_chiffre(code: str) -> None:
    assert code in ATTENDUS
