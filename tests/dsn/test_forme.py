"""Les contrôles de forme : chaque expression, liste et longueur refuse ce qu'elle doit et laisse passer le reste."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsn.controls import form
from dsn.message import Block, Field
from dsn.norm import Norm, Rubrique, load

NORM = load("P25V01")
WITH_REGEX = sorted(rubrique for rubrique, code in NORM.controles if code == "CSL-00")


def codes(norm: Norm, rubrique: str, value: str) -> set[str]:
    """Les codes des anomalies de forme d'une valeur."""
    block = Block(rubrique[:10], [Field(rubrique, value, 1)])
    return {item.code for item in form.check_block(block, norm, form.Memory(norm))}


def known(rubrique: str) -> Rubrique:
    """La rubrique de la norme."""
    return NORM.rubriques[rubrique]


def refused(rubrique: Rubrique) -> str:
    """Une valeur que l'expression refuse : une date impossible pour une rubrique D, un signe étranger sinon."""
    assert rubrique.regex is not None
    if rubrique.nature == "D":
        return next(f"0101{year}" for year in (1799, 2999, 9999) if not rubrique.regex.fullmatch(f"0101{year}"))
    return "¤" * max(rubrique.longueur_min, 1)


@pytest.mark.parametrize("rubrique", WITH_REGEX)
def test_chaque_expression_reguliere_refuse_ce_qui_n_est_pas_d_elle(rubrique: str) -> None:
    assert "CSL-00" in codes(NORM, rubrique, refused(known(rubrique)))


@pytest.mark.parametrize("rubrique", WITH_REGEX)
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_chaque_expression_reguliere_laisse_passer_ce_qui_est_d_elle(rubrique: str, data: st.DataObject) -> None:
    regex = known(rubrique).regex
    assert regex is not None
    value = data.draw(st.from_regex(re.compile(regex.pattern, re.ASCII), fullmatch=True))
    assert "CSL-00" not in codes(NORM, rubrique, value)


@pytest.mark.parametrize("version", ["P25V01", "P26V01"])
def test_chaque_liste_refuse_un_code_etranger_et_laisse_passer_les_siens(version: str) -> None:
    norm = load(version)
    listed = [rubrique for rubrique in norm.rubriques.values() if rubrique.codes]
    assert len(listed) == 136
    for rubrique in listed:
        assert "GEN-21" in codes(norm, rubrique.id, "¤¤")
        assert all("GEN-21" not in codes(norm, rubrique.id, code) for code in rubrique.codes)


@pytest.mark.parametrize(
    "rubrique, value, expected",
    [
        ("S21.G00.40.006", "", {"GEN-16"}),
        ("S21.G00.40.006", "A" * 120, set()),
        ("S21.G00.40.006", "A" * 121, {"GEN-18"}),
        ("S21.G00.50.001", "29022024", set()),
        ("S21.G00.50.001", "29022025", {"GEN-20"}),
        ("S21.G00.50.001", "٠١٠١٢٠٢٥", {"GEN-20"}),
        ("S21.G00.50.002", "-1.00", set()),
        ("S21.G00.50.002", "+1.00", {"GEN-19", "CSL-00"}),
        ("S21.G00.50.002", "1,00", {"GEN-19", "CSL-00"}),
    ],
)
def test_les_bords_de_la_forme(rubrique: str, value: str, expected: set[str]) -> None:
    assert codes(NORM, rubrique, value) == expected


def test_la_memoire_des_valeurs_est_bornee_et_ne_change_rien() -> None:
    memory = form.Memory(NORM)
    memory.room = 2
    block = Block("S21.G00.50", [Field("S21.G00.50.002", f"{amount}.00", 1) for amount in range(10)])
    for _ in range(2):
        assert list(form.check_block(block, NORM, memory)) == []
    assert sum(map(len, memory.known.values())) == 2
    block.fields[5].value = "5"
    assert [item.code for item in form.check_block(block, NORM, memory)] != []
