"""L'état du mois en un nombre fixe de requêtes, et le récit de chaque ligne."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from payroll.month.commun import GesteRefuse
from payroll.month.etat import EtatAdherent, month_board
from payroll.month.expliquer import explain_line
from payroll.store.registre import Registre
from tests.month.conftest import Inscrire, Ouvrir
from tests.month.gestes import EXEMPLES, MOIS, Lieu, contrat_de, description, element, fichier


@contextmanager
def counted(registre: Registre) -> Iterator[list[str]]:
    """Les requêtes SQL faites pendant le bloc."""
    seen: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(registre.engine, "before_cursor_execute", listen)
    try:
        yield seen
    finally:
        event.remove(registre.engine, "before_cursor_execute", listen)


def _row(lieu: Lieu) -> EtatAdherent:
    return next(row for row in month_board(lieu.registre, MOIS) if row.code == lieu.code)


def test_l_etat_se_lit_en_autant_de_requetes_pour_deux_adherents_que_pour_sept(
    ouvrir_lieu: Ouvrir, registre: Registre
) -> None:
    counts = []
    for rank, path in enumerate(sorted(EXEMPLES.glob("*.yaml")), start=1):
        lieu = ouvrir_lieu(path.stem)
        lieu.ouvrir()
        lieu.calculer()
        if rank in (2, 7):
            with counted(registre) as seen:
                assert len(month_board(registre, MOIS)) == rank
            counts.append(len(seen))

    assert counts[0] == counts[1]
    assert counts[0] < 10


def test_l_etat_suit_la_paie(lieu: Lieu) -> None:
    assert _row(lieu).etat == "non ouverte"
    lieu.ouvrir()
    lieu.deposer(fichier("lubescaux", element("LB002", "cia", "douze")))
    lieu.deposer(fichier("lubescaux", element("LB002", "cia", "12,00")))
    lieu.calculer()
    row = _row(lieu)

    assert (row.etat, row.revision, row.fichiers_acceptes, row.fichiers_refuses) == ("calculee", 1, 1, 1)
    assert (row.bulletins, row.neant, row.anomalies_bloquantes) == (5, False, 0)
    assert row.brut == sum(bulletin.brut for bulletin in lieu.bulletins().values())
    assert row.net_a_payer == sum(bulletin.net_a_payer for bulletin in lieu.bulletins().values())
    assert row.a_deposer == len(lieu.dus())


def test_l_etat_compte_la_revision_courante_seule(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.calculer()
    lieu.deposer(fichier("lubescaux", element("LB002", "cia", "12,00")))
    lieu.calculer(minutes=60)
    row = _row(lieu)

    assert (row.revision, row.bulletins) == (2, 5)
    assert row.brut == sum(bulletin.brut for bulletin in lieu.bulletins().values())


def test_l_etat_dit_neant_et_les_agents_a_corriger(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    contrat_de(data, "LB002")["situations"][0]["indice_majore"] = 0
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    lieu.deposer(fichier("lubescaux", neant=True))
    lieu.calculer()
    row = _row(lieu)

    assert (row.neant, row.bulletins, row.anomalies_bloquantes) == (True, 4, 1)


@pytest.mark.parametrize(
    "matricule, rubrique, words",
    [
        ("LB001", "traitement", ("436", "décret")),
        ("LB001", "nbi", ("30",)),
        ("LB001", "cnracl", ("CNRACL",)),
        ("LB002", "rafp", ("RAFP",)),
        ("LB001", "csg_deductible", ("CSG",)),
        ("LB001", "pas", ("3,1",)),
        ("LB003", "indemnite_fonction", ("CGCT",)),
    ],
)
def test_chaque_ligne_raconte_son_montant(lieu: Lieu, matricule: str, rubrique: str, words: tuple[str, ...]) -> None:
    lieu.ouvrir()
    lieu.calculer()
    story = explain_line(lieu.registre, "lubescaux", MOIS, matricule, rubrique)
    numero = f"{matricule}01"
    amount = lieu.bulletins()[numero].pas if rubrique == "pas" else lieu.lignes(numero)[rubrique].montant_salarie

    for word in words:
        assert word.lower() in story.lower(), story
    whole, cents = divmod(abs(amount), 100)
    assert f"{whole % 1000:0{3 if whole >= 1000 else 1}d},{cents:02d}" in story
    assert not any(name in story for name in lieu.noms())


def test_expliquer_deduit_l_adherent_du_matricule(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.calculer()

    assert explain_line(lieu.registre, "", MOIS, "LB001", "traitement") == explain_line(
        lieu.registre, "lubescaux", MOIS, "LB001", "traitement"
    )


@pytest.mark.parametrize(
    "code, matricule, words",
    [
        ("lubescaux", "LB099", "aucun bulletin"),
        ("", "LB099", "Aucun agent"),
        ("ailleurs", "LB001", "Adhérent inconnu"),
    ],
)
def test_expliquer_ce_qui_n_existe_pas_se_refuse(lieu: Lieu, code: str, matricule: str, words: str) -> None:
    lieu.ouvrir()
    lieu.calculer()

    with pytest.raises(GesteRefuse, match=words):
        explain_line(lieu.registre, code, MOIS, matricule, "traitement")


def test_deux_adherents_au_meme_matricule_demandent_lequel(inscrire_lieu: Inscrire) -> None:
    for code, siret in (("lubescaux", "99900200900010"), ("autre-lieu", "99900200900028")):
        inscrire_lieu(description("lubescaux") | {"code": code, "siret": siret}).ouvrir()
    lieu = inscrire_lieu(description("pouymirede"))

    with pytest.raises(GesteRefuse, match="autre-lieu, lubescaux"):
        explain_line(lieu.registre, "", MOIS, "LB001", "traitement")


def test_une_ligne_absente_n_a_pas_de_recit(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.calculer()

    assert explain_line(lieu.registre, "lubescaux", MOIS, "LB003", "cnracl") == ""
