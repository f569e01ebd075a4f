"""Mon compte : mon mot de passe, mes appareils connectés, mes codes de secours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from desk.bureau.demande import MON_COMPTE, Demande, Refus
from desk.bureau.droits import Connecte
from payroll.month.acces import close_sessions, find_session, list_sessions, open_session
from payroll.month.commun import GesteRefuse
from payroll.month.droits import choose_password
from payroll.month.second_facteur import check_code, factor_state, renew_recovery
from payroll.month.verrous import forgive, take_try
from payroll.store.tables_acces import EtapeSession
from payroll.wording import plural

routeur = APIRouter()


@routeur.get(MON_COMPTE)
def voir(demande: Connecte) -> Response:
    """Ce que le bureau sait de la personne, et ce qu'elle peut y changer."""
    return demande.page("compte.html", **_faits(demande))


@routeur.post("/mon-compte/mot-de-passe")
def changer(demande: Connecte) -> Response:
    """Change le mot de passe ; toutes les sessions se ferment, celle-ci prend un témoin neuf."""
    who = demande.compte.identifiant
    _compter(demande, "mdp")
    nouveau, encore = (str(demande.formulaire.get(name, "")) for name in ("nouveau", "encore"))
    if nouveau != encore:
        return demande.erreur(
            "compte.html", ["Les deux nouveaux mots de passe diffèrent : retapez-les."], **_faits(demande)
        )
    try:
        ancien = str(demande.formulaire.get("mot_de_passe", ""))
        choose_password(demande.registre, who, ancien, nouveau, demande.acte(), demande.heure)
    except GesteRefuse as error:
        demande.tracer("mot de passe refusé")
        return demande.erreur("compte.html", error, **_faits(demande))
    forgive(demande.registre, f"mdp:{who}", demande.adresse)
    _renouveler(demande)
    return demande.retour(MON_COMPTE, "Mot de passe changé. Vos autres appareils sont déconnectés.")


@routeur.post("/mon-compte/sessions")
def fermer(demande: Connecte) -> Response:
    """Ferme un appareil, ou tous les autres."""
    assert demande.session is not None
    chosen = demande.champ("session")
    count = close_sessions(
        demande.registre,
        demande.compte.identifiant,
        demande.acte(),
        demande.heure,
        sauf=demande.session.id,
        seule=int(chosen) if chosen.isdecimal() else 0,
    )
    return demande.retour(MON_COMPTE, f"{plural(count, 'appareil déconnecté', 'appareils déconnectés')}.")


@routeur.post("/mon-compte/codes-de-secours")
def renouveler(demande: Connecte) -> Response:
    """Dix nouveaux codes de secours, contre un code du téléphone ; ils ne se montrent qu'ici."""
    who = demande.compte.identifiant
    _compter(demande, "code")
    if not check_code(demande.registre, who, demande.champ("code"), demande.acte(), demande.heure):
        demande.tracer("code refusé", raison="codes de secours")
        told = "Ce code n'est pas bon, ou il a déjà servi. Attendez le code suivant sur le téléphone."
        return demande.erreur("compte.html", [told], **_faits(demande))
    forgive(demande.registre, f"code:{who}", demande.adresse)
    return demande.page(
        "codes_secours.html", codes=renew_recovery(demande.registre, who, demande.acte()), suite=MON_COMPTE
    )


def _faits(demande: Demande) -> dict[str, Any]:
    who = demande.compte.identifiant
    return {
        "sessions": list_sessions(demande.registre, who, demande.heure, demande.bureau.bureau.limites),
        "facteur": factor_state(demande.registre, who),
    }


def _renouveler(demande: Demande) -> None:
    token = open_session(
        demande.registre,
        demande.compte.identifiant,
        EtapeSession.COMPLETE,
        demande.acte(),
        demande.heure,
        adresse=demande.adresse,
        navigateur=demande.navigateur,
        remplace=demande.jeton,
    )
    demande.poser_temoin(token)
    demande.session = find_session(demande.registre, token, demande.heure, demande.bureau.bureau.limites)


def _compter(demande: Demande, facteur: str) -> None:
    """Une session volée ne doit pas servir à deviner le reste."""
    verdict = take_try(demande.registre, f"{facteur}:{demande.compte.identifiant}", demande.adresse, demande.heure)
    if not verdict.libre:
        wait = int(verdict.attente // timedelta(seconds=1)) + 1
        raise Refus(429, "Trop d'essais", "Attendez quelques minutes avant de recommencer.", attente=wait)
