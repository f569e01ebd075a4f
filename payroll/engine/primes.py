"""Les primes saisies et le transfert primes/points."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from payroll.catalogue.rubrique import AbsencePrime, Rubrique
from payroll.engine.columns import FONCTIONNAIRES, Columns, Formula, Function, Ratio, formula
from payroll.engine.joined import whole
from payroll.money import Column, round_half_up

_CATEGORIES = ("A", "B", "C")


def _quotity(c: Columns, rubrique: Rubrique) -> Ratio:
    """La part de temps partiel d'un montant mensuel ; le temps non complet est déjà dans le montant délibéré."""
    ones = np.ones(c.size, dtype=np.int64)
    return c.ratio("fraction_temps_partiel") if rubrique.quotite else Ratio(ones, ones)


def _monthly(c: Columns, rubrique: Rubrique) -> Column:
    return _quotity(c, rubrique).apply(c[f"permanent_{rubrique.code}"])


def _paid(c: Columns, rubrique: Rubrique) -> Column:
    """Le montant mensuel réduit (temps partiel, trentièmes, sort du traitement), plus l'élément saisi pour ce mois."""
    part = _quotity(c, rubrique)
    if rubrique.absence is AbsencePrime.TRAITEMENT:
        part = part * c.ratio("fraction_versee")
    elif rubrique.trentiemes:
        part = part * c.ratio("fraction_presence")
    du = part.apply(c[f"permanent_{rubrique.code}"]) + c[f"variable_{rubrique.code}"]
    return -du if rubrique.retenue else du


def formulas_of_amounts(catalogue: Mapping[str, Rubrique]) -> dict[str, Formula]:
    """Une formule ``montant_<code>`` par rubrique saisie."""
    return {
        name: Formula(name, _paid_of(rubrique), doc)
        for rubrique in catalogue.values()
        if rubrique.saisie and not rubrique.unite
        for name, doc in ((f"montant_{rubrique.code}", _DOC.format(rubrique.libelle, rubrique.source)),)
    }


_DOC = "{} : montant saisi, réduit par la quotité et les trentièmes s'il y a lieu ({})."


def _paid_of(rubrique: Rubrique) -> Function:
    return lambda c: _paid(c, rubrique)


def _deliberated(c: Columns) -> list[Rubrique]:
    return [rubrique for rubrique in c.catalogue.values() if rubrique.absence is AbsencePrime.DELIBERATION]


@formula
def primes_mensuelles(c: Columns) -> Column:
    """Primes d'un mois entier que la délibération réduit en cas d'absence : la base des retenues (CGFP L. 714-4)."""
    return sum((_monthly(c, rubrique) for rubrique in _deliberated(c)), c.zeros())


@formula
def primes_dues(c: Columns) -> Column:
    """Les mêmes primes aux trentièmes du contrat, avant toute retenue pour absence (CGFP L. 714-4)."""
    total = c.zeros()
    for rubrique in _deliberated(c):
        part = _quotity(c, rubrique) * c.ratio("fraction_presence")
        total = total + part.apply(c[f"permanent_{rubrique.code}"])
    return total


@formula
def abattement_primes_points(c: Columns) -> Column:
    """Plafond annuel de la catégorie / 12, arrondi au centime (loi 2015-1785 art. 148 ; décret 2016-588)."""
    fonctionnaires = c.among(*FONCTIONNAIRES)
    total = c.zeros()
    for rang, categorie in enumerate(_CATEGORIES):
        ici = fonctionnaires & (c["categorie"] == rang)
        annuel = c.cents(f"transfert_primes_points.plafond_annuel.categorie_{categorie}", ici)
        total = np.where(ici, round_half_up(np.full(c.size, annuel, dtype=np.int64), 12), total)
    return total


@formula
def abattement_primes_points_du(c: Columns) -> Column:
    """Abattement mensuel × part payée du traitement, avant d'être borné (décret 2016-588 art. 2)."""
    part = c.ratio("fraction_remuneree") * c.ratio("fraction_versee")
    return part.apply(c["abattement_primes_points"])


@formula
def transfert_primes_points(c: Columns) -> Column:
    """− abattement dû, borné aux primes de son champ pour le mois entier (loi 2015-1785 art. 148)."""
    return -np.minimum(whole(c, "abattement_primes_points_du"), np.maximum(c["elements_tpp"], 0))
