"""Toute ligne d'un bulletin se raconte : sa formule, ses chiffres avec leur texte, ses données."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from payroll.engine import compute
from payroll.engine.columns import FORMULAS
from payroll.engine.explain import explain
from payroll.engine.situation import Employeur, Mandat, RegimeRetraite, Situation, Statut
from payroll.periods import Month

JANVIER = Month(2026, 1)
COMMUNE = Employeur(population=1800, effectif=12, taux_cdg_ppm=14_000, taux_at_ppm=16_000, assurance_chomage=True)
TITULAIRE = Situation(
    "A1",
    Statut.TITULAIRE,
    RegimeRetraite.CNRACL,
    366,
    permanents={"ifse": 15_000},
    variables={"ihts_jour": 1_000},
)
CONTRACTUEL = replace(TITULAIRE, statut=Statut.CONTRACTUEL, regime_retraite=RegimeRetraite.IRCANTEC)
MAIRE = Situation("E1", Statut.ELU, RegimeRetraite.IRCANTEC, elu=Mandat("maire", taux_indemnite_ppm=200_000))


@pytest.mark.parametrize("situation", [TITULAIRE, CONTRACTUEL, MAIRE], ids=["titulaire", "contractuel", "maire"])
def test_chaque_ligne_du_bulletin_se_raconte(situation: Situation) -> None:
    (bulletin,) = compute(JANVIER, [COMMUNE], [situation]).bulletins
    assert bulletin is not None
    for ligne in bulletin.lignes:
        recit = explain(JANVIER, COMMUNE, situation, ligne.code)
        assert f"({ligne.code}), janvier 2026" in recit
        assert "Texte :" in recit


def test_la_cotisation_cnracl_va_du_taux_a_l_indice() -> None:
    recit = explain(JANVIER, COMMUNE, TITULAIRE, "cnracl")
    assert "Ligne : CNRACL ; base 1\u202f801,74 ; agent 199,99 à 11,10\xa0% ; employeur 678,36 à 37,65\xa0%" in recit
    assert "chiffre cnracl.employeur.taux = 37,65\xa0%, depuis le 01/01/2026 jusqu'au 31/12/2026" in recit
    assert "traitement = 1\u202f801,74 €" in recit
    assert "Décret 2007-173" in recit


def test_le_recit_d_une_fraction_est_exact() -> None:
    recit = explain(JANVIER, COMMUNE, replace(TITULAIRE, quotite=FRACTION_80, variables={}), "traitement")
    assert "fraction_remuneree = 6/7" in recit


FRACTION_80 = Fraction(4, 5)


def test_l_impot_cite_la_grille_par_defaut() -> None:
    recit = explain(JANVIER, COMMUNE, TITULAIRE, "pas")
    assert "pas.grille_par_defaut.metropole" in recit
    assert "pas_taux = 0,50\xa0%" in recit


def test_une_rubrique_absente_du_bulletin_n_a_pas_de_recit() -> None:
    assert explain(JANVIER, COMMUNE, TITULAIRE, "ircantec_a") == ""
    assert explain(JANVIER, COMMUNE, TITULAIRE, "rubrique_de_lune") == ""


def test_une_situation_refusee_dit_pourquoi() -> None:
    recit = explain(JANVIER, COMMUNE, replace(TITULAIRE, indice_majore=0), "traitement")
    assert "refusé" in recit
    assert "indice majoré" in recit


def test_chaque_formule_est_expliquee() -> None:
    """Sans phrase, une colonne ne peut être racontée à personne."""
    assert [name for name, formula in FORMULAS.items() if len(formula.doc) < 20] == []
