"""Se connecter : mot de passe, puis code du téléphone ; inscrire le téléphone la première fois ; se déconnecter."""

from __future__ import annotations

import secrets
from datetime import timedelta

import segno
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from desk.bureau.demande import ANONYME, Bureau, Demande, Refus, SansSession, adresse_avec
from desk.bureau.droits import Visiteur
from payroll.month.acces import close_session, find_session, open_session, trace
from payroll.month.commun import Acte, GesteRefuse
from payroll.month.gestionnaires import Compte, authenticate, list_accounts
from payroll.month.second_facteur import check_code, enrol, factor_state, propose
from payroll.month.verrous import first_time_lately, forgive, take_try
from payroll.store.tables_acces import EtapeSession

routeur = APIRouter()

REFUSE = "Identifiant ou mot de passe inexact. Vérifiez la saisie, les majuscules aussi, et recommencez."


@routeur.get("/connexion")
def connexion(demande: Visiteur, suite: str = "/") -> Response:
    """Le formulaire ; une personne déjà connectée va où elle allait."""
    if demande.session is not None and demande.session.etape is EtapeSession.COMPLETE:
        return demande.retour(chemin_local(suite))
    return _formulaire(demande, chemin_local(suite))


@routeur.post("/connexion")
def entrer(demande: Visiteur) -> Response:
    """Juge l'identifiant et le mot de passe ; bon, il reste le code. La réponse ne dit pas lequel est faux."""
    who, suite = demande.champ("identifiant").lower()[:64], chemin_local(demande.champ("suite"))
    _compter(demande, who)
    compte = authenticate(demande.registre, who, str(demande.formulaire.get("mot_de_passe", "")))
    if compte is None:
        trace(
            demande.registre,
            _acte_de(demande, who),
            "connexion refusée",
            adresse=demande.adresse,
            raison="identifiant ou mot de passe",
        )
        return demande.page("connexion.html", 422, suite=suite, anomalies=[REFUSE], saisie={"identifiant": who})
    forgive(demande.registre, f"mdp:{who}", demande.adresse)
    enrolled = factor_state(demande.registre, compte.identifiant).inscrit_le is not None
    etape = EtapeSession.CODE if enrolled else EtapeSession.INSCRIPTION
    _nouvelle_session(demande, compte, etape)
    return demande.retour(_avec_suite("/connexion/code" if enrolled else "/connexion/telephone", suite))


@routeur.get("/connexion/code")
def demander_le_code(demande: Visiteur, suite: str = "/") -> Response:
    """Le champ du code à six chiffres."""
    _exiger(demande, EtapeSession.CODE)
    return demande.page("connexion_code.html", suite=chemin_local(suite))


@routeur.post("/connexion/code")
def donner_le_code(demande: Visiteur) -> Response:
    """Juge le code ; bon, la session devient complète, sous un autre témoin."""
    compte, suite = _exiger(demande, EtapeSession.CODE), chemin_local(demande.champ("suite"))
    _compter(demande, compte.identifiant, facteur="code")
    acte = Acte(compte.identifiant, demande.maintenant)
    if not check_code(demande.registre, compte.identifiant, demande.champ("code"), acte, demande.heure):
        trace(demande.registre, acte, "connexion refusée", adresse=demande.adresse, raison="code")
        told = "Ce code n'est pas bon, ou il a déjà servi. Attendez le code suivant sur le téléphone et tapez-le."
        return demande.page("connexion_code.html", 422, suite=suite, anomalies=[told])
    forgive(demande.registre, f"code:{compte.identifiant}", demande.adresse)
    _nouvelle_session(demande, compte, EtapeSession.COMPLETE)
    return demande.retour(suite)


@routeur.get("/connexion/telephone")
def inscrire(demande: Visiteur, suite: str = "/") -> Response:
    """Le QR code à lire par le téléphone, et le champ du premier code."""
    compte = _exiger(demande, EtapeSession.INSCRIPTION)
    return _telephone(demande, compte, chemin_local(suite))


@routeur.post("/connexion/telephone")
def confirmer(demande: Visiteur) -> Response:
    """Le premier code prouve que le téléphone a pris le secret ; montre alors les codes de secours, une seule fois."""
    compte, suite = _exiger(demande, EtapeSession.INSCRIPTION), chemin_local(demande.champ("suite"))
    _compter(demande, compte.identifiant, facteur="code")
    acte = Acte(compte.identifiant, demande.maintenant)
    try:
        codes = enrol(demande.registre, compte.identifiant, demande.champ("code"), acte, demande.heure)
    except GesteRefuse as error:
        return _telephone(demande, compte, suite, error)
    forgive(demande.registre, f"code:{compte.identifiant}", demande.adresse)
    _nouvelle_session(demande, compte, EtapeSession.COMPLETE)
    return demande.page("codes_secours.html", codes=codes, suite=suite)


@routeur.post("/deconnexion")
def sortir(demande: Visiteur) -> Response:
    """Ferme la session et efface le témoin."""
    if demande.session is not None:
        close_session(demande.registre, demande.jeton, demande.acte(), demande.heure)
    demande.session = None
    demande.poser_temoin("")
    return demande.retour("/connexion")


@routeur.post("/rapport-csp")
async def rapport(request: Request) -> Response:
    """Le navigateur a arrêté un script ou une ressource : la page et l'adresse vont au journal, une fois par moment."""
    bureau, adresse = request.app.state.bureau, str(request.scope.get("paie.adresse", ""))
    await request.body()
    await run_in_threadpool(_inscrire_le_rapport, bureau, adresse)
    return Response(status_code=204)


def _inscrire_le_rapport(bureau: Bureau, adresse: str) -> None:
    # Le rapport lui-même peut porter n'importe quoi : on n'en garde que le fait.
    if first_time_lately(bureau.registre, f"csp:{adresse}", bureau.horloge()):
        trace(
            bureau.registre, Acte(ANONYME, bureau.reglages.maintenant()), "contenu arrêté par la page", adresse=adresse
        )


def chemin_local(suite: str) -> str:
    """Une adresse de notre site, sinon l'accueil : la connexion ne sert pas à envoyer ailleurs."""
    local = suite.startswith("/") and not suite.startswith(("//", "/\\", "/connexion", "/deconnexion"))
    return suite if local and suite.isprintable() else "/"


def _formulaire(demande: Demande, suite: str) -> HTMLResponse:
    if demande.session is None:
        # Le témoin d'avant-session : le formulaire de connexion aussi se falsifie. Il ne survit pas à la connexion.
        demande.poser_temoin(secrets.token_urlsafe(32))
    return demande.page("connexion.html", suite=suite)


def _telephone(demande: Demande, compte: Compte, suite: str, refus: GesteRefuse | None = None) -> HTMLResponse:
    proposed = propose(demande.registre, compte.identifiant)
    drawing = segno.make(proposed.adresse, error="m").svg_inline(scale=5, border=3, dark="#000", light="#fff")
    secret = " ".join(proposed.secret[i : i + 4] for i in range(0, len(proposed.secret), 4))
    return demande.page(
        "connexion_telephone.html",
        422 if refus else 200,
        dessin=drawing,
        secret=secret,
        suite=suite,
        anomalies=[refus.message] if refus else (),
    )


def _nouvelle_session(demande: Demande, compte: Compte, etape: EtapeSession) -> None:
    """Chaque montée de droits a son témoin neuf : celui d'avant, connu ou posé par un autre, ne mène à rien."""
    token = open_session(
        demande.registre,
        compte.identifiant,
        etape,
        Acte(compte.identifiant, demande.maintenant),
        demande.heure,
        adresse=demande.adresse,
        navigateur=demande.navigateur,
        remplace=demande.jeton,
    )
    demande.poser_temoin(token)
    demande.session = find_session(demande.registre, token, demande.heure, demande.bureau.bureau.limites)


def _exiger(demande: Demande, etape: EtapeSession) -> Compte:
    if demande.session is None or demande.session.etape is not etape:
        raise SansSession
    return demande.session.compte


def _compter(demande: Demande, who: str, facteur: str = "mdp") -> None:
    """Compte l'essai avant de le juger ; trop d'essais : attendre, que le compte existe ou non."""
    verdict = take_try(demande.registre, f"{facteur}:{who}", demande.adresse, demande.heure)
    if verdict.vient_de_fermer:
        trace(demande.registre, _acte_de(demande, who), "connexion ralentie", adresse=demande.adresse, facteur=facteur)
    if verdict.libre:
        return
    minutes = -(-verdict.attente // timedelta(minutes=1))
    raise Refus(
        429,
        "Trop d'essais",
        f"Par prudence, la connexion attend encore {minutes} minute{'s' if minutes > 1 else ''}. "
        "Si ce n'est pas vous qui avez essayé, prévenez un administrateur de l'agence.",
        attente=int(verdict.attente // timedelta(seconds=1)) + 1,
    )


def _acte_de(demande: Demande, who: str) -> Acte:
    """L'auteur d'un essai : le compte s'il existe ; sinon rien de ce qui a été tapé (un mot de passe, peut-être)."""
    known = {compte.identifiant for compte in list_accounts(demande.registre)}
    return Acte(who if who in known else ANONYME, demande.maintenant)


def _avec_suite(chemin: str, suite: str) -> str:
    return adresse_avec(chemin, suite="" if suite == "/" else suite)
