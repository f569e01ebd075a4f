"""Le transfert seul, contre un vrai OpenSSH : prendre des classeurs, rendre des dossiers, à côté de ``sftp -b``.

Les mêmes fichiers, le même serveur, la même clé, l'un après l'autre dans la même exécution. ``sftp`` fait ce qu'une
main pressée ferait (prendre et ranger, créer et poser) ; nous, en plus, relisons ce que nous rangeons, et posons sous
un nom provisoire avant de renommer.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from bench.openssh import SSHD, Depot, sshd
from bench.tableau import Mesure, once
from sftp_drop.client import DropClient, connect
from sftp_drop.decide import look
from sftp_drop.give import Outgoing, give_all
from sftp_drop.take import StoredOutcome, Visit, take_several

MOIS = "2026-11"
SESSIONS = 4
"""Nos sessions, pour couvrir les attentes du réseau ; ``sftp -b`` n'en a qu'une."""
CLASSEUR = 40_000
"""Octets d'un classeur rempli."""
DOSSIER = {f"bulletin-{MOIS}-{rank:03d}.pdf": 25_000 for rank in range(20)} | {
    f"bulletins-{MOIS}.pdf": 120_000,
    f"dsn-{MOIS}.dsn": 80_000,
    f"etats-{MOIS}.xlsx": 14_000,
    f"journal-{MOIS}.xlsx": 16_000,
    f"virements-{MOIS}.xml": 14_000,
    "LISEZMOI.pdf": 20_000,
}
"""Octets de chaque document d'un adhérent de vingt agents."""


def measure(*, quick: bool) -> Iterator[Mesure]:
    """Prendre puis rendre, ``sftp`` et nous tour à tour ; la meilleure de deux fois chacun."""
    count = 60 if quick else 600
    if SSHD is None or shutil.which("sftp") is None:
        yield Mesure(f"prendre {count} classeurs", 1, None, "× sftp", "il manque openssh-server ou openssh-client")
        return
    with tempfile.TemporaryDirectory(prefix="paie-transfert-") as name, sshd(Path(name)) as depot:
        chantier = _Chantier(Path(name), depot, [f"commune-{rank:04d}" for rank in range(count)])
        theirs, ours = zip(*(chantier.both() for _ in range(2)), strict=True)
    taken, given = (min(run[part] for run in theirs) for part in range(2))
    mine_taken, mine_given = (min(run[part] for run in ours) for part in range(2))
    volume = count * sum(DOSSIER.values()) / 1e6
    yield Mesure(
        f"prendre {count} classeurs",
        1,
        mine_taken / taken,
        "× sftp",
        f"{mine_taken:.2f} s contre {taken:.2f} s, {SESSIONS} sessions",
    )
    yield Mesure(
        f"rendre {count} dossiers de {len(DOSSIER)} documents",
        1,
        mine_given / given,
        "× sftp",
        f"{mine_given:.2f} s contre {given:.2f} s ; {volume:.0f} Mo, {volume / mine_given:.0f} Mo/s",
    )


class _Chantier:
    """Les mêmes fichiers, remis en place avant chaque passage."""

    def __init__(self, folder: Path, depot: Depot, codes: list[str]) -> None:
        self.depot, self.codes = depot, codes
        draw = random.Random(2026)
        self.workbook = draw.randbytes(CLASSEUR)
        self.documents = {name: draw.randbytes(size) for name, size in DOSSIER.items()}
        self.local = folder / "poste"
        (self.local / "a-rendre").mkdir(parents=True)
        (self.local / "pris").mkdir()
        for name, content in self.documents.items():
            (self.local / "a-rendre" / name).write_bytes(content)

    def both(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """(prendre, rendre) par ``sftp``, puis par nous, en secondes."""
        self._reset()
        theirs = once(lambda: self._play("prendre", self._taking())), once(lambda: self._play("rendre", self._giving()))
        self._reset()
        with connect(self.depot.reglages) as client:
            looks = {code: look(client.list_depot(code)) for code in self.codes}
        ours = once(lambda: self._shared(partial(self._take, looks))), once(lambda: self._shared(self._give))
        self._check()
        return theirs, ours

    def _reset(self) -> None:
        shutil.rmtree(self.depot.racine)
        for code in self.codes:
            jail = self.depot.racine / code
            (jail / "depot" / "pris").mkdir(parents=True)
            # Le mois est déjà ouvert : le classeur vierge y attend depuis le premier du mois.
            (jail / "retour" / MOIS).mkdir(parents=True)
            (jail / "depot" / "novembre.xlsx").write_bytes(code.encode() + self.workbook)

    def _taking(self) -> Iterator[str]:
        for code in self.codes:
            depot = self.depot.racine / code / "depot"
            yield f"get {depot}/novembre.xlsx {self.local}/pris/{code}.xlsx"
            yield f"rename {depot}/novembre.xlsx {depot}/pris/novembre.xlsx"

    def _giving(self) -> Iterator[str]:
        for code in self.codes:
            for name in self.documents:
                yield f"put {self.local}/a-rendre/{name} {self.depot.racine}/{code}/retour/{MOIS}/{name}"

    def _play(self, name: str, orders: Iterator[str]) -> None:
        path = self.local / name
        path.write_text("\n".join(orders) + "\n", encoding="utf-8")
        subprocess.run(self.depot.batch(path), check=True, stdout=subprocess.DEVNULL)

    def _shared(self, work: Callable[[DropClient, list[str]], None]) -> None:
        """Partage les adhérents entre quelques sessions, ouverture comprise, comme le font les flux."""

        def one(codes: list[str]) -> None:
            with connect(self.depot.reglages) as client:
                work(client, codes)

        with ThreadPoolExecutor(SESSIONS) as pool:
            list(pool.map(one, [self.codes[rank::SESSIONS] for rank in range(SESSIONS)]))

    def _take(self, looks: dict[str, dict[str, tuple[int, int]]], client: DropClient, codes: list[str]) -> None:
        for report in take_several(client, [Visit(code, partial(self._keep, code), looks[code]) for code in codes]):
            if isinstance(report, Exception):
                raise report

    def _keep(self, code: str, content: bytes, _name: str, _sha256: str, _size: int) -> StoredOutcome:
        (self.local / "pris" / f"{code}.xlsx").write_bytes(content)
        return StoredOutcome.NOUVEAU

    def _give(self, client: DropClient, codes: list[str]) -> None:
        outgoing = [
            Outgoing(f"{MOIS}/{name}", partial(bytes, content), hashlib.sha256(content).hexdigest())
            for name, content in self.documents.items()
        ]
        for code in codes:
            give_all(client, code, outgoing)

    def _check(self) -> None:
        """Une mesure d'un travail mal fait ne vaut rien : tout doit être arrivé."""
        for code in self.codes:
            jail = self.depot.racine / code
            if [path.name for path in (jail / "depot").iterdir()] != ["pris"]:
                raise RuntimeError(f"{code} : un classeur n'a pas été pris")
            if (self.local / "pris" / f"{code}.xlsx").read_bytes() != code.encode() + self.workbook:
                raise RuntimeError(f"{code} : le classeur pris n'est pas le sien")
            given = {path.name: path.stat().st_size for path in (jail / "retour" / MOIS).iterdir()}
            if given != DOSSIER:
                raise RuntimeError(f"{code} : le dossier rendu n'est pas entier")
