"""Les sessions du bureau : témoin jamais gardé, mort de silence ou de vieillesse, témoin neuf qui éteint l'ancien."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from payroll.month import gestionnaires
from payroll.month.acces import (
    Limites,
    choose_month,
    close_session,
    close_sessions,
    find_session,
    leave_message,
    list_sessions,
    open_session,
    trace_payslip,
    visible_adherent,
)
from payroll.month.commun import GesteRefuse
from payroll.month.gestionnaires import add_account, close_account, list_accounts
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Evenement
from payroll.store.tables_acces import EtapeSession, SessionBureau
from tests.month.gestes import MOIS, Lieu, acte

PHRASE = "les pins sont verts"
HEURE = datetime(2026, 11, 20, 9, tzinfo=UTC)
LIMITES = Limites(inactivite=timedelta(minutes=30), duree=timedelta(hours=10))


@pytest.fixture(autouse=True)
def _scrypt_leger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gestionnaires, "_N", 2**4)


@pytest.fixture
def compte(registre: Registre) -> str:
    add_account(registre, "m.dune", "Maud Dune", "gestionnaire", PHRASE, acte())
    return "m.dune"


def ouvrir(registre: Registre, qui: str, etape: EtapeSession = EtapeSession.COMPLETE, **plus: str) -> str:
    return open_session(registre, qui, etape, acte(par=qui), HEURE, adresse="192.0.2.1", **plus)  # type: ignore[arg-type]


def apres(minutes: int) -> datetime:
    return HEURE + timedelta(minutes=minutes)


def test_le_temoin_n_est_ecrit_nulle_part(registre: Registre, compte: str) -> None:
    token = ouvrir(registre, compte)
    assert len(token) >= 43  # 256 bits en base 64
    with registre.transaction() as session:
        rows = session.connection().execute(text("select * from session_bureau")).all()
        events = session.connection().execute(text("select * from evenement")).all()
    assert token not in str(rows) + str(events)


def test_deux_sessions_ont_deux_temoins_et_un_temoin_faux_n_ouvre_rien(registre: Registre, compte: str) -> None:
    first, second = ouvrir(registre, compte), ouvrir(registre, compte)
    assert first != second
    found = find_session(registre, first, HEURE, LIMITES)
    assert found is not None
    assert (found.compte.identifiant, found.etape) == ("m.dune", EtapeSession.COMPLETE)
    for wrong in ("", first[:-1], first + "x", "x" * 43):
        assert find_session(registre, wrong, HEURE, LIMITES) is None


@pytest.mark.parametrize(
    ("etape", "regards", "vivante"),
    [
        # minutes où une page est vue ; la dernière est celle que l'on juge
        (EtapeSession.COMPLETE, (29,), True),
        (EtapeSession.COMPLETE, (30,), False),
        (EtapeSession.COMPLETE, (29, 58, 87), True),
        (EtapeSession.COMPLETE, tuple(range(25, 600, 25)), True),
        (EtapeSession.COMPLETE, (*range(25, 600, 25), 600), False),
        (EtapeSession.CODE, (9,), True),
        (EtapeSession.CODE, (5, 10), False),
        (EtapeSession.INSCRIPTION, (10,), False),
    ],
)
def test_une_session_meurt_de_silence_ou_de_vieillesse(
    registre: Registre, compte: str, etape: EtapeSession, regards: tuple[int, ...], vivante: bool
) -> None:
    token = ouvrir(registre, compte, etape)
    for minute in regards[:-1]:
        assert find_session(registre, token, apres(minute), LIMITES) is not None
    assert (find_session(registre, token, apres(regards[-1]), LIMITES) is not None) is vivante


def test_un_temoin_neuf_eteint_l_ancien_et_garde_le_mois(registre: Registre, compte: str) -> None:
    old = ouvrir(registre, compte, EtapeSession.CODE)
    opened = find_session(registre, old, HEURE, LIMITES)
    assert opened is not None
    choose_month(registre, opened.id, Month(2026, 9))
    fresh = ouvrir(registre, compte, remplace=old)
    assert find_session(registre, old, HEURE, LIMITES) is None
    found = find_session(registre, fresh, HEURE, LIMITES)
    assert found is not None
    assert found.mois == "2026-09"


def test_se_deconnecter_ici_ou_partout(registre: Registre, compte: str) -> None:
    here, there, elsewhere = (ouvrir(registre, compte) for _ in range(3))
    mine = find_session(registre, here, HEURE, LIMITES)
    assert mine is not None
    close_session(registre, there, acte(), HEURE)
    assert len(list_sessions(registre, compte, HEURE, LIMITES)) == 2
    assert close_sessions(registre, compte, acte(), HEURE, sauf=mine.id) == 1
    assert find_session(registre, elsewhere, HEURE, LIMITES) is None
    assert [item.id for item in list_sessions(registre, compte, HEURE, LIMITES)] == [mine.id]
    assert close_sessions(registre, compte, acte(), HEURE, seule=mine.id + 999) == 0


def test_on_ne_ferme_pas_la_session_d_un_autre(registre: Registre, compte: str) -> None:
    add_account(registre, "p.lande", "", "lecture", PHRASE, acte())
    theirs = ouvrir(registre, "p.lande")
    target = find_session(registre, theirs, HEURE, LIMITES)
    assert target is not None
    assert close_sessions(registre, compte, acte(), HEURE, seule=target.id) == 0
    assert find_session(registre, theirs, HEURE, LIMITES) is not None


def test_un_compte_ferme_perd_ses_sessions_aussitot(registre: Registre, compte: str) -> None:
    token = ouvrir(registre, compte)
    close_account(registre, compte, acte())
    assert find_session(registre, token, HEURE, LIMITES) is None
    with pytest.raises(GesteRefuse, match="Aucun compte ouvert"):
        ouvrir(registre, compte)


def test_une_session_eteinte_depuis_six_mois_s_efface(registre: Registre, compte: str) -> None:
    ouvrir(registre, compte)
    later = HEURE + timedelta(days=181)
    open_session(registre, compte, EtapeSession.CODE, acte(), later)
    with registre.transaction() as session:
        kept = session.exec(select(SessionBureau.etape)).all()
    assert kept == [EtapeSession.CODE]


def test_le_message_se_laisse_et_se_reprend(registre: Registre, compte: str) -> None:
    token = ouvrir(registre, compte)
    opened = find_session(registre, token, HEURE, LIMITES)
    assert opened is not None
    leave_message(registre, opened.id, {"texte": "Fait.", "genre": "succes"})
    again = find_session(registre, token, HEURE, LIMITES)
    assert again is not None
    assert again.message == {"texte": "Fait.", "genre": "succes"}


def test_seule_une_connexion_complete_est_au_journal(registre: Registre, compte: str) -> None:
    half = ouvrir(registre, compte, EtapeSession.CODE)
    whole = ouvrir(registre, compte, remplace=half)
    close_session(registre, whole, acte(par=compte), HEURE)
    with registre.transaction() as session:
        events = session.exec(select(Evenement.geste).where(Evenement.par == compte)).all()
    assert events == ["connexion", "déconnexion"]


def test_un_portefeuille_ne_montre_que_les_siens(lieu: Lieu) -> None:
    add_account(lieu.registre, "tout", "", "lecture", PHRASE, acte())
    add_account(lieu.registre, "sien", "", "gestionnaire", PHRASE, acte(), ["lubescaux"])
    everyone, own = sorted(list_accounts(lieu.registre), key=lambda item: item.identifiant, reverse=True)
    for compte in (everyone, own):
        found = visible_adherent(lieu.registre, compte, "lubescaux")
        assert found is not None
        assert found.code == "lubescaux"
        assert visible_adherent(lieu.registre, compte, "inconnu") is None
    assert own.follows("lubescaux")
    assert not own.follows("hontarede")


def test_voir_des_bulletins_s_inscrit_par_matricule(lieu: Lieu) -> None:
    trace_payslip(lieu.registre, acte(par="m.dune"), lieu.code, MOIS, ["LB002", "LB001", "LB002"], "pdf")
    (event,) = [row for row in lieu.rows(Evenement) if row.geste == "voir-bulletin"]
    assert (event.par, event.adherent_code, event.mois) == ("m.dune", lieu.code, str(MOIS))
    assert event.detail == {"matricules": ["LB001", "LB002"], "forme": "pdf"}
