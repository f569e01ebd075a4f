"""La quotité saisissable : la fonction d'un seul net et la colonne du lot disent la même chose, et leurs lois."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payroll.engine import compute
from payroll.engine.saisies import PLACES, quotite_saisissable
from payroll.engine.situation import Employeur, RegimeRetraite, Saisie, Situation, Statut
from payroll.legislation import load
from payroll.periods import Month

MARS = Month(2026, 3)
FIGURES = load().at(MARS)
COMMUNE = Employeur(population=1800, effectif=12)
NETS = st.integers(0, 2_000_000)


@pytest.mark.parametrize(
    ("net", "personnes", "attendu"),
    [
        (169_080, 1, 25_730),  # 25,92 + 35,42 + 71,17 + 88,13 + 36,66
        (64_652, 0, 0),  # le RSA de mars 2026 exactement
        (64_653, 0, 1),  # un centime au-dessus
        (215_083, 0, 57_228),  # la dernière borne : 18,67 + 35,42 + 71,17 + 88,13 + 117,78 + 241,11
        (215_084, 0, 57_229),  # tout ce qui dépasse
        (0, 0, 0),
    ],
)
def test_quotite_sur_le_papier(net: int, personnes: int, attendu: int) -> None:
    assert quotite_saisissable(net, personnes, FIGURES) == attendu


@given(NETS, st.integers(0, 8))
def test_le_minimum_reste_toujours(net: int, personnes: int) -> None:
    assert net - quotite_saisissable(net, personnes, FIGURES) >= min(net, 64_652)


@given(NETS, NETS, st.integers(0, 8))
def test_un_net_plus_haut_ne_rend_jamais_moins_saisissable(un: int, autre: int, personnes: int) -> None:
    bas, haut = sorted((un, autre))
    assert quotite_saisissable(bas, personnes, FIGURES) <= quotite_saisissable(haut, personnes, FIGURES) + 1


@given(NETS, st.integers(0, 7))
def test_une_personne_a_charge_de_plus_protege_davantage(net: int, personnes: int) -> None:
    plus = quotite_saisissable(net, personnes + 1, FIGURES)
    assert plus <= quotite_saisissable(net, personnes, FIGURES) + 6  # un centime d'arrondi par tranche


_SAISIES = st.lists(
    st.tuples(
        st.sampled_from(
            ["pension_alimentaire", "saisie_administrative", "saisie_remuneration", "cession_remuneration"]
        ),
        st.integers(1, 28),
        st.integers(0, 150_000),
        st.one_of(st.none(), st.integers(0, 150_000)),
    ),
    max_size=PLACES,
)


@given(st.integers(366, 900), st.sampled_from([Fraction(35), Fraction(20), Fraction(12)]), _SAISIES)
def test_les_retenues_ne_prennent_ni_plus_que_du_ni_plus_que_permis(
    indice: int, heures: Fraction, lues: list[tuple[str, int, int, int | None]]
) -> None:
    regime = RegimeRetraite.CNRACL if heures >= 28 else RegimeRetraite.IRCANTEC
    saisies = tuple(
        Saisie(numero, nature, date(2026, 1, jour), terme, solde)
        for numero, (nature, jour, terme, solde) in enumerate(lues, start=1)
    )
    agent = Situation("A1", Statut.TITULAIRE, regime, indice, heures_hebdo=heures, taux_pas_ppm=0, saisies=saisies)
    (bulletin,) = compute(MARS, [COMMUNE], [agent]).bulletins
    assert bulletin is not None
    c = bulletin.colonnes
    retenues = {c[f"saisie_numero_{k}"]: c[f"saisie_retenue_{k}"] for k in range(1, PLACES + 1)} if saisies else {}
    for saisie in saisies:
        du = min(saisie.montant_mensuel or 0, saisie.solde if saisie.solde is not None else 10**9)
        assert 0 <= retenues[saisie.numero] <= du
    hors_pension = [retenues[s.numero] for s in saisies if s.type != "pension_alimentaire"]
    assert sum(hors_pension) <= quotite_saisissable(bulletin.net_avant_impot, 0, FIGURES)
    assert bulletin.net_a_payer >= min(bulletin.net_avant_impot, 64_652)
    assert bulletin.net_a_payer == bulletin.net_avant_impot - sum(retenues.values())
