"""Les travaux : lancer un geste du mois par Prefect, voir où il en est et ce qu'il a donné, adhérent par adhérent."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import HTMLResponse, JSONResponse, Response

from desk.bureau.affichage import etat
from desk.bureau.demande import Demande, Refus
from desk.bureau.droits import Acteur, Lecteur
from desk.bureau.lancements import GESTES, Prefect, Travail, Travaux
from payroll.month.etat import EtatAdherent, month_board
from payroll.month.tableau_de_bord import folded
from payroll.settings import Environnement
from payroll.wording import plural

routeur = APIRouter()

ETAPES = ("non ouverte", "ouverte", "calculee", "validee", "declaree", "restituee", "close")


def travaux_du_mois(demande: Demande) -> Travaux:
    """Les travaux du mois montré, pour cette page et pour le tableau du mois. Attend Prefect deux secondes au plus."""
    return Prefect(patience=2.0).running(str(demande.mois))


@routeur.get("/travaux")
def voir(demande: Lecteur, cherche: str = "", etape: str = "") -> HTMLResponse:
    """Les formulaires de lancement et les travaux du mois."""
    return demande.page("travaux/liste.html", **_faits(demande, cherche, etape))


@routeur.post("/travaux")
def lancer(demande: Acteur) -> Response:
    """Lance un geste pour les adhérents cochés, ou pour tous ceux de la liste."""
    geste, cherche, etape = demande.champ("geste"), demande.champ("cherche"), demande.champ("etape")
    faits = _faits(demande, cherche, etape)
    chosen = demande.champs("adherents")
    if demande.champ("portee") == "tous":
        chosen = [row.code for row in faits["lignes"]]
    if geste not in GESTES:
        return demande.erreur("travaux/liste.html", ["Choisissez ce qu'il faut lancer."], **faits)
    if not chosen:
        told = "Cochez au moins un adhérent, ou demandez tous ceux de la liste."
        return demande.erreur("travaux/liste.html", [told], **{**faits, "coches": set()})
    for code in chosen:
        demande.adherent(code)
    autres: dict[str, bool | str] = {}
    if geste == "preparer-la-paie":
        autres["sans_fichier"] = demande.champ("sans_fichier") == "oui"
    if geste == "declarer-et-restituer" and demande.champ("confirmation"):
        autres["confirmation"] = demande.champ("confirmation")
    jeton = demande.champ("jeton") or secrets.token_hex(8)
    detail = {"lancement": geste, "adherents": chosen, "jeton": jeton}
    # Inscrit avant de partir : un travail lancé a toujours quelqu'un qui l'a demandé.
    demande.tracer("lancer", chosen[0] if len(chosen) == 1 else "", demande.mois, **detail)
    done = Prefect().launch(geste, str(demande.mois), chosen, demande.compte.identifiant, jeton=jeton, **autres)
    if not done.lance:
        demande.tracer("lancement manqué", chosen[0] if len(chosen) == 1 else "", demande.mois, jeton=jeton)
        return demande.erreur("travaux/liste.html", [done.phrase], **{**faits, "coches": set(chosen)})
    told = f"{GESTES[geste].libelle} : lancé pour {plural(len(chosen), 'adhérent')}."
    return demande.retour(f"/travaux/{done.numero}", told)


@routeur.get("/travaux/{numero}")
def detail(demande: Lecteur, numero: str) -> HTMLResponse:
    """Un travail : son avancement, puis son compte rendu."""
    travail = _travail(demande, numero)
    # Un travail sur « tous » rend compte de tous ; une personne n'en lit que les siens.
    followed = {compte.adherent for compte in travail.comptes if demande.suit(compte.adherent)}
    return demande.page("travaux/detail.html", travail=travail, suivis=followed)


@routeur.get("/travaux/{numero}/avancement")
def avancement(demande: Lecteur, numero: str) -> JSONResponse:
    """De quoi suivre un travail sans recharger la page."""
    travail = _travail(demande, numero)
    return JSONResponse(
        {"fait": travail.faits, "total": travail.total, "fini": travail.fini, "phrase": str(travail.etat)}
    )


def _travail(demande: Demande, numero: str) -> Travail:
    try:
        UUID(numero)
    except ValueError:
        raise Refus(404, "Travail introuvable", "Aucun travail ne porte ce numéro.") from None
    found = Prefect().travail(numero)
    if isinstance(found, str):
        raise Refus(404, "Travail introuvable", found)
    outside = [code for code in found.adherents if not demande.suit(code)]
    if outside:
        demande.tracer("accès refusé", raison="travail sur des adhérents hors du portefeuille")
        raise Refus(404, "Travail introuvable", "Aucun travail sur vos adhérents ne porte ce numéro.")
    return found


def _faits(demande: Demande, cherche: str, etape: str) -> dict[str, Any]:
    rows = [row for row in month_board(demande.registre, demande.mois) if demande.suit(row.code)]
    return {
        "lignes": [row for row in rows if _wanted(row, cherche, etape)],
        "suivis": len(rows),
        "cherche": cherche,
        "etape": etape,
        "etapes": [("", "Toutes"), *((code, etat(code)[0]) for code in ETAPES)],
        "gestes": list(GESTES.values()),
        "travaux": travaux_du_mois(demande),
        "jeton": secrets.token_hex(8),
        "coches": set(),
        "production": demande.reglages.environnement is Environnement.PRODUCTION,
    }


def _wanted(row: EtatAdherent, cherche: str, etape: str) -> bool:
    text = folded(f"{row.code} {row.nom}")
    return all(word in text for word in folded(cherche).split()) and etape in ("", row.etat)
