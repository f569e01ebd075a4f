"""La campagne entière : des classeurs dans ``depot/`` à tout dans ``retour/``, par de vrais flux et un vrai OpenSSH.

À côté, dans la même exécution et sur autant de processus, le travail pur : les mêmes services appelés l'un après
l'autre sur une copie de la même base, dossiers écrits sur le disque, sans Prefect ni SFTP.
"""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.departement import AGENTS, codes_of, settle
from bench.matiere import ACTE, MOIS
from bench.openssh import SSHD, sshd
from bench.tableau import Mesure, highest_memory

HORLOGE = ACTE.moment.isoformat()


def measure(*, quick: bool) -> Iterator[Mesure]:
    """La campagne et le travail pur à deux tailles : leur rapport, et ce que coûte un adhérent de plus."""
    sizes = (4, 12) if quick else (20, 60)
    if SSHD is None:
        yield Mesure(f"campagne de {sizes[-1]} adhérents", 1.3, None, "× travail pur", "il manque openssh-server")
        return
    small, large = (play(size) for size in sizes)
    of_what = f"{large.adherents} adhérents × {AGENTS} agents"
    yield Mesure(
        f"campagne de {of_what}",
        1.3,
        large.campagne / large.pur,
        "× travail pur",
        f"{large.campagne:.1f} s contre {large.pur:.1f} s ; {large.shares}",
    )
    pace = large.campagne / large.adherents * 600
    yield Mesure("600 adhérents au pas de cette campagne", 180, pace, "s", "démarrages compris")
    yield Mesure("mémoire du plus gros processus de la campagne", 1024, large.memoire, "Mio", of_what)
    yield Mesure(
        f"un adhérent de plus, de {small.adherents} à {large.adherents}",
        1.1,
        large.one_more(small) / (large.travail / large.adherents),
        "× temps moyen",
        f"{large.one_more(small):.2f} s de processeur par adhérent",
    )


@dataclass(frozen=True, slots=True)
class Passage:
    """Une campagne et son travail pur : secondes de montre, puis de processeur ; la mémoire en Mio."""

    adherents: int
    pur: float
    campagne: float
    travail_pur: float
    travail: float
    """Processeur des processus de calcul de la campagne."""
    prefect: float
    """Processeur du serveur Prefect et du flux lui-même."""
    depot: float
    """Processeur de sshd et de ses sessions."""
    memoire: float

    @property
    def shares(self) -> str:
        """Où passe le processeur de la campagne."""
        total = self.travail + self.prefect + self.depot
        return (
            f"processeur {total:.0f} s : travail pur {self.travail_pur / total:.0%}, "
            f"Prefect {self.prefect / total:.0%}, sshd {self.depot / total:.0%}"
        )

    def one_more(self, smaller: Passage) -> float:
        """Secondes de processeur d'un adhérent de plus."""
        return (self.travail - smaller.travail) / (self.adherents - smaller.adherents)


def play(number: int) -> Passage:
    """Prépare un département, mesure le travail pur, puis la campagne, et vérifie que tout est arrivé."""
    codes = codes_of(number)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paie-campagne-")))
        depot = stack.enter_context(sshd(folder))
        installation, copied = stack.enter_context(_bases(folder))
        stack.enter_context(settings({**depot.environment, **_common(), **installation}))
        _together(codes, partial(settle, folder=folder, prisons=depot.racine))
        pure_settings = copied()
        with settings(pure_settings):
            pure, pure_work = _timed(lambda: _together(codes, partial(work, depot.racine, folder / "dossiers")))
        server, url = stack.enter_context(prefect_server(folder))
        before = _of_process(server), _of_process(depot.pid), time.process_time()
        whole, whole_work = _timed(lambda: run_campaign(codes, url))
        prefect = _of_process(server) - before[0] + time.process_time() - before[2]
        sent = _of_process(depot.pid) - before[1]
        _check(folder / "dossiers", depot.racine, codes)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Passage(number, pure, whole, pure_work, whole_work, prefect, sent, max(children, highest_memory()))


def work(prisons: Path, target: Path, registre: Any, code: str) -> None:
    """Le travail pur d'un adhérent : lire, calculer, approuver, déclarer, rendre, écrire sur le disque."""
    from payroll.month.calculer import compute_month
    from payroll.month.declarer import declare_month
    from payroll.month.recevoir import keep_file, read_pending
    from payroll.month.restituer import pending_documents, produce_documents
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
        _together(codes, approve_one)
        declarer_et_restituer(str(MOIS), list(codes))


@contextmanager
def _drained() -> Iterator[None]:
    """Vide la file des événements tant que le serveur répond : après son arrêt, chacun attendrait une minute."""
    from prefect.events.worker import EventsWorker

    try:
        yield
    finally:
        EventsWorker.drain_all(timeout=60, at_exit=False)


def _together(codes: Sequence[str], act: Any) -> None:
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
    """Secondes de montre, et secondes de processeur des processus nés et finis pendant ce travail."""
    before, start = _of_children(), time.perf_counter()
    work_()
    return time.perf_counter() - start, _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _of_process(pid: int) -> float:
    """Secondes de processeur d'un processus vivant et de ses enfants finis."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(") ", 1)[1].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _common() -> dict[str, str]:
    return {
        "PAIE_HORLOGE_FIGEE": HORLOGE,
        "PAIE_PAUSE_ENTRE_REGARDS": "1",
        "PAIE_SEUIL": "0",
        "PAIE_LOT": "5",
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
def settings(values: dict[str, str]) -> Iterator[None]:
    """Pose ces réglages dans l'environnement, et le rend comme il était."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


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
