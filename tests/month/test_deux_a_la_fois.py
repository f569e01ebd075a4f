"""Deux portes sur le même adhérent et le même mois : l'une gagne, l'autre le dit ; sur SQLite et sur PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from payroll.month.clore import close_month
from payroll.month.commun import GesteRefuse
from payroll.month.recevoir import keep_file, read_pending
from payroll.store import audit
from payroll.store.registre import Registre
from payroll.store.tables import (
    Approbation,
    BulletinPaie,
    ElementVariable,
    EtatPaie,
    FichierRecu,
    MessageDsn,
    Paie,
)
from tests.month.gestes import MOIS, Lieu, acte, description, element, fichier, inscrire
from tests.postgres import cluster

Geste = Callable[[Lieu], object]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Callable[[Path], Registre]]:
    with cluster() as fresh:
        yield fresh


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Lieu:
    if request.param == "sqlite":
        registre = Registre(f"sqlite:///{tmp_path}/paie.db", tmp_path / "pieces")
        registre.upgrade()
    else:
        registre = request.getfixturevalue("postgres")(tmp_path)
    return inscrire(registre, tmp_path, description("lubescaux"))


def both(place: Lieu, *gestes: Geste) -> list[object]:
    """Fait les gestes ensemble, chacun par sa propre porte ; rend leurs issues, dans l'ordre donné."""
    gate = Barrier(len(gestes))

    def act(geste: Geste) -> object:
        door = replace(place, registre=Registre(place.registre.url, place.registre.pieces.root, place.registre.cles))
        gate.wait()
        try:
            return geste(door)
        except GesteRefuse as refus:
            return refus
        finally:
            door.registre.close()

    with ThreadPoolExecutor(max_workers=len(gestes)) as pool:
        return list(pool.map(act, gestes))


def chain_holds(place: Lieu) -> bool:
    with place.registre.transaction() as session:
        return audit.verify(session)[1] == []


def test_tout_le_mois_se_joue(place: Lieu) -> None:
    place.ouvrir()
    place.deposer(fichier("lubescaux", element("LB002", "cia", "100,00")))
    place.calculer(sans_fichier=False)
    place.valider()
    place.declarer()
    place.produire()
    place.deposer_documents()
    close_month(place.registre, place.code, MOIS, acte(60))

    assert place.paie().etat == EtatPaie.CLOSE
    assert chain_holds(place)


def test_deux_ouvertures_font_un_seul_mois(place: Lieu) -> None:
    both(place, *[lambda door: door.ouvrir()] * 4)

    assert len(place.rows(Paie)) == 1
    assert chain_holds(place)


def test_deux_calculs_font_une_seule_revision(place: Lieu) -> None:
    place.ouvrir()
    done = both(place, *[lambda door: door.calculer()] * 4)

    assert sorted(result.nouvelle for result in done) == [False, False, False, True]  # type: ignore[attr-defined]
    assert [row.revision for row in place.rows(Paie)] == [1]
    assert len(place.rows(BulletinPaie)) == 5
    assert chain_holds(place)


def test_un_recalcul_pendant_l_approbation_ne_laisse_rien_d_approuve_a_tort(place: Lieu) -> None:
    place.ouvrir()
    place.calculer()
    place.deposer(fichier("lubescaux", element("LB002", "cia", "100,00")), minutes=12)
    both(place, lambda door: door.calculer(minutes=15), lambda door: door.valider(minutes=16))
    paie = place.paie()

    assert paie.revision == 2
    valid = [row for row in place.rows(Approbation) if row.annulee_le is None]
    assert [row.hash_contenu for row in valid] in ([], [paie.hash_contenu])
    assert (paie.etat == EtatPaie.VALIDEE) == bool(valid)
    assert chain_holds(place)


def test_deux_approbations_n_en_font_qu_une(place: Lieu) -> None:
    place.ouvrir()
    place.calculer()
    both(place, *[lambda door: door.valider()] * 3)

    assert len([row for row in place.rows(Approbation) if row.annulee_le is None]) == 1
    assert place.paie().etat == EtatPaie.VALIDEE


def test_deux_declarations_font_un_seul_message(place: Lieu) -> None:
    place.ouvrir()
    place.calculer()
    place.valider()
    both(place, *[lambda door: door.declarer()] * 3)

    assert [row.numero_ordre for row in place.rows(MessageDsn)] == [1]
    assert chain_holds(place)


def test_un_meme_fichier_releve_deux_fois_ne_compte_qu_une(place: Lieu) -> None:
    place.ouvrir()
    content = fichier("lubescaux", element("LB002", "cia", "100,00"))

    def take(door: Lieu) -> None:
        keep_file(door.registre, door.code, "variables.csv", content, acte(5))
        read_pending(door.registre, door.code, acte(6))

    both(place, *[take] * 3)

    assert len(place.rows(FichierRecu)) == 1
    assert [row.valeur for row in place.rows(ElementVariable)] == [10000]
    assert chain_holds(place)


def test_un_fichier_tardif_pendant_la_cloture_ne_se_perd_ni_ne_se_paie(place: Lieu) -> None:
    place.jusqu_a_la_restitution()
    late = fichier("lubescaux", element("LB002", "cia", "100,00"))

    both(
        place,
        lambda door: close_month(door.registre, door.code, MOIS, acte(60)),
        lambda door: door.deposer(late, minutes=61),
    )

    assert place.paie().etat == EtatPaie.CLOSE
    (row,) = place.fichiers()
    assert place.registre.pieces.get(row.sha256) == late
    assert any("aucun mois n'est ouvert" in text for text in place.accuses())
    assert chain_holds(place)
