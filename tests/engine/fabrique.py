"""Fabrique de situations valides pour les essais du moteur : des personnes inventées, des communes inventées."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

from hypothesis import strategies as st

from payroll.engine.situation import (
    Apprenti,
    Arret,
    Cumuls,
    Employeur,
    Mandat,
    RegimeRetraite,
    Situation,
    SortDesPrimes,
    Statut,
)

employeurs = st.builds(
    Employeur,
    population=st.integers(100, 1000),
    effectif=st.integers(1, 80),
    zone_residence=st.integers(1, 3),
    taux_at_ppm=st.integers(0, 40_000),
    taux_versement_mobilite_ppm=st.integers(0, 20_000),
    taux_cdg_ppm=st.integers(0, 20_000),
    cnfpt=st.booleans(),
    assurance_chomage=st.booleans(),
    heures_complementaires_majorees=st.booleans(),
    primes_en_maladie=st.sampled_from(SortDesPrimes),
)

_quotites = st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(3, 5), Fraction(4, 5), Fraction(9, 10)])
_montants = st.integers(0, 300_000)
_taux_pas = st.one_of(st.none(), st.integers(0, 43).map(lambda rate: rate * 10_000))


@st.composite
def _absences(draw: st.DrawFn, types: tuple[str, ...]) -> tuple[Arret, ...]:
    """Au plus deux absences de mars 2026, disjointes."""
    debut = draw(st.integers(1, 14))
    premiere = Arret(draw(st.sampled_from(types)), date(2026, 3, debut), date(2026, 3, draw(st.integers(debut, 15))))
    suite = draw(st.integers(16, 31))
    seconde = Arret(draw(st.sampled_from(types)), date(2026, 3, suite), date(2026, 3, draw(st.integers(suite, 31))))
    return (premiere, seconde)[: draw(st.integers(0, 2))]


@st.composite
def _agents(draw: st.DrawFn) -> Situation:
    """Un fonctionnaire ou un contractuel que le moteur accepte en mars 2026."""
    statut = draw(st.sampled_from([Statut.TITULAIRE, Statut.STAGIAIRE, Statut.CONTRACTUEL]))
    heures = draw(st.sampled_from([Fraction(35), Fraction(28), Fraction(20), Fraction(35, 2)]))
    cnracl = statut is not Statut.CONTRACTUEL and heures >= 28
    types = ("cmo", "greve", "service_non_fait") if cnracl else ("greve", "service_non_fait")
    quotite = draw(_quotites)
    variables = {"cia": draw(_montants), "astreinte": draw(_montants), "acompte": draw(_montants)}
    if heures < 35:
        variables["heures_complementaires"] = draw(st.integers(0, 3000))
    else:
        variables |= {code: draw(st.integers(0, 400)) for code in ("ihts_jour", "ihts_nuit", "ihts_dimanche")}
    absences = draw(_absences(types))
    entree = draw(st.one_of(st.none(), st.integers(1, 31))) if not absences else None
    return Situation(
        matricule=f"M{draw(st.integers(1, 9999))}",
        statut=statut,
        regime_retraite=RegimeRetraite.CNRACL if cnracl else RegimeRetraite.IRCANTEC,
        indice_majore=draw(st.integers(300, 1200)),
        heures_hebdo=heures,
        quotite=quotite,
        nbi=0 if statut is Statut.CONTRACTUEL else draw(st.integers(0, 50)),
        enfants_sft=draw(st.integers(0, 5)),
        categorie=draw(st.sampled_from(["B", "C"])),
        date_debut=date(2026, 3, entree) if entree else None,
        taux_pas_ppm=draw(_taux_pas),
        permanents={"ifse": draw(_montants), "iccsg": draw(st.integers(0, 5000))},
        variables=variables,
        arrets=absences,
        jours_cmo_anterieurs=draw(st.integers(0, 300)),
        cumuls=Cumuls(
            rafp_elements=draw(_montants),
            rafp_traitement=draw(_montants),
            rafp_assiette=draw(_montants),
            heures_exonerees=draw(st.integers(0, 750_000)),
        ),
    )


_elus = st.builds(
    Situation,
    matricule=st.integers(1, 9999).map(lambda number: f"E{number}"),
    statut=st.just(Statut.ELU),
    regime_retraite=st.just(RegimeRetraite.IRCANTEC),
    taux_pas_ppm=_taux_pas,
    elu=st.builds(
        Mandat,
        mandat=st.just("maire"),
        taux_indemnite_ppm=st.integers(1, 281_000),
        autres_mandats_brut=st.integers(0, 300_000),
        option_assujettissement=st.booleans(),
        nombre_mandats_indemnises=st.just(2),
    ),
)

_apprentis = st.builds(
    Situation,
    matricule=st.integers(1, 9999).map(lambda number: f"P{number}"),
    statut=st.just(Statut.APPRENTI),
    regime_retraite=st.just(RegimeRetraite.IRCANTEC),
    date_naissance=st.dates(date(1980, 1, 1), date(2010, 12, 31)),
    date_debut=st.dates(date(2023, 9, 1), date(2026, 3, 31)),
    taux_pas_ppm=_taux_pas,
    apprenti=st.builds(Apprenti, annee=st.integers(1, 3), pourcentage_smic_ppm=st.none() | st.integers(1, 2_000_000)),
    cumuls=st.builds(Cumuls, apprenti_exonere=st.integers(0, 3_000_000)),
)

_a_l_heure = st.builds(
    Situation,
    matricule=st.integers(1, 9999).map(lambda number: f"H{number}"),
    statut=st.sampled_from([Statut.CONTRACTUEL, Statut.VACATAIRE, Statut.PEC]),
    regime_retraite=st.just(RegimeRetraite.IRCANTEC),
    heures_hebdo=st.sampled_from([Fraction(20), Fraction(26), Fraction(35)]),
    taux_horaire=st.integers(1202, 6000),
    taux_pas_ppm=_taux_pas,
    autres_remunerations=st.sampled_from([0, 250_000]),
).flatmap(
    lambda situation: st.integers(0, 15_000).map(
        lambda heures: (
            situation
            if situation.statut is Statut.PEC
            else replace(situation, variables={"heures_travaillees": heures})
        )
    )
)

situations = st.one_of(_agents(), _elus)
toutes = st.one_of(situations, _apprentis, _a_l_heure)
"""Toutes les populations, celles qu'aucun indice ne paie comprises."""
lots = st.lists(st.tuples(employeurs, toutes), min_size=1, max_size=6)
