"""Un lot mêlé, tiré d'une graine : toutes les populations, une trentaine de lignes par bulletin d'agent, aucun pareil.

Les parts (titulaires, contractuels, élus…) et la fréquence des éléments sont celles d'un département rural, arrondies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from random import Random

from payroll.engine.situation import (
    Apprenti,
    Arret,
    Cumuls,
    Employeur,
    Mandat,
    RegimeRetraite,
    Situation,
    Statut,
)

AGENTS_PAR_EMPLOYEUR = 20

_PARTS = (
    (62, "titulaire"), (5, "titulaire_ircantec"), (19, "contractuel"), (8, "elu"), (2, "apprenti"), (2, "pec"),
    (2, "vacataire"),
)  # fmt: skip
"""Pour cent agents."""


def draw(count: int, seed: int = 2026) -> tuple[list[Employeur], list[Situation]]:
    """``count`` situations de novembre 2026, vingt par employeur, que le moteur accepte toutes."""
    random = Random(seed)
    employeurs, situations = [], []
    for rang in range(count):
        if rang % AGENTS_PAR_EMPLOYEUR == 0:
            employeur = _employer(random)
        employeurs.append(employeur)
        (qui,) = random.choices([name for _, name in _PARTS], [part for part, _ in _PARTS])
        situations.append(_DRAWN[qui](random, f"M{rang:07d}"))
    return employeurs, situations


def shifted(
    employeurs: list[Employeur], situations: list[Situation], step: int
) -> tuple[list[Employeur], list[Situation]]:
    """Un autre lot de même taille, tiré de celui-ci : autres matricules, autres indices, autres employeurs.

    Le ``step``-ième : chaque agent gagne autant de points d'indice, et passe autant d'employeurs plus loin. Cinq à dix
    fois moins cher qu'un tirage : de quoi composer un pays d'une seule tranche tirée.
    """
    place = step * AGENTS_PAR_EMPLOYEUR % len(employeurs)
    start = step * len(situations)
    return [*employeurs[place:], *employeurs[:place]], [
        replace(
            situation,
            matricule=f"M{start + rang:07d}",
            indice_majore=situation.indice_majore + step if situation.indice_majore else 0,
        )
        for rang, situation in enumerate(situations)
    ]


def _employer(random: Random) -> Employeur:
    return Employeur(
        population=random.randint(200, 3_000),
        effectif=random.choice((8, 15, 22, 49, 60)),
        zone_residence=random.choice((1, 2, 2, 3)),
        taux_at_ppm=random.randrange(10_000, 20_000, 100),
        taux_versement_mobilite_ppm=random.choice((5_000, 8_000, 12_000)),
        taux_cdg_ppm=14_300,
        assurance_chomage=random.random() < 0.5,
        titre_restaurant_valeur=800,
        titre_restaurant_part_employeur=400,
    )


_ALLOWANCES = (
    ("prime_diverse", 0.5, 1_000, 9_000),
    ("iccsg", 0.6, 500, 3_000),
    ("psc_sante_facultative", 0.9, 1_500, 3_000),
    ("psc_prevoyance_facultative", 0.9, 700, 2_000),
    ("remboursement_transport", 0.3, 1_000, 4_000),
    ("retenue_mutuelle", 0.7, 2_000, 9_000),
)
_ELEMENTS = (
    ("astreinte", 0.3, 5_000, 16_000),
    ("permanence", 0.1, 2_000, 9_000),
    ("cia", 0.5, 5_000, 60_000),
    ("prime_annuelle", 0.6, 20_000, 90_000),
    ("indemnite_dimanche", 0.3, 1_000, 5_000),
    ("indemnite_nuit", 0.1, 500, 3_000),
    ("frais_mission", 0.2, 1_000, 20_000),
    ("acompte", 0.03, 5_000, 20_000),
)
"""Rubrique, part des agents qui l'ont, plus petit et plus grand montant en centimes."""


def _amounts(random: Random, rows: tuple[tuple[str, float, int, int], ...]) -> dict[str, int]:
    return {code: random.randint(low, high) for code, chance, low, high in rows if random.random() < chance}


def _allowances(random: Random) -> dict[str, int]:
    return {"ifse": random.randint(8_000, 60_000), **_amounts(random, _ALLOWANCES)}


def _elements(random: Random, *, overtime: bool) -> dict[str, int]:
    found = _amounts(random, _ELEMENTS)
    if random.random() < 0.7:
        found["titres_restaurant"] = random.randrange(500, 2_100, 100)
    if overtime and random.random() < 0.6:
        found["ihts_jour"] = random.randrange(100, 900, 25)
        found["ihts_dimanche"] = random.choice((0, 300))
    return found


def _indexed(statut: Statut, regime: RegimeRetraite) -> Callable[[Random, str], Situation]:
    def drawn(random: Random, matricule: str) -> Situation:
        fonctionnaire = statut is Statut.TITULAIRE
        plein = regime is RegimeRetraite.CNRACL or (not fonctionnaire and random.random() < 0.7)
        categorie = random.choices("ABC", (1, 2, 7))[0]
        absent = random.random() < 0.05
        debut = random.randint(2, 12)
        arret = Arret("cmo", date(2026, 11, debut), date(2026, 11, debut + random.randint(1, 15)))
        traitement = random.randint(1_500_000, 2_500_000)
        return Situation(
            matricule,
            statut,
            regime,
            indice_majore=random.randint(366, 560),
            heures_hebdo=Fraction(35) if plein else Fraction(random.choice((20, 24, 27)), 1),
            quotite=random.choices((Fraction(1), Fraction(4, 5), Fraction(1, 2)), (85, 12, 3))[0],
            nbi=random.choice((0, 0, 10, 25)) if fonctionnaire else 0,
            enfants_sft=random.choices((0, 1, 2, 3), (35, 20, 30, 15))[0],
            categorie=categorie,
            date_naissance=date(random.randint(1962, 2001), random.randint(1, 12), random.randint(1, 28)),
            date_debut=date(random.randint(2000, 2025), random.randint(1, 12), 1),
            taux_pas_ppm=random.randrange(0, 140_000, 1_000) if random.random() < 0.9 else None,
            permanents=_allowances(random),
            variables=_elements(random, overtime=plein and categorie != "A"),
            arrets=(arret,) if absent else (),
            salaires_precedents={f"2026-{month:02d}": 200_000 for month in (8, 9, 10)} if absent else {},
            cumuls=_totals(random, traitement),
        )

    return drawn


def _totals(random: Random, traitement: int) -> Cumuls:
    primes = random.randint(100_000, 500_000)
    brut, plafond = traitement + primes, 10 * 400_500
    return Cumuls(
        brut=brut,
        net_imposable=brut * 85 // 100,
        rafp_elements=primes,
        rafp_traitement=traitement,
        rafp_assiette=min(primes, traitement // 5),
        heures_exonerees=random.randint(0, 300_000),
        plafond=plafond,
        regime_general=brut,
        vieillesse_plafonnee=min(brut, plafond),
        ircantec=brut,
        ircantec_a=min(brut, plafond),
        chomage=brut,
        chomage_assiette=min(brut, 4 * plafond),
        securite_sociale=brut,
        fnal_assiette=min(brut, plafond),
        csg=brut,
        csg_abattue=min(brut, 4 * plafond),
    )


def _elected(random: Random, matricule: str) -> Situation:
    name = random.choice(("maire", "adjoint", "conseiller"))
    taux = {"maire": 230_000, "adjoint": 90_000, "conseiller": 40_000}[name]
    return Situation(
        matricule,
        Statut.ELU,
        RegimeRetraite.IRCANTEC,
        taux_pas_ppm=random.randrange(0, 140_000, 1_000),
        elu=Mandat(name, taux_indemnite_ppm=random.randrange(10_000, taux, 1_000)),
    )


def _apprentice(random: Random, matricule: str) -> Situation:
    return Situation(
        matricule,
        Statut.APPRENTI,
        RegimeRetraite.IRCANTEC,
        date_naissance=date(random.randint(2003, 2009), random.randint(1, 12), random.randint(1, 28)),
        date_debut=date(2026, 9, 1),
        taux_pas_ppm=0,
        apprenti=Apprenti(annee=1),
    )


def _by_the_hour(statut: Statut) -> Callable[[Random, str], Situation]:
    def drawn(random: Random, matricule: str) -> Situation:
        pec = statut is Statut.PEC
        return Situation(
            matricule,
            statut,
            RegimeRetraite.IRCANTEC,
            heures_hebdo=Fraction(random.choice((20, 26, 35))),
            taux_horaire=random.randint(1_250, 2_500),
            date_debut=date(2026, 3, 1),
            taux_pas_ppm=random.randrange(0, 60_000, 1_000),
            variables={} if pec else {"heures_travaillees": random.randrange(500, 9_000, 25)},
        )

    return drawn


_DRAWN: dict[str, Callable[[Random, str], Situation]] = {
    "titulaire": _indexed(Statut.TITULAIRE, RegimeRetraite.CNRACL),
    "titulaire_ircantec": _indexed(Statut.TITULAIRE, RegimeRetraite.IRCANTEC),
    "contractuel": _indexed(Statut.CONTRACTUEL, RegimeRetraite.IRCANTEC),
    "elu": _elected,
    "apprenti": _apprentice,
    "pec": _by_the_hour(Statut.PEC),
    "vacataire": _by_the_hour(Statut.VACATAIRE),
}
