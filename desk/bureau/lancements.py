"""Lancer un travail par Prefect, et dire où il en est.

Les paramètres ne portent que des identifiants : un mois, des codes d'adhérents. Un serveur muet n'est pas une panne du
bureau : la réponse est une phrase qui dit quoi faire. Approuver et refuser ne passent pas ici, ce sont des gestes
signés par une personne.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import httpx
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

_ETIQUETTE = "bureau"
_PAR = "par:"
_VUS = 20
"""Travaux d'un mois que l'on montre : la page n'est pas un historique, Prefect le garde."""
_LUS = 100
"""Exécutions lues pour trouver celles d'un mois : le mois est un paramètre, que Prefect ne sait pas filtrer."""


class PrefectReglages(BaseSettings):
    """L'adresse du serveur Prefect, celle que lisent aussi les flux et l'équipe."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", populate_by_name=True)

    api: str = Field(default="http://127.0.0.1:4200/api", validation_alias=AliasChoices("PREFECT_API_URL"))
    compte: SecretStr = Field(default=SecretStr(""), validation_alias=AliasChoices("PREFECT_API_AUTH_STRING"))
    """« compte:mot de passe », si le serveur en demande un."""
    page: str = Field(default="", validation_alias=AliasChoices("PAIE_BUREAU_PAGE_PREFECT"))
    """La page de Prefect telle que les gestionnaires l'ouvrent ; vide : à côté de l'API."""

    @property
    def adresse_page(self) -> str:
        """La racine des liens vers Prefect."""
        return (self.page or self.api.removesuffix("/").removesuffix("/api")).rstrip("/")


@dataclass(frozen=True, slots=True)
class Geste:
    """Un travail qui se lance, tel qu'on le nomme et qu'on l'explique."""

    deploiement: str
    libelle: str
    explication: str


GESTES: Mapping[str, Geste] = {
    geste.deploiement: geste
    for geste in (
        Geste("ouvrir-le-mois", "Ouvrir le mois", "Dépose dans chaque dossier le classeur des éléments variables."),
        Geste("relever-le-depot", "Relever le dépôt", "Prend les fichiers déposés, répond à chacun par un accusé."),
        Geste("preparer-la-paie", "Calculer", "Calcule les bulletins des adhérents dont le fichier est accepté."),
        Geste("reviser-la-paie", "Écrire les classeurs de révision", "Pose un classeur par adhérent à l'agence."),
        Geste(
            "declarer-et-restituer",
            "Déclarer et restituer",
            "Produit la DSN et les documents des paies validées, et les dépose dans « retour ».",
        ),
    )
}


class EtatTravail(StrEnum):
    """Où en est un travail."""

    ATTEND = "en attente"
    EN_COURS = "en cours"
    FAIT = "terminé"
    PANNE = "en panne"
    ANNULE = "annulé"

    @property
    def ton(self) -> str:
        """Le ton de sa pastille."""
        return _TONS.get(self, "info")


_TONS = {EtatTravail.FAIT: "succes", EtatTravail.PANNE: "erreur", EtatTravail.ANNULE: "neutre"}
_ETATS = {
    "SCHEDULED": EtatTravail.ATTEND,
    "PENDING": EtatTravail.ATTEND,
    "PAUSED": EtatTravail.ATTEND,
    "RUNNING": EtatTravail.EN_COURS,
    "COMPLETED": EtatTravail.FAIT,
    "FAILED": EtatTravail.PANNE,
    "CRASHED": EtatTravail.PANNE,
    "CANCELLING": EtatTravail.ANNULE,
    "CANCELLED": EtatTravail.ANNULE,
}
_PARTIS = {
    "operator": "or_",
    "tags": {"all_": [_ETIQUETTE]},
    "state": {"name": {"not_any_": ["Scheduled"]}},
}
"""Lancés d'ici, ou déjà partis : sans ce que l'horaire prévoit pour plus tard."""
_FINIS = (EtatTravail.FAIT, EtatTravail.PANNE, EtatTravail.ANNULE)


@dataclass(frozen=True, slots=True)
class Compte:
    """Le sort d'un adhérent dans un travail."""

    adherent: str
    fait: bool
    phrase: str


@dataclass(frozen=True, slots=True)
class Travail:
    """Une exécution de Prefect, vue d'ici."""

    numero: str
    geste: str
    libelle: str
    mois: str
    adherents: tuple[str, ...]
    """Vide : tous."""
    etat: EtatTravail
    en_retard: bool
    """Vrai : aucune équipe ne l'a pris à l'heure dite."""
    depuis: datetime
    fin: datetime | None
    par: str
    """L'identifiant de qui l'a lancé ; vide : lancé depuis Prefect ou par l'horaire."""
    faits: int
    total: int
    """Étapes connues de Prefect ; zéro tant que le travail n'a pas commencé."""
    lien: str
    comptes: tuple[Compte, ...] = ()

    @property
    def fini(self) -> bool:
        """Vrai si plus rien n'en sortira."""
        return self.etat in _FINIS

    @property
    def pour_cent(self) -> int:
        """L'avancement, de 0 à 100."""
        return 100 if self.etat is EtatTravail.FAIT else self.faits * 100 // self.total if self.total else 0


@dataclass(frozen=True, slots=True)
class Lancement:
    """Ce qu'a donné une demande de lancement : un travail, ou la phrase qui dit pourquoi non."""

    numero: str
    phrase: str

    @property
    def lance(self) -> bool:
        return bool(self.numero)


@dataclass(frozen=True, slots=True)
class Travaux:
    """Les travaux d'un mois, les plus récents d'abord ; ``muet`` dit pourquoi il n'y en a pas à montrer."""

    travaux: tuple[Travail, ...] = ()
    muet: str = ""

    @property
    def en_cours(self) -> tuple[Travail, ...]:
        """Ceux qui ne sont pas finis."""
        return tuple(travail for travail in self.travaux if not travail.fini)


class _Muet(Exception):  # noqa: N818  (une réponse, pas un défaut : le serveur ne parle pas)
    """Le serveur n'a pas répondu, ou pas ce que l'on attend ; le message dit quoi faire."""


class Prefect:
    """Le client du serveur Prefect. Chaque appel ouvre et ferme sa connexion : le bureau ne garde rien d'ouvert."""

    def __init__(self, reglages: PrefectReglages | None = None, *, patience: float = 5.0) -> None:
        """``patience`` : secondes laissées au serveur pour répondre."""
        self._reglages = reglages or PrefectReglages()
        self._patience = patience

    def launch(
        self, geste: str, mois: str, adherents: Sequence[str], par: str, *, jeton: str = "", **autres: bool | str
    ) -> Lancement:
        """Lance un geste pour un mois ; ``adherents`` vide veut dire tous.

        ``jeton`` : deux demandes de même jeton n'en font qu'une (double clic). ``autres`` : choix propres au geste.
        """
        if geste not in GESTES:
            return Lancement("", f"« {geste} » ne se lance pas d'ici.")
        body: dict[str, Any] = {
            "name": f"{GESTES[geste].libelle.lower()} {mois}",
            "parameters": {"mois": mois, "adherents": list(adherents), **autres},
            "tags": [_ETIQUETTE, f"{_PAR}{par}"],
        }
        if jeton:
            body["idempotency_key"] = f"{_ETIQUETTE}-{jeton}"
        try:
            with self._client() as client:
                deployment = self._deployment(client, geste)
                run = self._sent(client, f"/deployments/{deployment}/create_flow_run", body)
        except _Muet as muet:
            return Lancement("", str(muet))
        return Lancement(str(run["id"]), f"{GESTES[geste].libelle} : lancé.")

    def running(self, mois: str) -> Travaux:
        """Les travaux lancés pour ce mois, récents d'abord, avec l'avancement de ceux qui courent."""
        try:
            with self._client() as client:
                rows = self._runs(client, {"deployments": {"name": {"any_": list(GESTES)}}, "flow_runs": _PARTIS})
                names = self._names(client, rows)
                wanted = [row for row in rows if row["parameters"].get("mois") == mois][:_VUS]
                return Travaux(tuple(self._travail(client, row, names) for row in wanted))
        except _Muet as muet:
            return Travaux(muet=str(muet))

    def travail(self, numero: str) -> Travail | str:
        """Un travail avec son compte rendu adhérent par adhérent ; ou la phrase qui dit pourquoi on ne l'a pas."""
        try:
            with self._client() as client:
                rows = self._runs(client, {"flow_runs": {"id": {"any_": [numero]}}})
                names = self._names(client, rows)
                if not rows or rows[0]["deployment_id"] not in names:
                    return "Ce travail n'est pas connu de Prefect : il a pu y être effacé."
                return self._travail(client, rows[0], names, detail=True)
        except _Muet as muet:
            return str(muet)

    def _travail(
        self, client: httpx.Client, row: Mapping[str, Any], names: Mapping[str, str], *, detail: bool = False
    ) -> Travail:
        etat = _ETATS.get(row["state_type"] or "", EtatTravail.ATTEND)
        geste = names[row["deployment_id"]]
        done, total = (0, 0) if etat is EtatTravail.ATTEND else self._progress(client, row["id"])
        since = row["start_time"] or row["expected_start_time"] or row["created"]
        return Travail(
            numero=row["id"],
            geste=geste,
            libelle=GESTES[geste].libelle if geste in GESTES else geste,
            mois=str(row["parameters"].get("mois") or ""),
            adherents=tuple(row["parameters"].get("adherents") or ()),
            etat=etat,
            en_retard=row["state_name"] == "Late",
            depuis=datetime.fromisoformat(since),
            fin=datetime.fromisoformat(row["end_time"]) if row["end_time"] else None,
            par=next((tag.removeprefix(_PAR) for tag in row["tags"] if tag.startswith(_PAR)), ""),
            faits=done,
            total=total,
            lien=f"{self._reglages.adresse_page}/runs/flow-run/{row['id']}",
            comptes=self._accounts(client, row["id"]) if detail else (),
        )

    def _progress(self, client: httpx.Client, numero: str) -> tuple[int, int]:
        """Étapes finies et étapes connues d'une exécution."""
        query = {"flow_runs": {"id": {"any_": [numero]}}}
        total = int(self._sent(client, "/task_runs/count", query))
        ended = {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]}}}
        return int(self._sent(client, "/task_runs/count", {**query, "task_runs": ended})), total

    def _accounts(self, client: httpx.Client, numero: str) -> tuple[Compte, ...]:
        """Le compte rendu que le geste a publié : une ligne par adhérent."""
        query = {"artifacts": {"flow_run_id": {"any_": [numero]}, "type": {"any_": ["table"]}}, "limit": _LUS}
        found: dict[str, Compte] = {}
        for artifact in self._sent(client, "/artifacts/filter", query):
            data = artifact["data"]
            for line in json.loads(data) if isinstance(data, str) else data:
                code = str(line.get("adhérent", ""))
                found[code] = Compte(code, line.get("état") == "fait", str(line.get("détail", "")))
        return tuple(found[code] for code in sorted(found))

    def _runs(self, client: httpx.Client, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._sent(
            client, "/flow_runs/filter", {**query, "sort": "EXPECTED_START_TIME_DESC", "limit": _LUS}
        )
        return found

    def _names(self, client: httpx.Client, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Numéro de déploiement → geste, pour ces exécutions."""
        wanted = sorted({row["deployment_id"] for row in rows if row["deployment_id"]})
        if not wanted:
            return {}
        query = {"deployments": {"id": {"any_": wanted}}}
        return {row["id"]: row["name"] for row in self._sent(client, "/deployments/filter", query)}

    def _deployment(self, client: httpx.Client, geste: str) -> str:
        query = {"deployments": {"name": {"any_": [geste]}}}
        found = self._sent(client, "/deployments/filter", query)
        if not found:
            raise _Muet(
                f"Le geste « {geste} » n'est pas inscrit dans Prefect : demandez à l'administrateur de lancer "
                "« prefect deploy --all » (docs/prefect.md)."
            )
        return str(found[0]["id"])

    def _client(self) -> httpx.Client:
        login = self._reglages.compte.get_secret_value()
        name, _, password = login.partition(":")
        return httpx.Client(
            base_url=self._reglages.api.rstrip("/"),
            timeout=httpx.Timeout(self._patience, connect=min(self._patience, 2.0)),
            auth=(name, password) if login else None,
        )

    def _sent(self, client: httpx.Client, path: str, body: Mapping[str, Any]) -> Any:
        try:
            answer = client.post(path, json=body)
        except httpx.HTTPError:
            raise _Muet(
                f"Le serveur Prefect ne répond pas à {self._reglages.api} : demandez à l'administrateur de le "
                "relancer (« prefect server start », docs/prefect.md). Rien n'a été lancé."
            ) from None
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise _Muet("Le serveur Prefect refuse le compte du bureau : PREFECT_API_AUTH_STRING est à revoir.")
        if answer.is_error:
            raise _Muet(
                f"Le serveur Prefect n'a pas compris la demande (réponse {answer.status_code}) : rien n'a été lancé. "
                "Dites-le à l'administrateur, avec l'heure qu'il est."
            )
        return answer.json()
