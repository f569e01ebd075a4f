"""Les refus qui touchent aux absences, et les jours d'absence ramenés en trentièmes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from itertools import pairwise

from payroll.anomalies import Anomalie, Gravite
from payroll.engine.deliberations import check_clauses
from payroll.engine.droits import (
    days_of,
    earlier,
    partial_measures,
    rule_of,
    seniority_start,
    thirtieths,
    touching,
)
from payroll.engine.ijss import allowances
from payroll.engine.inputs import LIBELLES, contract_days
from payroll.engine.jours import adjoining, is_partial
from payroll.engine.limits import Limits
from payroll.engine.situation import Arret, Employeur, Situation
from payroll.legislation.conges import NatureAbsence, load_conges
from payroll.periods import Month

_REPRISE = 2
"""Jours de reprise au plus entre deux arrêts de même cause (loi 2017-1837 art. 115 II 2° : 48 heures)."""


_MOIS = 30
"""Trentièmes d'un mois (décret 62-765 art. 1)."""


def check_absences(
    mois: Month, employeur: Employeur, situation: Situation, qui: str, limits: Limits
) -> Iterator[Anomalie]:
    """Les défauts des absences saisies : dates, chevauchements, absences que cette population ne peut avoir."""
    yield from check_clauses(mois, employeur, {arret.type for arret in touching(situation, mois)}, limits)
    for arret in situation.arrets:
        yield from _check_one(mois, situation, qui, arret)
    for avant, apres in pairwise(sorted(situation.arrets, key=lambda arret: arret.debut)):
        if apres.debut <= avant.fin and not _same_day_hours(avant, apres):
            yield Anomalie(
                "arrets-chevauchants",
                "deux absences se chevauchent",
                "Corrigez les dates : un jour n'a qu'une absence.",
                recu=f"{_dates(avant)} et {_dates(apres)}",
            )
    if situation.jours_cmo_anterieurs < 0:
        yield Anomalie(
            "nombre-impossible",
            "les jours de maladie des douze mois précédents ne peuvent être négatifs",
            "Corrigez le compteur.",
        )
    for arret in adjoining((*earlier(situation, mois), *touching(situation, mois)), _REPRISE):
        if arret in situation.arrets and arret.fin >= mois.first_day:
            yield Anomalie(
                "carence-a-verifier",
                "cet arrêt suit de 48 heures au plus un autre arrêt : un jour de carence est retenu",
                "S'ils ont la même cause, dites « prolongation », ou « reprise de 48 heures au plus ».",
                gravite=Gravite.AVERTISSEMENT,
                recu=_dates(arret),
                texte="Loi 2017-1837 art. 115 II 2°",
            )


def _same_day_hours(avant: Arret, apres: Arret) -> bool:
    """Deux absences partielles d'un même jour (une heure le matin, une le soir) ne se chevauchent pas."""
    return is_partial(avant) and is_partial(apres) and avant.heures is not None and apres.heures is not None


def _check_one(mois: Month, situation: Situation, qui: str, arret: Arret) -> Iterator[Anomalie]:
    if arret.fin < arret.debut:
        yield Anomalie(
            "arret-dates-inversees",
            "une absence finit avant d'avoir commencé",
            "Corrigez ses dates.",
            recu=_dates(arret),
        )
        return
    if arret.fin < mois.first_day or arret.debut > mois.last_day:
        yield Anomalie(
            "arret-hors-mois",
            f"cette absence ne touche pas {mois.libelle} : elle est sans effet sur ce bulletin",
            "Vérifiez ses dates ; un mois déjà payé se régularise par un rappel.",
            gravite=Gravite.AVERTISSEMENT,
            recu=_dates(arret),
        )
        return
    debut, fin = situation.date_debut, situation.date_fin
    if (debut and arret.debut < debut) or (fin and arret.fin > fin):
        yield Anomalie(
            "arret-hors-contrat",
            "cette absence sort des dates du contrat",
            "Ramenez-la aux dates du contrat.",
            recu=_dates(arret),
            texte="CGFP L. 711-1 : rien n'est dû hors du service",
        )
    nature = load_conges().natures.get(arret.type)
    if nature is None:
        yield Anomalie(
            "absence-inconnue",
            "cette nature d'absence n'existe pas",
            "Choisissez une nature de la liste.",
            recu=arret.type,
            attendu=", ".join(load_conges().natures),
        )
        return
    yield from _check_nature(situation, qui, arret, nature)


def _check_nature(situation: Situation, qui: str, arret: Arret, nature: NatureAbsence) -> Iterator[Anomalie]:
    if not nature.rules_for(qui):
        admis = sorted({name for regle in nature.regles for name in regle.populations})
        yield Anomalie(
            "absence-non-couverte",
            f"l'absence « {nature.libelle} » n'est pas prévue pour cette population",
            "Choisissez l'absence que prévoit le statut de l'agent, ou établissez ce bulletin hors de l'outil.",
            recu=f"{arret.type}, {LIBELLES.get(qui, qui)}",
            attendu=", ".join(LIBELLES.get(name, name) for name in admis),
            texte=" ; ".join(dict.fromkeys(regle.texte for regle in nature.regles)),
        )
        return
    if rule_of(situation, arret) is None:
        depuis = seniority_start(situation)
        yield Anomalie(
            "anciennete-inconnue" if depuis is None else "anciennete-impossible",
            f"les droits à {nature.libelle} dépendent de l'ancienneté, et elle n'est pas connue"
            if depuis is None
            else "l'ancienneté commence après l'arrêt",
            "Donnez la date depuis laquelle l'agent compte des services (ou celle de son contrat).",
            recu=_dates(arret),
            texte=nature.rules_for(qui)[0].texte,
        )
    yield from _check_details(arret, nature)


def _check_details(arret: Arret, nature: NatureAbsence) -> Iterator[Anomalie]:
    if is_partial(arret) and not nature.partielle:
        yield Anomalie(
            "absence-partielle-impossible",
            f"l'absence « {nature.libelle} » se compte en jours entiers",
            "Retirez les heures ou la demi-journée.",
            recu=_dates(arret),
            texte=nature.regles[0].texte,
        )
    jours = (arret.fin - arret.debut).days + 1
    if arret.heures is not None and (arret.demi_journee or not 0 < arret.heures < jours * 2400):
        yield Anomalie(
            "heures-d-absence-impossibles",
            "le nombre d'heures d'absence est nul, dépasse la durée de l'absence, ou s'ajoute à une demi-journée",
            "Donnez les heures, ou la demi-journée, ou des jours entiers.",
            recu=_dates(arret),
            texte="CGFP L. 711-2 et L. 711-3",
        )
    if nature.quotite != (arret.quotite is not None) or not 0 < (arret.quotite or Fraction(1, 2)) < 1:
        yield Anomalie(
            "quotite-d-absence-impossible",
            "le temps partiel thérapeutique demande la part de temps travaillée, entre 0 et 100 %"
            if nature.quotite
            else f"l'absence « {nature.libelle} » n'a pas de part de temps travaillée",
            "Donnez la quotité de l'arrêté (de 50 à 90 %)." if nature.quotite else "Retirez la quotité.",
            recu=_dates(arret),
            texte="CGFP L. 823-4",
        )
    if arret.motif_sans_carence and arret.motif_sans_carence not in load_conges().sans_carence:
        yield Anomalie(
            "motif-sans-carence-inconnu",
            "ce motif ne dispense pas du jour de carence",
            "Choisissez un motif de la liste, ou retirez-le.",
            recu=arret.motif_sans_carence,
            attendu=", ".join(load_conges().sans_carence),
            texte="Loi 2017-1837 art. 115 II",
        )
    elif arret.motif_sans_carence and arret.type != "cmo":
        yield Anomalie(
            "motif-sans-carence-inconnu",
            f"l'absence « {nature.libelle} » n'a pas de jour de carence : aucun motif n'est à donner",
            "Retirez le motif.",
            recu=_dates(arret),
            texte="Loi 2017-1837 art. 115",
        )


def absence_days(
    mois: Month, situation: Situation, limits: Limits, bornes: tuple[date, date] | None = None
) -> tuple[Mapping[str, int], list[Anomalie]]:
    """Les trentièmes d'absence par motif ; refuse les congés dont les droits sont épuisés.

    ``bornes`` : premier et dernier jour à compter, si ce ne sont pas ceux du contrat (mois coupé).
    """
    jours, anomalies = days_of(mois, situation, limits, bornes)
    if anomalies:
        return {}, anomalies
    return thirtieths(mois, situation, jours, limits, bornes), []


def count_absences(
    mois: Month, employeur: Employeur, situation: Situation, limits: Limits
) -> tuple[Mapping[str, int], Mapping[str, int], list[Anomalie]]:
    """Les trentièmes par motif, ce que les absences donnent d'autre (heures, indemnités), et leurs défauts."""
    arrets = touching(situation, mois)
    if not arrets and "ijss_brutes" not in situation.variables:
        return {}, {}, []
    debut, fin = bornes = contract_days(situation, mois)
    jours, anomalies = days_of(mois, situation, limits, bornes)
    trentiemes = thirtieths(mois, situation, jours, limits, bornes)
    absences = {} if anomalies else trentiemes
    found = partial_measures(arrets, debut, fin)
    if len({arret.quotite for arret in arrets if arret.quotite is not None}) > 1:
        anomalies.append(
            Anomalie(
                "quotite-d-absence-impossible",
                "deux quotités de temps partiel thérapeutique dans le même mois ne sont pas calculées",
                "Faites commencer la nouvelle quotité au premier jour d'un mois.",
                texte="CGFP L. 823-4",
            )
        )
    anomalies += _check_total(mois, debut, fin, sum(trentiemes.values()), found)
    subroge = employeur.subrogation if situation.subrogation is None else situation.subrogation
    indemnites, more = allowances(situation, jours, limits)
    return absences, {**found, **indemnites, "subrogation": int(subroge)}, [*anomalies, *more]


def _check_total(mois: Month, debut: date, fin: date, jours: int, found: Mapping[str, int]) -> Iterator[Anomalie]:
    """Les jours entiers et les demi-journées ne dépassent pas ce que le contrat compte dans le mois."""
    sortie = _MOIS if fin == mois.last_day else min(fin.day, _MOIS)
    demies = sum(nombre for name, nombre in found.items() if name.startswith("demi_journees_"))
    if 200 * jours + demies > 200 * (sortie - min(debut.day, _MOIS) + 1):
        yield Anomalie(
            "trente-trentiemes-depasses",
            "les absences du mois dépassent ses trente trentièmes",
            "Retirez la demi-journée d'un mois déjà entièrement absent.",
            recu=f"{jours} jours et {demies // 100} demi-journées",
            texte="Décret 62-765 art. 1",
        )


def _dates(arret: Arret) -> str:
    nature = load_conges().natures.get(arret.type)
    libelle = nature.libelle if nature else arret.type
    return f"{libelle} du {arret.debut:%d/%m/%Y} au {arret.fin:%d/%m/%Y}"
