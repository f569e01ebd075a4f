"""Le mois de tous : ouvrir, approuver en bloc ce qui est sans remarque, clore ce qui est rendu."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from desk.bureau.demande import Demande
from desk.bureau.droits import Acteur, Lecteur
from payroll.month.clore import close_month
from payroll.month.commun import GesteRefuse
from payroll.month.etat import EtatAdherent, month_board
from payroll.month.valider import approve_clean

routeur = APIRouter(prefix="/mois")

LOT = 25
"""Adhérents d'une approbation ou d'une clôture en bloc : chacun est relu en entier, la page ne doit pas attendre."""


@dataclass(frozen=True, slots=True)
class Sort:
    """Ce qu'un geste en bloc a donné pour un adhérent."""

    code: str
    nom: str
    fait: bool
    phrase: str


@routeur.get("")
def voir(demande: Lecteur) -> HTMLResponse:
    """Ce qui reste à faire pour tous, étape par étape."""
    return _page(demande)


@routeur.post("/approuver")
def approuver(demande: Acteur) -> Response:
    """Approuve, parmi les adhérents cochés, ceux dont rien n'est à regarder."""
    chosen = _chosen(demande)
    if not chosen:
        return _refuse(demande)
    results = approve_clean(demande.registre, chosen, demande.mois, demande.acte())
    names = {row.code: row.nom for row in _lignes(demande)}
    sorts = [Sort(one.code, names[one.code], one.approuvee, one.phrase) for one in results]
    return demande.page("mois/resultat.html", titre="Approuver en bloc", sorts=sorts, suite="/revision")


@routeur.post("/clore")
def clore(demande: Acteur) -> Response:
    """Clôt les mois restitués cochés."""
    chosen = _chosen(demande)
    if not chosen:
        return _refuse(demande)
    names = {row.code: row.nom for row in _lignes(demande)}
    sorts = [_closed(demande, code, names[code]) for code in chosen]
    return demande.page("mois/resultat.html", titre="Clore le mois", sorts=sorts, suite="")


def _closed(demande: Demande, code: str, nom: str) -> Sort:
    try:
        close_month(demande.registre, code, demande.mois, demande.acte())
    except GesteRefuse as refus:
        return Sort(code, nom, False, refus.message)
    return Sort(code, nom, True, "mois clos : ses cumuls ouvrent le suivant")


def _chosen(demande: Demande) -> list[str]:
    codes = list(dict.fromkeys(demande.champs("adherents")))[:LOT]
    return [demande.adherent(code).code for code in codes]


def _refuse(demande: Demande) -> HTMLResponse:
    return _page(demande, ["Cochez au moins un adhérent."], 422)


def _page(demande: Demande, anomalies: list[str] | None = None, statut: int = 200) -> HTMLResponse:
    by_state: dict[str, list[EtatAdherent]] = {}
    for row in _lignes(demande):
        by_state.setdefault(row.etat, []).append(row)
    return demande.page("mois/mois.html", statut, etats=by_state, lot=LOT, anomalies=anomalies or [])


def _lignes(demande: Demande) -> list[EtatAdherent]:
    return [row for row in month_board(demande.registre, demande.mois) if demande.suit(row.code)]
