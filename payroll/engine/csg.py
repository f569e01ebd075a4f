"""La CSG, la CRDS et le sort fiscal des heures exonérées."""

from __future__ import annotations

import numpy as np

from payroll.engine.columns import SALARIES, Columns, formula
from payroll.money import PPM, Column, apply_rate, round_half_up


def _abated(c: Columns, amount: Column, abattu: Column) -> Column:
    """La part abattue et le reste, pris entier, arrondis ensemble une seule fois."""
    taux = np.where(c.among("elu"), 0, c.rate("csg.abattement.taux", c.among(*SALARIES)))
    weighted: Column = amount * PPM - abattu * taux
    return round_half_up(weighted, PPM)


@formula
def csg_abattue_heures_exonerees(c: Columns) -> Column:
    """Part de l'abattement qui reste aux heures exonérées, après les autres revenus (CSS L. 136-2)."""
    heures = c["heures_exonerees"]
    return np.clip(c["csg_abattue"] - (c["revenu_csg"] - heures), 0, heures)


@formula
def heures_nettes_imposables(c: Columns) -> Column:
    """Heures du mois nettes de la CSG déductible qu'elles supporteraient : ce que compte le plafond annuel.

    CGI art. 81 quater : la limite s'entend en net imposable.
    """
    heures = c["elements_heures_exonerables"]
    payees = heures != 0
    base = apply_rate(heures, PPM - c.rate("csg.abattement.taux", payees))
    return heures - apply_rate(base, c.rate("csg.deductible.taux", payees))


@formula
def heures_exonerees_nettes(c: Columns) -> Column:
    """Part des heures nettes encore sous le plafond fiscal de l'année (CGI art. 81 quater)."""
    nettes = c["heures_nettes_imposables"]
    plafond = c.cents("exoneration_heures_sup.plafond_fiscal_annuel", nettes > 0)
    return np.minimum(nettes, np.maximum(plafond - c["cumul_heures_exonerees"], 0))


@formula
def heures_exonerees(c: Columns) -> Column:
    """Heures brutes exonérées d'impôt ce mois, au prorata de ce que laisse le plafond annuel (CGI art. 81 quater)."""
    nettes = c["heures_nettes_imposables"]
    # Des heures reprises (rappel négatif) rendent l'exonération qu'elles avaient eue.
    part = c["elements_heures_exonerables"] * c["heures_exonerees_nettes"] * np.sign(nettes)
    return round_half_up(part, np.maximum(np.abs(nettes), 1))


@formula
def assiette_csg(c: Columns) -> Column:
    """Rémunération hors heures exonérées × 98,25 % jusqu'à quatre plafonds, 100 % au-delà (CSS L. 136-1-1, L. 136-2).

    Indemnités d'élus et participations à la protection sociale complémentaire : 100 %, sans abattement.
    """
    montant = c["revenu_csg"] - c["heures_exonerees"]
    abattue = c["csg_abattue"] - c["csg_abattue_heures_exonerees"]
    elus = c.among("elu")
    part = c.rate("elu.csg_crds.assiette", elus)
    entiere: Column = c["elements_csg_entiere"] + c["psc_employeur_csg"]
    return np.where(elus, apply_rate(montant, part), _abated(c, montant, abattue)) + entiere


@formula
def assiette_csg_heures_exonerees(c: Columns) -> Column:
    """Heures exonérées × 98,25 % dans ce qui reste sous quatre plafonds (CSS L. 136-2 ; CGI art. 154 quinquies)."""
    return _abated(c, c["heures_exonerees"], c["csg_abattue_heures_exonerees"])
