"""Les comptes de l'agence : mot de passe jamais écrit, rôle et portefeuille vérifiés, fermeture gardée au journal."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from payroll.month import gestionnaires
from payroll.month.clore import close_month
from payroll.month.commun import GesteRefuse
from payroll.month.corriger import correct_element
from payroll.month.gestionnaires import (
    accounts_exist,
    add_account,
    authenticate,
    change_password,
    close_account,
    list_accounts,
    verify_password,
)
from payroll.month.refus import refuse_payslips
from payroll.month.rouvrir import reopen_month
from payroll.month.valider import approve
from payroll.store.registre import Registre
from payroll.store.tables import Evenement
from tests.month.gestes import MOIS, Lieu, acte

PHRASE = "les pins sont verts"
AUTRE = "la dune avance un peu"


@pytest.fixture(autouse=True)
def _scrypt_leger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Les essais n'ont pas à payer la mémoire d'un vrai mot de passe ; les paramètres restent écrits dans le secret."""
    monkeypatch.setattr(gestionnaires, "_N", 2**4)


def ouvrir(registre: Registre, identifiant: str, role: str = "gestionnaire", *portefeuille: str) -> None:
    add_account(registre, identifiant, identifiant, role, PHRASE, acte(), portefeuille)


def test_un_mot_de_passe_ouvre_son_compte_et_lui_seul(registre: Registre) -> None:
    assert not accounts_exist(registre)
    ouvrir(registre, "m.dune")
    compte = authenticate(registre, "m.dune", PHRASE)
    assert compte is not None
    assert (compte.role, compte.portefeuille, compte.ouvert) == ("gestionnaire", (), True)
    assert authenticate(registre, "m.dune", AUTRE) is None
    assert authenticate(registre, "inconnu", PHRASE) is None

    change_password(registre, "m.dune", AUTRE, acte(1))
    assert authenticate(registre, "m.dune", PHRASE) is None
    assert authenticate(registre, "m.dune", AUTRE) is not None


def test_ni_le_mot_de_passe_ni_son_empreinte_ne_se_lisent_dans_la_base(registre: Registre) -> None:
    ouvrir(registre, "m.dune")
    with registre.transaction() as session:
        stored = session.connection().execute(text("select secret from gestionnaire")).scalar_one()
        told = session.connection().execute(text("select group_concat(detail) from evenement")).scalar_one()
    assert "scrypt" not in stored
    assert PHRASE not in stored + told


def test_deux_memes_mots_de_passe_ont_deux_secrets_et_chacun_garde_ses_parametres(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = (gestionnaires.hash_password(PHRASE) for _ in range(2))
    assert first != second
    monkeypatch.setattr(gestionnaires, "_N", 2**5)
    assert verify_password(PHRASE, first)
    assert verify_password(PHRASE, gestionnaires.hash_password(PHRASE))
    assert not verify_password(PHRASE + " ", first)


def test_les_parametres_reels_demandent_de_la_memoire(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 7914 : la mémoire d'un essai est 128 × N × r octets ; ici 64 Mio."""
    monkeypatch.undo()
    assert 128 * gestionnaires._N * gestionnaires._R == 64 * 1024 * 1024


@pytest.mark.parametrize(
    ("identifiant", "role", "phrase", "mots"),
    [
        ("M. Dune", "gestionnaire", PHRASE, "s'écrit en minuscules"),
        ("m.dune", "chef", PHRASE, "Rôle inconnu"),
        ("m.dune", "gestionnaire", "court", "12 caractères"),
        ("deja", "gestionnaire", PHRASE, "existe déjà"),
    ],
)
def test_un_compte_mal_demande_est_refuse(
    registre: Registre, identifiant: str, role: str, phrase: str, mots: str
) -> None:
    ouvrir(registre, "deja")
    with pytest.raises(GesteRefuse, match=mots):
        add_account(registre, identifiant, "", role, phrase, acte())
    assert [compte.identifiant for compte in list_accounts(registre)] == ["deja"]


def test_le_portefeuille_nomme_des_adherents_connus(registre: Registre) -> None:
    with pytest.raises(GesteRefuse, match="Adhérent inconnu"):
        ouvrir(registre, "m.dune", "gestionnaire", "ailleurs")


def test_un_compte_ferme_ne_peut_plus_rien_et_le_dernier_responsable_reste(registre: Registre) -> None:
    ouvrir(registre, "chef", "responsable")
    ouvrir(registre, "m.dune")
    close_account(registre, "m.dune", acte(2))
    assert authenticate(registre, "m.dune", PHRASE) is None
    with pytest.raises(GesteRefuse, match="dernier responsable"):
        close_account(registre, "chef", acte(3))
    with pytest.raises(GesteRefuse, match="Aucun compte ouvert"):
        change_password(registre, "m.dune", AUTRE, acte(4))


@pytest.mark.parametrize(
    ("par", "mots"),
    [
        ("passant", "n'a pas de compte ouvert"),
        ("parti", "n'a pas de compte ouvert"),
        ("lecteur", "a le rôle « lecture »"),
        ("ailleurs", "n'est pas dans le portefeuille"),
    ],
)
def test_sans_le_droit_on_n_approuve_ni_ne_refuse_ni_ne_corrige(lieu: Lieu, par: str, mots: str) -> None:
    lieu.ouvrir()
    lieu.calculer()
    ouvrir(lieu.registre, "parti")
    close_account(lieu.registre, "parti", acte())
    ouvrir(lieu.registre, "lecteur", "lecture")
    ouvrir(lieu.registre, "ailleurs", "gestionnaire", "lubescaux")
    with lieu.registre.transaction() as session:
        session.connection().execute(
            text("update gestionnaire set portefeuille = '[\"autre\"]' where identifiant = 'ailleurs'")
        )
    who, place = acte(20, par), (lieu.registre, lieu.code)
    for gesture in (
        lambda: approve(*place, MOIS, who),
        lambda: refuse_payslips(*place, MOIS, who, {"LB002": "x"}),
        lambda: correct_element(*place, "LB002", MOIS, who, rubrique="cia", valeur=100, motif="x"),
    ):
        with pytest.raises(GesteRefuse, match=mots):
            gesture()
    assert lieu.paie().etat == "calculee"


def test_un_mois_clos_ne_se_rouvre_que_par_un_responsable(lieu: Lieu) -> None:
    lieu.jusqu_a_la_restitution()
    close_month(lieu.registre, lieu.code, MOIS, acte(60))
    ouvrir(lieu.registre, "m.dune", "gestionnaire", "lubescaux")
    ouvrir(lieu.registre, "chef", "responsable")
    with pytest.raises(GesteRefuse, match="ce geste demande responsable"):
        reopen_month(lieu.registre, lieu.code, MOIS, acte(61, "m.dune"), motif="identité")
    assert reopen_month(lieu.registre, lieu.code, MOIS, acte(62, "chef"), motif="identité").etat == "restituee"


def test_chaque_geste_sur_un_compte_est_au_journal(registre: Registre) -> None:
    ouvrir(registre, "chef", "responsable")
    ouvrir(registre, "m.dune")
    change_password(registre, "m.dune", AUTRE, acte(1))
    close_account(registre, "m.dune", acte(2))
    with registre.transaction() as session:
        events = session.exec(select(Evenement).order_by(col(Evenement.id))).all()
    assert [event.geste for event in events] == [
        "ouvrir-compte",
        "ouvrir-compte",
        "changer-mot-de-passe",
        "fermer-compte",
    ]
