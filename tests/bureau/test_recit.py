"""Le récit d'un montant, lu comme un arbre : rien n'en est perdu, et ce qui ne se reconnaît pas reste lisible."""

from __future__ import annotations

import pytest

from desk.bureau.recit import Noeud, law_link, read_story
from payroll.periods import Month

MOIS = Month(2026, 11)
RECIT = """Retraite (cnracl), novembre 2026
  Texte : Décret 2007-173 art. 3 ; décret 2025-86 art. 1
  Point non tranché : le taux de 2027
  Ligne : CNRACL ; base 1 000,00 ; agent 111,00
  cotisation_cnracl_salarie = 111,00 €
    Assiette × taux de l'agent.
    assiette_cnracl = 1 000,00 €
      Traitement soumis à retenue.
      Les heures au-delà en sortent.
      traitement = 1 000,00 €
        (contrat LB00201, depuis le 01/01/2026)
    taux = 11,10 %
      chiffre cnracl.salarie.taux = 11,10 %, depuis le 01/01/2020 (Décret 2010-1749)
      assiette_cnracl = 1 000,00 €
        (déjà expliqué plus haut)
  Attention : le calcul refait donne 112,00 €.
  Une phrase que personne n'attendait"""


def test_les_colonnes_s_emboitent_comme_le_texte() -> None:
    (recit,) = read_story(RECIT, MOIS)
    (racine,) = recit.racines
    assiette, taux = racine.enfants

    assert (racine.nom, racine.valeur, racine.quoi) == (
        "cotisation_cnracl_salarie",
        "111,00 €",
        "Assiette × taux de l'agent.",
    )
    assert assiette.notes == ["Traitement soumis à retenue.", "Les heures au-delà en sortent."]
    assert [(child.nom, child.origine) for child in assiette.enfants] == [
        ("traitement", "contrat LB00201, depuis le 01/01/2026")
    ]
    assert [(figure.cle, figure.phrase) for figure in taux.chiffres] == [
        ("cnracl.salarie.taux", "11,10 %, depuis le 01/01/2020 (Décret 2010-1749)")
    ]
    assert taux.chiffres[0].lien.startswith("https://www.legifrance.gouv.fr/")


def test_ce_qui_est_deja_explique_garde_son_nom() -> None:
    again = read_story(RECIT, MOIS)[0].racines[0].enfants[1].enfants[0]

    assert again.deja
    assert again.quoi == "Traitement soumis à retenue."


def test_l_en_tete_est_range_et_le_reste_se_lit_en_remarque() -> None:
    (recit,) = read_story(RECIT, MOIS)

    assert recit.titre == "Retraite (cnracl), novembre 2026"
    assert recit.texte == "Décret 2007-173 art. 3 ; décret 2025-86 art. 1"
    assert recit.doute == "le taux de 2027"
    assert recit.lignes == ["CNRACL ; base 1 000,00 ; agent 111,00"]
    assert recit.attention == "le calcul refait donne 112,00 €."
    assert recit.remarques == ["Une phrase que personne n'attendait"]


def test_un_recit_par_contrat_et_rien_pour_rien() -> None:
    assert [one.titre for one in read_story("Un (a), mois\n\nDeux (b), mois", MOIS)] == [
        "Un (a), mois",
        "Deux (b), mois",
    ]
    assert read_story("", MOIS) == []


@pytest.mark.parametrize(
    ("texte", "cherche"),
    [("Décret 85-1148 art. 2 ; CGFP L. 712-1", "query=D%C3%A9cret+85-1148+art.+2"), ("", "")],
)
def test_une_reference_mene_a_legifrance(texte: str, cherche: str) -> None:
    assert law_link(texte).endswith(cherche)


def test_une_colonne_sans_mot_a_son_nom_pour_titre() -> None:
    assert Noeud("jours_du_mois", "30").quoi == "Jours du mois"
