"""Les saisies sur rémunération : base saisissable, quotité par tranches, minimum laissé, ordre des créanciers.

C. trav. L. 3252-1 à L. 3252-13, R. 3252-2 à R. 3252-5 ; CPCE L. 212-1 et s., L. 213-1 et s. ; LPF L. 262.
Une retenue n'est jamais que la part d'un créancier : ce que l'ordre ou le minimum ne laisse pas attend le mois suivant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from payroll.engine.columns import FORMULAS, Columns, Formula, Function, Mask, Unit, formula
from payroll.engine.joined import whole
from payroll.engine.situation import Saisie, Situation
from payroll.legislation import Figures
from payroll.money import Column, round_half_up

PLACES = 6
"""Retenues suivies à la fois pour un contrat."""

TYPES = ("", "pension_alimentaire", "saisie_administrative", "saisie_remuneration", "cession_remuneration")
"""Par ordre de service ; le rang d'un type est sa priorité (C. trav. L. 3252-5 ; LPF L. 262 ; C. trav. L. 3252-8)."""

_PENSION = TYPES.index("pension_alimentaire")
_TRANCHES = 7
SANS_LIMITE = 100_000_000
"""Ce que demande une saisie sans montant mensuel ni solde : tout ce que la quotité laisse."""

Read = Callable[[str], int]
Part = Callable[[str], Fraction]


def _bounds(cents: Read, personnes: int | Column) -> list[int | Column]:
    """Les bornes mensuelles : (annuel + majorations) / 12, arrondies au centime (C. trav. R. 3252-2, R. 3252-3)."""
    majoration = personnes * cents("saisie.majoration_personne_a_charge")
    return [
        round_half_up(cents(f"saisie.tranche_{rang}.borne_superieure_annuelle") + majoration, 12)
        for rang in range(1, _TRANCHES)
    ]


def quotite_saisissable(base: int, personnes: int, figures: Figures) -> int:
    """La part saisissable d'un net mensuel, en centimes, le RSA d'une personne seule toujours laissé.

    ``base`` : net après cotisations et impôt, sans remboursements de frais ni supplément familial ; ``personnes`` :
    personnes à charge. Sert aussi de limite à la reprise d'un trop-perçu. Lève ``FigureMissing``.
    C. trav. L. 3252-2, L. 3252-3, R. 3252-2, R. 3252-3 et R. 3252-5.
    """
    du, bas = 0, 0
    for rang, haut in enumerate([*_bounds(figures.cents, personnes), base], start=1):
        haut = int(haut)
        part = figures.fraction(f"saisie.tranche_{rang}.fraction")
        tranche = max(0, min(base, haut) - bas)
        du += round_half_up(tranche * part.numerator, part.denominator)
        bas = haut
    return max(0, min(du, base - figures.cents("saisie.minimum_insaisissable_rsa")))


@formula(unit=Unit.OUI_NON)
def saisie_en_cours(c: Columns) -> Column:
    """Vrai si une retenue au profit d'un créancier est en cours."""
    return (c["saisie_type_1"] > 0).astype(np.int64)


@formula
def base_saisissable(c: Columns) -> Column:
    """Net après cotisations et impôt, avantages en nature compris, sans SFT ni frais (C. trav. L. 3252-3).

    Élus : la fraction représentative des frais d'emploi est insaisissable (CGCT L. 1621-1).
    """
    net = c["net_avant_impot"] - c["pas"] - whole(c, "sft", rappels=True)
    return np.maximum(np.where(c.among("elu"), net - c["frais_emploi"], net), 0)


@formula
def quotite_du_mois(c: Columns) -> Column:
    """Somme des fractions par tranche, chacune arrondie, sans entamer le minimum (C. trav. R. 3252-2 et R. 3252-5)."""
    saisis = c.flag("saisie_en_cours")
    base = c["base_saisissable"]
    if not saisis.any():
        return c.zeros()
    bornes = _bounds(lambda cle: c.cents(cle, saisis), c["personnes_a_charge"])
    du, bas = c.zeros(), c.zeros()
    for rang, haut in enumerate([*bornes, np.maximum(base, bornes[-1])], start=1):
        part = c.fraction(f"saisie.tranche_{rang}.fraction", saisis)
        tranche = np.maximum(np.minimum(base, haut) - bas, 0)
        du = du + round_half_up(tranche * part.numerator, part.denominator)
        bas = np.asarray(haut)
    return np.where(saisis, np.minimum(du, c["saisissable_jusqu_au_minimum"]), 0)


@formula
def saisissable_jusqu_au_minimum(c: Columns) -> Column:
    """Base − RSA d'une personne seule : ce qu'aucun créancier ne dépasse (C. trav. L. 3252-3, R. 3252-5)."""
    saisis = c.flag("saisie_en_cours")
    minimum = c.cents("saisie.minimum_insaisissable_rsa", saisis)
    return np.where(saisis, np.maximum(c["base_saisissable"] - minimum, 0), 0)


def _withheld(place: int) -> Function:
    """La retenue de la ``place``-ième saisie, les précédentes servies.

    Pension alimentaire : d'abord sur la fraction insaisissable au-dessus du minimum, puis sur la fraction saisissable
    (C. trav. L. 3252-5) ; les autres se partagent ce qui en reste.
    """

    def function(c: Columns) -> Column:
        if not c.flag(f"saisie_type_{place}").any():
            return c.zeros()
        quotite = c["quotite_du_mois"]
        hors_quotite = c["saisissable_jusqu_au_minimum"] - quotite
        retenue = c.zeros()
        for rang in range(1, place + 1):
            demande = c[f"saisie_demande_{rang}"]
            pension: Mask = c[f"saisie_type_{rang}"] == _PENSION
            d_abord = np.where(pension, np.minimum(demande, hors_quotite), 0)
            ensuite = np.minimum(demande - d_abord, quotite)
            retenue = d_abord + ensuite
            hors_quotite, quotite = hors_quotite - d_abord, quotite - ensuite
        return retenue

    return function


def _of_type(rang_type: int) -> Function:
    def function(c: Columns) -> Column:
        total = c.zeros()
        for place in range(1, PLACES + 1):
            total = total - np.where(c[f"saisie_type_{place}"] == rang_type, c[f"saisie_retenue_{place}"], 0)
        return total

    return function


_TEXTES = {
    "pension_alimentaire": "C. trav. L. 3252-5 ; CPCE L. 213-1",
    "saisie_administrative": "LPF L. 262",
    "saisie_remuneration": "CPCE L. 212-1 et s. ; C. trav. L. 3252-2",
    "cession_remuneration": "C. trav. L. 3252-1",
}


def _register() -> None:
    for place in range(1, PLACES + 1):
        name = f"saisie_retenue_{place}"
        doc = "Retenue du créancier de ce rang, les précédents servis, dans la quotité (C. trav. L. 3252-5, L. 3252-8)."
        FORMULAS[name] = Formula(name, _withheld(place), doc)
    for rang, code in enumerate(TYPES):
        if code:
            doc = f"− retenues de cette nature, dans l'ordre des créanciers ({_TEXTES[code]})."
            FORMULAS[code] = Formula(code, _of_type(rang), doc)


_register()


def ordered(situation: Situation) -> list[Saisie]:
    """Les saisies dans l'ordre où elles sont servies : nature, puis date de notification, puis numéro."""
    return sorted(situation.saisies, key=lambda s: (TYPES.index(s.type), s.notifiee_le, s.numero))


def asked(saisie: Saisie) -> int:
    """Ce que le créancier demande ce mois-ci : son terme mensuel, sans dépasser le solde."""
    return min(
        SANS_LIMITE if saisie.montant_mensuel is None else saisie.montant_mensuel,
        SANS_LIMITE if saisie.solde is None else saisie.solde,
    )


COLONNES = tuple(f"saisie_{nom}_{place}" for place in range(1, PLACES + 1) for nom in ("type", "demande", "numero"))
"""Les colonnes d'entrée des saisies, place par place."""


def input_values(situation: Situation) -> Iterator[tuple[str, int]]:
    """(colonne, valeur) de chaque saisie de l'agent : type, demande et numéro, à la place où elle est servie."""
    for place, saisie in enumerate(ordered(situation), start=1):
        yield f"saisie_type_{place}", TYPES.index(saisie.type)
        yield f"saisie_demande_{place}", asked(saisie)
        yield f"saisie_numero_{place}", saisie.numero
