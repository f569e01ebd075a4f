"""Changer les droits d'un compte : ses sessions se ferment, nul ne touche aux siens, un rôle garde quelqu'un."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlmodel import select

from payroll.month import gestionnaires
from payroll.month.acces import Limites, find_session, open_session
from payroll.month.commun import GesteRefuse
from payroll.month.droits import change_rights, choose_password, reset_password
from payroll.month.gestionnaires import Compte, add_account, authenticate, close_account, list_accounts
from payroll.month.valider import approve
from payroll.store.registre import Registre
from payroll.store.tables import Evenement
from payroll.store.tables_acces import EtapeSession
from tests.month.gestes import MOIS, Lieu, acte

HEURE = datetime(2026, 11, 20, 9, tzinfo=UTC)
PHRASE, AUTRE = "les pins sont verts", "la dune avance un peu"
ADMIN = acte(par="admin")


@pytest.fixture(autouse=True)
def _comptes(registre: Registre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gestionnaires, "_N", 2**4)
    for identifiant, role in (("admin", "administrateur"), ("chef", "responsable"), ("m.dune", "gestionnaire")):
        add_account(registre, identifiant, "", role, PHRASE, acte())


def compte(registre: Registre, identifiant: str) -> Compte:
    return next(item for item in list_accounts(registre) if item.identifiant == identifiant)


def vivante(registre: Registre, token: str) -> bool:
    return find_session(registre, token, HEURE, Limites()) is not None


def session(registre: Registre, qui: str = "m.dune") -> str:
    return open_session(registre, qui, EtapeSession.COMPLETE, acte(), HEURE)


def test_des_droits_changes_demandent_de_se_reconnecter(lieu: Lieu) -> None:
    registre, token = lieu.registre, session(lieu.registre)
    change_rights(registre, "m.dune", "lecture", ["lubescaux"], ADMIN, HEURE)
    found = compte(registre, "m.dune")
    assert (found.role, found.portefeuille) == ("lecture", ("lubescaux",))
    assert not vivante(registre, token)


def test_des_droits_inchanges_ne_ferment_rien_et_ne_s_inscrivent_pas(registre: Registre) -> None:
    token = session(registre)
    change_rights(registre, "m.dune", "gestionnaire", [], ADMIN, HEURE)
    assert vivante(registre, token)
    with registre.transaction() as opened:
        assert opened.exec(select(Evenement).where(Evenement.geste == "changer-droits")).all() == []


@pytest.mark.parametrize(
    ("geste", "mots"),
    [
        (lambda r: change_rights(r, "admin", "responsable", [], ADMIN, HEURE), "ses propres droits"),
        (lambda r: change_rights(r, "m.dune", "chef", [], ADMIN, HEURE), "Rôle inconnu"),
        (lambda r: change_rights(r, "m.dune", "lecture", ["ailleurs"], ADMIN, HEURE), "Adhérent inconnu"),
        (lambda r: change_rights(r, "personne", "lecture", [], ADMIN, HEURE), "Aucun compte ouvert"),
        (lambda r: change_rights(r, "chef", "lecture", [], ADMIN, HEURE), "dernier responsable"),
        (lambda r: close_account(r, "admin", acte()), "dernier administrateur"),
        (lambda r: reset_password(r, "personne", ADMIN, HEURE), "Aucun compte ouvert"),
        (lambda r: choose_password(r, "m.dune", AUTRE, AUTRE, acte(), HEURE), "n'est pas celui-là"),
        (lambda r: choose_password(r, "m.dune", PHRASE, PHRASE, acte(), HEURE), "pas encore"),
        (lambda r: choose_password(r, "m.dune", PHRASE, "court", acte(), HEURE), "12 caractères"),
    ],
)
def test_un_changement_indu_est_refuse_et_ne_change_rien(
    registre: Registre, geste: Callable[[Registre], object], mots: str
) -> None:
    before, token = list_accounts(registre), session(registre)
    with pytest.raises(GesteRefuse, match=mots):
        geste(registre)
    assert list_accounts(registre) == before
    assert vivante(registre, token)
    assert authenticate(registre, "m.dune", PHRASE) is not None


def test_un_mot_de_passe_donne_est_provisoire_jusqu_a_ce_qu_on_en_choisisse_un(registre: Registre) -> None:
    token = session(registre)
    given = reset_password(registre, "m.dune", ADMIN, HEURE)
    assert not vivante(registre, token)
    assert authenticate(registre, "m.dune", PHRASE) is None
    found = authenticate(registre, "m.dune", given)
    assert found is not None
    assert found.provisoire

    token = session(registre)
    choose_password(registre, "m.dune", given, AUTRE, acte(), HEURE)
    assert not vivante(registre, token)
    chosen = authenticate(registre, "m.dune", AUTRE)
    assert chosen is not None
    assert not chosen.provisoire


def test_un_administrateur_n_approuve_pas(lieu: Lieu) -> None:
    """Qui donne les droits ne paie pas."""
    lieu.ouvrir()
    lieu.calculer()
    with pytest.raises(GesteRefuse, match="rôle « administrateur »"):
        approve(lieu.registre, lieu.code, MOIS, ADMIN)
