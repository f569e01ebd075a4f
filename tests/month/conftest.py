"""Un registre neuf par essai, et les adhérents des exemples, tels quels, modifiés ou déjà avancés dans leur mois."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from payroll.store.registre import Registre
from tests.month.gestes import Donnees, Lieu, description, inscrire

Inscrire = Callable[[Donnees], Lieu]
Ouvrir = Callable[[str], Lieu]
Jouer = Callable[[str, Callable[[Lieu], object]], Lieu]


@pytest.fixture
def registre(tmp_path: Path) -> Iterator[Registre]:
    registre = Registre(f"sqlite:///{tmp_path}/paie.db", tmp_path / "pieces")
    registre.upgrade()
    yield registre
    registre.close()


@pytest.fixture
def inscrire_lieu(registre: Registre, tmp_path: Path) -> Inscrire:
    """Inscrit une description, éventuellement modifiée par l'essai."""
    return lambda data: inscrire(registre, tmp_path, data)


@pytest.fixture
def ouvrir_lieu(inscrire_lieu: Inscrire) -> Ouvrir:
    """Inscrit un adhérent des exemples."""
    return lambda code: inscrire_lieu(description(code))


@pytest.fixture
def lieu(ouvrir_lieu: Ouvrir) -> Lieu:
    """La plus petite commune des exemples : deux titulaires à temps non complet, trois élus."""
    return ouvrir_lieu("lubescaux")


@pytest.fixture(scope="module")
def _joues() -> dict[tuple[str, str], Path]:
    return {}


@pytest.fixture
def jouer(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, _joues: dict[tuple[str, str], Path]
) -> Iterator[Jouer]:
    """Un adhérent des exemples après ces gestes, joués une fois par fichier d'essais puis copiés pour chaque essai."""
    opened: list[Registre] = []

    def copied(code: str, play: Callable[[Lieu], object]) -> Lieu:
        known = (code, play.__qualname__)
        if known not in _joues:
            folder = tmp_path_factory.mktemp("joue")
            first = Registre(f"sqlite:///{folder}/paie.db", folder / "pieces")
            first.upgrade()
            play(inscrire(first, folder, description(code)))
            first.close()
            _joues[known] = folder
        shutil.copytree(_joues[known], tmp_path, dirs_exist_ok=True)
        registre = Registre(f"sqlite:///{tmp_path}/paie.db", tmp_path / "pieces")
        opened.append(registre)
        return Lieu(registre, code)

    yield copied
    for registre in opened:
        registre.close()
