"""Inscrire un agent qui arrive, par un formulaire : la personne, son contrat, ses conditions et ses primes.

Les champs sont des données (``desk/bureau/arrivee.yaml``) ; ce qui n'y est pas s'inscrit par un fichier, à la page des
arrivées et départs. La même validation lit les deux.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from desk.bureau.demande import SECRETS, Demande, adresse_avec
from desk.bureau.droits import Acteur, Lecteur
from desk.bureau.saisies import PageDeSaisie, mouvement_dit
from payroll.anomalies import Anomalie
from payroll.month.commun import GesteRefuse
from payroll.month.formulaires import monthly_elements
from payroll.month.mouvements import enter_agent

routeur = APIRouter(prefix="/adherents/{code}/arrivee")

PRIMES = 4
"""Éléments de chaque mois que le formulaire propose ; les suivants s'ajoutent à la page des conditions."""
_DEBUT = "contrat.date_debut"
_PLACES = {"contrat": "contrats.0.", "situation": "contrats.0.situations.0."}
"""Où vont, dans la description d'un agent, les champs du contrat et ceux de ses conditions."""


@routeur.get("")
def voir(demande: Lecteur, code: str) -> HTMLResponse:
    """Le formulaire, vide."""
    return _PAGE.voir(demande, code, "")


@routeur.post("")
def inscrire(demande: Acteur, code: str) -> Response:
    """Inscrit l'agent et son contrat ; tout, ou rien, et la saisie reste."""
    demande.adherent(code)
    donnees = _description(demande)
    try:
        done = enter_agent(demande.registre, code, donnees, demande.acte(), motif=demande.champ("motif"))
    except GesteRefuse as refus:
        return _PAGE.refus(demande, code, refus)
    if isinstance(done, list):
        return _PAGE.refus(demande, code, list(_dites(done)))
    if not done:
        return _PAGE.refus(demande, code, ["Ce contrat est déjà inscrit : rien ne change."])
    dossier = adresse_avec(f"/adherents/{code}/agents/{donnees['matricule']}", mois=demande.mois)
    return demande.retour(dossier, " ".join(mouvement_dit(one) for one in done))


def _description(demande: Demande) -> dict[str, Any]:
    """Ce qui a été tapé, en la description d'un agent ; un champ vide n'y est pas."""
    agent: dict[str, Any] = {}
    contrat: dict[str, Any] = {}
    situation: dict[str, Any] = {}
    parts = {"": agent, "contrat": contrat, "situation": situation}
    for champ in champs():
        text = demande.champ(champ["nom"])
        if text:
            part, _, name = champ["nom"].rpartition(".")
            parts[part][name] = text
    du = {"du": contrat["date_debut"]} if "date_debut" in contrat else {}
    contrat["situations"] = [situation | du]
    primes = [
        {name: demande.champ(f"prime.{rang}.{name}") for name in ("rubrique", "montant")} for rang in range(PRIMES)
    ]
    contrat["permanents"] = [prime | du for prime in primes if any(prime.values())]
    agent["contrats"] = [contrat]
    return agent


def _dites(anomalies: Sequence[Anomalie]) -> Iterator[str]:
    """Chaque faute, sous le nom de son champ ; le premier jour, que le contrat et ses conditions portent, une fois."""
    names = {place(champ["nom"]): champ["libelle"] for champ in champs()}
    names["contrats.0.situations.0.du"] = names[place(_DEBUT)]
    told = []
    for anomalie in anomalies:
        where = names.get(anomalie.cellule) or (
            "Éléments de chaque mois" if ".permanents." in anomalie.cellule else "Le contrat"
        )
        told.append(f"{where} : {anomalie.message}.")
    yield from dict.fromkeys(told)


def place(nom: str) -> str:
    """Où va un champ, dans la description d'un agent.

    >>> place("contrat.emploi"), place("nom")
    ('contrats.0.emploi', 'nom')
    """
    part, _, name = nom.rpartition(".")
    return f"{_PLACES.get(part, '')}{name}"


@cache
def _groupes() -> tuple[dict[str, Any], ...]:
    path = Path(__file__).parents[1] / "arrivee.yaml"
    return tuple(yaml.safe_load(path.read_text(encoding="utf-8")))


def champs() -> Iterator[dict[str, Any]]:
    """Tous les champs du formulaire, dans l'ordre."""
    return (champ for groupe in _groupes() for champ in groupe["champs"])


def _faits(demande: Demande, code: str) -> dict[str, Any]:
    return {
        "adherent": demande.adherent(code),
        "groupes": _groupes(),
        "secrets": SECRETS,
        "primes": [
            (one.code, f"{one.libelle} ({one.unite})" if one.unite else one.libelle) for one in monthly_elements()
        ],
        "rangs": range(PRIMES),
    }


_PAGE = PageDeSaisie("arrivee", _faits)
