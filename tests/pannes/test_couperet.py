"""Tuer le processus à chaque écriture, relancer : rien de perdu, rien de doublé, rien d'inventé, les mêmes octets."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel

from desk.demo.decor import Decor, sftp_server
from payroll.store import audit
from payroll.store.registre import Registre
from payroll.store.tables import (
    Absence,
    Approbation,
    BulletinPaie,
    DocumentRetour,
    ElementVariable,
    Evenement,
    FichierRecu,
    LigneBulletin,
    MessageDsn,
    Paie,
)
from tests.month.gestes import MOIS, Lieu, description, element, fichier, inscrire

pytestmark = pytest.mark.crash

RACINE = Path(__file__).parents[2]
CODE = "lubescaux"
TABLES: tuple[type[SQLModel], ...] = (
    Paie,
    FichierRecu,
    ElementVariable,
    Absence,
    BulletinPaie,
    LigneBulletin,
    Approbation,
    MessageDsn,
    DocumentRetour,
)
GRAINE = 2026
EN_COURT = 16
"""Nombre d'écritures où couper, en court ; ``--endurance`` les prend toutes."""


@dataclass
class Chantier:
    """De quoi jouer un mois dans un enfant, avec son serveur SFTP et son registre neufs."""

    depart: Path
    """Le registre juste après l'inscription."""
    couperet: subprocess.Popen[str]

    def new(self, root: Path) -> Decor:
        decor = Decor(root, MOIS)
        shutil.copytree(self.depart, root / "registre")
        return decor

    def play(self, decor: Decor, rang: int) -> dict[str, Any]:
        report = decor.racine / "rapport.json"
        report.unlink(missing_ok=True)
        settings = {name: value for name, value in os.environ.items() if name.startswith("PAIE_")}
        order = {"reglages": {**settings, **decor.environment}, "rang": rang, "rapport": str(report)}
        assert self.couperet.stdin is not None
        assert self.couperet.stdout is not None
        self.couperet.stdin.write(json.dumps(order) + "\n")
        self.couperet.stdin.flush()
        answer: dict[str, Any] = json.loads(self.couperet.stdout.readline())
        return answer | (json.loads(report.read_text()) if report.exists() else {})


@pytest.fixture(scope="module")
def chantier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chantier]:
    root = tmp_path_factory.mktemp("chantier")
    data = description(CODE)
    (root / "registre").mkdir()
    registre = Registre(f"sqlite:///{root}/registre/paie.db", root / "registre" / "pieces")
    registre.upgrade()
    inscrire(registre, root, data | {"agents": data["agents"][1:4]})
    registre.close()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.pannes.couperet"],
        cwd=RACINE,
        env={**os.environ, "PYTHONPATH": str(RACINE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Chantier(root / "registre", process)
        process.terminate()


def deposit(decor: Decor) -> None:
    """Ce que la secrétaire a déposé : un élément, à une heure fixe."""
    path = decor.adherents / CODE / "depot" / "novembre.csv"
    path.write_bytes(fichier(CODE, element("LB002", "cia", "100,00")))
    os.utime(path, (1_790_000_000, 1_790_000_000))


def state(decor: Decor) -> dict[str, object]:
    """Le registre aux clés près, le journal des gestes, et octet par octet ce que voit l'adhérent."""
    folder = decor.racine / "registre"
    registre = Registre(f"sqlite:///{folder}/paie.db", folder / "pieces")
    lieu = Lieu(registre, CODE)
    rows = {table.__name__: [row.model_dump(exclude={"id"}) for row in lieu.rows(table)] for table in TABLES}
    with registre.transaction() as session:
        heads, breaks = audit.verify(session)
    pieces = {name: registre.pieces.get(name) for name in registre.pieces.names()}
    gestures = [(row.geste, row.par, row.mois) for row in lieu.rows(Evenement)]
    registre.close()
    seen = {
        str(path.relative_to(decor.adherents)): path.read_bytes()
        for path in sorted(decor.adherents.rglob("*"))
        if path.is_file()
    }
    return {
        "registre": rows,
        "gestes": sorted(set(gestures)),
        "ruptures": breaks,
        "chaines": len(heads),
        "dossier": seen,
        "reçu": [pieces[row["sha256"]] for row in rows["FichierRecu"]],
    }


def played(chantier: Chantier, root: Path, rang: int) -> tuple[Decor, dict[str, Any], dict[str, Any] | None]:
    """Un mois, coupé au rang donné (0 : jamais) puis relancé entier, et ce qu'en disent les deux exécutions."""
    decor = chantier.new(root)
    with sftp_server(decor, [CODE]):
        deposit(decor)
        first = chantier.play(decor, rang)
        second = chantier.play(decor, 0) if rang else None
    return decor, first, second


def test_mourir_a_n_importe_quelle_ecriture_puis_relancer_mene_au_meme_mois(
    chantier: Chantier, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    decor, whole, _ = played(chantier, tmp_path / "entier", 0)
    assert (whole["code"], whole["refus"]) == (0, [])
    expected, count = state(decor), len(whole["points"])
    assert count > 300
    ranks = list(range(1, count + 1))
    if not request.config.getoption("--endurance"):
        ranks = sorted(random.Random(GRAINE).sample(ranks, EN_COURT))

    for rank in ranks:
        decor, first, second = played(chantier, tmp_path / str(rank), rank)
        where = f"coupé à l'écriture {rank} sur {count} ({whole['points'][rank - 1]})"
        assert first["tue"], where
        assert second is not None
        assert second["code"] == 0, where
        assert state(decor) == expected, where
        shutil.rmtree(decor.racine)
    with capsys.disabled():
        sys.stdout.write(f"\n{len(ranks)} coupures, {count} points possibles : 0 perdu, 0 doublé, même état final.\n")
