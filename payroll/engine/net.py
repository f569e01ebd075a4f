"""Des lignes au net : net imposable, montant net social, prélèvement à la source, net à payer, coût."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from payroll.catalogue.rubrique import Rubrique
from payroll.engine.columns import Columns, Formula, Mask, Unit, formula
from payroll.engine.joined import total
from payroll.legislation import FigureMissing
from payroll.money import Column, apply_rate

TERRITOIRES_PAS = ("metropole", "guadeloupe_martinique_reunion", "guyane_mayotte")


def formulas_of_totals(catalogue: Mapping[str, Rubrique]) -> dict[str, Formula]:
    """Les totaux du bulletin : des sommes de lignes déjà arrondies, sans nouvel arrondi."""
    bruts = [r.formule for r in catalogue.values() if r.section == "brut"]
    # Le prélèvement à la source, imprimé au pied, est compté à part.
    nets = [r.formule for r in catalogue.values() if r.section == "net" and not r.pied]
    cotisations = [r for r in catalogue.values() if r.regles]
    rows: tuple[tuple[str, str, list[str]], ...] = (
        ("brut", "Total brut : somme des lignes du brut.", bruts),
        (
            "cotisations_salarie",
            "Total des retenues de l'agent, hors impôt : somme des lignes.",
            [f"cotisation_{r.code}_salarie" for r in cotisations],
        ),
        (
            "cotisations_employeur",
            "Total des charges de l'employeur : somme des lignes.",
            [f"cotisation_{r.code}_employeur" for r in cotisations],
        ),
        (
            "cotisations_deductibles",
            "Retenues déductibles de l'impôt, réduction des heures comprise (CGI art. 83, 154 quinquies).",
            [f"cotisation_{r.code}_salarie" for r in cotisations if r.deductible],
        ),
        (
            "cotisations_net_social",
            "Retenues obligatoires que compte le montant net social (arrêté du 31/01/2023).",
            [f"cotisation_{r.code}_salarie" for r in cotisations if r.montant_net_social],
        ),
        ("lignes_net", "Remboursements et retenues après impôt : somme des lignes.", nets),
    )
    return {name: Formula(name, _sum(names), doc) for name, doc, names in rows}


def _sum(names: list[str]) -> Callable[[Columns], Column]:
    return lambda c: total(c, names, rappels=True)


@formula
def net_avant_impot(c: Columns) -> Column:
    """Brut − retenues de l'agent."""
    return c["brut"] - c["cotisations_salarie"]


@formula
def net_fiscal(c: Columns) -> Column:
    """Éléments imposables − heures exonérées − retenues déductibles, avant l'exonération propre à une population.

    S'y ajoute la part de l'employeur au contrat obligatoire de santé. CGI art. 81, 81 quater, 83, 154 quinquies.
    """
    imposable = c["elements_net_imposable"] + c["psc_employeur_imposable"] + c["ijss_imposables"]
    net: Column = imposable - c["heures_exonerees"] - c["cotisations_deductibles"]
    return net


@formula
def net_imposable(c: Columns) -> Column:
    """Net fiscal ; élus : − frais d'emploi, plancher zéro ; apprentis : − part exonérée (CGI art. 81-1°, 81 bis)."""
    net = c["net_fiscal"] - c["exoneration_fiscale_apprenti"]
    return np.where(c.among("elu"), np.maximum(net - c["frais_emploi"], 0), net)


@formula
def montant_net_social(c: Columns) -> Column:
    """Brut − cotisations et contributions obligatoires, CSG et CRDS comprises (arrêté du 31/01/2023)."""
    return c["brut"] - c["cotisations_net_social"]


def _default_scale(c: Columns) -> Mask:
    return ~c.flag("taux_pas_transmis")


@formula
def pas_base(c: Columns) -> Column:
    """Base du prélèvement à la source = net imposable, jamais négatif (CGI art. 204 F).

    Contrat court sans taux transmis : moins l'abattement d'un demi-SMIC net imposable (CGI art. 204 H III-1-d).
    """
    base = np.maximum(c["net_imposable"], 0)
    court = _default_scale(c) & c.flag("contrat_court")
    abattement = c.cents("pas.abattement_contrat_court", court)
    return np.where(court, np.maximum(base - abattement, 0), base)


@formula(unit=Unit.TAUX)
def pas_taux(c: Columns) -> Column:
    """Taux transmis par la DGFiP, sinon grille par défaut du domicile, borne basse incluse (CGI art. 204 H).

    Les grilles changent au premier d'un mois : celle du mois payé est celle du jour du versement, fait dans le mois.
    """
    taux = c["taux_pas"].copy()
    base, territoires = c["pas_base"], c["territoire_pas"]
    for rang, territoire in enumerate(TERRITOIRES_PAS):
        ici = _default_scale(c) & (territoires == rang)
        if not ici.any():
            continue
        c.note_figure(f"pas.grille_par_defaut.{territoire}")
        try:
            grille = c.figures.pas_scale(territoire)
        except FigureMissing as error:
            c.lack(error.cle, error.message, ici)
            continue
        taux[ici] = grille.rate(base[ici])
    return taux


@formula
def pas(c: Columns) -> Column:
    """Prélèvement à la source = base × taux, arrondi au centime (CGI art. 204 E)."""
    return apply_rate(c["pas_base"], c["pas_taux"])


@formula
def net_a_payer(c: Columns) -> Column:
    """Net avant impôt − prélèvement à la source + remboursements − retenues et acomptes."""
    return c["net_avant_impot"] - c["pas"] + c["lignes_net"]


@formula
def cout_employeur(c: Columns) -> Column:
    """Brut + charges de l'employeur."""
    return c["brut"] + c["cotisations_employeur"]
