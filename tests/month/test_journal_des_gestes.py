"""Le journal des gestes à l'écran : filtré, borné au portefeuille, et sa chaîne relue."""

from __future__ import annotations

from datetime import date

import pytest

from payroll.month.commun import record
from payroll.month.journal_des_gestes import FiltreJournal, Vue, read_journal, verify_journal
from payroll.store.tables import Evenement
from tests.month.conftest import Ouvrir
from tests.month.gestes import MOIS, Lieu, acte

TOUT = Vue("responsable")


@pytest.fixture
def deux(ouvrir_lieu: Ouvrir) -> Lieu:
    """Deux adhérents : l'un a ouvert et calculé, l'autre est seulement inscrit."""
    lieu = ouvrir_lieu("lubescaux")
    ouvrir_lieu("hontarede")
    lieu.ouvrir()
    lieu.calculer()
    return lieu


def gestes(lieu: Lieu, filtre: FiltreJournal, vue: Vue = TOUT) -> list[tuple[str, str]]:
    return [(row.adherent, row.geste) for row in read_journal(lieu.registre, vue, filtre).page.lignes]


@pytest.mark.parametrize(
    ("filtre", "attendu"),
    [
        (
            {},
            [("lubescaux", "calculer"), ("lubescaux", "ouvrir"), ("hontarede", "inscrire"), ("lubescaux", "inscrire")],
        ),
        ({"adherent": "hontarede"}, [("hontarede", "inscrire")]),
        ({"geste": "calculer"}, [("lubescaux", "calculer")]),
        ({"mois": str(MOIS)}, [("lubescaux", "calculer"), ("lubescaux", "ouvrir")]),
        ({"par": "personne"}, []),
        ({"du": date(2026, 11, 21)}, []),
        ({"au": date(2026, 11, 19)}, []),
        ({"du": date(2026, 11, 20), "au": date(2026, 11, 20), "geste": "ouvrir"}, [("lubescaux", "ouvrir")]),
    ],
)
def test_chaque_filtre(deux: Lieu, filtre: dict[str, object], attendu: list[tuple[str, str]]) -> None:
    assert gestes(deux, FiltreJournal(**filtre)) == attendu  # type: ignore[arg-type]


def test_un_portefeuille_ne_voit_que_les_siens(deux: Lieu) -> None:
    vue = Vue("m.dupont", ("hontarede",), agence=False)

    assert gestes(deux, FiltreJournal(), vue) == [("hontarede", "inscrire")]
    assert gestes(deux, FiltreJournal(adherent="lubescaux"), vue) == []
    assert read_journal(deux.registre, vue, FiltreJournal()).gestes == ("inscrire",)


@pytest.mark.parametrize(
    ("vue", "vus"),
    [
        (Vue("a"), {"a", "b"}),
        (Vue("a", agence=False), {"a"}),
        (Vue("a", ("hontarede",), agence=False), {"a"}),
        (Vue("a", ("hontarede",)), {"a", "b"}),
    ],
)
def test_les_connexions_des_autres_ne_se_montrent_qu_a_qui_tient_l_agence(deux: Lieu, vue: Vue, vus: set[str]) -> None:
    for who in ("a", "b"):
        with deux.registre.transaction() as session:
            record(session, acte(par=who), "connexion", "", None)

    lignes = read_journal(deux.registre, vue, FiltreJournal(geste="connexion")).page.lignes
    assert {row.par for row in lignes} == vus


def test_les_pages_restent_dans_les_bornes(deux: Lieu) -> None:
    page = read_journal(deux.registre, TOUT, FiltreJournal(), page=99, taille=3).page

    assert (page.numero, page.pages, page.total, len(page.lignes)) == (2, 2, 4, 1)


def test_une_ligne_changee_se_voit_et_les_autres_chaines_tiennent(deux: Lieu) -> None:
    sain = verify_journal(deux.registre)
    assert (sain.lignes, sain.chaines, sain.ruptures) == (4, 2, ())

    with deux.registre.transaction() as session:
        row = session.get_one(Evenement, deux.rows(Evenement)[0].id)
        row.par = "quelqu'un d'autre"
        session.add(row)

    assert [one.adherent for one in verify_journal(deux.registre).ruptures] == ["lubescaux"]
    assert verify_journal(deux.registre, ["hontarede"]).ruptures == ()
