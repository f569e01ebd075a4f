"""Les contrôles : aucune fausse alerte sur un message conforme, et chaque contrôle voit l'altération qui le vise."""

from __future__ import annotations

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
MUTATIONS: dict[str, list[str]] = yaml.safe_load((HERE / "mutations.yaml").read_text("utf-8"))


def test_le_squelette_conforme_ne_leve_aucune_alerte() -> None:
    assert dsn.check_file(SKELETON) == []


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_chaque_controle_voit_l_alteration_qui_le_vise(name: str) -> None:
    rubrique, code = name.split()
    message, _ = reader.read(SKELETON)
    for phrase in MUTATIONS[name]:
        mutate(message, phrase)
    found = [item for item in check(message) if (item.rubrique, item.code) == (rubrique, code)]
    assert found, f"{name} n'a rien vu"
    known = load("P25V01").controles.get((rubrique, code))
    if known:
        assert {item.blocking for item in found} == {known.blocking}


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
