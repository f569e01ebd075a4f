"""Les fichiers hostiles ou démesurés : des anomalies situées, une mémoire bornée, jamais d'exception.

La mémoire est mesurée par ``tracemalloc`` sur des flux fabriqués à la volée : le fichier lui-même n'y compte pas.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from io import RawIOBase
from pathlib import Path

import pytest

from dsn import reader, writer
from dsn.check_file import check_file, check_stream
from dsn.controls import ANOMALY_LIMIT
from dsn.reader import Reader

pytestmark = pytest.mark.hostile

SKELETON = (Path(__file__).parent / "messages" / "squelette-P25V01.dsn").read_bytes()
LINES = SKELETON.split(b"\r\n")[:-1]
BODY = next(rank for rank, line in enumerate(LINES) if line.startswith(b"S20."))
FIRST = next(rank for rank, line in enumerate(LINES) if line.startswith(b"S21.G00.30.001"))
HEAD, DECLARATION = b"\r\n".join(LINES[:BODY]) + b"\r\n", b"\r\n".join(LINES[BODY:-2]) + b"\r\n"
PERSON = b"\r\n".join(LINES[FIRST : FIRST + 148]) + b"\r\n"
MIB = 1 << 20


class Stream(RawIOBase):
    """Un flux fait de morceaux produits à la demande."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts, self._rest = parts, b""

    def read(self, size: int = -1) -> bytes:
        """Au plus ``size`` octets."""
        while len(self._rest) < size and (part := next(self._parts, None)) is not None:
            self._rest += part
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def peak(work: Callable[[], object]) -> int:
    """Le plus haut de mémoire allouée pendant le travail, en octets."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def sending(declarations: int) -> Iterator[bytes]:
    """Un envoi conforme de plusieurs déclarations."""
    yield HEAD
    for _ in range(declarations):
        yield DECLARATION
    count = len(LINES[:BODY]) + declarations * len(LINES[BODY:-2]) + 2
    yield b"S90.G00.90.001,'%d'\r\nS90.G00.90.002,'%d'\r\n" % (count, declarations)


def test_la_memoire_du_controle_ne_depend_pas_du_nombre_de_declarations() -> None:
    check_file(SKELETON)  # la norme et les formes se chargent une fois
    few = peak(lambda: check_stream(Stream(sending(40))))
    many = peak(lambda: check_stream(Stream(sending(150))))
    kept = peak(lambda: reader.read(b"".join(sending(150))))
    assert many < few + 4 * MIB  # des arbres déjà contrôlés attendent le ramasse-miettes
    assert many < kept


def test_un_envoi_de_cent_declarations_est_conforme() -> None:
    assert check_stream(Stream(sending(100))) == []


def repeated(part: bytes, count: int) -> Callable[[], Iterator[bytes]]:
    """Un flux de ``count`` fois le même morceau, sans en-tête."""
    return lambda: (part for _ in range(count))


def after_head(part: bytes, count: int) -> Callable[[], Iterator[bytes]]:
    """Un début de message juste, puis ``count`` fois le même morceau."""

    def parts() -> Iterator[bytes]:
        yield HEAD
        yield DECLARATION
        for _ in range(count):
            yield part

    return parts


HOSTILES = [
    ("lignes vides", repeated(b"\n" * 10_000, 200), "LEC-06"),
    ("zéros, sans fin de ligne", repeated(b"\x00" * MIB, 8), "GEN-03"),
    ("une ligne de huit mégaoctets", after_head(b"A" * MIB, 8), "GEN-03"),
    ("UTF-16", repeated("S10.G00.00.001,'A'\r\n".encode("utf-16") * 100, 300), "LEC-06"),
    ("blocs inconnus", after_head(b"S77.G00.00.001,'1'\r\n" * 1_000, 100), "LEC-06"),
    ("rubriques inconnues", after_head(b"S21.G00.40.999,'1'\r\n" * 100, 20), "LEC-06"),
    ("en-têtes répétés", after_head(b"S10.G00.00.001,'1'\r\nS20.G00.05.001,'01'\r\n" * 100, 100), "LEC-06"),
    ("UTF-8 partout", after_head("S21.G00.40.006,'ÉLÈVE'\r\n".encode() * 100, 100), "LEC-06"),
    ("valeurs vides", after_head(b"S21.G00.81.001,''\r\n" * 1_000, 20), "LEC-06"),
    ("déclarations vides", after_head(b"S20.G00.05.001,'01'\r\n" * 100, 100), "LEC-06"),
]


@pytest.mark.parametrize("parts, code", [row[1:] for row in HOSTILES], ids=[row[0] for row in HOSTILES])
def test_un_flux_hostile_est_refuse_en_memoire_bornee(parts: Callable[[], Iterator[bytes]], code: str) -> None:
    found = []
    assert peak(lambda: found.extend(check_stream(Stream(parts())))) < 32 * MIB
    assert code in {item.code for item in found}
    assert any(item.blocking for item in found)
    assert len(found) <= reader.ANOMALY_LIMIT + ANOMALY_LIMIT + 10


def test_une_declaration_demesuree_est_dite_et_sa_suite_n_est_pas_gardee() -> None:
    content = HEAD + DECLARATION + PERSON * 50
    taken = Reader(content, limit=1_000)
    declarations = list(taken.declarations())
    assert sum(len(block) for block in declarations[0].walk()) <= 1_000
    assert [item.code for item in taken.anomalies].count("LEC-08") == 1
    assert not taken.complete


def test_la_borne_vaut_par_declaration() -> None:
    content = b"".join(sending(5))
    taken = Reader(content, limit=len(LINES))
    assert len(list(taken.declarations())) == 5
    assert taken.anomalies == []


def test_la_lecture_ne_depend_pas_des_tranches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Le même fichier, coupé n'importe où, donne le même message et les mêmes octets."""
    expected, _ = reader.read(SKELETON)
    for size in (17, 100, 1_000, 7_919):
        monkeypatch.setattr("dsn.bulk.CHUNK", size)
        message, anomalies = reader.read(SKELETON)
        assert anomalies == []
        assert message.declarations == expected.declarations
        assert writer.write(message) == SKELETON


@pytest.mark.parametrize(
    "before, after",
    [
        (b"'DURAND'", b"'DU,'RAND'"),
        (b"'DURAND'", b"'DU,'S21.G00.30.004,'RAND'"),
        (b"'DURAND'", b"'DU\rRAND'"),
        (b"'DURAND'\r\n", b"'DURAND\r\n"),
        (b"'DURAND'\r\n", b"'DURAND'\n"),
        (b"'DURAND'", b"'D\xc9\xc8URAND\xab'"),
    ],
)
def test_la_lecture_d_un_trait_et_ligne_a_ligne_disent_la_meme_chose(
    before: bytes, after: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = SKELETON.replace(before, after)
    assert content != SKELETON
    fast = reader.read(content)
    monkeypatch.setattr("dsn.bulk.split", lambda *_: None)
    slow = reader.read(content)
    assert fast[1] == slow[1]
    assert fast[0].declarations == slow[0].declarations
    assert writer.write(fast[0]) == writer.write(slow[0])


@pytest.mark.parametrize(
    "rubrique", ["S90.G00.90.001", "S21.G00.50.002", "S21.G00.86.003", "S21.G00.20.004", "S20.G00.05.005"]
)
def test_un_nombre_demesure_n_est_pas_converti(rubrique: str) -> None:
    message, _ = reader.read(SKELETON)
    block = next((found for found in message.walk() if found.id == rubrique[:10]), None)
    if block is not None and (entry := block.entry(rubrique[11:])) is not None:
        entry.value = "9" * 30_000
    content = SKELETON + f"{rubrique},'{'9' * 30_000}'\r\n".encode()
    assert any(item.blocking for item in check_file(content))
    writer.write(message)
    writer.write(reader.read(content)[0])
