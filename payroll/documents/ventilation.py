"""Ventiler une paie : qui reçoit chaque cotisation, quel article porte chaque dépense, à qui tout est dû.

Rien n'est recalculé : chaque centime est celui d'une ligne de bulletin, et les dépenses égalent ce qui est dû.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from payroll.catalogue import load
from payroll.documents.lines import CODE_PAS, EN_EUROS
from payroll.engine.bulletin import Bulletin, Ligne, Section

A_PRECISER = "À préciser"
AGENTS = "Agents, nets à payer"
COMPTE_AGENTS = "421"


@dataclass(frozen=True, slots=True)
class BulletinVentile:
    """Un bulletin et la population de son agent (celle du catalogue), dont dépendent les comptes."""

    population: str
    bulletin: Bulletin


@dataclass(slots=True)
class Part:
    """Ce qu'une rubrique coûte : assiette, part des agents, part de l'employeur ; centimes."""

    base: int = 0
    agent: int = 0
    employeur: int = 0

    @property
    def total(self) -> int:
        return self.agent + self.employeur


@dataclass(slots=True)
class Depense:
    """Ce qu'un article du budget porte : rémunérations, cotisations de l'employeur, remboursements ; centimes."""

    remuneration: int = 0
    charges: int = 0
    remboursements: int = 0

    @property
    def total(self) -> int:
        return self.remuneration + self.charges + self.remboursements


@dataclass(slots=True)
class Ventilation:
    """Une paie ventilée. Les clés sont triées à l'usage ; un compte vide n'est pas connu du catalogue."""

    charges: dict[tuple[str, str, str], Part] = field(default_factory=lambda: defaultdict(Part))
    """(organisme, compte de tiers, rubrique) → parts."""
    par_compte: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    """(article, organisme) → charges de l'employeur."""
    depenses: dict[str, Depense] = field(default_factory=lambda: defaultdict(Depense))
    """Article → dépense."""
    dus: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    """(compte de tiers, bénéficiaire) → somme due."""

    @property
    def total_depenses(self) -> int:
        return sum(depense.total for depense in self.depenses.values())

    @property
    def total_dus(self) -> int:
        return sum(self.dus.values())


@dataclass(frozen=True, slots=True)
class Plan:
    """Les libellés et les destinataires, lus dans ``comptes.yaml``."""

    organismes: tuple[str, ...]
    """Dans l'ordre des états."""
    de_rubrique: Mapping[str, str]
    de_population: Mapping[tuple[str, str], tuple[str, str]]
    """(population, rubrique) → organisme et compte de tiers, quand ils ne sont pas ceux de la rubrique."""
    articles: Mapping[str, str]
    chapitres: tuple[tuple[str, str, str], ...]
    """(racine, chapitre, libellé), la plus longue racine d'abord."""

    def organisme(self, code: str, population: str) -> str:
        """Qui reçoit cette retenue ou cette cotisation ; « À préciser » si les données ne le disent pas."""
        if (population, code) in self.de_population:
            return self.de_population[population, code][0]
        return self.de_rubrique.get(code, A_PRECISER)

    def tiers(self, code: str, population: str) -> str:
        """Le compte du tiers à payer ; vide s'il n'est pas connu."""
        if (population, code) in self.de_population:
            return self.de_population[population, code][1]
        rubrique = load().get(code)
        return rubrique.compte_tiers if rubrique else ""

    def chapitre(self, article: str) -> tuple[str, str]:
        """(numéro, libellé) du chapitre d'un article ; vides s'il n'est pas connu."""
        for racine, chapitre, libelle in self.chapitres:
            if article.startswith(racine):
                return chapitre, libelle
        return "", ""

    def rang(self, organisme: str) -> int:
        return self.organismes.index(organisme) if organisme in self.organismes else len(self.organismes)


@cache
def plan() -> Plan:
    """Le plan livré."""
    data: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "comptes.yaml").read_text(encoding="utf-8"))
    rows = data["organismes"]
    return Plan(
        organismes=tuple(row["nom"] for row in rows),
        de_rubrique={code: row["nom"] for row in rows for code in row["rubriques"]},
        de_population={
            (population, code): (row["nom"], row["par_population"]["compte_tiers"])
            for row in rows
            if "par_population" in row
            for population in row["par_population"]["populations"]
            for code in row["par_population"]["rubriques"]
        },
        articles=data["articles"],
        chapitres=tuple(
            sorted(
                ((row["racine"], row["chapitre"], row["libelle"]) for row in data["chapitres"]),
                key=lambda row: (-len(row[0]), row[0]),
            )
        ),
    )


def ventiler(bulletins: Iterable[BulletinVentile]) -> Ventilation:
    """La ventilation de tous ces bulletins ; ``total_depenses`` et ``total_dus`` sont égaux au centime."""
    found = Ventilation()
    for row in bulletins:
        for ligne in row.bulletin.lignes:
            if ligne.code != CODE_PAS:
                _place(found, ligne, row.population)
        _owe(found, CODE_PAS, row.population, row.bulletin.pas)
        found.dus[COMPTE_AGENTS, AGENTS] += row.bulletin.net_a_payer
    return found


def _place(found: Ventilation, ligne: Ligne, population: str) -> None:
    rubrique = load().get(ligne.code)
    article = rubrique.account(population) if rubrique else ""
    organisme = plan().organisme(ligne.code, population)
    if ligne.section is Section.BRUT:
        found.depenses[article].remuneration += ligne.montant_salarie
    elif ligne.section in EN_EUROS:
        if article:
            found.depenses[article].remboursements += ligne.montant_salarie
        else:
            # Une retenue sur le net n'est pas une dépense : elle est due à un autre que l'agent.
            _owe(found, ligne.code, population, -ligne.montant_salarie)
    else:
        part = found.charges[organisme, plan().tiers(ligne.code, population), ligne.code]
        part.base += ligne.base or 0
        part.agent += ligne.montant_salarie
        part.employeur += ligne.montant_employeur
        _owe(found, ligne.code, population, ligne.montant_salarie)
    if ligne.montant_employeur:
        _owe(found, ligne.code, population, ligne.montant_employeur)
        found.par_compte[article, organisme] += ligne.montant_employeur
        found.depenses[article].charges += ligne.montant_employeur


def _owe(found: Ventilation, code: str, population: str, montant: int) -> None:
    if montant:
        found.dus[plan().tiers(code, population), plan().organisme(code, population)] += montant
