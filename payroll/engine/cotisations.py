"""Les cotisations, toutes calculées de la même façon : une ligne du catalogue donne assiette, taux et population."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from payroll.catalogue.rubrique import Regle, Rubrique
from payroll.engine.columns import Columns, Formula, Function, Mask, Unit
from payroll.money import Column, apply_rate


def formulas_of_contributions(catalogue: Mapping[str, Rubrique]) -> dict[str, Formula]:
    """Cinq formules par cotisation : base, taux et part du salarié, taux et part de l'employeur."""
    return {
        formula.name: formula
        for rubrique in catalogue.values()
        if rubrique.regles
        for formula in _formulas_of(rubrique)
    }


def _formulas_of(rubrique: Rubrique) -> Iterator[Formula]:
    nom, texte = f"cotisation_{rubrique.code}", f"{rubrique.libelle} ({rubrique.source})"
    yield Formula(f"{nom}_base", _base(rubrique), f"Assiette de la ligne {texte}.")
    for part in ("salarie", "employeur"):
        taux = f"{nom}_taux_{part}"
        yield Formula(taux, _rate(rubrique, part), f"Taux {_OF[part]}, {texte}.", Unit.TAUX)
        doc = f"Assiette × taux {_OF[part]}, arrondi au centime : {texte}."
        if any(_flat(regle, part) for regle in rubrique.regles):
            yield Formula(f"{nom}_{part}", _given(rubrique, part), f"Montant {_OF[part]}, fixé sans taux : {texte}.")
        else:
            yield Formula(f"{nom}_{part}", _share(f"{nom}_base", taux, rubrique.reduction), doc)


_OF = {"salarie": "de l'agent", "employeur": "de l'employeur"}


def _concerned(c: Columns, regle: Regle) -> Mask:
    mask = c.among(*regle.populations)
    return mask & c.flag(regle.condition) if regle.condition else mask


def _base(rubrique: Rubrique) -> Function:
    def function(c: Columns) -> Column:
        base = c.zeros()
        for regle in rubrique.regles:
            base = np.where(_concerned(c, regle), c[regle.assiette], base)
        return base

    return function


def _rate(rubrique: Rubrique, part: str) -> Function:
    def function(c: Columns) -> Column:
        base = c[f"cotisation_{rubrique.code}_base"]
        taux = c.zeros()
        for regle in rubrique.regles:
            cle = regle.salarie if part == "salarie" else regle.employeur
            colonne = regle.salarie_colonne if part == "salarie" else regle.employeur_donnee
            # Sans assiette, le taux ne concerne personne : son absence ne doit bloquer aucun bulletin.
            mask = _concerned(c, regle) & (base != 0)
            if cle:
                taux = np.where(mask, c.rate(cle, mask), taux)
            elif colonne:
                taux = np.where(mask, c[colonne], taux)
        return taux

    return function


def _flat(regle: Regle, part: str) -> str:
    return regle.salarie_montant if part == "salarie" else regle.employeur_montant


def _given(rubrique: Rubrique, part: str) -> Function:
    """Un montant forfaitaire par agent, tel que le contrat collectif le fixe."""

    def function(c: Columns) -> Column:
        montant = c.zeros()
        for regle in rubrique.regles:
            if colonne := _flat(regle, part):
                montant = np.where(_concerned(c, regle), c[colonne], montant)
        return montant

    return function


def _share(base: str, taux: str, reduction: bool) -> Function:
    def function(c: Columns) -> Column:
        assiette, ppm = c[base], c[taux]
        # Une cotisation sur deux n'a pas de part de l'agent : rien à arrondir.
        montant = apply_rate(assiette, ppm) if ppm.any() else c.zeros()
        return -montant if reduction else montant

    return function
