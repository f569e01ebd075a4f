"""Les refus qui touchent aux éléments saisis : rubriques, montants, heures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from payroll.anomalies import Anomalie, Gravite
from payroll.catalogue.rubrique import Rubrique
from payroll.engine.inputs import LIBELLES
from payroll.engine.limits import Limits
from payroll.engine.situation import CONTINGENT_DECIDE, HOUR_VARIABLES, Situation
from payroll.money import format_amount

MONTANT_MAXIMAL = 100_000_000
"""Un million d'euros : au-delà, c'est une erreur de saisie, et les calculs tiennent en 64 bits."""

HEURES_MAXIMALES = 40_000


def check_hours(situation: Situation, limits: Limits) -> Iterator[Anomalie]:
    """Les défauts des heures : catégorie, contingent, temps complet ou non."""
    ihts = sum(situation.variables.get(code, 0) for code in HOUR_VARIABLES if code.startswith("ihts"))
    en_plus = situation.variables.get("heures_complementaires", 0)
    complet = limits.integer("temps_complet.heures_hebdomadaires")
    if ihts > 0 and situation.categorie == "A":
        yield Anomalie(
            "ihts-categorie-a",
            "les heures supplémentaires indemnisées sont réservées aux catégories B et C",
            "Retirez ces heures : la catégorie A récupère ses heures.",
            rubrique="ihts",
            texte="Décret 2002-60 art. 2",
        )
    contingent = limits.integer("ihts.contingent_mensuel") * 100 * situation.quotite
    # Décision motivée du chef de service, pour une période limitée (décret 2002-60 art. 6) : elle ne peut que relever.
    decide = max(situation.permanents.get(CONTINGENT_DECIDE, 0), situation.variables.get(CONTINGENT_DECIDE, 0))
    contingent = max(contingent, Fraction(decide))
    if ihts > contingent:
        yield Anomalie(
            "contingent-ihts-depasse",
            "le contingent mensuel d'heures supplémentaires est dépassé, nuits et dimanches compris",
            "Ramenez les heures au contingent ; le surplus se récupère ou demande une décision motivée.",
            rubrique="ihts",
            recu=f"{_centiemes(ihts)} h",
            attendu=f"{_centiemes(int(contingent))} h au plus",
            texte="Décret 2002-60 art. 6",
        )
    if en_plus > 0 and situation.heures_hebdo >= complet:
        yield Anomalie(
            "heures-complementaires-temps-complet",
            "les heures complémentaires sont celles des emplois à temps non complet",
            "Saisissez ces heures en heures supplémentaires (IHTS).",
            rubrique="heures_complementaires",
            texte="Décret 2020-592 art. 1",
        )
    elif en_plus > (libre := (complet - situation.heures_hebdo) * Fraction(5200, 12)):
        yield Anomalie(
            "heures-complementaires-au-dela-du-temps-complet",
            f"ces heures complémentaires dépassent {complet} heures par semaine en moyenne sur le mois",
            "Saisissez en heures supplémentaires (IHTS) celles qui dépassent le temps complet.",
            rubrique="heures_complementaires",
            recu=f"{_centiemes(en_plus)} h",
            attendu=f"{_centiemes(int(libre))} h au plus",
            texte="Décret 2020-592 art. 1",
        )
    if ihts > 0 and situation.heures_hebdo < complet:
        yield Anomalie(
            "ihts-temps-non-complet",
            f"à temps non complet, seules les heures au-delà de {complet} heures par semaine sont des IHTS",
            "Vérifiez que ces heures dépassent le temps complet ; sinon saisissez-les en heures complémentaires.",
            gravite=Gravite.AVERTISSEMENT,
            rubrique="ihts",
            texte="Décret 2020-592 art. 1 ; décret 2002-60",
        )


def check_amounts(
    situation: Situation, qui: str, catalogue: Mapping[str, Rubrique], limits: Limits
) -> Iterator[Anomalie]:
    """Les défauts des montants saisis : code inconnu, mauvais lieu, mauvaise population, signe, démesure."""
    for lieu, montants in (("permanents", situation.permanents), ("variables", situation.variables)):
        for code, valeur in montants.items():
            if code in HOUR_VARIABLES and (lieu == "variables" or code == CONTINGENT_DECIDE):
                yield from _check_hour_entry(code, valeur, qui)
                continue
            rubrique = catalogue.get(code)
            if rubrique is None:
                yield Anomalie(
                    "rubrique-inconnue",
                    f"la rubrique « {code} » n'existe pas au catalogue",
                    "Corrigez le code, ou faites ajouter la rubrique au catalogue.",
                    rubrique=code,
                )
                continue
            yield from _check_amount(rubrique, lieu, valeur, qui)
            if code == "remboursement_transport":
                yield from _check_transport(valeur, limits)


def _check_hour_entry(code: str, valeur: int, qui: str) -> Iterator[Anomalie]:
    if not 0 <= valeur <= HEURES_MAXIMALES:
        yield Anomalie(
            "heures-impossibles",
            "le nombre d'heures est négatif ou dépasse un mois",
            "Corrigez les heures.",
            rubrique=code,
            recu=f"{_centiemes(valeur)} h",
        )
    if qui == "elu" and valeur:
        yield _outside(code, qui)


def _check_amount(rubrique: Rubrique, lieu: str, valeur: int, qui: str) -> Iterator[Anomalie]:
    if lieu not in rubrique.saisie:
        ou = " ou ".join(rubrique.saisie)
        yield Anomalie(
            "rubrique-non-saisissable",
            f"« {rubrique.libelle} » ne se saisit pas dans les {lieu}",
            f"Saisissez-la dans les {ou}." if ou else "Retirez-la : le moteur calcule cette ligne.",
            rubrique=rubrique.code,
        )
    if qui not in rubrique.populations:
        yield _outside(rubrique.code, qui)
    if valeur < 0:
        yield Anomalie(
            "montant-negatif",
            "ce montant ne peut être négatif",
            "Saisissez un montant positif ; une retenue se saisit positive, la ligne la déduit.",
            rubrique=rubrique.code,
            recu=format_amount(valeur),
        )
    elif valeur > MONTANT_MAXIMAL:
        yield Anomalie(
            "montant-hors-limites",
            "ce montant dépasse ce qu'une paie peut porter",
            "Vérifiez la place de la virgule.",
            rubrique=rubrique.code,
            recu=format_amount(valeur),
        )


def _check_transport(valeur: int, limits: Limits) -> Iterator[Anomalie]:
    plafond = limits.figures.cents("transport_domicile_travail.plafond_mensuel")
    if valeur > plafond:
        yield Anomalie(
            "transport-au-dessus-du-plafond",
            "le remboursement domicile-travail dépasse le plafond d'un mois",
            "Vérifiez qu'il couvre bien plusieurs mois ; le plafond s'entend par mois.",
            gravite=Gravite.AVERTISSEMENT,
            rubrique="remboursement_transport",
            recu=format_amount(valeur),
            attendu=f"{format_amount(plafond)} au plus",
            texte=limits.figures.text("transport_domicile_travail.plafond_mensuel"),
        )


def _outside(code: str, qui: str) -> Anomalie:
    return Anomalie(
        "rubrique-hors-population",
        f"cette rubrique ne concerne pas un {LIBELLES[qui]}",
        "Retirez-la de cet agent.",
        rubrique=code,
    )


def hours_text(value: Fraction) -> str:
    """« 17,50 h »."""
    return _centiemes(int(value * 100)) + " h"


def _centiemes(value: int) -> str:
    return format_amount(value)
