"""Le mois de tous : ouvrir, approuver en bloc ce qui est sans remarque, clore ce qui est rendu."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from desk.bureau.demande import Demande
from desk.bureau.droits import Acteur, Lecteur
from desk.bureau.listes import entier
from payroll.month.clore import close_month
from payroll.month.commun import GesteRefuse
from payroll.month.etat import EtatAdherent, month_board
from payroll.month.valider import approve_clean

routeur = APIRouter(prefix="/mois")

SOUFFLE = 2.0
"""Secondes d'un geste en bloc par envoi (cent adhérents en demandent une dizaine) : au-delà, la page se rend, dit où
elle en est et continue sur un bouton. Pas de travail lancé : approuver est signé par la personne qui est là."""


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

    def approve(code: str, nom: str) -> Sort:
        (one,) = approve_clean(demande.registre, [code], demande.mois, demande.acte())
        return Sort(code, nom, one.approuvee, one.phrase)

    return _en_bloc(demande, approve, "approuver", "Approuver en bloc", "/revision")


@routeur.post("/clore")
def clore(demande: Acteur) -> Response:
    """Clôt les mois restitués cochés."""
    return _en_bloc(demande, lambda code, nom: _closed(demande, code, nom), "clore", "Clore le mois", "")


def _en_bloc(demande: Demande, faire: Callable[[str, str], Sort], geste: str, titre: str, suite: str) -> HTMLResponse:
    """Fait le geste pour les adhérents cochés, jusqu'au bout du souffle ; le reste se continue du même formulaire."""
    chosen = list(dict.fromkeys(demande.champs("adherents")))
    if not chosen:
        return _page(demande, ["Cochez au moins un adhérent."], 422)
    names = {row.code: row.nom for row in _lignes(demande)}
    for code in chosen:
        if code not in names:
            # Hors du portefeuille ou inconnu : introuvable, avant que rien ne soit fait pour les autres.
            demande.adherent(code)
    end = monotonic() + SOUFFLE
    sorts = [faire(chosen[0], names[chosen[0]])]
    for code in chosen[1:]:
        if monotonic() > end:
            break
        sorts.append(faire(code, names[code]))
    seen = entier(demande.champ("vus"), 0) + len(sorts)
    return demande.page(
        "mois/resultat.html",
        titre=titre,
        geste=geste,
        sorts=sorts,
        suite=suite,
        vus=seen,
        reste=chosen[len(sorts) :],
    )


def _closed(demande: Demande, code: str, nom: str) -> Sort:
    try:
        close_month(demande.registre, code, demande.mois, demande.acte())
    except GesteRefuse as refus:
        return Sort(code, nom, False, refus.message)
    return Sort(code, nom, True, "mois clos : ses cumuls ouvrent le suivant")


def _page(demande: Demande, anomalies: list[str] | None = None, statut: int = 200) -> HTMLResponse:
    by_state: dict[str, list[EtatAdherent]] = {}
    for row in _lignes(demande):
        by_state.setdefault(row.etat, []).append(row)
    return demande.page("mois/mois.html", statut, etats=by_state, anomalies=anomalies or [])


def _lignes(demande: Demande) -> list[EtatAdherent]:
    return [row for row in month_board(demande.registre, demande.mois) if demande.suit(row.code)]
