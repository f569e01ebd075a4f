"""Les contrôles d'un message DSN : forme et structure tirées des données, cohérences écrites une à une.

Vivent ici : les règles de contrôle (``regles_*.yaml``), les fonctions pour ce qui n'est pas régulier, leur registre et
l'inventaire de ce qui s'exécute ou non. Les textes, gravités et natures sont dans ``dsn/norm``.
Rien n'y lit un fichier ni ne connaît la paie.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from dsn.anomalies import Anomaly, distinct
from dsn.controls import (  # noqa: F401 - l'import inscrit les contrôles
    absences,
    autres,
    bases,
    changements,
    contrat,
    divers,
    envoi,
    etablissement,
    fins,
    form,
    formes,
    individu,
    paiements,
    personnes,
    prevoyance,
    regles,
    regularisations,
    structure,
    versement,
)
from dsn.controls.registry import entries, run_all
from dsn.controls.scope import Scope
from dsn.message import Block, Message
from dsn.norm import MENSUELLE, Norm, load, versions

__all__ = ["Checker", "check", "entries"]


ANOMALY_LIMIT = 10_000
"""Anomalies de contrôle retenues : un fichier hostile en produirait sans fin."""


class Checker:
    """Contrôle un envoi déclaration par déclaration, sans garder celles qui sont passées.

    ``declaration`` pour chacune, puis ``conclude`` ; ``anomalies`` en tient la liste.
    """

    def __init__(self, norm: Norm) -> None:
        self.norm = norm
        self.anomalies: list[Anomaly] = []
        self.resume = envoi.Resume()
        self._memory = form.Memory(norm)

    def declaration(self, declaration: Block, head: Block | None) -> None:
        """Contrôle une déclaration ; ``head`` : l'en-tête S10 de l'envoi."""
        self.resume.add(declaration)
        self._keep(self._check_declaration(declaration, head))

    def conclude(self, head: Block | None, total: Block | None, rubriques: int, *, complete: bool) -> None:
        """Contrôle l'en-tête, le total et les comptes ; ``rubriques`` : le nombre lu, S90 compris."""
        self.resume.rubriques = rubriques
        for root in (head, total):
            if root is not None:
                self._keep(self._check_form(root))
                self._keep(structure.check(root, self.norm, MENSUELLE))
        self._keep(envoi.check_envoi(head, total, self.resume, self.norm, complete=complete))

    def _check_declaration(self, declaration: Block, head: Block | None) -> Iterator[Anomaly]:
        scope = Scope(head, declaration, self.norm)
        yield from self._check_form(declaration)
        yield from envoi.check_month(scope, head.get("006") if head else None)
        yield from structure.check(declaration, self.norm, scope.nature, scope.type)
        yield from individu.check_names(scope)
        yield from run_all(scope)

    def _check_form(self, root: Block) -> Iterator[Anomaly]:
        for block in root.walk():
            yield from form.check_block(block, self.norm, self._memory)

    def _keep(self, found: Iterator[Anomaly]) -> None:
        room = ANOMALY_LIMIT - len(self.anomalies)
        if room < 0:
            return
        self.anomalies.extend(islice(found, room))
        if next(found, None) is not None:
            text = f"Plus de {ANOMALY_LIMIT} anomalies de contrôle : les suivantes ne sont pas listées."
            self.anomalies.append(Anomaly(0, "", "LEC-06", True, text))


def check(message: Message, norm: Norm | None = None) -> list[Anomaly]:
    """Toutes les anomalies d'un message, dans l'ordre des lignes ; ``norm`` vaut celle qu'annonce le message."""
    checker = Checker(norm or message.norm() or load(versions()[-1]))
    for declaration in message.declarations:
        checker.declaration(declaration, message.envoi)
    count = message.count_rubriques() + (len(message.total) if message.total else 0)
    checker.conclude(message.envoi, message.total, count, complete=message.complete)
    return distinct(checker.anomalies)
