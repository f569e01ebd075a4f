"""Prendre : la boucle mince qui applique ce que ``decide`` a décidé.

L'ordre protège de toute coupure : lire, garder (la fonction ``store`` enregistre sous l'empreinte et valide sa
transaction), et seulement ensuite déplacer. Le déplacement se fait en deux temps : vers ``pris/.averifier-…``, relire,
puis le nom définitif. Sans cette relecture, un fichier remplacé dans l'instant qui sépare la lecture du déplacement
serait archivé sans avoir été gardé.

Une relève s'écrit par étapes (``Steps``) : plusieurs adhérents avancent ensemble sur une session, leurs demandes dans
les mêmes rafales. Pour chacun, l'ordre ci-dessus reste entier, et le sort de l'un ne change rien à celui des autres.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sftp_drop import layout
from sftp_drop.client import ENSEMBLE, DropClient, Fetched
from sftp_drop.decide import (
    MIO,
    Action,
    DecideLimits,
    Ignore,
    Look,
    Refuse,
    RemoteFile,
    SeenFile,
    Take,
    Wait,
    decide,
    look,
)
from sftp_drop.errors import (
    AlreadyThereError,
    ChangedError,
    DeniedError,
    DropError,
    MissingError,
    TooBigError,
    TransientError,
)
from sftp_drop.pipelined import Steps


class StoredOutcome(StrEnum):
    """Ce que dit ``store`` : contenu nouveau, ou déjà gardé sous cette empreinte."""

    NOUVEAU = "nouveau"
    DEJA_RECU = "déjà reçu"


Store = Callable[[bytes, str, str, int], StoredOutcome]
"""``store(contenu, nom, sha256, taille)`` : garde et valide ; le même contenu donné deux fois n'est gardé qu'une."""


class TakeIssue(StrEnum):
    """Ce qu'il est advenu d'une entrée de ``depot/``."""

    PRIS = "pris"
    EN_ATTENTE = "en attente"
    REFUSE = "refusé"
    IGNORE = "ignoré"


@dataclass(frozen=True, slots=True)
class TakeOutcome:
    """Le sort d'une entrée ; ``motif`` se lit tel quel par la secrétaire ou le gestionnaire."""

    name: str
    """Le nom exact, qui peut tromper l'œil : pour l'afficher, ``shown``."""
    issue: TakeIssue
    motif: str
    sha256: str = ""
    size: int = 0
    stored: StoredOutcome | None = None

    @property
    def shown(self) -> str:
        return layout.printable(self.name)


@dataclass(frozen=True, slots=True)
class TakeReport:
    """Une relève : le sort de chaque entrée, le regard à rendre à la prochaine, et si la connexion a été coupée."""

    outcomes: tuple[TakeOutcome, ...]
    look: dict[str, tuple[int, int]] = field(default_factory=dict)
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """Un adhérent à relever ; ``previous`` est le ``look`` de son rapport précédent (vide au premier regard)."""

    code: str
    store: Store
    previous: Look
    already_seen: Collection[SeenFile] = ()


EN_MEMOIRE = 32 * MIO
"""Octets des fichiers lus en même temps : seize adhérents qui déposent chacun 20 Mio attendent leur tour."""


class _Room:
    """La place en mémoire que se partagent les adhérents relevés ensemble."""

    def __init__(self) -> None:
        self.used = 0

    def wait(self, size: int) -> Steps[None]:
        """Attend d'avoir la place ; qui est seul l'a toujours."""
        while self.used and self.used + size > EN_MEMOIRE:
            yield []
        self.used += size


def take_all(
    client: DropClient,
    code: str,
    *,
    store: Store,
    previous: Look,
    already_seen: Collection[SeenFile] = (),
    limits: DecideLimits | None = None,
) -> TakeReport:
    """Relève le ``depot/`` d'un adhérent ; ``previous`` est le ``look`` du rapport précédent (vide au premier regard).

    Une coupure n'est pas une exception : ce qui reste attend la prochaine relève et ``interrupted`` est vrai.
    Une exception de ``store`` traverse : le fichier concerné est resté dans ``depot/``.
    """
    (report,) = take_several(client, [Visit(code, store, previous, already_seen)], limits)
    if isinstance(report, Exception):
        raise report
    return report


def take_several(
    client: DropClient, visits: Sequence[Visit], limits: DecideLimits | None = None
) -> list[TakeReport | Exception]:
    """Relève plusieurs adhérents ensemble : dans leur ordre, ce que ``take_all`` rendrait ou lèverait pour chacun.

    Les attentes d'un adhérent servent aux autres : huit pour seize adhérents, et non huit chacun. Par classeur, sur une
    session : 2,4 ms de processeur l'un après l'autre, 1,3 ensemble.
    """
    bornes = limits or DecideLimits(taille_max=client.settings.taille_max)
    room = _Room()
    return [
        report
        for start in range(0, len(visits), ENSEMBLE)
        for report in client.play_all(
            [_visit(client, visit, bornes, room) for visit in visits[start : start + ENSEMBLE]]
        )
    ]


def _visit(client: DropClient, visit: Visit, bornes: DecideLimits, room: _Room) -> Steps[TakeReport]:
    outcomes: list[TakeOutcome] = []
    code, store = visit.code, visit.store
    try:
        listing, archives = yield from client.list_both(code)
        if any(layout.is_pending(entree.name) for entree in archives):
            yield from _finish_pending(client, code, archives, store, bornes, room, outcomes)
            listing = yield from client.depot_of(code)
    except TransientError:
        return TakeReport(tuple(outcomes), dict(visit.previous), interrupted=True)
    regard = look(listing)
    interrupted = False
    for action in decide(listing, visit.previous, visit.already_seen, bornes):
        if interrupted and isinstance(action, Take):
            outcomes.append(_waiting(action.name, "connexion coupée : repris à la prochaine relève"))
            continue
        try:
            outcome = yield from _apply(client, code, action, store, bornes, room)
        except TransientError:
            interrupted = True
            outcome = _waiting(action.name, "connexion coupée : repris à la prochaine relève")
        except DropError as erreur:
            # Un fichier que le serveur nous dispute ne doit pas empêcher de prendre les autres.
            outcome = _waiting(action.name, f"{erreur} ; repris à la prochaine relève")
        if outcome.issue is TakeIssue.PRIS:
            # Un nouveau fichier du même nom devra, lui aussi, être vu deux fois.
            regard.pop(outcome.name, None)
        outcomes.append(outcome)
    return TakeReport(tuple(outcomes), regard, interrupted)


def _apply(
    client: DropClient, code: str, action: Action, store: Store, bornes: DecideLimits, room: _Room
) -> Steps[TakeOutcome]:
    match action:
        case Wait(name, reason):
            return _waiting(name, reason)
        case Ignore(name, reason):
            return TakeOutcome(name, TakeIssue.IGNORE, reason)
        case Refuse(name, reason):
            return TakeOutcome(name, TakeIssue.REFUSE, reason)
        case Take():
            yield from room.wait(action.size)
            try:
                return (yield from _take_one(client, code, action, store, bornes))
            finally:
                room.used -= action.size


def _take_one(client: DropClient, code: str, action: Take, store: Store, bornes: DecideLimits) -> Steps[TakeOutcome]:
    nom = action.name
    contenu = io.BytesIO()
    try:
        lu = yield from client.fetch(code, nom, contenu, action.size)
    except (ChangedError, TooBigError):
        return _waiting(nom, "a changé pendant la lecture : repris à la prochaine relève")
    except MissingError:
        return _waiting(nom, "retiré ou renommé par l'adhérent avant d'être pris")
    except DeniedError:
        return TakeOutcome(nom, TakeIssue.REFUSE, "le serveur ne permet pas de lire ce fichier : voyez avec l'agence")
    decide_avec = (action.size, action.mtime)
    if (lu.size, lu.mtime) != decide_avec:
        return _waiting(nom, "a changé pendant la lecture : repris à la prochaine relève")
    garde = store(contenu.getvalue(), nom, lu.sha256, lu.size)
    contenu.close()  # gardé : la relecture n'a pas à s'y ajouter en mémoire
    archive = layout.archive_name(lu.mtime, lu.sha256, nom)
    try:
        yield from client.move_to_pris(code, nom, layout.pending_name(archive))
    except MissingError:
        return _taken(nom, lu, garde, "gardé ; l'adhérent l'a retiré du dépôt entre-temps")
    except AlreadyThereError:
        return _waiting(nom, "une autre relève est en cours : repris à la prochaine")
    return (yield from _verify(client, code, layout.pending_name(archive), store, bornes, (lu, garde)))


def _finish_pending(
    client: DropClient,
    code: str,
    archives: Sequence[RemoteFile],
    store: Store,
    bornes: DecideLimits,
    room: _Room,
    outcomes: list[TakeOutcome],
) -> Steps[None]:
    """Achève ce qu'une coupure a laissé déplacé mais pas relu."""
    for entree in archives:
        if layout.is_pending(entree.name):
            taille = min(entree.size, bornes.taille_max)
            yield from room.wait(taille)
            try:
                outcomes.append((yield from _verify(client, code, entree.name, store, bornes, None)))
            finally:
                room.used -= taille


def _verify(
    client: DropClient,
    code: str,
    provisoire: str,
    store: Store,
    bornes: DecideLimits,
    attendu: tuple[Fetched, StoredOutcome] | None,
) -> Steps[TakeOutcome]:
    """Relit le fichier déplacé, garde son contenu s'il n'est pas celui déjà gardé, puis lui donne son nom d'archive."""
    nom = layout.original_name(provisoire)
    contenu = io.BytesIO()
    try:
        lu = yield from client.fetch_pris(code, provisoire, contenu, bornes.taille_max)
    except (ChangedError, TooBigError, DeniedError):
        return TakeOutcome(
            nom, TakeIssue.REFUSE, "changé au moment d'être pris et illisible depuis : voyez avec l'agence"
        )
    except MissingError:
        return _waiting(nom, "une autre relève l'achève en ce moment")
    motif = "gardé et archivé"
    if attendu is not None and attendu[0].sha256 == lu.sha256:
        garde = attendu[1]
    else:
        garde = store(contenu.getvalue(), nom, lu.sha256, lu.size)
        motif = "gardé et archivé après une relève interrompue" if attendu is None else "les deux contenus sont gardés"
    occurrence = 1
    while True:
        try:
            yield from client.rename_pris(code, provisoire, layout.archive_name(lu.mtime, lu.sha256, nom, occurrence))
        except AlreadyThereError:
            occurrence += 1
        except MissingError:
            return _waiting(nom, "une autre relève l'achève en ce moment")
        else:
            return _taken(nom, lu, garde, motif)


def _waiting(nom: str, motif: str) -> TakeOutcome:
    return TakeOutcome(nom, TakeIssue.EN_ATTENTE, motif)


def _taken(nom: str, lu: Fetched, garde: StoredOutcome, motif: str) -> TakeOutcome:
    return TakeOutcome(nom, TakeIssue.PRIS, motif, lu.sha256, lu.size, garde)
