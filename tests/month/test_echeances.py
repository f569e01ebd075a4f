"""Les échéances d'un mois, contre le calendrier : jours fériés, fins de semaine, changement d'année et d'heure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payroll.month.echeances import (
    PARIS,
    Nature,
    dsn_nature,
    is_working_day,
    month_deadlines,
    on_or_after,
    on_or_before,
    working_days_before,
)
from payroll.periods import Month
from payroll.settings import Reglages

# mois, échéance, date légale, date de l'agence, rappel ; relevés sur un calendrier.
DSN = [
    # 5 décembre 2026 : samedi ; la loi attend le lundi 7, l'agence dépose le vendredi 4.
    ("2026-11", Nature.DSN_5, "2026-12-07", "2026-12-04", "2026-12-03"),
    ("2026-11", Nature.DSN_15, "2026-12-15", "2026-12-15", "2026-12-14"),
    # La paie de décembre se déclare en janvier ; le rappel du 5 n'a pas à sauter le jour de l'an.
    ("2026-12", Nature.DSN_5, "2027-01-05", "2027-01-05", "2027-01-04"),
    ("2026-12", Nature.DSN_15, "2027-01-15", "2027-01-15", "2027-01-14"),
    # 15 août 2026 : samedi et Assomption.
    ("2026-07", Nature.DSN_15, "2026-08-17", "2026-08-14", "2026-08-13"),
    # 15 août 2025 : vendredi férié ; le jour ouvré suivant est le lundi 18.
    ("2025-07", Nature.DSN_15, "2025-08-18", "2025-08-14", "2025-08-13"),
    # 15 novembre 2026 : dimanche ; le 11 est férié, sans effet sur le rappel du vendredi 13, parti le jeudi 12.
    ("2026-10", Nature.DSN_15, "2026-11-16", "2026-11-13", "2026-11-12"),
    ("2026-10", Nature.DSN_5, "2026-11-05", "2026-11-05", "2026-11-04"),
    # 5 avril 2026 : dimanche de Pâques ; le lundi de Pâques reporte la loi au mardi.
    ("2026-03", Nature.DSN_5, "2026-04-07", "2026-04-03", "2026-04-02"),
    # 15 mai 2026 : le lendemain de l'Ascension ; le rappel recule au mercredi 13.
    ("2026-04", Nature.DSN_15, "2026-05-15", "2026-05-15", "2026-05-13"),
    # 5 mai 2026 : mardi ; le 1er mai est passé.
    ("2026-04", Nature.DSN_5, "2026-05-05", "2026-05-05", "2026-05-04"),
    # Le 5 juin 2028 est le lundi de Pentecôte.
    ("2028-05", Nature.DSN_5, "2028-06-06", "2028-06-02", "2028-06-01"),
    # Avant et après le changement d'heure : midi reste midi.
    ("2026-02", Nature.DSN_15, "2026-03-16", "2026-03-13", "2026-03-12"),
]


@pytest.mark.parametrize(("mois", "nature", "legale", "interne", "rappel"), DSN)
def test_la_dsn_est_due_a_midi_le_5_ou_le_15(mois: str, nature: Nature, legale: str, interne: str, rappel: str) -> None:
    month = Month.parse(mois)
    found = month_deadlines(month, Reglages().date_paiement(month), 7)[nature]

    assert found.legale == datetime.fromisoformat(f"{legale}T12:00").replace(tzinfo=PARIS)
    assert found.interne == datetime.fromisoformat(f"{interne}T12:00").replace(tzinfo=PARIS)
    assert found.rappel == date.fromisoformat(rappel)


@pytest.mark.parametrize(
    ("mois", "utc"),
    [("2026-10", datetime(2026, 11, 5, 11, tzinfo=UTC)), ("2026-05", datetime(2026, 6, 5, 10, tzinfo=UTC))],
)
def test_midi_est_celui_de_paris_hiver_comme_ete(mois: str, utc: datetime) -> None:
    month = Month.parse(mois)
    assert month_deadlines(month, Reglages().date_paiement(month), 7)[Nature.DSN_5].legale == utc


@pytest.mark.parametrize(
    ("mois", "versement", "depot", "rappel"),
    [
        # Sept jours ouvrés avant le vendredi 27 : 26, 25, 24, 23, 20, 19, 18.
        ("2026-11", "2026-11-27", "2026-11-18", "2026-11-17"),
        # 27 décembre 2026 : dimanche, le 25 est férié : paie le jeudi 24, dépôt le mardi 15.
        ("2026-12", "2026-12-24", "2026-12-15", "2026-12-14"),
        # 27 mai 2026 : mercredi ; entre les deux, le lundi de Pentecôte (25), le vendredi 15 suit l'Ascension (14).
        ("2026-05", "2026-05-27", "2026-05-15", "2026-05-13"),
        # 27 juillet 2026 : lundi ; le 14 juillet n'est pas entre les deux.
        ("2026-07", "2026-07-27", "2026-07-16", "2026-07-15"),
    ],
)
def test_les_variables_se_deposent_quelques_jours_ouvres_avant_la_paie(
    mois: str, versement: str, depot: str, rappel: str
) -> None:
    month = Month.parse(mois)
    found = month_deadlines(month, Reglages().date_paiement(month), 7)

    assert found[Nature.VERSEMENT].interne.date() == date.fromisoformat(versement)
    assert found[Nature.DEPOT].interne.date() == date.fromisoformat(depot)
    assert found[Nature.DEPOT].rappel == date.fromisoformat(rappel)
    assert found[Nature.DEPOT].legale is None


@pytest.mark.parametrize(
    ("effectif", "nature"),
    [(0, Nature.DSN_15), (12, Nature.DSN_15), (49, Nature.DSN_15), (50, Nature.DSN_5), (2000, Nature.DSN_5)],
)
def test_l_effectif_choisit_le_5_ou_le_15(effectif: int, nature: Nature) -> None:
    assert dsn_nature(Month(2026, 11), effectif) is nature


@pytest.mark.parametrize(
    "ferie",
    [
        "2026-01-01", "2026-04-06", "2026-05-01", "2026-05-08", "2026-05-14", "2026-05-25", "2026-07-14", "2026-08-15",
        "2026-11-01", "2026-11-11", "2026-12-25",
    ],
)  # fmt: skip
def test_les_onze_jours_feries_ne_sont_pas_ouvres(ferie: str) -> None:
    assert not is_working_day(date.fromisoformat(ferie))


def test_le_vendredi_saint_et_la_saint_etienne_se_travaillent_dans_les_landes() -> None:
    """Fériés en Alsace-Moselle seulement."""
    assert is_working_day(date(2026, 4, 3))
    assert is_working_day(date(2025, 12, 26))


@pytest.mark.parametrize(("today", "left"), [("2026-12-01", 3), ("2026-12-04", 0), ("2026-12-07", -3)])
def test_les_jours_restants_se_comptent_jusqu_a_la_date_de_l_agence(today: str, left: int) -> None:
    month = Month(2026, 11)
    found = month_deadlines(month, Reglages().date_paiement(month), 7)[Nature.DSN_5]
    assert found.days_left(date.fromisoformat(today)) == left


days = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@given(days)
def test_le_jour_ouvre_d_avant_et_celui_d_apres_encadrent_le_jour(day: date) -> None:
    before, after = on_or_before(day), on_or_after(day)

    assert is_working_day(before)
    assert is_working_day(after)
    assert before <= day <= after
    assert (before == day) == (after == day) == is_working_day(day)
    assert not any(is_working_day(before + timedelta(days=n)) for n in range(1, (after - before).days))


@given(days, st.integers(1, 12))
def test_reculer_de_jours_ouvres_les_compte_un_par_un(day: date, count: int) -> None:
    start = working_days_before(day, count)
    assert sum(is_working_day(start + timedelta(days=n)) for n in range((day - start).days)) == count


@given(st.builds(Month, st.integers(2020, 2035), st.integers(1, 12)))
def test_l_agence_ne_depose_jamais_apres_la_loi_et_rappelle_toujours_avant(mois: Month) -> None:
    for found in month_deadlines(mois, Reglages().date_paiement(mois), 7).values():
        assert found.legale is None or found.interne <= found.legale
        assert found.rappel < found.interne.date()
        assert is_working_day(found.rappel)
        assert is_working_day(found.interne.date())
