"""Plusieurs processus : les mêmes octets qu'un seul, et un processus tué au milieu ne perd ni ne double rien."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from flows import processus
from flows.pannes import Coupure
from flows.processus import elsewhere, several
from payroll.month.calculer import compute_month
from payroll.month.declarer import declare_month
from payroll.month.ouvrir import open_month
from payroll.month.restituer import produce_documents
from payroll.month.valider import approve
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.registre import Registre
from sftp_drop.errors import TransientError
from tests.flows.registre import state_of
from tests.month.gestes import DECLARANT, MOIS, PAIEMENT, acte, description, inscrire
from tests.postgres import cluster

MODELE = ("lubescaux", "saint-amadour-des-pins", "syndicat-luyette")


def whole_month(registre: Registre, code: str, *, mois: str) -> str:
    """Le mois d'un adhérent, de l'ouverture aux documents."""
    month = Month.parse(mois)
    open_month(registre, code, month, acte())
    compute_month(registre, code, month, acte(1), sans_fichier=True)
    approve(registre, code, month, acte(2, "valideuse"), commentaire="essai")
    declare_month(registre, code, month, acte(3), DECLARANT, confirmation="doutes relus")
    produce_documents(registre, code, month, acte(4), date_paiement=PAIEMENT)
    return code


def die_once(registre: Registre, code: str, *, mois: str, temoin: str) -> str:
    """Le même mois, mais le processus meurt une fois, au milieu du second adhérent."""
    if code == MODELE[1] and not Path(temoin).exists():
        open_month(registre, code, Month.parse(mois), acte())
        Path(temoin).write_text(str(os.getpid()), encoding="ascii")
        os.kill(os.getpid(), signal.SIGKILL)
    return whole_month(registre, code, mois=mois)


def refuse(registre: Registre, code: str) -> str:
    """Une coupure passagère, un défaut du programme, et un adhérent qui va bien."""
    if code == MODELE[0]:
        raise TransientError("coupure")
    if code == MODELE[1]:
        raise KeyError("Dupont 1840599123456")
    return code


Installation = Callable[[str], Registre]


@pytest.fixture(
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)],
)
def installer(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    """De quoi ouvrir une installation neuve où les trois adhérents sont inscrits, et la désigner aux processus."""

    def install(name: str, fresh: Callable[[Path], Registre] | None) -> Registre:
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.setenv("PAIE_REPERTOIRE", str(folder))
        if fresh is not None:
            registre = fresh(folder)
            monkeypatch.setenv("PAIE_BASE", str(registre.url))
        else:
            registre = Reglages().registre()
        for code in MODELE:
            inscrire(registre, folder, description(code))
        return registre

    monkeypatch.setenv("PAIE_PROCESSUS", "2")
    if request.param == "sqlite":
        yield partial(install, fresh=None)
        return
    with cluster() as fresh:
        yield partial(install, fresh=fresh)


@pytest.mark.crash
def test_un_processus_tue_au_milieu_ne_perd_ni_ne_double_rien_et_rend_les_memes_octets(
    installer: Installation, tmp_path: Path
) -> None:
    """Deux processus, l'un tué par le noyau : repris, le registre est celui d'un seul processus sans accident."""
    with closing(installer("seul")) as alone:
        for code in MODELE:
            whole_month(alone, code, mois=str(MOIS))
        expected = state_of(alone)

    temoin = tmp_path / "temoin"
    act = partial(die_once, mois=str(MOIS), temoin=str(temoin))
    with closing(installer("plusieurs")) as shared, several():
        with ThreadPoolExecutor(2) as threads:
            lots = [MODELE[:2], MODELE[2:]]
            first = [threads.submit(elsewhere, lot, act) for lot in lots]
        assert any(isinstance(one.exception(), Coupure) for one in first), "le processus devait mourir"
        assert temoin.exists()
        assert [elsewhere(lot, act) for lot in lots] == [list(lot) for lot in lots]
        found = state_of(shared)

    assert found.lignes == expected.lignes
    assert found.documents == expected.documents
    assert found.ruptures == expected.ruptures == 0


def test_la_panne_de_l_un_n_arrete_pas_les_autres_et_ne_dit_rien_de_personne(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processus, "PAUSES", ())
    monkeypatch.setenv("PAIE_REPERTOIRE", str(tmp_path))
    cut, broken, fine = processus.run({"PAIE_REPERTOIRE": str(tmp_path)}, MODELE, refuse)

    assert isinstance(cut, TransientError)
    assert "KeyError" in str(broken)
    assert "Dupont" not in str(broken)
    assert fine == MODELE[2]
