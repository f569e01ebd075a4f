"""Le mois d'un contrat coupé par ses lignes datées : ce qui se coupe se paie, le reste est refusé par son nom."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from payroll.anomalies import Anomalie
from payroll.month.parties import cut
from payroll.store.tables import LigneBulletin, SituationContrat
from tests.month.conftest import Inscrire
from tests.month.gestes import MOIS, Donnees, Lieu, contrat_de, description

CODE = "LB00201"
"""Titulaire CNRACL, 28 h, IM 377, IFSE 90 €."""


def _changer(data: Donnees, du: str, veille: str, **changes: Any) -> None:
    """Ferme les conditions de LB002 la veille et en ouvre d'autres."""
    contrat = contrat_de(data, "LB002")
    contrat["situations"][0]["au"] = veille
    contrat["situations"].append(dict(contrat["situations"][0]) | {"du": du, "au": None} | changes)


def _lignes(lieu: Lieu, code: str) -> list[tuple[str, int]]:
    bulletin = lieu.bulletins()[CODE]
    return [
        (row.libelle, row.montant_salarie)
        for row in lieu.rows(LigneBulletin)
        if row.bulletin_id == bulletin.id and row.code == code
    ]


def _calculer(inscrire_lieu: Inscrire, data: Donnees) -> tuple[Lieu, list[tuple[str, str]]]:
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    result = lieu.calculer()
    return lieu, [(row.code, row.matricule) for row in result.anomalies if row.code.startswith("changement")]


def _mensuel(indice: int, heures: int, jours: int) -> int:
    """Traitement de ``jours`` trentièmes : temps complet arrondi, puis durée et trentièmes ensemble."""
    plein = int(Fraction(indice * 590734, 1200) + Fraction(1, 2))
    return int(Fraction(plein * heures * jours, 35 * 30) + Fraction(1, 2))


def test_un_avancement_le_15_paie_deux_parties(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    _changer(data, "2026-11-15", "2026-11-14", echelon="11", indice_majore=385)
    lieu, refus = _calculer(inscrire_lieu, data)
    assert refus == []
    assert _lignes(lieu, "traitement") == [
        ("Traitement indiciaire, du 1er au 14", _mensuel(377, 28, 14)),
        ("Traitement indiciaire, du 15 au 30", _mensuel(385, 28, 16)),
    ]


def test_un_echelon_sans_changement_d_indice_ne_coupe_rien(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    _changer(data, "2026-11-15", "2026-11-14", echelon="11", grade="Adjoint technique principal")
    lieu, refus = _calculer(inscrire_lieu, data)
    assert refus == []
    assert _lignes(lieu, "traitement") == [("Traitement indiciaire", _mensuel(377, 28, 30))]


def test_une_prime_qui_finit_le_10_se_paie_dix_trentiemes(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    contrat_de(data, "LB002")["permanents"][0]["au"] = "2026-11-10"
    lieu, refus = _calculer(inscrire_lieu, data)
    assert refus == []
    assert sum(montant for _, montant in _lignes(lieu, "ifse")) == 3000
    # Le traitement, coupé au même jour, se retrouve entier.
    assert sum(montant for _, montant in _lignes(lieu, "traitement")) == sum(
        _mensuel(377, 28, jours) for jours in (10, 20)
    )


@pytest.mark.parametrize(
    ("du", "veille", "changes"),
    [
        pytest.param("2026-11-16", "2026-11-14", {"indice_majore": 385}, id="un jour sans conditions"),
        pytest.param(
            "2026-11-15", "2026-11-14", {"regime_retraite": "ircantec", "heures_hebdo": "20"}, id="régime de retraite"
        ),
    ],
)
def test_ce_qui_ne_se_coupe_pas_est_refuse(
    inscrire_lieu: Inscrire, du: str, veille: str, changes: dict[str, Any]
) -> None:
    data = description("lubescaux")
    _changer(data, du, veille, **changes)
    lieu, refus = _calculer(inscrire_lieu, data)
    assert refus == [("changement-en-cours-de-mois", "LB002")]
    assert CODE not in lieu.bulletins()


def test_un_jour_a_deux_conditions_est_refuse() -> None:
    """L'import refuse déjà ce chevauchement ; le calcul n'en suppose rien."""
    row = SituationContrat(contrat_id=1, du=date(2026, 1, 1), au=date(2026, 11, 14), regime_retraite="cnracl")
    autre = SituationContrat(contrat_id=1, du=date(2026, 11, 14), regime_retraite="cnracl")
    found = cut(MOIS, "LB002", MOIS.first_day, MOIS.last_day, [row, autre], [])
    assert isinstance(found, Anomalie)
    assert "deux fois du 14/11/2026 au 14/11/2026" in found.message


def test_un_bulletin_coupe_se_relit_tel_qu_il_a_ete_calcule(inscrire_lieu: Inscrire) -> None:
    """Les entrées gardées disent les parties : le bulletin se refait, le recalcul ne fait pas de révision."""
    data = description("lubescaux")
    _changer(data, "2026-11-15", "2026-11-14", indice_majore=385)
    lieu, _ = _calculer(inscrire_lieu, data)
    (segment,) = lieu.bulletins()[CODE].entrees["situation"]["segments"]
    assert (segment["fin"], segment["indice_majore"]) == (str(date(2026, 11, 14)), 377)
    assert lieu.calculer(minutes=30).nouvelle is False
