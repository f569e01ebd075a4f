"""La lecture : tout fichier conforme, et tout défaut devient une anomalie située, jamais une exception."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dsn
from dsn import reader, tree_json, writer
from dsn.norm import load

SKELETON = (Path(__file__).parent / "messages" / "squelette-P25V01.dsn").read_bytes()
LINES = SKELETON.split(b"\r\n")[:-1]


def codes(content: bytes) -> list[tuple[int, str, str]]:
    """Les anomalies de lecture : ligne, rubrique, code."""
    return [(item.line, item.rubrique, item.code) for item in reader.read(content)[1]]


def join(lines: list[bytes]) -> bytes:
    """Le fichier fait de ces lignes."""
    return b"".join(line + b"\r\n" for line in lines)


@pytest.mark.parametrize("ending", [b"\r\n", b"\n"])
def test_lire_puis_ecrire_rend_les_memes_octets(ending: bytes) -> None:
    content = SKELETON.replace(b"\r\n", ending)
    message, anomalies = reader.read(content)
    assert anomalies == []
    assert writer.write(message) == content


def test_un_fichier_ouvert_se_lit_comme_ses_octets() -> None:
    assert tree_json.tree(reader.read(BytesIO(SKELETON))[0]) == tree_json.tree(reader.read(SKELETON)[0])


def test_chaque_rubrique_garde_sa_ligne_et_sa_place() -> None:
    message, _ = reader.read(SKELETON)
    people = message.declarations[0].find("S21.G00.30")
    assert [len(person.children) for person in people] == [2, 2, 2]
    assert people[0].line == LINES.index(b"S21.G00.30.001,'1800540999012'") + 1
    assert [base.get("001") for base in people[0].find("S21.G00.78")] == ["02", "03", "04", "48", "49"]


def test_un_envoi_peut_porter_plusieurs_declarations() -> None:
    first = next(rank for rank, line in enumerate(LINES) if line.startswith(b"S20."))
    body = LINES[first:-2]
    total = [b"S90.G00.90.001,'%d'" % (len(LINES) + len(body)), b"S90.G00.90.002,'2'"]
    content = join([*LINES[:first], *body, *body, *total])
    message, anomalies = reader.read(content)
    assert anomalies == []
    assert len(message.declarations) == 2
    assert dsn.check_file(content) == []
    assert writer.write(message) == content


def test_les_declarations_sont_rendues_une_a_une() -> None:
    first = next(rank for rank, line in enumerate(LINES) if line.startswith(b"S20."))
    found = reader.Reader(join([*LINES[:-2], *LINES[first:]])).declarations()
    assert next(found).id == "S20.G00.05"
    assert len(list(found)) == 1


def test_un_individu_sans_nir_ouvre_bien_son_bloc() -> None:
    lines = [line for line in LINES if not line.startswith((b"S21.G00.30.001,'2850", b"S21.G00.30.001,'1600"))]
    message, _ = reader.read(join(lines))
    assert len(message.declarations[0].find("S21.G00.30")) == 3


def test_une_apostrophe_dans_la_valeur_est_gardee() -> None:
    content = SKELETON.replace(b"'DURAND'", b"'D'URAND'")
    message, anomalies = reader.read(content)
    assert anomalies == []
    assert message.declarations[0].find("S21.G00.30")[0].get("002") == "D'URAND"


FIRST_NAME = LINES.index(b"S21.G00.30.004,'JEAN'") + 1
ORPHAN = next(rank for rank, line in enumerate(LINES) if line.startswith(b"S21.G00.78."))

REFUSALS = [
    ("fichier vide", b"", (0, "", "LEC-03")),
    ("ligne illisible", join([*LINES[:2], b"bonjour", *LINES[2:]]), (3, "", "GEN-04")),
    ("ligne vide", join([*LINES[:2], b"", *LINES[2:]]), (3, "", "GEN-04")),
    ("ligne trop longue", join([b"S10.G00.00.001,'" + b"A" * 250 + b"'", *LINES[1:]]), (1, "", "GEN-03")),
    ("ligne immense", b"S10.G00.00.001,'" + b"A" * 200_000 + b"'\r\n" + join(LINES[1:]), (1, "", "GEN-03")),
    ("rubrique inconnue", join([*LINES[:2], b"S10.G00.00.099,'1'", *LINES[2:]]), (3, "S10.G00.00.099", "LEC-01")),
    ("bloc inconnu", join([*LINES[:2], b"S77.G00.00.001,'1'", *LINES[2:]]), (3, "S77.G00.00.001", "LEC-01")),
    ("UTF-8", SKELETON.replace(b"'JEAN'", "'JOSÉ'".encode()), (FIRST_NAME, "S21.G00.30.004", "GEN-05")),
    ("octet interdit", SKELETON.replace(b"'JEAN'", b"'JE\x92AN'"), (FIRST_NAME, "S21.G00.30.004", "GEN-06")),
    ("caractère de contrôle", SKELETON.replace(b"'JEAN'", b"'JE\x00AN'"), (FIRST_NAME, "S21.G00.30.004", "GEN-06")),
    ("tronqué", join(LINES[:-2]), (len(LINES) - 2, "S90.G00.90", "LEC-02")),
    ("rubrique après le total", join([*LINES, LINES[0]]), (len(LINES) + 1, "S10.G00.00.001", "LEC-04")),
    ("second total", join([*LINES, *LINES[-2:]]), (len(LINES) + 1, "S90.G00.90", "GEN-09")),
    ("sans en-tête", join(LINES[17:]), (len(LINES) - 17, "S10.G00.00", "GEN-08")),
    ("en-tête déplacé", join([*LINES[17:-2], *LINES[:17], *LINES[-2:]]), (len(LINES) - 18, "S10.G00.00", "GEN-08")),
    ("norme inconnue", SKELETON.replace(b"'P25V01'", b"'P19V01'"), (5, "S10.G00.00.006", "LEC-05")),
    (
        "norme absente",
        SKELETON.replace(b"S10.G00.00.006,'P25V01'\r\n", b""),
        (len(LINES) - 1, "S10.G00.00.006", "LEC-05"),
    ),
    (
        "bloc sans parent",
        join([line for line in LINES if not line.startswith(b"S21.G00.78.")]),
        (ORPHAN + 1, "S21.G00.81", "GEN-10"),
    ),
]


@pytest.mark.parametrize("content, expected", [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_chaque_defaut_de_fichier_est_situe(content: bytes, expected: tuple[int, str, str]) -> None:
    assert expected in codes(content)
    assert any(item.blocking for item in dsn.check_file(content))


def test_un_texte_latin_1_qui_se_lirait_en_utf_8_n_est_pas_bloquant() -> None:
    anomalies = dsn.check_file(SKELETON.replace(b"'JEAN'", b"'JE\xc3\xa9AN'"))
    assert [(item.code, item.blocking) for item in anomalies] == [("GEN-05", False)]


def test_un_second_total_n_efface_pas_le_premier() -> None:
    message, _ = reader.read(join([*LINES, b"S90.G00.90.001,'1'", b"S90.G00.90.002,'9'"]))
    assert message.total is not None
    assert message.total.get("002") == "1"


def test_les_anomalies_de_lecture_sont_bornees() -> None:
    _, anomalies = reader.read(b"x\n" * 10_000)
    assert len(anomalies) <= reader.ANOMALY_LIMIT + 3
    assert "LEC-06" in {item.code for item in anomalies}


def test_l_arbre_json_dit_les_libelles() -> None:
    message, _ = reader.read(SKELETON)
    tree = tree_json.tree(message, load("P25V01"))
    assert tree["norme"] == "P25V01"
    declaration = tree["declarations"][0]
    assert declaration["libelle"] == "DSN Mensuelle (Déclaration)"
    assert declaration["rubriques"][0] == {
        "rubrique": "S20.G00.05.001",
        "valeur": "01",
        "ligne": 18,
        "libelle": "Nature de la déclaration",
        "sens": "DSN Mensuelle",
    }


@settings(max_examples=60)
@given(st.integers(min_value=0, max_value=len(SKELETON)))
def test_tout_fichier_tronque_est_refuse_sans_exception(length: int) -> None:
    content = SKELETON[:length]
    anomalies = dsn.check_file(content)
    assert any(item.blocking for item in anomalies) or content.rstrip(b"\r\n") == SKELETON.rstrip(b"\r\n")


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, len(SKELETON) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_des_octets_changes_ne_levent_jamais_d_exception(changes: list[tuple[int, int]]) -> None:
    content = bytearray(SKELETON)
    for place, byte in changes:
        content[place] = byte
    message, _ = reader.read(bytes(content))
    dsn.check_file(bytes(content))
    writer.write(message)


@settings(max_examples=40)
@given(st.permutations(range(40)), st.integers(0, len(LINES) - 40))
def test_des_lignes_melangees_ne_levent_jamais_d_exception(order: list[int], start: int) -> None:
    window = LINES[start : start + 40]
    content = join([*LINES[:start], *(window[rank] for rank in order), *LINES[start + 40 :]])
    dsn.check_file(content)
    message, _ = reader.read(content)
    assert message.count_rubriques() + len(message.total.fields if message.total else []) <= len(LINES)


@settings(max_examples=60)
@given(st.binary(max_size=400))
def test_des_octets_quelconques_ne_levent_jamais_d_exception(content: bytes) -> None:
    assert any(item.blocking for item in dsn.check_file(content))
