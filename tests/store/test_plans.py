"""Chaque lecture d'un mois suit un index : sur dix ans d'histoire, aucune table qui grandit ne se lit en entier.

Un mois et le début du suivant sont joués ; on redemande ensuite à la base, pour chaque ordre qu'elle a reçu, le chemin
qu'elle prendrait. PostgreSQL, qui lit volontiers en entier une petite table, a l'ordre de l'éviter s'il le peut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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


def _played(registre: Registre, folder: Path) -> Ordres:
    """Les lectures et mises à jour d'un mois, chacune avec un exemple de ses valeurs."""
    seen: Ordres = {}

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not isinstance(parameters, list) and statement.startswith(("SELECT", "UPDATE", "DELETE")):
            seen.setdefault(statement, parameters)

    data = town(1)
    lieu = inscrire(registre, folder, data)
    event.listen(registre.engine, "before_cursor_execute", note)
    for jouer in GESTES.values():
        jouer(lieu, data)
    event.remove(registre.engine, "before_cursor_execute", note)
    assert len(seen) > 50
    return seen


def _entire(registre: Registre, ordres: Ordres, explain: str, pattern: str) -> Iterator[str]:
    """Les ordres dont le plan lit en entier une table qui grandit."""
    with registre.engine.connect() as connection:
        if registre.engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")
        for statement, parameters in ordres.items():
            plan = [" ".join(map(str, row)) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)]
            tables = {found[1] for line in plan if (found := re.search(pattern, line))}
            if tables & set(QUI_GRANDISSENT):
                yield f"{sorted(tables)} : {statement}"


def test_sqlite_suit_un_index_pour_chaque_lecture(tmp_path: Path) -> None:
    registre = Registre(f"sqlite:///{tmp_path}/paie.db", tmp_path / "pieces")
    registre.upgrade()
    ordres = _played(registre, tmp_path)

    assert list(_entire(registre, ordres, "EXPLAIN QUERY PLAN", r"\bSCAN (\w+)")) == []
    registre.close()


@pytest.mark.postgres
def test_postgresql_suit_un_index_pour_chaque_lecture(tmp_path: Path) -> None:
    with cluster() as fresh:
        registre = fresh(tmp_path)
        ordres = _played(registre, tmp_path)

        assert list(_entire(registre, ordres, "EXPLAIN", r"\bSeq Scan on (\w+)")) == []
