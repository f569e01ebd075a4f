"""Les absences : ce qui n'est pas versé pour un congé, une grève, un service non fait, une position sans traitement.

Les jours arrivent classés par motif et ramenés en trentièmes (``droits.py``, ``jours.py``) ; la part que chaque motif
garde de chaque élément est une donnée (``payroll/legislation/conges/effets.yaml``). Ici, on valorise.
"""

from __future__ import annotations

import numpy as np

from payroll.engine.columns import FORMULAS, Columns, Formula, Function, Mask, Ratio, Unit, formula
from payroll.engine.deliberations import COMME_L_ETAT, COMME_LE_TRAITEMENT, NATURE_DU_MOTIF
from payroll.engine.jours import NATURES, PARTIELLES
from payroll.legislation.conges import Effet, Motif, load_conges
from payroll.money import PPM, Column, round_half_up

ELEMENTS: dict[str, tuple[str, str]] = {
    "traitement": ("traitement_mensuel", "traitement"),
    "nbi": ("nbi_mensuelle", "nbi"),
    "indemnite_residence": ("indemnite_residence_mensuelle", "indemnite_residence"),
    "sft": ("sft_mensuel", "sft"),
    "primes": ("primes_mensuelles", "primes_dues"),
}
"""Élément → son montant d'un mois entier, et celui de la présence au contrat."""

_REDUITS = {
    element: tuple(motif for motif in load_conges().motifs.values() if motif.can_lose(element)) for element in ELEMENTS
}
"""Élément → les motifs qui peuvent le réduire, dans l'ordre des tables."""


def _share(c: Columns, part: str, mask: Mask) -> int:
    return int(part) * 10_000 if part.isdigit() else c.rate(part, mask)


def _kept_primes(c: Columns, motif: Motif, effet: Effet, mask: Mask) -> Column:
    if effet.primes in ("perdues", "maintenues"):
        return np.full(c.size, PPM if effet.primes == "maintenues" else 0, dtype=np.int64)
    clause = c[f"clause_primes_{motif.code}"]
    etat = c["quotite_tpt"] if effet.primes == "quotite" else c.zeros() + _share(c, effet.etat, mask)
    traitement = _share(c, effet.parts["traitement"], mask & (clause == COMME_LE_TRAITEMENT))
    return np.where(clause == COMME_LE_TRAITEMENT, traitement, np.where(clause == COMME_L_ETAT, etat, clause))


def _lost_share(motif: Motif, element: str) -> Function:
    def function(c: Columns) -> Column:
        jours = c[f"jours_{motif.code}"]
        effet = motif.on(c.figures.jour)
        if effet is None or not jours.any():
            return jours
        mask: Mask = jours > 0
        if element == "primes":
            garde = _kept_primes(c, motif, effet, mask)
        else:
            garde = np.full(c.size, _share(c, effet.parts[element], mask), dtype=np.int64)
        return np.where(mask, PPM - garde, 0)

    return function


def _lost(c: Columns, motif: Motif, element: str) -> Column:
    """Trentièmes × part perdue, en millionièmes."""
    # Le taux est lu même sans absent : les colonnes d'un bulletin ne dépendent pas de ses voisins de lot.
    jours, taux = c[f"jours_{motif.code}"], c[f"taux_perdu_{motif.code}_{element}"]
    return jours * taux if jours.any() else jours


def _amount(c: Columns, motif: Motif, element: str, rangs: Column) -> Column:
    """Ce que ce motif retient à ces agents."""
    mois = c.integer("trentiemes.jours_du_mois") or 1
    return Ratio.of(_lost(c, motif, element)[rangs], mois * PPM).apply(c[ELEMENTS[element][0]][rangs])


def _deduction(rang: int, motif: Motif, element: str) -> Function:
    """La fonction d'une retenue : − base mensuelle × jours/30 × part perdue."""
    avant, apres = _REDUITS[element][:rang], _REDUITS[element][rang + 1 :]

    def function(c: Columns) -> Column:
        jours, verse = c[f"jours_{motif.code}"], c[ELEMENTS[element][1]]
        perdu = _lost(c, motif, element)
        retenue = c.zeros() if jours.any() else jours
        if not perdu.any():
            return retenue
        # Un agent sur vingt est absent : ne calculer que ceux-là (toutes les retenues, de 5,6 à 3,9 ms).
        ici = np.flatnonzero(perdu)
        montant = _amount(c, motif, element, ici)
        # Rien n'est versé de tout le contrat : la dernière retenue rend exactement le reste, sans le centime que
        # laisserait l'arrondi séparé des lignes.
        total = sum((_lost(c, autre, element)[ici] for autre in _REDUITS[element]), np.zeros_like(ici))
        suite = sum((_lost(c, autre, element)[ici] for autre in apres), np.zeros_like(ici))
        solde: Mask = (total == c["jours_presence"][ici] * PPM) & (suite == 0) & (perdu[ici] > 0)
        if solde.any():
            deja = sum((_amount(c, autre, element, ici) for autre in avant), np.zeros_like(ici))
            montant = np.where(solde, verse[ici] - deja, montant)
        retenue[ici] = -montant
        return retenue

    return function


def _partial_deduction(sorte: str, element: str) -> Function:
    def function(c: Columns) -> Column:
        nombre = c[sorte]
        return -c.ratio(f"part_{sorte}").apply(c[ELEMENTS[element][0]]) if nombre.any() else nombre

    return function


def _half_days(nature: str) -> Function:
    """Demi-journées / 60 (la journée vaut un trentième)."""
    return lambda c: Ratio.of(c[f"demi_journees_{nature}"], 200 * (c.integer("trentiemes.jours_du_mois") or 1))


def _hours(nature: str) -> Function:
    """Heures / durée mensuelle du poste et de la quotité (151,67 h à temps complet)."""

    def function(c: Columns) -> Ratio:
        complet = c.integer("temps_complet.heures_hebdomadaires") or 1
        centiemes = c.fraction("service_non_fait.heures_du_mois") * 100
        duree = c.ratio("heures_hebdo") * c.ratio("quotite")
        heures = Ratio.of(c[f"heures_{nature}"] * centiemes.denominator * complet, centiemes.numerator)
        return Ratio.of(heures.num * duree.den, heures.den * np.maximum(duree.num, 1))

    return function


def _register() -> None:
    """Une formule par élément réduit et par motif, et la part perdue qu'elle applique."""
    for element, (mensuel, _) in ELEMENTS.items():
        for rang, motif in enumerate(_REDUITS[element]):
            texte = f"{motif.libelle} ; {motif.textes}"
            name = f"taux_perdu_{motif.code}_{element}"
            doc = f"Part perdue ({texte})."
            if element == "primes" and motif.code in NATURE_DU_MOTIF:
                doc = f"Part des primes perdue, selon la délibération de l'adhérent ({texte})."
            FORMULAS[name] = Formula(name, _lost_share(motif, element), doc, Unit.TAUX)
            name = f"absence_{motif.code}_{element}"
            doc = f"− {mensuel} × jours/30 × part perdue ({texte})."
            FORMULAS[name] = Formula(name, _deduction(rang, motif, element), doc)
    for nature in PARTIELLES:
        texte = load_conges().motifs[nature].textes
        for sorte, fraction, calcul in (
            ("demi_journees", _half_days(nature), "demi-journées / 60"),
            ("heures", _hours(nature), "heures / 151,67 à temps complet"),
        ):
            name = f"part_{sorte}_{nature}"
            FORMULAS[name] = Formula(name, fraction, f"Part du mois = {calcul} ({texte}).", Unit.FRACTION)
            for element, (mensuel, _) in ELEMENTS.items():
                if load_conges().motifs[nature].can_lose(element):
                    name = f"absence_{sorte}_{nature}_{element}"
                    function = _partial_deduction(f"{sorte}_{nature}", element)
                    FORMULAS[name] = Formula(name, function, f"− {mensuel} × {calcul} ({texte}).")


_register()

_LIGNES_GROUPEES = {
    element: tuple(
        f"absence_{motif.code}_{element}"
        for motif in _REDUITS[element]
        if motif.code not in ("carence", "cmo", "cmo_demi_traitement", "greve", "service_non_fait")
    )
    + tuple(
        f"absence_{sorte}_{nature}_{element}"
        for nature in PARTIELLES
        for sorte in ("demi_journees", "heures")
        if load_conges().motifs[nature].can_lose(element)
    )
    for element in ELEMENTS
}
"""Élément → les retenues imprimées sous une seule rubrique, une ligne par motif."""


def _register_sums() -> None:
    for element, names in _LIGNES_GROUPEES.items():
        name = f"retenues_absence_{element}"

        def function(c: Columns, names: tuple[str, ...] = names) -> Column:
            return sum((c[other] for other in names), c.zeros())

        FORMULAS[name] = Formula(name, function, "Somme des retenues de cet élément, une ligne par motif d'absence.")


_register_sums()


@formula(unit=Unit.FRACTION)
def fraction_versee(c: Columns) -> Ratio:
    """Part du mois réellement versée du traitement : (présence − jours perdus) / 30, moins les heures non faites.

    Sert à ce qui suit le traitement sur une seule ligne : transfert primes/points, différentielle SMIC, complément de
    traitement indiciaire, indemnité compensatrice de CSG (décrets 2016-588, 91-769, 2020-1152, 2017-1889).
    """
    mois = c.integer("trentiemes.jours_du_mois") or 1
    perdus = sum((_lost(c, motif, "traitement") for motif in _REDUITS["traitement"]), c.zeros())
    versee = Ratio.of(c["jours_presence"] * PPM - perdus, mois * PPM)
    for nature in PARTIELLES:
        for sorte in ("demi_journees", "heures"):
            if c[f"{sorte}_{nature}"].any():
                part = c.ratio(f"part_{sorte}_{nature}")
                versee = Ratio.of(versee.num * part.den - part.num * versee.den, versee.den * part.den)
    return versee


@formula(unit=Unit.JOURS)
def jours_service_fait(c: Columns) -> Column:
    """Trentièmes payés ou assimilés : présence moins carence, grève, service non fait et jours sans traitement."""
    conges = load_conges()
    absents = [motif for motif in NATURES if motif in ("carence", *PARTIELLES) or not conges.motifs[motif].remunere]
    return c["jours_presence"] - sum((c[f"jours_{motif}"] for motif in absents), c.zeros())


@formula(unit=Unit.HEURES)
def heures_non_faites(c: Columns) -> Column:
    """Heures d'absence de moins d'un jour : celles qu'on donne, et un soixantième du mois par demi-journée."""
    demies = sum((c[f"demi_journees_{nature}"] for nature in PARTIELLES), c.zeros())
    mois = c.integer("trentiemes.jours_du_mois") or 1
    duree = c.ratio("heures_hebdo") * c.ratio("quotite") * Ratio.of(demies, 200 * mois)
    heures = sum((c[f"heures_{nature}"] for nature in PARTIELLES), c.zeros())
    return heures + round_half_up(100 * 52 * duree.num, 12 * duree.den)


@formula(unit=Unit.HEURES)
def heures_payees(c: Columns) -> Column:
    """Heures payées, en centièmes : durée mensualisée (52/12) du poste et de la quotité, plus les heures en sus.

    Moins les heures et les demi-journées d'absence.
    """
    agents = c.flag("remunere_au_mois")
    mois = c.integer("trentiemes.jours_du_mois") or 1
    duree = c.ratio("heures_hebdo") * c.ratio("quotite") * Ratio.of(c["jours_service_fait"], mois)
    centiemes = round_half_up(100 * 52 * duree.num, 12 * duree.den)
    au_mois = np.where(agents, centiemes - c["heures_non_faites"], c["heures_remunerees"])
    du_mois = au_mois + c["heures_supplementaires_nombre"] + c["heures_complementaires"]
    return du_mois + c["segments_heures_payees"] if "segments_heures_payees" in c.values else du_mois
