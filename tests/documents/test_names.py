"""Le nom des fichiers rendus : sûr partout, et muet sur l'agent."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payroll.documents.names import bulletin_name
from payroll.periods import Month


@pytest.mark.parametrize(
    ("matricule", "name"),
    [
        ("00042", "bulletin-2026-11-00042.pdf"),
        ("A/42 bis", "bulletin-2026-11-A-42-bis.pdf"),
        ("../../etc/passwd", "bulletin-2026-11-etc-passwd.pdf"),
        ("Élu1", "bulletin-2026-11-Elu1.pdf"),
        ("..", "bulletin-2026-11-sans-code.pdf"),
    ],
)
def test_le_nom_d_un_bulletin_dit_le_mois_puis_le_matricule(matricule: str, name: str) -> None:
    assert bulletin_name(Month(2026, 11), matricule) == name


@given(st.text(max_size=30))
def test_un_matricule_quelconque_ne_sort_jamais_du_dossier(matricule: str) -> None:
    assert re.fullmatch(r"bulletin-2026-01-[A-Za-z0-9-]+\.pdf", bulletin_name(Month(2026, 1), matricule))


def test_les_noms_se_rangent_par_mois() -> None:
    months = [Month(2025, 12), Month(2026, 2), Month(2026, 11)]
    names = [bulletin_name(mois, "1") for mois in months]
    assert sorted([names[2], names[0], names[1]]) == names
