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
from bench.tableau import Mesure, french, once
from sftp_drop.client import DropClient, connect
from sftp_drop.decide import look
from sftp_drop.give import Outgoing, give_all
from sftp_drop.take import StoredOutcome, Visit, take_several

MOIS = "2026-11"
SESSIONS = 4
"""Nos sessions pour rendre ; ``sftp -b`` n'en a qu'une. Pour prendre, une suffit : les demandes y partent ensemble."""
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
    """Prendre, puis rendre, ``sftp`` et nous tour à tour : la meilleure de deux fois."""
    count, folders = (60, 10) if quick else (600, 40)
    if SSHD is None or shutil.which("sftp") is None:
        yield Mesure(f"prendre {count} classeurs", 1, None, "× sftp", "il manque openssh-server ou openssh-client")
        return
    with tempfile.TemporaryDirectory(prefix="paie-transfert-") as name, sshd(Path(name)) as depot:
        chantier = _Chantier(Path(name), depot, [f"commune-{rank:04d}" for rank in range(count)])
        runs = [(chantier.their_taking(), chantier.our_taking()) for _ in range(2)]
        taken, mine = (min(times) for times in zip(*runs, strict=True))
        chantier.codes = chantier.codes[:folders]
        runs_back = [(chantier.their_giving(), chantier.our_giving()) for _ in range(2)]
        given, mine_given = (min(times) for times in zip(*runs_back, strict=True))
    volume = folders * sum(DOSSIER.values()) / 1e6
    yield Mesure(
        f"prendre {count} classeurs",
        1,
        mine / taken,
        "× sftp",
        f"une session chacun : {french(mine)} s contre {french(taken)} s",
    )
    yield Mesure(
        f"rendre {folders} dossiers de {len(DOSSIER)} documents",
        1,
        mine_given / given,
        "× sftp",
        f"{french(mine_given)} s contre {french(given)} s ; {volume:.0f} Mo, {volume / mine_given:.0f} Mo/s",
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

    def their_taking(self) -> float:
        """Secondes de ``sftp`` pour prendre et ranger chaque classeur."""
        self._reset()
        return once(lambda: self._play("prendre", self._taking()))

    def our_taking(self) -> float:
        """Secondes de la relève, au second regard."""
        self._reset()
        with connect(self.depot.reglages) as client:
            listings = dict(zip(self.codes, client.list_depots(self.codes), strict=True))
        looks = {code: look(listing) for code, listing in listings.items() if not isinstance(listing, Exception)}
        seconds = once(lambda: self._shared(partial(self._take, looks), 1))
        self._check_taken()
        return seconds

    def their_giving(self) -> float:
        """Secondes de ``sftp`` pour poser chaque dossier."""
        self._reset()
        return once(lambda: self._play("rendre", self._giving()))

    def our_giving(self) -> float:
        """Secondes de la restitution."""
        self._reset()
        seconds = once(lambda: self._shared(self._give, SESSIONS))
        self._check_given()
        return seconds

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

    def _shared(self, work: Callable[[DropClient, list[str]], None], sessions: int) -> None:
        """Partage les adhérents entre quelques sessions, ouverture comprise, comme le font les flux."""

        def one(codes: list[str]) -> None:
            with connect(self.depot.reglages) as client:
                work(client, codes)

        with ThreadPoolExecutor(sessions) as pool:
            list(pool.map(one, [self.codes[rank::sessions] for rank in range(sessions)]))

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

    def _check_taken(self) -> None:
        """Une mesure d'un travail mal fait ne vaut rien : tout doit être arrivé."""
        for code in self.codes:
            if [path.name for path in (self.depot.racine / code / "depot").iterdir()] != ["pris"]:
                raise RuntimeError(f"{code} : un classeur n'a pas été pris")
            if (self.local / "pris" / f"{code}.xlsx").read_bytes() != code.encode() + self.workbook:
                raise RuntimeError(f"{code} : le classeur pris n'est pas le sien")

    def _check_given(self) -> None:
        for code in self.codes:
            month = self.depot.racine / code / "retour" / MOIS
            if {path.name: path.stat().st_size for path in month.iterdir()} != DOSSIER:
                raise RuntimeError(f"{code} : le dossier rendu n'est pas entier")
