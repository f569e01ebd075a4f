"""Une requête telle qu'une page la voit : qui la fait, sur quel mois, avec quel formulaire, et ce qu'on lui répond.

``demande.adherent(code)`` : hors du portefeuille, la page n'existe pas (404) et le journal le dit. Qui peut ouvrir une
page se décide avant elle (:mod:`desk.bureau.droits`).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from jinja2 import Environment
from starlette.datastructures import FormData, UploadFile
from starlette.responses import HTMLResponse, RedirectResponse

from desk.bureau.reglages import ReglagesBureau
from payroll.anomalies import Anomalie
from payroll.month.acces import (
    AdherentVu,
    SessionOuverte,
    leave_message,
    trace,
    trace_payslip,
    visible_adherent,
)
from payroll.month.commun import Acte, GesteRefuse
from payroll.month.gestionnaires import Compte
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.registre import Registre
from payroll.store.tables_acces import EtapeSession
from payroll.store.tables_revision import Role

ANONYME = "anonyme"
MON_COMPTE = "/mon-compte"
SECRETS = frozenset({"csrf", "mot_de_passe", "nouveau", "encore", "code", "suite", "iban", "bic"})
"""Les champs qu'on ne remontre jamais."""


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


def adresse_avec(chemin: str, **parametres: object) -> str:
    """Un chemin et ses paramètres, ceux qui sont vides en moins."""
    kept = {name: str(value) for name, value in parametres.items() if value not in (None, "")}
    return f"{chemin}?{urlencode(kept)}" if kept else chemin
