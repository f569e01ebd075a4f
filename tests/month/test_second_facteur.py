"""Le second facteur : un code à la fois, une fois chacun ; secret chiffré, codes de secours en empreintes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import text
from sqlmodel import select

from payroll.month import gestionnaires
from payroll.month.acces import Limites, find_session, open_session
from payroll.month.cles import rotate
from payroll.month.commun import GesteRefuse
from payroll.month.gestionnaires import add_account
from payroll.month.second_facteur import check_code, enrol, factor_state, propose, renew_recovery, reset_factor
from payroll.store.registre import Registre
from payroll.store.tables import Evenement
from payroll.store.tables_acces import EtapeSession
from tests.month.gestes import acte

HEURE = datetime(2026, 11, 20, 9, tzinfo=UTC)
QUI = "m.dune"


@pytest.fixture(autouse=True)
def _compte(registre: Registre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gestionnaires, "_N", 2**4)
    add_account(registre, QUI, "Maud Dune", "gestionnaire", "les pins sont verts", acte())


def code(secret: str, pas: int = 0) -> str:
    return pyotp.TOTP(secret).at(HEURE + timedelta(seconds=30 * pas))


def inscrit(registre: Registre) -> tuple[str, list[str]]:
    """Le secret, et les codes de secours ; le code du pas -4 a servi à l'inscription."""
    secret = propose(registre, QUI).secret
    return secret, enrol(registre, QUI, code(secret, -4), acte(), HEURE - timedelta(seconds=120))


def juge(registre: Registre, typed: str) -> bool:
    return check_code(registre, QUI, typed, acte(), HEURE)


def test_la_rfc_6238_donne_nos_codes() -> None:
    """Annexe B, SHA-1, T = 59 s : 94287082, dont les six derniers chiffres."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert pyotp.TOTP(secret).at(datetime(1970, 1, 1, 0, 0, 59, tzinfo=UTC)) == "287082"


def test_rien_ne_s_ouvre_avant_l_inscription(registre: Registre) -> None:
    first = propose(registre, QUI)
    assert propose(registre, QUI) == first
    assert first.adresse.startswith("otpauth://totp/")
    assert "issuer=Paie" in first.adresse
    assert not juge(registre, code(first.secret))
    assert factor_state(registre, QUI).inscrit_le is None


@pytest.mark.parametrize("typed", ["", "000000", "abcdef"])
def test_un_premier_code_faux_n_inscrit_pas(registre: Registre, typed: str) -> None:
    propose(registre, QUI)
    with pytest.raises(GesteRefuse, match="pas celui du moment"):
        enrol(registre, QUI, typed, acte(), HEURE)


def test_un_facteur_inscrit_ne_se_remplace_pas_en_douce(registre: Registre) -> None:
    secret, _ = inscrit(registre)
    with pytest.raises(GesteRefuse, match="déjà son second facteur"):
        propose(registre, QUI)
    with pytest.raises(GesteRefuse):
        enrol(registre, QUI, code(secret), acte(), HEURE)


@pytest.mark.parametrize(("pas", "admis"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_un_telephone_peut_avancer_ou_retarder_d_un_pas(registre: Registre, pas: int, admis: bool) -> None:
    secret, _ = inscrit(registre)
    assert juge(registre, code(secret, pas)) is admis


def test_un_code_ne_sert_qu_une_fois_ni_un_plus_ancien(registre: Registre) -> None:
    secret, _ = inscrit(registre)
    assert juge(registre, f" {code(secret)[:3]} {code(secret)[3:]} ")
    assert not juge(registre, code(secret))
    assert not juge(registre, code(secret, -1))
    assert juge(registre, code(secret, 1))
    with registre.transaction() as session:
        told = session.exec(select(Evenement).where(Evenement.geste == "code refusé")).all()
    assert [row.detail["raison"] for row in told] == ["code déjà servi"] * 2


def test_le_code_de_l_inscription_ne_reconnecte_pas(registre: Registre) -> None:
    secret = propose(registre, QUI).secret
    enrol(registre, QUI, code(secret), acte(), HEURE)
    assert not juge(registre, code(secret))


def test_le_meme_code_au_meme_instant_n_entre_qu_une_fois(registre: Registre) -> None:
    secret, _ = inscrit(registre)
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(lambda _: juge(registre, code(secret)), range(6))) == 1


def test_un_code_de_secours_sert_une_fois_et_tous_changent_ensemble(registre: Registre) -> None:
    _, codes = inscrit(registre)
    assert len(set(codes)) == 10
    assert juge(registre, codes[0].upper().replace("-", " "))
    assert not juge(registre, codes[0])
    assert factor_state(registre, QUI).codes_de_secours == 9
    fresh = renew_recovery(registre, QUI, acte())
    assert not set(fresh) & set(codes)
    assert not juge(registre, codes[1])
    assert juge(registre, fresh[0])


def test_le_code_de_secours_d_un_autre_n_ouvre_rien(registre: Registre) -> None:
    inscrit(registre)
    add_account(registre, "p.lande", "", "lecture", "la dune avance un peu", acte())
    secret = propose(registre, "p.lande").secret
    theirs = enrol(registre, "p.lande", code(secret), acte(), HEURE)
    assert not juge(registre, theirs[0])


def test_ni_secret_ni_code_ne_se_lisent_dans_la_base(registre: Registre) -> None:
    secret, codes = inscrit(registre)
    with registre.transaction() as session:
        tables = ("second_facteur", "code_secours", "evenement")
        stored = "".join(str(session.connection().execute(text(f"select * from {name}")).all()) for name in tables)
    assert secret not in stored
    assert not [item for item in codes if item in stored or item.replace("-", "") in stored]


def test_changer_la_cle_de_l_installation_garde_les_telephones(registre: Registre) -> None:
    secret, codes = inscrit(registre)
    rotate(registre.url, registre.pieces.root, registre.cles, acte())
    other = Registre(registre.url, registre.pieces.root, registre.cles)
    assert check_code(other, QUI, code(secret), acte(), HEURE)
    assert check_code(other, QUI, codes[0], acte(), HEURE)
    other.close()


def test_reinitialiser_ferme_les_sessions_et_redemande_un_telephone(registre: Registre) -> None:
    secret, codes = inscrit(registre)
    token = open_session(registre, QUI, EtapeSession.COMPLETE, acte(), HEURE)
    reset_factor(registre, QUI, acte(par="admin"), HEURE)
    assert find_session(registre, token, HEURE, Limites()) is None
    assert not juge(registre, code(secret))
    assert not juge(registre, codes[0])
    assert propose(registre, QUI).secret != secret
