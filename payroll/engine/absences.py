"""Les absences : ce qui n'est pas versé pour un congé de maladie, une grève ou un service non fait.

Les jours arrivent classés (carence, 90 %, demi-traitement, grève, service non fait) et ramenés en trentièmes par
``jours.py`` ; ici, on les valorise.
"""

from __future__ import annotations

import numpy as np

from payroll.engine.columns import FORMULAS, Columns, Formula, Function, Mask, Ratio, Unit, formula
from payroll.money import PPM, Column, round_half_up


@formula(unit=Unit.TAUX)
def taux_perdu_cmo(c: Columns) -> Column:
    """Part du traitement perdue en congé de maladie à plein droit : 10 % depuis mars 2025 (CGFP L. 822-3)."""
    concernes = c["jours_cmo"] > 0
    return np.where(concernes, PPM - c.rate("cmo.taux_maintien", concernes), 0)


@formula(unit=Unit.TAUX)
def taux_perdu_demi_traitement(c: Columns) -> Column:
    """Part du traitement perdue en congé de maladie à demi-traitement (CGFP L. 822-3)."""
    concernes = c["jours_cmo_demi_traitement"] > 0
    return np.where(concernes, PPM - c.rate("cmo.demi_traitement.taux", concernes), 0)


@formula(unit=Unit.TAUX)
def taux_perdu_cmo_primes(c: Columns) -> Column:
    """Part des primes perdue en congé de maladie : comme le traitement si la délibération le dit, sinon tout.

    CGFP L. 714-4 : sans clause, le régime indemnitaire n'est pas maintenu.
    """
    suit = c.flag("primes_suivent_le_traitement")
    return np.where(suit, c["taux_perdu_cmo"], np.where(c["jours_cmo"] > 0, PPM, 0))


@formula(unit=Unit.TAUX)
def taux_perdu_demi_traitement_primes(c: Columns) -> Column:
    """Part des primes perdue en congé de maladie à demi-traitement, selon la délibération (CGFP L. 714-4)."""
    suit = c.flag("primes_suivent_le_traitement")
    return np.where(suit, c["taux_perdu_demi_traitement"], np.where(c["jours_cmo_demi_traitement"] > 0, PPM, 0))


@formula(unit=Unit.TAUX)
def taux_perdu_entier(c: Columns) -> Column:
    """Tout est perdu : carence (loi 2017-1837 art. 115), grève et service non fait (CGFP L. 711-2, L. 711-3)."""
    return np.full(c.size, PPM, dtype=np.int64)


@formula(unit=Unit.FRACTION)
def fraction_versee(c: Columns) -> Ratio:
    """Part du mois réellement versée du traitement : (présence − jours perdus) / 30.

    Sert à ce qui suit le traitement sur une seule ligne : transfert primes/points, différentielle SMIC, indemnité
    compensatrice de CSG (décret 2016-588 ; décret 91-769 ; décret 2017-1889).
    """
    mois = c.integer("trentiemes.jours_du_mois") or 1
    perdus = (
        (c["jours_carence"] + c["jours_greve"] + c["jours_service_non_fait"]) * PPM
        + c["jours_cmo"] * c["taux_perdu_cmo"]
        + c["jours_cmo_demi_traitement"] * c["taux_perdu_demi_traitement"]
    )
    return Ratio.of(c["jours_presence"] * PPM - perdus, mois * PPM)


def _retenue(element: str, verse: str, jours: str, taux: str) -> Function:
    """La fonction d'une retenue : − base mensuelle × jours/30 × part perdue."""

    def function(c: Columns) -> Column:
        perdus, parts, base = c[jours], c[taux], c[element]
        mois = c.integer("trentiemes.jours_du_mois") or 1
        fraction = Ratio.of(perdus * parts, mois * PPM)
        # Absent tout le temps du contrat sans rien percevoir : la retenue rend exactement ce qui était versé,
        # sans le centime que laisserait l'arrondi séparé des deux lignes.
        tout: Mask = (perdus == c["jours_presence"]) & (parts == PPM)
        return np.where(perdus > 0, -np.where(tout, c[verse], fraction.apply(base)), 0)

    return function


_MOTIFS: dict[str, tuple[str, str, str, str]] = {
    "carence": ("jours_carence", "taux_perdu_entier", "taux_perdu_entier", "jour de carence, loi 2017-1837 art. 115"),
    "cmo": ("jours_cmo", "taux_perdu_cmo", "taux_perdu_cmo_primes", "congé de maladie ordinaire, CGFP L. 822-3"),
    "cmo_demi_traitement": (
        "jours_cmo_demi_traitement",
        "taux_perdu_demi_traitement",
        "taux_perdu_demi_traitement_primes",
        "congé de maladie ordinaire à demi-traitement, CGFP L. 822-3",
    ),
    "greve": ("jours_greve", "taux_perdu_entier", "taux_perdu_entier", "grève, CGFP L. 711-2 et L. 711-3"),
    "service_non_fait": (
        "jours_service_non_fait",
        "taux_perdu_entier",
        "taux_perdu_entier",
        "service non fait, CGFP L. 711-2 et L. 711-3",
    ),
}

_ELEMENTS: dict[str, tuple[str, str]] = {
    "traitement": ("traitement_mensuel", "traitement"),
    "nbi": ("nbi_mensuelle", "nbi"),
    "indemnite_residence": ("indemnite_residence_mensuelle", "indemnite_residence"),
    "primes": ("primes_mensuelles", "primes_dues"),
}


def _register() -> None:
    """Une formule par élément réduit et par motif, sauf la résidence, maintenue à 100 % en congé de maladie."""
    for element, (mensuel, verse) in _ELEMENTS.items():
        for motif, (jours, taux, taux_primes, texte) in _MOTIFS.items():
            if element == "indemnite_residence" and motif.startswith("cmo"):
                continue
            perdu = taux_primes if element == "primes" else taux
            doc = f"− {mensuel} × jours/30 × part perdue ({texte})."
            name = f"absence_{motif}_{element}"
            FORMULAS[name] = Formula(name, _retenue(mensuel, verse, jours, perdu), doc)


_register()


@formula(unit=Unit.JOURS)
def jours_service_fait(c: Columns) -> Column:
    """Trentièmes payés ou assimilés : présence moins carence, grève et service non fait."""
    return c["jours_presence"] - c["jours_carence"] - c["jours_greve"] - c["jours_service_non_fait"]


@formula(unit=Unit.HEURES)
def heures_payees(c: Columns) -> Column:
    """Heures payées, en centièmes : durée mensualisée (52/12) du poste et de la quotité, plus les heures en sus."""
    agents = c.flag("remunere_au_mois")
    mois = c.integer("trentiemes.jours_du_mois") or 1
    duree = c.ratio("heures_hebdo") * c.ratio("quotite") * Ratio.of(c["jours_service_fait"], mois)
    centiemes = round_half_up(100 * 52 * duree.num, 12 * duree.den)
    au_mois = np.where(agents, centiemes, c["heures_remunerees"])
    du_mois = au_mois + c["heures_supplementaires_nombre"] + c["heures_complementaires"]
    return du_mois + c["segments_heures_payees"] if "segments_heures_payees" in c.values else du_mois
