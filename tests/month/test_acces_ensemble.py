"""Plusieurs au même instant : un code entre une fois, les essais se comptent tous ; SQLite et PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pyotp
import pytest

from payroll.month import gestionnaires
from payroll.month.acces import Limites, find_session, open_session
from payroll.month.gestionnaires import add_account
from payroll.month.second_facteur import check_code, enrol, propose
from payroll.month.verrous import COMPTE, first_time_lately, forgive, take_try
from payroll.store.registre import Registre
from payroll.store.tables_acces import EtapeSession
from tests.month.gestes import acte
from tests.postgres import cluster

HEURE = datetime(2026, 11, 20, 9, tzinfo=UTC)
ENSEMBLE = 8


@pytest.fixture(scope="module")
def postgres() -> Iterator[Callable[[Path], Registre]]:
    with cluster() as fresh:
        yield fresh


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def registre(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registre]:
    monkeypatch.setattr(gestionnaires, "_N", 2**4)
    if request.param == "sqlite":
        registre = Registre(f"sqlite:///{tmp_path}/paie.db", tmp_path / "pieces")
        registre.upgrade()
    else:
        registre = request.getfixturevalue("postgres")(tmp_path)
    add_account(registre, "m.dune", "", "gestionnaire", "les pins sont verts", acte())
    yield registre
    registre.close()


def ensemble(geste: Callable[[], object]) -> list[object]:
    """Fait le même geste huit fois au même instant ; rend les huit réponses."""
    gate = Barrier(ENSEMBLE)

    def act(_: int) -> object:
        gate.wait()
        return geste()

    with ThreadPoolExecutor(ENSEMBLE) as pool:
        return list(pool.map(act, range(ENSEMBLE)))


def test_les_premiers_essais_se_comptent_tous(registre: Registre) -> None:
    verdicts = ensemble(lambda: take_try(registre, "m.dune", "192.0.2.1", HEURE).libre)
    assert sum(map(bool, verdicts)) == COMPTE.libres
    forgive(registre, "m.dune", "192.0.2.1")
    assert take_try(registre, "m.dune", "192.0.2.1", HEURE).libre


def test_un_refus_repete_ne_s_inscrit_qu_une_fois(registre: Registre) -> None:
    assert sum(map(bool, ensemble(lambda: first_time_lately(registre, "csp:192.0.2.1", HEURE)))) == 1


def test_un_code_n_entre_qu_une_fois(registre: Registre) -> None:
    secret = propose(registre, "m.dune").secret
    before = HEURE - timedelta(minutes=2)
    codes = enrol(registre, "m.dune", pyotp.TOTP(secret).at(before), acte(), before)
    for typed in (pyotp.TOTP(secret).at(HEURE), codes[0]):
        answers = ensemble(lambda typed=typed: check_code(registre, "m.dune", typed, acte(), HEURE))
        assert sum(map(bool, answers)) == 1


def test_une_session_vit_et_meurt_comme_ailleurs(registre: Registre) -> None:
    token = open_session(registre, "m.dune", EtapeSession.COMPLETE, acte(), HEURE, remplace="posé par un autre")
    assert find_session(registre, token, HEURE + timedelta(minutes=29), Limites()) is not None
    assert find_session(registre, token, HEURE + timedelta(minutes=59), Limites()) is None
    assert find_session(registre, "posé par un autre", HEURE, Limites()) is None
