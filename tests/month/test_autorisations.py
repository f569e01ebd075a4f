"""Le code à usage unique : une fois, une demi-heure, une personne, un geste, un mois, un contenu."""

from __future__ import annotations

import pytest

from payroll.month import gestionnaires
from payroll.month.autorisations import GesteSigne, give_code, redeem
from payroll.month.commun import Acte, GesteRefuse
from payroll.month.gestionnaires import add_account
from payroll.month.valider import approve, without_remarks
from payroll.periods import Month
from tests.month.gestes import MOIS, Lieu, acte

PHRASE = "les pins sont verts"


@pytest.fixture
def calcule(lieu: Lieu, monkeypatch: pytest.MonkeyPatch) -> Lieu:
    """Lubescaux calculée, deux comptes ouverts."""
    monkeypatch.setattr(gestionnaires, "_N", 2**4)
    for identifiant in ("m.dune", "c.pin"):
        add_account(lieu.registre, identifiant, "", "gestionnaire", PHRASE, acte())
    lieu.ouvrir()
    lieu.calculer()
    return lieu


def par(identifiant: str, minutes: int = 20) -> Acte:
    return acte(minutes, identifiant)


def donne(lieu: Lieu, identifiant: str = "m.dune") -> str:
    return give_code(lieu.registre, GesteSigne.VALIDER, [lieu.code], MOIS, par(identifiant))


def test_le_code_dit_qui_agit_et_sur_quel_contenu(calcule: Lieu) -> None:
    code = donne(calcule)
    found = redeem(calcule.registre, GesteSigne.VALIDER, code.lower().replace("-", " "), MOIS, par("m.dune", 49))

    assert found.par == "m.dune"
    assert dict(found.contenus) == {calcule.code: calcule.paie().hash_contenu}


@pytest.mark.parametrize(
    ("geste", "mois", "qui", "minutes", "mots"),
    [
        (GesteSigne.VALIDER, MOIS, "c.pin", 21, "n'est pas celui de « c.pin »"),
        (GesteSigne.ROUVRIR, MOIS, "m.dune", 21, "donné pour valider"),
        (GesteSigne.VALIDER, Month(2026, 12), "m.dune", 21, "donné pour valider la paie de 2026-11"),
        (GesteSigne.VALIDER, MOIS, "m.dune", 51, "périmé"),
    ],
)
def test_donne_pour_autre_chose_le_code_n_ouvre_rien(
    calcule: Lieu, geste: GesteSigne, mois: Month, qui: str, minutes: int, mots: str
) -> None:
    code = donne(calcule)
    with pytest.raises(GesteRefuse, match=mots):
        redeem(calcule.registre, geste, code, mois, par(qui, minutes))


def test_un_code_ne_sert_qu_une_fois_et_un_code_invente_jamais(calcule: Lieu) -> None:
    code = donne(calcule)
    redeem(calcule.registre, GesteSigne.VALIDER, code, MOIS, par("m.dune", 21))
    with pytest.raises(GesteRefuse, match="déjà servi"):
        redeem(calcule.registre, GesteSigne.VALIDER, code, MOIS, par("m.dune", 22))
    with pytest.raises(GesteRefuse, match="n'est pas celui"):
        redeem(calcule.registre, GesteSigne.VALIDER, "AAAA-BBBB-CCCC-DDDD", MOIS, par("m.dune", 22))


def test_un_recalcul_rend_le_code_sans_effet(calcule: Lieu) -> None:
    """Le code porte l'empreinte de ce qui a été vu : autre chose ne s'approuve pas avec lui."""
    code = donne(calcule)
    calcule.set(type(calcule.paie()), hash_contenu="f" * 64)
    found = redeem(calcule.registre, GesteSigne.VALIDER, code, MOIS, par("m.dune", 21))

    with pytest.raises(GesteRefuse):
        approve(calcule.registre, calcule.code, MOIS, par("m.dune", 22), empreinte=found.contenus[calcule.code])


def test_le_journal_garde_l_empreinte_du_code_et_pas_le_code(calcule: Lieu) -> None:
    code = donne(calcule)
    redeem(calcule.registre, GesteSigne.VALIDER, code, MOIS, par("m.dune", 21))

    assert calcule.gestes()[-2:] == ["donner-code", "employer-code"]
    with calcule.registre.transaction() as session:
        kept = session.connection().exec_driver_sql("select group_concat(detail) from evenement").scalar_one()
    assert code not in kept
    assert code.replace("-", "") not in kept


def test_rien_a_valider_ne_donne_pas_de_code(calcule: Lieu) -> None:
    with pytest.raises(GesteRefuse, match="aucun code"):
        give_code(calcule.registre, GesteSigne.VALIDER, [], MOIS, par("m.dune"))
    with pytest.raises(GesteRefuse, match="rien n'est à rouvrir"):
        give_code(calcule.registre, GesteSigne.ROUVRIR, [calcule.code], MOIS, par("m.dune"))


def test_un_compte_sans_droit_n_obtient_pas_de_code(calcule: Lieu) -> None:
    add_account(calcule.registre, "regard", "", "lecture", PHRASE, acte())
    with pytest.raises(GesteRefuse):
        give_code(calcule.registre, GesteSigne.VALIDER, [calcule.code], MOIS, par("regard"))
    with pytest.raises(GesteRefuse):
        give_code(calcule.registre, GesteSigne.VALIDER, [calcule.code], MOIS, par("inconnu"))


def test_sans_remarque_laisse_de_cote_ce_qui_n_est_pas_calcule(lieu: Lieu) -> None:
    lieu.ouvrir()
    assert without_remarks(lieu.registre, [lieu.code], MOIS) == []
