"""Les accessoires du brut : CTI, avantages en nature, protection sociale complémentaire, fin de contrat.

Chaque colonne ``permanent_…`` ou ``variable_…`` lue ici est ce que la rubrique fait saisir (points, repas, jours,
euros) ; la formule en tire le montant.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from payroll.engine.columns import AGENTS, Columns, Ratio, Unit, formula
from payroll.engine.joined import whole
from payroll.money import Column, apply_rate, round_half_up

AVANTAGES = ("avantage_logement", "avantage_vehicule")
"""Les avantages en nature dont on saisit le montant ; les repas se comptent."""


@formula(unit=Unit.NOMBRE)
def cti_points(c: Columns) -> Column:
    """Points de complément de traitement indiciaire de l'agent (décret 2020-1152)."""
    return c["permanent_cti"] // 100


@formula
def cti_plein(c: Columns) -> Column:
    """Complément de traitement indiciaire à temps complet = points × traitement annuel de l'indice 100 / 1200."""
    concernes = c["cti_points"] > 0
    annuel = c.cents("point_indice.valeur_annuelle_indice_100", concernes)
    return round_half_up(c["cti_points"] * annuel, 1200)


@formula
def cti(c: Columns) -> Column:
    """Complément de traitement indiciaire du mois, à la quotité et à la part versée du traitement (décret 2020-1152).

    Une seule ligne : 90 % en maladie ordinaire, moitié à demi-traitement, rien un jour de carence ou de grève.
    """
    return (c.ratio("fraction_remuneree") * c.ratio("fraction_versee")).apply(c["cti_plein"])


@formula
def prix_repas_fourni(c: Columns) -> Column:
    """Valeur forfaitaire d'un repas fourni (arrêté du 10/12/2002 art. 1)."""
    concernes = c["variable_avantage_repas"] > 0
    return np.where(concernes, c.cents("avantage_nature.repas", concernes), 0)


@formula(unit=Unit.QUANTITE)
def repas_fournis(c: Columns) -> Column:
    """Repas fournis dans le mois, en centièmes."""
    return c["variable_avantage_repas"]


@formula
def avantage_repas(c: Columns) -> Column:
    """Repas fournis × valeur forfaitaire d'un repas (arrêté du 10/12/2002 art. 1)."""
    return round_half_up(c["repas_fournis"] * c["prix_repas_fourni"], 100)


@formula
def avantages_en_nature(c: Columns) -> Column:
    """Avantages en nature du mois : dans le brut, puis déduits du net à payer (CSS L. 242-1 ; CGI art. 82)."""
    return sum((c[f"montant_{code}"] for code in AVANTAGES), c["avantage_repas"])


@formula
def avantages_en_nature_deduits(c: Columns) -> Column:
    """− avantages en nature, ceux des premières parties du mois et des rappels compris : déjà reçus en nature."""
    lignes = ("avantage_repas", *(f"montant_{code}" for code in AVANTAGES))
    total: Column = sum((whole(c, ligne, rappels=True) for ligne in lignes), c.zeros())
    return -total


@formula
def sans_assiette(c: Columns) -> Column:
    """Aucune assiette : la part est un montant fixé par le contrat collectif."""
    return c.zeros()


@formula
def psc_employeur_imposable(c: Columns) -> Column:
    """Part de l'employeur au contrat collectif obligatoire de santé : imposable (CGI art. 83, 1° quater)."""
    return c["cotisation_psc_sante_obligatoire_employeur"]


@formula
def psc_employeur_csg(c: Columns) -> Column:
    """Parts de l'employeur aux contrats collectifs obligatoires : CSG et CRDS sans abattement (CSS L. 136-1-1)."""
    return c["cotisation_psc_sante_obligatoire_employeur"] + c["cotisation_psc_prevoyance_obligatoire_employeur"]


@formula
def indemnite_fin_contrat(c: Columns) -> Column:
    """10 % de la rémunération brute globale du contrat et de ses renouvellements (décret 88-145 art. 39-1-1)."""
    base = c["base_indemnite_fin_contrat"]
    return apply_rate(base, c.rate("fin_contrat.indemnite.taux", base > 0))


@formula
def base_indemnite_fin_contrat(c: Columns) -> Column:
    """Rémunération brute globale du contrat, telle qu'on la saisit (décret 88-145 art. 39-1-1)."""
    return c["variable_indemnite_fin_contrat"]


@formula(unit=Unit.QUANTITE)
def jours_conges_non_pris(c: Columns) -> Column:
    """Jours de congé annuel non pris à la fin de la relation de travail, en centièmes."""
    return c["variable_indemnite_conges_payes"]


@formula
def remuneration_conges_payes(c: Columns) -> Column:
    """Rémunération brute d'un mois entier : traitement, NBI, CTI, résidence, SFT et primes mensuelles.

    Arrêté du 21/06/2025 (congés non pris, territoriale) : primes exceptionnelles, frais, participation à la protection
    sociale et heures supplémentaires exclus.
    """
    concernes = (c["jours_conges_non_pris"] > 0) & c.among(*AGENTS)
    mensuel = (
        c["traitement_mensuel"]
        + c["nbi_mensuelle"]
        + c.ratio("fraction_remuneree").apply(c["cti_plein"])
        + c["indemnite_residence_mensuelle"]
        + c["sft_mensuel"]
        + c["primes_mensuelles"]
    )
    return np.where(concernes, mensuel, 0)


@formula
def indemnite_conges_payes(c: Columns) -> Column:
    """Jours non pris × rémunération mensuelle brute × 12 / 250 (décret 85-1250 art. 5-2 ; arrêté du 21/06/2025)."""
    jours = c["jours_conges_non_pris"]
    diviseur = c.integer("conges_payes.diviseur", jours > 0) or 1
    part = Ratio.of(jours, np.ones_like(jours)) * Fraction(12, 100 * diviseur)
    return part.apply(c["remuneration_conges_payes"])
