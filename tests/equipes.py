"""Des équipes Prefect comme sur plusieurs machines : un serveur, PostgreSQL, et chaque équipe dans son espace réseau.

Un espace réseau n'a que son câble vers le pont où écoutent le serveur Prefect et PostgreSQL : l'équipe n'atteint rien
d'autre, et l'éteindre, c'est tuer tout ce qu'il contient. Sans le droit d'en faire, les équipes restent côte à côte.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import yaml

from desk.demo.decor import free_port, stop

RACINE = Path(__file__).resolve().parents[1]
PREFECT = Path(sys.executable).parent / "prefect"
REGLES = RACINE / "flows" / "reprise.yaml"
"""Les règles par lesquelles Prefect reprend seul les exécutions d'une équipe morte."""
POOL = "paie"
PATIENCE = 120
"""Secondes laissées au serveur ou à une équipe pour démarrer, sur une petite machine chargée."""
FINIS = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass(frozen=True, slots=True)
class Reseau:
    """Où écoute le serveur, et les espaces réseau, un par équipe ; aucun s'ils n'ont pas pu être faits."""

    adresse: str
    plage: str
    espaces: tuple[str, ...]
    pourquoi: str = ""
    """Pourquoi il n'y a pas d'espaces."""

    def prefix(self, rank: int) -> list[str]:
        """Ce qui précède une commande pour qu'elle tourne dans l'espace de cette équipe."""
        return ["ip", "netns", "exec", self.espaces[rank]] if self.espaces else []

    def unplug(self, espace: str) -> None:
        """Débranche le câble d'un espace : ce qui s'y passe ensuite ne s'entend plus."""
        if espace:
            _ip("-n", espace, "link", "set", "eth0", "down")


COTE_A_COTE = Reseau("127.0.0.1", "127.0.0.0/8", ())
"""Toutes les équipes sur la boucle locale."""


@contextmanager
def network(count: int) -> Iterator[Reseau]:
    """Un pont et un espace réseau par équipe, défaits à la sortie ; à défaut, la boucle locale et la raison."""
    if shutil.which("ip") is None or os.geteuid() != 0:
        yield replace(COTE_A_COTE, pourquoi="sans espaces réseau : il faut « ip » et les droits de root")
        return
    mark, base = f"paie{os.getpid() % 100000}", f"10.213.{os.getpid() % 250}"
    spaces = tuple(f"{mark}-{rank}" for rank in range(count))
    with ExitStack() as stack:
        # Un arrêt demandé défait aussi ce qui est fait.
        stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, _stop))
        try:
            stack.callback(_ip, "link", "del", mark, quiet=True)
            _ip("link", "add", mark, "type", "bridge")
            _ip("addr", "add", f"{base}.1/24", "dev", mark)
            _ip("link", "set", mark, "up")
            for rank, space in enumerate(spaces):
                stack.callback(_ip, "netns", "del", space, quiet=True)
                stack.callback(_ip, "link", "del", f"{mark}v{rank}", quiet=True)
                stack.callback(_empty, space)
                _ip("netns", "add", space)
                _ip("link", "add", f"{mark}v{rank}", "type", "veth", "peer", "name", "eth0", "netns", space)
                _ip("link", "set", f"{mark}v{rank}", "master", mark, "up")
                for line in (f"addr add {base}.{rank + 10}/24 dev eth0", "link set eth0 up", "link set lo up"):
                    _ip("-n", space, *line.split())
        except (OSError, subprocess.CalledProcessError) as error:
            stack.close()
            text = getattr(error, "stderr", "") or str(error)
            yield replace(COTE_A_COTE, pourquoi=f"sans espaces réseau : {text.strip()}")
            return
        yield Reseau(f"{base}.1", f"{base}.0/24", spaces)


def _stop(*_: object) -> None:
    raise SystemExit("mesure arrêtée")


def _ip(*arguments: str, quiet: bool = False) -> str:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode and not quiet:
        done.check_returncode()
    return done.stdout


def _empty(space: str) -> None:
    """Tue tout ce qui tourne encore dans un espace."""
    for pid in _ip("netns", "pids", space, quiet=True).split():
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            continue


@dataclass(frozen=True, slots=True)
class Equipe:
    """Une équipe Prefect et les gestes qu'elle mène : la tuer, c'est éteindre la machine."""

    nom: str
    process: subprocess.Popen[bytes]
    journal: Path
    espace: str

    def die(self) -> None:
        """SIGKILL à l'équipe et à tout ce qu'elle a lancé."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        if self.espace:
            _empty(self.espace)
        self.process.wait()

    def took(self, runs: Sequence[str]) -> list[str]:
        """Celles de ces exécutions que cette équipe a menées, d'après son journal (elle n'a pas été devancée)."""
        text = self.journal.read_text("utf-8", "replace")
        return [run for run in runs if f"/runs/flow-run/{run}" in text]


@contextmanager
def team(nom: str, folder: Path, settings: Mapping[str, str], reseau: Reseau, rank: int) -> Iterator[Equipe]:
    """Une équipe d'une exécution à la fois, tuée à la sortie si elle vit encore."""
    journal = folder / f"{nom}.log"
    with journal.open("wb") as log:
        process = subprocess.Popen(
            [*reseau.prefix(rank), PREFECT, "worker", "start", "--pool", POOL, "--name", nom, "--limit", "1"],
            cwd=RACINE,
            env={**os.environ, **settings, "PREFECT_WORKER_QUERY_SECONDS": "1"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    one = Equipe(nom, process, journal, reseau.espaces[rank] if reseau.espaces else "")
    try:
        yield one
    finally:
        one.die()


@dataclass(frozen=True, slots=True)
class Serveur:
    """Le serveur Prefect, par son API."""

    url: str

    def call(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Un appel ; rend ce qu'il répond, lève ``httpx.HTTPError`` s'il refuse."""
        done = httpx.request(method, f"{self.url}/api/{path}", json=body, timeout=60).raise_for_status()
        return done.json() if done.content else None

    def launch(self, deployment: str, parameters: Mapping[str, Any]) -> str:
        """Demande une exécution d'un geste inscrit ; rend sa clé."""
        found = self.call(f"deployments/name/{deployment}/{deployment}", method="GET")["id"]
        return str(self.call(f"deployments/{found}/create_flow_run", {"parameters": dict(parameters)})["id"])

    def pool(self, together: int | None = None) -> None:
        """Le pool des équipes, et combien d'exécutions il mène à la fois (sans borne à défaut)."""
        self.call("work_pools/", {"name": POOL, "type": "process", "concurrency_limit": together})

    def deploy(self, name: str) -> None:
        """Inscrit un geste de ``prefect.yaml``, comme « prefect deploy », sans le démarrage de la commande."""
        written = yaml.safe_load((RACINE / "prefect.yaml").read_text(encoding="utf-8"))
        (one,) = [deployment for deployment in written["deployments"] if deployment["name"] == name]
        body = {
            "name": name,
            "flow_id": self.call("flows/", {"name": name})["id"],
            "entrypoint": one["entrypoint"],
            "path": str(RACINE),
            "pull_steps": [{"prefect.deployments.steps.set_working_directory": {"directory": str(RACINE)}}],
            "parameters": one["parameters"],
            "work_pool_name": one["work_pool"]["name"],
            "job_variables": one["work_pool"]["job_variables"],
        }
        self.call("deployments/", body)

    def set_state(self, key: str, state: str) -> None:
        """Ce que fait une personne par « Change state »."""
        self.call(f"flow_runs/{key}/set_state", {"state": {"type": state}, "force": True})

    def run(self, key: str) -> dict[str, Any]:
        """Une exécution : son état, son nom, combien de fois elle est partie."""
        return dict(self.call(f"flow_runs/{key}", method="GET"))

    def states(self, key: str) -> list[str]:
        """Les états par lesquels une exécution est passée, dans l'ordre."""
        rows = self.call(f"flow_run_states/?flow_run_id={key}", method="GET")
        return [row["name"] for row in sorted(rows, key=lambda row: row["timestamp"])]

    def ready(self, names: Collection[str]) -> bool:
        """Vrai si ces équipes se sont présentées."""
        return set(names) <= {one["name"] for one in self.call(f"work_pools/{POOL}/workers/filter", {})}

    def beat(self, key: str, occurred: str) -> None:
        """Dit au serveur un battement de cette exécution, à cet instant (ISO 8601)."""
        run = self.run(key)
        event = {
            "id": str(uuid4()),
            "occurred": occurred,
            "event": "prefect.flow-run.heartbeat",
            "resource": {"prefect.resource.id": f"prefect.flow-run.{key}", "prefect.resource.name": run["name"]},
            "related": [
                {
                    "prefect.resource.id": f"prefect.deployment.{run['deployment_id']}",
                    "prefect.resource.role": "deployment",
                }
            ],
        }
        self.call("events", [event])


@contextmanager
def server(folder: Path, database: str, host: str = "127.0.0.1") -> Iterator[Serveur]:
    """Un serveur Prefect sur cette base PostgreSQL (``postgresql://…``), pool borné, geste et règles inscrits."""
    url = f"http://{host}:{free_port()}"
    environment = {
        **os.environ,
        "PREFECT_API_DATABASE_CONNECTION_URL": database.replace("postgresql", "postgresql+asyncpg"),
        "PREFECT_API_URL": f"{url}/api",
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_UI_ENABLED": "false",
        "PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY": "PT1S",
        "PWD": str(RACINE),
    }
    _host, port = url.removeprefix("http://").split(":")
    with (folder / "prefect.log").open("wb") as log:
        process = subprocess.Popen(
            [PREFECT, "server", "start", "--host", host, "--port", port], env=environment, stdout=log, stderr=log
        )
    try:
        one = Serveur(url)
        until(lambda: _answers(one, process), f"le serveur Prefect n'a pas démarré : {folder / 'prefect.log'}")
        yield one
    finally:
        stop(process)


def _answers(one: Serveur, process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        raise RuntimeError("le serveur Prefect s'est arrêté")
    try:
        return bool(one.call("health", method="GET"))
    except httpx.HTTPError:
        return False


def until(done: Callable[[], object], otherwise: str, patience: float = PATIENCE) -> None:
    """Attend que ce soit vrai ; ``RuntimeError`` avec cette phrase si la patience s'épuise."""
    deadline = time.monotonic() + patience
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(otherwise)
        time.sleep(0.3)
