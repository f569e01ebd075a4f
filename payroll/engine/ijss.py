"""Les indemnités journalières du régime général : calculées, ou prises telles que la CPAM les a décomptées.

Elles se déduisent du maintien de l'employeur, avec ou sans subrogation (décret 88-145 art. 12). La CPAM reste seule
juge des droits : son décompte, saisi en « IJSS brutes », l'emporte toujours sur le calcul.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from itertools import groupby

import numpy as np

from payroll.anomalies import Anomalie, Gravite
from payroll.engine.columns import FORMULAS, Columns, Ratio, formula
from payroll.engine.droits import rule_of
from payroll.engine.jours import Jour, chain_start
from payroll.engine.limits import Limits
from payroll.engine.situation import Arret, Situation
from payroll.legislation import Figures
from payroll.legislation.conges import load_conges
from payroll.money import PPM, Column, apply_rate, format_amount, round_half_up
from payroll.periods import Month

DECOMPTE = "ijss_brutes"
"""La rubrique où se saisit le montant brut du décompte de la CPAM."""

_SALAIRES = 3


def allowances(situation: Situation, jours: Sequence[Jour], limits: Limits) -> tuple[Mapping[str, int], list[Anomalie]]:
    """Les indemnités brutes du mois et leur part imposable, en centimes ; refuse ce qu'on ne peut calculer."""
    par_arret = _paid_days(situation, jours, limits)
    indemnises = [jour for _, siens in par_arret for jour in siens]
    donne = situation.variables.get(DECOMPTE)
    if donne is not None:
        accident = bool(indemnises) and all(kind == "at" for kind, _ in par_arret)
        proches = [jour for jour in indemnises if jour.rang <= limits.integer("ijss.jours_soumis_au_pas")]
        part = Fraction(len(proches), len(indemnises)) if indemnises else Fraction(1)
        imposable = round_half_up(donne * part.numerator, part.denominator)
        return {"ijss_decomptees": 1, "ijss_imposables_brutes": _taxable(imposable, accident, limits)}, []
    prix: list[int] = []
    imposable, anomalies = 0, list[Anomalie]()
    for kind, siens in par_arret:
        par_jour, soumis, refus = _of_leave(situation, kind, siens, limits)
        prix += par_jour
        imposable += soumis
        anomalies += refus
    if anomalies or not indemnises:
        return {}, anomalies
    found = {"ijss_estimees": sum(prix), "ijss_imposables_brutes": imposable, "jours_ijss": 100 * len(prix)}
    if len(set(prix)) == 1:
        found["ijss_du_jour"] = prix[0]
    return found, [_estimated(len(prix), sum(prix))]


def _estimated(jours: int, total: int) -> Anomalie:
    return Anomalie(
        "ijss-estimees",
        "les indemnités journalières sont calculées d'après les salaires précédents, droits supposés ouverts",
        "À la réception du décompte de la CPAM, comparez ; s'il diffère, saisissez-en le montant brut.",
        gravite=Gravite.AVERTISSEMENT,
        rubrique=DECOMPTE,
        recu=f"{jours} jours, {format_amount(total)} €",
        texte="CSS R. 323-4, R. 331-5, R. 433-4",
    )


def _paid_days(situation: Situation, jours: Sequence[Jour], limits: Limits) -> list[tuple[str, list[Jour]]]:
    """Les jours indemnisés par la CPAM que l'employeur paie aussi : ceux dont il déduit les indemnités.

    Arrêt par arrêt (ses jours se suivent), avec la sorte d'indemnité : la règle se lit une fois par arrêt, et non par
    jour (511 absents : de 10 à 2 ms).
    """
    motifs = load_conges().motifs
    found = []
    for _, groupe in groupby(jours, key=lambda jour: id(jour.arret)):
        siens = list(groupe)
        regle = rule_of(situation, siens[0].arret)
        if regle is None or not regle.ijss:
            continue
        attend = regle.ijss == "maladie" and not _waived(siens[0].arret)
        attente = limits.integer("ijss.maladie.jours_carence") if attend else 0
        payes = [j for j in siens if j.rang > attente and j.motif in motifs and motifs[j.motif].remunere]
        if payes:
            found.append((regle.ijss, payes))
    return found


def _waived(arret: Arret) -> bool:
    """La CPAM dispense aussi de son délai ; une dispense sans motif dit vaut pour elle."""
    motif = load_conges().sans_carence.get(arret.motif_sans_carence)
    return motif.cpam if motif else arret.exempt_de_carence


def _of_leave(
    situation: Situation, kind: str, jours: Sequence[Jour], limits: Limits
) -> tuple[list[int], int, list[Anomalie]]:
    """Indemnités d'un arrêt ce mois : celle de chaque jour, leur part imposable, et le refus s'il manque un salaire."""
    arret = jours[0].arret
    connus = (*situation.absences_anterieures, *situation.arrets)
    inconnu = chain_start(arret, connus) is None
    depuis = jours[0].depuis
    precedents = _previous_months(Month.of(depuis), 1 if kind == "at" else _SALAIRES)
    manquants = [mois for mois in precedents if str(mois) not in situation.salaires_precedents]
    if kind == "decompte" or inconnu or manquants:
        return [], 0, [_unknown(kind, inconnu, manquants)]
    salaires = [situation.salaires_precedents[str(mois)] for mois in precedents]
    prix = daily_amounts(kind, salaires, depuis, limits.figures)
    seuil = limits.integer("ijss.at.jours_premier_taux") if kind == "at" else 0
    soumis_jusqu_a = limits.integer("ijss.jours_soumis_au_pas")
    par_jour = [(prix[0] if not seuil or jour.rang <= seuil else prix[1], jour.rang) for jour in jours]
    soumis = sum(montant for montant, rang in par_jour if rang <= soumis_jusqu_a)
    return [montant for montant, _ in par_jour], _taxable(soumis, kind == "at", limits), []


def _unknown(kind: str, inconnu: bool, manquants: Sequence[Month]) -> Anomalie:
    pourquoi = (
        "seul le décompte de la CPAM les donne pour cette absence"
        if kind == "decompte"
        else "l'arrêt que celui-ci prolonge n'est pas connu"
        if inconnu
        else f"les salaires bruts de {', '.join(mois.libelle for mois in manquants)} ne sont pas connus"
    )
    return Anomalie(
        "ijss-non-calculees",
        f"les indemnités journalières de cet arrêt ne peuvent être calculées : {pourquoi}",
        "Saisissez le montant brut du décompte de la CPAM pour le mois (rubrique « IJSS brutes »), même nul.",
        rubrique=DECOMPTE,
        texte="CSS R. 323-4, R. 331-5, R. 433-4 ; décret 88-145 art. 12",
    )


def _previous_months(mois: Month, nombre: int) -> list[Month]:
    found = []
    for _ in range(nombre):
        mois = mois.previous
        found.append(mois)
    return found


def _taxable(montant: int, accident: bool, limits: Limits) -> int:
    """Accident du travail : la moitié de l'indemnité est exonérée (CGI art. 81, 8°)."""
    if not accident:
        return montant
    part = limits.figures.fraction("ijss.at.part_imposable")
    return round_half_up(montant * part.numerator, part.denominator)


def daily_amounts(kind: str, salaires: Sequence[int], depuis: date, figures: Figures) -> tuple[int, int]:
    """L'indemnité d'un jour, en centimes, avant et après le changement de taux (le même hors accident du travail).

    Salaires bruts en centimes des mois qui précèdent l'arrêt commencé le ``depuis`` ; plafonds de la veille de ce mois.
    """
    veille = Month.of(depuis).previous.last_day
    avant = Figures(veille, f"le {veille:%d/%m/%Y}", figures.chiffres, figures.sans_chiffre, figures.grilles)
    jour = Figures(depuis, f"le {depuis:%d/%m/%Y}", figures.chiffres, figures.sans_chiffre, figures.grilles)
    if kind == "maladie":
        plafond = jour.fraction("ijss.maladie.plafond_smic") * avant.cents("smic.mensuel")
        base = sum(min(Fraction(salaire), plafond) for salaire in salaires) / jour.fraction("ijss.diviseur")
        montant = _cents(base * jour.fraction("ijss.maladie.taux"))
        return montant, montant
    if kind == "maternite":
        plafond = Fraction(jour.cents("plafond_securite_sociale.mensuel"))
        base = sum(min(Fraction(salaire), plafond) for salaire in salaires) / jour.fraction("ijss.diviseur")
        montant = _cents(base * (1 - jour.fraction("ijss.maternite.abattement")))
        return montant, montant
    annuel = jour.cents("plafond_securite_sociale.annuel")
    base = min(
        Fraction(salaires[0]) / jour.fraction("ijss.at.diviseur"), jour.fraction("ijss.at.plafond_annuel") * annuel
    )
    net = base * (1 - jour.fraction("ijss.maternite.abattement"))
    premier, ensuite = jour.fraction("ijss.at.taux_28_premiers_jours"), jour.fraction("ijss.at.taux_apres_28_jours")
    return _cents(min(base * premier, net)), _cents(min(base * ensuite, net))


def _cents(value: Fraction) -> int:
    return round_half_up(value.numerator, value.denominator)


@formula
def maintien_pendant_absence(c: Columns) -> Column:
    """Ce que l'employeur verse des jours indemnisés : il ne peut déduire davantage (décret 88-145 art. 12)."""
    total = c.zeros()
    conges = load_conges()
    mois = c.integer("trentiemes.jours_du_mois") or 1
    for code in sorted({p.motif for n in conges.natures.values() for r in n.regles if r.ijss for p in r.paliers}):
        jours = c[f"jours_{code}"]
        if not conges.motifs[code].remunere or not jours.any():
            continue
        for element in ("traitement", "nbi", "indemnite_residence", "sft", "primes"):
            name = f"taux_perdu_{code}_{element}"
            garde: Column = PPM - (c[name] if name in FORMULAS else c.zeros())
            mensuel = c["primes_mensuelles" if element == "primes" else f"{element}_mensuel{_FEMININ[element]}"]
            total = total + Ratio.of(jours * garde, mois * PPM).apply(mensuel)
    return total


_FEMININ = {"traitement": "", "nbi": "le", "indemnite_residence": "le", "sft": ""}


@formula
def ijss_brutes(c: Columns) -> Column:
    """− indemnités journalières brutes : le décompte de la CPAM, sinon le calcul, sans dépasser le maintien versé.

    Déduites de toutes les assiettes (décret 88-145 art. 12 ; décret 91-298 art. 34 ; CSS L. 136-8 : la CPAM a déjà
    précompté CSG et CRDS).
    """
    donne = c.flag("ijss_decomptees")
    estime = np.minimum(c["ijss_estimees"], c["maintien_pendant_absence"])
    return -np.where(donne, c[f"variable_{DECOMPTE}"], estime)


@formula
def ijss_recues(c: Columns) -> Column:
    """Indemnités brutes que l'employeur reçoit à la place de l'agent, en subrogation (CSS R. 323-11)."""
    recues = np.where(c.flag("ijss_decomptees"), c[f"variable_{DECOMPTE}"], c["ijss_estimees"])
    return np.where(c.flag("subrogation"), recues, 0)


@formula
def ijss_nettes(c: Columns) -> Column:
    """Indemnités reçues en subrogation, nettes de la CSG et de la CRDS déjà précomptées par la CPAM (CSS L. 136-8)."""
    recues = c["ijss_recues"]
    concernes = recues != 0
    csg = apply_rate(recues, c.rate("ijss.csg.taux", concernes))
    return recues - csg - apply_rate(recues, c.rate("ijss.crds.taux", concernes))


@formula
def ijss_imposables(c: Columns) -> Column:
    """Indemnités subrogées imposables par l'employeur, nettes de la CSG déductible (CGI art. 80 quinquies, 204 A).

    Celles des soixante premiers jours de l'arrêt ; la moitié pour un accident du travail (CGI art. 81, 8°).
    """
    base = np.where(c.flag("subrogation"), c["ijss_imposables_brutes"], 0)
    return base - apply_rate(base, c.rate("ijss.csg_deductible.taux", base != 0))
