"""Ce qui reste vrai quels que soient les accessoires : un avantage ne se verse pas, un frais ne cotise pas."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from payroll.engine import compute
from payroll.engine.bulletin import Bulletin, Section
from payroll.engine.situation import Employeur, RegimeRetraite, Situation, Statut
from payroll.periods import Month

MARS = Month(2026, 3)
COMMUNE = Employeur(1800, 12, taux_cdg_ppm=14_000, titre_restaurant_valeur=1000, titre_restaurant_part_employeur=550)
TITULAIRE = Situation("A1", Statut.TITULAIRE, RegimeRetraite.CNRACL, 450, taux_pas_ppm=0)
CONTRACTUEL = replace(TITULAIRE, statut=Statut.CONTRACTUEL, regime_retraite=RegimeRetraite.IRCANTEC)

AGENTS = st.builds(
    replace,
    st.sampled_from([TITULAIRE, CONTRACTUEL]),
    indice_majore=st.integers(420, 700),
    taux_pas_ppm=st.just(31_000),
)
FRAIS = st.fixed_dictionaries(
    {},
    optional={
        "frais_mission": st.integers(1, 50_000),
        "indemnite_teletravail": st.integers(1, 20).map(lambda jours: jours * 100),
        "titres_restaurant": st.integers(1, 23).map(lambda titres: titres * 100),
        "forfait_mobilites_durables": st.integers(30, 200).map(lambda jours: jours * 100),
    },
)
AVANTAGES = st.fixed_dictionaries(
    {}, optional={"avantage_logement": st.integers(1, 60_000), "avantage_vehicule": st.integers(1, 60_000)}
)


def _paid(*agents: Situation) -> list[Bulletin]:
    found = compute(MARS, [COMMUNE] * len(agents), agents).bulletins
    assert all(bulletin is not None for bulletin in found)
    return [bulletin for bulletin in found if bulletin is not None]


@given(AGENTS, FRAIS)
def test_un_frais_ne_change_ni_brut_ni_cotisation_ni_impot(agent: Situation, frais: dict[str, int]) -> None:
    avec, sans = _paid(replace(agent, variables=frais), agent)
    lignes = sum(ligne.montant_salarie for ligne in avec.lignes if ligne.section is Section.NET)

    for total in ("brut", "cotisations_salarie", "cotisations_employeur", "net_imposable", "montant_net_social", "pas"):
        assert getattr(avec, total) == getattr(sans, total)
    assert avec.net_a_payer - sans.net_a_payer == lignes


@given(AGENTS, AVANTAGES)
def test_un_avantage_en_nature_ne_se_verse_pas(agent: Situation, avantages: dict[str, int]) -> None:
    avec, sans = _paid(replace(agent, permanents=avantages), agent)
    total = sum(avantages.values())

    assert avec.brut - sans.brut == total
    retenu = (avec.cotisations_salarie - sans.cotisations_salarie) + (avec.pas - sans.pas)
    assert sans.net_a_payer - avec.net_a_payer == retenu
    assert retenu >= 0


@given(st.lists(st.tuples(AGENTS, FRAIS, AVANTAGES), min_size=2, max_size=5))
def test_un_bulletin_ne_depend_pas_de_ses_voisins(
    tirages: list[tuple[Situation, dict[str, int], dict[str, int]]],
) -> None:
    agents = [replace(agent, variables=frais, permanents=avantages) for agent, frais, avantages in tirages]

    for bulletin, agent in zip(_paid(*agents), agents, strict=True):
        (seul,) = _paid(agent)
        assert seul.lignes == bulletin.lignes
        assert seul.cumuls == bulletin.cumuls
