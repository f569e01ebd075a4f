"""Les lois des absences : ce qui doit rester vrai de tout arrêt, quels que soient ses dates et ses antécédents."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payroll.anomalies import blocking
from payroll.engine import compute
from payroll.engine.ijss import daily_amounts
from payroll.engine.jours import NATURES, Droits, Palier, classify, in_thirtieths
from payroll.engine.situation import Arret, Employeur, RegimeRetraite, Situation, Statut
from payroll.legislation import load
from payroll.legislation.conges import load_conges
from payroll.legislation.reading import POPULATIONS
from payroll.periods import Month

MOIS = Month(2026, 11)
COMMUNE = Employeur(population=1800, effectif=12, zone_residence=2)
AGENTS = {
    "titulaire_cnracl": Situation(
        "T1", Statut.TITULAIRE, RegimeRetraite.CNRACL, 420, nbi=15, enfants_sft=2, permanents={"ifse": 20_000}
    ),
    "titulaire_ircantec": Situation("T2", Statut.TITULAIRE, RegimeRetraite.IRCANTEC, 400, heures_hebdo=Fraction(20)),
    "contractuel": Situation(
        "C1", Statut.CONTRACTUEL, RegimeRetraite.IRCANTEC, 400, date_debut=date(2020, 1, 1), permanents={"ifse": 10_000}
    ),
}
DROITS = Droits(365, (Palier("cmo", 90), Palier("cmo_demi_traitement", 360)), 1)
JOUR = timedelta(days=1)

_debuts = st.dates(date(2025, 6, 1), date(2026, 10, 1))


@st.composite
def _histoires(draw: st.DrawFn) -> list[Arret]:
    """Des arrêts passés qui ne se chevauchent pas."""
    arrets, libre = [], date(2025, 5, 1)
    for debut in sorted(draw(st.lists(_debuts, max_size=5))):
        depart = max(debut, libre)
        fin = depart + draw(st.integers(0, 59)) * JOUR
        if fin < date(2026, 10, 31):
            arrets.append(Arret("cmo", depart, fin))
            libre = fin + 3 * JOUR
    return arrets


@given(_histoires(), st.integers(1, 20), st.integers(0, 12))
@settings(max_examples=150, deadline=None)
def test_chaque_jour_compte_les_365_jours_qui_le_precedent(passes: list[Arret], debut: int, duree: int) -> None:
    """CGFP L. 822-2 : le même compte, refait jour par jour avec un simple ensemble de dates."""
    arret = Arret("cmo", date(2026, 11, debut), min(date(2026, 11, debut) + duree * JOUR, date(2026, 11, 30)))
    jours = classify(MOIS, MOIS.first_day, MOIS.last_day, [arret], passes, 0, {arret: DROITS})
    pris = {row.debut + n * JOUR for row in passes for n in range((row.fin - row.debut).days + 1)}
    attendu = []
    for n in range((arret.fin - arret.debut).days + 1):
        jour = arret.debut + n * JOUR
        rang = len([autre for autre in pris if jour - 365 * JOUR <= autre < jour]) + 1
        motif = "cmo" if rang <= 90 else "cmo_demi_traitement" if rang <= 360 else "epuise"
        attendu.append("carence" if n == 0 else motif)
        pris.add(jour)
    assert [jour.motif for jour in jours] == attendu


@given(_histoires(), st.integers(1, 25), st.integers(1, 29))
@settings(max_examples=25, deadline=None)
def test_couper_un_arret_en_prolongations_ne_change_rien(passes: list[Arret], debut: int, coupe: int) -> None:
    """Loi 2017-1837 art. 115 : une prolongation n'est pas un autre arrêt."""
    fin = date(2026, 11, 30)
    entier = Arret("cmo", date(2026, 11, debut), fin)
    milieu = min(entier.debut + coupe * JOUR, fin)
    coupes = (Arret("cmo", entier.debut, milieu - JOUR), Arret("cmo", milieu, fin, prolongation=True))
    found = []
    for arrets in ((entier,), coupes):
        situation = _with(AGENTS["titulaire_cnracl"], arrets=arrets, absences_anterieures=tuple(passes))
        (bulletin,) = compute(MOIS, [COMMUNE], [situation]).bulletins
        found.append(bulletin and (bulletin.brut, bulletin.net_a_payer, bulletin.lignes))
    assert found[0] is not None
    assert found[0] == found[1]


@pytest.mark.parametrize("qui", AGENTS)
@pytest.mark.parametrize("nature", load_conges().natures)
@pytest.mark.parametrize("mois", [Month(2026, 2), Month(2026, 10), MOIS])
def test_toute_absence_est_payee_ou_refusee_par_son_nom(qui: str, nature: str, mois: Month) -> None:
    """Un mois entier absent : jamais un brut négatif ni plus que le mois plein ; sinon un refus qui cite un texte."""
    quotite = load_conges().natures[nature].quotite
    arret = Arret(nature, mois.first_day, mois.last_day, quotite=AGENTS[qui].quotite / 2 if quotite else None)
    decompte = {} if qui == "titulaire_cnracl" else {"ijss_brutes": 0}
    plein = compute(mois, [COMMUNE], [AGENTS[qui]]).bulletins[0]
    calcul = compute(mois, [COMMUNE], [_with(AGENTS[qui], arrets=(arret,), variables=decompte)])
    bulletin = calcul.bulletins[0]
    if load_conges().natures[nature].rules_for(qui):
        assert plein is not None
        assert bulletin is not None, [str(anomalie) for anomalie in calcul.anomalies]
        assert 0 <= bulletin.brut <= plein.brut
    else:
        assert bulletin is None
        assert [(a.code, bool(a.texte)) for a in blocking(calcul.anomalies)] == [("absence-non-couverte", True)]


@pytest.mark.parametrize("nature", ["conge_parental", "disponibilite"])
@pytest.mark.parametrize("indice", range(366, 480, 7))
def test_rien_n_est_verse_d_un_mois_sans_traitement(nature: str, indice: int) -> None:
    """Le brut tombe à zéro, sans le centime des arrondis séparés, deux motifs compris."""
    arrets = (
        Arret("greve", date(2026, 11, 1), date(2026, 11, 13)),
        Arret(nature, date(2026, 11, 14), date(2027, 5, 1)),
    )
    situation = _with(AGENTS["titulaire_cnracl"], indice_majore=indice, arrets=arrets, enfants_sft=0)
    (bulletin,) = compute(MOIS, [COMMUNE], [situation]).bulletins
    assert bulletin is not None
    assert bulletin.brut == 0


@given(st.lists(st.sampled_from(NATURES), min_size=1, max_size=31), st.integers(1, 31))
def test_les_trentiemes_d_absence_ne_depassent_pas_la_presence(motifs: list[str], contrat: int) -> None:
    presence = min(max(contrat, len(motifs)), 30)
    found = in_thirtieths(motifs, max(contrat, len(motifs)), presence)
    assert sum(found.values()) == (presence if len(motifs) >= contrat else min(len(motifs), presence))
    assert set(found) <= set(motifs)
    assert min(found.values()) > 0


def test_les_indemnites_d_un_jour_egalent_les_maximums_publies() -> None:
    """CSS R. 323-9 et R. 331-5 ; service-public.fr : 41,47 puis 41,95 et 42,97 ; 104,02 ; 240,49 en accident."""
    figures = load().at(MOIS)
    haut = [900_000] * 3
    assert daily_amounts("maladie", haut, date(2025, 5, 2), figures)[0] == 4147
    assert daily_amounts("maladie", haut, date(2026, 3, 2), figures)[0] == 4195
    assert daily_amounts("maladie", haut, date(2026, 11, 2), figures)[0] == 4297
    assert daily_amounts("maternite", haut, date(2026, 3, 2), figures)[0] == 10_402
    assert daily_amounts("at", [5_000_000], date(2026, 3, 2), figures)[0] == 24_049


def test_les_tables_se_tiennent() -> None:
    """Chaque palier a un effet pour sa population, en 2025 et en 2026 ; chaque règle et chaque effet a son texte."""
    conges = load_conges()
    for nature in conges.natures.values():
        assert nature.regles
        for regle in nature.regles:
            assert regle.texte
            assert set(regle.populations) <= set(POPULATIONS)
            for palier in regle.paliers:
                motif = conges.motifs[palier.motif]
                assert set(regle.populations) <= set(motif.populations), (nature.code, motif.code)
                for jour in (date(2025, 1, 1), date(2026, 12, 31)):
                    effet = motif.on(jour)
                    assert effet is not None
                    assert effet.texte


def test_les_absents_d_un_lot_ont_le_bulletin_qu_ils_auraient_seuls() -> None:
    """Toutes les natures ensemble, en jours, en heures et en demi-journées : lignes, cumuls et colonnes comprises."""
    lot = list(AGENTS.values())
    for qui, agent in AGENTS.items():
        for code, nature in load_conges().natures.items():
            arret = Arret(
                code, date(2026, 11, 5), date(2026, 11, 14), quotite=Fraction(1, 2) if nature.quotite else None
            )
            partiels = (replace(arret, heures=200), replace(arret, demi_journee=True)) if nature.partielle else ()
            entrees: dict[str, object] = {}
            if qui != "titulaire_cnracl":
                salaires = {"2026-08": 200_000, "2026-09": 200_000, "2026-10": 200_000}
                entrees = {"variables": {"ijss_brutes": 0}} if nature.quotite else {"salaires_precedents": salaires}
            if nature.rules_for(qui):
                lot += [_with(agent, arrets=(row,), **entrees) for row in (arret, *partiels)]
    calcul = compute(MOIS, [COMMUNE] * len(lot), lot)
    assert None not in calcul.bulletins
    assert calcul.bulletins == [compute(MOIS, [COMMUNE], [agent]).bulletins[0] for agent in lot]


def _with(situation: Situation, **changes: object) -> Situation:
    return replace(situation, **changes)  # type: ignore[arg-type]
