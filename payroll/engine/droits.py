"""Les droits à congé : l'ancienneté choisit la règle, la règle donne les paliers, le calendrier classe les jours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from payroll.anomalies import Anomalie
from payroll.engine.inputs import contract_days, population
from payroll.engine.jours import EPUISE, Droits, Jour, Palier, chain_start, classify, in_thirtieths, is_partial
from payroll.engine.limits import Limits
from payroll.engine.situation import Arret, Situation
from payroll.legislation.conges import Regle, load_conges
from payroll.periods import Month


def touching(situation: Situation, mois: Month) -> list[Arret]:
    """Les absences qui touchent le mois."""
    return [arret for arret in situation.arrets if arret.fin >= mois.first_day and arret.debut <= mois.last_day]


def earlier(situation: Situation, mois: Month) -> list[Arret]:
    """Les absences connues d'avant le mois : celles qu'on donne, et celles qu'on aurait saisies avec lui."""
    return [*situation.absences_anterieures, *(arret for arret in situation.arrets if arret.fin < mois.first_day)]


def start_of(arret: Arret, situation: Situation) -> date:
    """Le premier jour de l'arrêt ou du premier qu'il prolonge ; faute de le connaître, celui de l'arrêt."""
    return chain_start(arret, (*situation.absences_anterieures, *situation.arrets)) or arret.debut


def seniority_start(situation: Situation) -> date | None:
    """Le début des services qui ouvrent les droits : celui qu'on donne, sinon le début du contrat."""
    return situation.anciennete_depuis or situation.date_debut


def rule_of(situation: Situation, arret: Arret) -> Regle | None:
    """La règle de l'arrêt pour cet agent, à son ancienneté du premier jour ; ``None`` si elle ne peut être choisie."""
    nature = load_conges().natures.get(arret.type)
    regles = nature.rules_for(population(situation)) if nature else ()
    depuis = seniority_start(situation)
    jour = start_of(arret, situation)
    found = None
    for regle in regles:
        if regle.apres is None or (depuis is not None and _months_later(depuis, regle.apres) <= jour):
            found = regle
    return found


def _months_later(day: date, months: int) -> date:
    """Le même jour, tant de mois plus tard ; un jour qui n'existe pas devient le premier du mois suivant."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    try:
        return date(year, month + 1, day.day)
    except ValueError:
        return Month(year, month + 1).last_day + timedelta(days=1)


def rights_of(regle: Regle, limits: Limits) -> Droits:
    """Les paliers de la règle, leurs bornes lues dans les chiffres du mois."""

    def bound(text: str) -> int | None:
        if not text:
            return None
        return int(text) if text.isdigit() else limits.integer(text)

    return Droits(
        int(regle.fenetre) if regle.fenetre.isdigit() else regle.fenetre,
        tuple(Palier(palier.motif, bound(palier.jusqu_a)) for palier in regle.paliers),
        limits.integer("carence.jours") if regle.carence else 0,
    )


def days_of(
    mois: Month, situation: Situation, limits: Limits, bornes: tuple[date, date] | None = None
) -> tuple[list[Jour], list[Anomalie]]:
    """Les jours d'absence entière du mois, classés ; refuse ceux dont les droits sont épuisés.

    ``bornes`` : premier et dernier jour à compter, si ce ne sont pas ceux du contrat (mois coupé).
    """
    arrets = touching(situation, mois)
    if not arrets:
        return [], []
    droits: Mapping[Arret, Droits] = {
        arret: rights_of(regle, limits) for arret in arrets if (regle := rule_of(situation, arret)) is not None
    }
    debut, fin = bornes or contract_days(situation, mois)
    jours = classify(mois, debut, fin, arrets, earlier(situation, mois), situation.jours_cmo_anterieurs, droits)
    epuises = {jour.arret.type: droits[jour.arret] for jour in jours if jour.motif == EPUISE}
    return jours, [_exhausted(situation, nature, limite) for nature, limite in epuises.items()]


def _exhausted(situation: Situation, nature: str, droits: Droits) -> Anomalie:
    found = load_conges().natures[nature]
    regle = found.rules_for(population(situation))[-1]
    sur = "douze derniers mois" if nature == "cmo" else "droits de l'agent"
    return Anomalie(
        f"{nature}-droits-epuises",
        f"les {droits.paliers[-1].jusqu_a} jours de {found.libelle} des {sur} sont dépassés",
        "Saisissez la position prise après avis du conseil médical (CLM, CLD, disponibilité d'office).",
        texte=regle.texte,
    )


def thirtieths(
    mois: Month, situation: Situation, jours: Sequence[Jour], limits: Limits, bornes: tuple[date, date] | None = None
) -> dict[str, int]:
    """Les trentièmes d'absence par motif."""
    if not jours:
        return {}
    debut, fin = bornes or contract_days(situation, mois)
    mois_de_paie = limits.integer("trentiemes.jours_du_mois")
    sortie = mois_de_paie if fin == mois.last_day else min(fin.day, mois_de_paie)
    presence = sortie - min(debut.day, mois_de_paie) + 1
    return in_thirtieths([jour.motif for jour in jours], (fin - debut + timedelta(days=1)).days, presence)


def partial_measures(arrets: Sequence[Arret], debut: date, fin: date) -> dict[str, int]:
    """Demi-journées et centièmes d'heure d'absence du mois, et part travaillée en temps partiel thérapeutique.

    ``debut`` et ``fin`` : les bornes du contrat dans le mois.
    """
    found: dict[str, int] = {}
    for arret in arrets:
        if arret.heures is not None:
            found[f"heures_{arret.type}"] = found.get(f"heures_{arret.type}", 0) + arret.heures
        elif arret.demi_journee:
            jours = (min(arret.fin, fin) - max(arret.debut, debut)).days + 1
            found[f"demi_journees_{arret.type}"] = found.get(f"demi_journees_{arret.type}", 0) + 100 * jours
        elif arret.quotite is not None and not is_partial(arret):
            found["quotite_tpt"] = int(arret.quotite * 1_000_000)
    return found
