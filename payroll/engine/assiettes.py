"""Les assiettes : quels éléments entrent dans quelle cotisation, et sous quel plafond."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np

from payroll.catalogue.rubrique import ASSIETTES, Rubrique
from payroll.engine.columns import Columns, Formula, Ratio, Unit, formula
from payroll.engine.joined import total
from payroll.engine.rappels_cotisations import HORS_DU_MOIS
from payroll.money import Column, apply_rate, round_half_up


def formulas_of_sums(catalogue: Mapping[str, Rubrique]) -> dict[str, Formula]:
    """Une formule ``elements_<assiette>`` par assiette : la somme des rubriques que le catalogue y range."""
    found = {}
    for assiette in ASSIETTES:
        membres = [rubrique for rubrique in catalogue.values() if assiette in rubrique.assiettes]
        name = f"elements_{assiette}"
        doc = f"Somme des rubriques du brut que le catalogue range dans l'assiette « {assiette} »."
        found[name] = Formula(name, _sum_of(membres, rappels=assiette not in HORS_DU_MOIS), doc)
    return found


def _sum_of(membres: list[Rubrique], *, rappels: bool) -> Callable[[Columns], Column]:
    lignes = [rubrique.formule for rubrique in membres]
    return lambda c: total(c, lignes, rappels=rappels)


def _cnracl(c: Columns, values: Column) -> Column:
    return np.where(c.among("titulaire_cnracl"), values, 0)


@formula
def assiette_cnracl(c: Columns) -> Column:
    """Traitement et NBI versés, soumis à retenue pour pension (décret 2007-173 art. 3).

    Les heures au-delà du temps complet de tous les emplois en sortent (décret 91-298 art. 8 ; décret 2007-173 art. 3).
    """
    return _cnracl(c, c.ratio("part_cnracl").apply(c["elements_cnracl"]))


@formula
def assiette_atiacl(c: Columns) -> Column:
    """Traitement versé hors NBI (décret 2005-442 art. 16)."""
    return _cnracl(c, c.ratio("part_cnracl").apply(c["elements_atiacl"]))


@formula
def traitement_rafp_du_mois(c: Columns) -> Column:
    """Traitement indiciaire versé ce mois, retenues déduites, qui borne la RAFP (décret 2004-569 art. 2)."""
    return _cnracl(c, c.ratio("part_cnracl").apply(c["elements_plafond_rafp"]))


@formula
def elements_rafp_du_mois(c: Columns) -> Column:
    """Éléments du mois soumis à la RAFP avant plafond, traitement hors CNRACL compris (décret 2004-569 art. 2)."""
    return _cnracl(c, c["elements_rafp"] + c["elements_cnracl"]) - c["assiette_cnracl"]


@formula
def plafond_rafp(c: Columns) -> Column:
    """20 % du traitement indiciaire versé depuis janvier, ce mois compris (décret 2004-569 art. 2)."""
    taux = c.rate("rafp.plafond_assiette", c.among("titulaire_cnracl"))
    return _cnracl(c, apply_rate(c["traitement_rafp_du_mois"] + c["cumul_rafp_traitement"], taux))


@formula
def assiette_rafp(c: Columns) -> Column:
    """Éléments depuis janvier, plafonnés à 20 % du traitement depuis janvier, moins ce qui est déjà cotisé.

    Décret 2004-569 art. 2 ; arrêté du 26/11/2004 art. 15. Peut être négative : c'est alors une régularisation.
    """
    cumul = c["elements_rafp_du_mois"] + c["cumul_rafp_elements"]
    return _cnracl(c, np.minimum(cumul, c["plafond_rafp"]) - c["cumul_rafp_assiette"])


@formula
def assiette_regime_general(c: Columns) -> Column:
    """Rémunération brute des agents du régime général et des élus assujettis (CSS L. 242-1, L. 382-31)."""
    agents = c.among("titulaire_ircantec", "contractuel", "vacataire", "pec") | c.flag("elu_assujetti")
    return np.where(agents, c["elements_regime_general"], c["assiette_apprenti"])


@formula
def assiette_securite_sociale(c: Columns) -> Column:
    """Assiette commune à maladie, famille, autonomie et CNFPT.

    Traitement soumis à retenue à la CNRACL (CSS D. 712-38), brut au régime général (CSS L. 242-1).
    """
    cnracl = c.ratio("part_cnracl").apply(c["elements_secu_cnracl"])
    return np.where(c.among("titulaire_cnracl"), cnracl, c["assiette_regime_general"])


@formula
def assiette_formation(c: Columns) -> Column:
    """Assiette du CNFPT et du centre de gestion : la précédente, élus exclus (CGFP L. 451-17, L. 452-26)."""
    return np.where(c.among("elu"), 0, c["assiette_securite_sociale"])


@formula
def plafond_mensuel(c: Columns) -> Column:
    """Plafond mensuel de la sécurité sociale (CSS D. 242-17)."""
    return np.full(c.size, c.cents("plafond_securite_sociale.mensuel"), dtype=np.int64)


@formula
def plafond_periode(c: Columns) -> Column:
    """Plafond réduit aux jours calendaires du contrat et à la durée du poste (CSS L. 242-8, R. 242-2).

    Temps partiel et temps non complet : durée de travail, heures complémentaires comprises, sur la durée du temps
    complet. Sans effet tant que la rémunération reste sous le plafond ainsi réduit. Élus : jours seulement.
    Plusieurs contrats : c'est la durée de tous qui compte, si elle est connue ; le plafond se partage ensuite.
    """
    complet = c.integer("temps_complet.heures_hebdomadaires") or 1
    jours = Ratio.of(c["dernier_jour"] - c["premier_jour"] + 1, c["jours_du_mois"])
    contrat = c.ratio("duree_moyenne") * Fraction(52, 12)
    # En centièmes d'heure par mois, heures complémentaires ajoutées, sans dépasser le temps complet.
    heures = contrat.num * 100 + c["heures_complementaires"] * contrat.den
    mensuel = Fraction(complet * 52 * 100, 12)
    duree = Ratio.of(heures * mensuel.denominator, contrat.den * mensuel.numerator)
    tous = c.ratio("heures_tous_emplois") * Fraction(1, complet)
    plusieurs = c["autres_remunerations"] > 0
    connue = tous.num > 0
    duree = Ratio(
        np.where(plusieurs, np.where(connue, tous.num, 1), duree.num),
        np.where(plusieurs, np.where(connue, tous.den, 1), duree.den),
    )
    entier = (duree.num >= duree.den) | c.among("elu")
    part = Ratio(np.where(entier, 1, duree.num), np.where(entier, 1, duree.den))
    return (jours * part).apply(c["plafond_mensuel"])


@formula(unit=Unit.OUI_NON)
def effectif_fnal_entier(c: Columns) -> Column:
    """Vrai à partir de 50 agents (CCH L. 813-5)."""
    return (c["effectif"] >= c.integer("fnal.seuil_effectif")).astype(np.int64)


@formula(unit=Unit.OUI_NON)
def effectif_fnal_plafonne(c: Columns) -> Column:
    """Vrai sous 50 agents (CCH L. 813-5)."""
    return 1 - c["effectif_fnal_entier"]


@formula(unit=Unit.OUI_NON)
def versement_mobilite_du(c: Columns) -> Column:
    """Vrai à partir de 11 agents (CGCT L. 2333-64)."""
    return (c["effectif"] >= c.integer("versement_mobilite.seuil_effectif")).astype(np.int64)


@formula
def assiette_ircantec(c: Columns) -> Column:
    """Rémunération soumise à l'IRCANTEC, hors éléments à caractère familial (arrêté du 30/12/1970 art. 7)."""
    affilies = c.among("titulaire_ircantec", "contractuel", "elu", "vacataire", "pec")
    return np.where(affilies, c["elements_ircantec"], c["assiette_apprenti"])


@formula
def base_reduction_heures(c: Columns) -> Column:
    """Heures ouvrant droit à la réduction : entières au régime général, limitées à 20 % du traitement à la CNRACL.

    CSS L. 241-17, D. 241-21 ; décret 2019-133.
    """
    heures = c["elements_heures_exonerables"]
    cnracl = c.among("titulaire_cnracl")
    plafond = apply_rate(np.maximum(c["elements_plafond_rafp"], 0), c.rate("rafp.plafond_assiette", cnracl))
    return np.where(cnracl, np.minimum(heures, plafond), np.where(c.among("elu"), 0, heures))


@formula(unit=Unit.TAUX)
def taux_reduction_heures(c: Columns) -> Column:
    """Taux de la réduction : 5 % à la CNRACL ; sinon les taux vieillesse et IRCANTEC dus, limités au maximum légal.

    CSS D. 241-21 ; décret 2019-133. Au-dessus du plafond, ni la vieillesse plafonnée ni la tranche A n'en sont dues.
    """
    heures = c["elements_heures_exonerables"]
    cnracl = c.among("titulaire_cnracl") & (heures != 0)
    general = c.among("titulaire_ircantec", "contractuel") & (heures != 0)
    maximum = c.rate("exoneration_heures_sup.taux_maximal", general)
    deplafonnee = c.rate("vieillesse_deplafonnee.salarie.taux", general)
    sous = min(
        maximum,
        c.rate("vieillesse_plafonnee.salarie.taux", general)
        + deplafonnee
        + c.rate("ircantec.tranche_a.salarie.taux", general),
    )
    sur = min(maximum, deplafonnee + c.rate("ircantec.tranche_b.salarie.taux", general))
    # Les heures sont les dernières gagnées : ce sont elles qui passent au-dessus du plafond.
    dessous = np.clip(c["assiette_vieillesse_plafonnee"] - (c["assiette_regime_general"] - heures), 0, heures)
    # Des heures reprises (rappel négatif) rendent la réduction au même taux.
    moyen = round_half_up(np.abs(dessous * sous + (heures - dessous) * sur), np.maximum(np.abs(heures), 1))
    taux = np.where(general, moyen, 0)
    return np.where(cnracl, c.rate("exoneration_heures_sup.taux.cnracl", cnracl), taux)
