"""L'assemblage : contrôler, calculer en colonnes tous les agents d'un lot, rendre bulletins et anomalies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from payroll.anomalies import Anomalie, blocking
from payroll.catalogue import Catalogue
from payroll.catalogue import load as load_catalogue
from payroll.engine.bulletin import Bulletin
from payroll.engine.columns import Columns
from payroll.engine.controls import check, missing_figure
from payroll.engine.inputs import Accepted
from payroll.engine.lignes import build
from payroll.engine.limits import Limits
from payroll.engine.rappels import attach
from payroll.engine.situation import Employeur, Situation
from payroll.engine.tables import month_table
from payroll.legislation import Figures, Legislation
from payroll.legislation import load as load_legislation
from payroll.periods import Month


@dataclass(frozen=True, slots=True)
class Calcul:
    """Le résultat d'un lot : par situation, dans l'ordre reçu, un bulletin ou ``None`` (refusé), et les constats."""

    bulletins: list[Bulletin | None] = field(default_factory=list)
    anomalies: list[Anomalie] = field(default_factory=list)
    """Refus et avertissements, chacun avec son matricule ; les avertissements sont aussi dans les bulletins."""


def compute(
    mois: Month,
    employeurs: Sequence[Employeur],
    situations: Sequence[Situation],
    legislation: Legislation | None = None,
    catalogue: Catalogue | None = None,
) -> Calcul:
    """Les bulletins du mois, en centimes ; ``employeurs[i]`` emploie ``situations[i]``.

    Un agent que le moteur refuse n'a pas de bulletin et a au moins une anomalie bloquante ; les autres sont calculés.
    """
    if len(employeurs) != len(situations):
        raise ValueError(f"{len(employeurs)} employeurs pour {len(situations)} situations : il en faut autant")
    rubriques = catalogue or load_catalogue()
    figures = (legislation or load_legislation()).at(mois)
    limits = Limits(figures)
    verdicts = [
        check(rang, mois, employeur, situation, limits, rubriques)
        for rang, (employeur, situation) in enumerate(zip(employeurs, situations, strict=True))
    ]
    calcul = Calcul([None] * len(situations), [anomalie for verdict in verdicts for anomalie in verdict.anomalies])
    agents = [verdict.accepted for verdict in verdicts if verdict.accepted]
    if not agents:
        return calcul
    columns = columns_of(mois, agents, figures, rubriques, legislation)
    warnings = [verdicts[agent.rang].anomalies for agent in agents]
    bulletins = build(mois, columns, agents, rubriques, warnings)
    refused = _refuse_missing(columns, agents, calcul)
    for agent, bulletin, refuse in zip(agents, bulletins, refused, strict=True):
        if not refuse:
            calcul.bulletins[agent.rang] = bulletin
            # Les avertissements nés du calcul rejoignent ceux des contrôles.
            calcul.anomalies.extend(bulletin.avertissements[len(verdicts[agent.rang].anomalies) :])
    return calcul


def columns_of(
    mois: Month,
    agents: Sequence[Accepted],
    figures: Figures,
    catalogue: Catalogue,
    legislation: Legislation | None = None,
) -> Columns:
    """Le tableau de colonnes d'un lot accepté, parties d'un mois coupé et rappels compris.

    ``legislation`` sert aux mois du droit des rappels ; un rappel fautif met l'agent dans ``refus``.
    """
    columns = month_table(mois, agents, figures, catalogue)
    if any(agent.situation.rappels for agent in agents):
        attach(mois, agents, columns, legislation or load_legislation(), catalogue)
    return columns


def _refuse_missing(columns: Columns, agents: Sequence[Accepted], calcul: Calcul) -> list[bool]:
    """Les agents à qui un chiffre manque, chacun averti de tous les chiffres qui lui manquent."""
    refused = np.zeros(len(agents), dtype=np.bool_)
    for message, mask in columns.missing.values():
        refused |= mask
        for rang in np.flatnonzero(mask):
            anomalie = missing_figure(message)
            calcul.anomalies.append(_located(anomalie, agents[int(rang)]))
    for refuse, anomalies in columns.refus.items():
        refused[refuse] |= bool(blocking(anomalies))
        calcul.anomalies.extend(anomalies)
    return [bool(value) for value in refused]


def _located(anomalie: Anomalie, agent: Accepted) -> Anomalie:
    return replace(anomalie, matricule=agent.situation.matricule)
