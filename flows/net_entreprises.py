"""Le client de l'API DSN de net-entreprises : s'authentifier, déposer, lister, télécharger.

Rien d'autre que le protocole : qui déposer, quand, et ce que l'on en note est dans ``flows.depot_dsn``. Une lecture se
réessaie ; un dépôt jamais : sa réponse perdue ne dit pas s'il est arrivé. Ni le mot de passe ni le jeton ne sont dits.
"""

from __future__ import annotations

import gzip
import re
import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import httpx

REPONSE_MAX = 20_000_000
ESSAIS = 3
_ATTENTE = 2
"""Secondes avant le second essai d'une lecture, puis le double."""
_OK, _REJET, _NON_AUTHENTIFIE, _PANNE = 200, 422, 401, 500
_PERDUE = (
    "Le dépôt est parti et sa réponse n'est pas venue. Il n'est pas refait : la prochaine fois dira, d'après la liste "
    "des dépôts, s'il est arrivé."
)
_PASSAGERS = frozenset({404, 429, 502, 503, 504})
MOT_DE_PASSE_MAX = 30
MINUTES_PAR_DEFAUT = 60
_MINUTES = re.compile(r"minutes\s*=\s*\d+\s*-\s*(\d{1,5})")
_IDFLUX = re.compile(r"[A-Za-z0-9_.-]{1,50}")


class DepotErreur(Exception):  # noqa: N818  (mot du métier)
    """Le service a refusé, ou n'a pas répondu ; le message, en français, dit quoi faire."""


class DepotIndisponible(DepotErreur):
    """Panne ou saturation passagère : recommencer plus tard peut suffire."""


class DepotVolumineux(DepotErreur):
    """Une réponse dépasse ce que l'on accepte de lire."""


class ReponsePerdue(DepotErreur):
    """Le dépôt est parti et sa réponse n'est pas venue : on ne sait pas s'il est arrivé."""


@dataclass(frozen=True, slots=True)
class Adresses:
    """Les services de net-entreprises, régime général."""

    authentification: str = "https://services.net-entreprises.fr/authentifier/1.0/"
    depot: str = "https://depot.dsnrg.net-entreprises.fr/deposer-dsn/2.0/"
    depots: str = "https://consultation.dsnrg.net-entreprises.fr/lister-depots/2.0/"
    retours: str = "https://consultation.dsnrg.net-entreprises.fr/lister-retours-declarant/2.0/"
    retours_flux: str = "https://consultation.dsnrg.net-entreprises.fr/lister-retours-flux/2.0/"
    telechargement: frozenset[str] = frozenset({"https://telechargement.dsnrg.net-entreprises.fr"})
    """Les seules origines d'où l'on télécharge : une adresse donnée par une réponse n'est pas suivie ailleurs."""


@dataclass(frozen=True, slots=True)
class Identifiants:
    """Le compte du déclarant (ou du concentrateur)."""

    siret: str
    nom: str
    prenom: str
    mot_de_passe: str = field(repr=False)
    service: str = "25"
    """25 : dépôt réel, régime général ; 98 : concentrateur."""
    logiciel: str = "paie-a-facon"
    version: str = "1"
    editeur: str = "paie-a-facon"

    @property
    def agent(self) -> str:
        """Le nom du client, le même que dans S10.G00.00."""
        return f"Client-DSN ({self.logiciel}/{self.version}; {self.editeur})"


@dataclass(frozen=True, slots=True)
class Reponse:
    """La réponse à un dépôt : l'accusé (200) ou l'avis de rejet (422), à garder tous deux."""

    accepte: bool
    document: bytes


@dataclass(frozen=True, slots=True)
class RetourListe:
    """Un retour annoncé ; sa clé est (idflux, nature, ops), et un organisme peut le récrire."""

    idflux: str
    nature: str
    ops: str
    statut: str
    url: str


class NetEntreprises:
    """Un client authentifié à la demande ; se ferme comme un fichier."""

    def __init__(
        self,
        identifiants: Identifiants,
        adresses: Adresses | None = None,
        *,
        delai: int = 60,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._who = identifiants
        self._where = adresses or Adresses()
        self._pause = pause
        self._http = httpx.Client(timeout=delai, follow_redirects=False, headers={"User-Agent": identifiants.agent})
        self._token = ""

    def __enter__(self) -> NetEntreprises:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def authenticate(self) -> None:
        """Demande un jeton. Ne se réessaie pas : quelques mots de passe faux bloquent le compte."""
        if not 0 < len(self._who.mot_de_passe) <= MOT_DE_PASSE_MAX:
            raise DepotErreur(f"Le mot de passe net-entreprises est vide ou dépasse {MOT_DE_PASSE_MAX} caractères.")
        values = {
            "siret": self._who.siret,
            "nom": self._who.nom,
            "prenom": self._who.prenom,
            "motdepasse": self._who.mot_de_passe,
            "service": self._who.service,
        }
        body = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
        try:
            response = self._http.post(
                self._where.authentification,
                content=f"<identifiants>{body}</identifiants>".encode(),
                headers={"Content-Type": "application/xml"},
            )
        except httpx.HTTPError as error:
            raise DepotIndisponible(_unreachable(error)) from None
        if response.status_code != _OK:
            raise _refusal(response)
        self._token = response.text.strip()
        if not self._token:
            raise DepotErreur("net-entreprises a répondu sans jeton : recommencez plus tard.")

    def deposit(self, content: bytes) -> Reponse:
        """Dépose un message (une seule déclaration) ; rend l'accusé ou l'avis de rejet.

        Un jeton périmé est renouvelé une fois : le refus 401 dit que rien n'est entré. Lève :class:`ReponsePerdue`
        quand l'on ne peut pas savoir.
        """
        body = gzip.compress(content, mtime=0)
        status, document, refusal = self._post(body)
        if status == _NON_AUTHENTIFIE:
            self._token = ""
            status, document, refusal = self._post(body)
        if status in (_OK, _REJET):
            return Reponse(status == _OK, document)
        raise refusal

    def _post(self, body: bytes) -> tuple[int, bytes, DepotErreur]:
        headers = {
            "Content-Type": "text/plain; charset=ISO-8859-1",
            "Content-Encoding": "gzip",
            **self._authorization(),
        }
        try:
            with self._http.stream("POST", self._where.depot, content=body, headers=headers) as response:
                if response.status_code >= _PANNE:
                    raise ReponsePerdue(_PERDUE)
                document = _bounded(response) if response.status_code in (_OK, _REJET) else b""
                return response.status_code, document, _refusal(response)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise DepotIndisponible(_unreachable(error)) from None
        except (httpx.HTTPError, DepotVolumineux):
            raise ReponsePerdue(_PERDUE) from None

    def list_deposits(self, since: datetime) -> list[str]:
        """Les identifiants de dépôt du déclarant depuis cet instant (24 heures au plus)."""
        data, _ = self._json(self._where.depots + _stamp(since))
        found = []
        for declarant in _many(_inside(data, "depots"), "declarant"):
            found += [str(item.get("idflux", "")) for item in _many(declarant, "depot")]
        return [idflux for idflux in found if _IDFLUX.fullmatch(idflux)]

    def list_returns(self, start: datetime, end: datetime) -> tuple[list[RetourListe], int]:
        """Les retours publiés entre deux instants, et la plus longue plage admise, en minutes."""
        data, headers = self._json(f"{self._where.retours}{_stamp(start)}/{_stamp(end)}")
        found = _MINUTES.search(headers.get("accept-ranges", ""))
        return _returns(data), max(1, int(found[1])) if found else MINUTES_PAR_DEFAUT

    def list_returns_of(self, idflux: str) -> list[RetourListe]:
        """Les retours d'un dépôt."""
        if not _IDFLUX.fullmatch(idflux):
            raise DepotErreur("L'identifiant de dépôt n'a pas la forme attendue.")
        data, _ = self._json(self._where.retours_flux + idflux)
        return _returns(data)

    def download(self, url: str) -> bytes:
        """Télécharge un retour, borné ; une adresse hors des hôtes connus est refusée."""
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}" not in self._where.telechargement:
            raise DepotErreur("Un retour renvoie vers un hôte inconnu : il n'est pas téléchargé.")
        content, _ = self._get(url)
        return content

    def _json(self, url: str) -> tuple[Any, Mapping[str, str]]:
        content, headers = self._get(url)
        try:
            return httpx.Response(_OK, content=content).json(), headers
        except ValueError:
            raise DepotErreur("net-entreprises a répondu autre chose qu'une liste lisible.") from None

    def _get(self, url: str) -> tuple[bytes, Mapping[str, str]]:
        """Une lecture : réessayée si le service est passager, ré-authentifiée une fois si le jeton est périmé."""
        renewed = False
        last: DepotErreur = DepotIndisponible("net-entreprises ne répond pas.")
        for attempt in range(ESSAIS):
            if attempt:
                self._pause(_ATTENTE * 2 ** (attempt - 1))
            try:
                with self._http.stream("GET", url, headers=self._authorization()) as response:
                    if response.status_code == _OK:
                        return _bounded(response), dict(response.headers)
                    response.read()
            except httpx.HTTPError as error:
                last = DepotIndisponible(_unreachable(error))
                continue
            if response.status_code == _NON_AUTHENTIFIE and not renewed:
                renewed, self._token = True, ""
                last = _refusal(response)
                continue
            last = _refusal(response)
            if response.status_code not in _PASSAGERS:
                break
        raise last

    def _authorization(self) -> dict[str, str]:
        if not self._token:
            self.authenticate()
        return {"Authorization": f"DSNLogin jeton={self._token}"}


def _bounded(response: httpx.Response) -> bytes:
    """Le corps décompressé, refusé au-delà de la limite : un petit fichier compressé peut en cacher un immense."""
    chunks, size = [], 0
    for chunk in response.iter_bytes(65_536):
        size += len(chunk)
        if size > REPONSE_MAX:
            raise DepotErreur(
                f"Une réponse de net-entreprises dépasse {REPONSE_MAX // 1_000_000} Mo : elle est refusée."
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _refusal(response: httpx.Response) -> DepotErreur:
    """Ce qu'un refus veut dire, et quoi faire."""
    code = response.status_code
    realm = unicodedata.normalize("NFD", response.headers.get("www-authenticate", "")).lower()
    realm = "".join(character for character in realm if not unicodedata.combining(character))
    if code == _NON_AUTHENTIFIE:
        for mark, text in _REALMS.items():
            if mark in realm:
                return DepotErreur(text)
        return DepotErreur("Compte net-entreprises inconnu, ou SIRET, nom, prénom ou mot de passe incorrect.")
    text = _REFUS.get(code, f"net-entreprises a répondu de façon inattendue ({code}).")
    return (DepotIndisponible if code in _PASSAGERS else DepotErreur)(text)


_REALMS = {
    "expiration du mot de passe": "Le mot de passe net-entreprises est périmé : renouvelez-le sur net-entreprises.fr, "
    "puis dans les réglages.",
    "non-inscrit": "Ce déclarant n'est pas inscrit au service DSN ; une inscription prend effet le lendemain.",
    "jeton": "Le jeton est refusé : recommencez.",
}
_REFUS = {
    403: "Accès refusé : le compte est peut-être bloqué après plusieurs essais ; débloquez-le sur net-entreprises.fr.",
    404: "Le service de net-entreprises est indisponible (404) : recommencez plus tard.",
    407: "Le portail a jugé la requête dangereuse (407) : voyez le réseau de l'agence.",
    422: "net-entreprises refuse ces paramètres (422) : la plage demandée est peut-être trop longue.",
    429: "Trop d'appels rapprochés (429) : recommencez plus tard.",
    503: "Le service de net-entreprises est indisponible (503) : recommencez plus tard.",
}


def _unreachable(error: httpx.HTTPError) -> str:
    return f"net-entreprises ne répond pas ({type(error).__name__}) : voyez le réseau, puis recommencez."


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}"


def _returns(data: Any) -> list[RetourListe]:
    found = []
    for flux in _many(_inside(data, "retours"), "flux"):
        idflux = str(flux.get("id", ""))
        for item in _many(flux, "retour"):
            values = {name: str(item.get(name) or "")[:500] for name in ("nature", "ops", "statut", "url")}
            if _IDFLUX.fullmatch(idflux) and values["nature"].isdecimal():
                found.append(RetourListe(idflux=idflux, **values))
    return found


def _inside(data: Any, name: str) -> Any:
    return data.get(name, data) if isinstance(data, dict) else {}


def _many(data: Any, name: str) -> list[dict[str, Any]]:
    """La liste sous ce nom : le service rend tantôt un objet, tantôt un tableau."""
    value = data.get(name) if isinstance(data, dict) else None
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]
