"""Toute ligne d'un bulletin se raconte : sa formule, ses chiffres avec leur texte, ses données."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from payroll.engine import compute
from payroll.engine.columns import FORMULAS
from payroll.engine.explain import explain
from payroll.engine.situation import Employeur, Mandat, Rappel, RegimeRetraite, Segment, Situation, Statut
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
    assert "indice_majore = 366" in recit
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


AVRIL = Month(2026, 4)


def _rappel(mois: Month, **changes: int) -> Rappel:
    """Un reclassement de dix points appris en avril : ce mois-là était payé à l'indice 366."""
    ancienne = replace(TITULAIRE, variables={}, permanents={})
    return Rappel(mois, COMMUNE, replace(ancienne, indice_majore=376), ancienne, motif="reclassement", **changes)


def test_un_rappel_de_huit_mois_dit_chaque_mois_et_son_taux() -> None:
    """D'août 2025 à mars 2026 : la CNRACL de l'employeur passe de 34,65 % à 37,65 % au 1er janvier."""
    mois = [Month(2025, month) for month in range(8, 13)] + [Month(2026, month) for month in (1, 2, 3)]
    situation = replace(
        TITULAIRE, variables={}, permanents={}, indice_majore=376, rappels=tuple(_rappel(one) for one in mois)
    )
    traitement = explain(AVRIL, COMMUNE, situation, "traitement")
    # 366 et 376 points à 59,0734 € par an : 1 801,74 et 1 850,97 € par mois.
    for one in mois:
        assert f"Rappel sur {one.libelle} (reclassement) :" in traitement
    assert traitement.count("dû 1\u202f850,97 € − déjà payé 1\u202f801,74 € = 49,23 €") == len(mois)
    assert "traitement = 1\u202f850,97 €" in traitement

    cnracl = explain(AVRIL, COMMUNE, situation, "cnracl")
    avant, apres = cnracl.split("Rappel sur janvier 2026")
    assert "employeur 17,06 à 34,65\u00a0%" in cnracl  # 49,23 × 34,65 %
    assert "employeur 18,54 à 37,65\u00a0%" in cnracl  # 49,23 × 37,65 %
    assert "34,65\u00a0%, depuis le 01/01/2025 jusqu'au 31/12/2025" in avant
    assert "34,65" not in apres
    assert "37,65\u00a0%, depuis le 01/01/2026" in apres


def test_un_rappel_etale_dit_son_echeance() -> None:
    situation = replace(TITULAIRE, variables={}, permanents={}, rappels=(_rappel(JANVIER, rang=2, sur=3),))
    assert "échéance 2 sur 3" in explain(AVRIL, COMMUNE, situation, "traitement")


def test_un_total_compte_les_rappels_et_le_dit() -> None:
    situation = replace(TITULAIRE, variables={}, permanents={}, rappels=(_rappel(JANVIER),))
    recit = explain(AVRIL, COMMUNE, situation, "brut")
    assert "rappels_traitement = 49,23 €" in recit
    assert "Rappels de mois passés, payés ce mois-ci." in recit


def test_un_rappel_refuse_dit_pourquoi() -> None:
    situation = replace(TITULAIRE, rappels=(_rappel(AVRIL),))
    recit = explain(AVRIL, COMMUNE, situation, "traitement")
    assert recit.startswith("Ce bulletin est refusé")
    assert "antérieur" in recit


def test_chaque_partie_d_un_mois_coupe_se_raconte() -> None:
    """Indice 366 du 1er au 15 janvier, puis 376 : 15/30 de chacun."""
    situation = replace(
        TITULAIRE,
        variables={},
        indice_majore=376,
        segments=(Segment(fin=date(2026, 1, 15), indice_majore=366),),
    )
    recit = explain(JANVIER, COMMUNE, situation, "traitement")
    assert "Partie du mois du 1er au 15 :" in recit
    assert "indice_majore = 366" in recit
    assert "indice_majore = 376" in recit
    assert "segments_traitement = 900,87 €" in explain(JANVIER, COMMUNE, situation, "brut")
