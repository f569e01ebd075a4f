"""Les colonnes d'entrée des absences : trentièmes par motif, heures, indemnités, clauses de la délibération."""

from __future__ import annotations

from functools import lru_cache

from payroll.engine.columns import Input, Unit
from payroll.engine.deliberations import NATURE_DU_MOTIF, clause_of, kept
from payroll.engine.jours import NATURES, PARTIELLES
from payroll.engine.situation import Employeur
from payroll.legislation.conges import load_conges

INPUTS_ABSENCES = (
    *(
        Input(f"jours_{motif}", f"{load_conges().motifs[motif].libelle}, en trentièmes.", Unit.JOURS)
        for motif in NATURES
    ),
    *(
        Input(f"demi_journees_{nature}", f"Demi-journées d'absence : {nature.replace('_', ' ')}.", Unit.QUANTITE)
        for nature in PARTIELLES
    ),
    *(
        Input(f"heures_{nature}", f"Heures d'absence : {nature.replace('_', ' ')}.", Unit.HEURES)
        for nature in PARTIELLES
    ),
    *(
        Input(
            f"clause_primes_{motif}",
            f"Primes pendant « {load_conges().motifs[motif].libelle} » d'après la délibération : part gardée en "
            "millionièmes (−1 : comme le traitement ; −2 : comme à l'État).",
            Unit.NOMBRE,
        )
        for motif in NATURE_DU_MOTIF
    ),
    Input("quotite_tpt", "Part de temps travaillée en temps partiel thérapeutique.", Unit.TAUX),
    Input("subrogation", "L'employeur reçoit les indemnités journalières de l'agent.", Unit.OUI_NON),
    Input("jours_ijss", "Jours calendaires indemnisés par la CPAM.", Unit.QUANTITE),
    Input("ijss_du_jour", "Indemnité brute d'un jour, si elle est la même tout le mois (CSS R. 323-4, R. 331-5)."),
    Input("ijss_decomptees", "Le décompte de la CPAM est donné.", Unit.OUI_NON),
    Input("ijss_estimees", "Indemnités journalières brutes calculées (CSS R. 323-4, R. 331-5, R. 433-4)."),
    Input("ijss_imposables_brutes", "Part brute des indemnités imposable par l'employeur."),
)
"""Toutes ces colonnes, avec ce qu'elles disent."""

MESURES = tuple(entry.name for entry in INPUTS_ABSENCES if not entry.name.startswith("clause_primes_"))
"""Les colonnes tirées des absences de chaque agent."""

CLAUSES = tuple(f"clause_primes_{motif}" for motif in NATURE_DU_MOTIF)
"""Les colonnes tirées de la délibération de chaque adhérent."""


def clause_values(employeur: Employeur) -> tuple[int, ...]:
    """Ce que la délibération de l'adhérent garde des primes, motif par motif, dans l'ordre de ``CLAUSES``."""
    return _clause_values(tuple(clause_of(employeur, nature) for nature in _NATURES))


_NATURES = tuple(dict.fromkeys(nature for nature, _ in NATURE_DU_MOTIF.values()))


@lru_cache(maxsize=1024)
def _clause_values(clauses: tuple[str, ...]) -> tuple[int, ...]:
    # Les délibérations se ressemblent : 600 adhérents n'en ont que quelques-unes (de 5,1 à 4,4 ms).
    par_nature = dict(zip(_NATURES, clauses, strict=True))
    return tuple(_kept(par_nature[nature], rang) for nature, rang in NATURE_DU_MOTIF.values())


def _kept(clause: str, rang: int) -> int:
    """La part gardée ; rien si la clause est illisible : l'agent qu'elle concerne est déjà refusé."""
    try:
        return kept(clause, rang)
    except ValueError:
        return 0
