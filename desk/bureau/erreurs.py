"""Les pages d'erreur : ce qui s'est passé, quoi faire, et ce qui avait été tapé. Jamais une trace de programme."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from desk.bureau.demande import MON_COMPTE, SECRETS, Bureau, Demande, MotDePasseAChoisir, Refus, SansSession
from payroll.anomalies import Anomalie
from payroll.month.commun import GesteRefuse

_TITRES = {
    400: ("Requête illisible", "Le navigateur a envoyé quelque chose que le bureau ne sait pas lire."),
    404: ("Page introuvable", "Cette adresse ne mène à rien. Repartez du tableau du mois."),
    413: (
        "Envoi trop gros",
        "La taille de cet envoi dépasse ce que le bureau accepte : joignez un fichier plus petit.",
    ),
    405: ("Geste impossible ici", "Cette page ne reçoit pas ce geste. Repartez du tableau du mois."),
}
_PANNE = (
    "Une panne du bureau",
    "Le geste n'a pas abouti et rien n'a été changé à moitié. Réessayez ; si cela recommence, dites à l'agence l'heure "
    "et la page : l'erreur est dans le journal du serveur.",
)


def install(app: FastAPI) -> None:
    """Branche les pages d'erreur sur l'application."""
    app.add_exception_handler(Refus, _refus)
    app.add_exception_handler(SansSession, _sans_session)
    app.add_exception_handler(MotDePasseAChoisir, _choisir)
    app.add_exception_handler(GesteRefuse, _geste_refuse)
    app.add_exception_handler(RequestValidationError, _illisible)
    app.add_exception_handler(HTTPException, _http)


def page_d_erreur(
    request: Request,
    statut: int,
    titre: str,
    phrase: str,
    anomalies: list[Anomalie | str] | None = None,
    attente: int = 0,
) -> HTMLResponse:
    """La page d'un refus, avec ou sans personne connectée."""
    bureau: Bureau = request.app.state.bureau
    demande: Demande | None = request.scope.get("paie.demande")
    typed = {name: value for name, value in demande.saisie.items() if name not in SECRETS and value} if demande else {}
    session = demande.session if demande else None
    html = bureau.gabarits.get_template("erreur.html").render(
        titre=titre,
        phrase=phrase,
        statut=statut,
        anomalies=anomalies or [],
        tape=typed,
        demande=demande if session else None,
        compte=session.compte if session else None,
        complete=session is not None and session.etape == "complete",
        mois=None,
        csrf=demande.csrf if demande else "",
        message={},
    )
    return HTMLResponse(html, statut, headers={"Retry-After": str(attente)} if attente else None)


def _refus(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refus)
    return page_d_erreur(request, error.statut, error.titre, error.phrase, attente=error.attente)


def _sans_session(request: Request, error: Exception) -> Response:  # noqa: ARG001
    if request.method in ("GET", "HEAD"):
        place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse("/connexion?" + urlencode({"suite": place}), 303)
    return page_d_erreur(
        request,
        401,
        "Session terminée",
        "Elle s'est fermée pendant que vous tapiez. Connectez-vous dans un autre onglet, puis recopiez ce qui suit.",
    )


def _choisir(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return RedirectResponse(MON_COMPTE, 303)


def _geste_refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, GesteRefuse)
    return page_d_erreur(request, 422, "Ce geste n'est pas possible", error.message, list(error.anomalies))


def _illisible(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = sorted({str(item["loc"][-1]) for item in error.errors()})
    return page_d_erreur(
        request,
        422,
        "Saisie à revoir",
        f"Ces champs manquent ou ne se lisent pas : {', '.join(fields)}. Revenez en arrière et complétez-les.",
    )


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    titre, phrase = _TITRES.get(error.status_code, ("Demande refusée", "Le bureau ne peut pas y répondre."))
    return page_d_erreur(request, error.status_code, titre, phrase)


def panne(request: Request) -> Response:
    """La page d'une erreur du programme."""
    return page_d_erreur(request, 500, *_PANNE)
