"""Les élus locaux : indemnité de fonction, seuil d'assujettissement, frais d'emploi."""

from __future__ import annotations

import numpy as np

from payroll.engine.columns import Columns, Unit, formula
from payroll.money import PPM, Column, apply_rate, round_half_up


@formula
def indice_terminal(c: Columns) -> Column:
    """Traitement mensuel de l'indice brut terminal, référence des indemnités (CGCT L. 2123-20)."""
    elus = c.among("elu")
    annuel = c.cents("point_indice.valeur_annuelle_indice_100", elus)
    mensuel = round_half_up(c.integer("indice_brut_terminal.indice_majore", elus) * annuel, 1200)
    return np.where(elus, mensuel, 0)


@formula
def indemnite_fonction_mensuelle(c: Columns) -> Column:
    """Indemnité d'un mois entier = taux délibéré × indice brut terminal (CGCT L. 2123-20 et s.)."""
    return apply_rate(c["indice_terminal"], c["taux_indemnite"])


@formula
def indemnite_fonction(c: Columns) -> Column:
    """Indemnité du mois = taux délibéré × indice brut terminal × trentièmes du mandat (CGCT L. 2123-20 et s.)."""
    # Le taux est en millionièmes : on l'applique et on réduit en trentièmes avant l'unique arrondi.
    presence = c.ratio("fraction_presence")
    return round_half_up(c["indice_terminal"] * c["taux_indemnite"] * presence.num, presence.den * PPM)


@formula(unit=Unit.OUI_NON)
def elu_assujetti(c: Columns) -> Column:
    """Vrai si les indemnités de tous mandats dépassent le demi-plafond, sur option ou si l'activité a cessé.

    CSS L. 382-31 et D. 382-34. Le seuil est mensuel : il se compare au mois entier, même en début de mandat.
    """
    elus = c.among("elu")
    total = c["indemnite_fonction_mensuelle"] + c["autres_mandats_brut"]
    depasse = total > c.cents("elu.seuil_assujettissement.mensuel", elus)
    return (elus & (depasse | c.flag("option_assujettissement") | c.flag("activite_cessee"))).astype(np.int64)


@formula(unit=Unit.TAUX)
def taux_frais_emploi(c: Columns) -> Column:
    """Taux de la fraction pour frais d'emploi : petite commune, sinon selon le nombre de mandats (CGI art. 81-1°)."""
    elus = c.among("elu")
    petite = elus & c.flag("mandat_petite_commune")
    plusieurs = elus & ~petite & (c["nombre_mandats"] > 1)
    un = elus & ~petite & ~plusieurs
    taux = c.zeros()
    taux[petite] = c.rate("elu.frais_emploi.commune_moins_3500.taux", petite)
    taux[plusieurs] = c.rate("elu.frais_emploi.plusieurs_mandats.taux", plusieurs)
    taux[un] = c.rate("elu.frais_emploi.mandat_unique.taux", un)
    return taux


@formula
def frais_emploi(c: Columns) -> Column:
    """Fraction représentative des frais d'emploi, répartie au prorata des indemnités des mandats (CGI art. 81-1°)."""
    entiere = apply_rate(c["indice_terminal"], c["taux_frais_emploi"])
    ici = c["indemnite_fonction_mensuelle"]
    total = np.maximum(ici + c["autres_mandats_brut"], 1)
    return np.where(c["autres_mandats_brut"] > 0, round_half_up(entiere * ici, total), entiere)
