"""Les grilles du taux par défaut : trois territoires, trois périodes, et le centime de chaque borne."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payroll.legislation import FigureMissing, PasScale, load
from payroll.money import round_half_up
from payroll.periods import Month

LOI = load()
TERRITOIRES = ("metropole", "guadeloupe_martinique_reunion", "guyane_mayotte")
JOURS = (date(2025, 1, 1), date(2025, 5, 1), date(2026, 5, 1))
GRILLES = [LOI.on(jour).pas_scale(territoire) for territoire in TERRITOIRES for jour in JOURS]

# Les vingt taux de l'article 204 H III-1 sont les mêmes partout, en millièmes.
TAUX = (0, 5, 13, 21, 29, 35, 41, 53, 75, 99, 119, 138, 158, 179, 200, 240, 280, 330, 380, 430)


@pytest.mark.parametrize("grille", GRILLES, ids=lambda grille: f"{grille.territoire}-{grille.du}")
def test_chaque_grille_porte_les_vingt_taux_de_la_loi(grille: PasScale) -> None:
    assert grille.taux == tuple(taux * 1000 for taux in TAUX)


@pytest.mark.parametrize("grille", GRILLES, ids=lambda grille: f"{grille.territoire}-{grille.du}")
def test_la_borne_basse_appartient_a_sa_tranche(grille: PasScale) -> None:
    """« Supérieure ou égale à » : un centime avant, l'ancien taux ; à la borne et un centime après, le nouveau."""
    for rang, borne in enumerate(grille.bornes[1:], start=1):
        avant, juste, apres = (grille.rate(borne + ecart) for ecart in (-1, 0, 1))

        assert (avant, juste, apres) == (grille.taux[rang - 1], grille.taux[rang], grille.taux[rang])


@pytest.mark.parametrize("grille", GRILLES, ids=lambda grille: f"{grille.territoire}-{grille.du}")
def test_une_colonne_donne_les_memes_taux_qu_un_agent_a_la_fois(grille: PasScale) -> None:
    bases = np.array([-5_00, 0, *[borne + e for borne in grille.bornes[1:] for e in (-1, 0, 1)], 10**9], dtype=np.int64)
    taux = grille.rate(bases)

    assert taux.dtype == np.int64
    assert taux.tolist() == [grille.rate(int(base)) for base in bases]


@given(st.sampled_from(GRILLES), st.integers(-(10**6), 10**8))
def test_le_taux_est_celui_de_la_derniere_borne_atteinte(grille: PasScale, base: int) -> None:
    """Pour toute base : le taux de la plus haute borne qu'elle atteint, jamais moins pour une base plus haute."""
    atteintes = [taux for borne, taux in zip(grille.bornes, grille.taux, strict=True) if borne <= base]

    assert grille.rate(base) == (atteintes[-1] if atteintes else 0)
    assert grille.rate(base) <= grille.rate(base + 1_00)


def test_une_base_nulle_ou_negative_n_est_pas_imposee() -> None:
    assert [GRILLES[0].rate(base) for base in (0, -1, -1_000_00)] == [0, 0, 0]


@pytest.mark.parametrize(
    "territoire, jour, base, taux",
    [
        ("metropole", "2025-04-30", 1_591_00, 5_000),
        ("metropole", "2025-05-01", 1_619_99, 0),
        ("metropole", "2026-04-30", 1_620_00, 5_000),
        ("metropole", "2026-05-01", 1_634_99, 0),
        ("metropole", "2026-05-01", 1_635_00, 5_000),
        ("metropole", "2026-05-01", 55_558_00, 430_000),
        ("guadeloupe_martinique_reunion", "2026-01-15", 1_857_99, 0),
        ("guadeloupe_martinique_reunion", "2026-01-15", 1_858_00, 5_000),
        ("guadeloupe_martinique_reunion", "2025-01-15", 7_697_00, 179_000),
        ("guyane_mayotte", "2025-06-15", 2_397_99, 13_000),
        ("guyane_mayotte", "2025-06-15", 2_398_00, 21_000),
        ("guyane_mayotte", "2026-06-15", 64_341_00, 430_000),
    ],
)
def test_la_grille_est_celle_du_territoire_et_du_jour(territoire: str, jour: str, base: int, taux: int) -> None:
    assert LOI.on(date.fromisoformat(jour)).pas_scale(territoire).rate(base) == taux


@pytest.mark.parametrize("territoire", TERRITOIRES)
@pytest.mark.parametrize("rang, indexation", [(0, 1018), (1, 1009)], ids=["2025 +1,8 %", "2026 +0,9 %"])
def test_chaque_borne_suit_l_indexation_de_la_loi_de_finances(territoire: str, rang: int, indexation: int) -> None:
    """Toutes les bornes, arrondies à l'euro, montent de 1,8 % en 2025 puis de 0,9 % en 2026."""
    ancienne, nouvelle = (LOI.on(jour).pas_scale(territoire) for jour in JOURS[rang : rang + 2])

    assert nouvelle.bornes == tuple(100 * round_half_up(borne * indexation, 100_000) for borne in ancienne.bornes)


@pytest.mark.parametrize("territoire", TERRITOIRES)
def test_les_grilles_se_suivent_sans_trou(territoire: str) -> None:
    grilles = LOI.grilles[territoire]

    assert grilles[-1].au is None
    assert [grille.au for grille in grilles[:-1]] == [suivante.du - timedelta(days=1) for suivante in grilles[1:]]


def test_le_mois_prend_la_grille_de_son_premier_jour() -> None:
    assert LOI.at(Month(2026, 4)).pas_scale("metropole").du == date(2025, 5, 1)
    assert LOI.at(Month(2026, 5)).pas_scale("metropole").du == date(2026, 5, 1)


@pytest.mark.parametrize(
    "jour, territoire, mots",
    [
        ("2023-12-31", "metropole", ["31/12/2023", "commencent le 01/01/2024"]),
        ("2026-01-01", "corse", ["territoire inconnu", "guyane_mayotte"]),
    ],
)
def test_une_grille_absente_dit_laquelle_et_pourquoi(jour: str, territoire: str, mots: list[str]) -> None:
    with pytest.raises(FigureMissing) as absence:
        LOI.on(date.fromisoformat(jour)).pas_scale(territoire)
    assert all(mot in str(absence.value) for mot in [f"pas.grille_par_defaut.{territoire}", *mots])
