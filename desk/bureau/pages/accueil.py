"""Le tableau de bord du mois : où en est chaque adhérent du portefeuille, ce qui presse, ce qu'il y a à faire."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from desk.bureau.demande import Demande, adresse_avec
from desk.bureau.droits import Connecte
from desk.bureau.listes import entier, parmi
from desk.bureau.pages.travaux import travaux_du_mois
from payroll.month.gestionnaires import list_accounts
from payroll.month.tableau_de_bord import Filtre, Tri, read_board
from payroll.month.tableau_lignes import ETATS, Suite

routeur = APIRouter()

SUITES = {
    Suite.OUVRIR: "Ouvrir le mois",
    Suite.ATTENDRE: "Attendre le fichier",
    Suite.FICHIER: "Faire corriger le fichier",
    Suite.CALCULER: "Calculer",
    Suite.CORRIGER: "Corriger, puis recalculer",
    Suite.REVISER: "Réviser, puis approuver",
    Suite.DECLARER: "Déclarer",
    Suite.RESTITUER: "Restituer",
    Suite.CLORE: "Clore",
    Suite.RIEN: "Rien à faire",
}
TRIS = {
    Tri.NOM: "Nom",
    Tri.ECHEANCE: "Échéance",
    Tri.ETAT: "État",
    Tri.ANOMALIES: "Anomalies",
    Tri.BULLETINS: "Bulletins",
    Tri.NET: "Net à payer",
    Tri.ECART: "Écart",
}


@routeur.get("/")
def tableau(demande: Connecte) -> Response:
    """Chaque adhérent du portefeuille, filtré et rangé comme demandé ; qui ne voit aucune paie va aux comptes."""
    if not demande.compte.sees_pay:
        return demande.retour("/comptes")
    asked = demande.request.query_params
    etat = asked.get("etat", "")
    filtre = Filtre(
        etat=etat if etat in ETATS else "",
        texte=asked.get("texte", "")[:100],
        anomalies=asked.get("anomalies") == "oui",
        tri=parmi(Tri, asked.get("tri", ""), Tri.NOM),
        decroissant=asked.get("sens") == "decroissant",
    )
    comptes = _portefeuilles(demande)
    whose = asked.get("portefeuille", "")
    portefeuille = next((codes for who, _, codes in comptes if who == whose), demande.compte.portefeuille)
    echeances = demande.reglages.echeances(demande.mois)
    board = read_board(
        demande.registre,
        demande.mois,
        filtre,
        portefeuille=portefeuille,
        echeances=echeances,
        page=entier(asked.get("page")),
    )
    kept = {
        "texte": filtre.texte,
        "etat": filtre.etat,
        "anomalies": "oui" if filtre.anomalies else "",
        "portefeuille": whose,
        "tri": "" if filtre.tri is Tri.NOM else filtre.tri,
        "sens": "decroissant" if filtre.decroissant else "",
    }
    return demande.page(
        "mois/tableau.html",
        bord=board,
        travaux=travaux_du_mois(demande),
        filtre=filtre,
        portefeuille=whose,
        comptes=[(who, nom) for who, nom, _ in comptes],
        echeances=list(echeances.values()),
        aujourdhui=demande.maintenant.date(),
        suites=SUITES,
        tris=TRIS,
        chemin_de=chemin_de,
        adresse=lambda **autres: adresse_avec("/", **{**kept, **autres}),
        filtree=any((filtre.texte, filtre.etat, filtre.anomalies, whose)),
    )


def _portefeuilles(demande: Demande) -> list[tuple[str, str, tuple[str, ...]]]:
    """Les portefeuilles que l'on peut choisir : ceux de l'agence, pour qui voit tous les adhérents."""
    if demande.compte.portefeuille:
        return []
    return [
        (compte.identifiant, compte.nom, compte.portefeuille)
        for compte in list_accounts(demande.registre)
        if compte.ouvert and compte.portefeuille
    ]


def chemin_de(suite: Suite, code: str) -> str:
    """Où se fait ce qui reste à faire pour cet adhérent."""
    fiche = f"/adherents/{quote(code, safe='')}"
    if suite in (Suite.OUVRIR, Suite.CALCULER, Suite.RESTITUER):
        return adresse_avec("/travaux", cherche=code)
    if suite in (Suite.REVISER, Suite.CORRIGER):
        return f"{fiche}/revision"
    if suite in (Suite.ATTENDRE, Suite.FICHIER):
        return f"{fiche}#fichiers"
    return f"{fiche}/dsn" if suite is Suite.DECLARER else fiche
