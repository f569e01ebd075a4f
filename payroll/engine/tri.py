"""Le tri d'un lot : à quels agents un contrôle peut avoir quelque chose à dire ; les autres sont acceptés d'office.

Contrôler les agents un à un, pour ne rien dire de presque tous, prenait le quart du calcul : 0,65 s pour 12 000 agents,
0,06 depuis. Ici chaque contrôle a un masque, vrai **au moins** pour tous ceux dont il parlerait : plus large que la
règle, jamais plus étroit ; la règle elle-même ne s'écrit que dans ``controls*.py``. ``test_tri.py`` rejoue tous les
contrôles sur des agents de toute sorte, bons et mauvais, et compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, repeat
from operator import attrgetter

import numpy as np

from payroll.anomalies import Anomalie
from payroll.catalogue.rubrique import Catalogue, Rubrique
from payroll.engine.columns import FONCTIONNAIRES, POPULATIONS_CALCULEES, Mask, Ratio
from payroll.engine.controls import (
    CONTROLES,
    CUMUL_MAXIMAL,
    INDICE_MAXIMAL,
    NOMBRE_MAXIMAL,
    check,
    check_employer,
)
from payroll.engine.controls_accessoires import GARANTIES, QUANTITE_MAXIMALE, check_vouchers
from payroll.engine.controls_elus import ceiling_key, terminal_and_ceiling
from payroll.engine.controls_montants import HEURES_MAXIMALES, MONTANT_MAXIMAL
from payroll.engine.controls_populations import A_L_HEURE, PRIX_MAXIMAL, SANS_INDICE
from payroll.engine.controls_saisies import PERSONNES_MAXIMUM
from payroll.engine.entrees import Entrees, read_inputs
from payroll.engine.inputs import Accepted
from payroll.engine.limits import Limits
from payroll.engine.situation import CONTINGENT_DECIDE, HOUR_VARIABLES, Employeur, RegimeRetraite, Situation
from payroll.legislation import FigureMissing, Figures
from payroll.money import PPM, Column, apply_rate
from payroll.periods import Month

_LISIBLE = 1_000_000
"""Au-delà, le numérateur ou le dénominateur d'une fraction saisie ne se multiplie plus sans déborder."""


@dataclass(slots=True)
class Tri:
    """Les agents à calculer, et ce que les contrôles ont dit, à l'un ou à l'autre."""

    acceptes: list[Accepted] = field(default_factory=list)
    constats: dict[int, tuple[Anomalie, ...]] = field(default_factory=dict)
    """Rang dans le lot → anomalies ; qui n'en a pas n'y est pas."""
    entrees: Entrees | None = None
    """Les entrées des acceptés, si elles ont pu se lire d'un coup."""


def sort_out(
    mois: Month,
    employeurs: Sequence[Employeur],
    situations: Sequence[Situation],
    figures: Figures,
    catalogue: Catalogue,
) -> Tri:
    """Contrôle un lot : les mêmes verdicts que ``check`` agent par agent."""
    limits = Limits(figures)
    tri = Tri()
    entrees: Entrees | None
    suspects: Mapping[int, Sequence[str]]
    try:
        seuil = figures.integer("elu.frais_emploi.population")
        entrees = read_inputs(mois, employeurs, situations, catalogue, seuil)
        suspects = _Suspects(employeurs, situations, entrees, limits, catalogue).sort()
    except (OverflowError, FigureMissing):
        # Un nombre démesuré, ou un chiffre du mois qui manque : chacun passe par tous les contrôles.
        entrees, suspects = None, dict.fromkeys(range(len(situations)), tuple(CONTROLES))
    agents: list[Accepted | None]
    agents = list(map(Accepted, count(), employeurs, situations, repeat(_RIEN), repeat(_RIEN)))
    for rang, controles in sorted(suspects.items()):
        verdict = check(rang, mois, employeurs[rang], situations[rang], limits, catalogue, controles)
        agents[rang] = verdict.accepted
        if verdict.anomalies:
            tri.constats[rang] = verdict.anomalies
    tri.acceptes = [agent for agent in agents if agent]
    if entrees is not None and len(tri.acceptes) < len(situations):
        entrees = entrees.take(np.array([agent.rang for agent in tri.acceptes], dtype=np.int64))
    tri.entrees = entrees
    return tri


_RIEN: Mapping[str, int] = {}


class _Suspects:
    """Les masques d'un lot, un par contrôle."""

    def __init__(
        self,
        employeurs: Sequence[Employeur],
        situations: Sequence[Situation],
        entrees: Entrees,
        limits: Limits,
        catalogue: Mapping[str, Rubrique],
    ) -> None:
        self.employeurs, self.situations = employeurs, situations
        self.entrees, self.limits, self.catalogue = entrees, limits, catalogue
        self.c: Mapping[str, Column] = entrees.columns
        self.elus = self._among("elu")
        self.sans_indice = self._among(*SANS_INDICE) | (self._among("contractuel") & (self.c["taux_horaire"] > 0))
        self.heures, self.quotite = entrees.ratios["heures_hebdo"], entrees.ratios["quotite"]
        self.cnracl = np.fromiter(
            (s.regime_retraite is RegimeRetraite.CNRACL for s in situations), np.bool_, entrees.size
        )
        self.complet = limits.integer("temps_complet.heures_hebdomadaires")
        self.plusieurs = entrees.ratios["heures_tous_emplois"].num != 0
        self.hors_cnracl = self._given("heures_hors_cnracl")
        # Un temps plein et une quotité que le mois connaît : ce que presque tous les contrôles supposent.
        self.durees = (self.heures.num > 0) & ~_more(self.heures, self.complet) & self._known_quotity()

    def sort(self) -> dict[int, Sequence[str]]:
        """Les agents à contrôler, et les contrôles à leur faire, dans l'ordre ; ni les autres agents, ni les autres."""
        masques = {
            "employeur": self._of_employers(lambda e: any(check_employer(e))),
            "contrat": self.c["dernier_jour"] < self.c["premier_jour"],
            "population": self._population(),
            "montants": (montants := self._amounts()),
            "prelevement": (self.c["territoire_pas"] < 0) | _outside(self.c["taux_pas"], 0, PPM),
            "cumuls": self._totals(),
            "saisies": self._filled("saisies") | _outside(self.c["personnes_a_charge"], 0, PERSONNES_MAXIMUM),
            "mandat": self._mandates(),
            "agent": self._agent(),
            "heures": self._hours(),
            "quantites": montants,
            "points": _outside(self.c["enfants_sft_alternes"], 0, self.c["enfants_sft"]) | self._entered("cti"),
            "prime_responsabilite": self._entered("prime_responsabilite"),
            "psc": self._health_cover(),
            "transport": self._transport(),
            "teletravail": self._entered("indemnite_teletravail", "variables"),
            "titres_restaurant": self._vouchers(),
            "fin_contrat": self._entered("indemnite_fin_contrat", "variables"),
            "conges_payes": self._entered("indemnite_conges_payes", "variables"),
            "absences": self._filled("arrets") | self._held("ijss_brutes") | (self._whole("jours_cmo_anterieurs") < 0),
        }
        suspects: dict[int, Sequence[str]] = {}
        for nom in CONTROLES:
            for rang in np.flatnonzero(masques[nom]).tolist():
                suspects[rang] = (*suspects.get(rang, ()), nom)
        # Un mois coupé se contrôle partie par partie ; une fraction démesurée ne se compare pas en colonnes.
        for rang in np.flatnonzero(self._filled("segments") | self._unreadable()).tolist():
            suspects[rang] = tuple(CONTROLES)
        return suspects

    def _among(self, *populations: str) -> Mask:
        return np.isin(self.c["population"], [POPULATIONS_CALCULEES.index(name) for name in populations])

    def _given(self, champ: str) -> Mask:
        values = map(attrgetter(champ), self.situations)
        return np.fromiter((value is not None for value in values), dtype=np.bool_, count=self.entrees.size)

    def _filled(self, champ: str) -> Mask:
        values = map(bool, map(attrgetter(champ), self.situations))
        return np.fromiter(values, dtype=np.bool_, count=self.entrees.size)

    def _whole(self, champ: str) -> Column:
        return np.fromiter(map(attrgetter(champ), self.situations), dtype=np.int64, count=self.entrees.size)

    def _of_employers(self, fault: Callable[[Employeur], bool]) -> Mask:
        """Les agents des employeurs en défaut : chaque employeur n'est contrôlé qu'une fois."""
        fautifs = {key for key, e in {id(e): e for e in self.employeurs}.items() if fault(e)}
        if not fautifs:
            return np.zeros(self.entrees.size, dtype=np.bool_)
        return np.fromiter((id(e) in fautifs for e in self.employeurs), dtype=np.bool_, count=self.entrees.size)

    def _entered(self, code: str, *lieux: str) -> Mask:
        """Les agents qui ont une valeur sous ce code, parmi les permanents à défaut d'autre lieu."""
        mask = np.zeros(self.entrees.size, dtype=np.bool_)
        for lieu in lieux or ("permanents",):
            rangs, valeurs = self.entrees.montants[lieu].of(code)
            mask[rangs[valeurs != 0]] = True
        return mask

    def _held(self, code: str) -> Mask:
        """Les agents qui portent ce code dans leurs variables, même à zéro."""
        mask = np.zeros(self.entrees.size, dtype=np.bool_)
        mask[self.entrees.montants["variables"].of(code)[0]] = True
        return mask

    def _unreadable(self) -> Mask:
        mask = np.zeros(self.entrees.size, dtype=np.bool_)
        for ratio in (self.heures, self.quotite):
            mask |= _outside(ratio.num, -_LISIBLE, _LISIBLE) | (ratio.den > _LISIBLE)
        return mask

    def _known_quotity(self) -> Mask:
        pourcent = self.c["quotite_pourcent"]
        connues = [
            valeur
            for valeur in np.unique(pourcent).tolist()
            if valeur == 100 or self.limits.has(f"temps_partiel.fraction_remuneree.{valeur}")
        ]
        entiere: Mask = pourcent * self.quotite.den == self.quotite.num * 100
        return entiere & np.isin(pourcent, connues)

    def _population(self) -> Mask:
        maximum = self.limits.figures.fraction("temps_non_complet.cumul_maximal") * self.complet
        trop: Mask = self.heures.num * maximum.denominator > maximum.numerator * self.heures.den
        plusieurs: Mask = self.plusieurs | self.hors_cnracl
        return self._without_index() | self._prices() | trop | plusieurs | self._given("apprenti")

    def _without_index(self) -> Mask:
        """Les agents sans indice, sauf ceux qu'un seul prix paie à l'heure et à qui rien d'autre n'est donné."""
        if not self.sans_indice.any():
            return self.sans_indice
        c = self.c
        rangs, saisies = self.entrees.montants["variables"].of("heures_travaillees")
        heures = np.zeros(self.entrees.size, dtype=np.bool_)
        heures[rangs[saisies > 0]] = True
        heures &= (c["taux_horaire"] != 0) & ~self._entered("heures_travaillees")
        donne = (c["indice_majore"] != 0) | (c["enfants_sft"] != 0) | (c["nbi_points"] != 0)
        autres = self._entered("vacations", "variables") | self._filled("arrets") | self.cnracl
        for code in HOUR_VARIABLES:
            autres |= self._entered(code, "variables")
        entiere = self.quotite.num == self.quotite.den
        simples: Mask = (heures | self._among("pec")) & entiere & ~donne & ~autres
        return self.sans_indice & ~simples

    def _prices(self) -> Mask:
        c = self.c
        if not any(c[name].any() for name in ("taux_horaire", "prix_vacation", "autres_remunerations")):
            return np.zeros(self.entrees.size, dtype=np.bool_)
        smic = self.limits.figures.cents("smic.horaire")
        prevu = np.where(self._among(*A_L_HEURE), c["taux_horaire"], 0)
        douteux: Mask = (
            ((c["taux_horaire"] != 0) & _outside(prevu, smic, PRIX_MAXIMAL))
            | (c["prix_vacation"] != 0)
            | (c["autres_remunerations"] != 0)
        )
        return douteux

    def _mandates(self) -> Mask:
        """Les élus, sauf au seul mandat communal, d'un taux que sa strate permet (962 élus : de 24 à 4 ms)."""
        rangs = np.flatnonzero(self.elus)
        if not rangs.size:
            return self.elus
        c, limits = self.c, self.limits
        plafonds = np.zeros(self.entrees.size, dtype=np.int64)
        connus: dict[tuple[int, str], int] = {}
        for rang in rangs.tolist():
            mandat = self.situations[rang].elu
            key = self.employeurs[rang].population, mandat.mandat if mandat else ""
            if key not in connus:
                cle = ceiling_key(*key, limits)
                connus[key] = limits.figures.rate(cle) if cle else 0
            plafonds[rang] = connus[key]
        terminal, total = terminal_and_ceiling(limits.figures)
        douteux: Mask = (
            _outside(c["taux_indemnite"], 1, np.minimum(plafonds, PPM))
            | (apply_rate(terminal, np.clip(c["taux_indemnite"], 0, PPM)) > total)
            | (c["autres_mandats_brut"] != 0)
            | (c["nombre_mandats"] != 1)
            | self.cnracl
        )
        return self.elus & douteux

    def _amounts(self) -> Mask:
        """Les agents dont un code, un lieu, une valeur ou une population n'est pas de ceux qu'on attend."""
        mask = np.zeros(self.entrees.size, dtype=np.bool_)
        for lieu, saisis in self.entrees.montants.items():
            limites = [self._limit(lieu, code) for code in saisis.codes]
            maxima = np.array([maximum for maximum, _ in limites], dtype=np.int64)
            admis = np.array([[name in qui for name in POPULATIONS_CALCULEES] for _, qui in limites], dtype=np.bool_)
            if len(limites):
                bon = admis[saisis.code, self.c["population"][saisis.rangs]]
                bon &= ~_outside(saisis.valeurs, 0, maxima[saisis.code])
                mask[saisis.rangs[~bon]] = True
        return mask

    def _limit(self, lieu: str, code: str) -> tuple[int, Iterable[str]]:
        """La plus grande valeur dont les contrôles ne disent rien, et pour quelles populations."""
        if code in HOUR_VARIABLES and (lieu == "variables" or code == CONTINGENT_DECIDE):
            return HEURES_MAXIMALES, set(POPULATIONS_CALCULEES) - {"elu"}
        rubrique = self.catalogue.get(code)
        if rubrique is None or lieu not in rubrique.saisie:
            return 0, ()
        if code == "remboursement_transport":
            return self.limits.figures.cents("transport_domicile_travail.plafond_mensuel"), rubrique.populations
        return QUANTITE_MAXIMALE if rubrique.unite == "nombre" else MONTANT_MAXIMAL, rubrique.populations

    def _totals(self) -> Mask:
        return np.asarray(_outside(self.entrees.cumuls, -CUMUL_MAXIMAL, CUMUL_MAXIMAL).any(axis=1), dtype=np.bool_)

    def _agent(self) -> Mask:
        seuil = self.limits.integer("cnracl.seuil_heures_hebdomadaires")
        c, fonctionnaires = self.c, self._among(*FONCTIONNAIRES)
        longues: Mask = self.heures.num >= seuil * self.heures.den
        douteux: Mask = (
            self._given("elu")
            | (_outside(c["indice_majore"], 1, INDICE_MAXIMAL) & ~self.sans_indice)
            | (c["categorie"] < 0)
            | _outside(c["nbi_points"], 0, NOMBRE_MAXIMAL)
            | _outside(c["enfants_sft"], 0, NOMBRE_MAXIMAL)
            | ((c["nbi_points"] > 0) & ~fonctionnaires)
            | ~self.durees
            | self.plusieurs
            | (self._among("titulaire_cnracl") & ~longues)
            | (self._among("titulaire_ircantec") & longues)
            | (self._among("contractuel") & self.cnracl)
        )
        return ~self.elus & douteux

    def _hours(self) -> Mask:
        c = self.c
        ihts = sum(np.clip(c[code], -_LISIBLE, _LISIBLE) for code in ("ihts_jour", "ihts_nuit", "ihts_dimanche"))
        contingent = self.limits.integer("ihts.contingent_mensuel") * 100
        refusees: Mask = (
            (c["categorie"] == 0)
            | (ihts * self.quotite.den > contingent * self.quotite.num)
            | (self.heures.num < self.complet * self.heures.den)
        )
        decide = self._entered(CONTINGENT_DECIDE, "permanents", "variables")
        douteuses: Mask = ((ihts > 0) & refusees) | (c["heures_complementaires"] != 0) | decide
        return ~self.elus & (douteuses | ~self.durees)

    def _health_cover(self) -> Mask:
        mask = np.zeros(self.entrees.size, dtype=np.bool_)
        for risque, cle in GARANTIES:
            mask |= self._entered(f"psc_{risque}_obligatoire")
            minimum = self.limits.figures.cents(cle) if self.limits.has(cle) else 0
            rangs, valeurs = self.entrees.montants["permanents"].of(f"psc_{risque}_facultative")
            mask[rangs[(valeurs != 0) & (valeurs < minimum)]] = True
        return mask

    def _transport(self) -> Mask:
        deja = self._entered("remboursement_transport", "permanents", "variables")
        return (self._entered("prise_en_charge_transport") & deja) | self._entered(
            "forfait_mobilites_durables", "variables"
        )

    def _vouchers(self) -> Mask:
        remis = self._entered("titres_restaurant", "variables")
        if not remis.any():
            return remis
        # La règle ne dépend que de l'employeur : un agent qui en reçoit suffit à la lire.
        temoin = self.situations[int(np.flatnonzero(remis)[0])]
        return remis & self._of_employers(lambda e: any(check_vouchers(e, temoin, self.limits)))


def _more(ratio: Ratio, limit: int) -> Mask:
    return np.asarray(ratio.num > limit * ratio.den, dtype=np.bool_)


def _outside(values: Column, low: int | Column, high: int | Column) -> Mask:
    return np.asarray((values < low) | (values > high), dtype=np.bool_)
