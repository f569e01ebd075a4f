"""La DSN d'un adhérent : la produire, lire ses contrôles et son rapprochement, la remettre, recevoir les retours."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from desk.bureau.demande import Demande, adresse_avec
from desk.bureau.droits import Acteur, Lecteur
from desk.bureau.telecharger import remettre_tel_quel
from payroll.anomalies import Anomalie
from payroll.month.commun import GesteRefuse
from payroll.month.declarer import declare_month
from payroll.month.deposer import enroll_sendings, place_sendings
from payroll.month.doutes import pay_doubts
from payroll.month.evenements import EtatEvenement, due_events
from payroll.month.fiche_dsn import deposit_return, is_declarable, is_replaceable, open_message, read_dsn
from payroll.month.retours import RetourRecu
from payroll.settings import Environnement
from payroll.wording import plural

routeur = APIRouter(prefix="/adherents/{code}/dsn")

ENVOIS = {
    "inscrit": ("Inscrit, à poser", "attente"),
    "pose": ("Posé, à déposer", "attente"),
    "en_cours": ("En doute : voir net-entreprises", "erreur"),
    "depose": ("Déposé", "succes"),
    "rejete": ("Rejeté", "erreur"),
}
RETOURS = {"lu": ("Lu", "succes"), "refuse": ("Refusé", "erreur"), "depasse": ("Dépassé par un plus récent", "neutre")}
NATURES = {"01": "Mensuelle", "04": "Arrêt de travail", "05": "Reprise", "07": "Fin de contrat"}
BILAN = {
    "taux": "taux reçus",
    "sans_taux": "agents à la grille par défaut",
    "inconnus": "inconnus",
    "sans_ligne": "absents du retour",
}
EVENEMENTS = {
    EtatEvenement.A_PRODUIRE: ("À produire", "attente"),
    EtatEvenement.EN_ATTENTE: ("En attente", "info"),
    EtatEvenement.PRODUIT: ("Produit", "succes"),
}
"""Les événements montrés ; ce qui est hors champ se compte, la mensuelle le porte."""
_GABARIT = "adherents/dsn.html"


@routeur.get("")
def voir(demande: Lecteur, code: str) -> HTMLResponse:
    """Les messages du mois, leurs contrôles, le rapprochement, les envois et les retours."""
    return demande.page(_GABARIT, **_faits(demande, code))


@routeur.post("/produire")
def produire(demande: Acteur, code: str) -> Response:
    """Produit et contrôle la DSN ; en production, avec la confirmation écrite de qui a lu les doutes."""
    adherent, mois = demande.adherent(code), demande.mois
    try:
        declared = declare_month(
            demande.registre,
            adherent.code,
            mois,
            demande.acte(),
            demande.reglages.declarant(mois),
            confirmation=demande.champ("confirmation"),
            remplacer=demande.champ("remplacer") == "oui",
        )
    except GesteRefuse as refus:
        return demande.erreur(_GABARIT, refus, **_faits(demande, code))
    what = "produite" if declared.nouvelle else "déjà produite, rien n'est refait"
    told = f"DSN de {mois.libelle} {what} : {plural(len(declared.anomalies), 'remarque')}, aucune bloquante."
    return demande.retour(_ici(demande, code), told)


@routeur.post("/poser")
def poser(demande: Acteur, code: str) -> Response:
    """Pose les messages prêts dans le dossier des déclarations, pour net-entreprises."""
    demande.adherent(code)
    try:
        enroll_sendings(demande.registre, code, demande.acte())
        placed = place_sendings(demande.registre, code, demande.reglages.declarations, demande.acte())
    except GesteRefuse as refus:
        return demande.erreur(_GABARIT, refus, **_faits(demande, code))
    if not placed:
        return demande.retour(_ici(demande, code), "Tout était déjà posé : rien de nouveau à déposer.", "info")
    return demande.retour(
        _ici(demande, code), f"{plural(len(placed), 'message posé', 'messages posés')}, prêts pour net-entreprises."
    )


@routeur.post("/retours")
def recevoir(demande: Acteur, code: str) -> Response:
    """Reçoit les certificats, bilans et comptes-rendus de taux que net-entreprises a rendus pour cet adhérent."""
    demande.adherent(code)
    files = demande.fichiers("retours")
    if not files:
        told = "Choisissez le fichier XML téléchargé de net-entreprises : certificat, bilan ou compte-rendu des taux."
        return demande.erreur(_GABARIT, [told], **_faits(demande, code))
    received: list[tuple[str, RetourRecu]] = []
    refused: list[str | Anomalie] = []
    for name, content in files:
        try:
            received.append((name, deposit_return(demande.registre, code, name, content, demande.acte())))
        except GesteRefuse as refus:
            refused.append(f"« {name} » : {refus.message}")
    phrases = [f"{name} : {item.phrase}." for name, item in received]
    if refused:
        return demande.erreur(_GABARIT, refused, **{**_faits(demande, code), "recus": phrases})
    return demande.retour(_ici(demande, code), " ".join(phrases))


@routeur.get("/messages/{message}")
def telecharger(demande: Lecteur, code: str, message: int) -> Response:
    """Le fichier .dsn : il porte des NIR, le journal retient qui l'emporte."""
    demande.adherent(code)
    piece = open_message(demande.registre, code, message)
    demande.tracer("télécharger", code, demande.mois, document=piece.nom, mois_du_document=piece.mois)
    return remettre_tel_quel(piece.nom, piece.contenu)


def _faits(demande: Demande, code: str) -> dict[str, Any]:
    adherent, mois = demande.adherent(code), demande.mois
    fiche = read_dsn(demande.registre, code, mois)
    today = demande.maintenant.date()
    events = due_events(demande.registre, code, today)
    production = demande.reglages.environnement is Environnement.PRODUCTION
    return {
        "adherent": adherent,
        "fiche": fiche,
        "declarable": is_declarable(fiche.etat),
        "remplacable": is_replaceable(fiche.etat),
        "production": production,
        "doutes": pay_doubts(mois) if production else [],
        "envois": ENVOIS,
        "retours": RETOURS,
        "natures": NATURES,
        "bilan": BILAN,
        "evenements": [(one, one.late(today)) for one in events if one.etat in EVENEMENTS],
        "hors_champ": sum(one.etat is EtatEvenement.HORS_CHAMP for one in events),
        "etats_evenement": EVENEMENTS,
        "recus": [],
    }


def _ici(demande: Demande, code: str) -> str:
    return adresse_avec(f"/adherents/{code}/dsn", mois=demande.mois)
