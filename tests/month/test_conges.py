"""Du registre au bulletin : délibération, subrogation, salaires passés et absences d'avant la reprise."""

from __future__ import annotations

import pytest

from payroll.money import round_half_up
from payroll.periods import Month
from payroll.store.entrees import AdherentEntree, validate
from tests.month.conftest import Inscrire
from tests.month.gestes import MOIS, Lieu, absence, contrat_de, description, element, fichier

ARRET = absence("HT010", "cmo", "05/11/2026", "14/11/2026")


def _lieu(inscrire_lieu: Inscrire, **parametres: object) -> Lieu:
    data = description("hontarede")
    for periode in data["parametres"]:
        periode.update(parametres)
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    return lieu


def test_sans_salaires_passes_le_decompte_de_la_cpam_est_demande(inscrire_lieu: Inscrire) -> None:
    lieu = _lieu(inscrire_lieu)
    lieu.deposer(fichier(lieu.code, ARRET))
    calculee = lieu.calculer()

    assert [(a.code, a.matricule) for a in calculee.anomalies if a.code.startswith("ijss")] == [
        ("ijss-non-calculees", "HT010")
    ]
    assert "HT01001" not in lieu.bulletins()


def test_le_decompte_depose_est_deduit_et_verse_en_subrogation(inscrire_lieu: Inscrire) -> None:
    """CSS R. 323-11 : 120,00 brut, 120,00 − 7,44 − 0,60 net."""
    lieu = _lieu(inscrire_lieu, subrogation=True)
    lieu.deposer(fichier(lieu.code, ARRET, element("HT010", "ijss_brutes", "120,00")))
    lieu.calculer()

    colonnes = lieu.bulletins()["HT01001"].colonnes
    assert (colonnes["ijss_brutes"], colonnes["ijss_nettes"]) == (-12_000, 11_196)


def test_les_salaires_payes_ici_donnent_l_indemnite(inscrire_lieu: Inscrire) -> None:
    """CSS R. 323-4 : sept jours, la moitié des trois derniers bruts / 91,25."""
    data = description("hontarede")
    lieu = inscrire_lieu(data)
    bruts = []
    for rang, mois in enumerate((Month(2026, 8), Month(2026, 9), Month(2026, 10))):
        lieu.ouvrir(mois, minutes=100 * rang)
        lieu.calculer(mois, minutes=100 * rang + 10)
        bruts.append(lieu.bulletins(mois)["HT01001"].brut)
    lieu.ouvrir(MOIS, minutes=400)
    lieu.deposer(fichier(lieu.code, ARRET), minutes=410)
    lieu.calculer(MOIS, minutes=420)

    bulletin = lieu.bulletins()["HT01001"]
    assert bulletin.entrees["situation"]["salaires_precedents"] == dict(
        zip(("2026-08", "2026-09", "2026-10"), bruts, strict=True)
    )
    assert bulletin.colonnes["ijss_brutes"] == -7 * round_half_up(sum(bruts) * 50, 9125)


def test_la_deliberation_de_l_adherent_garde_les_primes(inscrire_lieu: Inscrire) -> None:
    """CGFP L. 714-4 : sans clause, dix trentièmes de primes perdus en accident de service ; avec « 40 », 60 % d'eux."""
    arret = absence("HT003", "citis", "05/11/2026", "14/11/2026")
    retenues = []
    for parametres in ({}, {"primes_en_absence": {"citis": "40"}}):
        lieu = _lieu(inscrire_lieu, **parametres)
        lieu.deposer(fichier(lieu.code, arret))
        lieu.calculer()
        colonnes = lieu.bulletins()["HT00301"].colonnes
        retenues.append((colonnes["primes_mensuelles"], colonnes["retenues_absence_primes"]))
        inscrire_lieu = _autre(inscrire_lieu)
    (primes, sans), (_, avec) = retenues
    assert primes > 0
    assert sans == -round_half_up(primes * 10, 30)
    assert avec == -round_half_up(primes * 10 * 60, 3000)


def test_les_absences_reprises_et_l_anciennete_ouvrent_les_droits(inscrire_lieu: Inscrire) -> None:
    """Décret 88-145 art. 7 : services depuis 2020, 90 jours à 90 % ; 89 pris avant la reprise, le dernier puis demi."""
    data = description("hontarede")
    contrat_de(data, "HT010").update(
        anciennete_depuis="2020-01-01",
        absences=[{"type": "cmo", "debut": "2026-05-01", "fin": "2026-07-28"}],
    )
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    lieu.deposer(
        fichier(lieu.code, absence("HT010", "cmo", "05/11/2026", "07/11/2026"), element("HT010", "ijss_brutes", "0"))
    )
    lieu.calculer()

    colonnes = lieu.bulletins()["HT01001"].colonnes
    assert [colonnes[f"jours_{motif}"] for motif in ("carence", "cmo", "cmo_demi_traitement")] == [1, 0, 2]


def _autre(inscrire: Inscrire) -> Inscrire:
    """La même commune, inscrite une seconde fois sous un autre code."""
    return lambda data: inscrire(data | {"code": "hontarede-bis", "siret": "99900200900028"})


@pytest.mark.parametrize(
    "clause, admise",
    [
        ("non_maintenu", True),
        ("comme_etat", True),
        ("33", True),
        ("33/60", True),
        ("12,5", True),
        ("tout", False),
        ("33/60/90", False),
        ("-5", False),
        (33, False),
    ],
)
def test_une_clause_illisible_est_refusee_a_l_inscription(clause: object, admise: bool) -> None:
    data = description("hontarede")
    data["parametres"][0]["primes_en_absence"] = {"clm": clause}
    found = validate(data, "hontarede.yaml")
    assert isinstance(found, AdherentEntree) is admise
    if isinstance(found, list):
        assert ("adherent-invalide", "parametres.0.primes_en_absence.clm") in [(a.code, a.cellule) for a in found]


def test_un_temps_therapeutique_repris_garde_sa_quotite() -> None:
    data = description("hontarede")
    contrat_de(data, "HT003")["absences"] = [
        {"type": "tpt", "debut": "2026-06-01", "fin": "2026-12-31", "temps_travaille": "80"}
    ]
    found = validate(data, "hontarede.yaml")
    assert isinstance(found, AdherentEntree)
    (absence_reprise,) = next(a for a in found.agents if a.matricule == "HT003").contrats[0].absences
    assert absence_reprise.model_dump()["quotite_ppm"] == 800_000
