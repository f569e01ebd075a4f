"""Le tableau de bord du mois : les adhérents d'un portefeuille, triés, filtrés, comparés au mois d'avant."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, select

from payroll.month.echeances import Echeance, Nature
from payroll.month.pagination import Page, cut
from payroll.month.tableau_lignes import ETATS, LigneDeBord, Sommes, read_rows
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Agent

TAILLE = 50


class Tri(StrEnum):
    """Sur quoi le tableau se range."""

    NOM = "nom"
    ETAT = "etat"
    ANOMALIES = "anomalies"
    BULLETINS = "bulletins"
    NET = "net"
    ECART = "ecart"
    ECHEANCE = "echeance"


@dataclass(frozen=True, slots=True)
class Filtre:
    """Ce que l'on demande au tableau ; sans rien, tout."""

    etat: str = ""
    texte: str = ""
    """Nom, code, ville ou SIRET de l'adhérent ; nom ou matricule d'un de ses agents."""
    anomalies: bool = False
    """Seulement ce qui retient la paie."""
    tri: Tri = Tri.NOM
    decroissant: bool = False


@dataclass(frozen=True, slots=True)
class TableauDeBord:
    """Le tableau filtré, et les comptes de tout le portefeuille."""

    page: Page[LigneDeBord]
    etats: Mapping[str, int]
    """État → nombre d'adhérents du portefeuille, dans l'ordre du mois, filtre non compris."""
    adherents: int
    en_anomalie: int
    sommes: Sommes
    """Les sommes des lignes filtrées, toutes pages comprises."""
    avant: Sommes
    """Celles de leur mois d'avant."""
    compares: int
    """Les adhérents dont les deux mois sont calculés : eux seuls font les écarts qui suivent."""
    ecart_net: int
    ecart_cout: int


def read_board(
    registre: Registre,
    mois: Month,
    filtre: Filtre | None = None,
    *,
    portefeuille: Sequence[str] = (),
    echeances: Mapping[Nature, Echeance] | None = None,
    page: int = 1,
    taille: int = TAILLE,
) -> TableauDeBord:
    """Le tableau d'un mois, pour les adhérents de ce portefeuille (vide : tous).

    ``echeances`` : celles du mois (:func:`payroll.month.echeances.month_deadlines`).
    """
    wanted = filtre or Filtre()
    with registre.transaction() as session:
        rows = read_rows(session, mois, portefeuille, echeances or {})
        agents = _adherents_of_agents(session, wanted.texte) if wanted.texte.strip() else set()
    states = Counter(row.etat for row in rows)
    kept = [row for row in rows if _matches(row, wanted, agents)]
    kept.sort(key=_SORTS[wanted.tri], reverse=wanted.decroissant)
    pairs = [(row.sommes, row.avant) for row in kept if row.avant is not None and row.sommes.bulletins]
    return TableauDeBord(
        page=cut(kept, page, taille),
        etats={etat: states[etat] for etat in ETATS},
        adherents=len(rows),
        en_anomalie=sum(row.a_regarder > 0 for row in rows),
        sommes=_sum([row.sommes for row in kept]),
        avant=_sum([row.avant for row in kept if row.avant is not None]),
        compares=len(pairs),
        ecart_net=sum(now.net_a_payer - before.net_a_payer for now, before in pairs),
        ecart_cout=sum(now.cout_employeur - before.cout_employeur for now, before in pairs),
    )


def read_line(
    registre: Registre, code: str, mois: Month, echeances: Mapping[Nature, Echeance] | None = None
) -> LigneDeBord | None:
    """La ligne d'un seul adhérent, ou ``None`` s'il est inconnu."""
    with registre.transaction() as session:
        return next(iter(read_rows(session, mois, (code,), echeances or {})), None)


def folded(text: str) -> str:
    """Le texte sans accents ni majuscules : « Hontarède » et « hontarede » se cherchent pareil.

    >>> folded("Hontarède")
    'hontarede'
    """
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").casefold().strip()


def _sort_by_gap(row: LigneDeBord) -> tuple[int, str]:
    return (abs(row.ecart) if row.ecart is not None else -1, row.code)


_SORTS: Mapping[Tri, Callable[[LigneDeBord], Any]] = {
    Tri.NOM: lambda row: (folded(row.nom), row.code),
    Tri.ETAT: lambda row: (ETATS.index(row.etat), folded(row.nom)),
    Tri.ANOMALIES: lambda row: (row.a_regarder, row.avertissements, row.code),
    Tri.BULLETINS: lambda row: (row.sommes.bulletins, row.code),
    Tri.NET: lambda row: (row.sommes.net_a_payer, row.code),
    Tri.ECART: _sort_by_gap,
    Tri.ECHEANCE: lambda row: (
        row.echeance is None,
        row.echeance.interne.isoformat() if row.echeance else "",
        row.code,
    ),
}


def _matches(row: LigneDeBord, filtre: Filtre, agents: set[str]) -> bool:
    if filtre.etat and row.etat != filtre.etat:
        return False
    if filtre.anomalies and not row.a_regarder:
        return False
    text = folded(filtre.texte)
    if not text or row.code in agents:
        return True
    return any(text in folded(value) for value in (row.nom, row.code, row.ville, row.siret))


def _sum(rows: Sequence[Sommes]) -> Sommes:
    return Sommes(
        sum(row.bulletins for row in rows),
        sum(row.brut for row in rows),
        sum(row.net_a_payer for row in rows),
        sum(row.cout_employeur for row in rows),
    )


def _adherents_of_agents(session: Session, texte: str) -> set[str]:
    """Les adhérents dont un agent porte ce nom ou ce matricule."""
    text = texte.strip()
    return set(
        session.exec(
            select(Adherent.code)
            .join(Agent, col(Agent.adherent_id) == col(Adherent.id))
            .where(
                or_(
                    col(Agent.matricule).icontains(text, autoescape=True),
                    col(Agent.nom).icontains(text, autoescape=True),
                    col(Agent.nom_usage).icontains(text, autoescape=True),
                )
            )
            .distinct()
        ).all()
    )
