"""Les rémunérations sans indice : apprentis, contrats aidés (PEC), vacations et heures ; leurs exonérations propres."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import numpy as np

from payroll.engine.columns import AGENTS, Columns, Ratio, Unit, formula
from payroll.money import PPM, Column, apply_rate, round_half_up

_TRANCHES_AGE = ("moins_18", "18_20", "21_25", "26_plus")
_ANNEES = (1, 2, 3)
_MENSUEL = Fraction(52, 12)


@formula(unit=Unit.OUI_NON)
def indiciaire(c: Columns) -> Column:
    """Vrai pour un agent payé sur un indice : les autres n'ont ni traitement, ni résidence, ni supplément familial."""
    return np.asarray(c.among(*AGENTS) & (c["taux_horaire"] == 0), dtype=np.int64)


@formula(unit=Unit.OUI_NON)
def remunere_au_mois(c: Columns) -> Column:
    """Vrai si la durée payée se déduit du poste : agents indiciaires, apprentis, contrats aidés."""
    return np.asarray(c.flag("indiciaire") | c.among("apprenti", "pec"), dtype=np.int64)


@formula(unit=Unit.HEURES)
def heures_remunerees(c: Columns) -> Column:
    """Heures payées à l'heure : nombre mensuel fixe, aux trentièmes du contrat, et heures saisies ce mois-ci."""
    fixes = c.ratio("fraction_presence").apply(c["permanent_heures_travaillees"])
    return fixes + c["variable_heures_travaillees"]


@formula
def remuneration_horaire(c: Columns) -> Column:
    """Heures × prix de l'heure du contrat, arrondi au centime (décret 88-145 art. 1-2 et 1-3 ; délibération)."""
    payes = c.among("contractuel", "vacataire")
    return np.where(payes, round_half_up(c["heures_remunerees"] * c["taux_horaire"], 100), 0)


@formula(unit=Unit.QUANTITE)
def nombre_vacations(c: Columns) -> Column:
    """Vacations faites ce mois-ci, en centièmes : une vacation peut se compter en fractions (délibération)."""
    return c["variable_vacations"]


@formula
def remuneration_vacations(c: Columns) -> Column:
    """Nombre de vacations × prix de la vacation délibéré, arrondi au centime (décret 88-145 art. 1)."""
    montant = round_half_up(c["nombre_vacations"] * c["prix_vacation"], 100)
    return np.where(c.among("vacataire"), montant, 0)


# --- Apprentis -------------------------------------------------------------------------------------------------------


@formula
def smic_apprenti(c: Columns) -> Column:
    """SMIC mensuel, à la durée du contrat d'apprentissage (C. trav. D. 6222-26)."""
    apprentis = c.among("apprenti")
    smic = np.where(apprentis, c.cents("smic.mensuel", apprentis), 0)
    return c.ratio("fraction_temps_non_complet").apply(smic)


def _legal_rate(c: Columns, annees: Column) -> Column:
    """Part minimale du SMIC, à l'âge du mois et à l'année d'exécution donnée ; zéro si l'âge n'est pas connu."""
    apprentis, taux = c.among("apprenti"), c.zeros()
    for rang, tranche in enumerate(_TRANCHES_AGE):
        for annee in _ANNEES:
            ici = apprentis & (c["apprenti_tranche_age"] == rang) & (annees == annee)
            if ici.any():
                taux[ici] = c.rate(f"apprenti.taux_smic.{tranche}.annee_{annee}", ici)
    return taux


@formula(unit=Unit.TAUX)
def taux_apprenti(c: Columns) -> Column:
    """Part du SMIC : celle du contrat, au moins le minimum de l'âge et de l'année (C. trav. D. 6222-26, -27)."""
    return np.maximum(_legal_rate(c, c["apprenti_annee"]), c["apprenti_pourcentage"])


@formula(unit=Unit.TAUX)
def taux_apprenti_suivant(c: Columns) -> Column:
    """La même part pour l'année d'exécution qui commence dans le mois (C. trav. D. 6222-26 et D. 6222-27)."""
    suivante = np.where(c["apprenti_jour_anniversaire"] > 0, np.minimum(c["apprenti_annee"] + 1, _ANNEES[-1]), 0)
    legal = _legal_rate(c, suivante)
    return np.where(suivante > 0, np.maximum(legal, c["apprenti_pourcentage"]), 0)


@formula(unit=Unit.JOURS)
def jours_annee_suivante(c: Columns) -> Column:
    """Trentièmes payés au taux de l'année d'exécution qui commence dans le mois."""
    mois = c.integer("trentiemes.jours_du_mois")
    debut = np.maximum(c["apprenti_jour_anniversaire"], c["debut_segment"])
    sortie = np.where(c["fin_segment"] == c["jours_du_mois"], mois, np.minimum(c["fin_segment"], mois))
    concernes = (c["apprenti_jour_anniversaire"] > 0) & (debut <= c["fin_segment"])
    return np.where(concernes, np.maximum(sortie - np.minimum(debut, mois) + 1, 0), 0)


@formula(unit=Unit.JOURS)
def jours_contrat(c: Columns) -> Column:
    """Trentièmes du contrat dans le mois entier, même coupé en parties (décret 62-765 art. 1)."""
    mois = c.integer("trentiemes.jours_du_mois")
    sortie = np.where(c["dernier_jour"] == c["jours_du_mois"], mois, np.minimum(c["dernier_jour"], mois))
    return sortie - np.minimum(c["premier_jour"], mois) + 1


def _share_of_smic(c: Columns, taux: Column, jours: Column) -> Column:
    mois = c.integer("trentiemes.jours_du_mois") or 1
    return round_half_up(c["smic_apprenti"] * taux * jours, mois * PPM)


@formula
def remuneration_apprenti(c: Columns) -> Column:
    """SMIC × part de l'âge et de l'année × trentièmes, arrondi au centime (C. trav. D. 6222-26 ; L. 6227-7)."""
    return _share_of_smic(c, c["taux_apprenti"], c["jours_presence"] - c["jours_annee_suivante"])


@formula
def remuneration_apprenti_suite(c: Columns) -> Column:
    """Part du mois payée au taux de la nouvelle année d'exécution (C. trav. D. 6222-26)."""
    return _share_of_smic(c, c["taux_apprenti_suivant"], c["jours_annee_suivante"])


def _at_start(c: Columns, cle: str) -> Column:
    """Un chiffre lu au premier jour d'exécution du contrat, et non au mois payé ; sans date, celui du mois."""
    apprentis, debuts, taux = c.among("apprenti"), c["jour_debut_contrat"], c.zeros()
    for jour in sorted(set(debuts[apprentis].tolist())):
        ici = apprentis & (debuts == jour)
        moment = date(jour // 10_000, jour // 100 % 100, jour % 100) if jour else c.figures.jour
        found = c.figures.chiffres[cle].on(moment)
        if found is None:
            c.lack(cle, f"« {cle} » n'a pas de valeur au {moment:%d/%m/%Y}, premier jour d'un contrat.", ici)
        else:
            taux[ici] = round_half_up(found.exact.numerator * PPM, found.exact.denominator)
    return taux


@formula(unit=Unit.TAUX)
def seuil_smic_apprenti(c: Columns) -> Column:
    """Part du SMIC sans cotisation : 79 % ou 50 %, selon le premier jour du contrat (C. trav. D. 6243-5)."""
    return _at_start(c, "apprenti.exoneration_salariale.seuil_smic")


@formula
def exoneration_salariale_apprenti(c: Columns) -> Column:
    """SMIC du mois × trentièmes × part exonérée : ce que l'apprenti gagne sans cotiser (C. trav. L. 6243-2)."""
    return _share_of_smic(c, c["seuil_smic_apprenti"], c["jours_contrat"])


@formula
def assiette_apprenti(c: Columns) -> Column:
    """Rémunération de l'apprenti au-delà de la part exonérée (C. trav. L. 6243-2, D. 6243-5)."""
    excedent = np.maximum(c["elements_regime_general"] - c["exoneration_salariale_apprenti"], 0)
    return np.where(c.among("apprenti"), excedent, 0)


@formula
def assiette_at_apprenti(c: Columns) -> Column:
    """Rémunération entière de l'apprenti : seule cotisation due par l'employeur public (C. trav. L. 6227-8-1)."""
    return np.where(c.among("apprenti"), c["elements_regime_general"], 0)


@formula(unit=Unit.TAUX)
def part_csg_apprenti(c: Columns) -> Column:
    """Part de l'excédent soumise à la CSG : toute, pour un contrat exécuté depuis mars 2025 (CSS L. 136-1-1)."""
    return _at_start(c, "apprenti.csg_crds.part_excedent")


@formula
def revenu_csg(c: Columns) -> Column:
    """Revenus du mois soumis à la CSG avant abattement ; apprentis : l'excédent, selon la date du contrat."""
    excedent = np.maximum(c["elements_csg"] - c["exoneration_salariale_apprenti"], 0)
    return np.where(c.among("apprenti"), apply_rate(excedent, c["part_csg_apprenti"]), c["elements_csg"])


@formula
def exoneration_fiscale_apprenti(c: Columns) -> Column:
    """Salaire net de l'apprenti exonéré d'impôt, dans ce qui reste du SMIC annuel (CGI art. 81 bis)."""
    apprentis = c.among("apprenti")
    reste = c.cents("apprenti.exoneration_fiscale.plafond_annuel", apprentis) - c["cumul_apprenti_exonere"]
    exonere = np.minimum(np.maximum(c["net_fiscal"], 0), np.maximum(reste, 0))
    return np.where(apprentis, exonere, 0)


# --- Contrats aidés --------------------------------------------------------------------------------------------------


@formula
def taux_horaire_pec(c: Columns) -> Column:
    """Prix de l'heure du contrat aidé : celui du contrat, à défaut le SMIC (C. trav. L. 5134-27)."""
    pec = c.among("pec")
    return np.where(pec, np.where(c["taux_horaire"] > 0, c["taux_horaire"], c.cents("smic.horaire", pec)), 0)


@formula(unit=Unit.FRACTION)
def heures_mensuelles_pec(c: Columns) -> Ratio:
    """Durée hebdomadaire × 52/12 × trentièmes : la mensualisation du contrat aidé (C. trav. L. 3242-1)."""
    return c.ratio("heures_hebdo") * _MENSUEL * c.ratio("fraction_presence")


@formula(unit=Unit.HEURES)
def nombre_heures_pec(c: Columns) -> Column:
    """Les mêmes heures au centième, telles qu'on les imprime."""
    heures = c.ratio("heures_mensuelles_pec")
    return np.where(c.among("pec"), round_half_up(heures.num * 100, heures.den), 0)


@formula
def remuneration_pec(c: Columns) -> Column:
    """Prix de l'heure × durée hebdomadaire × 52/12 × trentièmes, arrondi une fois (C. trav. L. 3242-1, L. 5134-27)."""
    return c.ratio("heures_mensuelles_pec").apply(c["taux_horaire_pec"])


@formula
def exoneration_patronale_pec(c: Columns) -> Column:
    """SMIC horaire × heures du mois : part exonérée de cotisations de l'employeur (C. trav. L. 5134-31, D. 5134-48)."""
    pec = c.among("pec")
    mois = c.integer("trentiemes.jours_du_mois") or 1
    heures = c.ratio("duree_moyenne") * _MENSUEL * Ratio.of(c["jours_contrat"], mois)
    smic = heures.apply(np.where(pec, c.cents("smic.horaire", pec), 0))
    return apply_rate(smic, c.rate("pec.exoneration_patronale", pec))


@formula
def assiette_pec_non_exoneree(c: Columns) -> Column:
    """Rémunération au-dessus du SMIC : maladie et famille de l'employeur (C. trav. L. 5134-31)."""
    reste = np.maximum(c["assiette_regime_general"] - c["exoneration_patronale_pec"], 0)
    return np.where(c.among("pec"), reste, 0)


@formula
def assiette_pec_plafonnee_non_exoneree(c: Columns) -> Column:
    """La même, dans la limite du plafond : vieillesse plafonnée de l'employeur (C. trav. L. 5134-31)."""
    reste = np.maximum(c["assiette_vieillesse_plafonnee"] - c["exoneration_patronale_pec"], 0)
    return np.where(c.among("pec"), reste, 0)
