"""Plusieurs adhérents relevés ensemble : chacun comme s'il était seul, et rien de perdu où que l'on coupe."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path

import pytest

from sftp_drop import take
from sftp_drop.client import DropClient, connect
from sftp_drop.errors import MissingError, TransientError
from sftp_drop.pipelined import RawSftp, Request
from sftp_drop.settings import SftpSettings
from sftp_drop.take import StoredOutcome, TakeIssue, TakeReport, Visit, take_all, take_several
from tests.sftp_drop.conftest import Coffre

A, B = "valfleuri", "rocheclaire"
T0 = 1_790_000_000
CONTENUS = {A: {"a.csv": b"premier", "b.csv": b"x" * 70_000}, B: {"a.csv": b"autre", "c.csv": b"troisieme"}}
Coffres = dict[str, Coffre]


def _poses(racine: Path) -> None:
    """Remet chaque dépôt comme au second regard."""
    for code, fichiers in CONTENUS.items():
        for dossier in (racine / code / "depot", racine / code / "depot" / "pris"):
            for entree in dossier.iterdir():
                if entree.is_file():
                    entree.unlink()
        for nom, octets in fichiers.items():
            chemin = racine / code / "depot" / nom
            chemin.write_bytes(octets)
            os.utime(chemin, (T0, T0))


def _visites(coffres: Coffres, regard: dict[str, dict[str, tuple[int, int]]] | None = None) -> list[Visit]:
    regards = regard or {
        code: {nom: (len(octets), T0) for nom, octets in fichiers.items()} for code, fichiers in CONTENUS.items()
    }
    return [Visit(code, coffres[code], regards[code]) for code in CONTENUS]


def _neufs() -> Coffres:
    return {code: Coffre() for code in CONTENUS}


def _acheve(service: DropClient, racine: Path, coffres: Coffres) -> None:
    """Deux regards de plus, et tout est gardé une fois, archivé une fois, chez le sien."""
    for code in CONTENUS:
        regard = take_all(service, code, store=coffres[code], previous={}).look
        take_all(service, code, store=coffres[code], previous=regard)
        attendus = sorted(CONTENUS[code].values())
        archives = list((racine / code / "depot" / "pris").iterdir())
        assert coffres[code].valeurs == attendus
        assert sorted(archive.read_bytes() for archive in archives) == attendus
        assert not any(archive.name.startswith(".") for archive in archives)
        assert [entree.name for entree in (racine / code / "depot").iterdir()] == ["pris"]


def test_ensemble_ou_l_un_apres_l_autre_donne_les_memes_rapports(service: DropClient, racine: Path) -> None:
    _poses(racine)
    ensemble = _neufs()
    rapports = take_several(service, _visites(ensemble))
    archives = sorted(str(path.relative_to(racine)) for path in racine.glob("*/depot/pris/*"))
    _poses(racine)
    seuls = _neufs()
    un_a_un = [
        take_all(service, visite.code, store=visite.store, previous=visite.previous) for visite in _visites(seuls)
    ]

    assert rapports == un_a_un
    assert sorted(str(path.relative_to(racine)) for path in racine.glob("*/depot/pris/*")) == archives
    for code in CONTENUS:
        assert ensemble[code].contenus == seuls[code].contenus
        # Dans l'ordre des noms, chez chacun : c'est l'ordre où les fichiers seront lus.
        assert ensemble[code].appels == seuls[code].appels == sorted(CONTENUS[code])


def test_les_demandes_de_tous_partent_dans_les_memes_rafales(
    service: DropClient, racine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rafales(*visites: Visit) -> int:
        faites = 0
        vraie = RawSftp.together

        def comptee(sftp: RawSftp, demandes: list[Request]) -> object:
            nonlocal faites
            faites += 1
            return vraie(sftp, demandes)

        with monkeypatch.context() as patch:
            patch.setattr(RawSftp, "together", comptee)
            assert not any(isinstance(rapport, Exception) for rapport in take_several(service, visites))
        return faites

    _poses(racine)
    seuls = [rafales(visite) for visite in _visites(_neufs())]
    _poses(racine)
    assert rafales(*_visites(_neufs())) == max(seuls)


class Mort(BaseException):
    """Le processus meurt : aucun ``except`` du programme ne doit la retenir."""


@pytest.mark.crash
@pytest.mark.parametrize("erreur", [Mort, EOFError])
@pytest.mark.parametrize("parties", [0.0, 0.5, 1.0])
def test_couper_a_chaque_rafale_puis_recommencer(
    service: DropClient,
    reglages: SftpSettings,
    racine: Path,
    monkeypatch: pytest.MonkeyPatch,
    erreur: type[BaseException],
    parties: float,
) -> None:
    """Avant une rafale, au milieu, ou une fois partie sans en avoir lu les réponses : mort du processus, ou coupure."""
    vraie = RawSftp.together
    for rang in range(1, 100):
        _poses(racine)
        coffres = _neufs()
        faites = 0

        def coupee(sftp: RawSftp, demandes: list[Request], rang: int = rang) -> object:
            nonlocal faites
            faites += 1
            if faites != rang:
                return vraie(sftp, demandes)
            vraie(sftp, demandes[: round(len(demandes) * parties)])
            raise erreur

        with connect(reglages) as client, monkeypatch.context() as patch:
            patch.setattr(RawSftp, "together", coupee)
            try:
                rapports = take_several(client, _visites(coffres))
            except Mort:
                rapports = []
            assert (faites < rang) or erreur is Mort or client.closed
        assert all(isinstance(rapport, TakeReport) for rapport in rapports)
        if faites >= rang:
            assert all(rapport.interrupted for rapport in rapports)
        _acheve(service, racine, coffres)
        if faites < rang:
            break
    assert rang > 10


@pytest.mark.crash
def test_la_panne_du_magasin_de_l_un_ne_touche_pas_l_autre(service: DropClient, racine: Path) -> None:
    _poses(racine)
    coffres = _neufs()

    def en_panne(*_: object) -> StoredOutcome:
        raise RuntimeError("base fermée")

    premiere, seconde = _visites(coffres)
    panne, rapport = take_several(service, [Visit(A, en_panne, premiere.previous), seconde])

    assert isinstance(panne, RuntimeError)
    assert isinstance(rapport, TakeReport)
    assert coffres[B].valeurs == sorted(CONTENUS[B].values())
    assert sorted(path.name for path in (racine / A / "depot").iterdir()) == ["a.csv", "b.csv", "pris"]
    _acheve(service, racine, coffres)


def test_un_dossier_absent_n_arrete_pas_les_autres(service: DropClient, racine: Path) -> None:
    _poses(racine)
    coffres = _neufs()
    shutil.rmtree(racine / A)

    absent, rapport = take_several(service, _visites(coffres))
    assert isinstance(absent, MissingError)
    assert isinstance(rapport, TakeReport)
    assert [sort.issue for sort in rapport.outcomes] == [TakeIssue.PRIS, TakeIssue.PRIS, TakeIssue.IGNORE]
    assert [isinstance(regard, list) for regard in service.list_depots([A, B])] == [False, True]


@pytest.mark.hostile
@pytest.mark.parametrize(("place", "ensemble"), [(100, False), (10**9, True)])
def test_de_gros_fichiers_attendent_leur_tour_en_memoire(
    service: DropClient, racine: Path, monkeypatch: pytest.MonkeyPatch, place: int, ensemble: bool
) -> None:
    monkeypatch.setattr(take, "EN_MEMOIRE", place)
    ouverts: set[tuple[str, str]] = set()
    plus_haut = 0

    def suivi(vrai: Callable[..., Generator], code: str, nom: str, *suite: object) -> Generator:
        nonlocal plus_haut
        ouverts.add((code, nom))
        plus_haut = max(plus_haut, len(ouverts))
        return vrai(code, nom, *suite)

    def fini(vrai: Callable[..., Generator], code: str, nom: str, cible: str) -> Generator:
        yield from vrai(code, nom, cible)
        ouverts.discard((code, cible.split("-", 3)[3]))

    monkeypatch.setattr(service, "fetch", partial(suivi, service.fetch))
    monkeypatch.setattr(service, "rename_pris", partial(fini, service.rename_pris))
    for code in CONTENUS:
        chemin = racine / code / "depot" / "gros.csv"
        chemin.write_bytes(b"x" * 80)
        os.utime(chemin, (T0, T0))
    coffres = _neufs()
    rapports = take_several(service, _visites(coffres, {code: {"gros.csv": (80, T0)} for code in CONTENUS}))

    assert all(isinstance(rapport, TakeReport) and not rapport.interrupted for rapport in rapports)
    assert [coffre.valeurs for coffre in coffres.values()] == [[b"x" * 80], [b"x" * 80]]
    assert plus_haut == (2 if ensemble else 1)


def test_une_coupure_se_dit_a_tous_ceux_qui_attendaient(service: DropClient) -> None:
    service.close()

    assert all(isinstance(regard, TransientError) for regard in service.list_depots([A, B]))
    assert service.closed
