"""Le couperet : un processus qui joue un mois entier et se tue (SIGKILL) à la Nième écriture.

Une écriture est une requête ou une validation de la base, un renommage ou une mise au disque, un geste SFTP qui change
le dépôt. Chacune compte deux fois : juste avant, juste après. Lancé comme un programme, il importe tout une fois, puis
engendre un enfant par mois demandé : seul l'enfant meurt, comme mourrait un ouvrier.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from paramiko.sftp import (
    CMD_EXTENDED,
    CMD_MKDIR,
    CMD_NAMES,
    CMD_OPEN,
    CMD_REMOVE,
    CMD_RENAME,
    CMD_RMDIR,
    CMD_SETSTAT,
    CMD_WRITE,
    SFTP_FLAG_WRITE,
)
from sqlalchemy import Engine, event

from flows.transport import collect_alone, deliver_alone, drop_connection, look_at
from payroll.month.calculer import compute_month
from payroll.month.clore import close_month
from payroll.month.commun import GesteRefuse
from payroll.month.declarer import declare_month
from payroll.month.ouvrir import open_month
from payroll.month.restituer import produce_documents
from payroll.month.valider import approve
from payroll.settings import Reglages
from sftp_drop.pipelined import RawSftp
from tests.month.gestes import DECLARANT, MOIS, PAIEMENT, acte

CODE = "lubescaux"
CHANGEANTES = (CMD_WRITE, CMD_RENAME, CMD_EXTENDED, CMD_MKDIR, CMD_REMOVE, CMD_RMDIR, CMD_SETSTAT)
"""Les demandes SFTP qui changent le dépôt ; CMD_EXTENDED est le renommage qui remplace."""


class Couperet:
    """Compte les écritures ; à celle de son rang, le processus meurt sans un mot."""

    def __init__(self, rang: int) -> None:
        self.rang = rang
        self.seen: list[str] = []

    def point(self, name: str) -> None:
        self.seen.append(name)
        if len(self.seen) == self.rang:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str) -> None:
        """Met le couperet avant et après une fonction."""
        real: Callable[..., Any] = getattr(owner, name)

        @wraps(real)
        def cut(*args: Any, **kwargs: Any) -> Any:
            self.point(f"avant {name}")
            result = real(*args, **kwargs)
            self.point(f"après {name}")
            return result

        setattr(owner, name, cut)

    def around_requests(self) -> None:
        """Met le couperet avant et après chaque demande SFTP qui change le dépôt, même au milieu d'une rafale."""
        real: Callable[..., int] = RawSftp._async_request  # type: ignore[attr-defined]

        def send(sftp: RawSftp, waiting: object, kind: int, *arguments: Any) -> int:
            if kind not in CHANGEANTES and not (kind == CMD_OPEN and arguments[1] & SFTP_FLAG_WRITE):
                return real(sftp, waiting, kind, *arguments)
            self.point(f"avant {CMD_NAMES[kind]}")
            number = real(sftp, waiting, kind, *arguments)
            sftp.flush()  # sinon elle attendrait le reste de sa rafale : « après » serait encore « avant »
            self.point(f"après {CMD_NAMES[kind]}")
            return number

        RawSftp._async_request = send  # type: ignore[attr-defined]

    def arm(self) -> None:
        for name in ("fsync", "replace", "rename", "link"):
            self.around(os, name)
        self.around_requests()

        def listen(when: str) -> Callable[..., None]:
            return lambda *_args, **_kwargs: self.point(f"{when} SQL")

        event.listen(Engine, "before_cursor_execute", listen("avant"))
        event.listen(Engine, "after_cursor_execute", listen("après"))
        event.listen(Engine, "commit", lambda _connection: self.point("avant validation"))


def play_month() -> list[str]:
    """Tous les gestes du mois, dans l'ordre ; un geste déjà fait peut être refusé, on passe au suivant.

    L'horloge est arrêtée : ce qui est refait l'est au même instant, et les deux registres se comparent en entier.
    """
    registre = Reglages().registre()
    with drop_connection() as client:
        gestures: tuple[Callable[[], object], ...] = (
            lambda: open_month(registre, CODE, MOIS, acte()),
            lambda: deliver_alone(registre, CODE, acte()),
            lambda: look_at(registre, client, [CODE], acte()),
            lambda: collect_alone(registre, CODE, acte()),
            lambda: compute_month(registre, CODE, MOIS, acte(), sans_fichier=False),
            lambda: approve(registre, CODE, MOIS, acte(par="valideuse")),
            lambda: declare_month(registre, CODE, MOIS, acte(), DECLARANT, confirmation="doutes relus"),
            lambda: produce_documents(registre, CODE, MOIS, acte(), date_paiement=PAIEMENT),
            lambda: deliver_alone(registre, CODE, acte()),
            lambda: close_month(registre, CODE, MOIS, acte()),
        )
        refusals = []
        for gesture in gestures:
            try:
                gesture()
            except GesteRefuse as refus:
                refusals.append(refus.message)
    registre.close()
    return refusals


def serve() -> None:
    """Lit un ordre par ligne (réglages, rang), joue le mois dans un enfant, répond comment il a fini."""
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _play(order)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        sys.stdout.write(json.dumps({"tue": killed, "code": os.waitstatus_to_exitcode(status)}) + "\n")
        sys.stdout.flush()


def _play(order: dict[str, Any]) -> None:
    code = 1
    try:
        os.environ.update(order["reglages"])
        couperet = Couperet(order["rang"])
        couperet.arm()
        refusals = play_month()
        Path(order["rapport"]).write_text(json.dumps({"points": couperet.seen, "refus": refusals}), encoding="utf-8")
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve()
