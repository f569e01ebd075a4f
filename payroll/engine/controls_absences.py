"""Les refus qui touchent aux absences, et les jours d'absence ramenés en trentièmes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise

from payroll.anomalies import Anomalie, Gravite
from payroll.engine.inputs import contract_days
from payroll.engine.jours import EPUISE, DroitsCmo, classify, in_thirtieths
from payroll.engine.limits import Limits
from payroll.engine.situation import Arret, Situation
from payroll.periods import Month

_COUVERTS = ("cmo", "greve", "service_non_fait")
_LIBELLES = {
    "cmo": "congé de maladie ordinaire",
    "clm": "congé de longue maladie",
    "cld": "congé de longue durée",
    "maternite": "congé de maternité",
    "paternite": "congé de paternité",
    "citis": "congé pour invalidité temporaire imputable au service (CITIS)",
    "at": "accident du travail",
    "greve": "grève",
    "service_non_fait": "service non fait",
}


def check_absences(mois: Month, situation: Situation, qui: str) -> Iterator[Anomalie]:
    """Les défauts des absences saisies : dates, chevauchements, absences que le moteur ne calcule pas."""
    for arret in situation.arrets:
        yield from _check_one(mois, situation, qui, arret)
    for avant, apres in pairwise(sorted(situation.arrets, key=lambda arret: arret.debut)):
        if apres.debut <= avant.fin:
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
        )
    libelle = _LIBELLES.get(arret.type, arret.type)
    if arret.type not in _COUVERTS or qui == "elu":
        yield Anomalie(
            "absence-non-couverte",
            f"l'absence « {libelle} » n'est pas calculée pour cette population",
            "Établissez ce bulletin hors de l'outil.",
            recu=arret.type,
        )
    elif arret.type == "cmo" and qui != "titulaire_cnracl":
        yield Anomalie(
            "ijss-non-calculees",
            "le congé de maladie d'un agent du régime général appelle les indemnités journalières de la CPAM, "
            "qui ne sont pas encore calculées",
            "Établissez ce bulletin hors de l'outil.",
            recu=_dates(arret),
            texte="Décret 88-145 art. 7 et 12 ; décret 91-298 art. 34 ; CSS R. 323-4",
        )


def absence_days(mois: Month, situation: Situation, limits: Limits) -> tuple[Mapping[str, int], list[Anomalie]]:
    """Les trentièmes d'absence par nature ; refuse un congé de maladie dont les droits sont épuisés."""
    arrets = [arret for arret in situation.arrets if arret.fin >= mois.first_day and arret.debut <= mois.last_day]
    if not arrets:
        return {}, []
    debut, fin = contract_days(situation, mois)
    droits = DroitsCmo(
        limits.integer("cmo.jours_plein"), limits.integer("cmo.jours_total"), limits.integer("carence.jours")
    )
    jours = classify(mois, debut, fin, arrets, situation.jours_cmo_anterieurs, droits)
    if any(nature == EPUISE for _, nature in jours):
        return {}, [
            Anomalie(
                "cmo-droits-epuises",
                f"les {droits.jours_total} jours de congé de maladie des douze derniers mois sont dépassés",
                "Saisissez la position prise après avis du conseil médical (CLM, CLD, disponibilité d'office).",
                texte="CGFP L. 822-2 et L. 822-3",
            )
        ]
    mois_de_paie = limits.integer("trentiemes.jours_du_mois")
    sortie = mois_de_paie if fin == mois.last_day else min(fin.day, mois_de_paie)
    presence = sortie - min(debut.day, mois_de_paie) + 1
    return in_thirtieths(jours, (fin - debut + timedelta(days=1)).days, presence), []


def _dates(arret: Arret) -> str:
    return f"{_LIBELLES.get(arret.type, arret.type)} du {arret.debut:%d/%m/%Y} au {arret.fin:%d/%m/%Y}"
