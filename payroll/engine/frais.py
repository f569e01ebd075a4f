"""Les frais et avantages hors du brut : transport, mobilités durables, télétravail, titres-restaurant.

Rien d'ici n'entre dans une assiette : ce sont des lignes d'après le net (CSS L. 136-1-1 ; CGI art. 81, 19° à 19° ter).
"""

from __future__ import annotations

import numpy as np

from payroll.engine.columns import Columns, Mask, Unit, formula
from payroll.money import Column, apply_rate, round_half_up

SEUILS_MOBILITES = (
    ("forfait_mobilites_durables.seuil.30_jours", "forfait_mobilites_durables.30_59_jours"),
    ("forfait_mobilites_durables.seuil.60_jours", "forfait_mobilites_durables.60_99_jours"),
    ("forfait_mobilites_durables.seuil.100_jours", "forfait_mobilites_durables.100_plus_jours"),
)
"""Jours à atteindre et forfait annuel qu'ils ouvrent, du moins au plus (décret 2020-1547 art. 2 et 3)."""


@formula
def abonnement_transport(c: Columns) -> Column:
    """Prix mensuel de l'abonnement de transport de l'agent."""
    return c["permanent_prise_en_charge_transport"]


@formula(unit=Unit.OUI_NON)
def transport_demi(c: Columns) -> Column:
    """Vrai si l'agent travaille moins de la moitié du temps complet (décret 2010-676)."""
    duree = c.ratio("heures_hebdo") * c.ratio("quotite")
    complet = c.integer("temps_complet.heures_hebdomadaires")
    return (2 * duree.num < complet * duree.den).astype(np.int64)


@formula
def prise_en_charge_transport(c: Columns) -> Column:
    """75 % de l'abonnement, dans la limite du plafond mensuel, réduits de moitié sous un mi-temps (décret 2010-676)."""
    abonnement = c["abonnement_transport"]
    concernes = abonnement > 0
    part = apply_rate(abonnement, c.rate("transport_domicile_travail.taux_prise_en_charge", concernes))
    pris = np.minimum(part, c.cents("transport_domicile_travail.plafond_mensuel", concernes))
    return np.where(c.flag("transport_demi"), round_half_up(pris, 2), pris)


@formula(unit=Unit.QUANTITE)
def jours_mobilites_durables(c: Columns) -> Column:
    """Jours de vélo, de covoiturage… attestés pour l'année, en centièmes (décret 2020-1547)."""
    return c["variable_forfait_mobilites_durables"]


@formula
def bareme_mobilites_durables(c: Columns) -> Column:
    """Forfait annuel de la tranche atteinte ; les seuils de jours suivent la quotité de travail (décret 2020-1547).

    Temps non complet et temps partiel : jours ≥ seuil × quotité.
    """
    jours = c["jours_mobilites_durables"]
    concernes = jours > 0
    quotite = c.ratio("fraction_temps_non_complet") * c.ratio("quotite")
    montant = c.zeros()
    for seuil, forfait in SEUILS_MOBILITES:
        atteint: Mask = jours * quotite.den >= c.integer(seuil, concernes) * 100 * quotite.num
        montant = np.where(concernes & atteint, c.cents(forfait, concernes), montant)
    return montant


@formula
def forfait_mobilites_durables(c: Columns) -> Column:
    """Forfait de la tranche, moins ce qui a déjà été versé dans l'année civile (décret 2020-1547)."""
    reste: Column = np.maximum(c["bareme_mobilites_durables"] - c["cumul_mobilites_durables"], 0)
    return reste


@formula(unit=Unit.QUANTITE)
def jours_teletravail(c: Columns) -> Column:
    """Jours de télétravail à indemniser, en centièmes (décret 2021-1123)."""
    return c["variable_indemnite_teletravail"]


@formula
def prix_jour_teletravail(c: Columns) -> Column:
    """Indemnité d'un jour de télétravail (arrêté du 26/08/2021)."""
    concernes = c["jours_teletravail"] > 0
    return np.where(concernes, c.cents("teletravail.indemnite_journaliere", concernes), 0)


@formula
def indemnite_teletravail(c: Columns) -> Column:
    """Jours × indemnité journalière, dans ce que laisse le plafond de l'année (décret 2021-1123)."""
    concernes = c["jours_teletravail"] > 0
    due = round_half_up(c["jours_teletravail"] * c["prix_jour_teletravail"], 100)
    reste = np.maximum(c.cents("teletravail.plafond_annuel", concernes) - c["cumul_teletravail"], 0)
    return np.where(concernes, np.minimum(due, reste), 0)


@formula(unit=Unit.QUANTITE)
def nombre_titres_restaurant(c: Columns) -> Column:
    """Titres-restaurant remis dans le mois, en centièmes."""
    return c["variable_titres_restaurant"]


@formula
def part_agent_titre_restaurant(c: Columns) -> Column:
    """Part de l'agent dans un titre = valeur − part de l'employeur (CGI art. 81, 19°)."""
    return c["titre_restaurant_valeur"] - c["titre_restaurant_part_employeur"]


@formula
def titres_restaurant(c: Columns) -> Column:
    """− (titres remis × valeur − part de l'employeur) : la part de l'agent, retenue sur le net (CGI art. 81, 19°)."""
    valeur = round_half_up(c["nombre_titres_restaurant"] * c["titre_restaurant_valeur"], 100)
    return c["titres_restaurant_employeur"] - valeur


@formula
def titres_restaurant_employeur(c: Columns) -> Column:
    """Titres remis × part de l'employeur : exonérée, déclarée à part (CGI art. 81, 19°)."""
    return round_half_up(c["nombre_titres_restaurant"] * c["titre_restaurant_part_employeur"], 100)
