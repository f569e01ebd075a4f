"""Les chiffres du droit à l'écran : la valeur du jour, son texte, ce qui vient ; les doutes filtrés."""

from __future__ import annotations

from datetime import date

import pytest

from payroll import legislation
from payroll.legislation import Nature
from payroll.month.doutes import all_doubts
from payroll.month.droit import CHAPITRES, LigneDeDroit, read_figures, read_scales, search_doubts
from payroll.periods import Month

JOUR = date(2026, 11, 1)


def cherche(texte: str, jour: date = JOUR) -> dict[str, LigneDeDroit]:
    return {line.chiffre.cle: line for chapitre in read_figures(jour, texte) for line in chapitre.lignes}


def test_tous_les_chiffres_y_sont_sous_un_chapitre_nomme() -> None:
    seen = [line.chiffre.cle for chapitre in read_figures(JOUR) for line in chapitre.lignes]

    assert sorted(seen) == sorted(legislation.load().chiffres)
    assert {one.fichier for one in read_figures(JOUR)} <= set(CHAPITRES)


@pytest.mark.parametrize(
    ("jour", "valeur"), [(date(2025, 6, 1), "34,65"), (JOUR, "37,65"), (date(2027, 1, 1), "40,65")]
)
def test_la_valeur_du_jour_avec_son_texte_et_ses_voisines(jour: date, valeur: str) -> None:
    """Contribution employeur CNRACL : décret 2025-86, une hausse de trois points par an de 2025 à 2028."""
    line = cherche("cnracl.employeur.taux", jour)["cnracl.employeur.taux"]

    assert line.valeur is not None
    assert line.valeur.lisible.startswith(valeur)
    assert "2025-86" in line.valeur.texte
    assert len(line.suivantes) + len(line.precedentes) == 3
    assert all(one.du > jour for one in line.suivantes)


def test_une_recherche_ignore_accents_et_majuscules() -> None:
    assert cherche("RÉMUNÉRATION").keys() == cherche("remuneration").keys()
    assert cherche("ce mot n'y est pas") == {}


def test_un_chiffre_sans_valeur_ce_jour_la_dit_pourquoi() -> None:
    absents = [line for line in cherche("", date(2019, 1, 1)).values() if line.valeur is None]

    assert absents
    assert all(line.absence and not line.sure for line in absents)


def test_un_chapitre_seul() -> None:
    assert [one.fichier for one in read_figures(JOUR, chapitre="cnracl.yaml")] == ["cnracl.yaml"]


def test_une_grille_par_territoire() -> None:
    territoires = [scale.territoire for scale in read_scales(JOUR)]

    assert "metropole" in territoires
    assert len(set(territoires)) == len(territoires)


def test_les_doutes_se_filtrent() -> None:
    mois = Month(2026, 11)
    tous = search_doubts(mois)

    assert tous == all_doubts(mois)
    assert {one.nature for one in search_doubts(mois, nature=Nature.REGLE)} == {Nature.REGLE}
    code = tous[0].code
    assert tous[0] in search_doubts(mois, texte=code.upper())
    assert search_doubts(mois, texte="ce mot n'y est pas") == []
