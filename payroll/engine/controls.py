"""Les refus : ce que le moteur ne sait pas payer juste, il le dit par son nom au lieu de le payer faux."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction

from payroll.anomalies import Anomalie, Gravite, blocking
from payroll.catalogue.rubrique import Rubrique
from payroll.engine.columns import FONCTIONNAIRES, POPULATIONS_CALCULEES
from payroll.engine.controls_absences import absence_days, check_absences
from payroll.engine.controls_elus import check_mandate
from payroll.engine.inputs import Accepted, contract_days, population
from payroll.engine.net import TERRITOIRES_PAS
from payroll.engine.situation import HOUR_VARIABLES, Employeur, RegimeRetraite, Situation, Statut
from payroll.legislation import FigureMissing, Figures
from payroll.money import PPM, format_amount
from payroll.periods import Month

_MONTANT_MAXIMAL = 100_000_000
"""Un million d'euros : au-delà, c'est une erreur de saisie, et les calculs tiennent en 64 bits."""

_POPULATION_MAXIMALE = 100_000_000
_CUMUL_MAXIMAL = 1_000_000_000
_NOMBRE_MAXIMAL = 1000
_INDICE_MAXIMAL = 2000
_HEURES_MAXIMALES = 40_000
_LIBELLES = {
    "titulaire_cnracl": "fonctionnaire affilié à la CNRACL",
    "titulaire_ircantec": "fonctionnaire affilié à l'IRCANTEC",
    "contractuel": "contractuel de droit public",
    "elu": "élu local",
    "apprenti": "apprenti",
    "pec": "contrat aidé (PEC)",
    "vacataire": "vacataire",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Ce que les contrôles disent d'un agent : accepté ou non, et pourquoi."""

    accepted: Accepted | None
    anomalies: tuple[Anomalie, ...] = field(default=())


def check(
    rang: int,
    mois: Month,
    employeur: Employeur,
    situation: Situation,
    figures: Figures,
    catalogue: Mapping[str, Rubrique],
) -> Verdict:
    """Tous les défauts d'une situation ; sans défaut bloquant, l'agent prêt à calculer."""
    try:
        anomalies = list(_check_all(mois, employeur, situation, figures, catalogue))
        absences: Mapping[str, int] = {}
        if not blocking(anomalies):
            absences, more = absence_days(mois, situation, figures)
            anomalies += more
    except FigureMissing as error:
        anomalies = [missing_figure(error.message)]
        absences = {}
    located = tuple(replace(anomalie, matricule=situation.matricule) for anomalie in anomalies)
    if blocking(located):
        return Verdict(None, located)
    return Verdict(Accepted(rang, employeur, situation, absences), located)


def missing_figure(message: str) -> Anomalie:
    """Un chiffre de la législation n'est pas saisi pour ce mois."""
    return Anomalie(
        "chiffre-manquant",
        message,
        "Saisissez le chiffre et sa source dans la législation, puis relancez le calcul.",
    )


def _check_all(
    mois: Month, employeur: Employeur, situation: Situation, figures: Figures, catalogue: Mapping[str, Rubrique]
) -> Iterator[Anomalie]:
    qui = population(situation)
    if qui not in POPULATIONS_CALCULEES:
        yield Anomalie(
            "population-non-couverte",
            f"la population « {_LIBELLES.get(qui, qui)} » n'est pas encore calculée",
            "Établissez ce bulletin hors de l'outil.",
            recu=qui,
            attendu=", ".join(_LIBELLES[name] for name in POPULATIONS_CALCULEES),
        )
        return
    yield from _check_employer(employeur)
    yield from _check_contract(mois, situation)
    yield from _check_amounts(situation, qui, catalogue, figures)
    yield from _check_withholding(situation)
    yield from _check_totals(situation)
    if situation.statut is Statut.ELU:
        yield from check_mandate(employeur, situation, figures)
    else:
        yield from _check_agent(situation, qui, figures)
        yield from _check_hours(situation, figures)
    yield from check_absences(mois, situation, qui)


def _check_employer(employeur: Employeur) -> Iterator[Anomalie]:
    if employeur.zone_residence not in (1, 2, 3):
        yield Anomalie(
            "zone-inconnue",
            "la zone d'indemnité de résidence de l'adhérent n'existe pas",
            "Corrigez la zone dans la fiche de l'adhérent.",
            recu=str(employeur.zone_residence),
            attendu="1, 2 ou 3",
            texte="Décret 85-1148 art. 9",
        )
    taux = (employeur.taux_at_ppm, employeur.taux_versement_mobilite_ppm, employeur.taux_cdg_ppm)
    nombres = (employeur.population, employeur.effectif)
    if not all(0 <= nombre <= _POPULATION_MAXIMALE for nombre in nombres) or not all(0 <= ppm <= PPM for ppm in taux):
        yield Anomalie(
            "employeur-incoherent",
            "la population, l'effectif ou un taux de l'adhérent est impossible (négatif, ou au-dessus de 100 %)",
            "Corrigez la fiche de l'adhérent.",
        )


def _check_contract(mois: Month, situation: Situation) -> Iterator[Anomalie]:
    debut, fin = situation.date_debut, situation.date_fin
    if debut and fin and fin < debut:
        yield Anomalie(
            "contrat-dates-inversees",
            "le contrat finit avant d'avoir commencé",
            "Corrigez les dates du contrat.",
            recu=f"du {debut:%d/%m/%Y} au {fin:%d/%m/%Y}",
        )
        return
    premier, dernier = contract_days(situation, mois)
    if dernier < premier:
        yield Anomalie(
            "contrat-hors-mois",
            f"le contrat ne couvre aucun jour de {mois.libelle}",
            "Retirez cet agent du mois, ou corrigez les dates du contrat.",
        )


def _check_agent(situation: Situation, qui: str, figures: Figures) -> Iterator[Anomalie]:
    if situation.elu is not None:
        yield Anomalie(
            "mandat-inattendu",
            "un mandat d'élu est donné pour un agent",
            "Créez un contrat d'élu distinct, ou retirez le mandat.",
        )
    if not 0 < situation.indice_majore <= _INDICE_MAXIMAL:
        yield Anomalie(
            "indice-impossible",
            "l'indice majoré est absent ou impossible",
            "Donnez l'indice majoré de l'arrêté ou du contrat.",
            recu=str(situation.indice_majore),
            attendu=f"un nombre de 1 à {_INDICE_MAXIMAL}",
        )
    if situation.categorie not in ("A", "B", "C"):
        yield Anomalie("categorie-inconnue", "la catégorie n'existe pas", "Donnez A, B ou C.", recu=situation.categorie)
    if not 0 <= situation.nbi <= _NOMBRE_MAXIMAL or not 0 <= situation.enfants_sft <= _NOMBRE_MAXIMAL:
        yield Anomalie(
            "nombre-impossible",
            "les points de NBI ou les enfants à charge sont négatifs ou démesurés",
            "Corrigez la saisie.",
        )
    if situation.nbi > 0 and qui not in FONCTIONNAIRES:
        yield Anomalie(
            "nbi-non-due",
            "la NBI est réservée aux fonctionnaires",
            "Retirez les points de NBI de ce contrat.",
            rubrique="nbi",
            texte="Décret 93-863 ; décret 2006-779",
        )
    complet = figures.integer("temps_complet.heures_hebdomadaires")
    if not 0 < situation.heures_hebdo <= complet:
        yield Anomalie(
            "duree-hebdomadaire-impossible",
            f"la durée hebdomadaire du poste doit être entre 0 et {complet} heures",
            "Les emplois d'enseignement artistique (16 ou 20 heures) se saisissent ramenés à 35 heures.",
            recu=_hours(situation.heures_hebdo),
            texte="CGFP L. 611-1 et L. 613-4",
        )
    pourcent = situation.quotite * 100
    if pourcent != 100 and not (
        pourcent.denominator == 1 and figures.has(f"temps_partiel.fraction_remuneree.{pourcent.numerator}")
    ):
        yield Anomalie(
            "quotite-non-couverte",
            "cette quotité de temps partiel n'est pas calculée",
            "Les quotités prévues sont 50, 60, 70, 80, 90 et 100 %.",
            recu=f"{float(pourcent):g} %",
            texte="CGFP L. 612-5",
        )
    yield from _check_scheme(situation, qui, figures, complet)


def _check_scheme(situation: Situation, qui: str, figures: Figures, complet: int) -> Iterator[Anomalie]:
    total = situation.heures_hebdo_tous_employeurs or situation.heures_hebdo
    seuil = figures.integer("cnracl.seuil_heures_hebdomadaires")
    texte = "CGFP L. 613-5 ; décret 2007-173 art. 1"
    if total < situation.heures_hebdo:
        yield Anomalie(
            "duree-hebdomadaire-impossible",
            "la durée de tous les emplois est inférieure à celle de ce poste",
            "Donnez le total des durées hebdomadaires chez tous les employeurs.",
            recu=_hours(total),
        )
    elif qui == "titulaire_cnracl" and total < seuil:
        yield Anomalie(
            "regime-retraite-contraire",
            f"un fonctionnaire à moins de {seuil} heures par semaine, tous emplois confondus, relève de l'IRCANTEC",
            "Corrigez le régime de retraite, ou donnez la durée totale de ses emplois chez tous ses employeurs.",
            recu=f"CNRACL, {_hours(total)}",
            texte=texte,
        )
    elif qui == "titulaire_ircantec" and total >= seuil:
        yield Anomalie(
            "regime-retraite-contraire",
            f"un fonctionnaire à {seuil} heures par semaine ou plus relève de la CNRACL",
            "Corrigez le régime de retraite ou la durée du poste.",
            recu=f"IRCANTEC, {_hours(total)}",
            texte=texte,
        )
    if qui == "contractuel" and situation.regime_retraite is RegimeRetraite.CNRACL:
        yield Anomalie(
            "regime-retraite-contraire",
            "un contractuel ne relève pas de la CNRACL",
            "Corrigez le régime de retraite : IRCANTEC.",
            texte="Décret 2007-173 art. 1",
        )
    if qui == "titulaire_cnracl" and total > complet:
        yield Anomalie(
            "cumul-au-dela-du-temps-complet",
            f"le cumul d'emplois de plus de {complet} heures n'est pas calculé "
            "(la part au-delà sort de l'assiette CNRACL)",
            "Établissez ce bulletin hors de l'outil.",
            recu=_hours(total),
        )


def _check_hours(situation: Situation, figures: Figures) -> Iterator[Anomalie]:
    ihts = sum(situation.variables.get(code, 0) for code in HOUR_VARIABLES if code.startswith("ihts"))
    en_plus = situation.variables.get("heures_complementaires", 0)
    complet = figures.integer("temps_complet.heures_hebdomadaires")
    if ihts > 0 and situation.categorie == "A":
        yield Anomalie(
            "ihts-categorie-a",
            "les heures supplémentaires indemnisées sont réservées aux catégories B et C",
            "Retirez ces heures : la catégorie A récupère ses heures.",
            rubrique="ihts",
            texte="Décret 2002-60 art. 2",
        )
    contingent = figures.integer("ihts.contingent_mensuel") * 100 * situation.quotite
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


def _check_amounts(
    situation: Situation, qui: str, catalogue: Mapping[str, Rubrique], figures: Figures
) -> Iterator[Anomalie]:
    for lieu, montants in (("permanents", situation.permanents), ("variables", situation.variables)):
        for code, valeur in montants.items():
            if code in HOUR_VARIABLES and lieu == "variables":
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
                yield from _check_transport(valeur, figures)


def _check_hour_entry(code: str, valeur: int, qui: str) -> Iterator[Anomalie]:
    if not 0 <= valeur <= _HEURES_MAXIMALES:
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
    elif valeur > _MONTANT_MAXIMAL:
        yield Anomalie(
            "montant-hors-limites",
            "ce montant dépasse ce qu'une paie peut porter",
            "Vérifiez la place de la virgule.",
            rubrique=rubrique.code,
            recu=format_amount(valeur),
        )


def _check_transport(valeur: int, figures: Figures) -> Iterator[Anomalie]:
    plafond = figures.cents("transport_domicile_travail.plafond_mensuel")
    if valeur > plafond:
        yield Anomalie(
            "transport-au-dessus-du-plafond",
            "le remboursement domicile-travail dépasse le plafond d'un mois",
            "Vérifiez qu'il couvre bien plusieurs mois ; le plafond s'entend par mois.",
            gravite=Gravite.AVERTISSEMENT,
            rubrique="remboursement_transport",
            recu=format_amount(valeur),
            attendu=f"{format_amount(plafond)} au plus",
            texte=figures.text("transport_domicile_travail.plafond_mensuel"),
        )


def _check_withholding(situation: Situation) -> Iterator[Anomalie]:
    if situation.territoire_pas not in TERRITOIRES_PAS:
        yield Anomalie(
            "territoire-inconnu",
            "le territoire du domicile n'a pas de grille de prélèvement à la source",
            "Choisissez le territoire du domicile de l'agent.",
            recu=situation.territoire_pas,
            attendu=", ".join(TERRITOIRES_PAS),
        )
    if situation.taux_pas_ppm is not None and not 0 <= situation.taux_pas_ppm <= PPM:
        yield Anomalie(
            "taux-pas-impossible",
            "le taux de prélèvement à la source est négatif ou dépasse 100 %",
            "Reprenez le taux transmis par la DGFiP.",
        )


def _check_totals(situation: Situation) -> Iterator[Anomalie]:
    demesures = [
        item.name for item in fields(situation.cumuls) if abs(getattr(situation.cumuls, item.name)) > _CUMUL_MAXIMAL
    ]
    if demesures:
        yield Anomalie(
            "cumul-hors-limites",
            f"ces cumuls de l'année dépassent ce qu'un contrat peut porter : {', '.join(demesures)}",
            "Corrigez les cumuls repris.",
        )


def _outside(code: str, qui: str) -> Anomalie:
    return Anomalie(
        "rubrique-hors-population",
        f"cette rubrique ne concerne pas un {_LIBELLES[qui]}",
        "Retirez-la de cet agent.",
        rubrique=code,
    )


def _hours(value: Fraction) -> str:
    return _centiemes(int(value * 100)) + " h"


def _centiemes(value: int) -> str:
    return format_amount(value)
