"""Changer un dossier à une date : on ferme et on ouvre, le journal garde tout, le passé payé appelle un rappel."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from payroll.month.commun import GesteRefuse
from payroll.month.conditions import Change, change_conditions, change_permanent
from payroll.store.tables import Contrat, ElementPermanent, Evenement, SituationContrat
from tests.month.gestes import MOIS, Lieu, acte

AGENT, CODE = "LB002", "LB00201"
"""Titulaire CNRACL, 28 h, IM 377, IFSE 90 €, conditions depuis le 1er janvier 2026."""


def _changer(lieu: Lieu, du: date, motif: str = "arrêté", **valeurs: str) -> Change:
    return change_conditions(lieu.registre, lieu.code, AGENT, acte(), du=du, valeurs=valeurs, motif=motif)


def _primer(lieu: Lieu, du: date, montant: int, rubrique: str = "ifse") -> Change:
    return change_permanent(
        lieu.registre, lieu.code, AGENT, acte(), rubrique=rubrique, montant=montant, du=du, motif="délibération"
    )


def _rows(lieu: Lieu, table: Any) -> list[Any]:
    with lieu.registre.transaction() as session:
        contrat = session.exec(select(Contrat).where(Contrat.numero == CODE)).one()
    return sorted((row for row in lieu.rows(table) if row.contrat_id == contrat.id), key=lambda row: row.du)


def test_un_avancement_ferme_la_veille_et_ouvre(lieu: Lieu) -> None:
    change = _changer(lieu, date(2026, 11, 15), indice_majore="385", echelon="11")
    avant, apres = _rows(lieu, SituationContrat)
    assert (avant.indice_majore, avant.au) == (377, date(2026, 11, 14))
    assert (apres.indice_majore, apres.echelon, apres.du, apres.au) == (385, "11", date(2026, 11, 15), None)
    assert apres.heures_hebdo_centiemes == avant.heures_hebdo_centiemes
    assert change.mois_payes == ()
    event = lieu.rows(Evenement)[-1]
    assert event.geste == "changer-conditions"
    assert event.detail["changements"]["indice_majore"] == [377, 385]


def test_un_changement_ne_deborde_pas_sur_des_conditions_deja_connues(lieu: Lieu) -> None:
    _changer(lieu, date(2026, 6, 1), indice_majore="390")
    change = _changer(lieu, date(2026, 3, 1), indice_majore="385")
    assert [(row.indice_majore, row.au) for row in _rows(lieu, SituationContrat)] == [
        (377, date(2026, 2, 28)),
        (385, date(2026, 5, 31)),
        (390, None),
    ]
    assert change.jusqu_au == date(2026, 5, 31)


def test_le_jour_meme_d_une_ligne_la_corrige_et_le_journal_garde_l_ancien(lieu: Lieu) -> None:
    _changer(lieu, date(2026, 1, 1), quotite="0.8")
    (row,) = _rows(lieu, SituationContrat)
    assert (row.quotite_num, row.quotite_den) == (4, 5)
    assert lieu.rows(Evenement)[-1].detail["changements"] == {"quotite_num": [1, 4], "quotite_den": [1, 5]}


def test_les_mois_deja_payes_sont_nommes(lieu: Lieu) -> None:
    lieu.jusqu_a_la_restitution(MOIS)
    assert _changer(lieu, date(2026, 11, 15), nbi="10").mois_payes == (MOIS,)
    assert _changer(lieu, date(2026, 12, 1), nbi="15").mois_payes == ()


@pytest.mark.parametrize(
    ("du", "montant", "attendu"),
    [
        pytest.param(date(2026, 6, 1), 12_000, [(9_000, date(2026, 5, 31)), (12_000, None)], id="relevée"),
        pytest.param(date(2026, 6, 1), 0, [(9_000, date(2026, 5, 31))], id="supprimée"),
        pytest.param(date(2026, 1, 1), 12_000, [(12_000, None)], id="corrigée dès le début"),
    ],
)
def test_une_prime_change_a_sa_date(lieu: Lieu, du: date, montant: int, attendu: list[tuple[int, date | None]]) -> None:
    change = _primer(lieu, du, montant)
    assert [(row.montant, row.au) for row in _rows(lieu, ElementPermanent)] == attendu
    assert dict(change.anciennes) == {"ifse": 9_000}
    assert lieu.rows(Evenement)[-1].detail["ancien"] == 9_000


def test_une_prime_nouvelle_avant_une_autre_deja_connue_s_arrete_la_veille(lieu: Lieu) -> None:
    _primer(lieu, date(2026, 9, 1), 5_000, "prime_diverse")
    change = _primer(lieu, date(2026, 6, 1), 3_000, "prime_diverse")
    diverses = [(row.montant, row.au) for row in _rows(lieu, ElementPermanent) if row.rubrique == "prime_diverse"]
    assert diverses == [(3_000, date(2026, 8, 31)), (5_000, None)]
    assert change.jusqu_au == date(2026, 8, 31)


@pytest.mark.parametrize(
    ("du", "motif", "valeurs", "message"),
    [
        pytest.param(date(2026, 6, 1), " ", {"nbi": "10"}, "dit sa raison", id="sans motif"),
        pytest.param(date(2026, 6, 1), "arrêté", {}, "aucune", id="rien à changer"),
        pytest.param(date(2026, 6, 1), "arrêté", {"nom": "X"}, "nom", id="champ inconnu"),
        pytest.param(date(2026, 6, 1), "arrêté", {"nbi": "beaucoup"}, "nbi", id="illisible"),
        pytest.param(date(2026, 6, 1), "arrêté", {"indice_majore": "9999"}, "indice_majore", id="impossible"),
        pytest.param(date(2018, 6, 1), "arrêté", {"nbi": "10"}, "aucun contrat", id="avant le contrat"),
        pytest.param(date(2025, 6, 1), "arrêté", {"nbi": "10"}, "pas de conditions", id="avant les conditions"),
    ],
)
def test_ce_qui_ne_se_change_pas(lieu: Lieu, du: date, motif: str, valeurs: dict[str, str], message: str) -> None:
    with pytest.raises(GesteRefuse, match=message):
        _changer(lieu, du, motif, **valeurs)
    assert len(_rows(lieu, SituationContrat)) == 1


@pytest.mark.parametrize(("rubrique", "montant"), [("acompte", 100), ("ifse", -1)], ids=["ponctuelle", "négatif"])
def test_une_prime_impossible_est_refusee(lieu: Lieu, rubrique: str, montant: int) -> None:
    with pytest.raises(GesteRefuse, match="Rubriques admises"):
        _primer(lieu, date(2026, 6, 1), montant, rubrique)
