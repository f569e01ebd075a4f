"""Un mois coupé : sans changement rien ne bouge, et les parties font toujours le mois."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payroll.engine import compute
from payroll.engine.bulletin import Bulletin
from payroll.engine.situation import Employeur, RegimeRetraite, Segment, Situation, Statut
from payroll.periods import Month
from tests.engine.fabrique import employeurs, situations

MARS = Month(2026, 3)
EMPLOYEUR = Employeur(population=800, effectif=10)


def _one(employeur: Employeur, situation: Situation, mois: Month = MARS) -> Bulletin:
    calcul = compute(mois, [employeur], [situation])
    assert calcul.bulletins[0], [str(anomalie) for anomalie in calcul.anomalies]
    return calcul.bulletins[0]


def _titulaire(indice: int, segments: tuple[Segment, ...] = ()) -> Situation:
    return Situation(
        matricule="M1",
        statut=Statut.TITULAIRE,
        regime_retraite=RegimeRetraite.CNRACL,
        indice_majore=indice,
        segments=segments,
    )


@settings(max_examples=50)
@given(employeurs, situations, st.sets(st.integers(1, 30), min_size=1, max_size=4))
def test_couper_un_mois_sans_changement_ne_change_rien(
    employeur: Employeur, situation: Situation, jours: set[int]
) -> None:
    """Toutes les sommes, toutes les lignes, toutes les colonnes : au centime et à l'octet."""
    debut = situation.date_debut.day if situation.date_debut else 1
    fins = sorted(jour for jour in jours if debut <= jour < 31)
    coupee = replace(situation, segments=tuple(Segment(date(2026, 3, jour)) for jour in fins))
    entier, coupe = _one(employeur, situation), _one(employeur, coupee)
    assert coupe.lignes == entier.lignes
    assert dict(coupe.colonnes) == dict(entier.colonnes)
    assert coupe.cumuls == entier.cumuls


@settings(max_examples=40)
@given(
    st.sampled_from([Month(2026, 2), Month(2026, 3), Month(2026, 4)]),
    st.lists(st.integers(366, 900), min_size=2, max_size=4, unique=True),
    st.data(),
)
def test_les_parties_font_trente_trentiemes(mois: Month, indices: list[int], data: st.DataObject) -> None:
    """La part de chaque indice, recomptée à la main, donne le traitement du mois."""
    fins = sorted(
        data.draw(st.sets(st.integers(1, mois.days - 1), min_size=len(indices) - 1, max_size=len(indices) - 1))
    )
    segments = tuple(
        Segment(date(mois.year, mois.month, jour), indice_majore=indice)
        for jour, indice in zip(fins, indices, strict=False)
    )
    bulletin = _one(EMPLOYEUR, _titulaire(indices[-1], segments), mois)
    debuts = [1, *(min(jour + 1, 30) for jour in fins), 31]
    attendu = 0
    for rang, indice in enumerate(indices):
        plein = _arrondi(Fraction(indice * 590734, 1200))
        attendu += _arrondi(Fraction(plein * (debuts[rang + 1] - debuts[rang]), 30))
    assert bulletin.cumuls.rafp_traitement == attendu
    assert sum(line.montant_salarie for line in bulletin.lignes if line.code == "traitement") == attendu


def _arrondi(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


def test_un_mois_coupe_ne_touche_pas_ses_voisins_de_lot() -> None:
    coupe = _titulaire(380, (Segment(date(2026, 3, 15), indice_majore=366),))
    lot = [_titulaire(500), coupe, replace(_titulaire(366), matricule="M2")]
    ensemble = compute(MARS, [EMPLOYEUR] * 3, lot).bulletins
    assert ensemble == [_one(EMPLOYEUR, situation) for situation in lot]


def test_les_lignes_disent_leurs_jours() -> None:
    bulletin = _one(EMPLOYEUR, _titulaire(380, (Segment(date(2026, 3, 15), indice_majore=366),)))
    libelles = [line.libelle for line in bulletin.lignes if line.code == "traitement"]
    assert libelles == ["Traitement indiciaire, du 1er au 15", "Traitement indiciaire, du 16 au 31"]


@pytest.mark.parametrize("jours", [(15, 15), (20, 10)], ids=["deux fois le même", "dans le désordre"])
def test_des_dates_en_desordre_sont_refusees(jours: tuple[int, int]) -> None:
    segments = tuple(Segment(date(2026, 3, jour), indice_majore=366) for jour in jours)
    calcul = compute(MARS, [EMPLOYEUR], [_titulaire(380, segments)])
    assert calcul.bulletins == [None]
    assert {anomalie.code for anomalie in calcul.anomalies} == {"changement-hors-du-mois"}
