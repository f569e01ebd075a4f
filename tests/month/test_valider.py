"""Valider : une personne approuve un contenu précis ; un contenu qui a changé n'est plus approuvé."""

from __future__ import annotations

import pytest

from payroll.month.commun import GesteRefuse
from payroll.store.tables import Approbation
from tests.month.conftest import Inscrire
from tests.month.gestes import Lieu, contrat_de, description, element, fichier


@pytest.fixture
def calcule(lieu: Lieu) -> Lieu:
    lieu.ouvrir()
    lieu.calculer()
    return lieu


def _with_refused_agent(inscrire_lieu: Inscrire) -> Lieu:
    data = description("lubescaux")
    contrat_de(data, "LB002")["situations"][0]["indice_majore"] = 0
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    lieu.calculer()
    return lieu


def test_l_approbation_dit_qui_quand_et_quel_contenu(calcule: Lieu) -> None:
    paie = calcule.valider()
    (approval,) = calcule.rows(Approbation)

    assert paie.etat == "validee"
    assert (approval.par, approval.hash_contenu, approval.annulee_le) == ("valideuse", paie.hash_contenu, None)
    assert len(paie.hash_contenu) == 64


def test_valider_deux_fois_n_approuve_qu_une_fois(calcule: Lieu) -> None:
    calcule.valider()
    calcule.valider(minutes=90)

    assert len(calcule.rows(Approbation)) == 1
    assert calcule.gestes().count("valider") == 1


def test_rien_de_calcule_rien_a_valider(lieu: Lieu) -> None:
    with pytest.raises(GesteRefuse, match="n'est pas ouvert"):
        lieu.valider()
    lieu.ouvrir()
    with pytest.raises(GesteRefuse, match="n'est pas calculée"):
        lieu.valider()
    assert lieu.rows(Approbation) == []


@pytest.mark.parametrize("commentaire", ["", "   "])
def test_un_agent_sans_bulletin_demande_un_commentaire(inscrire_lieu: Inscrire, commentaire: str) -> None:
    lieu = _with_refused_agent(inscrire_lieu)
    with pytest.raises(GesteRefuse, match="LB002") as refus:
        lieu.valider(commentaire=commentaire)

    assert {anomalie.matricule for anomalie in refus.value.anomalies} == {"LB002"}
    assert lieu.paie().etat == "calculee"


def test_le_commentaire_reste_avec_l_approbation(inscrire_lieu: Inscrire) -> None:
    lieu = _with_refused_agent(inscrire_lieu)
    lieu.valider(commentaire="  payé à la main en décembre ")

    assert [row.commentaire for row in lieu.rows(Approbation)] == ["payé à la main en décembre"]


def test_un_avertissement_ne_demande_pas_de_commentaire(calcule: Lieu) -> None:
    assert calcule.valider().etat == "validee"


def test_un_fichier_arrive_apres_le_calcul_empeche_de_valider(calcule: Lieu) -> None:
    """Valider un contenu périmé ferait perdre ce que la secrétaire vient d'envoyer."""
    calcule.deposer(fichier("lubescaux", element("LB002", "cia", "100,00")))
    with pytest.raises(GesteRefuse, match="ont changé depuis le calcul"):
        calcule.valider(minutes=60)
    calcule.calculer(minutes=70)

    assert calcule.valider(minutes=80).revision == 2


def test_une_nouvelle_revision_s_approuve_a_son_tour(calcule: Lieu) -> None:
    calcule.valider()
    calcule.deposer(fichier("lubescaux", element("LB002", "cia", "100,00")))
    calcule.calculer(minutes=60)
    paie = calcule.valider(minutes=70)

    assert [(row.hash_contenu == paie.hash_contenu, bool(row.annulee_le)) for row in calcule.rows(Approbation)] == [
        (False, True),
        (True, False),
    ]
