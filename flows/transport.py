"""Le fil entre le dépôt SFTP et le registre, sans Prefect : relever un adhérent, lui déposer ce qui lui est dû.

L'ordre protège de toute panne : garder avant de lire, inscrire avant d'envoyer, dire « déposé » après l'avoir fait.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial

from pydantic import ValidationError

from payroll.month.commun import Acte, GesteRefuse
from payroll.month.depot import RefusALaPorte, recall, remember
from payroll.month.dus import DocumentDu, mark_deposited, mark_withdrawn, pending_documents, pending_withdrawals
from payroll.month.recevoir import keep_file, read_pending
from payroll.store.registre import Registre
from payroll.store.tables import EtatFichier
from payroll.wording import plural
from sftp_drop.client import DropClient, connect
from sftp_drop.decide import RemoteFile, SeenFile, look
from sftp_drop.errors import DropError, TransientError
from sftp_drop.give import GiveIssue, Outgoing, give_all
from sftp_drop.keys import KeyFileError
from sftp_drop.settings import SftpSettings
from sftp_drop.take import StoredOutcome, TakeIssue, TakeReport, Visit, take_several


@dataclass(frozen=True, slots=True)
class Releve:
    """Ce qu'une relève a fait pour un adhérent."""

    acceptes: int
    refuses: int
    en_attente: int
    deposes: int

    @property
    def phrase(self) -> str:
        """Le compte rendu en une phrase."""
        if not (self.acceptes or self.refuses or self.en_attente):
            return "rien de nouveau"
        parts = []
        if self.acceptes:
            parts.append(f"{plural(self.acceptes, 'fichier')} accepté{'s' if self.acceptes > 1 else ''}")
        if self.refuses:
            parts.append(f"{plural(self.refuses, 'fichier')} à corriger")
        if self.en_attente:
            parts.append(f"{plural(self.en_attente, 'fichier')} en attente")
        return ", ".join(parts)


def drop_connection() -> DropClient:
    """Ouvre le dépôt des réglages ; la clé d'hôte est épinglée. Lève ``DropError``, dont le message dit quoi faire."""
    try:
        return connect(SftpSettings())
    except ValidationError as error:
        wrong = " ; ".join(str(detail["msg"]).removeprefix("Value error, ") for detail in error.errors())
        raise DropError(f"les réglages du dépôt (PAIE_SFTP_…) sont à revoir : {wrong}") from None
    except KeyFileError as error:
        raise DropError(str(error)) from error


@contextmanager
def one_session() -> Iterator[None]:
    """Une seule connexion au dépôt pour tous les gestes du bloc : ouverte au premier qui la demande, gardée ensuite.

    S'ouvrir (clés, compte) prend 0,1 s des deux côtés : plus que de prendre un classeur ou de rendre un dossier.
    """
    kept = _Kept()
    token = _KEPT.set(kept)
    try:
        yield
    finally:
        _KEPT.reset(token)
        kept.close()


class _Kept:
    """La connexion gardée par :func:`one_session`, et ce qu'elle a déjà rapporté pour les gestes à venir du bloc."""

    def __init__(self) -> None:
        self.client: DropClient | None = None
        self.listings: dict[str, list[RemoteFile]] = {}
        self.reports: dict[str, TakeReport] = {}

    def close(self) -> None:
        if self.client is not None:
            self.client.close()
        self.client = None


_KEPT: ContextVar[_Kept | None] = ContextVar("connexion gardée", default=None)


@contextmanager
def _connected() -> Iterator[DropClient]:
    """La connexion gardée du bloc, ou une neuve pour ce seul geste."""
    kept = _KEPT.get()
    if kept is None:
        with drop_connection() as client:
            yield client
        return
    if kept.client is not None and kept.client.closed:
        kept.close()  # coupée pendant une relève, qui l'a dit sans le lever : ce geste en ouvre une autre
    kept.client = kept.client or drop_connection()
    try:
        yield kept.client
    except TransientError:
        kept.close()  # coupée : le geste suivant en ouvrira une autre
        raise


def look_at(registre: Registre, client: DropClient, codes: Sequence[str], acte: Acte) -> None:
    """Premier regard sur tous les dépôts : la relève qui suit ne prendra que ce qui n'a pas bougé."""
    for code, listing in zip(codes, client.list_depots(codes), strict=True):
        if isinstance(listing, TransientError):
            raise listing
        try:
            if isinstance(listing, Exception):
                raise listing
            remember(registre, code, look(listing), acte)
        except (DropError, GesteRefuse):
            # Un adhérent inconnu, ou sans dossier : sa propre relève le dira, les autres n'attendent pas.
            continue


def look_ahead(_registre: Registre, codes: Sequence[str]) -> None:
    """Regarde les dépôts de tout un lot d'une même rafale ; :func:`look_alone` n'aura plus qu'à retenir chacun."""
    with _connected() as client:
        listings = client.list_depots(codes)
    if (kept := _KEPT.get()) is not None:
        kept.listings = {
            code: listing for code, listing in zip(codes, listings, strict=True) if not isinstance(listing, Exception)
        }


def take_ahead(registre: Registre, codes: Sequence[str], acte: Acte) -> None:
    """Prend les fichiers de tout un lot ensemble ; :func:`collect_alone` n'aura plus qu'à lire et répondre.

    Ce qui n'a pas abouti (panne, coupure, adhérent inconnu) n'est pas dit ici : sa propre relève le refera, et le dira.
    """
    with _connected() as client:
        reports = _taken(registre, client, codes, acte)
    if (kept := _KEPT.get()) is not None:
        kept.reports = {
            code: report
            for code, report in reports.items()
            if isinstance(report, TakeReport) and not report.interrupted
        }


def _taken(
    registre: Registre, client: DropClient, codes: Sequence[str], acte: Acte
) -> dict[str, TakeReport | Exception]:
    """Le rapport de prise de chaque adhérent, ou ce qui l'a arrêté."""
    visits, found = [], dict[str, TakeReport | Exception]()
    for code in codes:
        try:
            memory = recall(registre, code)
        except GesteRefuse as refus:
            found[code] = refus
            continue
        seen = [SeenFile(nom, taille, heure) for nom, (taille, heure) in memory.signales.items()]
        visits.append(Visit(code, partial(_keep, registre, code, acte), memory.regard, seen))
    return found | dict(zip([visit.code for visit in visits], take_several(client, visits), strict=True))


def collect(registre: Registre, client: DropClient, code: str, acte: Acte) -> Releve:
    """Prend les fichiers complets d'un adhérent, les lit, et lui dépose ses accusés de réception."""
    report = _taken(registre, client, [code], acte)[code]
    if isinstance(report, Exception):
        raise report
    return _answered(registre, client, code, acte, report)


def _answered(registre: Registre, client: DropClient, code: str, acte: Acte, report: TakeReport) -> Releve:
    remember(registre, code, report.look, acte, _refused(report))
    files = read_pending(registre, code, acte)
    return Releve(
        acceptes=sum(file.etat == EtatFichier.ACCEPTE for file in files),
        refuses=sum(file.etat == EtatFichier.REFUSE for file in files),
        en_attente=sum(outcome.issue is TakeIssue.EN_ATTENTE for outcome in report.outcomes),
        deposes=deliver(registre, client, code, acte),
    )


def deliver(registre: Registre, client: DropClient, code: str, acte: Acte) -> int:
    """Dépose tout ce qui est dû à un adhérent ; rend le nombre de documents déposés.

    Lève :class:`GesteRefuse` si un document n'a pas pu l'être : il reste dû, le geste se refait.
    """
    due = pending_documents(registre, code)
    outcomes = give_all(client, code, [_outgoing(registre, document) for document in due])
    refused = {outcome.relative_path: outcome.motif for outcome in outcomes if _failed(outcome.issue)}
    done = [document for document in due if f"{document.mois}/{document.chemin}" not in refused]
    mark_deposited(registre, code, done, acte)
    if not refused:
        # Le nouveau est en place : ce qui n'est plus vrai peut partir.
        _take_back(registre, client, code, acte)
    if refused:
        raise GesteRefuse(f"{plural(len(refused), 'document')} non déposés : {next(iter(refused.values()))}")
    return len(done)


def look_alone(registre: Registre, code: str, acte: Acte) -> None:
    """:func:`look_at` d'un seul adhérent, avec sa propre connexion ou celle de :func:`one_session`."""
    kept = _KEPT.get()
    listing = None if kept is None else kept.listings.pop(code, None)
    if listing is not None:
        with suppress(GesteRefuse):
            remember(registre, code, look(listing), acte)
        return
    with _connected() as client:
        look_at(registre, client, [code], acte)


def collect_alone(registre: Registre, code: str, acte: Acte) -> Releve:
    """:func:`collect` avec sa propre connexion, ou celle de :func:`one_session`."""
    kept = _KEPT.get()
    report = None if kept is None else kept.reports.pop(code, None)
    with _connected() as client:
        if report is not None:
            return _answered(registre, client, code, acte, report)
        return collect(registre, client, code, acte)


def deliver_alone(registre: Registre, code: str, acte: Acte) -> int:
    """:func:`deliver` avec sa propre connexion, ou celle de :func:`one_session` ; aucune s'il n'y a rien à déposer."""
    if not pending_documents(registre, code) and not pending_withdrawals(registre, code):
        return 0
    with _connected() as client:
        return deliver(registre, client, code, acte)


def _take_back(registre: Registre, client: DropClient, code: str, acte: Acte) -> None:
    stale = pending_withdrawals(registre, code)
    for document in stale:
        client.remove_return(code, f"{document.mois}/{document.chemin}")
    mark_withdrawn(registre, code, stale, acte)


def _keep(
    registre: Registre, code: str, acte: Acte, content: bytes, name: str, _sha256: str, _size: int
) -> StoredOutcome:
    fichier = keep_file(registre, code, name, content, acte)
    return StoredOutcome.NOUVEAU if fichier.etat == EtatFichier.RECU else StoredOutcome.DEJA_RECU


def _refused(report: TakeReport) -> tuple[RefusALaPorte, ...]:
    refusals = []
    for outcome in report.outcomes:
        if outcome.issue is TakeIssue.REFUSE:
            taille, heure = report.look.get(outcome.name, (0, 0))
            refusals.append(RefusALaPorte(outcome.name, outcome.motif, taille, heure))
    return tuple(refusals)


def _outgoing(registre: Registre, document: DocumentDu) -> Outgoing:
    return Outgoing(
        relative_path=f"{document.mois}/{document.chemin}",
        content=partial(registre.pieces.get, document.sha256),
        sha256=document.sha256,
    )


def _failed(issue: GiveIssue) -> bool:
    return issue in (GiveIssue.ECHEC, GiveIssue.RETENU)
