"""Les mesures de la DSN : lecture, écriture et contrôle seuls, et la mémoire d'un envoi de 200 Mo.

La matière est une DSN des adhérents fictifs dont on répète les agents, chacun avec son NIR et ses montants : une valeur
déjà vue coûtant moins cher à contrôler, des montants tous pareils fausseraient la mesure.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.matiere import ACTE, MOIS, installation
from bench.tableau import Mesure, once, once_of_processor
from dsn import controls, reader, writer
from dsn.check_file import check_file
from payroll.month.declarer import declare_month
from payroll.month.dus import pending_documents

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


def measure(*, quick: bool) -> Iterator[Mesure]:
    """Produire la DSN des adhérents fictifs, puis la lire, l'écrire et la contrôler seules, en grand."""
    place = installation()
    seconds = once(lambda: [declare_month(place.registre, code, MOIS, ACTE, place.declarant) for code in place.codes])
    contents = [
        place.registre.pieces.get(document.sha256)
        for code in place.codes
        for document in pending_documents(place.registre, code)
        if document.chemin.endswith(".dsn")
    ]
    matter = Matiere(max(contents, key=len))
    content = b"".join(matter.message(1, 150 if quick else 1_500))
    yield Mesure("DSN produite, contrôlée, gardée", 0.5, seconds / len(place.codes), "s/adhérent", "7 adhérents")
    note = f"{content.count(EOL)} rubriques, {len(check_file(content))} anomalies"
    measured = rates(content, 3 if quick else 5)
    for name, work, aim in (
        ("lecture d'une DSN, seule", "lecture", 1_000_000),
        ("écriture d'une DSN, seule", "écriture", 1_000_000),
        ("contrôle d'une DSN, seul", "contrôle", 250_000),
        ("lecture et contrôle d'une DSN", "lecture et contrôle", 200_000),
    ):
        yield Mesure(name, aim, measured[work], "rubriques/s", note, plus=True)
    peak, size = memory(matter, 20 if quick else 200)
    yield Mesure("mémoire du contrôle d'un envoi", 64, peak, "Mio", f"fichier de {size:.0f} Mo")


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
    return min(once_of_processor(work) for _ in range(times))


def memory(matter: Matiere, megabytes: int) -> tuple[float, float]:
    """(Mio de mémoire au plus haut, Mo du fichier) du contrôle d'un envoi de déclarations de vingt agents.

    Mesuré dans un processus à part, où rien d'autre n'a été chargé.
    """
    one = sum(map(len, matter.message(1, 20)))
    with tempfile.TemporaryDirectory(prefix="paie-mesure-") as folder:
        path = Path(folder) / "envoi.dsn"
        with path.open("wb") as stream:
            stream.writelines(matter.message(megabytes * 1_000_000 // one, 20))
        command = [sys.executable, "-m", "bench.dsn_memoire", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(done.stdout), path.stat().st_size / 1_000_000
