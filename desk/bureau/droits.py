"""Ce qu'une requête a le droit de faire : sa session, son rôle, son formulaire ; tout refus est tracé.

Une page écrit ``def voir(demande: Lecteur, code: str)`` : la session, le rôle, le témoin anti-falsification (CSRF) et
l'origine sont vérifiés avant qu'elle ne tourne.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import FormData

from desk.bureau.demande import MON_COMPTE, Bureau, Demande, MotDePasseAChoisir, Refus, SansSession
from desk.bureau.reglages import LOCAUX, ReglagesBureau
from payroll.month.acces import choose_month, dead_session, find_session, open_session
from payroll.month.commun import Acte, GesteRefuse
from payroll.month.verrous import first_time_lately
from payroll.store.tables_acces import EtapeSession
from payroll.store.tables_revision import Role

_CHAMPS, _FICHIERS, _TEXTE = 20_000, 20, 1024 * 1024


async def _formulaire(request: Request) -> FormData:
    if request.method != "POST":
        return FormData()
    return await request.form(max_fields=_CHAMPS, max_files=_FICHIERS, max_part_size=_TEXTE)


def _ouverte(request: Request, formulaire: Annotated[FormData, Depends(_formulaire)]) -> Demande:
    bureau: Bureau = request.app.state.bureau
    jeton = request.cookies.get(bureau.temoin, "")
    session = find_session(bureau.registre, jeton, bureau.horloge(), bureau.bureau.limites)
    demande = Demande(request, bureau, session, jeton, formulaire)
    request.scope["paie.demande"] = demande
    if session is None:
        _temoin_eteint(demande)
    _identite_du_mandataire(demande)
    if demande.session is not None:
        _retenir_le_mois(demande)
    return demande


def _visiteur(demande: Annotated[Demande, Depends(_ouverte)]) -> Demande:
    _verifier_le_formulaire(demande)
    return demande


def _connecte(demande: Annotated[Demande, Depends(_ouverte)]) -> Demande:
    if demande.session is None or demande.session.etape is not EtapeSession.COMPLETE:
        raise SansSession
    _verifier_le_formulaire(demande)
    if demande.session.compte.provisoire and not demande.session.par_mandataire:
        _choisir_d_abord(demande)
    return demande


def _lecteur(demande: Annotated[Demande, Depends(_connecte)]) -> Demande:
    if not demande.compte.sees_pay:
        demande.tracer("accès refusé", raison=f"rôle {demande.compte.role}")
        raise Refus(
            403,
            "La paie n'est pas dans votre rôle",
            "Un administrateur tient les comptes et les portefeuilles. Il ne voit les paies d'un adhérent que si un "
            "autre administrateur lui en confie le portefeuille.",
        )
    return demande


def _choisir_d_abord(demande: Demande) -> None:
    """Un mot de passe provisoire ne mène qu'à la page où l'on choisit le sien."""
    if not demande.request.url.path.startswith(MON_COMPTE):
        raise MotDePasseAChoisir


def _role(*roles: Role) -> Callable[[Demande], Demande]:
    def check(demande: Annotated[Demande, Depends(_connecte)]) -> Demande:
        if demande.compte.role not in roles:
            demande.tracer("accès refusé", raison=f"rôle {demande.compte.role}")
            raise Refus(
                403,
                "Ce geste n'est pas dans votre rôle",
                f"Il demande le rôle {' ou '.join(roles)} ; le vôtre est {demande.compte.role}. "
                "Voyez un administrateur de l'agence s'il doit changer.",
            )
        return demande

    return check


Visiteur = Annotated[Demande, Depends(_visiteur)]
"""Personne n'a besoin d'être connecté (page de connexion)."""
Connecte = Annotated[Demande, Depends(_connecte)]
"""Une personne connectée, quel que soit son rôle ; un formulaire est vérifié. Pour ce qui ne montre aucune paie."""
Lecteur = Annotated[Demande, Depends(_lecteur)]
"""Une personne connectée qui regarde des paies : tous, sauf un administrateur sans portefeuille."""
Acteur = Annotated[Demande, Depends(_role(Role.GESTIONNAIRE, Role.RESPONSABLE))]
"""Gestionnaire ou responsable."""
Responsable = Annotated[Demande, Depends(_role(Role.RESPONSABLE))]
Administrateur = Annotated[Demande, Depends(_role(Role.ADMINISTRATEUR))]


def _verifier_le_formulaire(demande: Demande) -> None:
    """Un formulaire vient de nos pages (origine) et de cette session (jeton), ou il n'est pas lu."""
    if demande.request.method in ("GET", "HEAD"):
        return
    given = demande.formulaire.get("csrf")
    good = isinstance(given, str) and bool(demande.jeton) and hmac.compare_digest(given, demande.csrf)
    if not origine_admise(demande.request, demande.bureau.bureau):
        raison = "origine étrangère"
    elif not good:
        raison = "jeton absent ou d'une autre session"
    else:
        return
    demande.tracer("formulaire refusé", raison=raison)
    raise Refus(
        403,
        "Formulaire refusé",
        "Il ne vient pas d'une page de votre session : elle a pu être renouvelée entre-temps. "
        "Rouvrez la page et recommencez ; ce que vous aviez tapé est ci-dessous.",
    )


def origine_admise(request: Request, reglages: ReglagesBureau) -> bool:
    """Vrai si l'origine annoncée est la nôtre ; un navigateur la dit toujours pour un formulaire (Fetch, § 3.2)."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    if reglages.origine:
        return hmac.compare_digest(origin.encode(), reglages.origine.encode())
    parts = urlsplit(origin)
    return parts.netloc == request.headers.get("host", "") and (parts.hostname or "") in LOCAUX


def _temoin_eteint(demande: Demande) -> None:
    """Un témoin remplacé ou fermé que quelqu'un représente : posé d'avance, volé, ou d'un appareil déconnecté."""
    motif = dead_session(demande.registre, demande.jeton)
    if motif and first_time_lately(demande.registre, f"témoin:{demande.jeton}", demande.heure):
        demande.tracer("témoin éteint présenté", motif=motif)


def _identite_du_mandataire(demande: Demande) -> None:
    """L'identité qu'un mandataire a vérifiée ouvre une session ; venue d'ailleurs, elle est ignorée et tracée."""
    reglages = demande.bureau.bureau
    who = demande.request.headers.get(reglages.entete_identite or "X-Remote-User")
    peer = demande.request.client.host if demande.request.client else ""
    trusted = bool(reglages.entete_identite) and reglages.est_mandataire(peer)
    if demande.session is not None and demande.session.par_mandataire and not (trusted and who):
        # Une session ouverte sur la foi du mandataire ne vit que derrière lui.
        demande.session = None
    if who is None:
        return
    if not trusted:
        if first_time_lately(demande.registre, f"en-tête:{peer}", demande.heure):
            demande.tracer("en-tête d'identité ignoré", pair=peer)
        return
    if demande.session is not None and demande.session.compte.identifiant == who:
        return
    demande.session = None
    acte = Acte(who, demande.maintenant)
    try:
        token = open_session(
            demande.registre,
            who,
            EtapeSession.COMPLETE,
            acte,
            demande.heure,
            adresse=demande.adresse,
            navigateur=demande.navigateur,
            remplace=demande.jeton,
            par_mandataire=True,
        )
    except GesteRefuse:
        if first_time_lately(demande.registre, f"en-tête:{peer}", demande.heure):
            demande.tracer("connexion refusée", raison="le mandataire nomme un compte inconnu ou fermé")
        return
    demande.poser_temoin(token)
    demande.session = find_session(demande.registre, token, demande.heure, reglages.limites)


def _retenir_le_mois(demande: Demande) -> None:
    asked = demande.request.query_params.get("mois")
    if asked and demande.session and asked != demande.session.mois and demande.request.method == "GET":
        choose_month(demande.registre, demande.session.id, demande.mois)
