"""Les colonnes d'entrée des absences : trentièmes par motif, heures, indemnités, clauses de la délibération."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from payroll.engine.columns import Input, Unit
from payroll.engine.deliberations import NATURE_DU_MOTIF, clause_of, kept
from payroll.engine.jours import NATURES, PARTIELLES
from payroll.engine.situation import Employeur
from payroll.legislation.conges import load_conges
from payroll.money import Column

if TYPE_CHECKING:
    from payroll.engine.inputs import Accepted

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

_MESURES = tuple(entry.name for entry in INPUTS_ABSENCES if not entry.name.startswith("clause_primes_"))


def absence_columns(agents: Sequence[Accepted]) -> dict[str, Column]:
    """Les colonnes tirées des absences ; sans absence, toutes partagent la même colonne nulle."""
    zero = np.zeros(len(agents), dtype=np.int64)
    found: dict[str, Column] = dict.fromkeys(_MESURES, zero)
    for rang, agent in enumerate(agents):
        for name, value in (*((f"jours_{m}", n) for m, n in agent.absences.items()), *agent.mesures.items()):
            if found[name] is zero:
                found[name] = np.zeros(len(agents), dtype=np.int64)
            found[name][rang] = value
    return found


def clause_columns(of_employer: Callable[[Callable[[Employeur], int]], Column]) -> dict[str, Column]:
    """Ce que la délibération de chaque adhérent garde des primes, motif par motif."""
    return {
        f"clause_primes_{motif}": of_employer(lambda e, n=nature, r=rang: _kept(clause_of(e, n), r))  # type: ignore[misc]
        for motif, (nature, rang) in NATURE_DU_MOTIF.items()
    }


def _kept(clause: str, rang: int) -> int:
    """La part gardée ; rien si la clause est illisible : l'agent qu'elle concerne est déjà refusé."""
    try:
        return kept(clause, rang)
    except ValueError:
        return 0
