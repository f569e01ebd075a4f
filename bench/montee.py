"""Monter en nombre : 1, 2 puis 4 équipes Prefect sur PostgreSQL, et une équipe tuée au milieu.

Le registre et le serveur Prefect ont chacun leur base PostgreSQL ; le pool de travail borne ce qui tourne à la fois. Un
département est calculé par parts, une exécution par part ; on regarde qui a fait quoi, et si tout y est, une fois.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from bench.campagne import HORLOGE, _together, prefect_server, settings
from bench.departement import AGENTS, codes_of, settle
from bench.matiere import MOIS
from bench.tableau import Mesure

RACINE = Path(__file__).resolve().parents[1]
PREFECT = Path(sys.executable).parent / "prefect"
ENSEMBLE = 4
"""Exécutions à la fois, toutes équipes : la borne du pool."""
PATIENCE = 900
"""Secondes laissées à une montée, sur une petite machine."""
FINIS = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass
class Equipe:
    """Un ouvrier Prefect et les gestes qu'il mène, dans un groupe à lui : le tuer, c'est tuer la machine."""

    nom: str
    process: subprocess.Popen[bytes]
    journal: Path

    def die(self, how: signal.Signals) -> None:
        os.killpg(self.process.pid, how)
        self.process.wait()


def measure(*, quick: bool) -> Iterator[Mesure]:
    """Le temps d'un même calcul à 1, 2 et 4 équipes ; puis deux équipes dont une meurt."""
    if shutil.which("pg_ctlcluster", path=f"{os.environ.get('PATH', '')}:/usr/bin:/usr/sbin") is None:
        yield Mesure("calcul par plusieurs équipes", 1, None, "× une équipe", "il manque postgresql")
        return
    if quick:
        yield Mesure(
            "calcul par plusieurs équipes", 1, None, "× une équipe", "en long seulement : deux minutes par montée"
        )
        return
    number = 16
    alone = _climb(number, 1)
    for count in (2, 4):
        run = _climb(number, count)
        yield Mesure(
            f"{number} adhérents × {AGENTS} agents par {count} équipes",
            1,
            run.seconds / alone.seconds,
            "× une équipe",
            f"{run.seconds:.0f} s contre {alone.seconds:.0f} s ; parts par équipe : {run.spread}",
        )
    killed = _climb(number, 2, kill=True)
    yield Mesure(
        "une équipe sur deux tuée au milieu : paies perdues ou doublées",
        0.5,
        float(killed.wrong),
        "paies",
        f"{killed.seconds:.0f} s ; parts reprises : {killed.again}, parts par équipe : {killed.spread}",
    )


@dataclass(frozen=True, slots=True)
class Montee:
    """Ce qu'une montée a donné."""

    seconds: float
    spread: str
    again: int
    wrong: int


def _climb(number: int, count: int, *, kill: bool = False) -> Montee:
    codes = codes_of(number)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paie-montee-")))
        store, prefect = stack.enter_context(_bases(folder))
        stack.enter_context(settings({**store, **prefect}))
        _together(codes, partial(settle, folder=folder, prisons=folder / "prisons"))
        _cli("server", "database", "upgrade", "--yes")  # à part : le démarrage n'attend pas si longtemps
        _, url = stack.enter_context(prefect_server(folder))
        stack.enter_context(settings({"PREFECT_API_URL": f"{url}/api", "PREFECT_HOME": str(folder / "prefect")}))
        _cli("work-pool", "create", "paie", "--type", "process")
        _cli("work-pool", "set-concurrency-limit", "paie", str(ENSEMBLE))
        _cli("--no-prompt", "deploy", "--name", "preparer-la-paie")
        teams = [stack.enter_context(_team(folder, f"equipe-{rank}")) for rank in range(count)]
        size = max(1, number // (2 * max(count, 2)))
        parts = [codes[start : start + size] for start in range(0, number, size)]
        start = time.perf_counter()
        runs = {_launch(url, part): part for part in parts}
        again = _follow(url, runs, teams, kill=kill)
        seconds = time.perf_counter() - start
        spread = " + ".join(str(_parts_of(team, runs)) for team in teams)
        return Montee(seconds, spread, again, _wrong(codes))


@contextmanager
def _bases(folder: Path) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Deux bases PostgreSQL neuves : celle du registre et celle du serveur Prefect."""
    import psycopg

    from tests.postgres import cluster

    with cluster() as fresh:
        registre = fresh(folder / "registre")
        url = str(registre.url)
        registre.close()
        address = url.replace("+psycopg", "").rsplit("/", 1)[0]
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE prefect")
        store = {
            "PAIE_REPERTOIRE": str(folder / "registre"),
            "PAIE_BASE": url,
            "PAIE_HORLOGE_FIGEE": HORLOGE,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
        }
        yield store, {"PREFECT_API_DATABASE_CONNECTION_URL": f"{address}/prefect".replace("://", "+asyncpg://")}


@contextmanager
def _team(folder: Path, nom: str) -> Iterator[Equipe]:
    journal = folder / f"{nom}.log"
    with journal.open("wb") as log:
        process = subprocess.Popen(
            [PREFECT, "worker", "start", "--pool", "paie", "--name", nom],
            cwd=RACINE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        team = Equipe(nom, process, journal)
        try:
            yield team
        finally:
            if process.poll() is None:
                team.die(signal.SIGKILL)


def _cli(*arguments: str) -> None:
    done = subprocess.run(
        [PREFECT, *arguments], cwd=RACINE, env={**os.environ, "PWD": str(RACINE)}, capture_output=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode("utf-8", "replace") or done.stdout.decode("utf-8", "replace"))


def _launch(url: str, part: Sequence[str]) -> str:
    name = "preparer-la-paie/preparer-la-paie"
    deployment = httpx.get(f"{url}/api/deployments/name/{name}", timeout=60).raise_for_status().json()
    body = {
        "state": {"type": "SCHEDULED"},
        "parameters": {"mois": str(MOIS), "adherents": list(part), "sans_fichier": True},
    }
    made = httpx.post(f"{url}/api/deployments/{deployment['id']}/create_flow_run", json=body, timeout=60)
    return str(made.raise_for_status().json()["id"])


def _follow(url: str, runs: dict[str, list[str]], teams: list[Equipe], *, kill: bool) -> int:
    """Attend que toutes les parts soient finies ; tue une équipe dès qu'elle en mène une ; rend les reprises."""
    deadline, again, waiting = time.monotonic() + PATIENCE, 0, set(runs)
    while waiting:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(waiting)} parts sans fin")
        time.sleep(1)
        for run in sorted(waiting):
            state = httpx.get(f"{url}/api/flow_runs/{run}", timeout=60).raise_for_status().json()["state_type"]
            if state == "COMPLETED":
                waiting.discard(run)
            elif state in FINIS:
                raise RuntimeError(f"une part finit {state}")
            elif kill and state == "RUNNING" and run in _of(teams[0], runs):
                # La machine s'éteint : Prefect croit encore ses parts en cours, et elles occupent le pool.
                teams[0].die(signal.SIGKILL)
                kill = False
                for lost in sorted(_of(teams[0], runs) & waiting):
                    _crash(url, lost)
                    part = runs[lost]
                    waiting.discard(lost)
                    fresh = _launch(url, part)
                    runs[fresh] = part
                    waiting.add(fresh)
                    again += 1
    return again


def _crash(url: str, run: str) -> None:
    """Ce que fait le gestionnaire d'une exécution dont l'équipe est morte : la dire tombée, ce qui libère sa place."""
    body = {"state": {"type": "CRASHED", "message": "équipe arrêtée"}, "force": True}
    httpx.post(f"{url}/api/flow_runs/{run}/set_state", json=body, timeout=60).raise_for_status()


def _of(team: Equipe, runs: dict[str, list[str]]) -> set[str]:
    """Les exécutions que cette équipe a prises, d'après son journal."""
    text = team.journal.read_text("utf-8", "replace")
    return {run for run in runs if run in text}


def _parts_of(team: Equipe, runs: dict[str, list[str]]) -> int:
    return len(_of(team, runs))


def _wrong(codes: Sequence[str]) -> int:
    """Les adhérents dont la paie n'est pas calculée exactement une fois, tous bulletins présents."""
    from contextlib import closing

    from sqlmodel import func, select

    from payroll.settings import Reglages
    from payroll.store.tables import Adherent, BulletinPaie, EtatPaie, Paie

    with closing(Reglages().registre()) as registre, registre.transaction() as session:
        rows: Any = session.exec(
            select(Adherent.code, Paie.etat, Paie.revision, func.count())
            .join(Paie, Paie.adherent_id == Adherent.id)  # type: ignore[arg-type]
            .join(BulletinPaie, BulletinPaie.paie_id == Paie.id)  # type: ignore[arg-type]
            .group_by(Adherent.code, Paie.etat, Paie.revision)
        ).all()
    right = [code for code, etat, revision, count in rows if (etat, revision, count) == (EtatPaie.CALCULEE, 1, AGENTS)]
    return len(set(codes).symmetric_difference(right)) + len(rows) - len(right)
