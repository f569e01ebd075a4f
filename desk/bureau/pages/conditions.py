"""Changer les conditions ou une prime mensuelle d'un agent à une date, d'après l'arrêté reçu."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from desk.bureau.affichage import jour as date_dite
from desk.bureau.demande import Demande
from desk.bureau.droits import Acteur, Lecteur
from desk.bureau.saisies import PageDeSaisie, a_recalculer, agent_choisi, jour_saisi, montant_saisi
from payroll.month.commun import Acte
from payroll.month.conditions import Change, cancel_conditions, change_conditions, change_permanent
from payroll.month.formulaires import changeable_conditions, monthly_elements, people_of_month

routeur = APIRouter(prefix="/adherents/{code}/conditions")


@routeur.get("")
def voir(demande: Lecteur, code: str, agent: str = "") -> HTMLResponse:
    """De quoi changer un échelon, un temps, une prime ; ``agent`` : celui qu'on regardait."""
    return _PAGE.voir(demande, code, agent)


@routeur.post("/changer")
def changer(demande: Acteur, code: str) -> Response:
    """Change des conditions à une date ; un champ vide ne change rien."""
    demande.adherent(code)
    matricule, contrat = agent_choisi(demande)
    valeurs = {one.code: demande.champ(one.code) for one in changeable_conditions() if demande.champ(one.code)}
    if not valeurs:
        return _PAGE.refus(demande, code, ["Remplissez au moins une condition : un champ vide reste comme il est."])

    def change(acte: Acte, motif: str) -> Change:
        du = jour_saisi(demande, "du")
        return change_conditions(
            demande.registre, code, matricule, acte, du=du, valeurs=valeurs, motif=motif, numero=contrat
        )

    return _PAGE.faire(demande, code, change, lambda done: _dit(f"Agent {matricule} : conditions changées", done))


@routeur.post("/prime")
def prime(demande: Acteur, code: str) -> Response:
    """Change le montant mensuel d'un élément à une date ; zéro le fait cesser."""
    demande.adherent(code)
    matricule, contrat = agent_choisi(demande)

    def change(acte: Acte, motif: str) -> Change:
        montant, du, rubrique = montant_saisi(demande, "montant"), jour_saisi(demande, "du"), demande.champ("rubrique")
        return change_permanent(
            demande.registre, code, matricule, acte,
            rubrique=rubrique, montant=montant, du=du, motif=motif, numero=contrat,
        )  # fmt: skip

    def told(done: Change) -> str:
        what = "montant mensuel changé" if any(done.nouvelles.values()) else "l'élément cesse"
        return _dit(f"Agent {matricule} : {what}", done)

    return _PAGE.faire(demande, code, change, told)


@routeur.post("/annuler")
def annuler(demande: Acteur, code: str) -> Response:
    """Annule un changement de conditions : celles d'avant reprennent."""
    demande.adherent(code)
    matricule, contrat = agent_choisi(demande)

    def cancel(acte: Acte, motif: str) -> Change:
        du = jour_saisi(demande, "du")
        return cancel_conditions(demande.registre, code, matricule, acte, du=du, motif=motif, numero=contrat)

    return _PAGE.faire(demande, code, cancel, lambda done: _dit(f"Agent {matricule} : changement annulé", done))


def _dit(fait: str, change: Change) -> str:
    until = f", jusqu'au {date_dite(change.jusqu_au)}" if change.jusqu_au else ""
    return a_recalculer(fait + until, change.mois_payes)


def _faits(demande: Demande, code: str) -> dict[str, Any]:
    adherent = demande.adherent(code)
    return {
        "adherent": adherent,
        "personnes": people_of_month(demande.registre, code, demande.mois),
        "conditions": changeable_conditions(),
        "primes": monthly_elements(),
    }


_PAGE = PageDeSaisie("conditions", _faits)
