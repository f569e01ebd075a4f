"""Les contrôles d'un message DSN : forme et structure tirées des données, cohérences écrites une à une.

Vivent ici : les fonctions de contrôle et leur registre. Les textes, gravités et natures sont dans ``dsn/norm``.
Rien n'y lit un fichier ni ne connaît la paie.
"""

from __future__ import annotations

from collections.abc import Iterator

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
from dsn.message import Message
from dsn.norm import MENSUELLE, Norm, load, versions

__all__ = ["check", "entries"]


def check(message: Message, norm: Norm | None = None) -> list[Anomaly]:
    """Toutes les anomalies d'un message, dans l'ordre des lignes ; ``norm`` vaut celle qu'annonce le message."""
    used = norm or message.norm() or load(versions()[-1])
    return distinct(_check(message, used))


def _check(message: Message, norm: Norm) -> Iterator[Anomaly]:
    for block in message.walk():
        yield from form.check_block(block, norm)
    if message.envoi:
        yield from structure.check(message.envoi, norm, MENSUELLE)
    if message.total:
        yield from structure.check(message.total, norm, MENSUELLE)
    yield from envoi.check_envoi(message, norm)
    for declaration in message.declarations:
        scope = Scope(message, declaration, norm)
        yield from structure.check(declaration, norm, scope.nature, scope.type)
        yield from individu.check_names(scope)
        yield from run_all(scope)
