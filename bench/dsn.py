"""Les mesures de la DSN : lecture, écriture et contrôle seuls, et la mémoire d'un envoi de 200 Mo.

La matière est une DSN des adhérents fictifs dont on répète les agents, chacun avec son NIR et ses montants : une valeur
déjà vue coûtant moins cher à contrôler, des montants tous pareils fausseraient la mesure.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from dsn import controls, reader, writer
from dsn.check_file import check_file

_AMOUNTS = re.compile(rb"(S21\.G00\.(?:51\.013|78\.004|81\.003|81\.004),'[1-9][0-9]*)\.[0-9]{2}'")
_PERSON = b"S21.G00.30.001,'"
EOL = b"\r\n"


class Matiere:
    """Les parts d'une DSN à répéter : en-tête d'envoi, en-tête de déclaration, agents."""

    def __init__(self, content: bytes) -> None:
        lines = content.split(EOL)[:-1]
        declaration = next(rank for rank, line in enumerate(lines) if line.startswith(b"S20.G00.05.001"))
        starts = [rank for rank, line in enumerate(lines) if line.startswith(_PERSON)]
        end = next(rank for rank, line in enumerate(lines) if line.startswith((b"S90.", b"S21.G00.85.", b"S89.")))
        self.head, self.employer = lines[:declaration], lines[declaration : starts[0]]
        ends = [*starts[1:], end]
        self.people = [EOL.join(lines[start:stop]) for start, stop in zip(starts, ends, strict=True)]
        self.lengths = [stop - start for start, stop in zip(starts, ends, strict=True)]

    def message(self, declarations: int, agents: int) -> Iterator[bytes]:
        """Un envoi de ce nombre de déclarations, de ce nombre d'agents chacune."""
        count = len(self.head) + 2
        yield EOL.join(self.head) + EOL
        for _ in range(declarations):
            yield EOL.join(self.employer) + EOL
            count += len(self.employer)
            for rank in range(agents):
                yield self._person(rank) + EOL
                count += self.lengths[rank % len(self.people)]
        yield b"S90.G00.90.001,'%d'\r\nS90.G00.90.002,'%d'\r\n" % (count, declarations)

    def _person(self, rank: int) -> bytes:
        person = self.people[rank % len(self.people)]
        number = _PERSON + person[len(_PERSON) :][:7] + b"%03d%03d" % (1 + rank // 900 % 900, 1 + rank % 900)
        return _AMOUNTS.sub(rb"\g<1>.%02d'" % (rank % 100), number + person[len(_PERSON) + 13 :])


def rates(content: bytes, times: int) -> dict[str, float]:
    """Rubriques par seconde de processeur, au mieux : lecture, écriture, contrôle, lecture et contrôle."""
    lines = content.count(b"\n")
    message, _ = reader.read(content)
    return {
        "lecture": lines / _best(lambda: reader.read(content), times),
        "écriture": lines / _best(lambda: writer.write(message), times),
        "contrôle": lines / _best(lambda: controls.check(message), times),
        "lecture et contrôle": lines / _best(lambda: check_file(content), times),
    }


def _best(work: Callable[[], object], times: int) -> float:
    """La plus courte de plusieurs mesures, en secondes de processeur : la charge des voisins compte moins."""
    samples = []
    for _ in range(times):
        start = time.process_time()
        work()
        samples.append(time.process_time() - start)
    return min(samples)


def memory(matter: Matiere, megabytes: int) -> tuple[float, float]:
    """(Mio de mémoire au plus haut, Mo du fichier) du contrôle d'un envoi de déclarations de vingt agents.

    Mesuré dans un processus à part, où rien d'autre n'a été chargé.
    """
    one = sum(map(len, matter.message(1, 20)))
    with tempfile.TemporaryDirectory(prefix="paie-mesure-") as folder:
        path = Path(folder) / "envoi.dsn"
        with path.open("wb") as stream:
            stream.writelines(matter.message(megabytes * 1_000_000 // one, 20))
        command = [sys.executable, "-m", "bench.dsn", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(done.stdout), path.stat().st_size / 1_000_000


def _measure(path: str) -> None:
    """Imprime le plus haut de mémoire du processus ; ``ru_maxrss`` compterait aussi celle du processus parent."""
    check_file(path)
    status = Path("/proc/self/status").read_text("ascii")
    print(int(re.search(r"VmHWM:\s+([0-9]+) kB", status)[1]) / 1024)  # type: ignore[index]


if __name__ == "__main__":
    _measure(sys.argv[1])
