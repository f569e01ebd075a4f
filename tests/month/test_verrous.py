"""Ralentir qui devine : cinq essais libres, puis une attente qui double ; par compte et par adresse."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from payroll.month.verrous import ADRESSE, COMPTE, Regle, Verdict, first_time_lately, forgive, take_try
from payroll.store.registre import Registre

HEURE = datetime(2026, 11, 20, 9, tzinfo=UTC)


def apres(**duree: int) -> datetime:
    return HEURE + timedelta(**duree)


def essais(registre: Registre, nombre: int, compte: str = "m.dune", adresse: str = "192.0.2.1") -> list[Verdict]:
    return [take_try(registre, compte, adresse, HEURE) for _ in range(nombre)]


@pytest.mark.parametrize(
    ("echecs", "secondes"),
    [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (10, 960), (11, 1800), (12, 1800), (400, 1800)],
)
def test_l_attente_double_jusqu_a_une_demi_heure(echecs: int, secondes: int) -> None:
    """Regle(5) : 30 s au cinquième échec, le double à chacun, trente minutes au plus."""
    assert Regle(5).wait(echecs) == timedelta(seconds=secondes)


def test_le_cinquieme_essai_ferme_et_le_dit_une_fois(registre: Registre) -> None:
    verdicts = essais(registre, 7)
    assert [item.libre for item in verdicts] == [True] * 5 + [False] * 2
    assert [item.vient_de_fermer for item in verdicts] == [False] * 4 + [True] + [False] * 2
    assert verdicts[-1].attente == timedelta(seconds=30)


def test_attendre_rend_un_essai_et_un_seul(registre: Registre) -> None:
    essais(registre, 5)
    assert take_try(registre, "m.dune", "192.0.2.1", apres(seconds=29)).attente == timedelta(seconds=1)
    assert take_try(registre, "m.dune", "192.0.2.1", apres(seconds=30)).libre
    assert take_try(registre, "m.dune", "192.0.2.1", apres(seconds=31)).attente == timedelta(seconds=59)


def test_un_compte_inconnu_attend_comme_un_autre(registre: Registre) -> None:
    known = essais(registre, 8, "m.dune", "192.0.2.1")
    unknown = essais(registre, 8, "personne", "192.0.2.2")
    assert known == unknown


def test_changer_d_adresse_ne_sert_a_rien_contre_un_compte(registre: Registre) -> None:
    for rank in range(5):
        assert take_try(registre, "m.dune", f"192.0.2.{rank}", HEURE).libre
    assert not take_try(registre, "m.dune", "192.0.2.99", HEURE).libre
    assert take_try(registre, "p.lande", "192.0.2.99", HEURE).libre


def test_changer_de_compte_ne_sert_a_rien_depuis_une_adresse(registre: Registre) -> None:
    verdicts = [take_try(registre, f"compte{rank}", "192.0.2.1", HEURE) for rank in range(ADRESSE.libres + 1)]
    assert [item.libre for item in verdicts] == [True] * ADRESSE.libres + [False]
    assert take_try(registre, "compte0", "192.0.2.2", HEURE).libre


def test_un_bon_essai_remet_le_compte_a_zero_sans_blanchir_l_adresse(registre: Registre) -> None:
    essais(registre, COMPTE.libres - 1)
    forgive(registre, "m.dune", "192.0.2.1")
    assert all(item.libre for item in essais(registre, COMPTE.libres))
    # L'adresse a gardé ses essais d'avant, moins le bon : 4 + 5 - 1 = 8 ; il en reste 22 libres.
    others = [take_try(registre, f"autre{rank}", "192.0.2.1", HEURE) for rank in range(23)]
    assert [item.libre for item in others] == [True] * 22 + [False]


def test_cent_essais_ensemble_ne_passent_pas_mieux_que_cinq(registre: Registre) -> None:
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda _: take_try(registre, "m.dune", "192.0.2.1", HEURE), range(24)))
    assert sum(item.libre for item in verdicts) == 5


def test_un_jour_calme_efface_tout(registre: Registre) -> None:
    essais(registre, 5)
    assert take_try(registre, "autre", "192.0.2.9", apres(hours=25)).libre
    with registre.transaction() as session:
        count = session.connection().execute(text("select count(*) from essai_acces")).scalar_one()
    assert count == 2


def test_ce_qui_a_ete_tape_n_est_pas_garde(registre: Registre) -> None:
    take_try(registre, "mon mot de passe tapé trop haut", "192.0.2.1", HEURE)
    with registre.transaction() as session:
        rows = session.connection().execute(text("select * from essai_acces")).all()
    assert "mot de passe" not in str(rows)
    assert "192.0.2.1" not in str(rows)


def test_un_refus_repete_ne_s_inscrit_qu_une_fois_par_dix_minutes(registre: Registre) -> None:
    moments = [0, 1, 9, 10, 11, 21]
    told = [first_time_lately(registre, "en-tête:192.0.2.1", apres(minutes=minute)) for minute in moments]
    assert told == [True, False, False, True, False, True]
    assert first_time_lately(registre, "en-tête:192.0.2.2", HEURE)
