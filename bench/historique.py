"""Dix ans d'histoire sous le mois en cours : le mois d'une commune va-t-il aussi vite ?

Une base SQLite de quelques communes vraies ; on mesure leur mois, puis on glisse sous lui 120 mois clos pour tout un
département (600 communes de 20 agents : 1,44 million de bulletins), et l'on remesure d'autres communes, pareilles. Les
lignes détaillées de l'histoire ne sont semées que pour les communes mesurées : elles ne se lisent que par bulletin.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench.departement import AGENTS, codes_of, settle
from bench.matiere import ACTE, MOIS
from bench.tableau import Mesure, once_of_processor
from payroll.month.calculer import compute_month
from payroll.month.valider import approve
from payroll.periods import Month
from payroll.store.registre import Registre

VRAIES = 6
MOIS_D_HISTOIRE = 120
_PAS = 1_000_000
"""Écart entre les clés d'une copie et de la suivante."""


def measure(*, quick: bool) -> Iterator[Mesure]:
    """Le temps de calculer et d'approuver un mois, base neuve puis base de dix ans."""
    communes = 60 if quick else 600
    with tempfile.TemporaryDirectory(prefix="paie-histoire-") as name:
        folder = Path(name)
        with closing(Registre(f"sqlite:///{folder / 'paie.db'}", folder / "pieces")) as registre:
            registre.upgrade()
            codes = codes_of(VRAIES)
            for code in codes:
                settle(registre, code, folder=folder, prisons=folder / "prisons")
            _months(registre, codes[:1])  # ce que le premier charge ne se mesure pas
            with _seeding(registre) as seeding:
                for adherent in seeding.real:
                    seeding.history(adherent, range(1), lines=True)  # le mois d'avant, que toute révision compare
            half = len(codes) // 2
            fresh = _months(registre, codes[1:half])
            start = time.perf_counter()
            with _seeding(registre) as seeding:
                for adherent in seeding.real:
                    seeding.history(adherent, range(1, MOIS_D_HISTOIRE), lines=True)
                for rank in range(communes - len(seeding.real)):
                    seeding.history(seeding.town(rank), range(MOIS_D_HISTOIRE), lines=False)
            seeded = time.perf_counter() - start
            old = _months(registre, codes[half:])
            count = _count(registre)
            weight = (folder / "paie.db").stat().st_size / 2**30
    yield Mesure(
        f"un mois sur {count:,} bulletins gardés".replace(",", "\u202f"),
        1.1,
        old / fresh,
        "× base neuve",
        f"{old * 1000:.0f} ms contre {fresh * 1000:.0f} ms de processeur par commune de {AGENTS} agents ; "
        f"base de {weight:.1f} Gio, semée en {seeded:.0f} s",
    )


def _months(registre: Registre, codes: Sequence[str]) -> float:
    """Secondes de processeur pour calculer et approuver un mois, en moyenne par commune."""
    return once_of_processor(lambda: [_month(registre, code) for code in codes]) / len(codes)


def _month(registre: Registre, code: str) -> None:
    compute_month(registre, code, MOIS, ACTE, sans_fichier=True)
    approve(registre, code, MOIS, ACTE, commentaire="mesure")


def _count(registre: Registre) -> int:
    with registre.engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM bulletin")).scalar_one())


@contextmanager
def _seeding(registre: Registre) -> Iterator[_Semis]:
    """De quoi semer l'histoire par copies en bloc du mois déjà calculé, en une transaction."""
    with registre.engine.begin() as connection:
        yield _Semis(connection)


class _Semis:
    """Des copies d'une commune et de sa paie, écrites par la base elle-même."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        (self.paie,) = connection.execute(text("SELECT min(paie_id) FROM bulletin")).one()
        query = text("SELECT adherent_id FROM paie WHERE id = :id")
        (self.adherent,) = connection.execute(query, {"id": self.paie}).one()
        self.real = connection.execute(text("SELECT id FROM adherent ORDER BY id")).scalars().all()
        (self.number,) = connection.execute(text("SELECT count(*) FROM paie")).one()

    def town(self, rank: int) -> int:
        """Une commune de plus, ses agents et leurs contrats ; rend sa clé."""
        shift = (rank + 1) * _PAS
        self._copy(
            "adherent",
            f"id = {self.adherent}",
            id=f"id + {shift}",
            code=f"'histoire-{rank:04d}'",
            siret=f"'{rank:014d}'",
        )
        self._copy("agent", f"adherent_id = {self.adherent}", id=f"id + {shift}", adherent_id=f"adherent_id + {shift}")
        mine = f"agent_id IN (SELECT id FROM agent WHERE adherent_id = {self.adherent})"
        own = {"adherent_id": f"adherent_id + {shift}", "agent_id": f"agent_id + {shift}"}
        self._copy("contrat", mine, id=f"id + {shift}", **own)
        return self.adherent + shift

    def history(self, adherent: int, ages: range, *, lines: bool) -> None:
        """Des mois clos de cette commune ; l'âge 0 est le mois d'avant."""
        mine = (
            "SELECT c.id, a.matricule FROM contrat c JOIN agent a ON a.id = c.agent_id"
            f" WHERE a.adherent_id = {adherent} AND c.date_debut <= '{MOIS.previous}-01'"
        )
        self.connection.execute(text("CREATE TEMP TABLE IF NOT EXISTS paire (contrat INTEGER, modele INTEGER)"))
        self.connection.execute(text("DELETE FROM paire"))
        # Le bulletin d'un agent se copie de celui du même matricule.
        self.connection.execute(
            text(
                f"INSERT INTO paire SELECT m.id, b.id FROM ({mine}) m JOIN bulletin b"
                f" ON b.matricule = m.matricule AND b.paie_id = {self.paie} GROUP BY m.id"
            )
        )
        month = MOIS.previous
        for age in range(ages.stop):
            if age in ages:
                self.number += 1
                self._one(adherent, month, lines=lines)
            month = month.previous

    def _one(self, adherent: int, month: Month, *, lines: bool) -> None:
        paie = self.number * 100 + 10 * _PAS * _PAS
        self._copy(
            "paie",
            f"id = {self.paie}",
            id=str(paie),
            adherent_id=str(adherent),
            mois=f"'{month}'",
            etat="'close'",
            anomalies="'[]'",
        )
        shift = paie * 100
        self._copy(
            "bulletin",
            "1",
            table="bulletin JOIN paire ON paire.modele = bulletin.id",
            id=f"bulletin.id + {shift}",
            paie_id=str(paie),
            contrat_id="paire.contrat",
            colonnes="'{}'",
            entrees="'{}'",
        )
        if lines:
            self._copy(
                "ligne_bulletin",
                "1",
                table="ligne_bulletin JOIN paire ON paire.modele = ligne_bulletin.bulletin_id",
                id="NULL",
                bulletin_id=f"ligne_bulletin.bulletin_id + {shift}",
            )

    def _copy(self, name: str, where: str, table: str = "", **changed: str) -> None:
        columns = self._columns(name)
        values = ", ".join(changed.get(column, f"{name}.{column}") for column in columns)
        self.connection.execute(
            text(f"INSERT INTO {name} ({', '.join(columns)}) SELECT {values} FROM {table or name} WHERE {where}")
        )

    def _columns(self, name: str) -> list[str]:
        return [row[1] for row in self.connection.execute(text(f"PRAGMA table_info({name})"))]
