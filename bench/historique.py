"""Dix ans d'histoire sous le mois en cours : le mois d'une commune va-t-il aussi vite ?

Un département entier sur PostgreSQL (600 communes de 20 agents) : une base où il n'y a que le mois d'avant, et la même
sous laquelle on a glissé 120 mois clos (1,44 million de bulletins, leurs paies, approbations, messages, documents et
gestes). Le mois de quelques communes, et le tableau du mois, se mesurent sur l'une puis aussitôt sur l'autre. Les
lignes et les colonnes des bulletins ne sont semées que pour les communes mesurées : elles se lisent par bulletin.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Connection, inspect, text

from bench.departement import AGENTS, codes_of, settle
from bench.matiere import ACTE, MOIS
from bench.tableau import Mesure, french, once, once_of_processor
from payroll.month.calculer import compute_month
from payroll.month.etat import month_board
from payroll.month.tableau_de_bord import read_board
from payroll.month.valider import approve
from payroll.settings import Reglages
from payroll.store.registre import Registre

MESUREES = 9
"""Communes mesurées sur base neuve et sur dix ans, chacune sur l'une puis sur l'autre ; les médianes se comparent."""
VRAIES = MESUREES + 2
"""Avec elles, la modèle, et une qui chauffe : ce qu'une première charge ne se mesure pas."""
MOIS_D_HISTOIRE = 120
DOCUMENTS = 6
"""Documents semés par commune et par mois : ceux de la commune ; les bulletins, un fichier chacun, n'y sont pas."""
GRANDE = 20_000
"""Lignes à partir desquelles une table compte : en dessous, PostgreSQL fait bien de la lire en entier."""
_PAS = 1_000
"""Écart entre les clés d'une commune et de sa copie : la modèle et ses agents tiennent en dessous."""
_PAIES, _BULLETINS, _LIGNES = 1_000_000, 10_000_000, 100_000_000
"""Où commencent les clés de l'histoire : au-dessus de celles que la base donne seule."""


def measure(*, quick: bool) -> Iterator[Mesure]:
    """Calculer et approuver un mois, lire le tableau du mois : base neuve, puis base de dix ans."""
    if shutil.which("pg_ctlcluster", path=f"{os.environ.get('PATH', '')}:/usr/bin:/usr/sbin") is None:
        yield Mesure("un mois sur dix ans d'histoire", 1.1, None, "× base neuve", "il manque postgresql")
        return
    from tests.postgres import cluster
    from tests.store.test_plans import entire, noted

    communes = 30 if quick else 600
    codes = codes_of(VRAIES)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paie-histoire-")))
        registre = stack.enter_context(cluster())(folder)
        for code in codes:
            settle(registre, code, folder=folder, prisons=folder / "prisons")
        _month(registre, codes[0])
        with _seeding(registre) as seeding:
            seeding.towns(communes - VRAIES)
            seeding.history(0, 1)
        neuve = stack.enter_context(_twin(registre, folder))
        start = time.perf_counter()
        with _seeding(registre) as seeding:
            seeding.history(1, MOIS_D_HISTOIRE)
        seeded = time.perf_counter() - start
        _month(neuve, codes[1])
        # Noter les ordres coûte : ceux d'une commune qui ne se mesure pas.
        with noted(registre) as orders:
            _month(registre, codes[1])
            _boards(registre)
        new, old = _passages((neuve, registre), codes[2:])
        large = _large(registre)
        whole = entire(registre, orders, large, avoided=False)
        with registre.engine.connect() as connection:
            count = int(connection.execute(text("SELECT count(*) FROM bulletin")).scalar_one())
            weight = int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()) / 2**30
    kept = f"{count:,} bulletins gardés".replace(",", "\u202f")
    yield Mesure(
        f"un mois calculé et approuvé sur {kept}",
        1.1,
        old.processeur / new.processeur,
        "× base neuve",
        f"{old.processeur * 1000:.0f} ms contre {new.processeur * 1000:.0f} ms de processeur par commune de {AGENTS} "
        f"agents ; montre, PostgreSQL compris : {old.montre * 1000:.0f} contre {new.montre * 1000:.0f}, soit "
        f"{french(old.montre / new.montre)}",
    )
    yield Mesure(
        f"l'état et le tableau du mois de {communes} communes",
        1.5,
        old.tableau / new.tableau,
        "× base neuve",
        f"montre : {old.tableau * 1000:.0f} ms contre {new.tableau * 1000:.0f}",
    )
    yield Mesure(
        "ordres de ce mois qui lisent en entier une table qui grandit",
        0.5,
        float(len(whole)),
        "ordres",
        f"sur {len(orders)} ordres, plans de PostgreSQL sur cette base ; tables d'au moins {GRANDE} lignes : "
        + ", ".join(sorted(large))
        + "".join(f" ; {one[:200]}" for one in whole),
    )
    yield Mesure("base de dix ans", 40, weight, "Gio", f"semée en {seeded:.0f} s ; lignes des {VRAIES} communes vraies")


@dataclass(frozen=True, slots=True)
class Passage:
    """Secondes : le mois d'une commune (processeur de ce programme, montre), puis le tableau de toutes."""

    processeur: float
    montre: float
    tableau: float


def _passages(registres: Sequence[Registre], codes: Sequence[str]) -> list[Passage]:
    """Chaque commune sur chaque base, l'une aussitôt après l'autre : une machine qui ralentit les ralentit ensemble."""
    walls: list[list[float]] = [[] for _ in registres]
    processors: list[list[float]] = [[] for _ in registres]
    boards: list[list[float]] = [[] for _ in registres]
    for code in codes:
        for rank, registre in enumerate(registres):
            start = time.perf_counter()
            processors[rank].append(once_of_processor(partial(_month, registre, code)))
            walls[rank].append(time.perf_counter() - start)
            boards[rank].append(once(partial(_boards, registre)))
    return [
        Passage(median(each), median(wall), median(board))
        for each, wall, board in zip(processors, walls, boards, strict=True)
    ]


@contextmanager
def _twin(registre: Registre, folder: Path) -> Iterator[Registre]:
    """La même base, copiée avant que l'histoire n'y soit."""
    import psycopg

    server, name = registre.url.rsplit("/", 1)
    registre.engine.dispose()  # une base ne se copie que si nul ne s'en sert
    with psycopg.connect(f"{server.replace('+psycopg', '')}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE neuve TEMPLATE {name}")
    twin = Registre(f"{server}/neuve", folder / "pieces")
    try:
        yield twin
    finally:
        twin.close()


def _month(registre: Registre, code: str) -> None:
    compute_month(registre, code, MOIS, ACTE, sans_fichier=True)
    approve(registre, code, MOIS, ACTE, commentaire="mesure")


def _boards(registre: Registre) -> None:
    """Ce qu'on regarde tous les jours : l'état du mois, et la première page du tableau de bord."""
    month_board(registre, MOIS)
    read_board(registre, MOIS, echeances=Reglages().echeances(MOIS))


def _large(registre: Registre) -> set[str]:
    """Les tables de cette base qui ont grandi."""
    query = text("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= :least AND relnamespace = 2200")
    with registre.engine.connect() as connection:
        return set(connection.execute(query, {"least": GRANDE}).scalars())


@contextmanager
def _seeding(registre: Registre) -> Iterator[_Semis]:
    """De quoi semer l'histoire, en une transaction ; la base s'analyse ensuite, comme elle le fait seule la nuit."""
    with registre.engine.begin() as connection:
        # Des copies de lignes justes : les revérifier une à une triplerait le temps.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield _Semis(connection)
    with registre.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


class _Semis:
    """Des copies de la commune modèle et de sa paie, écrites en bloc par la base elle-même."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        # La première paie approuvée est celle de la modèle.
        self.paie, self.modele = self._one(
            "SELECT p.id, p.adherent_id FROM paie p JOIN approbation a ON a.paie_id = p.id ORDER BY p.id LIMIT 1"
        )

    def towns(self, number: int) -> None:
        """D'autres communes, leurs agents, leurs contrats et leur situation."""
        mine = f"adherent_id = {self.modele}"
        agents = f"agent_id IN (SELECT id FROM agent WHERE {mine})"
        contrats = f"contrat_id IN (SELECT id FROM contrat WHERE {mine})"
        moved = {name: f"t.{name} + g * {_PAS}" for name in ("id", "adherent_id", "agent_id", "contrat_id")}
        names = {"code": "'histoire-' || lpad(g::text, 4, '0')", "siret": "lpad(g::text, 14, '0')"}
        for table, which in {
            "adherent": f"id = {self.modele}",
            "parametre_employeur": mine,
            "agent": mine,
            "contrat": mine,
            "situation_contrat": contrats,
            "element_permanent": contrats,
            "taux_pas": agents,
        }.items():
            changed = {**moved, **names} if table == "adherent" else moved
            self._copy(table, f"{table} t CROSS JOIN generate_series(1, {number}) g", which, changed)

    def history(self, start: int, stop: int) -> None:
        """Les mois clos de toutes les communes ; l'âge 0 est le mois d'avant, que toute révision compare."""
        months = [MOIS.previous]
        while len(months) < stop:
            months.append(months[-1].previous)
        values = ", ".join(f"({age}, '{months[age]}')" for age in range(start, stop))
        self._do("DROP TABLE IF EXISTS mois_clos, passe, paire")
        self._do(f"CREATE TEMP TABLE mois_clos AS SELECT * FROM (VALUES {values}) AS v (age, mois)")
        self._do(
            "CREATE TEMP TABLE passe AS SELECT a.id AS adherent, a.code, left(a.code, 8) = 'commune-' AS vraie, m.mois,"
            f" row_number() OVER (ORDER BY m.age DESC, a.id) + {start * _PAS} AS n"
            " FROM adherent a CROSS JOIN mois_clos m"
        )
        # Le bulletin d'un agent se copie de celui du même matricule.
        self._do(
            "CREATE TEMP TABLE paire AS SELECT DISTINCT ON (c.id) c.adherent_id AS adherent, c.id AS contrat,"
            " b.id AS modele, row_number() OVER (PARTITION BY c.adherent_id ORDER BY c.id) AS rang"
            f" FROM contrat c JOIN agent a ON a.id = c.agent_id JOIN bulletin b ON b.matricule = a.matricule"
            f" AND b.paie_id = {self.paie} WHERE c.date_debut <= '{MOIS.previous}-01' ORDER BY c.id, b.id"
        )
        self._do("ANALYZE passe, paire")
        paie = f"passe.n + {_PAIES}"
        bulletin = f"passe.n * 64 + paire.rang + {_BULLETINS}"
        own = {"id": paie, "adherent_id": "passe.adherent", "mois": "passe.mois", "etat": "'close'"}
        self._copy("paie", "paie t CROSS JOIN passe", f"t.id = {self.paie}", {**own, "anomalies": "'[]'"})
        approved = f"t.paie_id = {self.paie}"
        self._copy("approbation", "approbation t CROSS JOIN passe", approved, {"paie_id": paie}, fresh=True)
        accounts = "compte_approuve t JOIN agent m ON m.id = t.agent_id JOIN agent a ON a.matricule = m.matricule"
        self._copy(
            "compte_approuve",
            f"{accounts} JOIN passe ON passe.adherent = a.adherent_id",
            f"m.adherent_id = {self.modele} AND t.mois = '{MOIS}'",
            {"agent_id": "a.id", "mois": "passe.mois"},
            fresh=True,
        )
        told = {"adherent_code": "passe.code", "mois": "passe.mois"}
        self._copy("evenement", "evenement t CROSS JOIN passe", self._of_model("adherent_code"), told, fresh=True)
        self._documents()
        copies = "bulletin t JOIN paire ON paire.modele = t.id JOIN passe ON passe.adherent = paire.adherent"
        changed = {"id": bulletin, "paie_id": paie, "contrat_id": "paire.contrat"}
        self._copy("bulletin", copies, "passe.vraie", changed)
        self._copy("bulletin", copies, "NOT passe.vraie", {**changed, "colonnes": "'{}'", "entrees": "'{}'"})
        lines = copies.replace("bulletin t", "ligne_bulletin t").replace("= t.id", "= t.bulletin_id")
        self._copy("ligne_bulletin", lines, "passe.vraie", {"bulletin_id": bulletin}, fresh=True)

    def _documents(self) -> None:
        """Les documents rendus et le message DSN de chaque mois : le modèle n'en a pas, leur forme suffit."""
        self._do(
            "INSERT INTO document_retour (adherent_id, mois, chemin, sha256, produit_le, depose_le)"
            " SELECT adherent, mois, 'document-' || g || '.pdf', md5(adherent || mois || g), now(), now()"
            f" FROM passe CROSS JOIN generate_series(1, {DOCUMENTS}) g"
        )
        self._do(
            "INSERT INTO message_dsn (paie_id, norme, type, numero_ordre, constitue_le, sha256, anomalies)"
            f" SELECT n + {_PAIES}, 'P26V01', '01', 1, now(), md5(adherent || mois), '[]' FROM passe"
        )

    def _of_model(self, column: str) -> str:
        return f"t.{column} = (SELECT code FROM adherent WHERE id = {self.modele})"

    def _copy(self, table: str, source: str, where: str, changed: dict[str, str], *, fresh: bool = False) -> None:
        """Copie des lignes d'une table, des colonnes changées ; ``fresh`` : la base leur donne une clé."""
        columns = [c["name"] for c in inspect(self.connection).get_columns(table) if not (fresh and c["name"] == "id")]
        values = ", ".join(changed.get(column, f"t.{column}") for column in columns)
        # Mois après mois, comme la vie les écrit : PostgreSQL sait alors qu'un mois tient en peu de pages.
        order = " ORDER BY passe.n" if "passe" in source else ""
        self._do(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {source} WHERE {where}{order}")

    def _do(self, statement: str) -> None:
        self.connection.exec_driver_sql(statement)

    def _one(self, statement: str) -> Any:
        return self.connection.exec_driver_sql(statement).one()
