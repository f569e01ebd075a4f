"""Rendre : poser les documents d'un adhérent sous ``retour/``, autant de fois qu'on veut sans rien changer de plus."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from sftp_drop import layout
from sftp_drop.client import DropClient, PutOutcome
from sftp_drop.errors import DropError, TransientError

_DANS_UN_MOIS = re.compile(r"(\d{4}-(?:0[1-9]|1[0-2]))/(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Un document à rendre : chemin sous ``retour/`` (``2026-11/bulletins/….pdf``), contenu à la demande, empreinte."""

    relative_path: str
    content: Callable[[], bytes]
    sha256: str


class GiveIssue(StrEnum):
    """Ce qu'il est advenu d'un document."""

    DEPOSE = "déposé"
    REMPLACE = "remplacé"
    INCHANGE = "inchangé"
    RETENU = "retenu"
    ECHEC = "échec"


@dataclass(frozen=True, slots=True)
class GiveOutcome:
    """Le sort d'un document ; ``motif`` est vide quand tout va bien."""

    relative_path: str
    issue: GiveIssue
    motif: str = ""


def give_all(client: DropClient, code: str, documents: Sequence[Outgoing]) -> list[GiveOutcome]:
    """Rend les documents, mois par mois ; ``TransientError`` si la connexion est coupée : refaire l'appel suffit.

    Si un document d'un mois n'est plus celui qui a été approuvé, ou a un chemin invalide, rien de ce mois ne part :
    un dossier incomplet se lirait comme un dossier complet.
    """
    outcomes: list[GiveOutcome] = []
    tries = sorted(documents, key=lambda document: (_month_of(document.relative_path), document.relative_path))
    for mois, groupe in groupby(tries, key=lambda document: _month_of(document.relative_path)):
        outcomes.extend(_give_group(client, code, mois, list(groupe)))
    return outcomes


def _give_group(client: DropClient, code: str, mois: str, groupe: list[Outgoing]) -> list[GiveOutcome]:
    contenus: dict[str, bytes] = {}
    echecs: dict[str, str] = {}
    for document in groupe:
        chemin = document.relative_path
        if chemin in contenus:
            echecs[chemin] = "deux documents portent ce chemin : donnez-leur des noms différents"
            continue
        contenus[chemin] = document.content()
        if hashlib.sha256(contenus[chemin]).hexdigest() != document.sha256:
            echecs[chemin] = "le contenu n'est plus celui qui a été approuvé : recalculez et approuvez de nouveau"
        try:
            layout.return_path(code, chemin)
        except layout.InvalidNameError as erreur:
            echecs[chemin] = str(erreur)
    if echecs:
        return [
            GiveOutcome(chemin, GiveIssue.ECHEC, echecs[chemin])
            if chemin in echecs
            else GiveOutcome(chemin, GiveIssue.RETENU, "un autre document du même envoi est refusé : rien n'est parti")
            for chemin in contenus
        ]
    try:
        faits = _send(client, code, mois, contenus)
    except TransientError:
        raise
    except DropError as erreur:
        return [GiveOutcome(chemin, GiveIssue.ECHEC, str(erreur)) for chemin in contenus]
    return [GiveOutcome(chemin, GiveIssue(faits[chemin].value)) for chemin in contenus]


def _send(client: DropClient, code: str, mois: str, contenus: dict[str, bytes]) -> dict[str, PutOutcome]:
    if not mois:
        return {chemin: client.put_return(code, chemin, contenu) for chemin, contenu in contenus.items()}
    prefixe = f"{mois}/"
    faits = client.put_folder(code, mois, {chemin.removeprefix(prefixe): octets for chemin, octets in contenus.items()})
    return {prefixe + relatif: fait for relatif, fait in faits.items()}


def _month_of(chemin: str) -> str:
    """Le mois du dossier d'un document ; vide pour un document posé directement sous ``retour/``."""
    trouve = _DANS_UN_MOIS.fullmatch(chemin)
    return trouve[1] if trouve else ""
