"""Les arrivées et les départs d'un adhérent, et le compte bancaire d'un agent, d'après la pièce reçue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml
from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from desk.bureau.demande import Demande
from desk.bureau.droits import Acteur, Lecteur
from desk.bureau.saisies import PageDeSaisie, agent_choisi, jour_saisi, mouvement_dit
from payroll.month.commun import Acte, GesteRefuse
from payroll.month.formulaires import exit_reasons, people_of_month
from payroll.month.mouvements import (
    Mouvement,
    cancel_entry,
    cancel_exit,
    change_bank,
    change_entry,
    enter_agent,
    set_exit,
)

routeur = APIRouter(prefix="/adherents/{code}/mouvements")

_TAILLE = 100_000
"""Octets d'une description d'agent : quelques pages de texte, jamais plus."""


@routeur.get("")
def voir(demande: Lecteur, code: str, agent: str = "") -> HTMLResponse:
    """De quoi inscrire un départ, une arrivée, un compte ; ``agent`` : celui qu'on regardait."""
    return _PAGE.voir(demande, code, agent)


@routeur.post("/depart")
def depart(demande: Acteur, code: str) -> Response:
    """Date ou redate un départ ; un code de la DSN l'emporte sur le motif choisi."""
    nature = demande.champ("code_dsn") or demande.champ("nature")
    return _faire(demande, code, lambda **agent: set_exit(**agent, le=jour_saisi(demande, "le"), nature=nature))


@routeur.post("/annuler-depart")
def annuler_depart(demande: Acteur, code: str) -> Response:
    """Annule un départ, daté ici ou annoncé par un fichier : le contrat continue."""
    return _faire(demande, code, cancel_exit)


@routeur.post("/entree")
def entree(demande: Acteur, code: str) -> Response:
    """Corrige le premier jour d'un contrat."""
    return _faire(demande, code, lambda **agent: change_entry(**agent, du=jour_saisi(demande, "du")))


@routeur.post("/annuler-arrivee")
def annuler_arrivee(demande: Acteur, code: str) -> Response:
    """Retire un contrat ouvert par erreur, s'il n'a pas servi."""
    return _faire(demande, code, cancel_entry)


@routeur.post("/compte")
def compte(demande: Acteur, code: str) -> Response:
    """Change le compte d'un agent ; ni la page ni le journal ne le remontrent."""
    iban, bic = demande.champ("iban"), demande.champ("bic")

    # Un compte est à l'agent, non à un de ses contrats.
    def change(*, contrat: str, **agent: Any) -> Mouvement:
        del contrat
        return change_bank(**agent, iban=iban, bic=bic)

    return _faire(demande, code, change)


@routeur.post("/arrivee")
def arrivee(demande: Acteur, code: str) -> Response:
    """Inscrit l'agent que décrit le fichier, ou le nouveau contrat d'un agent connu ; tout, ou rien."""
    demande.adherent(code)
    files = demande.fichiers("description")
    if not files:
        return _PAGE.refus(demande, code, ["Choisissez le fichier qui décrit l'agent."])
    name, content = files[0]
    if len(content) > _TAILLE:
        return _PAGE.refus(demande, code, ["Ce fichier est trop gros pour décrire un agent : vérifiez votre choix."])
    try:
        donnees = yaml.safe_load(content.decode("utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError):
        # ValueError : octets hors d'UTF-8, ou un jour qui n'existe pas ; RecursionError : des crochets sans fond.
        return _PAGE.refus(
            demande, code, ["Ce fichier n'est pas un YAML lisible en UTF-8 : vérifiez l'indentation et les dates."]
        )
    try:
        done = enter_agent(demande.registre, code, donnees, demande.acte(), motif=demande.champ("motif"), fichier=name)
    except GesteRefuse as refus:
        return _PAGE.refus(demande, code, refus)
    if isinstance(done, list):
        return _PAGE.refus(demande, code, done)
    if not done:
        return _PAGE.retour(demande, code, "Ces contrats sont déjà inscrits : rien ne change.", "info")
    return _PAGE.retour(demande, code, " ".join(mouvement_dit(one) for one in done))


def _faire(demande: Demande, code: str, geste: Callable[..., Mouvement]) -> Response:
    """Appelle le service sur l'agent et le contrat choisis, puis dit ce qu'il a fait, ou ce qui l'en empêche."""
    demande.adherent(code)
    matricule, contrat = agent_choisi(demande)

    def done(acte: Acte, motif: str) -> Mouvement:
        return geste(registre=demande.registre, code=code, matricule=matricule, contrat=contrat, acte=acte, motif=motif)

    return _PAGE.faire(demande, code, done, mouvement_dit)


def _faits(demande: Demande, code: str) -> dict[str, Any]:
    adherent = demande.adherent(code)
    return {
        "adherent": adherent,
        "personnes": people_of_month(demande.registre, code, demande.mois),
        "motifs": exit_reasons(),
    }


_PAGE = PageDeSaisie("mouvements", _faits)
