"""La relève d'un lot : une seule prise pour tous, puis chacun sa réponse ; une coupure ne perd ni ne double rien."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from desk.demo.decor import Decor, settings, sftp_server
from flows import processus
from flows.relever_le_depot import _collect, _look, _take_together
from flows.transport import look_ahead
from flows.travail import act
from payroll.month.adherents import import_adherent
from payroll.month.commun import Acte
from payroll.month.ouvrir import open_month
from payroll.periods import Month
from payroll.settings import Reglages
from sftp_drop.pipelined import RawSftp
from tests.month.gestes import element, fichier

EXEMPLES = Path(__file__).parents[2] / "examples" / "adherents"
MOIS = Month(2026, 11)
ACTE = Acte("essai", datetime(2026, 11, 20, 9, tzinfo=UTC))
PETITE, FAUTIVE, INCONNUE = "lubescaux", "saint-amadour-des-pins", "inconnue"
LOT = (PETITE, INCONNUE, FAUTIVE)
DEPOSES = {PETITE: fichier(PETITE, element("LB002", "cia", "100,00")), FAUTIVE: b"ceci n'est pas un classeur"}


@pytest.fixture
def decor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Decor]:
    """Une installation et son vrai serveur SFTP, le mois ouvert chez deux adhérents."""
    monkeypatch.setattr(processus, "PAUSES", (0, 0))
    decor = Decor(tmp_path, MOIS)
    environment = {name: value for name, value in decor.environment.items() if name.startswith("PAIE_")}
    with settings(environment), sftp_server(decor, list(DEPOSES)):
        with closing(Reglages().registre()) as registre:
            for code in DEPOSES:
                import_adherent(registre, EXEMPLES / f"{code}.yaml", ACTE)
                open_month(registre, code, MOIS, ACTE)
        yield decor


def _run(agir: Any, avant: Any) -> list[Any]:
    environment = {name: value for name, value in os.environ.items() if name.startswith("PAIE_")}
    return processus.run(environment, LOT, agir, avant)


def _relever(registre: Any, code: str) -> Any:
    return act(registre, code, mois=str(MOIS), geste=_collect)


def _depose(decor: Decor, rang: int) -> dict[str, bytes]:
    """Un fichier neuf chez chacun, à une heure qui n'a pas bougé."""
    contenus = {code: octets + b"\r\n" * rang for code, octets in DEPOSES.items()}
    for code, octets in contenus.items():
        chemin = decor.adherents / code / "depot" / f"envoi-{rang}.csv"
        chemin.write_bytes(octets)
        os.utime(chemin, (1_790_000_000 + rang, 1_790_000_000 + rang))
    return contenus


@pytest.mark.crash
def test_un_lot_se_prend_ensemble_et_une_coupure_n_y_perd_ni_n_y_double_rien(
    decor: Decor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sans coupure, puis en coupant la session à une rafale de la prise, de plus en plus loin, jusqu'à la réponse."""
    vraie = RawSftp.together
    for rang, coupee in enumerate((0, 1, 3, 5, 7, 9, 12), start=1):
        contenus = _depose(decor, rang)
        assert _run(_look, look_ahead) == [None] * len(LOT)
        faites = 0

        def comptee(sftp: RawSftp, demandes: Any, coupee: int = coupee) -> Any:
            nonlocal faites
            faites += 1
            if faites == coupee:
                vraie(sftp, demandes[: len(demandes) // 2])
                raise EOFError
            return vraie(sftp, demandes)

        with monkeypatch.context() as patch:
            patch.setattr(RawSftp, "together", comptee)
            comptes = _run(_relever, _take_together)

        assert [compte.fait for compte in comptes] == [True, False, True], comptes
        if coupee < 9:  # coupé en rendant l'accusé, le geste repris n'a plus rien de neuf à lire
            assert [compte.phrase for compte in comptes[::2]] == ["1 fichier accepté", "1 fichier à corriger"], coupee
        for code, octets in contenus.items():
            archives = [path.read_bytes() for path in (decor.adherents / code / "depot" / "pris").iterdir()]
            assert archives.count(octets) == 1
            assert len(archives) == rang
            assert [path.name for path in (decor.adherents / code / "depot").glob("*.csv")] == []
            accuses = list((decor.adherents / code / "retour" / str(MOIS)).glob("accuse-*.txt"))
            assert len(accuses) == rang
    assert faites > 12
