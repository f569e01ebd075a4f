"""Les contrôles : aucune fausse alerte sur un message conforme, et chaque contrôle voit l'altération qui le vise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import dsn
from dsn import reader
from dsn.controls import check, entries
from dsn.message import Message
from dsn.norm import load
from tests.dsn.mutate import mutate

HERE = Path(__file__).parent
SKELETON = (HERE / "messages" / "squelette-P25V01.dsn").read_bytes()


@dataclass(frozen=True)
class Mutation:
    """Ce qui prépare le squelette, ce que le contrôle voit, ce qu'il laisse passer."""

    avec: tuple[str, ...]
    voit: tuple[str, ...]
    passe: tuple[str, ...]

    @classmethod
    def read(cls, raw: list[str] | dict[str, list[str]]) -> Mutation:
        """Une simple liste : le contrôle la voit, et laisse passer le squelette."""
        row = {"voit": raw} if isinstance(raw, list) else raw
        assert set(row) <= {"avec", "voit", "passe"}
        return cls(*(tuple(row.get(key, ())) for key in ("avec", "voit", "passe")))


def _mutations() -> Iterator[tuple[str, Mutation]]:
    for path in sorted(HERE.glob("mutations*.yaml")):
        for name, raw in yaml.safe_load(path.read_text("utf-8")).items():
            yield name, Mutation.read(raw)


MUTATIONS = dict(_mutations())


def test_aucune_alteration_n_est_ecrite_deux_fois() -> None:
    assert len(MUTATIONS) == len(list(_mutations()))


def test_le_squelette_conforme_ne_leve_aucune_alerte() -> None:
    assert dsn.check_file(SKELETON) == []


def _found(name: str, phrases: tuple[str, ...]) -> list[dsn.Anomaly]:
    rubrique, code = name.split()
    message, _ = reader.read(SKELETON)
    for phrase in phrases:
        mutate(message, phrase)
    return [item for item in check(message) if (item.rubrique, item.code) == (rubrique, code)]


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_chaque_controle_voit_l_alteration_qui_le_vise(name: str) -> None:
    found = _found(name, MUTATIONS[name].avec + MUTATIONS[name].voit)
    assert found, f"{name} n'a rien vu"
    known = load("P25V01").controles.get((name.split()[0], name.split()[1]))
    if known:
        assert {item.blocking for item in found} == {known.blocking}


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_chaque_controle_laisse_passer_le_message_juste(name: str) -> None:
    assert _found(name, MUTATIONS[name].avec + MUTATIONS[name].passe) == []


def test_tout_controle_inscrit_a_son_alteration() -> None:
    inscribed = {f"{entry.rubrique} {entry.code}" for entry in entries()}
    assert inscribed - set(MUTATIONS) == set()


def test_tout_controle_inscrit_figure_au_cahier_technique() -> None:
    known = load("P25V01").controles
    assert [(entry.rubrique, entry.code) for entry in entries() if (entry.rubrique, entry.code) not in known] == []


def test_un_signal_n_est_pas_bloquant_un_cch_l_est() -> None:
    message, _ = reader.read(SKELETON)
    mutate(message, "40#2.043-")
    mutate(message, "40#2.010-")
    gravites = {item.code: item.blocking for item in check(message) if item.code != "CST-11"}
    assert gravites == {"SIG-11": False, "CCH-12": True}


def test_aucune_anomalie_ne_cite_la_personne() -> None:
    message, _ = reader.read(SKELETON)
    for phrase in (
        "30#1.001=1800540999999999",
        "30#1.002=DURAND-LE-TRES-SECRET-",
        "20#1.004=FR76SECRET",
        "30#1.006=SECRET",
    ):
        mutate(message, phrase)
    text = "\n".join(map(str, check(message)))
    assert "S21.G00.30.001" in text
    for secret in ("1800540999", "SECRET"):
        assert secret not in text


def test_une_anomalie_tient_sur_une_ligne() -> None:
    message, _ = reader.read(SKELETON)
    mutate(message, "40#1.006=AB\rCD\nEF" + "G" * 200)
    found = check(message)
    assert found
    for item in found:
        assert "\n" not in str(item)
        assert "\r" not in str(item)


def test_la_norme_annoncee_doit_etre_celle_du_mois() -> None:
    message, _ = reader.read(SKELETON.replace(b"P25V01", b"P26V01"))
    assert "LEC-07" in {item.code for item in check(message)}


def test_un_message_vide_est_refuse_sans_exception() -> None:
    assert {item.rubrique for item in check(Message())} == {"S10.G00.00", "S20.G00.05", "S90.G00.90"}
