"""Monter en nombre : 1, 2 puis 4 équipes Prefect sur PostgreSQL, chacune dans son espace réseau, et une qui meurt.

Le registre et le serveur Prefect ont chacun leur base PostgreSQL ; une équipe mène une exécution à la fois, sur un
cœur, et le pool borne le tout. Un département est calculé par parts, une exécution par part ; on regarde qui a fait
quoi, et si tout y est, une fois. La machine qui meurt perd son câble, puis ses processus : nul n'est prévenu.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from bench.campagne import HORLOGE, together
from bench.departement import AGENTS, codes_of, settle
from bench.matiere import MOIS
from bench.tableau import Mesure
from desk.demo.decor import settings
from tests.equipes import FINIS, REGLES, Equipe, Reseau, Serveur, network, server, team, until

ENSEMBLE = 4
"""Exécutions à la fois, toutes équipes : la borne du pool."""
PATIENCE = 500
"""Secondes laissées à une montée, sur une petite machine chargée."""
SILENCE = 40
"""Secondes sans signe de vie avant reprise, au lieu des cent de ``flows/reprise.yaml`` : il y en a un toutes les 30."""
GESTE = "preparer-la-paie"


@dataclass(frozen=True, slots=True)
class Montee:
    """Ce qu'une montée a donné."""

    seconds: float
    spread: str
    again: int
    wrong: int


def measure(*, quick: bool) -> Iterator[Mesure]:
    """Le temps d'un même calcul à 1, 2 et 4 équipes ; puis deux équipes dont une meurt. Rien en court."""
    if shutil.which("pg_ctlcluster", path=f"{os.environ.get('PATH', '')}:/usr/bin:/usr/sbin") is None:
        yield Mesure("calcul par plusieurs équipes", 1, None, "× une équipe", "il manque postgresql")
        return
    if quick:
        yield Mesure("calcul par plusieurs équipes", 1, None, "× une équipe", "en long seulement : quatre minutes")
        return
    number, part = 24, 6
    with _agence(number, part) as agence:
        where = agence.reseau.pourquoi or "chacune dans son espace réseau"
        alone = agence.climb(1)
        for count in (2, 4):
            run = agence.climb(count)
            yield Mesure(
                f"{number} adhérents × {AGENTS} agents par {count} équipes",
                1,
                run.seconds / alone.seconds,
                "× une équipe",
                f"{run.seconds:.0f} s contre {alone.seconds:.0f} s, {os.cpu_count()} cœurs en tout ; "
                f"parts par équipe : {run.spread} ; {where}",
            )
        killed = agence.climb(2, kill=True)
        yield Mesure(
            "une équipe sur deux éteinte au milieu : adhérents perdus ou doublés",
            0.5,
            float(killed.wrong),
            "adhérents",
            f"{killed.seconds:.0f} s ; reprises par l'autre, seules, après {SILENCE} s de silence : {killed.again} ; "
            f"parts menées à bien par équipe : {killed.spread} ; {where}",
        )


@dataclass(frozen=True, slots=True)
class Agence:
    """Un serveur Prefect, un réseau d'équipes, et une base modèle où le département est inscrit."""

    serveur: Serveur
    reseau: Reseau
    folder: Path
    address: str
    """Où est PostgreSQL, pour qui vient du réseau des équipes."""
    codes: list[str]
    part: int

    def climb(self, count: int, *, kill: bool = False) -> Montee:
        """Le département calculé par tant d'équipes, sur une copie neuve de la base."""
        name = f"montee_{count}_{int(kill)}"
        _sql(self.address, f"CREATE DATABASE {name} TEMPLATE departement")
        settings_ = {
            "PAIE_BASE": f"{self.address}/{name}".replace("postgresql", "postgresql+psycopg", 1),
            "PREFECT_API_URL": f"{self.serveur.url}/api",
            "PREFECT_HOME": str(self.folder / "prefect"),
        }
        with ExitStack() as stack:
            names = [f"{name}-{rank}" for rank in range(count)]
            teams = [
                stack.enter_context(team(nom, self.folder, settings_, self.reseau, rank))
                for rank, nom in enumerate(names)
            ]
            until(lambda: self.serveur.ready(names), "les équipes n'ont pas démarré")
            parts = [self.codes[start : start + self.part] for start in range(0, len(self.codes), self.part)]
            start = time.perf_counter()
            runs = [
                self.serveur.launch(GESTE, {"mois": str(MOIS), "adherents": part, "sans_fichier": True})
                for part in parts
            ]
            lost = self._kill(teams[0], runs) if kill else []
            until(partial(self._ended, runs), "une part n'a pas de fin", PATIENCE)
            seconds = time.perf_counter() - start
            done = Counter(one.nom for run in runs for one in reversed(teams) if one.took([run]))
            done.subtract(teams[0].nom for _ in lost)
        spread = " + ".join(str(done[nom]) for nom in names)
        again = sum(run in teams[-1].took(runs) for run in lost)
        with settings({**settings_, "PAIE_REPERTOIRE": str(self.folder / "registre")}):
            return Montee(seconds, spread, again, _wrong(self.codes))

    def _kill(self, victim: Equipe, runs: Sequence[str]) -> list[str]:
        """Éteint cette équipe dès qu'elle mène une part ; rend les parts qu'elle laisse en plan."""

        def leads() -> list[str]:
            return [run for run in victim.took(runs) if self.serveur.run(run)["state_type"] == "RUNNING"]

        until(leads, "l'équipe n'a rien pris", PATIENCE)
        lost = leads()
        self.reseau.unplug(victim.espace)
        victim.die()
        return lost

    def _ended(self, runs: Sequence[str]) -> bool:
        states = [self.serveur.run(run)["state_type"] for run in runs]
        stuck = [state for state in states if state in FINIS and state not in ("COMPLETED", "CRASHED")]
        if stuck:
            raise RuntimeError(f"une part finit {stuck[0]}")
        return all(state == "COMPLETED" for state in states)


@contextmanager
def _agence(number: int, part: int) -> Iterator[Agence]:
    from tests.postgres import cluster

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paie-montee-")))
        reseau = stack.enter_context(network(4))
        fresh = stack.enter_context(cluster(reseau.adresse, reseau.plage))
        registre = fresh(folder / "registre")
        url = str(registre.url)
        registre.close()
        local, base = url.replace("+psycopg", "").rsplit("/", 1)
        common = {
            "PAIE_REPERTOIRE": str(folder / "registre"),
            "PAIE_BASE": url,
            "PAIE_HORLOGE_FIGEE": HORLOGE,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        }
        stack.enter_context(settings(common))
        _sql(local, "CREATE DATABASE prefect")
        serveur = stack.enter_context(server(folder, f"{local}/prefect", reseau.adresse))
        serveur.pool(ENSEMBLE)
        for rule in yaml.safe_load(REGLES.read_text(encoding="utf-8"))["automations"]:
            if rule["trigger"]["posture"] == "Proactive":
                rule["trigger"]["within"] = SILENCE
            serveur.call("automations/", rule)
        serveur.deploy(GESTE)
        codes = codes_of(number)
        together(codes, partial(settle, folder=folder, prisons=folder / "prisons"))
        _sql(local, f"ALTER DATABASE {base} RENAME TO departement")
        yield Agence(serveur, reseau, folder, local.replace("127.0.0.1", reseau.adresse), codes, part)


def _sql(address: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def _wrong(codes: Sequence[str]) -> int:
    """Les adhérents dont la paie n'est pas calculée exactement une fois, tous bulletins présents."""
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
