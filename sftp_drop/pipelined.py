"""Le protocole SFTP par rafales : plusieurs demandes partent ensemble, les réponses se lisent ensuite.

paramiko attend chaque réponse avant la demande suivante, et ses fichiers passent par un tampon et un fil de plus : sur
la boucle locale, rendre un document coûtait 10 ms, presque toutes d'attente. Le serveur traite les demandes d'une
session dans l'ordre : une rafale se lit donc comme la suite de gestes qu'elle remplace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import paramiko
from paramiko.message import Message
from paramiko.sftp import (
    CMD_ATTRS,
    CMD_CLOSE,
    CMD_DATA,
    CMD_EXTENDED,
    CMD_FSTAT,
    CMD_HANDLE,
    CMD_LSTAT,
    CMD_OPEN,
    CMD_OPENDIR,
    CMD_READ,
    CMD_READDIR,
    CMD_STATUS,
    CMD_WRITE,
    SFTP_FLAG_CREATE,
    SFTP_FLAG_READ,
    SFTP_FLAG_TRUNC,
    SFTP_FLAG_WRITE,
    SFTPError,
    int64,
)

BLOC = 32 * 1024
"""Ce qu'une demande lit ou écrit : tout serveur l'accepte."""
EN_VOL = 64
"""Demandes envoyées d'avance, comme ``sftp`` : 2 Mio en vol, sous la fenêtre de la session."""

LECTURES = EN_VOL - 2
"""Blocs lus d'une même rafale, à côté des deux regards."""
OUVERTS = 16
"""Fichiers écrits d'une même rafale : un serveur borne ceux d'une session (16 pour l'embarqué, 100 pour OpenSSH)."""

Request = tuple[object, ...]
"""Le numéro de la commande, puis ses arguments."""


@dataclass(slots=True)
class Answer:
    """La réponse à une demande ; ``error`` dit son échec, sans le lever."""

    kind: int
    message: Message
    error: OSError | EOFError | None = None

    def checked(self, kind: int | None = None) -> Message:
        """Le message d'une réponse heureuse ; lève son erreur sinon."""
        if self.error is not None:
            raise self.error
        if kind is not None and self.kind != kind:
            raise SFTPError("réponse inattendue du serveur")
        return self.message

    @property
    def handle(self) -> bytes:
        """La poignée que donne une ouverture, autant de fois qu'on la demande."""
        message = self.checked(CMD_HANDLE)
        message.rewind()
        message.get_int()  # le numéro de la demande
        return message.get_binary()

    def attributes(self) -> paramiko.SFTPAttributes:
        """Les attributs que porte une réponse à LSTAT ou FSTAT."""
        found: paramiko.SFTPAttributes = paramiko.SFTPAttributes._from_msg(self.checked(CMD_ATTRS))  # type: ignore[attr-defined]
        return found


class _Inbox:
    """Ce que paramiko appelle à chaque réponse attendue par une rafale."""

    def __init__(self) -> None:
        self.answers: dict[int, tuple[int, Message]] = {}

    def _async_response(self, kind: int, message: Message, number: int) -> None:
        self.answers[number] = (kind, message)


class RawSftp(paramiko.SFTPClient):
    """paramiko, plus les rafales, et une lecture de dossier qui supporte les noms mal encodés."""

    def together(self, requests: Sequence[Request]) -> list[Answer]:
        """Envoie toutes les demandes, puis rend leurs réponses dans le même ordre."""
        inbox, found = _Inbox(), []
        for start in range(0, len(requests), EN_VOL):
            burst = requests[start : start + EN_VOL]
            numbers = [self._async_request(inbox, *request) for request in burst]  # type: ignore[attr-defined]
            while len(inbox.answers) < len(numbers):
                self._read_response()  # type: ignore[attr-defined]
            found += [self._answer(*inbox.answers.pop(number)) for number in numbers]
        return found

    def entries(
        self, chemins: Sequence[PurePosixPath], maximum: int
    ) -> list[list[tuple[str, paramiko.SFTPAttributes]] | OSError]:
        """Les entrées de chaque dossier, ou son erreur ; un nom qui n'est pas en UTF-8 y a des ``\\x..`` visibles."""
        # listdir_attr de paramiko décode strictement : un seul nom en latin-1 cacherait tout le dépôt d'une mairie.
        opened = self.together([(CMD_OPENDIR, str(chemin)) for chemin in chemins])
        # Deux lectures par dossier : un dossier ordinaire tient dans la première, la seconde en dit la fin.
        reading = [answer for answer in opened if answer.error is None for _ in range(2)]
        answers = iter(self.together([(CMD_READDIR, answer.handle) for answer in reading]))
        found: list[list[tuple[str, paramiko.SFTPAttributes]] | OSError] = []
        for answer in opened:
            if isinstance(answer.error, OSError):
                found.append(answer.error)
                continue
            found.append(self._all_entries(answer, [next(answers), next(answers)], maximum))
            self.forget(answer)
        return found

    def _all_entries(
        self, opened: Answer, answers: list[Answer], maximum: int
    ) -> list[tuple[str, paramiko.SFTPAttributes]]:
        entrees: list[tuple[str, paramiko.SFTPAttributes]] = []
        while True:
            for answer in answers:
                if isinstance(answer.error, EOFError) or len(entrees) >= maximum:
                    return entrees
                message = answer.checked()
                entrees += [entry for _ in range(message.get_int()) for entry in _entry(message)]
            answers = self.together([(CMD_READDIR, opened.handle)] * 2)

    def look_and_open(self, chemin: PurePosixPath) -> tuple[paramiko.SFTPAttributes | None, Answer]:
        """Regarde un nom et l'ouvre en lecture : ses attributs (``None`` s'il n'y est pas), et de quoi le lire."""
        looked, opened = self.together(
            [(CMD_LSTAT, str(chemin)), (CMD_OPEN, str(chemin), SFTP_FLAG_READ, paramiko.SFTPAttributes())]
        )
        return _present(looked), opened

    def read_open(
        self, chemin: PurePosixPath, opened: Answer, size: int
    ) -> Iterator[tuple[paramiko.SFTPAttributes, bytes, paramiko.SFTPAttributes | None]]:
        """Lit un fichier ouvert, par rafales : ce qui est ouvert, les octets, puis ce que son nom montre après.

        ``size`` est la taille annoncée : un fichier qui a grandi depuis rend un octet de plus, un fichier coupé moins.
        """
        poignee = opened.handle
        offset = 0
        try:
            while offset <= size:
                # Un octet au-delà de la fin : la réponse dit que le fichier finit bien là.
                spans = [(at, min(BLOC, size - at)) for at in range(offset, size, BLOC)] + [(size, 1)]
                spans = spans[:LECTURES]
                looked, *read, named = self.together(
                    [
                        (CMD_FSTAT, poignee),
                        *((CMD_READ, poignee, int64(at), length) for at, length in spans),
                        (CMD_LSTAT, str(chemin)),
                    ]
                )
                content, ended = _joined(read, [length for _, length in spans])
                yield looked.attributes(), content, _present(named)
                offset += len(content)
                if ended:
                    return
        finally:
            self.forget(opened)

    def forget(self, opened: Answer) -> None:
        """Ferme ce qui a été ouvert en lecture, sans attendre : cette réponse n'apprend rien, elle est jetée."""
        if opened.error is None:
            self._async_request(type(None), CMD_CLOSE, opened.handle)  # type: ignore[attr-defined]

    def write_all(self, contents: Mapping[PurePosixPath, bytes]) -> dict[PurePosixPath, int | None]:
        """Écrit ces fichiers, neufs ou vidés d'abord ; rend la taille que le serveur garde de chacun, fermé.

        ``None`` : le fichier n'est plus là une fois fermé. Lève l'erreur du premier refus.
        """
        flags = SFTP_FLAG_WRITE | SFTP_FLAG_CREATE | SFTP_FLAG_TRUNC
        kept: dict[PurePosixPath, int | None] = {}
        names = list(contents)
        for start in range(0, len(names), OUVERTS):
            group = names[start : start + OUVERTS]
            opened = self.together([(CMD_OPEN, str(name), flags, paramiko.SFTPAttributes()) for name in group])
            handles = [answer.handle for answer in opened]
            requests: list[Request] = []
            for name, handle in zip(group, handles, strict=True):
                content = contents[name]
                requests += [
                    (CMD_WRITE, handle, int64(at), content[at : at + BLOC]) for at in range(0, len(content), BLOC)
                ]
                requests += [(CMD_CLOSE, handle), (CMD_LSTAT, str(name))]
            answers = iter(self.together(requests))
            for name in group:
                written = [next(answers) for _ in range(0, len(contents[name]), BLOC)]
                for answer in written:
                    answer.checked()
                next(answers)  # un échec à la fermeture se lit dans la taille gardée
                looked = _present(next(answers))
                kept[name] = None if looked is None else looked.st_size
        return kept

    def lstat_all(self, chemins: Sequence[PurePosixPath]) -> list[paramiko.SFTPAttributes | None]:
        """Les attributs de chaque chemin, ``None`` pour ce qui n'existe pas."""
        return [_present(answer) for answer in self.together([(CMD_LSTAT, str(chemin)) for chemin in chemins])]

    def replace_all(self, renamings: Mapping[PurePosixPath, PurePosixPath]) -> None:
        """Renomme chaque fichier, à la place de celui qui porterait déjà ce nom ; lève l'erreur du premier refus."""
        for answer in self.together(
            [(CMD_EXTENDED, "posix-rename@openssh.com", str(old), str(new)) for old, new in renamings.items()]
        ):
            answer.checked()

    def _answer(self, kind: int, message: Message) -> Answer:
        if kind != CMD_STATUS:
            return Answer(kind, message)
        try:
            self._convert_status(message)  # type: ignore[attr-defined]
        except (OSError, EOFError) as error:
            return Answer(kind, message, error)
        return Answer(kind, message)


def _present(answer: Answer) -> paramiko.SFTPAttributes | None:
    return None if isinstance(answer.error, FileNotFoundError) else answer.attributes()


def _entry(message: Message) -> Iterator[tuple[str, paramiko.SFTPAttributes]]:
    name = message.get_string().decode("utf-8", "backslashreplace")
    message.get_string()  # la ligne à la « ls -l », dont on n'a pas besoin
    attributes: paramiko.SFTPAttributes = paramiko.SFTPAttributes._from_msg(message)  # type: ignore[attr-defined]
    if name not in {".", ".."}:
        yield name, attributes


def _joined(answers: Sequence[Answer], lengths: Sequence[int]) -> tuple[bytes, bool]:
    """Les octets lus d'affilée, et vrai si la fin du fichier a été atteinte ; une lecture courte arrête la suite."""
    parts: list[bytes] = []
    for answer, length in zip(answers, lengths, strict=True):
        if isinstance(answer.error, EOFError):
            return b"".join(parts), True
        parts.append(answer.checked(CMD_DATA).get_string())
        if len(parts[-1]) < length:
            break
    return b"".join(parts), False
