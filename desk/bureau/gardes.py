"""L'enceinte : ce qui vaut pour toute réponse et toute requête, avant même de savoir qui demande.

En-têtes de sécurité partout, taille bornée, nom d'hôte vérifié (un autre nom qui mène ici serait un piège), adresse de
la personne lue derrière les seuls mandataires de l'agence, témoin de session posé d'une seule façon.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desk.bureau.reglages import LOCAUX, ReglagesBureau
from payroll.pannes import whereabouts

_JOURNAL = logging.getLogger("paie.bureau")
TAILLE_CONNEXION = 64 * 1024
_ANONYMES = ("/connexion", "/rapport-csp")
"""Ce que n'importe qui peut envoyer : peu d'octets."""
POLITIQUE = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "report-uri /rapport-csp",
    )
)
"""Aucun script ni style dans la page, aucune ressource d'ailleurs, aucun cadre ; ce qui est arrêté nous est dit."""
_EN_TETES = {
    "Content-Security-Policy": POLITIQUE,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Pas « no-referrer » : le navigateur tairait alors l'origine de nos propres formulaires.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_PRIVEE = "no-store"
_FIXE = "public, max-age=31536000, immutable"
_HSTS = "max-age=31536000; includeSubDomains"


_TROP_GROS = """<!doctype html><html lang="fr"><meta charset="utf-8"><title>Envoi trop gros</title>
<h1>Envoi trop gros</h1><p>La taille de cet envoi dépasse ce que le bureau accepte. Revenez à la page précédente et
joignez un fichier plus petit.</p></html>"""


class TropGros(HTTPException):
    """La requête dépasse la taille admise."""

    def __init__(self) -> None:
        super().__init__(413)


class Enceinte:
    """La couche ASGI qui entoure toute l'application."""

    def __init__(
        self,
        app: ASGIApp,
        reglages: ReglagesBureau,
        temoin: str,
        panne: Callable[[Request], Response],
        *,
        production: bool,
    ) -> None:
        """``panne`` : la page d'une erreur du programme."""
        self.app, self.reglages, self.temoin, self.panne, self.production = app, reglages, temoin, panne, production

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope["paie.adresse"] = self._address(scope, headers)
        path = scope["path"]
        limit = TAILLE_CONNEXION if path.startswith(_ANONYMES) else self.reglages.taille_maximale
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._complete(scope, MutableHeaders(scope=message), fixed=path.startswith("/statique/"))
            await send(message)

        if not self._known_host(headers.get("host", "")):
            refusal = PlainTextResponse("Ce nom ne mène pas au bureau : ouvrez-le par son adresse.\n", 421)
            await refusal(scope, receive, guarded)
            return
        announced = headers.get("content-length", "0")
        if not announced.isdecimal() or int(announced) > limit:
            await HTMLResponse(_TROP_GROS, 413)(scope, receive, guarded)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise TropGros
            return message

        try:
            await self.app(scope, counted, guarded)
        except Exception as error:
            # Ici, et non plus haut : la page de panne aussi porte les en-têtes de l'enceinte.
            # Ni trace ni message au journal : ils pourraient citer une personne.
            place = f"{scope['method']} {getattr(scope.get('route'), 'path', 'page inconnue')}"
            _JOURNAL.error("%s : %s", place, whereabouts(error))
            if started:
                # Le serveur écrirait la trace de l'exception d'origine : il n'a que la nôtre.
                raise RuntimeError(f"{place} : {whereabouts(error)}") from None
            await self.panne(Request(scope))(scope, receive, guarded)

    def _complete(self, scope: Scope, headers: MutableHeaders, *, fixed: bool) -> None:
        for name, line in _EN_TETES.items():
            headers[name] = line
        headers["Cache-Control"] = _FIXE if fixed and scope.get("query_string") else _PRIVEE
        if self.production:
            headers["Strict-Transport-Security"] = _HSTS
        value = scope.get("paie.temoin")
        if value is not None:
            # Pas de Max-Age : le témoin part avec le navigateur ; sa vraie durée est tenue par le registre.
            end = "" if value else "; Max-Age=0"
            headers.append("Set-Cookie", f"{self.temoin}={value}; Path=/; Secure; HttpOnly; SameSite=Strict{end}")

    def _known_host(self, host: str) -> bool:
        if self.reglages.hote and host == self.reglages.hote:
            return True
        name = urlsplit(f"//{host}").hostname or ""
        return name in LOCAUX

    def _address(self, scope: Scope, headers: Headers) -> str:
        """L'adresse de la personne : la dernière de X-Forwarded-For qui ne soit pas un mandataire, s'il l'a écrite."""
        client = scope.get("client")
        peer = str(client[0]) if client else ""
        if not self.reglages.est_mandataire(peer):
            return peer
        chain: Iterable[str] = reversed([part.strip() for part in headers.get("x-forwarded-for", "").split(",")])
        return next((part for part in chain if part and not self.reglages.est_mandataire(part)), peer)
