"""Le tri d'un lot n'est qu'un raccourci : il rend les verdicts mêmes des contrôles faits un à un, tous, à chacun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest

from payroll import catalogue, legislation
from payroll.engine.cases_reading import CaseError, read_case
from payroll.engine.controls import check
from payroll.engine.limits import Limits
from payroll.engine.situation import (
    Apprenti,
    Arret,
    Cumuls,
    Employeur,
    Mandat,
    RegimeRetraite,
    Saisie,
    Segment,
    Situation,
    Statut,
)
from payroll.engine.tri import sort_out
from payroll.legislation.reading import read_yaml
from payroll.periods import Month

CAS = sorted((Path(__file__).parents[1] / "cas").glob("*.yaml"))
MARS = Month(2026, 3)
COMMUNE = Employeur(population=1800, effectif=12, titre_restaurant_valeur=800, titre_restaurant_part_employeur=400)


def _compare(mois: Month, employeurs: list[Employeur], situations: list[Situation]) -> int:
    """Compare les deux façons ; rend le nombre d'agents dont un contrôle a dit quelque chose."""
    figures, rubriques = legislation.load().at(mois), catalogue.load()
    tri = sort_out(mois, employeurs, situations, figures, rubriques)
    verdicts = [
        check(rang, mois, employeur, situation, Limits(figures), rubriques)
        for rang, (employeur, situation) in enumerate(zip(employeurs, situations, strict=True))
    ]
    for rang, (verdict, situation) in enumerate(zip(verdicts, situations, strict=True)):
        assert tri.constats.get(rang, ()) == verdict.anomalies, situation
    assert tri.acceptes == [verdict.accepted for verdict in verdicts if verdict.accepted]
    return sum(bool(verdict.anomalies) for verdict in verdicts)


@pytest.mark.parametrize("path", CAS, ids=lambda path: path.stem)
def test_les_cas_de_paie_ont_les_memes_verdicts_ensemble_ou_un_a_un(path: Path) -> None:
    par_mois: dict[Month, list[tuple[Employeur, Situation]]] = {}
    for row in read_yaml(path, []):
        try:
            case = read_case(row, catalogue.load())
        except CaseError:
            continue
        par_mois.setdefault(case.mois, []).append((case.employeur, case.situation))

    assert par_mois
    for mois, pairs in par_mois.items():
        _compare(mois, [employeur for employeur, _ in pairs], [situation for _, situation in pairs])


TITULAIRE = Situation("T", Statut.TITULAIRE, RegimeRetraite.CNRACL, 400, taux_pas_ppm=0)
AGENTS = (
    TITULAIRE,
    replace(TITULAIRE, statut=Statut.STAGIAIRE, categorie="B"),
    replace(TITULAIRE, regime_retraite=RegimeRetraite.IRCANTEC, heures_hebdo=Fraction(20)),
    Situation("C", Statut.CONTRACTUEL, RegimeRetraite.IRCANTEC, 380, taux_pas_ppm=None),
    Situation(
        "H", Statut.CONTRACTUEL, RegimeRetraite.IRCANTEC, taux_horaire=1500, variables={"heures_travaillees": 500}
    ),
    Situation("E", Statut.ELU, RegimeRetraite.IRCANTEC, elu=Mandat("maire", taux_indemnite_ppm=200_000)),
    Situation("P", Statut.APPRENTI, RegimeRetraite.IRCANTEC, date_naissance=date(2007, 2, 3), apprenti=Apprenti(1)),
    Situation("A", Statut.PEC, RegimeRetraite.IRCANTEC, heures_hebdo=Fraction(26)),
    Situation("V", Statut.VACATAIRE, RegimeRetraite.IRCANTEC, prix_vacation=5000, variables={"vacations": 300}),
)
NOMBRES = (-1, 0, 1, 9, 10, 30, 31, 49, 1_000, 1_001, 2_000, 2_001, 40_001, 10**6 + 1, 10**8 + 1, 10**9 + 1, 2**62)
HEURES = (*(Fraction(n) for n in (-1, 0, 10, 20, 28, 35, 36, 45, 10**12)), Fraction(35, 2), Fraction(1, 10**9))
CHAMPS: dict[str, tuple[Any, ...]] = {
    "statut": tuple(Statut),
    "regime_retraite": tuple(RegimeRetraite),
    "indice_majore": NOMBRES,
    "heures_hebdo": HEURES,
    "heures_hebdo_tous_employeurs": (None, *HEURES),
    "heures_hors_cnracl": (None, *HEURES),
    "quotite": (*(Fraction(n, 100) for n in (-50, 0, 33, 50, 80, 90, 100, 150)), Fraction(1, 3)),
    "nbi": NOMBRES,
    "enfants_sft": NOMBRES,
    "enfants_sft_alternes": NOMBRES,
    "categorie": ("A", "B", "C", "D", "", "AB"),
    "date_naissance": (None, date(1970, 1, 1), date(2008, 2, 29)),
    "date_debut": (None, date(2020, 1, 1), date(2026, 3, 12), date(2026, 4, 1)),
    "date_fin": (None, date(2019, 12, 31), date(2026, 3, 20), date(2026, 12, 31)),
    "taux_pas_ppm": (None, *NOMBRES),
    "territoire_pas": ("metropole", "guyane_mayotte", "atlantide"),
    "elu": (None, Mandat("maire", 200_000), Mandat("roi", 1), Mandat("president", 10**7, autres_mandats_brut=5)),
    "apprenti": (None, Apprenti(1), Apprenti(4), Apprenti(2, 10**7)),
    "taux_horaire": NOMBRES,
    "prix_vacation": NOMBRES,
    "autres_remunerations": NOMBRES,
    "personnes_a_charge": NOMBRES,
    "jours_cmo_anterieurs": NOMBRES,
    "cumuls": (Cumuls(), Cumuls(brut=10**10), Cumuls(csg=-(10**10)), Cumuls(teletravail=28_000, mobilites_durables=1)),
    "saisies": ((), (Saisie(1, "pension_alimentaire", date(2026, 1, 1)),), (Saisie(0, "dette", date(2026, 1, 1)),)),
    "segments": ((), (Segment(date(2026, 3, 15), indice_majore=420),), (Segment(date(2026, 5, 1)),)),
    "arrets": (
        (),
        (Arret("cmo", date(2026, 3, 2), date(2026, 3, 9)),),
        (Arret("sabbat", date(2026, 3, 2), date(2026, 3, 9)),),
        (Arret("greve", date(2026, 2, 2), date(2026, 2, 3)),),
    ),
}
CODES = (
    *catalogue.load(),
    *("ihts_jour", "ihts_nuit", "ihts_dimanche", "heures_complementaires", "contingent_ihts"),
    "inconnue",
)
EMPLOYEURS = (
    COMMUNE,
    replace(COMMUNE, zone_residence=4),
    replace(COMMUNE, effectif=-1),
    replace(COMMUNE, titre_restaurant_part_employeur=0),
    replace(COMMUNE, titre_restaurant_part_employeur=700),
    replace(COMMUNE, population=200_000),
    replace(COMMUNE, primes_en_absence={"cmo": "illisible"}),
)


def _spoiled(random: Random) -> Iterator[tuple[Employeur, Situation]]:
    """Des agents de toute sorte, où quelques champs et quelques éléments saisis sont remplacés au hasard."""
    while True:
        changes: dict[str, Any] = {
            champ: random.choice(CHAMPS[champ]) for champ in random.sample(sorted(CHAMPS), random.randint(0, 2))
        }
        agent = random.choice(AGENTS)
        for lieu in ("permanents", "variables"):
            codes = random.choices(CODES, k=random.randint(0, 2))
            changes[lieu] = getattr(agent, lieu) | {code: random.choice((*NOMBRES, 500, 3_000)) for code in codes}
        yield random.choice((COMMUNE, COMMUNE, *EMPLOYEURS)), replace(agent, **changes)


@pytest.mark.parametrize("mois", [MARS, Month(2025, 11), Month(2026, 11)], ids=str)
def test_aucun_controle_ecarte_n_aurait_parle(mois: Month) -> None:
    found = _spoiled(Random(f"tri {mois}"))
    pairs = [next(found) for _ in range(2_000)]

    fautifs = _compare(mois, [employeur for employeur, _ in pairs], [situation for _, situation in pairs])

    assert 200 < fautifs < 1_950, "le tirage mêle des agents sans défaut et d'autres qui en ont"


def test_un_nombre_hors_des_64_bits_fait_controler_chacun_seul() -> None:
    demesure = replace(TITULAIRE, enfants_sft=10**30)

    assert _compare(MARS, [COMMUNE] * 3, [TITULAIRE, demesure, replace(TITULAIRE, categorie="D")]) == 2


def test_un_mois_sans_chiffre_refuse_chacun_par_son_nom() -> None:
    assert _compare(Month(1950, 1), [COMMUNE] * 2, [TITULAIRE, AGENTS[5]]) == 2
