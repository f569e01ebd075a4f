"""Les refus qui touchent aux accessoires : complément de traitement, protection sociale, frais, fin de contrat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from payroll.anomalies import Anomalie, Gravite
from payroll.catalogue.rubrique import Rubrique
from payroll.engine.frais import SEUILS_MOBILITES
from payroll.engine.limits import Limits
from payroll.engine.situation import Employeur, Situation
from payroll.money import PPM, apply_rate, format_amount, round_half_up
from payroll.periods import Month

QUANTITE_MAXIMALE = 40_000
"""Quatre cents, en centièmes : aucun nombre saisi (repas, jours, titres) n'y arrive dans l'année."""


def check_counts(situation: Situation, catalogue: Mapping[str, Rubrique]) -> Iterator[Anomalie]:
    """Un nombre (repas, jours, titres) démesuré."""
    for code, valeur in (*situation.permanents.items(), *situation.variables.items()):
        rubrique = catalogue.get(code)
        if rubrique is not None and rubrique.unite == "nombre" and valeur > QUANTITE_MAXIMALE:
            yield Anomalie(
                "quantite-impossible",
                "ce nombre est démesuré",
                "Saisissez un nombre de repas, de jours ou de titres, pas un montant en euros.",
                rubrique=code,
                recu=format_amount(valeur),
            )


def check_points(situation: Situation, limits: Limits) -> Iterator[Anomalie]:
    """Les enfants en résidence alternée et les points du complément de traitement."""
    if not 0 <= situation.enfants_sft_alternes <= situation.enfants_sft:
        yield Anomalie(
            "enfants-alternes-impossibles",
            "les enfants en résidence alternée sont plus nombreux que les enfants ouvrant droit au supplément familial",
            "Comptez aussi les enfants en résidence alternée parmi les enfants ouvrant droit.",
            rubrique="sft",
            recu=f"{situation.enfants_sft_alternes} sur {situation.enfants_sft}",
            texte="Décret 85-1148 art. 11 bis",
        )
    points = situation.permanents.get("cti", 0)
    if points and points != limits.integer("cti.points") * 100:
        yield Anomalie(
            "cti-points",
            "le complément de traitement indiciaire est un nombre de points fixé par décret",
            "Saisissez les points du décret (49) ; la quotité de l'agent les réduit d'elle-même.",
            rubrique="cti",
            recu=format_amount(points),
            attendu=f"{limits.integer('cti.points')} points",
            texte=limits.figures.text("cti.points"),
        )


def check_management_bonus(situation: Situation, limits: Limits) -> Iterator[Anomalie]:
    """La prime de responsabilité au-dessus de son plafond (avertissement)."""
    montant = situation.permanents.get("prime_responsabilite", 0)
    if not montant:
        return
    indice = max(situation.indice_majore, limits.integer("minimum_traitement.indice_majore")) + situation.nbi
    traitement = round_half_up(indice * limits.figures.cents("point_indice.valeur_annuelle_indice_100"), 1200)
    plafond = apply_rate(traitement, limits.figures.rate("prime_responsabilite.taux_maximal"))
    if montant > plafond:
        yield Anomalie(
            "prime-responsabilite-au-dessus-du-plafond",
            "la prime de responsabilité dépasse la part du traitement qu'admet son décret",
            "Vérifiez l'arrêté : le montant à temps complet est limité à 15 % du traitement soumis à retenue.",
            gravite=Gravite.AVERTISSEMENT,
            rubrique="prime_responsabilite",
            recu=format_amount(montant),
            attendu=f"{format_amount(plafond)} au plus",
            texte=limits.figures.text("prime_responsabilite.taux_maximal"),
        )


GARANTIES = (("sante", "psc.sante.participation_minimale"), ("prevoyance", "psc.prevoyance.participation_minimale"))


def check_health_cover(situation: Situation, limits: Limits) -> Iterator[Anomalie]:
    """Participation trop basse (avertissement), deux contrats pour un risque, part exclue des cotisations dépassée."""
    total = 0
    for risque, cle in GARANTIES:
        libre = situation.permanents.get(f"psc_{risque}_facultative", 0)
        contrat = situation.permanents.get(f"psc_{risque}_obligatoire", 0)
        total += contrat
        if libre and contrat:
            yield Anomalie(
                "psc-en-double",
                "un même risque est couvert à la fois par une adhésion facultative et par un contrat obligatoire",
                "Gardez l'une des deux participations de l'employeur.",
                rubrique=f"psc_{risque}_facultative",
                texte="CGFP L. 827-4 et L. 827-9",
            )
        elif libre + contrat > 0 and limits.has(cle) and libre + contrat < limits.figures.cents(cle):
            yield Anomalie(
                "psc-participation-insuffisante",
                "la participation de l'employeur est inférieure au minimum de ce risque",
                "Vérifiez la délibération : le minimum s'entend par agent et par mois.",
                gravite=Gravite.AVERTISSEMENT,
                rubrique=f"psc_{risque}_{'facultative' if libre else 'obligatoire'}",
                recu=format_amount(libre + contrat),
                attendu=f"{format_amount(limits.figures.cents(cle))} au moins",
                texte=limits.figures.text(cle),
            )
    if total:
        plafond = apply_rate(
            limits.figures.cents("plafond_securite_sociale.mensuel"),
            limits.figures.rate("psc.obligatoire.exclusion_plafond"),
        )
        if total > plafond:
            yield Anomalie(
                "psc-obligatoire-au-dela-de-l-exclusion",
                "la part de l'employeur aux contrats obligatoires dépasse ce que le moteur exclut des cotisations",
                "Établissez ce bulletin hors de l'outil : l'excédent entrerait dans les assiettes.",
                rubrique="psc_sante_obligatoire",
                recu=format_amount(total),
                attendu=f"{format_amount(plafond)} par mois au plus",
                texte=limits.figures.text("psc.obligatoire.exclusion_plafond"),
            )


def check_transport(situation: Situation, limits: Limits) -> Iterator[Anomalie]:
    """L'abonnement compté deux fois, le forfait mobilités sous son seuil ou déjà versé."""
    calcule = situation.permanents.get("prise_en_charge_transport", 0)
    deja = situation.permanents.get("remboursement_transport", 0) + situation.variables.get(
        "remboursement_transport", 0
    )
    if calcule and deja:
        yield Anomalie(
            "transport-en-double",
            "l'abonnement est calculé par le moteur et un remboursement déjà calculé est saisi aussi",
            "Gardez l'un des deux : le prix de l'abonnement, ou le remboursement déjà calculé.",
            rubrique="remboursement_transport",
            texte="Décret 2010-676",
        )
    jours = situation.variables.get("forfait_mobilites_durables", 0)
    if not jours:
        return
    quotite = situation.heures_hebdo / limits.integer("temps_complet.heures_hebdomadaires") * situation.quotite
    seuil = limits.integer(SEUILS_MOBILITES[0][0]) * 100 * quotite
    if jours < seuil:
        yield Anomalie(
            "forfait-mobilites-sous-le-seuil",
            "le nombre de jours n'ouvre pas droit au forfait mobilités durables : rien n'est versé",
            "Vérifiez le nombre de jours de l'année ; le seuil suit la quotité de travail.",
            gravite=Gravite.AVERTISSEMENT,
            rubrique="forfait_mobilites_durables",
            recu=format_amount(jours),
            attendu=f"{format_amount(-(-seuil.numerator // seuil.denominator))} au moins",
            texte="Décret 2020-1547 art. 2",
        )
    if situation.cumuls.mobilites_durables:
        yield Anomalie(
            "forfait-mobilites-deja-verse",
            "le forfait mobilités durables a déjà été versé cette année : seule la différence est payée",
            "Vérifiez qu'il s'agit bien d'un complément.",
            gravite=Gravite.AVERTISSEMENT,
            rubrique="forfait_mobilites_durables",
            recu=format_amount(situation.cumuls.mobilites_durables),
            texte="Décret 2020-1547 art. 3",
        )


def check_remote_work(situation: Situation, limits: Limits) -> Iterator[Anomalie]:
    """L'indemnité de télétravail au-dessus du plafond de l'année (avertissement)."""
    jours = situation.variables.get("indemnite_teletravail", 0)
    if not jours:
        return
    due = round_half_up(jours * limits.figures.cents("teletravail.indemnite_journaliere"), 100)
    plafond = limits.figures.cents("teletravail.plafond_annuel")
    if due + situation.cumuls.teletravail > plafond:
        yield Anomalie(
            "teletravail-plafond-atteint",
            "l'indemnité de télétravail atteint le plafond de l'année : le surplus n'est pas versé",
            "Rien à faire si le nombre de jours est juste.",
            gravite=Gravite.AVERTISSEMENT,
            rubrique="indemnite_teletravail",
            attendu=f"{format_amount(plafond)} par an au plus",
            texte=limits.figures.text("teletravail.plafond_annuel"),
        )


def check_vouchers(employeur: Employeur, situation: Situation, limits: Limits) -> Iterator[Anomalie]:
    """Les titres-restaurant que les paramètres de l'adhérent ne permettent pas."""
    if not situation.variables.get("titres_restaurant", 0):
        return
    valeur, part = employeur.titre_restaurant_valeur, employeur.titre_restaurant_part_employeur
    if not 0 < part <= valeur:
        yield Anomalie(
            "titres-restaurant-sans-valeur",
            "des titres-restaurant sont remis, mais l'adhérent n'a ni valeur ni part de l'employeur",
            "Complétez les paramètres de l'adhérent : valeur d'un titre et part de l'employeur.",
            rubrique="titres_restaurant",
            texte="C. trav. L. 3262-1",
        )
        return
    bas, haut = (limits.figures.rate(f"titre_restaurant.part_employeur.{borne}") for borne in ("minimum", "maximum"))
    plafond = limits.figures.cents("titre_restaurant.exoneration_employeur")
    if not (valeur * bas <= part * PPM <= valeur * haut) or part > plafond:
        yield Anomalie(
            "titres-restaurant-hors-exoneration",
            "la part de l'employeur sort des limites de l'exonération : l'excédent entrerait dans les cotisations, "
            "ce que le moteur ne calcule pas",
            "Ramenez la part de l'employeur entre 50 et 60 % du titre, sous le plafond, ou traitez ce mois à la main.",
            rubrique="titres_restaurant",
            recu=f"{format_amount(part)} sur {format_amount(valeur)}",
            attendu=f"de 50 à 60 %, {format_amount(plafond)} au plus",
            texte=limits.figures.text("titre_restaurant.exoneration_employeur"),
        )


def check_end_bonus(mois: Month, situation: Situation, limits: Limits) -> Iterator[Anomalie]:
    """Les conditions vérifiables : contrat fini ce mois ou avant, un an au plus, deux SMIC au plus en moyenne."""
    base = situation.variables.get("indemnite_fin_contrat", 0)
    if not base:
        return
    debut, fin = situation.date_debut, situation.date_fin
    motif = ""
    if debut is None or fin is None:
        motif = "le contrat n'a pas de dates de début et de fin"
    elif fin > mois.last_day:
        motif = "le contrat ne finit pas ce mois-ci"
    elif fin > _one_year(debut):
        motif = "le contrat dure plus d'un an"
    else:
        jours = (fin - debut).days + 1
        plafond = limits.integer("fin_contrat.plafond_smic") * limits.figures.cents("smic.mensuel")
        if base * 365 > plafond * 12 * jours:
            motif = "la rémunération brute globale dépasse deux fois le SMIC"
    if motif:
        yield Anomalie(
            "indemnite-fin-contrat-non-due",
            f"l'indemnité de fin de contrat n'est pas due : {motif}",
            "Retirez-la. Elle suppose un contrat mené à son terme, d'un an au plus renouvellements compris, "
            "ni saisonnier, ni suivi d'un nouveau contrat ou d'une nomination.",
            rubrique="indemnite_fin_contrat",
            texte="CGFP L. 554-3 ; décret 88-145 art. 39-1-1",
        )


def _one_year(debut: date) -> date:
    """Le dernier jour d'une année entière ; commencée un 29 février, elle finit le 28."""
    if (debut.month, debut.day) == (2, 29):
        return date(debut.year + 1, 2, 28)
    return debut.replace(year=debut.year + 1) - timedelta(days=1)


def check_leave(mois: Month, situation: Situation, limits: Limits) -> Iterator[Anomalie]:
    """Les congés payés indemnisés sans fin de contrat, ou au-delà de quatre semaines."""
    jours = situation.variables.get("indemnite_conges_payes", 0)
    if not jours:
        return
    texte = "Décret 85-1250 art. 5-2 ; arrêté du 21/06/2025"
    if situation.date_fin is None or situation.date_fin > mois.last_day:
        yield Anomalie(
            "conges-payes-sans-fin",
            "les congés non pris ne s'indemnisent qu'à la fin de la relation de travail",
            "Donnez la date de départ de l'agent, ou retirez ces jours.",
            rubrique="indemnite_conges_payes",
            texte=texte,
        )
    key = "conges_payes.jours_indemnisables"
    if limits.has(key) and jours > limits.integer(key) * 100:
        yield Anomalie(
            "conges-payes-au-dela-de-quatre-semaines",
            "plus de quatre semaines de congés non pris sont indemnisées",
            "Vérifiez : la limite ne cède que pour un congé parental ou familial, ou des droits de deux années.",
            gravite=Gravite.AVERTISSEMENT,
            rubrique="indemnite_conges_payes",
            recu=format_amount(jours),
            attendu=f"{limits.integer(key)} jours par année au plus",
            texte=texte,
        )
