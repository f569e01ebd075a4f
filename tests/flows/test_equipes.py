"""Deux équipes Prefect, l'une tuée au milieu d'un adhérent : l'autre reprend, et rien n'est perdu ni doublé.

Un vrai serveur Prefect et un vrai registre, sur PostgreSQL ; les règles sont celles que la documentation fait poser.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from payroll.month.calculer import compute_month
from payroll.month.commun import Acte
from payroll.month.declarer import declare_month
from payroll.month.ouvrir import open_month
from payroll.month.restituer import produce_documents
from payroll.month.valider import approve
from payroll.store.registre import Registre
from tests.equipes import COTE_A_COTE, PREFECT, REGLES, Equipe, Serveur, server, team, until
from tests.flows.registre import Etat, state_of
from tests.month.gestes import DECLARANT, MOIS, PAIEMENT, acte, description, inscrire
from tests.postgres import cluster

pytestmark = [pytest.mark.postgres, pytest.mark.crash]

RACINE = Path(__file__).parents[2]
PARTS = (["lubescaux", "saint-amadour-des-pins"], ["syndicat-luyette"])
CODES = [code for part in PARTS for code in part]
VICTIME = "saint-amadour-des-pins"
HEURE = acte(1).moment
GESTE = "preparer-la-paie"
SILENCE = 10
"""Le plus court silence que Prefect sache remarquer, en secondes."""


@dataclass(frozen=True)
class Agence:
    """Le serveur Prefect, deux équipes, leur registre, et l'adresse de la base."""

    serveur: Serveur
    equipes: Sequence[Equipe]
    fresh: Callable[[Path], Registre]
    registre: Registre
    base: str
    muettes: Sequence[str]
    """Trois exécutions dont l'équipe est morte, sous les règles au silence raccourci : au démarrage, une fois en cours,
    et après un signe de vie."""

    def launch(self, part: Sequence[str]) -> str:
        return self.serveur.launch(GESTE, {"mois": str(MOIS), "adherents": list(part), "sans_fichier": True})

    def ended(self, run: str) -> bool:
        return self.serveur.run(run)["state_type"] == "COMPLETED"


@pytest.fixture(scope="module")
def agence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agence]:
    folder = tmp_path_factory.mktemp("equipes")
    with ExitStack() as stack:
        fresh = stack.enter_context(cluster())
        registre = _installed(fresh(folder), folder)
        base = str(registre.url).replace("+psycopg", "")
        address = base.rsplit("/", 1)[0]
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE prefect")
        serveur = stack.enter_context(server(folder, f"{address}/prefect"))
        environment = {
            "PREFECT_API_URL": f"{serveur.url}/api",
            "PREFECT_HOME": str(folder / "prefect"),
            "PAIE_BASE": str(registre.url),
            "PAIE_REPERTOIRE": str(folder),
            "PAIE_HORLOGE_FIGEE": HEURE.isoformat(),
        }
        serveur.pool()
        serveur.deploy(GESTE)
        teams = [stack.enter_context(team(f"equipe-{rank}", folder, environment, COTE_A_COTE, rank)) for rank in (1, 2)]
        rules = yaml.safe_load(REGLES.read_text(encoding="utf-8"))["automations"]
        hurried = folder / REGLES.name
        hurried.write_text(yaml.safe_dump({"automations": [shortened(rules[0]), rules[1]]}), encoding="utf-8")
        _prefect(environment, "automation", "create", "--from-file", str(hurried))
        silent = [_silent(serveur, *states) for states in (["PENDING"], ["PENDING", "RUNNING"], ["PENDING", "RUNNING"])]
        serveur.beat(silent[-1], datetime.now(UTC).isoformat())
        until(lambda: all("Crashed" in serveur.states(run) for run in silent), "la règle du silence n'a pas agi")
        until(lambda: all(_given_back(serveur, run) for run in silent[1:]), "ce qui est tombé n'a pas été rendu")
        # La suite se joue sous les règles telles quelles.
        (found,) = [one for one in serveur.call("automations/filter", {}) if one["name"] == rules[0]["name"]]
        serveur.call(f"automations/{found['id']}", rules[0], method="PUT")
        until(lambda: serveur.ready([one.nom for one in teams]), "les équipes n'ont pas démarré")
        yield Agence(serveur, teams, fresh, registre, base, silent)


def shortened(rule: dict[str, Any]) -> dict[str, Any]:
    """La règle du silence, qui se lasse plus tôt."""
    return {**rule, "trigger": {**rule["trigger"], "within": SILENCE}}


def _installed(registre: Registre, folder: Path) -> Registre:
    for code in CODES:
        inscrire(registre, folder, description(code))
        open_month(registre, code, MOIS, acte())
    return registre


def _prefect(environment: dict[str, str], *command: str) -> None:
    """Une commande de Prefect, telle que la documentation la donne."""
    done = subprocess.run(
        [PREFECT, *command],
        cwd=RACINE,
        env={**os.environ, **environment, "PWD": str(RACINE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _silent(serveur: Serveur, *states: str) -> str:
    """Une exécution d'un déploiement sans équipe, menée jusqu'à cet état, et qui n'en dira plus rien."""
    flow = serveur.call("flows/", {"name": "muet"})["id"]
    deployment = serveur.call("deployments/", {"name": "muet", "flow_id": flow})["id"]
    run = str(serveur.call(f"deployments/{deployment}/create_flow_run", {})["id"])
    for state in states:
        serveur.set_state(run, state)
    return run


def _given_back(serveur: Serveur, run: str) -> bool:
    return serveur.states(run)[-2:] == ["Crashed", "Scheduled"]


@contextmanager
def _held(base: str, code: str) -> Iterator[psycopg.Connection[Any]]:
    """Retient l'écriture au journal de cet adhérent : qui le calcule attend là, sa paie écrite mais pas validée."""
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [code])
        yield connection


def _waits(connection: psycopg.Connection[Any]) -> bool:
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    row = connection.execute(query).fetchone()
    return bool(row and row[0])


def _finished(registre: Registre) -> Etat:
    """La suite du mois, dans un seul processus, et ce qu'il en reste."""
    for code in CODES:
        approve(registre, code, MOIS, acte(2, "valideuse"), commentaire="essai")
        declare_month(registre, code, MOIS, acte(3), DECLARANT, confirmation="doutes relus")
        produce_documents(registre, code, MOIS, acte(4), date_paiement=PAIEMENT)
    return state_of(registre)


def test_sans_signe_de_vie_une_execution_est_dite_tombee_puis_rendue(agence: Agence) -> None:
    starting, running, beating = map(agence.serveur.states, agence.muettes)
    assert starting == ["Scheduled", "Pending", "Crashed"]  # rien n'a commencé : une personne regarde
    assert running == beating == ["Scheduled", "Pending", "Running", "Crashed", "Scheduled"]


def test_une_execution_qui_tombe_trois_fois_reste_tombee(agence: Agence) -> None:
    """Elle fait peut-être tomber la machine : une personne regarde."""
    serveur, run = agence.serveur, agence.muettes[-1]
    for state in ("PENDING", "RUNNING", "CRASHED"):
        serveur.set_state(run, state)
    until(lambda: _given_back(serveur, run), "la seconde chute n'a pas été reprise")
    for state in ("PENDING", "RUNNING", "CRASHED"):
        serveur.set_state(run, state)
    # Le témoin : une autre exécution, tombée après, est reprise ; celle-ci aurait eu le temps de l'être.
    other = _silent(serveur, "PENDING", "RUNNING", "CRASHED")
    until(lambda: _given_back(serveur, other), "le témoin n'a pas été repris")
    assert serveur.states(run)[-1] == "Crashed"


def test_une_equipe_tuee_au_milieu_ne_perd_ni_ne_double_rien(agence: Agence, tmp_path: Path) -> None:
    """Le registre, le journal et les documents sont ceux d'un seul processus sans accident."""
    with _held(agence.base, VICTIME) as connection:
        runs = [agence.launch(part) for part in PARTS]
        until(lambda: _waits(connection), "personne ne calcule l'adhérent retenu")
        until(lambda: any(one.took(runs[:1]) for one in agence.equipes), "aucune équipe ne mène la part")
        (dead,) = [one for one in agence.equipes if one.took(runs[:1])]
        dead.die()
    assert not agence.ended(runs[0])
    # La machine ne dira rien : on n'attend pas le silence, on fait ce que la règle fera.
    agence.serveur.set_state(runs[0], "CRASHED")
    until(lambda: all(agence.ended(run) for run in runs), "la part perdue n'a pas été reprise")
    (alive,) = [one for one in agence.equipes if one is not dead]
    assert runs[0] in alive.took(runs)
    assert agence.serveur.states(runs[0])[-5:] == ["Scheduled", "Pending", "Submitting", "Running", "Completed"]

    found = _finished(agence.registre)
    alone = _installed(agence.fresh(tmp_path), tmp_path)
    for code in CODES:
        compute_month(alone, code, MOIS, Acte("prefect", HEURE), sans_fichier=True)
    expected = _finished(alone)
    assert found.lignes == expected.lignes
    assert found.documents == expected.documents
    assert found.ruptures == expected.ruptures == 0


def test_le_silence_attendu_laisse_passer_trois_signes_de_vie() -> None:
    """Moins, et une machine chargée ferait reprendre une exécution qui vit encore."""
    deployments = yaml.safe_load((RACINE / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    rule = yaml.safe_load(REGLES.read_text(encoding="utf-8"))["automations"][0]
    beats = {int(one["work_pool"]["job_variables"]["env"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"]) for one in deployments}
    assert rule["trigger"]["within"] >= 3 * max(beats)
