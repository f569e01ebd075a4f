"""Ce qu'une requête a le droit de faire : qui la fait, sur quel mois, avec quel formulaire ; tout refus est tracé.

Une page écrit ``def voir(demande: Lecteur, code: str)`` : la session, le rôle, le témoin anti-falsification (CSRF) et
l'origine sont vérifiés avant qu'elle ne tourne. Elle demande ensuite ``demande.adherent(code)`` : hors du portefeuille,
la page n'existe pas (404) et le journal le dit.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import Depends, Request
from jinja2 import Environment
from starlette.datastructures import FormData, UploadFile
from starlette.responses import HTMLResponse, RedirectResponse

from desk.bureau.reglages import LOCAUX, ReglagesBureau
from payroll.anomalies import Anomalie
from payroll.month.acces import (
    AdherentVu,
    SessionOuverte,
    choose_month,
    dead_session,
    find_session,
    leave_message,
    open_session,
    trace,
    trace_payslip,
    visible_adherent,
)
from payroll.month.commun import Acte, GesteRefuse
from payroll.month.gestionnaires import Compte
from payroll.month.verrous import first_time_lately
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.registre import Registre
from payroll.store.tables_acces import EtapeSession
from payroll.store.tables_revision import Role

ANONYME = "anonyme"
MON_COMPTE = "/mon-compte"
SECRETS = frozenset({"csrf", "mot_de_passe", "nouveau", "encore", "code", "suite"})
"""Les champs qu'on ne remontre jamais."""
_CHAMPS, _FICHIERS, _TEXTE = 20_000, 20, 1024 * 1024


@dataclass(frozen=True)
class Bureau:
    """Ce que toutes les requêtes partagent."""

    registre: Registre
    reglages: Reglages
    bureau: ReglagesBureau
    gabarits: Environment
    horloge: Callable[[], datetime]
    """L'heure vraie : sessions, codes à usage unique."""
    temoin: str
    """Le nom du témoin (« cookie ») de session."""


class Refus(Exception):  # noqa: N818  (mot du métier : la page n'est pas pour cette personne)
    """La requête s'arrête : une page d'erreur de ce statut, avec ce titre et cette phrase."""

    def __init__(self, statut: int, titre: str, phrase: str, attente: int = 0) -> None:
        super().__init__(titre)
        self.statut, self.titre, self.phrase, self.attente = statut, titre, phrase, attente


class SansSession(Exception):  # noqa: N818
    """Personne n'est connecté : aller à la page de connexion."""


class MotDePasseAChoisir(Exception):  # noqa: N818
    """Le mot de passe est provisoire : aller en choisir un."""


@dataclass
class Demande:
    """Une requête, la personne qui la fait et ce qu'elle a saisi."""

    request: Request
    bureau: Bureau
    session: SessionOuverte | None
    jeton: str
    """Le témoin de session, ou d'avant-session : le jeton CSRF en découle."""
    formulaire: FormData
    _adherents: dict[str, AdherentVu] = field(default_factory=dict)

    # --- qui, quand, où

    @property
    def registre(self) -> Registre:
        return self.bureau.registre

    @property
    def reglages(self) -> Reglages:
        return self.bureau.reglages

    @property
    def compte(self) -> Compte:
        """Le compte connecté ; une page de connexion n'en a pas."""
        if self.session is None:
            raise SansSession
        return self.session.compte

    @property
    def maintenant(self) -> datetime:
        """L'instant que les gestes inscrivent (l'horloge de l'installation)."""
        return self.reglages.maintenant()

    @property
    def heure(self) -> datetime:
        """L'heure vraie."""
        return self.bureau.horloge()

    @property
    def adresse(self) -> str:
        """L'adresse de la personne : celle qu'un mandataire de l'agence transmet, sinon celle de la connexion."""
        return str(self.request.scope.get("paie.adresse", ""))

    @property
    def navigateur(self) -> str:
        return self.request.headers.get("user-agent", "")

    @property
    def mois(self) -> Month:
        """Le mois de l'adresse (``?mois=AAAA-MM``), sinon celui de la session, sinon le mois courant."""
        asked = self.request.query_params.get("mois") or (self.session.mois if self.session else "")
        if not asked:
            return Month.of(self.maintenant.date())
        try:
            return Month.parse(asked)
        except ValueError as error:
            raise Refus(422, "Mois illisible", f"{error}.") from None

    def mois_proposes(self) -> list[Month]:
        """Les mois que l'en-tête propose : autour de celui qu'on regarde et du mois courant, le plus récent d'abord."""
        found: set[Month] = set()
        for center in (self.mois, Month.of(self.maintenant.date())):
            first, last = center, center.next
            for _ in range(11):
                first = first.previous
            while first <= last:
                found.add(first)
                first = first.next
        return sorted(found, reverse=True)

    def acte(self) -> Acte:
        """L'acte de la personne, maintenant."""
        return Acte(self.session.compte.identifiant if self.session else ANONYME, self.maintenant)

    # --- ce qu'elle a le droit de voir

    def adherent(self, code: str) -> AdherentVu:
        """L'adhérent de ce code ; hors du portefeuille ou inconnu : page 404, et le journal le dit."""
        if code not in self._adherents:
            found = visible_adherent(self.registre, self.compte, code)
            if found is None:
                self.tracer("accès refusé", raison="adhérent hors du portefeuille ou inconnu", demande=code[:40])
                raise Refus(
                    404, "Adhérent introuvable", "Aucun adhérent de votre portefeuille ne porte ce code. Vérifiez-le."
                )
            self._adherents[code] = found
        return self._adherents[code]

    def suit(self, code: str) -> bool:
        """Vrai si cet adhérent est dans le portefeuille : de quoi filtrer une liste."""
        return self.compte.follows(code)

    def peut_agir(self) -> bool:
        """Vrai si ce compte révise et approuve : de quoi montrer ou taire un bouton."""
        return self.compte.role in (Role.GESTIONNAIRE, Role.RESPONSABLE)

    def tracer(self, geste: str, adherent: str = "", mois: Month | None = None, **detail: Any) -> None:
        """Inscrit au journal un accès ou un refus, avec la page et l'adresse."""
        trace(
            self.registre, self.acte(), geste, adherent, mois, page=self.page_demandee, adresse=self.adresse, **detail
        )

    def trace_bulletin(
        self, code: str, matricules: str | Sequence[str], forme: str = "page", mois: Month | None = None
    ) -> None:
        """Inscrit au journal que ces bulletins ont été vus ou emportés. À appeler AVANT de les montrer."""
        people = [matricules] if isinstance(matricules, str) else list(matricules)
        trace_payslip(self.registre, self.acte(), self.adherent(code).code, mois or self.mois, people, forme)

    @property
    def page_demandee(self) -> str:
        """La forme de l'adresse (« /adherents/{code} ») : une adresse tapée peut porter n'importe quoi."""
        route = self.request.scope.get("route")
        return f"{self.request.method} {getattr(route, 'path', 'page inconnue')}"

    # --- ce qu'elle a saisi

    @property
    def saisie(self) -> dict[str, str]:
        """Les champs de texte du formulaire (le dernier de chaque nom)."""
        return {name: value for name, value in self.formulaire.multi_items() if isinstance(value, str)}

    def champ(self, nom: str, defaut: str = "") -> str:
        """Un champ de texte, sans ses blancs."""
        value = self.formulaire.get(nom)
        return value.strip() if isinstance(value, str) else defaut

    def champs(self, nom: str) -> list[str]:
        """Toutes les valeurs d'un champ répété (cases cochées)."""
        return [value.strip() for value in self.formulaire.getlist(nom) if isinstance(value, str)]

    def fichiers(self, nom: str) -> list[tuple[str, bytes]]:
        """Les fichiers joints sous ce nom : (nom sans chemin, contenu). La taille totale est déjà bornée."""
        found = [value for value in self.formulaire.getlist(nom) if isinstance(value, UploadFile) and value.filename]
        return [(str(item.filename).replace("\\", "/").rsplit("/", 1)[-1][:200], item.file.read()) for item in found]

    # --- ce qu'on lui répond

    @property
    def csrf(self) -> str:
        """Le jeton des formulaires : dérivé du témoin, propre à la session, gardé nulle part."""
        return csrf_of(self.jeton)

    def page(self, gabarit: str, statut: int = 200, **faits: Any) -> HTMLResponse:
        """La page de ce gabarit ; ``demande``, ``compte``, ``mois``, ``csrf``, ``message`` y sont toujours."""
        message = self.session.message if self.session else {}
        html = self.bureau.gabarits.get_template(gabarit).render(
            demande=self,
            compte=self.session.compte if self.session else None,
            complete=self.session is not None and self.session.etape is EtapeSession.COMPLETE,
            mois=self.mois,
            csrf=self.csrf,
            message=message,
            **{"anomalies": (), "saisie": {}, **faits},
        )
        if message and self.session:
            leave_message(self.registre, self.session.id, {})
        return HTMLResponse(html, statut)

    def retour(self, url: str, message: str = "", genre: str = "succes") -> RedirectResponse:
        """Après un geste : aller à cette page (303), qui dira le message. ``genre`` : succes, info, attention."""
        if message and self.session:
            leave_message(self.registre, self.session.id, {"texte": message, "genre": genre})
        return RedirectResponse(url, 303)

    def erreur(
        self,
        gabarit: str,
        anomalies: GesteRefuse | Sequence[Anomalie | str],
        saisie: Mapping[str, Any] | None = None,
        **faits: Any,
    ) -> HTMLResponse:
        """La même page (422), avec ce qui ne va pas et ce qui a été tapé ; accepte tel quel un :class:`GesteRefuse`."""
        told: list[Anomalie | str] = (
            [anomalies.message, *anomalies.anomalies] if isinstance(anomalies, GesteRefuse) else list(anomalies)
        )
        return self.page(gabarit, 422, **{**faits, "anomalies": told, "saisie": dict(saisie or self.saisie)})

    def poser_temoin(self, valeur: str) -> None:
        """Remet un témoin de session au navigateur (vide : l'efface), quelle que soit la réponse."""
        self.request.scope["paie.temoin"] = valeur
        self.jeton = valeur


def csrf_of(jeton: str) -> str:
    """Le jeton des formulaires d'une session."""
    return hmac.new(jeton.encode(), b"formulaires du bureau", hashlib.sha256).hexdigest()


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


def _lecteur(demande: Annotated[Demande, Depends(_ouverte)]) -> Demande:
    if demande.session is None or demande.session.etape is not EtapeSession.COMPLETE:
        raise SansSession
    _verifier_le_formulaire(demande)
    if demande.session.compte.provisoire and not demande.session.par_mandataire:
        _choisir_d_abord(demande)
    return demande


def _choisir_d_abord(demande: Demande) -> None:
    """Un mot de passe provisoire ne mène qu'à la page où l'on choisit le sien."""
    if not demande.request.url.path.startswith(MON_COMPTE):
        raise MotDePasseAChoisir


def _role(*roles: Role) -> Callable[[Demande], Demande]:
    def check(demande: Annotated[Demande, Depends(_lecteur)]) -> Demande:
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
Lecteur = Annotated[Demande, Depends(_lecteur)]
"""Une personne connectée, quel que soit son rôle ; un formulaire est vérifié."""
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


def adresse_avec(chemin: str, **parametres: object) -> str:
    """Un chemin et ses paramètres, ceux qui sont vides en moins."""
    kept = {name: str(value) for name, value in parametres.items() if value not in (None, "")}
    return f"{chemin}?{urlencode(kept)}" if kept else chemin
