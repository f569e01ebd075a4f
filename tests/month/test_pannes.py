"""La matrice des pannes : chaque geste coupé à chacune de ses requêtes, puis refait, mène au même état.

En court, une suite de lectures compte pour l'écriture qu'elle précède : une lecture ne laisse rien derrière elle, et
couper à l'une ou à l'autre annule la même transaction. ``--endurance`` les coupe toutes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import SQLModel

from payroll.month.clore import close_month
from payroll.store.registre import Registre
from payroll.store.tables import (
    Approbation,
    BulletinPaie,
    DocumentRetour,
    ElementVariable,
    Evenement,
    FichierRecu,
    LigneBulletin,
    MessageDsn,
    Paie,
)
from tests.month.gestes import MOIS, Donnees, Lieu, acte, description, element, fichier, inscrire

TABLES: tuple[type[SQLModel], ...] = (
    Paie,
    FichierRecu,
    ElementVariable,
    BulletinPaie,
    LigneBulletin,
    Approbation,
    MessageDsn,
    DocumentRetour,
    Evenement,
)


class CoupureError(Exception):
    """Le courant est parti."""


@contextmanager
def coupure(registre: Registre, rang: int) -> Iterator[list[str]]:
    """Lève :class:`CoupureError` à la requête de ce rang (0 : jamais) ; rend les requêtes vues."""
    seen: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)
        if len(seen) == rang:
            raise CoupureError(statement)

    event.listen(registre.engine, "before_cursor_execute", listen)
    try:
        yield seen
    finally:
        event.remove(registre.engine, "before_cursor_execute", listen)


def _ranks(statements: list[str], *, endurance: bool) -> list[int]:
    """Les rangs où couper : la première requête, chaque écriture, la dernière ; toutes en endurance."""
    writes = {rank for rank, text in enumerate(statements, 1) if text.split()[0] in ("INSERT", "UPDATE", "DELETE")}
    return sorted(range(1, len(statements) + 1) if endurance else writes | {1, len(statements)})


def _tiny() -> Donnees:
    data = description("lubescaux")
    return data | {"agents": data["agents"][1:3]}


def _recevoir(lieu: Lieu) -> None:
    lieu.deposer(fichier("lubescaux", element("LB002", "cia", "100,00")), minutes=5)


def _remplacer(lieu: Lieu) -> None:
    lieu.deposer(fichier("lubescaux", element("LB002", "cia", "80,00"), remplace=True), minutes=7)


GESTES: dict[str, Callable[[Lieu], object]] = {
    "ouvrir": lambda lieu: lieu.ouvrir(),
    "recevoir": _recevoir,
    "remplacer": _remplacer,
    "calculer": lambda lieu: lieu.calculer(),
    "valider": lambda lieu: lieu.valider(),
    "declarer": lambda lieu: lieu.declarer(),
    "produire": lambda lieu: lieu.produire(),
    "deposer": lambda lieu: lieu.deposer_documents(),
    "clore": lambda lieu: close_month(lieu.registre, lieu.code, MOIS, acte(60)),
}


def _state(lieu: Lieu) -> dict[str, list[dict[str, object]]]:
    """Tout le registre, aux clés près."""
    return {table.__name__: [row.model_dump(exclude={"id"}) for row in lieu.rows(table)] for table in TABLES}


def _opened(folder: Path) -> Lieu:
    return Lieu(Registre(f"sqlite:///{folder}/paie.db", folder / "pieces"), "lubescaux")


@pytest.fixture(scope="module")
def avant(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Le mois joué une fois : pour chaque geste, le dossier de l'installation juste avant lui."""
    root = tmp_path_factory.mktemp("mois")
    current = root / "courant"
    current.mkdir()
    lieu = _opened(current)
    lieu.registre.upgrade()
    inscrire(lieu.registre, current, _tiny())
    folders = {}
    for geste, act in GESTES.items():
        lieu.registre.close()
        folders[geste] = Path(shutil.copytree(current, root / geste))
        act(lieu)
    lieu.registre.close()
    return folders


@pytest.mark.crash
@pytest.mark.parametrize("geste", list(GESTES))
def test_un_geste_coupe_puis_refait_mene_au_meme_etat(
    tmp_path: Path, avant: dict[str, Path], geste: str, request: pytest.FixtureRequest
) -> None:
    """Aucun document perdu ni doublé, aucune approbation inventée, aucun élément compté deux fois."""
    act = GESTES[geste]
    expected = _opened(Path(shutil.copytree(avant[geste], tmp_path / "sans-panne")))
    with coupure(expected.registre, 0) as seen:
        act(expected)
    state, documents = _state(expected), expected.documents()
    expected.registre.close()
    ranks = _ranks(seen, endurance=request.config.getoption("--endurance"))
    assert len(ranks) > 2

    for rang in ranks:
        lieu = _opened(Path(shutil.copytree(avant[geste], tmp_path / f"panne-{rang}")))
        with coupure(lieu.registre, rang), pytest.raises(CoupureError):
            act(lieu)
        act(lieu)
        assert _state(lieu) == state, f"{geste} coupé à la requête {rang}"
        for chemin, sha256 in documents.items():
            assert lieu.registre.pieces.get(sha256), chemin
        lieu.registre.close()
