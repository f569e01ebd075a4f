"""Les cotisations d'un rappel qui gardent le taux et le plafond du mois du droit : CNRACL, ATIACL, IRCANTEC.

Les textes lus ne tranchent pas entre le mois du droit et celui du versement (doute ``rappel.cnracl_ircantec_taux``) :
la déclaration rattache ces régimes à la période, c'est elle qui décide ici.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from payroll.catalogue import Regle, Rubrique
from payroll.engine.bulletin import Ligne
from payroll.engine.columns import Columns
from payroll.engine.situation import Rappel
from payroll.money import apply_rate, round_half_up

ASSIETTES_D_ORIGINE: Mapping[str, str] = {
    "assiette_cnracl": "cnracl",
    "assiette_atiacl": "atiacl",
    "assiette_ircantec_a": "ircantec",
    "assiette_ircantec_b": "ircantec",
}
"""Colonne d'assiette → assiette du catalogue dont un rappel garde les taux du mois du droit."""

HORS_DU_MOIS = frozenset({*ASSIETTES_D_ORIGINE.values(), "tpp"})
"""Les assiettes du mois payé où un rappel n'entre pas ; le transfert primes/points se refait dans le mois du droit."""

Share = Callable[[int, int, int], int]


def origin_contributions(
    table: Columns, rang: int, rappel: Rappel, differences: Mapping[str, int], qui: str, share: Share
) -> Iterator[Ligne]:
    """Une ligne par cotisation du mois du droit : différence d'assiette × taux de ce mois. Lève ``FigureMissing``."""
    catalogue = table.catalogue
    for rubrique in catalogue.values():
        for regle in rubrique.regles:
            if regle.assiette not in ASSIETTES_D_ORIGINE or qui not in regle.populations:
                continue
            entiere = _base(table, rang, regle, differences)
            base = share(entiere, rappel.rang, rappel.sur)
            if base:
                yield _line(table, rubrique, regle, base, rappel)


def _base(table: Columns, rang: int, regle: Regle, differences: Mapping[str, int]) -> int:
    """La différence d'assiette du mois du droit : ce que l'assiette juste a de plus que celle déjà cotisée."""
    element = ASSIETTES_D_ORIGINE[regle.assiette]
    ecart = sum(montant for code, montant in differences.items() if element in table.catalogue[code].assiettes)
    if element in ("cnracl", "atiacl"):
        part = table.ratio("part_cnracl")
        return round_half_up(ecart * int(part.num[rang]), int(part.den[rang]))
    due = int(table[f"elements_{element}"][rang])
    plafond = int(table["plafond_periode"][rang])
    haut = plafond * table.figures.integer("ircantec.plafond_tranche_b")
    bornes = (0, plafond) if regle.assiette == "assiette_ircantec_a" else (plafond, haut)
    return _between(due, *bornes) - _between(due - ecart, *bornes)


def _between(montant: int, bas: int, haut: int) -> int:
    """La part d'un montant entre deux bornes."""
    return max(min(montant, haut) - bas, 0)


def _line(table: Columns, rubrique: Rubrique, regle: Regle, base: int, rappel: Rappel) -> Ligne:
    salarie = table.figures.rate(regle.salarie) if regle.salarie else None
    employeur = table.figures.rate(regle.employeur) if regle.employeur else None
    return Ligne(
        rubrique.code,
        rubrique.intitule,
        rubrique.section,
        rubrique.ordre,
        base=base,
        taux_salarie_ppm=salarie,
        montant_salarie=apply_rate(base, salarie or 0),
        taux_employeur_ppm=employeur,
        montant_employeur=apply_rate(base, employeur or 0),
        periode=rappel.mois,
    )
