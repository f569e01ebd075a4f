"""Des situations aux colonnes d'entrée : chaque champ est lu une fois, pour tout le lot à la fois.

``attrgetter`` et ``fromiter`` bouclent en C ; seuls les agents qui ont une absence, une saisie, un mandat ou un
apprentissage sont lus un à un. Rien n'est contrôlé ici : une valeur absurde donne une colonne absurde, que ``tri.py``
voit ; un nombre hors des 64 bits lève ``OverflowError``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from fractions import Fraction
from itertools import chain, starmap
from operator import attrgetter, methodcaller
from typing import Any

import numpy as np

from payroll.catalogue.rubrique import Rubrique
from payroll.engine.absences_entrees import CLAUSES, MESURES, clause_values
from payroll.engine.columns import POPULATIONS_CALCULEES, Ratio
from payroll.engine.inputs import (
    CUMULS_PLAFONNES,
    Accepted,
    age_bands,
    apprentice_anniversary,
    day_number,
    population_of,
    small_town,
    subject_to_cnracl,
)
from payroll.engine.net import TERRITOIRES_PAS
from payroll.engine.saisies import COLONNES as SEIZURES
from payroll.engine.saisies import input_values as seizure_values
from payroll.engine.situation import Cumuls, Employeur, Mandat, RegimeRetraite, Situation, Statut
from payroll.money import Column
from payroll.periods import Month

_SANS_MANDAT = Mandat(mandat="", taux_indemnite_ppm=0)
# Hors catalogue : ce que paient ces heures y est, leur nombre est une entrée.
_HEURES = ("ihts_jour", "ihts_nuit", "ihts_dimanche", "heures_complementaires")

_ENTIERS = {
    "indice_majore": "indice_majore",
    "nbi": "nbi_points",
    "enfants_sft": "enfants_sft",
    "enfants_sft_alternes": "enfants_sft_alternes",
    "taux_horaire": "taux_horaire",
    "prix_vacation": "prix_vacation",
    "autres_remunerations": "autres_remunerations",
    "contrat_court": "contrat_court",
    "personnes_a_charge": "personnes_a_charge",
}
"""Champ entier d'une situation → sa colonne."""

_CUMULS = tuple(item.name for item in fields(Cumuls))
_CUMULS_LUS = (
    "rafp_elements", "rafp_traitement", "rafp_assiette", "heures_exonerees", "teletravail", "mobilites_durables",
    *CUMULS_PLAFONNES,
)  # fmt: skip
"""Les cumuls que lisent les formules."""

_EMPLOYEUR = {
    "zone_residence": "zone_residence",
    "effectif": "effectif",
    "titre_restaurant_valeur": "titre_restaurant_valeur",
    "titre_restaurant_part_employeur": "titre_restaurant_part_employeur",
    "taux_at_ppm": "taux_at",
    "taux_versement_mobilite_ppm": "taux_versement_mobilite",
    "taux_cdg_ppm": "taux_cdg",
    "cnfpt": "employeur_cnfpt",
    "assurance_chomage": "employeur_assurance_chomage",
    "heures_complementaires_majorees": "heures_complementaires_majorees",
}
"""Champ entier d'un employeur → sa colonne."""

_MANDAT = {
    "taux_indemnite_ppm": "taux_indemnite",
    "autres_mandats_brut": "autres_mandats_brut",
    "option_assujettissement": "option_assujettissement",
    "activite_cessee": "activite_cessee",
    "nombre_mandats_indemnises": "nombre_mandats",
}
"""Champ entier d'un mandat → sa colonne."""


@dataclass(frozen=True, slots=True)
class Montants:
    """Les éléments saisis de tout le lot, à plat : l'agent, le code (par son rang dans ``codes``) et la valeur.

    Rangés par code : ceux d'un code se suivent, et s'y lisent sans parcourir les autres (de 6 à 1 ms par lot).
    """

    codes: Mapping[str, int]
    bornes: Column
    """Où commence chaque code, et où finit le dernier."""
    rangs: Column
    code: Column
    valeurs: Column

    def of(self, code: str) -> tuple[Column, Column]:
        """(agents, valeurs) d'un code."""
        place = self.codes.get(code)
        ici = slice(0) if place is None else slice(self.bornes[place], self.bornes[place + 1])
        return self.rangs[ici], self.valeurs[ici]


@dataclass(slots=True)
class Entrees:
    """Les colonnes et les fractions d'entrée d'un lot, et ce qu'il faut d'autre pour trier les agents à contrôler."""

    size: int
    columns: dict[str, Column]
    ratios: dict[str, Ratio]
    montants: Mapping[str, Montants] = field(default_factory=dict)
    """``permanents`` et ``variables``, tels que saisis."""
    cumuls: Column = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    """Tous les cumuls de l'année, une ligne par agent, tels que donnés."""

    def take(self, rangs: Column) -> Entrees:
        """Les mêmes colonnes pour ces seuls agents."""
        zero = _shared_zero(len(rangs))
        columns = {name: column[rangs] if column.flags.writeable else zero for name, column in self.columns.items()}
        ratios = {name: Ratio(ratio.num[rangs], ratio.den[rangs]) for name, ratio in self.ratios.items()}
        return Entrees(len(rangs), columns, ratios)

    def put(self, rangs: Column, autres: Entrees) -> None:
        """Remplace les entrées de ces agents : un mois coupé se finit à d'autres conditions."""
        for name, column in autres.columns.items():
            if column.any() or self.columns[name][rangs].any():
                self.own(name)[rangs] = column
        for name, ratio in autres.ratios.items():
            self.ratios[name].num[rangs], self.ratios[name].den[rangs] = ratio.num, ratio.den

    def own(self, name: str) -> Column:
        """La colonne, prête à être écrite : les colonnes nulles sont la même tant que personne n'y écrit."""
        if not self.columns[name].flags.writeable:
            self.columns[name] = np.zeros(self.size, dtype=np.int64)
        return self.columns[name]


def read_inputs(
    mois: Month,
    employeurs: Sequence[Employeur],
    situations: Sequence[Situation],
    rubriques: Mapping[str, Rubrique],
    seuil_petite_commune: int,
) -> Entrees:
    """Les colonnes d'entrée de ces agents, absences non comprises : elles viennent avec ``absences_of``.

    ``employeurs[i]`` emploie ``situations[i]``. Lève ``OverflowError`` pour un nombre qui ne tient pas en 64 bits.
    """
    lecture = _Lecture(situations)
    cumuls = lecture.matrix(attrgetter(*_CUMULS), map(attrgetter("cumuls"), situations), len(_CUMULS))
    montants = {lieu: _amounts(lecture.values(lieu)) for lieu in ("permanents", "variables")}
    ratios = _ratios(lecture)
    columns = {
        "population": lecture.known(list(map(attrgetter("statut", "regime_retraite"), situations)), _population),
        "quotite_pourcent": ratios["quotite"].num * 100 // ratios["quotite"].den,
        "categorie": lecture.coded("categorie", ("A", "B", "C")),
        "territoire_pas": lecture.coded("territoire_pas", TERRITOIRES_PAS),
        "jours_du_mois": np.full(lecture.size, mois.days, dtype=np.int64),
        **lecture.integers(_ENTIERS),
        **_dates(mois, lecture),
        **_withholding(lecture),
        **_of_employers(employeurs),
        **_of_mandates(lecture, employeurs, seuil_petite_commune),
        **_of_apprentices(mois, lecture),
        # Remplies par ``complete``, pour les agents acceptés.
        **dict.fromkeys((*MESURES, *SEIZURES), lecture.zero),
        **{f"cumul_{name}": cumuls[:, _CUMULS.index(name)].copy() for name in _CUMULS_LUS},
        **_amount_columns(montants, rubriques, lecture),
    }
    return Entrees(lecture.size, columns, ratios, montants, cumuls)


def complete(entrees: Entrees, agents: Sequence[Accepted]) -> None:
    """Ajoute ce que seuls les agents acceptés ont : absences comptées, saisies servies, bornes d'un mois coupé."""
    duree = entrees.ratios["heures_hebdo"] * entrees.ratios["quotite"]
    debut, fin = entrees.columns["premier_jour"].copy(), entrees.columns["dernier_jour"].copy()
    for rang, agent in enumerate(agents):
        if agent.absences or agent.mesures:
            for motif, jours in agent.absences.items():
                entrees.own(f"jours_{motif}")[rang] = jours
            for name, value in agent.mesures.items():
                entrees.own(name)[rang] = value
        if agent.situation.saisies:
            for name, value in seizure_values(agent.situation):
                entrees.own(name)[rang] = value
        if agent.debut:
            debut[rang] = agent.debut
        if agent.fin:
            fin[rang] = agent.fin
        if agent.duree is not None:
            duree.num[rang], duree.den[rang] = agent.duree.as_integer_ratio()
    entrees.columns["debut_segment"], entrees.columns["fin_segment"] = debut, fin
    # Un élu ou un contrat sans indice n'a pas de catégorie ; les formules qui en lisent une ne les concernent pas.
    entrees.columns["categorie"] = np.maximum(entrees.columns["categorie"], 0)
    entrees.ratios["duree_moyenne"] = duree


def _shared_zero(size: int) -> Column:
    """La colonne que partagent toutes celles que personne ne remplit : on ne peut pas y écrire."""
    zero = np.zeros(size, dtype=np.int64)
    zero.flags.writeable = False
    return zero


def _population(contrat: tuple[Statut, RegimeRetraite]) -> int:
    return POPULATIONS_CALCULEES.index(population_of(*contrat))


class _Lecture:
    """Un lot de situations, lu champ par champ."""

    def __init__(self, situations: Sequence[Situation]) -> None:
        self.situations = situations
        self.size = len(situations)
        self.zero = _shared_zero(self.size)

    def values(self, champ: str) -> list[Any]:
        return list(map(attrgetter(champ), self.situations))

    def column(self, values: Iterable[int]) -> Column:
        return np.fromiter(values, dtype=np.int64, count=self.size)

    def matrix(self, read: Callable[[Any], tuple[int, ...]], objets: Iterable[Any], width: int) -> Column:
        """Une ligne de nombres par objet ; par ``struct``, un quart de moins que nombre par nombre (de 19 à 14 ms)."""
        line = struct.Struct(f"{width}q")
        try:
            flat = np.frombuffer(b"".join(starmap(line.pack, map(read, objets))), dtype=np.int64)
        except struct.error as error:
            raise OverflowError(str(error)) from error
        return flat.reshape(self.size, width)

    def integers(self, champs: Mapping[str, str]) -> dict[str, Column]:
        """Les champs entiers, dans leurs colonnes."""
        table = self.matrix(attrgetter(*champs), self.situations, len(champs))
        return {name: table[:, rang].copy() for rang, name in enumerate(champs.values())}

    def known(self, keys: Sequence[Any], read: Callable[[Any], int]) -> Column:
        """Une colonne tirée de valeurs souvent pareilles : calculée une fois par valeur, et non par agent."""
        found = {key: read(key) for key in set(keys)}
        return self.column(map(found.__getitem__, keys))

    def coded(self, champ: str, codes: Sequence[str]) -> Column:
        """Le rang du texte parmi ``codes`` ; −1 s'il n'y est pas."""
        rangs = {code: rang for rang, code in enumerate(codes)}
        return self.column(rangs.get(value, -1) for value in self.values(champ))

    def some(self, champ: str) -> list[tuple[int, Any]]:
        """(rang, valeur) des seuls agents dont ce champ est rempli."""
        return [(rang, value) for rang, value in enumerate(self.values(champ)) if value is not None]

    def filled(self, values: Iterable[tuple[int, int]], defaut: int = 0) -> Column:
        """Une colonne au défaut, sauf pour ces agents."""
        column = np.full(self.size, defaut, dtype=np.int64)
        for rang, value in values:
            column[rang] = value
        return column


def _dates(mois: Month, lecture: _Lecture) -> dict[str, Column]:
    """Bornes du contrat dans le mois, début du contrat, tranche d'âge d'un apprenti."""
    premier, dernier = mois.first_day.toordinal(), mois.last_day.toordinal()
    debuts, fins = lecture.values("date_debut"), lecture.values("date_fin")
    debut = lecture.known(debuts, lambda day: premier if day is None else day.toordinal())
    fin = lecture.known(fins, lambda day: dernier if day is None else day.toordinal())
    return {
        "premier_jour": np.maximum(debut, premier) - premier + 1,
        "dernier_jour": np.minimum(fin, dernier) - premier + 1,
        "jour_debut_contrat": lecture.known(debuts, day_number),
        "apprenti_tranche_age": age_bands(lecture.column(map(day_number, lecture.values("date_naissance"))), mois),
    }


def _withholding(lecture: _Lecture) -> dict[str, Column]:
    taux = lecture.values("taux_pas_ppm")
    return {
        "taux_pas": lecture.column(0 if value is None else value for value in taux),
        "taux_pas_transmis": lecture.column(value is not None for value in taux),
    }


def _of_employers(employeurs: Sequence[Employeur]) -> dict[str, Column]:
    """Un lot a bien moins d'employeurs que d'agents : on lit chacun une fois, puis on répartit."""
    uniques = {id(employeur): employeur for employeur in employeurs}
    rangs = {key: rang for rang, key in enumerate(uniques)}
    repartition = np.fromiter(map(rangs.__getitem__, map(id, employeurs)), dtype=np.int64, count=len(employeurs))
    read = attrgetter(*_EMPLOYEUR)
    table = np.array([(*read(e), *clause_values(e)) for e in uniques.values()], dtype=np.int64)
    return {name: table[:, rang][repartition] for rang, name in enumerate((*_EMPLOYEUR.values(), *CLAUSES))}


def _of_mandates(lecture: _Lecture, employeurs: Sequence[Employeur], seuil: int) -> dict[str, Column]:
    mandats = lecture.some("elu")
    found = {
        name: lecture.filled(((rang, getattr(mandat, champ)) for rang, mandat in mandats), getattr(_SANS_MANDAT, champ))
        for champ, name in _MANDAT.items()
    }
    petites = ((rang, small_town(employeurs[rang], mandat, seuil)) for rang, mandat in mandats)
    return {**found, "mandat_petite_commune": lecture.filled(petites)}


def _of_apprentices(mois: Month, lecture: _Lecture) -> dict[str, Column]:
    apprentis = lecture.some("apprenti")
    return {
        "apprenti_annee": lecture.filled((rang, a.annee) for rang, a in apprentis),
        "apprenti_pourcentage": lecture.filled((rang, a.pourcentage_smic_ppm or 0) for rang, a in apprentis),
        "apprenti_jour_anniversaire": lecture.filled(
            (rang, apprentice_anniversary(lecture.situations[rang], mois)) for rang, _ in apprentis
        ),
    }


def _amounts(montants: Sequence[Mapping[str, int]]) -> Montants:
    """À plat, sans boucle Python : les codes et les valeurs de tous les agents se suivent."""
    nombres = np.fromiter(map(len, montants), dtype=np.int64, count=len(montants))
    total = int(nombres.sum())
    codes = list(chain.from_iterable(montants))
    index = {code: rang for rang, code in enumerate(dict.fromkeys(codes))}
    valeurs = np.fromiter(chain.from_iterable(map(methodcaller("values"), montants)), dtype=np.int64, count=total)
    code = np.fromiter(map(index.__getitem__, codes), dtype=np.int64, count=total)
    ordre = np.argsort(code.astype(np.min_scalar_type(len(index))), kind="stable")
    code = code[ordre]
    bornes = np.searchsorted(code, np.arange(len(index) + 1))
    return Montants(index, bornes, np.repeat(np.arange(len(montants)), nombres)[ordre], code, valeurs[ordre])


def _amount_columns(
    montants: Mapping[str, Montants], rubriques: Mapping[str, Rubrique], lecture: _Lecture
) -> dict[str, Column]:
    def column(lieu: str, code: str) -> Column:
        rangs, valeurs = montants[lieu].of(code)
        if not valeurs.any():
            return lecture.zero
        found = np.zeros(lecture.size, dtype=np.int64)
        found[rangs] = valeurs
        return found

    found = {code: column("variables", code) for code in _HEURES}
    for code, rubrique in rubriques.items():
        if rubrique.saisie:
            found[f"permanent_{code}"] = column("permanents", code)
            found[f"variable_{code}"] = column("variables", code)
    return found


def _ratios(lecture: _Lecture) -> dict[str, Ratio]:
    """Les fractions d'entrée, exactes : durée du poste, de tous les emplois, part à la CNRACL, quotité."""

    def ratio(champ: str) -> Ratio:
        pairs = lecture.matrix(methodcaller("as_integer_ratio"), lecture.values(champ), 2)
        return Ratio(pairs[:, 0].copy(), pairs[:, 1].copy())

    def some(pairs: Iterable[tuple[int, Fraction]], defaut: int) -> Ratio:
        found = Ratio(lecture.filled((), defaut), lecture.filled((), 1))
        for rang, value in pairs:
            found.num[rang], found.den[rang] = value.as_integer_ratio()
        return found

    soumises = ((rang, subject_to_cnracl(lecture.situations[rang])) for rang, _ in lecture.some("heures_hors_cnracl"))
    return {
        "heures_hebdo": ratio("heures_hebdo"),
        "heures_tous_emplois": some(lecture.some("heures_hebdo_tous_employeurs"), 0),
        "part_cnracl": some(soumises, 1),
        "quotite": ratio("quotite"),
    }
