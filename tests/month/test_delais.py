"""Les délais des signalements, comptés à la main sur un calendrier."""

from __future__ import annotations

from datetime import date

import pytest

from payroll.month.delais import deadline

# Départ, nombre, décompte → dernier jour. Le 11 novembre et le 25 décembre 2026 sont un mercredi et un vendredi fériés.
DELAIS = [
    # Vendredi 27/11 : samedi 28 (1), dimanche 29 (2), 30 (3), 1er (4), 2 (5).
    ("calendaires", date(2026, 11, 27), 5, date(2026, 12, 2)),
    # Vendredi 27/11 : samedi 28 (1), lundi 30 (2), 1er (3), 2 (4), 3 (5).
    ("ouvrables", date(2026, 11, 27), 5, date(2026, 12, 3)),
    # Vendredi 27/11 : lundi 30 (1), 1er (2), 2 (3), 3 (4), 4 (5).
    ("ouvres", date(2026, 11, 27), 5, date(2026, 12, 4)),
    # Mardi 10/11 : le 11 est férié ; 12 (1), 13 (2), 14 samedi (3), 16 (4), 17 (5).
    ("ouvrables", date(2026, 11, 10), 5, date(2026, 11, 17)),
    # Le même en jours ouvrés : 12 (1), 13 (2), 16 (3), 17 (4), 18 (5).
    ("ouvres", date(2026, 11, 10), 5, date(2026, 11, 18)),
    # Jeudi 31/12 : 1er janvier férié, 2 samedi ; 4 (1), 5 (2), 6 (3), 7 (4), 8 (5).
    ("ouvres", date(2026, 12, 31), 5, date(2027, 1, 8)),
]


@pytest.mark.parametrize(("decompte", "depart", "jours", "attendu"), DELAIS)
def test_dernier_jour(decompte: str, depart: date, jours: int, attendu: date) -> None:
    assert deadline(depart, jours, decompte) == attendu


def test_un_decompte_inconnu_est_refuse() -> None:
    with pytest.raises(ValueError, match="décompte inconnu"):
        deadline(date(2026, 1, 1), 5, "francs")
