"""Les plafonds de la sécurité sociale : partagés entre les contrats d'une personne, régularisés sur l'année.

La méthode est celle de la RAFP : la plus petite somme de l'année, rémunérations ou plafonds, moins ce qui a déjà
cotisé. Sans mois antérieur, elle donne exactement le plafonnement du mois.
"""

from __future__ import annotations

import numpy as np

from payroll.engine.columns import SALARIES, Columns, Mask, Ratio, Unit, formula
from payroll.money import PPM, Column

_REGLE = "plafond.regularisation_progressive"


@formula(unit=Unit.FRACTION)
def part_du_plafond(c: Columns) -> Ratio:
    """Part de ce contrat dans les rémunérations de la personne : le plafond se partage (CSS L. 242-3, R. 242-3).

    Un élu assujetti compte ses autres mandats ; une rémunération nulle ou négative ne partage rien.
    """
    ici = c["assiette_regime_general"]
    mandats = c["autres_mandats_brut"] * (c.rate("elu.partage_du_plafond", c.among("elu")) // PPM)
    ailleurs = c["autres_remunerations"] + mandats
    partage = (ici > 0) & (ailleurs > 0)
    return Ratio.of(np.where(partage, ici, 1), np.where(partage, ici + ailleurs, 1))


@formula
def plafond_applicable(c: Columns) -> Column:
    """Plafond du mois laissé à ce contrat : jours, durée, puis part de ses rémunérations (CSS R. 242-2, R. 242-3)."""
    return c.ratio("part_du_plafond").apply(c["plafond_periode"])


def _before(c: Columns, name: str) -> Column:
    """Un cumul d'avant le mois ; zéro si la régularisation ne s'applique pas."""
    return c[f"cumul_{name}"] if c.rate(_REGLE) else c.zeros()


@formula
def plafond_du_mois(c: Columns) -> Column:
    """Plafond que ce mois ajoute à l'année : aucun si rien n'est payé (CSS R. 242-2, R. 243-10)."""
    return np.where(c["elements_csg"] > 0, c["plafond_applicable"], 0)


@formula
def plafond_cumule(c: Columns) -> Column:
    """Plafonds depuis janvier, ce mois compris (CSS R. 243-10)."""
    return _before(c, "plafond") + c["plafond_du_mois"]


def _capped(c: Columns, montant: str, deja: str, assiette: str, multiple: int = 1) -> Column:
    """min(rémunérations de l'année ; plafonds de l'année) − assiettes déjà cotisées."""
    cumul = _before(c, deja) + c[montant]
    base: Column = np.minimum(cumul, c["plafond_cumule"] * multiple) - _before(c, assiette)
    return base


@formula
def assiette_vieillesse_plafonnee(c: Columns) -> Column:
    """Rémunération dans la limite du plafond, régularisée sur l'année (CSS L. 241-3, D. 242-4, R. 243-10)."""
    return _capped(c, "assiette_regime_general", "regime_general", "vieillesse_plafonnee")


@formula
def assiette_fnal(c: Columns) -> Column:
    """Assiette du FNAL : plafonnée et régularisée sous 50 agents, entière à partir de 50 (CCH L. 813-5)."""
    entiere = c["assiette_securite_sociale"]
    return np.where(c.flag("effectif_fnal_entier"), entiere, _capped(c, *_FNAL))


_FNAL = ("assiette_securite_sociale", "securite_sociale", "fnal_assiette")


@formula
def assiette_ircantec_a(c: Columns) -> Column:
    """Tranche A : jusqu'au plafond, régularisée sur l'année (décret 70-1277 art. 7 ; CSS R. 243-10)."""
    return _capped(c, "assiette_ircantec", "ircantec", "ircantec_a")


@formula
def assiette_ircantec_b(c: Columns) -> Column:
    """Tranche B : du plafond à huit plafonds, régularisée sur l'année (décret 70-1277 art. 7 ; CSS R. 243-10)."""
    cumul = _before(c, "ircantec") + c["assiette_ircantec"]
    plafond = c["plafond_cumule"]
    depasse: Mask = cumul > plafond
    haut = plafond * c.integer("ircantec.plafond_tranche_b", depasse)
    tranche = np.where(depasse, np.minimum(cumul, haut) - plafond, 0)
    return tranche - _before(c, "ircantec_b")


@formula
def remuneration_chomage(c: Columns) -> Column:
    """Rémunération des agents de droit public non titulaires et des contrats aidés (C. trav. L. 5424-1)."""
    return np.where(c.among("contractuel", "vacataire", "pec"), c["assiette_regime_general"], 0)


@formula
def assiette_assurance_chomage(c: Columns) -> Column:
    """Cette rémunération jusqu'à quatre plafonds, régularisée sur l'année (C. trav. L. 5422-9 ; CSS R. 243-10)."""
    assures = c.among("contractuel", "vacataire", "pec")
    multiple = c.integer("chomage.plafond", assures)
    return np.where(assures, _capped(c, "remuneration_chomage", "chomage", "chomage_assiette", multiple), 0)


@formula
def csg_abattue(c: Columns) -> Column:
    """Revenus admis à l'abattement pour frais : jusqu'à quatre plafonds de l'année (CSS L. 136-2, R. 243-10)."""
    salaries = c.among(*SALARIES)
    multiple = c.integer("csg.abattement.plafond", salaries)
    return np.where(salaries, _capped(c, "revenu_csg", "csg", "csg_abattue", multiple), 0)
