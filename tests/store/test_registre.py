"""Le registre : migrations, transactions, pièces. Une base SQLite par essai, sur disque, comme en vrai."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, select

import payroll.store.tables as tables
from payroll.store.coffre import Coffre
from payroll.store.registre import Pieces, Registre, last_schema

MOMENT = datetime(2026, 11, 20, 9, tzinfo=UTC)
COFFRE = Coffre([b"c" * 32])


@pytest.fixture
def registre(tmp_path: Path) -> Registre:
    registre = Registre(f"sqlite:///{tmp_path}/paie.db", tmp_path / "pieces")
    registre.upgrade()
    return registre


def _evenement(geste: str) -> tables.Evenement:
    return tables.Evenement(le=MOMENT, par="essai", geste=geste, adherent_code="x")


def test_les_migrations_menent_exactement_au_schema_des_tables(registre: Registre) -> None:
    with registre.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)

    assert differences == []


def test_le_dernier_schema_lu_du_nom_des_migrations_est_celui_d_alembic() -> None:
    migrations = Config()
    migrations.set_main_option("script_location", str(Path(tables.__file__).parent / "migrations"))

    assert last_schema() == ScriptDirectory.from_config(migrations).get_current_head()


def test_migrer_deux_fois_ne_change_rien(registre: Registre) -> None:
    with registre.transaction() as session:
        session.add(_evenement("ouvrir"))
    registre.upgrade()

    with registre.transaction() as session:
        assert [row.geste for row in session.exec(select(tables.Evenement))] == ["ouvrir"]


def test_une_transaction_interrompue_ne_laisse_rien(registre: Registre) -> None:
    def interrupted() -> None:
        with registre.transaction() as session:
            session.add(_evenement("à moitié"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()

    with registre.transaction() as session:
        assert session.exec(select(tables.Evenement)).all() == []


def test_une_cle_etrangere_absente_est_refusee(registre: Registre) -> None:
    with pytest.raises(IntegrityError), registre.transaction() as session:
        session.add(tables.Paie(adherent_id=99, mois="2026-11", ouverte_le=MOMENT))


def test_une_piece_est_gardee_une_fois_sous_son_empreinte(tmp_path: Path) -> None:
    pieces = Pieces(tmp_path, COFFRE)
    sha256 = pieces.put(b"classeur")
    written = pieces.path(sha256).stat().st_mtime_ns

    assert pieces.put(b"classeur") == sha256
    assert pieces.path(sha256).stat().st_mtime_ns == written
    assert pieces.get(sha256) == b"classeur"


def test_une_piece_alteree_sur_le_disque_se_dit(tmp_path: Path) -> None:
    pieces = Pieces(tmp_path, COFFRE)
    sha256 = pieces.put(b"classeur")
    pieces.path(sha256).write_bytes(b"autre chose")

    with pytest.raises(ValueError, match="altérée"):
        pieces.get(sha256)


def test_une_ecriture_coupee_ne_fait_pas_une_piece(tmp_path: Path) -> None:
    """Le reste d'une écriture interrompue n'a pas le nom de la pièce : elle se réécrit entière."""
    pieces = Pieces(tmp_path, COFFRE)
    sha256 = pieces.put(b"classeur")
    target = pieces.path(sha256)
    target.rename(target.with_name(f".{sha256}.1.partiel"))

    assert not target.exists()
    assert pieces.get(pieces.put(b"classeur")) == b"classeur"


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_tout_ce_qui_est_garde_se_relit(tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]) -> None:
    pieces = Pieces(tmp_path_factory.mktemp("pieces"), COFFRE)
    names = [pieces.put(content) for content in contents]

    assert [pieces.get(name) for name in names] == contents
    assert len(set(names)) == len(set(contents))


def test_migrer_de_front_ne_casse_rien(tmp_path: Path) -> None:
    """Deux portes ouvrent la même installation neuve en même temps : l'une migre, l'autre attend."""
    registres = [Registre(f"sqlite:///{tmp_path}/paie.db", tmp_path / "pieces") for _ in range(4)]
    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(Registre.upgrade, registres))

    with registres[0].transaction() as session:
        assert session.exec(select(tables.Evenement)).all() == []
    for registre in registres:
        registre.close()


def test_deux_gestes_de_front_ne_lisent_pas_le_meme_etat(registre: Registre) -> None:
    """La transaction prend le verrou d'écriture dès son début : aucun des deux comptes n'est perdu."""

    def count(rank: int) -> None:
        with registre.transaction() as session:
            seen = len(session.exec(select(tables.Evenement)).all())
            session.add(_evenement(f"{rank} après {seen}"))

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(count, range(8)))

    with registre.transaction() as session:
        counts = sorted(row.geste.rsplit(" ", 1)[1] for row in session.exec(select(tables.Evenement)))
    assert counts == [str(rank) for rank in range(8)]
