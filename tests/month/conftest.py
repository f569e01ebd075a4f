"""Un registre neuf par essai, et les adhérents des exemples, tels quels ou modifiés."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from payroll.store.registre import Registre
from tests.month.gestes import Donnees, Lieu, description, inscrire

Inscrire = Callable[[Donnees], Lieu]
Ouvrir = Callable[[str], Lieu]


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
