"""Les refus propres aux rémunérations sans indice, et aux personnes qui ont plusieurs contrats."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from payroll.anomalies import Anomalie, Gravite
from payroll.engine.columns import FONCTIONNAIRES
from payroll.engine.inputs import LIBELLES, age_band, years_of_execution
from payroll.engine.limits import Limits
from payroll.engine.situation import HOUR_VARIABLES, RegimeRetraite, Situation
from payroll.money import PPM, format_amount, format_percent
from payroll.periods import Month

SANS_INDICE = ("apprenti", "pec", "vacataire")
A_L_HEURE = ("contractuel", "pec", "vacataire")
_ANNEES_APPRENTI = (1, 2, 3)
PRIX_MAXIMAL = 1_000_000
_TRANCHES = ("moins_18", "18_20", "21_25", "26_plus")


def without_index(situation: Situation, qui: str) -> bool:
    """Vrai si ce contrat n'est pas payé sur un indice."""
    return qui in SANS_INDICE or (qui == "contractuel" and situation.taux_horaire > 0)


def check_population(mois: Month, situation: Situation, qui: str, limits: Limits) -> Iterator[Anomalie]:
    """Les défauts d'une rémunération sans indice, et ceux du partage entre plusieurs contrats."""
    yield from _check_several_contracts(situation, qui, limits)
    yield from _check_prices(situation, qui, limits)
    if situation.apprenti is not None and qui != "apprenti":
        yield Anomalie(
            "apprenti-inattendu",
            f"un contrat d'apprentissage est donné pour un {LIBELLES[qui]}",
            "Corrigez le statut du contrat, ou retirez l'année d'apprentissage.",
        )
    if not without_index(situation, qui):
        return
    if situation.regime_retraite is RegimeRetraite.CNRACL and qui != "contractuel":
        yield Anomalie(
            "regime-retraite-contraire",
            f"un {LIBELLES[qui]} cotise à l'IRCANTEC, jamais à la CNRACL",
            "Corrigez le régime de retraite : IRCANTEC.",
            texte="Décret 70-1277 art. 3",
        )
    yield from _check_no_index(situation, qui)
    if qui == "apprenti":
        yield from _check_apprentice(mois, situation, limits)
    elif qui != "pec":
        yield from _check_pay_by_act(situation, qui)
    for arret in situation.arrets:
        if arret.fin >= mois.first_day and arret.debut <= mois.last_day:
            yield Anomalie(
                "absence-non-couverte",
                f"une absence d'un {LIBELLES[qui]} sans indice n'est pas calculée",
                "Établissez ce bulletin hors de l'outil, ou saisissez les seules heures faites.",
                recu=arret.type,
            )


def _check_no_index(situation: Situation, qui: str) -> Iterator[Anomalie]:
    if situation.indice_majore and qui == "contractuel":
        yield Anomalie(
            "remuneration-ambigue",
            "ce contrat a un indice et un taux horaire : rien ne dit lequel se paie",
            "Retirez l'indice d'un contrat payé à l'heure, ou le taux horaire d'un contrat payé sur un indice.",
            recu=f"IM {situation.indice_majore} et {format_amount(situation.taux_horaire)} € de l'heure",
        )
    elif situation.indice_majore:
        yield Anomalie(
            "indice-sans-effet",
            f"l'indice d'un {LIBELLES[qui]} ne sert pas : il n'est pas payé sur un indice",
            "Retirez l'indice majoré de ce contrat.",
            gravite=Gravite.AVERTISSEMENT,
            recu=str(situation.indice_majore),
        )
    if situation.enfants_sft:
        yield Anomalie(
            "sft-non-du",
            "le supplément familial est réservé aux agents payés sur un indice",
            "Mettez zéro enfant pour ce contrat.",
            rubrique="sft",
            recu=str(situation.enfants_sft),
            texte="Décret 85-1148 art. 10 ; CGFP L. 712-8",
        )
    if situation.nbi:
        yield Anomalie(
            "nbi-non-due",
            "la NBI est réservée aux fonctionnaires",
            "Retirez les points de NBI de ce contrat.",
            rubrique="nbi",
            texte="Décret 93-863 ; décret 2006-779",
        )
    if situation.quotite != 1:
        yield Anomalie(
            "quotite-sans-objet",
            "le temps partiel des agents publics ne s'applique pas à un contrat sans indice",
            "Donnez la durée hebdomadaire du contrat, et une quotité de 1.",
            texte="CGFP L. 612-1",
        )
    if any(situation.variables.get(code) for code in HOUR_VARIABLES):
        yield Anomalie(
            "heures-sans-indice",
            "les heures supplémentaires et complémentaires se calculent sur un indice, que ce contrat n'a pas",
            "Saisissez ces heures au taux horaire du contrat, ou retirez-les.",
            texte="Décret 2002-60 art. 7 ; décret 2020-592 art. 2",
        )


def _check_prices(situation: Situation, qui: str, limits: Limits) -> Iterator[Anomalie]:
    prix = (situation.taux_horaire, situation.prix_vacation, situation.autres_remunerations)
    if not all(0 <= montant <= PRIX_MAXIMAL * 100 for montant in prix) or max(prix[:2]) > PRIX_MAXIMAL:
        yield Anomalie(
            "prix-impossible",
            "un prix d'heure ou de vacation, ou la rémunération des autres contrats, est négatif ou démesuré",
            "Corrigez les conditions du contrat.",
        )
        return
    if situation.taux_horaire and qui not in A_L_HEURE:
        yield Anomalie(
            "taux-horaire-inattendu",
            f"un {LIBELLES[qui]} n'est pas payé à un taux horaire",
            "Retirez le taux horaire de ce contrat.",
            recu=format_amount(situation.taux_horaire),
        )
    elif situation.taux_horaire:
        smic = limits.figures.cents("smic.horaire")
        if situation.taux_horaire < smic:
            yield Anomalie(
                "taux-horaire-sous-smic",
                "le taux horaire du contrat est inférieur au SMIC horaire du mois",
                "Relevez le taux horaire au moins au SMIC, à sa date d'effet.",
                recu=format_amount(situation.taux_horaire),
                attendu=f"{format_amount(smic)} au moins",
                texte=limits.figures.text("smic.horaire"),
            )
    if situation.prix_vacation and qui != "vacataire":
        yield Anomalie(
            "prix-vacation-inattendu",
            f"un {LIBELLES[qui]} n'est pas payé à la vacation",
            "Retirez le prix de la vacation, ou corrigez le statut du contrat.",
            recu=format_amount(situation.prix_vacation),
        )


def _check_pay_by_act(situation: Situation, qui: str) -> Iterator[Anomalie]:
    heures = situation.variables.get("heures_travaillees", 0) + situation.permanents.get("heures_travaillees", 0)
    vacations = situation.variables.get("vacations", 0)
    if heures and not situation.taux_horaire:
        yield Anomalie(
            "prix-manquant",
            "des heures sont saisies, mais le contrat n'a pas de taux horaire",
            "Donnez le taux horaire dans les conditions du contrat.",
            rubrique="heures_travaillees",
        )
    if vacations and not situation.prix_vacation:
        yield Anomalie(
            "prix-manquant",
            "des vacations sont saisies, mais le contrat n'a pas de prix de vacation",
            "Donnez le prix de la vacation dans les conditions du contrat.",
            rubrique="vacations",
        )
    if not heures and not vacations:
        yield Anomalie(
            "aucune-heure",
            f"aucune heure ni vacation n'est saisie ce mois-ci pour ce {LIBELLES[qui]}",
            "Vérifiez qu'il n'a rien fait ; sinon saisissez ses heures ou ses vacations.",
            gravite=Gravite.AVERTISSEMENT,
        )


def _check_apprentice(mois: Month, situation: Situation, limits: Limits) -> Iterator[Anomalie]:
    apprenti = situation.apprenti
    if apprenti is None or apprenti.annee not in _ANNEES_APPRENTI:
        yield Anomalie(
            "apprenti-annee-inconnue",
            "l'année d'exécution du contrat d'apprentissage n'est pas donnée, ou n'est pas calculée",
            "Donnez l'année d'exécution : 1, 2 ou 3.",
            recu="" if apprenti is None else str(apprenti.annee),
            texte="C. trav. D. 6222-26",
        )
        return
    part = apprenti.pourcentage_smic_ppm
    if part is not None and not 0 < part <= 2 * PPM:
        yield Anomalie(
            "apprenti-pourcentage-impossible",
            "la part du SMIC écrite au contrat d'apprentissage est impossible",
            "Donnez un pourcentage du SMIC, par exemple 51.",
            recu=format_percent(part),
        )
        return
    if situation.date_naissance is None:
        if part is None:
            yield Anomalie(
                "apprenti-age-inconnu",
                "sans date de naissance ni pourcentage du SMIC, la rémunération de l'apprenti n'est pas connue",
                "Donnez la date de naissance de l'apprenti.",
                texte="C. trav. D. 6222-26",
            )
            return
    else:
        yield from _check_minimum(mois, situation, limits, part)
    if situation.date_debut is None:
        yield Anomalie(
            "apprenti-date-debut-absente",
            "sans premier jour de contrat, l'exonération de l'apprenti est celle des contrats exécutés ce mois-ci",
            "Donnez la date de début : avant mars 2025, le seuil d'exonération est plus haut.",
            gravite=Gravite.AVERTISSEMENT,
            texte="C. trav. L. 6243-2, D. 6243-5",
        )
    elif apprenti.annee < years_of_execution(situation.date_debut, mois.first_day) + 1:
        yield Anomalie(
            "apprenti-prolonge",
            "l'année d'exécution est moindre que celle que donne la date du contrat : il est payé comme prolongé",
            "Si le contrat n'est pas prolongé, corrigez l'année d'exécution.",
            gravite=Gravite.AVERTISSEMENT,
            recu=f"année {apprenti.annee}",
            texte="C. trav. D. 6222-28",
        )


def _check_minimum(mois: Month, situation: Situation, limits: Limits, part: int | None) -> Iterator[Anomalie]:
    apprenti = situation.apprenti
    if apprenti is None or part is None:
        return
    tranche = _TRANCHES[age_band(situation.date_naissance, mois)]
    minimum = limits.figures.rate(f"apprenti.taux_smic.{tranche}.annee_{apprenti.annee}")
    if part < minimum:
        yield Anomalie(
            "apprenti-minimum-legal",
            "la part du SMIC écrite au contrat est sous le minimum de l'âge et de l'année : le minimum est payé",
            "Corrigez le pourcentage du contrat, l'âge ou l'année d'exécution.",
            gravite=Gravite.AVERTISSEMENT,
            recu=format_percent(part),
            attendu=f"{format_percent(minimum)} au moins",
            texte="C. trav. D. 6222-26",
        )


def _check_several_contracts(situation: Situation, qui: str, limits: Limits) -> Iterator[Anomalie]:
    total = situation.heures_hebdo_tous_employeurs or situation.heures_hebdo
    hors = situation.heures_hors_cnracl
    complet = limits.integer("temps_complet.heures_hebdomadaires")
    if qui in FONCTIONNAIRES:
        maximum = limits.figures.fraction("temps_non_complet.cumul_maximal") * complet
        if total > maximum:
            yield Anomalie(
                "cumul-emplois-impossible",
                "la durée de tous les emplois dépasse de plus de 15 % celle d'un temps complet",
                "Vérifiez les durées hebdomadaires de ses emplois.",
                recu=f"{_hours(total)} h",
                attendu=f"{_hours(maximum)} h au plus",
                texte=limits.figures.text("temps_non_complet.cumul_maximal"),
            )
    if hors is None:
        return
    possible = min(situation.heures_hebdo, total - complet)
    if qui != "titulaire_cnracl" or not 0 <= hors <= max(possible, Fraction(0)) or (hors and situation.segments):
        yield Anomalie(
            "heures-hors-cnracl-impossibles",
            "les heures de ce poste données hors CNRACL ne conviennent pas au cumul de ses emplois",
            "Donnez au plus les heures qui dépassent le temps complet, pour un mois sans changement de conditions.",
            recu=f"{_hours(hors)} h",
            texte="Décret 91-298 art. 8 ; décret 2007-173 art. 3",
        )


def _hours(value: Fraction) -> str:
    return format_amount(int(value * 100))
