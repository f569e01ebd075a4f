"""Les refus : ce que le moteur ne sait pas payer juste, il le dit par son nom au lieu de le payer faux."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace

from payroll.anomalies import Anomalie, blocking
from payroll.catalogue.rubrique import Rubrique
from payroll.engine.columns import FONCTIONNAIRES
from payroll.engine.controls_absences import check_absences, count_absences
from payroll.engine.controls_accessoires import (
    check_counts,
    check_end_bonus,
    check_health_cover,
    check_leave,
    check_management_bonus,
    check_points,
    check_remote_work,
    check_transport,
    check_vouchers,
)
from payroll.engine.controls_elus import check_mandate
from payroll.engine.controls_montants import check_amounts, check_hours, hours_text
from payroll.engine.controls_populations import check_population, without_index
from payroll.engine.controls_saisies import check_seizures
from payroll.engine.inputs import Accepted, contract_days, population
from payroll.engine.limits import Limits
from payroll.engine.net import TERRITOIRES_PAS
from payroll.engine.segments import check_segments, situations_of
from payroll.engine.situation import Employeur, RegimeRetraite, Situation, Statut
from payroll.legislation import FigureMissing
from payroll.money import PPM, format_percent, round_half_up
from payroll.periods import Month

POPULATION_MAXIMALE = 100_000_000
CUMUL_MAXIMAL = 1_000_000_000
NOMBRE_MAXIMAL = 1000
INDICE_MAXIMAL = 2000


@dataclass(frozen=True, slots=True)
class Dossier:
    """Un agent à contrôler, avec ce que les contrôles relisent."""

    mois: Month
    employeur: Employeur
    situation: Situation
    qui: str
    """Sa population."""
    limits: Limits
    catalogue: Mapping[str, Rubrique]


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
    limits: Limits,
    catalogue: Mapping[str, Rubrique],
    controles: Iterable[str] | None = None,
) -> Verdict:
    """Tous les défauts d'une situation ; sans défaut bloquant, l'agent prêt à calculer.

    ``controles`` : les seuls qui peuvent avoir quelque chose à en dire (``tri.py``) ; à défaut, tous.
    """
    dossier = Dossier(mois, employeur, situation, population(situation), limits, catalogue)
    absences: Mapping[str, int] = {}
    mesures: Mapping[str, int] = {}
    try:
        anomalies = _check_with(CONTROLES if controles is None else controles, dossier)
        if situation.segments and not blocking(anomalies):
            anomalies += check_segments(mois, situation, catalogue)
            for partie in situations_of(situation)[:-1]:
                autres = _check_with(CONTROLES, replace(dossier, situation=partie, qui=population(partie)))
                anomalies += [anomalie for anomalie in autres if anomalie not in anomalies]
        if not blocking(anomalies):
            absences, mesures, more = count_absences(mois, employeur, situation, limits)
            anomalies += more
    except FigureMissing as error:
        anomalies = [missing_figure(error.message)]
        absences, mesures = {}, {}
    located = tuple(replace(anomalie, matricule=situation.matricule) for anomalie in anomalies)
    if blocking(located):
        return Verdict(None, located)
    return Verdict(Accepted(rang, employeur, situation, absences, mesures), located)


def _check_with(controles: Iterable[str], dossier: Dossier) -> list[Anomalie]:
    """Ce que disent ces contrôles d'un agent, dans leur ordre ; lève ``FigureMissing``."""
    elu = dossier.situation.statut is Statut.ELU
    return [
        anomalie for nom in controles if elu not in _SANS_OBJET.get(nom, ()) for anomalie in CONTROLES[nom](dossier)
    ]


def missing_figure(message: str) -> Anomalie:
    """Un chiffre de la législation n'est pas saisi pour ce mois."""
    return Anomalie(
        "chiffre-manquant",
        message,
        "Saisissez le chiffre et sa source dans la législation, puis relancez le calcul.",
    )


def check_employer(employeur: Employeur) -> Iterator[Anomalie]:
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
    if not all(0 <= nombre <= POPULATION_MAXIMALE for nombre in nombres) or not all(0 <= ppm <= PPM for ppm in taux):
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


def _check_agent(situation: Situation, qui: str, limits: Limits) -> Iterator[Anomalie]:
    if situation.elu is not None:
        yield Anomalie(
            "mandat-inattendu",
            "un mandat d'élu est donné pour un agent",
            "Créez un contrat d'élu distinct, ou retirez le mandat.",
        )
    sans_indice = without_index(situation, qui)
    if not 0 < situation.indice_majore <= INDICE_MAXIMAL and not sans_indice:
        yield Anomalie(
            "indice-impossible",
            "l'indice majoré est absent ou impossible",
            "Donnez l'indice majoré de l'arrêté ou du contrat.",
            recu=str(situation.indice_majore),
            attendu=f"un nombre de 1 à {INDICE_MAXIMAL}",
        )
    if situation.categorie not in ("A", "B", "C") and not (sans_indice and not situation.categorie):
        yield Anomalie("categorie-inconnue", "la catégorie n'existe pas", "Donnez A, B ou C.", recu=situation.categorie)
    if not 0 <= situation.nbi <= NOMBRE_MAXIMAL or not 0 <= situation.enfants_sft <= NOMBRE_MAXIMAL:
        yield Anomalie(
            "nombre-impossible",
            "les points de NBI ou les enfants à charge sont négatifs ou démesurés",
            "Corrigez la saisie.",
        )
    if situation.nbi > 0 and qui not in FONCTIONNAIRES and not sans_indice:
        yield Anomalie(
            "nbi-non-due",
            "la NBI est réservée aux fonctionnaires",
            "Retirez les points de NBI de ce contrat.",
            rubrique="nbi",
            texte="Décret 93-863 ; décret 2006-779",
        )
    complet = limits.integer("temps_complet.heures_hebdomadaires")
    if not 0 < situation.heures_hebdo <= complet:
        yield Anomalie(
            "duree-hebdomadaire-impossible",
            f"la durée hebdomadaire du poste doit être entre 0 et {complet} heures",
            "Les emplois d'enseignement artistique (16 ou 20 heures) se saisissent ramenés à 35 heures.",
            recu=hours_text(situation.heures_hebdo),
            texte="CGFP L. 611-1 et L. 613-4",
        )
    pourcent = situation.quotite * 100
    if pourcent != 100 and not (
        pourcent.denominator == 1 and limits.has(f"temps_partiel.fraction_remuneree.{pourcent.numerator}")
    ):
        yield Anomalie(
            "quotite-non-couverte",
            "cette quotité de temps partiel n'est pas calculée",
            "Les quotités prévues sont 50, 60, 70, 80, 90 et 100 %.",
            recu=format_percent(round_half_up(pourcent.numerator * 10_000, pourcent.denominator)),
            texte="CGFP L. 612-5",
        )
    yield from _check_scheme(situation, qui, limits, complet)


def _check_scheme(situation: Situation, qui: str, limits: Limits, complet: int) -> Iterator[Anomalie]:
    total = situation.heures_hebdo_tous_employeurs or situation.heures_hebdo
    seuil = limits.integer("cnracl.seuil_heures_hebdomadaires")
    texte = "CGFP L. 613-5 ; décret 2007-173 art. 1"
    if total < situation.heures_hebdo:
        yield Anomalie(
            "duree-hebdomadaire-impossible",
            "la durée de tous les emplois est inférieure à celle de ce poste",
            "Donnez le total des durées hebdomadaires chez tous les employeurs.",
            recu=hours_text(total),
        )
    elif qui == "titulaire_cnracl" and total < seuil:
        yield Anomalie(
            "regime-retraite-contraire",
            f"un fonctionnaire à moins de {seuil} heures par semaine, tous emplois confondus, relève de l'IRCANTEC",
            "Corrigez le régime de retraite, ou donnez la durée totale de ses emplois chez tous ses employeurs.",
            recu=f"CNRACL, {hours_text(total)}",
            texte=texte,
        )
    elif qui == "titulaire_ircantec" and total >= seuil:
        yield Anomalie(
            "regime-retraite-contraire",
            f"un fonctionnaire à {seuil} heures par semaine ou plus relève de la CNRACL",
            "Corrigez le régime de retraite ou la durée du poste.",
            recu=f"IRCANTEC, {hours_text(total)}",
            texte=texte,
        )
    if qui == "contractuel" and situation.regime_retraite is RegimeRetraite.CNRACL:
        yield Anomalie(
            "regime-retraite-contraire",
            "un contractuel ne relève pas de la CNRACL",
            "Corrigez le régime de retraite : IRCANTEC.",
            texte="Décret 2007-173 art. 1",
        )
    if qui == "titulaire_cnracl" and total > complet and situation.heures_hors_cnracl is None:
        yield Anomalie(
            "cumul-au-dela-du-temps-complet",
            f"le cumul d'emplois dépasse {complet} heures, et rien ne dit quelles heures sortent de l'assiette CNRACL",
            "Donnez les heures de ce poste hors CNRACL : zéro si c'est l'autre employeur qui les porte.",
            recu=hours_text(total),
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
        item.name for item in fields(situation.cumuls) if abs(getattr(situation.cumuls, item.name)) > CUMUL_MAXIMAL
    ]
    if demesures:
        yield Anomalie(
            "cumul-hors-limites",
            f"ces cumuls de l'année dépassent ce qu'un contrat peut porter : {', '.join(demesures)}",
            "Corrigez les cumuls repris.",
        )


Controle = Callable[[Dossier], Iterable[Anomalie]]

CONTROLES: dict[str, Controle] = {
    "employeur": lambda d: check_employer(d.employeur),
    "contrat": lambda d: _check_contract(d.mois, d.situation),
    "population": lambda d: check_population(d.mois, d.situation, d.qui, d.limits),
    "montants": lambda d: check_amounts(d.situation, d.qui, d.catalogue, d.limits),
    "prelevement": lambda d: _check_withholding(d.situation),
    "cumuls": lambda d: _check_totals(d.situation),
    "saisies": lambda d: check_seizures(d.situation),
    "mandat": lambda d: check_mandate(d.employeur, d.situation, d.limits),
    "agent": lambda d: _check_agent(d.situation, d.qui, d.limits),
    "heures": lambda d: check_hours(d.situation, d.limits),
    "quantites": lambda d: check_counts(d.situation, d.catalogue),
    "points": lambda d: check_points(d.situation, d.limits),
    "prime_responsabilite": lambda d: check_management_bonus(d.situation, d.limits),
    "psc": lambda d: check_health_cover(d.situation, d.limits),
    "transport": lambda d: check_transport(d.situation, d.limits),
    "teletravail": lambda d: check_remote_work(d.situation, d.limits),
    "titres_restaurant": lambda d: check_vouchers(d.employeur, d.situation, d.limits),
    "fin_contrat": lambda d: check_end_bonus(d.mois, d.situation, d.limits),
    "conges_payes": lambda d: check_leave(d.mois, d.situation, d.limits),
    "absences": lambda d: check_absences(d.mois, d.employeur, d.situation, d.qui, d.limits),
}
"""Les contrôles d'un agent, dans l'ordre où ils parlent."""

_ELU, _AGENT = True, False
_SANS_OBJET = {
    "mandat": (_AGENT,),
    **dict.fromkeys(
        (
            "agent", "heures", "quantites", "points", "prime_responsabilite", "psc", "transport", "teletravail",
            "titres_restaurant", "fin_contrat", "conges_payes",
        ),
        (_ELU,),
    ),
}  # fmt: skip
"""Contrôle → ceux dont il ne dit rien : les agents, ou les élus."""
