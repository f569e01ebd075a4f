"""Des situations aux colonnes d'entrée : le seul endroit où l'on parcourt les agents avant le calcul."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

import numpy as np

from payroll.catalogue.rubrique import Rubrique
from payroll.engine.absences_entrees import absence_columns, clause_columns
from payroll.engine.columns import POPULATIONS_CALCULEES, Ratio
from payroll.engine.net import TERRITOIRES_PAS
from payroll.engine.saisies import input_values as seizure_columns
from payroll.engine.situation import Employeur, Mandat, RegimeRetraite, Situation, Statut
from payroll.money import Column
from payroll.periods import Month

_FONCTIONNAIRE = frozenset({Statut.TITULAIRE, Statut.STAGIAIRE})
_SANS_MANDAT = Mandat(mandat="", taux_indemnite_ppm=0)


def population(situation: Situation) -> str:
    """La population de l'agent, qu'elle soit calculée ou non."""
    if situation.statut in _FONCTIONNAIRE:
        cnracl = situation.regime_retraite is RegimeRetraite.CNRACL
        return "titulaire_cnracl" if cnracl else "titulaire_ircantec"
    return str(situation.statut)


# Comment nommer une population à une personne.
LIBELLES = {
    "titulaire_cnracl": "fonctionnaire affilié à la CNRACL",
    "titulaire_ircantec": "fonctionnaire affilié à l'IRCANTEC",
    "contractuel": "contractuel de droit public",
    "elu": "élu local",
    "apprenti": "apprenti",
    "pec": "contrat aidé (PEC)",
    "vacataire": "vacataire",
}


@dataclass(frozen=True, slots=True)
class Accepted:
    """Un agent que les contrôles ont laissé passer, avec ses jours d'absence déjà ramenés en trentièmes."""

    rang: int
    """Sa place parmi les situations reçues."""
    employeur: Employeur
    situation: Situation
    absences: Mapping[str, int]
    mesures: Mapping[str, int] = field(default_factory=dict)
    """Ce que les absences donnent d'autre que des trentièmes : heures, indemnités (``absences_entrees``)."""
    debut: int | None = None
    """Premier jour payé de cette ligne, si ce n'est pas celui du contrat (mois coupé)."""
    fin: int | None = None
    """Dernier trentième payé de cette ligne, si ce n'est pas celui du contrat."""
    duree: Fraction | None = None
    """Heures par semaine à la quotité de l'agent, en moyenne sur le mois coupé ; ``None`` : celles de la situation."""


def contract_days(situation: Situation, mois: Month) -> tuple[date, date]:
    """Premier et dernier jour du contrat dans le mois ; inversés si le contrat ne le touche pas."""
    return (
        max(situation.date_debut or mois.first_day, mois.first_day),
        min(situation.date_fin or mois.last_day, mois.last_day),
    )


def small_town(employeur: Employeur, mandat: Mandat, seuil: int) -> bool:
    """Vrai si un mandat s'exerce dans une petite commune : dit, ou déduit de la population pour un mandat communal."""
    if mandat.mandat_commune_moins_3500 is not None:
        return mandat.mandat_commune_moins_3500
    return mandat.mandat in MANDATS_COMMUNAUX and employeur.population < seuil


# Les cumuls que lisent les plafonds de l'année (CSS R. 243-10) et l'exonération des apprentis (CGI 81 bis).
CUMULS_PLAFONNES = (
    "apprenti_exonere", "plafond", "regime_general", "vieillesse_plafonnee", "ircantec", "ircantec_a", "ircantec_b",
    "chomage", "chomage_assiette", "securite_sociale", "fnal_assiette", "csg", "csg_abattue",
)  # fmt: skip

_AGES_APPRENTI = (18, 21, 26)


def _day_number(day: date | None) -> int:
    """La date en un nombre lisible (20250901) ; zéro si elle n'est pas connue."""
    return day.year * 10_000 + day.month * 100 + day.day if day else 0


def _anniversary(day: date, year: int) -> date:
    """Le même jour une autre année ; le 29 février devient le 1er mars."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def age_band(naissance: date | None, mois: Month) -> int:
    """Tranche d'âge d'un apprenti : 0 moins de 18 ans, 1 de 18 à 20, 2 de 21 à 25, 3 au-delà ; −1 si âge inconnu.

    L'âge est celui de la veille du mois : il change au premier jour du mois qui suit l'anniversaire (D. 6222-34).
    """
    if naissance is None:
        return -1
    veille = mois.previous.last_day
    age = veille.year - naissance.year - (_anniversary(naissance, veille.year) > veille)
    return sum(age >= seuil for seuil in _AGES_APPRENTI)


def years_of_execution(debut: date, jour: date) -> int:
    """Années entières d'exécution du contrat à cette date."""
    return max(0, jour.year - debut.year - (_anniversary(debut, jour.year) > jour))


def apprentice_anniversary(situation: Situation, mois: Month) -> int:
    """Jour du mois où commence l'année d'exécution suivante ; zéro s'il n'y en a pas.

    Une année moindre que celle qu'on compterait est une prolongation (C. trav. D. 6222-28) : elle ne change plus.
    """
    debut, apprenti = situation.date_debut, situation.apprenti
    if debut is None or apprenti is None or debut >= mois.first_day:
        return 0
    jour = _anniversary(debut, mois.year)
    prolonge = apprenti.annee < years_of_execution(debut, mois.first_day) + 1
    return 0 if prolonge or not mois.first_day < jour <= mois.last_day else jour.day


MANDATS_COMMUNAUX = ("maire", "adjoint", "conseiller")
MANDATS = (*MANDATS_COMMUNAUX, "president", "vice_president")


def input_columns(
    mois: Month, agents: Sequence[Accepted], rubriques: Mapping[str, Rubrique], seuil_petite_commune: int
) -> dict[str, Column]:
    """Les colonnes d'entrée du lot."""

    def column(read: Callable[[Accepted], int]) -> Column:
        return np.fromiter((read(agent) for agent in agents), dtype=np.int64, count=len(agents))

    def of_situation(read: Callable[[Situation], int]) -> Column:
        return column(lambda agent: read(agent.situation))

    # Un lot a bien moins d'employeurs que d'agents : on lit chacun une fois, puis on répartit.
    employeurs = list({id(agent.employeur): agent.employeur for agent in agents}.values())
    rangs = {id(employeur): rang for rang, employeur in enumerate(employeurs)}
    repartition = column(lambda agent: rangs[id(agent.employeur)])
    elus = any(agent.situation.elu for agent in agents)

    def of_employer(read: Callable[[Employeur], int]) -> Column:
        values: Column = np.array([read(employeur) for employeur in employeurs], dtype=np.int64)
        return values[repartition]

    def of_mandate(read: Callable[[Mandat], int]) -> Column:
        if not elus:
            return np.full(len(agents), read(_SANS_MANDAT), dtype=np.int64)
        return column(lambda agent: read(agent.situation.elu or _SANS_MANDAT))

    def hours(code: str) -> Column:
        return of_situation(lambda s: s.variables.get(code, 0))

    found = {
        "population": of_situation(lambda s: POPULATIONS_CALCULEES.index(population(s))),
        "indice_majore": of_situation(lambda s: s.indice_majore),
        "quotite_pourcent": of_situation(lambda s: int(s.quotite * 100)),
        "nbi_points": of_situation(lambda s: s.nbi),
        "enfants_sft": of_situation(lambda s: s.enfants_sft),
        "enfants_sft_alternes": of_situation(lambda s: s.enfants_sft_alternes),
        "categorie": of_situation(lambda s: "ABC".index(s.categorie)),
        "premier_jour": of_situation(lambda s: contract_days(s, mois)[0].day),
        "dernier_jour": of_situation(lambda s: contract_days(s, mois)[1].day),
        "debut_segment": column(lambda a: a.debut or contract_days(a.situation, mois)[0].day),
        "fin_segment": column(lambda a: a.fin or contract_days(a.situation, mois)[1].day),
        "jours_du_mois": np.full(len(agents), mois.days, dtype=np.int64),
        **absence_columns(agents),
        "ihts_jour": hours("ihts_jour"),
        "ihts_nuit": hours("ihts_nuit"),
        "ihts_dimanche": hours("ihts_dimanche"),
        "heures_complementaires": hours("heures_complementaires"),
        "taux_horaire": of_situation(lambda s: s.taux_horaire),
        "prix_vacation": of_situation(lambda s: s.prix_vacation),
        "autres_remunerations": of_situation(lambda s: s.autres_remunerations),
        "jour_debut_contrat": of_situation(lambda s: _day_number(s.date_debut)),
        "apprenti_tranche_age": of_situation(lambda s: age_band(s.date_naissance, mois)),
        "apprenti_annee": of_situation(lambda s: s.apprenti.annee if s.apprenti else 0),
        "apprenti_pourcentage": of_situation(lambda s: (s.apprenti.pourcentage_smic_ppm or 0) if s.apprenti else 0),
        "apprenti_jour_anniversaire": of_situation(lambda s: apprentice_anniversary(s, mois)),
        "zone_residence": of_employer(lambda e: e.zone_residence),
        "effectif": of_employer(lambda e: e.effectif),
        "titre_restaurant_valeur": of_employer(lambda e: e.titre_restaurant_valeur),
        "titre_restaurant_part_employeur": of_employer(lambda e: e.titre_restaurant_part_employeur),
        "taux_at": of_employer(lambda e: e.taux_at_ppm),
        "taux_versement_mobilite": of_employer(lambda e: e.taux_versement_mobilite_ppm),
        "taux_cdg": of_employer(lambda e: e.taux_cdg_ppm),
        "employeur_cnfpt": of_employer(lambda e: e.cnfpt),
        "employeur_assurance_chomage": of_employer(lambda e: e.assurance_chomage),
        "heures_complementaires_majorees": of_employer(lambda e: e.heures_complementaires_majorees),
        **clause_columns(of_employer),
        "taux_pas": of_situation(lambda s: s.taux_pas_ppm or 0),
        "taux_pas_transmis": of_situation(lambda s: s.taux_pas_ppm is not None),
        "territoire_pas": of_situation(lambda s: TERRITOIRES_PAS.index(s.territoire_pas)),
        "contrat_court": of_situation(lambda s: s.contrat_court),
        "taux_indemnite": of_mandate(lambda m: m.taux_indemnite_ppm),
        "autres_mandats_brut": of_mandate(lambda m: m.autres_mandats_brut),
        "option_assujettissement": of_mandate(lambda m: m.option_assujettissement),
        "activite_cessee": of_mandate(lambda m: m.activite_cessee),
        "nombre_mandats": of_mandate(lambda m: m.nombre_mandats_indemnises),
        "mandat_petite_commune": column(
            lambda a: a.situation.elu is not None and small_town(a.employeur, a.situation.elu, seuil_petite_commune)
        ),
        "cumul_rafp_elements": of_situation(lambda s: s.cumuls.rafp_elements),
        "cumul_rafp_traitement": of_situation(lambda s: s.cumuls.rafp_traitement),
        "cumul_rafp_assiette": of_situation(lambda s: s.cumuls.rafp_assiette),
        "cumul_heures_exonerees": of_situation(lambda s: s.cumuls.heures_exonerees),
        "cumul_teletravail": of_situation(lambda s: s.cumuls.teletravail),
        "cumul_mobilites_durables": of_situation(lambda s: s.cumuls.mobilites_durables),
        **{f"cumul_{name}": of_situation(lambda s, n=name: getattr(s.cumuls, n)) for name in CUMULS_PLAFONNES},  # type: ignore[misc]
    }
    found.update(seizure_columns([agent.situation for agent in agents]))
    for code, rubrique in rubriques.items():
        if rubrique.saisie:
            found[f"permanent_{code}"] = of_situation(lambda s, code=code: s.permanents.get(code, 0))  # type: ignore[misc]
            found[f"variable_{code}"] = of_situation(lambda s, code=code: s.variables.get(code, 0))  # type: ignore[misc]
    return found


def input_ratios(agents: Sequence[Accepted]) -> dict[str, Ratio]:
    """Les fractions d'entrée du lot : durée du poste et quotité, exactes."""

    def ratio(read: Callable[[Situation], Fraction]) -> Ratio:
        values = [read(agent.situation) for agent in agents]
        return Ratio(
            np.fromiter((value.numerator for value in values), dtype=np.int64, count=len(values)),
            np.fromiter((value.denominator for value in values), dtype=np.int64, count=len(values)),
        )

    return {
        "heures_hebdo": ratio(lambda s: s.heures_hebdo),
        "heures_tous_emplois": ratio(lambda s: s.heures_hebdo_tous_employeurs or Fraction(0)),
        "part_cnracl": ratio(_subject_to_cnracl),
        "quotite": ratio(lambda s: s.quotite),
    }


def _subject_to_cnracl(situation: Situation) -> Fraction:
    """Part du poste soumise à la CNRACL : les heures au-delà du temps complet de tous les emplois en sortent."""
    hors = situation.heures_hors_cnracl or Fraction(0)
    return (situation.heures_hebdo - hors) / situation.heures_hebdo if situation.heures_hebdo else Fraction(1)
