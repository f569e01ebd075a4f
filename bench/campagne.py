"""La campagne entière : des classeurs dans ``depot/`` à tout dans ``retour/``, par de vrais flux et un vrai OpenSSH.

À côté, dans la même exécution et sur autant de processus, le travail pur : les mêmes services appelés l'un après
l'autre sur une copie de la même base, dossiers écrits sur le disque, sans Prefect ni SFTP.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.departement import AGENTS, codes_of, settle
from bench.matiere import ACTE, MOIS
from bench.openssh import SSHD, Depot, sshd
from bench.tableau import Mesure, forget_highest_memory, french, highest_memory, machine, tell
from desk.demo.decor import settings

HORLOGE = ACTE.moment.isoformat()
LOIN = 6000
"""La taille que ``make bench`` n'a pas le temps de jouer : son tableau reprend le relevé de la dernière fois."""
RELEVE = Path(__file__).resolve().parent / "releves" / f"campagne-{LOIN}.json"


def measure(*, quick: bool) -> Iterator[Mesure]:
    """La campagne et le travail pur à deux tailles, l'une dix fois l'autre : leur rapport, le temps d'un adhérent."""
    yield from rows((1, 10) if quick else (60, 600))
    yield from recorded()


def recorded() -> Iterator[Mesure]:
    """Ce qu'a dit la plus grande campagne la dernière fois qu'elle fut jouée, machine et jour à l'appui."""
    if not RELEVE.is_file():
        far = f"à jouer une fois, une heure et demie : « python -m bench.campagne {LOIN} --garder »"
        yield Mesure(f"temps d'un adhérent, de {LOIN // 10} à {LOIN}", 1.1, None, "×", far)
        return
    kept = json.loads(RELEVE.read_text("utf-8"))
    for row in kept["mesures"]:
        yield replace(
            Mesure(**row), note=f"{row['note']} ; relevé du {kept['jour']}, {kept['machine']}".removeprefix(" ; ")
        )


def rows(sizes: tuple[int, int], agents: int = AGENTS) -> Iterator[Mesure]:
    """Les lignes du tableau pour ces deux tailles, la petite d'abord."""
    of_what = f"{sizes[1]} adhérents × {agents} agents"
    if SSHD is None:
        yield Mesure(f"campagne de {of_what}", 1.3, None, "× travail pur", "il manque openssh-server")
        return
    start, small, large = play(sizes, agents)
    yield Mesure(
        f"campagne de {of_what}",
        1.3,
        large.campagne / large.pur,
        "× travail pur",
        f"{french(large.campagne)} s contre {french(large.pur)} s, démarrage à part ({start:.0f} s) ; {large.shares}",
        pourquoi="retrouver chaque adhérent à chaque geste, transférer, attendre le dernier lot de chaque geste",
    )
    yield Mesure(
        f"processeur d'un adhérent, travail pur, sur {of_what}",
        0.55,
        large.travail_pur / large.adherents,
        "s",
        f"campagne entière : {french(large.processeur / large.adherents)} s",
        pourquoi="composer les PDF, valider le virement par son schéma, prendre trois fois l'empreinte du contenu",
    )
    pace = start + large.campagne / large.adherents * 600
    yield Mesure(
        "600 adhérents au pas de cette campagne",
        180,
        pace,
        "s",
        "démarrage compris",
        pourquoi=f"{large.processeur / large.adherents * 600:.0f} s de processeur pour {os.cpu_count()} cœurs",
    )
    yield Mesure(f"mémoire du plus gros processus, campagne de {sizes[1]} adhérents", 1024, large.memoire, "Mio")
    growth = f"de {small.adherents} à {large.adherents}"
    yield Mesure(
        f"temps d'un adhérent, à la montre, {growth}",
        1.1,
        large.campagne / large.adherents / (small.campagne / small.adherents),
        "×",
        f"{french(small.campagne / small.adherents)} s, puis {french(large.campagne / large.adherents)} s",
    )
    yield Mesure(
        f"temps d'un adhérent, en processeur, {growth}",
        1.1,
        large.processeur / large.adherents / (small.processeur / small.adherents),
        "×",
        f"{french(small.processeur / small.adherents)} s, puis {french(large.processeur / large.adherents)} s ; "
        f"pur {french(small.travail_pur / small.adherents)} s, puis {french(large.travail_pur / large.adherents)} s",
    )


@dataclass(frozen=True, slots=True)
class Passage:
    """Une campagne et son travail pur, sans démarrage : secondes de montre, puis de processeur ; mémoire en Mio."""

    adherents: int
    pur: float
    campagne: float
    travail_pur: float
    travail: float
    """Processeur des processus de calcul pendant la campagne."""
    prefect: float
    """Processeur du serveur Prefect et du flux lui-même."""
    depot: float
    """Processeur de sshd et de ses sessions."""
    memoire: float

    @property
    def processeur(self) -> float:
        """Tout le processeur de la campagne."""
        return self.travail + self.prefect + self.depot

    @property
    def shares(self) -> str:
        """Où passe le processeur de la campagne."""
        total = self.processeur
        return (
            f"processeur {total:.0f} s : travail pur {self.travail_pur / total:.0%}, "
            f"Prefect {self.prefect / total:.0%}, sshd {self.depot / total:.0%}"
        )


def play(sizes: tuple[int, int], agents: int) -> tuple[float, Passage, Passage]:
    """Joue les deux tailles dans un même département ; rend les secondes de démarrage, puis la petite et la grande.

    Une même base, un même dépôt, un même serveur Prefect et les mêmes processus servent aux deux. Un adhérent par
    processus, joué d'abord, porte seul les démarrages : imports, loi, catalogue, norme, premières tables de Prefect.
    """
    from flows.processus import Processus, several

    bounds = [0, Processus().count, Processus().count + sizes[0], Processus().count + sum(sizes)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paie-campagne-")))
        depot = stack.enter_context(sshd(folder))
        installation, copied = stack.enter_context(_bases(folder))
        stack.enter_context(settings({**depot.environment, **_common(), **installation}))
        codes = codes_of(bounds[-1])
        first, small, large = (codes[low:high] for low, high in pairwise(bounds))
        together(codes, partial(settle, folder=folder, prisons=depot.racine, agents=agents))
        _progress(f"{len(codes)} communes inscrites, mois ouverts, classeurs déposés")
        pure_settings = copied()  # plus personne n'est sur la base : ces processus-là sont fermés
        stack.enter_context(several())
        forget_highest_memory()  # celle des mesures d'avant, dans ce même processus
        begun = time.perf_counter()
        server, url = stack.enter_context(prefect_server(folder))
        lieu = _Lieu(folder / "dossiers", depot, pure_settings, server, url)
        _passage(lieu, first)  # un adhérent chacun : tous les processus démarrent
        start = time.perf_counter() - begun
        return start, _passage(lieu, small), _passage(lieu, large)


@dataclass(frozen=True, slots=True)
class _Lieu:
    """Où se joue la mesure."""

    dossiers: Path
    depot: Depot
    reglages_purs: dict[str, str]
    serveur: int
    url: str


def _passage(lieu: _Lieu, codes: Sequence[str]) -> Passage:
    """Le travail pur de ces adhérents, puis leur campagne ; vérifie que tout est arrivé."""
    from flows.processus import Processus

    # Les lots par défaut, ou de plus petits quand ils ne suffiraient pas à tous les processus.
    lot = max(1, min(Processus().lot, len(codes) // (2 * Processus().count)))
    with settings({"PAIE_LOT": str(lot)}):
        return _played(lieu, codes)


def _played(lieu: _Lieu, codes: Sequence[str]) -> Passage:
    depot = lieu.depot
    with settings(lieu.reglages_purs):
        pure, pure_work = _timed(lambda: together(codes, partial(work, depot.racine, lieu.dossiers)))
    _progress(f"travail pur de {len(codes)} adhérents : {pure:.0f} s, {pure_work:.0f} s de processeur")
    before = _of_process(lieu.serveur), _of_process(depot.pid), time.process_time()
    whole, whole_work = _timed(lambda: run_campaign(codes, lieu.url))
    _progress(f"campagne de {len(codes)} adhérents : {whole:.0f} s, {whole_work:.0f} s de processeur")
    prefect = _of_process(lieu.serveur) - before[0] + time.process_time() - before[2]
    sent = _of_process(depot.pid) - before[1]
    memory = max([highest_memory(), *(highest_memory(pid) for pid in _workers())])
    _check(lieu.dossiers, depot.racine, codes)
    return Passage(len(codes), pure, whole, pure_work, whole_work, prefect, sent, memory)


def work(prisons: Path, target: Path, registre: Any, code: str) -> None:
    """Le travail pur d'un adhérent : lire, calculer, approuver, déclarer, rendre, écrire sur le disque."""
    from payroll.month.calculer import compute_month
    from payroll.month.declarer import declare_month
    from payroll.month.dus import pending_documents
    from payroll.month.recevoir import keep_file, read_pending
    from payroll.month.restituer import produce_documents
    from payroll.settings import Reglages

    (taken,) = (prisons / code / "depot").glob("*.xlsx")
    keep_file(registre, code, taken.name, taken.read_bytes(), ACTE)
    read_pending(registre, code, ACTE)
    compute_month(registre, code, MOIS, ACTE)
    approve_one(registre, code)
    reglages = Reglages()
    declare_month(registre, code, MOIS, ACTE, reglages.declarant(MOIS))
    produce_documents(registre, code, MOIS, ACTE, date_paiement=reglages.date_paiement(MOIS), contact=reglages.contact)
    (target / code).mkdir(parents=True)
    for document in pending_documents(registre, code):
        (target / code / document.chemin).write_bytes(registre.pieces.get(document.sha256))


def approve_one(registre: Any, code: str) -> None:
    """La révision, approuvée d'office : ici personne ne lit."""
    from payroll.month.valider import approve

    approve(registre, code, MOIS, ACTE, commentaire="mesure")


def run_campaign(codes: Sequence[str], url: str) -> None:
    """La campagne par ses flux : relever, préparer, approuver, déclarer et restituer."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.declarer_et_restituer import declarer_et_restituer
    from flows.preparer_la_paie import preparer_la_paie
    from flows.processus import several
    from flows.relever_le_depot import relever_le_depot

    with temporary_settings({PREFECT_API_URL: f"{url}/api"}), _drained(), several():
        for flow in (relever_le_depot, preparer_la_paie):
            flow(str(MOIS), list(codes))
        together(codes, approve_one)
        declarer_et_restituer(str(MOIS), list(codes))


@contextmanager
def _drained() -> Iterator[None]:
    """Vide la file des événements tant que le serveur répond : après son arrêt, chacun attendrait une minute."""
    from prefect.events.worker import EventsWorker

    try:
        yield
    finally:
        EventsWorker.drain_all(timeout=60, at_exit=False)


def together(codes: Sequence[str], act: Any) -> None:
    """Partage les adhérents entre les processus de calcul, par lots, comme les flux."""
    from flows.processus import Processus, elsewhere, several

    size = Processus().lot
    lots = [codes[start : start + size] for start in range(0, len(codes), size)]
    with several(), ThreadPoolExecutor(Processus().count) as threads:
        for result in threads.map(lambda lot: elsewhere(lot, act), lots):
            failed = [one for one in result if isinstance(one, BaseException)]
            if failed:
                raise failed[0]


def _timed(work_: Any) -> tuple[float, float]:
    """Secondes de montre, et secondes de processeur des processus de calcul, ouverts avant et gardés après."""
    before, start = sum(map(_of_process, _workers())), time.perf_counter()
    work_()
    return time.perf_counter() - start, sum(map(_of_process, _workers())) - before


def _progress(done: str) -> None:
    """Dit où en est une mesure qui peut durer plus d'une heure."""
    print(f"{time.strftime('%H:%M:%S')} {done}", file=sys.stderr, flush=True)


def _workers() -> list[int]:
    """Les processus de calcul ouverts."""
    return [child.pid for child in multiprocessing.active_children() if child.pid is not None]


def _of_process(pid: int) -> float:
    """Secondes de processeur d'un processus vivant et de ses enfants finis."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(") ", 1)[1].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _common() -> dict[str, str]:
    return {
        "PAIE_HORLOGE_FIGEE": HORLOGE,
        "PAIE_PAUSE_ENTRE_REGARDS": "1",
        "PAIE_SEUIL": "0",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "ERROR",
    }


@contextmanager
def _bases(folder: Path) -> Iterator[tuple[dict[str, str], Any]]:
    """Les réglages d'une base neuve, et de quoi la copier : PostgreSQL s'il est là, comme en production, sinon SQLite.

    SQLite n'a qu'un écrivain : tout calcul y attend le précédent, et un second cœur n'y sert qu'au rendu.
    """
    home = folder / "registre"
    if shutil.which("pg_ctlcluster", path=f"{os.environ.get('PATH', '')}:/usr/bin:/usr/sbin") is None:
        yield {"PAIE_REPERTOIRE": str(home), "PAIE_BASE": ""}, partial(_copied, home, folder / "pur", "")
        return
    import psycopg

    from tests.postgres import cluster

    with cluster() as fresh:
        registre = fresh(home)
        url = str(registre.url)
        registre.close()
        address, name = url.replace("+psycopg", "").rsplit("/", 1)

        def copied() -> dict[str, str]:
            with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE pur TEMPLATE {name}")
            return _copied(home, folder / "pur", f"{url.rsplit('/', 1)[0]}/pur")

        yield {"PAIE_REPERTOIRE": str(home), "PAIE_BASE": url}, copied


def _copied(home: Path, target: Path, url: str) -> dict[str, str]:
    shutil.copytree(home, target)
    return {"PAIE_REPERTOIRE": str(target), "PAIE_BASE": url}


@contextmanager
def prefect_server(folder: Path) -> Iterator[tuple[int, str]]:
    """Un serveur Prefect à lui seul ; rend son numéro de processus et son adresse."""
    from desk.demo.decor import Decor
    from desk.demo.decor import prefect_server as started

    with settings({"PREFECT_HOME": str(folder / "prefect"), "PREFECT_API_URL": ""}):
        os.environ.pop("PREFECT_API_URL")
        with started(Decor(folder, MOIS)) as url:
            yield _listening(int(url.rsplit(":", 1)[1])), url


def _listening(port: int) -> int:
    """Le processus lancé par nous qui sert ce port."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            except OSError:
                continue
            if "prefect" in command and "server" in command and str(port) in command:
                return int(entry.name)
    raise RuntimeError("serveur Prefect introuvable")


def _check(pure: Path, prisons: Path, codes: Sequence[str]) -> None:
    """Une mesure d'un travail mal fait ne vaut rien : les deux chemins rendent les mêmes octets."""
    for code in codes:
        given = {path.name: path.read_bytes() for path in (prisons / code / "retour" / str(MOIS)).iterdir()}
        for path in (pure / code).iterdir():
            if given.get(path.name) != path.read_bytes():
                raise RuntimeError(f"{code} : {path.name} rendu par la campagne n'est pas celui du travail pur")
        if list((prisons / code / "depot").glob("*.xlsx")):
            raise RuntimeError(f"{code} : un classeur n'a pas été pris")


def main() -> None:
    """``python -m bench.campagne 600 --agents 20`` : les mêmes lignes à une taille choisie."""
    parser = argparse.ArgumentParser(prog="bench.campagne", description="Mesure une campagne entière.")
    parser.add_argument("adherents", type=int, help="le nombre d'adhérents ; la croissance part du dixième")
    parser.add_argument("--agents", type=int, default=AGENTS, help=f"agents par adhérent ({AGENTS} à défaut)")
    parser.add_argument("--garder", action="store_true", help=f"écrire le relevé que « make bench » redit ({LOIN})")
    asked = parser.parse_args()
    if asked.garder and (asked.adherents, asked.agents) != (LOIN, AGENTS):
        parser.error(f"seule une campagne de {LOIN} adhérents de {AGENTS} agents se garde")
    measured = list(rows((max(1, asked.adherents // 10), asked.adherents), asked.agents))
    tell(measured, keep=False)
    if asked.garder:
        kept = {
            "jour": f"{datetime.now(UTC):%d/%m/%Y}",
            "machine": machine(),
            # Ce que seule cette taille peut dire ; le rapport au travail pur se mesure à chaque passage, à 600.
            "mesures": [asdict(mesure) for mesure in measured if mesure.nom.startswith(("temps", "mémoire"))],
        }
        RELEVE.parent.mkdir(exist_ok=True)
        RELEVE.write_text(json.dumps(kept, ensure_ascii=False, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
