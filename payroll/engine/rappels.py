"""Les rappels : un mois passé est refait avec les chiffres de sa date, et la différence se paie dans le mois présent.

Le brut de chaque mois du droit est refait par les mêmes formules ; la différence avec ce qui en a été versé donne une
ligne par rubrique et par mois. Ce qui a été payé n'est jamais réécrit. Cotisations (regles-paie-fpt §12) :

- CNRACL, ATIACL, IRCANTEC : taux et plafond du mois du droit, sur leurs propres lignes (``ASSIETTES_D_ORIGINE``) ;
- tout le reste (régime général, CSG, RAFP, impôt) : avec le mois payé, dont le rappel rejoint les assiettes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from payroll.anomalies import Anomalie, blocking
from payroll.catalogue import Catalogue, Rubrique
from payroll.engine.bulletin import Ligne
from payroll.engine.columns import Columns
from payroll.engine.controls import Verdict, check, missing_figure
from payroll.engine.controls_rappels import check_amounts, check_recalls
from payroll.engine.inputs import Accepted, population
from payroll.engine.joined import RAPPELS, Complement, whole
from payroll.engine.limits import Limits
from payroll.engine.rappels_cotisations import origin_contributions
from payroll.engine.situation import Cumuls, Employeur, Rappel, Situation
from payroll.engine.tables import month_table
from payroll.legislation import FigureMissing, Figures, Legislation
from payroll.money import round_half_up
from payroll.periods import Month

_HEURES: Mapping[str, tuple[str, ...]] = {
    "ihts": ("ihts_jour", "ihts_nuit", "ihts_dimanche"),
    "heures_complementaires": ("heures_complementaires",),
}
"""Rubrique → les heures saisies dont elle tire son montant."""


@dataclass(slots=True)
class MoisRappele:
    """Un mois du droit d'un agent : ce qui était dû, ce qui a été payé, et les lignes versées maintenant."""

    rappel: Rappel
    du: dict[str, int] = field(default_factory=dict)
    """Rubrique → centimes dus pour ce mois."""
    paye: dict[str, int] = field(default_factory=dict)
    lignes: list[Ligne] = field(default_factory=list)
    anomalies: list[Anomalie] = field(default_factory=list)

    @property
    def differences(self) -> dict[str, int]:
        """Rubrique → dû moins payé, les seules qui diffèrent ; avant tout étalement."""
        codes = dict.fromkeys([*self.du, *self.paye])
        ecarts = {code: self.du.get(code, 0) - self.paye.get(code, 0) for code in codes}
        return {code: ecart for code, ecart in ecarts.items() if ecart}


def share(montant: int, rang: int, sur: int) -> int:
    """La part de l'échéance ``rang`` d'un montant étalé en ``sur`` : les parts font toujours le montant.

    >>> [share(-100, rang, 3) for rang in (1, 2, 3)]
    [-33, -34, -33]
    """
    return round_half_up(montant * rang, sur) - round_half_up(montant * (rang - 1), sur)


def recallable(catalogue: Catalogue) -> list[Rubrique]:
    """Les rubriques dont un mois passé peut se rappeler : tout le brut, et les remboursements saisis.

    Une retenue ou un acompte ne se rappelle pas : il se saisit au mois où il est pris.
    """
    return [r for r in catalogue.values() if r.section == "brut" or (r.section == "net" and r.saisie and not r.retenue)]


def attach(
    mois: Month, agents: Sequence[Accepted], columns: Columns, legislation: Legislation, catalogue: Catalogue
) -> None:
    """Ajoute à chaque agent ses lignes de rappel et les colonnes ``rappels_…`` ; un rappel fautif refuse l'agent."""
    for rang, rappeles in recalls_of(mois, agents, legislation, catalogue).items():
        anomalies = [anomalie for rappele in rappeles for anomalie in rappele.anomalies]
        if anomalies:
            columns.refus.setdefault(rang, []).extend(anomalies)
        if blocking(anomalies):
            continue
        lignes = [ligne for rappele in rappeles for ligne in rappele.lignes]
        if not lignes:
            continue
        columns.complements.setdefault(rang, Complement()).rappels += lignes
        for ligne in lignes:
            for name, montant in _columns_of(catalogue[ligne.code], ligne):
                values = columns.values.setdefault(f"{RAPPELS}{name}", columns.zeros())
                values[rang] += montant


def recalls_of(
    mois: Month, agents: Sequence[Accepted], legislation: Legislation, catalogue: Catalogue
) -> dict[int, list[MoisRappele]]:
    """Place de l'agent dans le lot → ses mois rappelés, par date ; vide pour qui n'a pas de rappel."""
    found: dict[int, list[MoisRappele]] = {}
    par_mois: dict[Month, list[tuple[Accepted, MoisRappele]]] = defaultdict(list)
    for rang, agent in enumerate(agents):
        if not agent.situation.rappels:
            continue
        rappeles = [MoisRappele(r) for r in sorted(agent.situation.rappels, key=lambda rappel: rappel.mois)]
        found[rang] = rappeles
        rappeles[0].anomalies += check_recalls(mois, agent.situation)
        if not rappeles[0].anomalies:
            for rappele in rappeles:
                par_mois[rappele.rappel.mois].append((agent, rappele))
    for origine, entrees in sorted(par_mois.items(), key=lambda item: item[0]):
        _recompute(mois, origine, entrees, legislation.at(origine), legislation.at(mois), catalogue)
    return found


def _recompute(
    mois: Month,
    origine: Month,
    entrees: Sequence[tuple[Accepted, MoisRappele]],
    figures: Figures,
    versement: Figures,
    catalogue: Catalogue,
) -> None:
    """Refait le brut d'un mois du droit pour tous les agents du lot qu'il concerne : un seul tableau par version."""
    versions = []
    for agent, rappele in entrees:
        rappel = rappele.rappel
        versions.append((agent, rappele, rappel.situation, rappele.du))
        if rappel.paye is not None:
            rappele.paye.update(rappel.paye)
        elif rappel.ancienne is not None:
            versions.append((agent, rappele, rappel.ancienne, rappele.paye))
    accepted: list[Accepted] = []
    kept: list[tuple[Accepted, MoisRappele, dict[str, int], bool]] = []
    for agent, rappele, situation, montants in versions:
        verdict = _checked(len(accepted), origine, agent, rappele.rappel.employeur, situation, figures, catalogue)
        if verdict.accepted is None:
            rappele.anomalies += [_located(anomalie, origine, agent) for anomalie in blocking(verdict.anomalies)]
            continue
        accepted.append(verdict.accepted)
        kept.append((agent, rappele, montants, montants is rappele.du))
    if not accepted:
        return
    table = month_table(origine, accepted, figures, catalogue)
    rubriques = recallable(catalogue)
    colonnes = {rubrique.code: whole(table, rubrique.formule).tolist() for rubrique in rubriques}
    for rang, (_, _, montants, _) in enumerate(kept):
        montants.update({code: values[rang] for code, values in colonnes.items() if values[rang]})
    for message, mask in table.missing.values():
        for place in np.flatnonzero(mask):
            agent, rappele, _, _ = kept[int(place)]
            rappele.anomalies.append(_located(missing_figure(message), origine, agent))
    for rang, (agent, rappele, _, due) in enumerate(kept):
        if due and not blocking(rappele.anomalies):
            _finish(mois, agent, rappele, table, rang, versement, catalogue)


def _finish(
    mois: Month,
    agent: Accepted,
    rappele: MoisRappele,
    table: Columns,
    rang: int,
    versement: Figures,
    catalogue: Catalogue,
) -> None:
    """Les lignes d'un mois du droit : la différence par rubrique, puis les cotisations à ses taux."""
    rappel = rappele.rappel
    connues = {rubrique.code for rubrique in recallable(catalogue)}
    rappele.anomalies += [
        _located(anomalie, rappel.mois, agent)
        for anomalie in check_amounts(mois, rappel, rappele.differences, connues, versement)
    ]
    if blocking(rappele.anomalies):
        return
    for code, difference in rappele.differences.items():
        montant = share(difference, rappel.rang, rappel.sur)
        if montant:
            rubrique = catalogue[code]
            rappele.lignes.append(
                Ligne(
                    code,
                    rubrique.intitule,
                    rubrique.section,
                    rubrique.ordre,
                    nombre_centiemes=share(_hours(rappel, code), rappel.rang, rappel.sur) or None,
                    montant_salarie=montant,
                    periode=rappel.mois,
                )
            )
    try:
        rappele.lignes += origin_contributions(
            table, rang, rappel, rappele.differences, population(agent.situation), share
        )
    except FigureMissing as error:
        rappele.anomalies.append(_located(missing_figure(error.message), rappel.mois, agent))


def _checked(
    rang: int,
    origine: Month,
    agent: Accepted,
    employeur: Employeur,
    situation: Situation,
    figures: Figures,
    catalogue: Catalogue,
) -> Verdict:
    seule = replace(situation, matricule=agent.situation.matricule, cumuls=Cumuls(), rappels=())
    return check(rang, origine, employeur, seule, Limits(figures), catalogue)


def _hours(rappel: Rappel, code: str) -> int:
    """Les heures saisies en plus (ou en moins) pour ce mois, en centièmes : la déclaration les demande."""
    if rappel.ancienne is None and rappel.paye is not None:
        return 0  # des montants payés ne disent pas combien d'heures ils payaient
    avant: Mapping[str, int] = rappel.ancienne.variables if rappel.ancienne else {}
    apres = rappel.situation.variables
    return sum(apres.get(name, 0) - avant.get(name, 0) for name in _HEURES.get(code, ()))


def _columns_of(rubrique: Rubrique, ligne: Ligne) -> Iterator[tuple[str, int]]:
    """Les colonnes du mois payé qu'une ligne de rappel augmente."""
    if not rubrique.regles:
        yield rubrique.formule, ligne.montant_salarie
        return
    yield f"cotisation_{rubrique.code}_salarie", ligne.montant_salarie
    yield f"cotisation_{rubrique.code}_employeur", ligne.montant_employeur


def _located(anomalie: Anomalie, origine: Month, agent: Accepted) -> Anomalie:
    message = f"rappel de {origine.libelle} : {anomalie.message}"
    return replace(anomalie, message=message, matricule=agent.situation.matricule)
