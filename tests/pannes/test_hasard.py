"""Des fichiers abîmés par milliers : une anomalie ou une lecture franche, jamais une panne (en long, ``make soak``)."""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dsn.check_file import check_file
from dsn.retours import RetourRefuse, read_return
from payroll.intake.reading import read
from payroll.intake.receipt import marked_copy
from tests.dsn.retours.fabrique import anomalie, individu, retour
from tests.intake.fabrique import ROSTER, E, classeur, octets, ods
from tests.month.gestes import absence, element, fichier
from tests.pannes.mutations import mutate

pytestmark = pytest.mark.hostile

GRAINE = 2026
Reader = Callable[[bytes], object]


def _intake(content: bytes) -> object:
    lecture = read(content, "fichier", ROSTER)
    # La copie annotée rouvre le même fichier : elle doit tenir aussi.
    marked_copy(content, lecture)
    return lecture


def _return(content: bytes) -> object:
    try:
        return read_return(content)
    except RetourRefuse as refus:
        return refus.args[0]


@dataclass(frozen=True)
class Lecteur:
    """Un lecteur, de vrais fichiers à abîmer, et combien (en court, en long)."""

    read: Reader
    sources: Callable[[], list[bytes]]
    court: int
    long: int


def _workbooks() -> list[bytes]:
    filled = classeur({(E, "E5"): 4, (E, "F6"): "2,5", (E, "I7"): "100,00"})
    return [octets(filled), ods(filled)]


def _csv() -> list[bytes]:
    rows = [element("A001", "cia", "100,00"), absence("A002", "cmo", "03/11/2026", "05/11/2026")]
    return [fichier("c40999", *rows), fichier("c40999", neant=True)]


def _messages() -> list[bytes]:
    return [path.read_bytes() for path in sorted((Path(__file__).parents[1] / "dsn" / "messages").glob("*.dsn"))]


def _returns() -> list[bytes]:
    people = [individu("1850199999001", "5.30"), individu(None), individu("2850199999002")]
    return [retour(individus=people), retour("21", anomalies=[anomalie("CCH-11", "valeur refusée")], etat="KO")]


LECTEURS = {
    "classeur": Lecteur(_intake, _workbooks, 60, 12_000),
    "csv": Lecteur(_intake, _csv, 300, 40_000),
    "dsn": Lecteur(check_file, _messages, 60, 10_000),
    "retour": Lecteur(_return, _returns, 400, 40_000),
}


def test_les_epreuves_en_long_font_cent_mille_fichiers() -> None:
    assert sum(lecteur.long for lecteur in LECTEURS.values()) >= 100_000


@pytest.mark.parametrize("nom", LECTEURS)
def test_un_fichier_abime_ne_fait_jamais_de_panne(
    nom: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    lecteur = LECTEURS[nom]
    sources = lecteur.sources()
    for source in sources:
        assert lecteur.read(source) is not None
    count = lecteur.long if request.config.getoption("--endurance") else lecteur.court
    worst = 0.0
    for rank in range(count):
        dice = random.Random(f"{GRAINE}-{nom}-{rank}")
        spoiled = mutate(dice.choice(sources), dice)
        start = time.perf_counter()
        try:
            lecteur.read(spoiled)
        except Exception as error:
            pytest.fail(f"{nom}, fichier abîmé n° {rank} : {error!r}")
        worst = max(worst, time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    with capsys.disabled():
        sys.stdout.write(f"\n{nom} : {count} fichiers abîmés, 0 panne ; pire {worst:.2f} s, pic {peak} Mio.\n")
