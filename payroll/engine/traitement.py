"""Le traitement et ce qui en découle : fractions de temps, NBI, indemnité de résidence, SFT, différentielle SMIC."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from payroll.engine.columns import AGENTS, FONCTIONNAIRES, Columns, Mask, Ratio, Unit, formula
from payroll.money import Column, apply_rate, round_half_up

# 12 mois × 100 : la figure donne le traitement annuel de l'indice majoré 100.
_MOIS_INDICE_100 = 1200


def _of_index(c: Columns, indices: Column, mask: Mask) -> Column:
    annuel = c.cents("point_indice.valeur_annuelle_indice_100", mask)
    return np.where(mask, round_half_up(indices * annuel, _MOIS_INDICE_100), 0)


@formula(unit=Unit.NOMBRE)
def indice_remunere(c: Columns) -> Column:
    """Indice majoré payé, jamais moins que l'indice du minimum de traitement (décret 85-1148 art. 8)."""
    agents = c.flag("indiciaire")
    plancher = c.integer("minimum_traitement.indice_majore", agents)
    return np.where(agents, np.maximum(c["indice_majore"], plancher), 0)


@formula
def traitement_plein(c: Columns) -> Column:
    """Traitement à temps complet = indice × traitement annuel de l'indice 100 / 1200 (décret 85-1148 art. 2-3)."""
    return _of_index(c, c["indice_remunere"], c.flag("indiciaire"))


@formula(unit=Unit.FRACTION)
def fraction_temps_partiel(c: Columns) -> Ratio:
    """Fraction payée du temps partiel : la quotité, sauf 80 % = 6/7 et 90 % = 32/35 (CGFP L. 612-5)."""
    pourcent = c["quotite_pourcent"]
    num, den = np.ones_like(pourcent), np.ones_like(pourcent)
    for valeur in sorted(set(pourcent.tolist()) - {100}):
        ici = pourcent == valeur
        fraction = c.fraction(f"temps_partiel.fraction_remuneree.{valeur}", ici)
        num[ici], den[ici] = fraction.numerator, fraction.denominator
    return Ratio.of(num, den)


@formula(unit=Unit.FRACTION)
def fraction_temps_non_complet(c: Columns) -> Ratio:
    """Durée hebdomadaire du poste / durée du temps complet (CGFP L. 613-4 ; décret 91-298)."""
    complet = c.integer("temps_complet.heures_hebdomadaires")
    return c.ratio("heures_hebdo") * Fraction(1, complet or 1)


@formula(unit=Unit.FRACTION)
def fraction_remuneree(c: Columns) -> Ratio:
    """Temps non complet × temps partiel : la part payée d'un mois entier (CGFP L. 612-5 et L. 613-4)."""
    return c.ratio("fraction_temps_non_complet") * c.ratio("fraction_temps_partiel")


@formula(unit=Unit.JOURS)
def jours_presence(c: Columns) -> Column:
    """Trentièmes du contrat dans le mois : entrée le j = 30 − j + 1, sortie le j = j, mois entier = 30.

    Décret 62-765 art. 1 (le mois compte trente jours). Le dernier jour du mois vaut toujours le 30.
    """
    mois = c.integer("trentiemes.jours_du_mois")
    entree = np.minimum(c["debut_segment"], mois)
    sortie = np.where(c["fin_segment"] == c["jours_du_mois"], mois, np.minimum(c["fin_segment"], mois))
    return sortie - entree + 1


@formula(unit=Unit.FRACTION)
def fraction_presence(c: Columns) -> Ratio:
    """Trentièmes de présence au contrat / 30 (décret 62-765 art. 1)."""
    return Ratio.of(c["jours_presence"], c.integer("trentiemes.jours_du_mois") or 1)


@formula
def traitement_mensuel(c: Columns) -> Column:
    """Traitement d'un mois entier à la quotité de l'agent : la base des retenues pour absence."""
    return c.ratio("fraction_remuneree").apply(c["traitement_plein"])


@formula
def traitement(c: Columns) -> Column:
    """Traitement du mois = temps complet × quotité × trentièmes, arrondi une fois (décret 85-1148 art. 2-3)."""
    return (c.ratio("fraction_remuneree") * c.ratio("fraction_presence")).apply(c["traitement_plein"])


@formula
def nbi_pleine(c: Columns) -> Column:
    """Nouvelle bonification indiciaire à temps complet = points × valeur du point / 12 (décrets 93-863 et 2006-779)."""
    return _of_index(c, c["nbi_points"], c.among(*FONCTIONNAIRES))


@formula
def nbi_mensuelle(c: Columns) -> Column:
    """NBI d'un mois entier à la quotité de l'agent : la base des retenues pour absence."""
    return c.ratio("fraction_remuneree").apply(c["nbi_pleine"])


@formula
def nbi(c: Columns) -> Column:
    """NBI du mois, à la même quotité que le traitement (décret 93-863 ; décret 2006-779)."""
    return (c.ratio("fraction_remuneree") * c.ratio("fraction_presence")).apply(c["nbi_pleine"])


@formula(unit=Unit.TAUX)
def taux_indemnite_residence(c: Columns) -> Column:
    """Taux de la zone de la commune d'affectation (décret 85-1148 art. 9)."""
    agents = c.among(*AGENTS)
    zones = c["zone_residence"]
    taux = c.zeros()
    for zone in sorted(set(zones.tolist())):
        ici = agents & (zones == zone)
        taux[ici] = c.rate(f"indemnite_residence.taux.zone_{zone}", ici)
    return taux


@formula
def base_indemnite_residence(c: Columns) -> Column:
    """Traitement + NBI déjà réduits par la quotité (décret 85-1148 art. 9)."""
    return c["traitement"] + c["nbi"]


@formula
def indemnite_residence_mensuelle(c: Columns) -> Column:
    """Indemnité de résidence d'un mois entier : la base des retenues pour absence."""
    return apply_rate(c["traitement_mensuel"] + c["nbi_mensuelle"], c["taux_indemnite_residence"])


@formula
def indemnite_residence(c: Columns) -> Column:
    """Indemnité de résidence = (traitement + NBI) × taux de la zone (décret 85-1148 art. 9)."""
    return apply_rate(c["base_indemnite_residence"], c["taux_indemnite_residence"])


@formula
def base_sft(c: Columns) -> Column:
    """Traitement de l'indice (IM + NBI), borné au plancher et au plafond du SFT (décret 85-1148 art. 10 bis)."""
    concernes = c.among(*AGENTS) & (c["enfants_sft"] >= 2)
    bas = c.integer("sft.indice_majore_plancher", concernes)
    haut = c.integer("sft.indice_majore_plafond", concernes)
    return _of_index(c, np.clip(c["indice_remunere"] + c["nbi_points"], bas, haut), concernes)


def _sft_plein(c: Columns, base: Column) -> Column:
    enfants = c["enfants_sft"]
    agents = c.among(*AGENTS)
    deux, trois, plus = agents & (enfants == 2), agents & (enfants >= 3), np.maximum(enfants - 3, 0)
    au_dela = agents & (enfants > 3)
    fixe = np.select(
        [deux, trois],
        [
            np.full_like(enfants, c.cents("sft.part_fixe.deux_enfants", deux)),
            c.cents("sft.part_fixe.trois_enfants", trois)
            + plus * c.cents("sft.part_fixe.enfant_supplementaire", au_dela),
        ],
        0,
    )
    taux = np.select(
        [deux, trois],
        [
            np.full_like(enfants, c.rate("sft.part_proportionnelle.deux_enfants", deux)),
            c.rate("sft.part_proportionnelle.trois_enfants", trois)
            + plus * c.rate("sft.part_proportionnelle.enfant_supplementaire", au_dela),
        ],
        0,
    )
    return fixe + apply_rate(base, taux)


@formula
def sft_plein(c: Columns) -> Column:
    """SFT à temps complet, deux enfants et plus = part fixe + part proportionnelle (décret 85-1148 art. 10 bis)."""
    return _sft_plein(c, c["base_sft"])


@formula
def sft_minimum(c: Columns) -> Column:
    """SFT minimum à temps plein pour le même nombre d'enfants, indice plancher (décret 85-1148 art. 11)."""
    concernes = c.among(*AGENTS) & (c["enfants_sft"] >= 2)
    bas = c.integer("sft.indice_majore_plancher", concernes)
    return _sft_plein(c, _of_index(c, np.full(c.size, bas, dtype=np.int64), concernes))


@formula
def sft(c: Columns) -> Column:
    """Supplément familial de traitement (décret 85-1148 art. 10 à 12 ; CGFP L. 712-8 à L. 712-11).

    Un enfant : somme fixe, sans prorata de durée. Deux et plus : prorata de la durée ; à temps partiel sur un emploi à
    temps complet, jamais moins que le minimum du temps plein. Trentièmes en cas d'entrée ou de sortie dans le mois.
    Résidence alternée partagée : × nombre moyen d'enfants / nombre d'enfants (art. 11 bis).
    """
    return _sft(c, c.ratio("fraction_presence"))


@formula
def sft_mensuel(c: Columns) -> Column:
    """Supplément familial d'un mois entier, sans trentièmes d'entrée ou de sortie (décret 85-1148 art. 10 à 12)."""
    ones = np.ones(c.size, dtype=np.int64)
    return _sft(c, Ratio(ones, ones))


@formula(unit=Unit.FRACTION)
def part_sft_alternee(c: Columns) -> Ratio:
    """Nombre moyen d'enfants / nombre d'enfants : un enfant en résidence alternée partagée compte pour moitié.

    Décret 85-1148 art. 11 bis (décret 2020-1366).
    """
    enfants, alternes = np.maximum(c["enfants_sft"], 1), c["enfants_sft_alternes"]
    return Ratio.of(2 * enfants - alternes, 2 * enfants)


def _sft(c: Columns, presence: Ratio) -> Column:
    agents = c.among(*AGENTS)
    un = agents & (c["enfants_sft"] == 1)
    remuneree, part = c.ratio("fraction_remuneree"), c.ratio("part_sft_alternee")
    complet = c.ratio("fraction_temps_non_complet")
    a_temps_complet = complet.num == complet.den
    seul = (presence * part).apply(np.where(un, c.cents("sft.part_fixe.un_enfant", un), 0))
    # Le plancher est celui du mois entier ; il suit ensuite les trentièmes comme le montant lui-même.
    reduit = (remuneree * presence * part).apply(c["sft_plein"])
    plancher = np.where(a_temps_complet, (presence * part).apply(c["sft_minimum"]), 0)
    return seul + np.where(c["enfants_sft"] >= 2, np.maximum(reduit, plancher), 0)


@formula
def ecart_smic(c: Columns) -> Column:
    """SMIC mensuel − traitement à temps complet de l'indice détenu, s'il est positif (décret 91-769)."""
    agents = c.flag("indiciaire")
    return np.where(agents, np.maximum(c.cents("smic.mensuel", agents) - c["traitement_plein"], 0), 0)


@formula
def indemnite_differentielle_smic(c: Columns) -> Column:
    """Écart au SMIC × quotité payée, absences comprises, moins les avantages en nature (décret 91-769).

    NBI, résidence, SFT et primes non comptés.
    """
    du = (c.ratio("fraction_remuneree") * c.ratio("fraction_versee")).apply(c["ecart_smic"])
    return np.where(du > 0, np.maximum(du - c["avantages_en_nature"], 0), du)
