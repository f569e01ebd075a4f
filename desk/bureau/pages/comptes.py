"""Les comptes de l'agence, tenus par l'administrateur : ouvrir, fermer, droits, mot de passe, second facteur."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from desk.bureau.demande import Demande, Refus
from desk.bureau.droits import Administrateur
from payroll.month.acces import close_sessions, list_sessions
from payroll.month.commun import GesteRefuse
from payroll.month.droits import change_rights, provisional_password, reset_password
from payroll.month.gestionnaires import Compte, add_account, close_account, list_accounts
from payroll.month.second_facteur import factor_state, reset_factor
from payroll.store.tables_revision import Role
from payroll.wording import plural

routeur = APIRouter(prefix="/comptes")

ROLES = (
    (Role.LECTURE, "Lecture : regarde, ne change rien"),
    (Role.GESTIONNAIRE, "Gestionnaire : révise, corrige, approuve ses adhérents"),
    (Role.RESPONSABLE, "Responsable : approuve en second, rouvre un mois clos"),
    (Role.ADMINISTRATEUR, "Administrateur : tient les comptes ; sans portefeuille, ne voit aucune paie"),
)


@routeur.get("")
def lister(demande: Administrateur) -> Response:
    """Tous les comptes, fermés compris."""
    return demande.page("comptes.html", comptes=list_accounts(demande.registre))


@routeur.get("/nouveau")
def preparer(demande: Administrateur) -> Response:
    """Le formulaire d'un nouveau compte."""
    return demande.page("compte_nouveau.html", roles=ROLES)


@routeur.post("/nouveau")
def ouvrir(demande: Administrateur) -> Response:
    """Ouvre un compte et montre son mot de passe provisoire, une seule fois."""
    fresh = provisional_password()
    try:
        compte = add_account(
            demande.registre,
            demande.champ("identifiant"),
            demande.champ("nom"),
            demande.champ("role"),
            fresh,
            demande.acte(),
            _codes(demande),
            provisoire=True,
        )
    except GesteRefuse as error:
        return demande.erreur("compte_nouveau.html", error, roles=ROLES)
    return demande.page("mot_de_passe_provisoire.html", vu=compte, provisoire=fresh)


@routeur.get("/{identifiant}")
def voir(demande: Administrateur, identifiant: str) -> Response:
    """Un compte : ses droits, son second facteur, ses appareils."""
    return demande.page("compte_voir.html", **_faits(demande, identifiant))


@routeur.post("/{identifiant}/droits")
def changer(demande: Administrateur, identifiant: str) -> Response:
    """Change le rôle et le portefeuille."""
    faits = _faits(demande, identifiant)
    try:
        change_rights(
            demande.registre, identifiant, demande.champ("role"), _codes(demande), demande.acte(), demande.heure
        )
    except GesteRefuse as error:
        return demande.erreur("compte_voir.html", error, **faits)
    return demande.retour(f"/comptes/{identifiant}", "Droits enregistrés. La personne devra se reconnecter.")


@routeur.post("/{identifiant}/fermer")
def fermer(demande: Administrateur, identifiant: str) -> Response:
    """Ferme le compte : il ne sert plus, ses gestes passés restent les siens."""
    faits = _faits(demande, identifiant)
    try:
        if identifiant == demande.compte.identifiant:
            raise GesteRefuse("On ne ferme pas son propre compte : demandez à un autre administrateur.")
        close_account(demande.registre, identifiant, demande.acte())
    except GesteRefuse as error:
        return demande.erreur("compte_voir.html", error, **faits)
    return demande.retour("/comptes", f"Le compte « {identifiant} » est fermé.")


@routeur.post("/{identifiant}/mot-de-passe")
def remplacer(demande: Administrateur, identifiant: str) -> Response:
    """Donne un mot de passe provisoire, montré une seule fois."""
    faits = _faits(demande, identifiant)
    try:
        fresh = reset_password(demande.registre, identifiant, demande.acte(), demande.heure)
    except GesteRefuse as error:
        return demande.erreur("compte_voir.html", error, **faits)
    return demande.page("mot_de_passe_provisoire.html", provisoire=fresh, **faits)


@routeur.post("/{identifiant}/second-facteur")
def reinitialiser(demande: Administrateur, identifiant: str) -> Response:
    """Oublie le téléphone perdu : la prochaine connexion en inscrira un autre."""
    faits = _faits(demande, identifiant)
    try:
        reset_factor(demande.registre, identifiant, demande.acte(), demande.heure)
    except GesteRefuse as error:
        return demande.erreur("compte_voir.html", error, **faits)
    told = "Second facteur réinitialisé : la prochaine connexion inscrira un téléphone."
    return demande.retour(f"/comptes/{identifiant}", told)


@routeur.post("/{identifiant}/sessions")
def deconnecter(demande: Administrateur, identifiant: str) -> Response:
    """Ferme tous les appareils du compte."""
    faits = _faits(demande, identifiant)
    try:
        count = close_sessions(demande.registre, identifiant, demande.acte(), demande.heure)
    except GesteRefuse as error:
        return demande.erreur("compte_voir.html", error, **faits)
    told = f"{plural(count, 'appareil déconnecté', 'appareils déconnectés')}."
    return demande.retour(f"/comptes/{identifiant}", told)


def _faits(demande: Demande, identifiant: str) -> dict[str, Any]:
    vu = _trouver(demande, identifiant)
    limites = demande.bureau.bureau.limites
    return {
        "vu": vu,
        "roles": ROLES,
        "facteur": factor_state(demande.registre, identifiant) if vu.ouvert else None,
        "sessions": list_sessions(demande.registre, identifiant, demande.heure, limites) if vu.ouvert else [],
    }


def _trouver(demande: Demande, identifiant: str) -> Compte:
    found = next((item for item in list_accounts(demande.registre) if item.identifiant == identifiant), None)
    if found is None:
        raise Refus(404, "Compte introuvable", "Aucun compte de l'agence ne porte cet identifiant.")
    return found


def _codes(demande: Demande) -> list[str]:
    """Les codes d'adhérents saisis, un par ligne ou séparés par des blancs ou des virgules."""
    return [code for code in re.split(r"[\s,;]+", demande.champ("portefeuille")) if code]
