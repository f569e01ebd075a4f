"""Chaque lecture d'un mois suit un index : sur dix ans d'histoire, aucune table qui grandit ne se lit en entier.

Un mois et le début du suivant sont joués ; on redemande ensuite à la base, pour chaque ordre qu'elle a reçu, le chemin
qu'elle prendrait. PostgreSQL, qui lit volontiers en entier une petite table, a l'ordre de l'éviter s'il le peut.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from payroll.store.registre import Registre
from tests.month.gestes import inscrire
from tests.month.test_requetes import GESTES, town
from tests.postgres import cluster

QUI_GRANDISSENT = (
    "absence", "approbation", "bulletin", "compte_approuve", "correction", "document_retour", "element_permanent",
    "element_variable", "ligne_bulletin", "message_dsn", "paie", "rappel", "echeance_rappel", "situation_contrat",
    "sortie_annoncee", "taux_pas",
)  # fmt: skip
"""Les tables qui grandissent de mois en mois."""

Ordres = dict[str, Any]


@contextmanager
def noted(registre: Registre) -> Iterator[Ordres]:
    """Les lectures et mises à jour du bloc, chacune avec un exemple de ses valeurs."""
    seen: Ordres = {}

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not isinstance(parameters, list) and statement.startswith(("SELECT", "UPDATE", "DELETE")):
            seen.setdefault(statement, parameters)

    event.listen(registre.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(registre.engine, "before_cursor_execute", note)


def entire(
    registre: Registre, ordres: Ordres, tables: Collection[str] = QUI_GRANDISSENT, *, avoided: bool = True
) -> list[str]:
    """Les ordres dont le plan lit en entier une de ces tables ; ``avoided`` : PostgreSQL l'évite s'il le peut."""
    postgres = registre.engine.dialect.name == "postgresql"
    explain, pattern = ("EXPLAIN", r"\bSeq Scan on (\w+)") if postgres else ("EXPLAIN QUERY PLAN", r"\bSCAN (\w+)")
    found = []
    with registre.engine.connect() as connection:
        if postgres and avoided:
            connection.exec_driver_sql("SET enable_seqscan = off")
        for statement, parameters in ordres.items():
            plan = [" ".join(map(str, row)) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)]
            read = {match[1] for line in plan if (match := re.search(pattern, line))}
            if read & set(tables):
                found.append(f"{sorted(read)} : {statement}")
    return found


def _played(registre: Registre, folder: Path) -> Ordres:
    """Les ordres d'un mois et du début du suivant."""
    data = town(1)
    lieu = inscrire(registre, folder, data)
    with noted(registre) as seen:
        for jouer in GESTES.values():
            jouer(lieu, data)
    assert len(seen) > 50
    return seen


def test_sqlite_suit_un_index_pour_chaque_lecture(tmp_path: Path) -> None:
    registre = Registre(f"sqlite:///{tmp_path}/paie.db", tmp_path / "pieces")
    registre.upgrade()
    ordres = _played(registre, tmp_path)

    assert entire(registre, ordres) == []
    registre.close()


@pytest.mark.postgres
def test_postgresql_suit_un_index_pour_chaque_lecture(tmp_path: Path) -> None:
    with cluster() as fresh:
        registre = fresh(tmp_path)
        ordres = _played(registre, tmp_path)

        assert entire(registre, ordres) == []
