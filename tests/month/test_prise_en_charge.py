"""Prendre en charge un adhérent : rien ne s'inscrit avant la confirmation, et seulement ce qui a été examiné."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from payroll.month.commun import GesteRefuse
from payroll.month.prise_en_charge import FICHIERS_MAX, complement_of, enroll_examined, examine, examine_again
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Agent
from tests.month.gestes import MOIS, acte, description, inscrire

A_LA_MAIN = {
    "nom": "Lubescaux",
    "nature": "commune",
    "code_insee": "40999",
    "population": "210",
    "zone_residence": "3",
    "parametres.0.taux_at": "1.62",
    "parametres.0.taux_cdg": "1.43",
    "agents.LB001.contrats.LB00101.situations.0.categorie": "A",
    "agents.LB001.contrats.LB00101.situations.0.heures_tous_employeurs": "35",
    "agents.LB002.contrats.LB00201.situations.0.categorie": "C",
}


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """La DSN d'une petite commune, telle qu'un autre logiciel la remettrait."""
    folder = tmp_path_factory.mktemp("ailleurs")
    registre = Registre(f"sqlite:///{folder}/paie.db", folder / "pieces")
    registre.upgrade()
    lieu = inscrire(registre, folder, description("lubescaux"))
    lieu.ouvrir()
    lieu.calculer()
    lieu.valider(commentaire="essai")
    lieu.declarer()
    content = lieu.content(f"dsn-{MOIS}-{lieu.code}.dsn")
    registre.close()
    return content


@pytest.fixture
def registre(tmp_path: Path) -> Iterator[Registre]:
    registre = Registre(f"sqlite:///{tmp_path}/paie.db", tmp_path / "pieces")
    registre.upgrade()
    yield registre
    registre.close()


def inscrits(registre: Registre) -> list[str]:
    with registre.transaction() as session:
        return list(session.exec(select(Adherent.code)).all())


def test_examiner_dit_ce_qui_manque_et_n_inscrit_rien(registre: Registre, dsn: bytes) -> None:
    examen = examine(registre, [("novembre.dsn", dsn)], acte(), code="lub")

    assert examen.reprise is not None
    assert (examen.reprise.agents, examen.reprise.premier_mois) == (5, MOIS.next)
    assert {item.chemin for item in examen.reprise.essentiels} == set(A_LA_MAIN)
    assert inscrits(registre) == []


def test_les_valeurs_remplies_puis_l_inscription(registre: Registre, dsn: bytes) -> None:
    premier = examine(registre, [("novembre.dsn", dsn)], acte(), code="lub")
    complet = examine_again(registre, premier.empreintes, acte(1), code="lub", valeurs=A_LA_MAIN)

    assert complet.reprise is not None
    assert complet.reprise.essentiels == ()
    assert enroll_examined(registre, complet, acte(2))
    assert inscrits(registre) == ["lub"]
    with registre.transaction() as session:
        assert len(session.exec(select(Agent)).all()) == 5
    assert not enroll_examined(registre, complet, acte(3)), "répété, rien ne change"


def test_un_blanc_essentiel_retient_l_inscription(registre: Registre, dsn: bytes) -> None:
    examen = examine(registre, [("novembre.dsn", dsn)], acte(), code="lub", valeurs={**A_LA_MAIN, "nom": " "})

    with pytest.raises(GesteRefuse, match="1 valeur à remplir"):
        enroll_examined(registre, examen, acte(1))
    assert inscrits(registre) == []


def test_seul_qui_a_examine_peut_reprendre_l_examen(registre: Registre, dsn: bytes) -> None:
    examen = examine(registre, [("novembre.dsn", dsn)], acte(), code="lub")

    with pytest.raises(GesteRefuse, match="ne sont pas ceux que vous avez examinés"):
        examine_again(registre, examen.empreintes, acte(1, par="une-autre"), code="lub")


def test_une_piece_du_registre_ne_se_fait_pas_passer_pour_une_dsn_remise(registre: Registre) -> None:
    secret = registre.pieces.put(b"la paie d'un autre")

    with pytest.raises(GesteRefuse, match="ne sont pas ceux que vous avez examinés"):
        examine_again(registre, (secret,), acte())


@pytest.mark.hostile
def test_un_fichier_quelconque_est_un_constat_nomme_comme_on_l_a_remis(registre: Registre) -> None:
    examen = examine(registre, [("<script>.dsn", b"\x00\xff pas une DSN")], acte())

    assert examen.reprise is None
    assert {one.fichier for one in examen.anomalies} == {"<script>.dsn"}
    with pytest.raises(GesteRefuse, match="rien n'est inscrit"):
        enroll_examined(registre, examen, acte(1))


@pytest.mark.parametrize(("nombre", "phrase"), [(0, "au moins une DSN"), (FICHIERS_MAX + 1, "une année")])
def test_le_nombre_de_fichiers_est_borne(registre: Registre, nombre: int, phrase: str) -> None:
    with pytest.raises(GesteRefuse, match=phrase):
        examine(registre, [("x.dsn", b"")] * nombre, acte())


@pytest.mark.parametrize(
    ("chemin", "attendu"),
    [
        ("nom", {"nom": "x"}),
        ("parametres.0.taux_at", {"parametres": {"taux_at": "x"}}),
        ("agents.00012.iban", {"agents": [{"matricule": "00012", "iban": "x"}]}),
        (
            "agents.A.1.contrats.C.2.situations.0.grade",
            {"agents": [{"matricule": "A.1", "contrats": [{"numero": "C.2", "situations": {"grade": "x"}}]}]},
        ),
    ],
)
def test_un_chemin_devient_sa_place_dans_la_feuille(chemin: str, attendu: dict[str, object]) -> None:
    assert complement_of({chemin: "x"}) == attendu
    assert complement_of({chemin: "  "}) == {}
