"""Les arrivées et les départs d'un adhérent, et le compte bancaire d'un agent, d'après la pièce reçue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import yaml
from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from desk.bureau.demande import Demande, adresse_avec
from desk.bureau.droits import Acteur, Lecteur
from desk.bureau.listes import jour
from payroll.anomalies import Anomalie
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

_GABARIT = "mouvements/mouvements.html"
_TAILLE = 100_000
"""Octets d'une description d'agent : quelques pages de texte, jamais plus."""

Geste = Callable[[Acte, str], Mouvement]


@routeur.get("")
def voir(demande: Lecteur, code: str, agent: str = "") -> HTMLResponse:
    """De quoi inscrire un départ, une arrivée, un compte ; ``agent`` : celui qu'on regardait."""
    return demande.page(_GABARIT, **_faits(demande, code), saisie={"agent": agent})


@routeur.post("/depart")
def depart(demande: Acteur, code: str) -> Response:
    """Date ou redate un départ ; un code de la DSN l'emporte sur le motif choisi."""
    demande.adherent(code)
    matricule, contrat = _agent(demande)
    nature = demande.champ("code_dsn") or demande.champ("nature")

    def date_exit(acte: Acte, motif: str) -> Mouvement:
        return set_exit(
            demande.registre, code, matricule, acte,
            le=_jour(demande, "le"), nature=nature, motif=motif, contrat=contrat,
        )  # fmt: skip

    return _faire(demande, code, date_exit)


@routeur.post("/annuler-depart")
def annuler_depart(demande: Acteur, code: str) -> Response:
    """Annule un départ, daté ici ou annoncé par un fichier : le contrat continue."""
    demande.adherent(code)
    matricule, contrat = _agent(demande)
    return _faire(
        demande,
        code,
        lambda acte, motif: cancel_exit(demande.registre, code, matricule, acte, motif=motif, contrat=contrat),
    )


@routeur.post("/entree")
def entree(demande: Acteur, code: str) -> Response:
    """Corrige le premier jour d'un contrat."""
    demande.adherent(code)
    matricule, contrat = _agent(demande)

    def redate(acte: Acte, motif: str) -> Mouvement:
        return change_entry(
            demande.registre, code, matricule, acte, du=_jour(demande, "du"), motif=motif, contrat=contrat
        )

    return _faire(demande, code, redate)


@routeur.post("/annuler-arrivee")
def annuler_arrivee(demande: Acteur, code: str) -> Response:
    """Retire un contrat ouvert par erreur, s'il n'a pas servi."""
    demande.adherent(code)
    matricule, contrat = _agent(demande)
    return _faire(
        demande,
        code,
        lambda acte, motif: cancel_entry(demande.registre, code, matricule, acte, motif=motif, contrat=contrat),
    )


@routeur.post("/compte")
def compte(demande: Acteur, code: str) -> Response:
    """Change le compte d'un agent ; ni la page ni le journal ne le remontrent."""
    demande.adherent(code)
    matricule, _ = _agent(demande)

    def change(acte: Acte, motif: str) -> Mouvement:
        iban, bic = demande.champ("iban"), demande.champ("bic")
        return change_bank(demande.registre, code, matricule, acte, iban=iban, bic=bic, motif=motif)

    return _faire(demande, code, change)


@routeur.post("/arrivee")
def arrivee(demande: Acteur, code: str) -> Response:
    """Inscrit l'agent que décrit le fichier, ou le nouveau contrat d'un agent connu ; tout, ou rien."""
    demande.adherent(code)
    files = demande.fichiers("description")
    if not files:
        return _refus(demande, code, ["Choisissez le fichier qui décrit l'agent."])
    name, content = files[0]
    if len(content) > _TAILLE:
        return _refus(demande, code, ["Ce fichier est trop gros pour décrire un agent : vérifiez votre choix."])
    try:
        donnees = yaml.safe_load(content.decode("utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError):
        # ValueError : octets hors d'UTF-8, ou un jour qui n'existe pas ; RecursionError : des crochets sans fond.
        return _refus(
            demande, code, ["Ce fichier n'est pas un YAML lisible en UTF-8 : vérifiez l'indentation et les dates."]
        )
    try:
        done = enter_agent(demande.registre, code, donnees, demande.acte(), motif=demande.champ("motif"), fichier=name)
    except GesteRefuse as refus:
        return _refus(demande, code, refus)
    if isinstance(done, list):
        return _refus(demande, code, done)
    if not done:
        return demande.retour(_ici(demande, code), "Ces contrats sont déjà inscrits : rien ne change.", "info")
    return demande.retour(_ici(demande, code), " ".join(_dit(one) for one in done))


def _faire(demande: Demande, code: str, geste: Geste) -> Response:
    """Appelle le service, puis dit ce qu'il a fait ; refusé, la même page garde ce qui a été tapé."""
    try:
        done = geste(demande.acte(), demande.champ("motif"))
    except GesteRefuse as refus:
        return _refus(demande, code, refus)
    return demande.retour(_ici(demande, code), _dit(done))


def _refus(demande: Demande, code: str, why: GesteRefuse | Sequence[Anomalie | str]) -> HTMLResponse:
    return demande.erreur(_GABARIT, why, **_faits(demande, code))


def _dit(done: Mouvement) -> str:
    numero = f", contrat {done.contrat}" if done.contrat else ""
    told = f"Agent {done.matricule}{numero} : {done.phrase}. Recalculez la paie."
    if done.mois_payes:
        premier = done.mois_payes[0].libelle
        told += f" Des mois déjà payés sont touchés depuis {premier} : un rappel leur rendra ce qui est dû."
    return told


def _agent(demande: Demande) -> tuple[str, str]:
    """Matricule et contrat du choix « matricule|contrat »."""
    matricule, _, contrat = demande.champ("agent").partition("|")
    return matricule, contrat


def _jour(demande: Demande, nom: str) -> date:
    day = jour(demande.champ(nom))
    if day is None:
        raise GesteRefuse("La date manque ou ne se lit pas : choisissez-la dans le calendrier, ou écrivez AAAA-MM-JJ.")
    return day


def _ici(demande: Demande, code: str) -> str:
    return adresse_avec(f"/adherents/{code}/mouvements", mois=demande.mois)


def _faits(demande: Demande, code: str) -> dict[str, Any]:
    adherent = demande.adherent(code)
    return {
        "adherent": adherent,
        "personnes": people_of_month(demande.registre, code, demande.mois),
        "motifs": exit_reasons(),
    }
