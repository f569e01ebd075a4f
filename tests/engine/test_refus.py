"""Ce que le moteur refuse, il le nomme ; le reste du lot est payé."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from payroll.anomalies import Gravite
from payroll.engine import compute
from payroll.engine.situation import Arret, Cumuls, Employeur, Mandat, RegimeRetraite, Situation, Statut
from payroll.periods import Month

MARS = Month(2026, 3)
COMMUNE = Employeur(population=1800, effectif=12, taux_cdg_ppm=14_000)
TITULAIRE = Situation("A1", Statut.TITULAIRE, RegimeRetraite.CNRACL, 400, taux_pas_ppm=0)
MAIRE = Situation(
    "E1", Statut.ELU, RegimeRetraite.IRCANTEC, elu=Mandat("maire", taux_indemnite_ppm=200_000), taux_pas_ppm=0
)


def _codes(situation: Situation, employeur: Employeur = COMMUNE, mois: Month = MARS) -> list[str]:
    calcul = compute(mois, [employeur], [situation])
    assert all(anomalie.matricule == situation.matricule for anomalie in calcul.anomalies)
    assert all(anomalie.message for anomalie in calcul.anomalies)
    bloquants = [a.code for a in calcul.anomalies if a.gravite is Gravite.BLOQUANT]
    assert (calcul.bulletins[0] is None) == bool(bloquants)
    return bloquants


@pytest.mark.parametrize(
    ("situation", "code"),
    [
        (replace(TITULAIRE, categorie="D"), "categorie-inconnue"),
        (replace(TITULAIRE, nbi=-1), "nombre-impossible"),
        (replace(TITULAIRE, enfants_sft=10**30), "nombre-impossible"),
        (replace(TITULAIRE, indice_majore=10**30), "indice-impossible"),
        (replace(TITULAIRE, taux_pas_ppm=1_000_001), "taux-pas-impossible"),
        (replace(TITULAIRE, territoire_pas="atlantide"), "territoire-inconnu"),
        (replace(TITULAIRE, heures_hebdo=Fraction(0)), "duree-hebdomadaire-impossible"),
        (replace(TITULAIRE, heures_hebdo_tous_employeurs=Fraction(30)), "duree-hebdomadaire-impossible"),
        (replace(TITULAIRE, permanents={"ifse": 10**12}), "montant-hors-limites"),
        (replace(TITULAIRE, permanents={"cia": 100}), "rubrique-non-saisissable"),
        (replace(TITULAIRE, permanents={"ihts_jour": 100}), "rubrique-inconnue"),
        (replace(TITULAIRE, variables={"ihts_jour": -100}), "heures-impossibles"),
        (replace(TITULAIRE, cumuls=Cumuls(rafp_traitement=10**14)), "cumul-hors-limites"),
        (replace(TITULAIRE, elu=MAIRE.elu), "mandat-inattendu"),
        (replace(TITULAIRE, arrets=(Arret("cmo", date(2026, 3, 9), date(2026, 3, 2)),)), "arret-dates-inversees"),
        (replace(TITULAIRE, arrets=(Arret("sabbat", date(2026, 3, 2), date(2026, 3, 9)),)), "absence-inconnue"),
        (replace(TITULAIRE, jours_cmo_anterieurs=-1), "nombre-impossible"),
        (replace(MAIRE, arrets=(Arret("greve", date(2026, 3, 2), date(2026, 3, 9)),)), "absence-non-couverte"),
        (replace(MAIRE, variables={"ihts_jour": 100}), "rubrique-hors-population"),
        (replace(MAIRE, elu=Mandat("roi", taux_indemnite_ppm=1000)), "mandat-inconnu"),
        (replace(MAIRE, elu=Mandat("maire", taux_indemnite_ppm=0)), "mandat-incoherent"),
        (replace(MAIRE, elu=Mandat("maire", 1000, autres_mandats_brut=100)), "mandat-incoherent"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_une_situation_impossible_est_refusee_par_son_nom(situation: Situation, code: str) -> None:
    assert code in _codes(situation)


@pytest.mark.parametrize(
    ("employeur", "code"),
    [
        (replace(COMMUNE, effectif=-1), "employeur-incoherent"),
        (replace(COMMUNE, taux_at_ppm=1_000_001), "employeur-incoherent"),
        (replace(COMMUNE, zone_residence=0), "zone-inconnue"),
    ],
)
def test_un_adherent_impossible_est_refuse(employeur: Employeur, code: str) -> None:
    assert code in _codes(TITULAIRE, employeur)


def test_un_maire_d_une_commune_sans_strate_est_refuse_avec_elle() -> None:
    assert _codes(MAIRE, replace(COMMUNE, population=-1)) == ["employeur-incoherent"]


def test_une_situation_juste_n_a_aucun_constat() -> None:
    assert compute(MARS, [COMMUNE, COMMUNE], [TITULAIRE, MAIRE]).anomalies == []


def test_tous_les_defauts_d_un_agent_sont_dits_ensemble() -> None:
    faux = replace(TITULAIRE, categorie="D", nbi=-1, permanents={"lune": 1}, variables={"acompte": -1})
    assert set(_codes(faux)) == {"categorie-inconnue", "nombre-impossible", "rubrique-inconnue", "montant-negatif"}


def test_un_agent_refuse_n_empeche_pas_les_autres() -> None:
    faux = replace(TITULAIRE, matricule="A2", indice_majore=0)
    calcul = compute(MARS, [COMMUNE] * 3, [TITULAIRE, faux, MAIRE])
    assert [bulletin is None for bulletin in calcul.bulletins] == [False, True, False]
    assert {anomalie.matricule for anomalie in calcul.anomalies} == {"A2"}


def test_un_chiffre_non_saisi_ne_refuse_que_ceux_qu_il_concerne() -> None:
    """L'abattement des contrats courts de 2025 n'est pas saisi : seul l'agent sans taux transmis en dépend."""
    court = Situation("C1", Statut.CONTRACTUEL, RegimeRetraite.IRCANTEC, 400, contrat_court=True, taux_pas_ppm=None)
    calcul = compute(Month(2025, 6), [COMMUNE] * 3, [TITULAIRE, court, replace(court, matricule="C2", taux_pas_ppm=0)])
    assert [bulletin is None for bulletin in calcul.bulletins] == [False, True, False]
    (anomalie,) = calcul.anomalies
    assert anomalie.code == "chiffre-manquant"
    assert anomalie.matricule == "C1"
    assert "pas.abattement_contrat_court" in anomalie.message
    assert "juin 2025" in anomalie.message


def test_les_chiffres_d_une_annee_non_saisie_sont_tous_nommes() -> None:
    calcul = compute(Month(2027, 1), [COMMUNE], [MAIRE])
    messages = " ".join(anomalie.message for anomalie in calcul.anomalies)
    assert "elu.seuil_assujettissement.mensuel" in messages
    assert "plafond_securite_sociale.mensuel" in messages


def test_un_lot_vide_ne_rend_rien() -> None:
    calcul = compute(MARS, [], [])
    assert (calcul.bulletins, calcul.anomalies) == ([], [])


def test_il_faut_un_employeur_par_situation() -> None:
    with pytest.raises(ValueError, match="1 employeurs pour 2 situations"):
        compute(MARS, [COMMUNE], [TITULAIRE, TITULAIRE])


def test_le_net_negatif_est_calcule_et_signale_aux_deux_endroits() -> None:
    calcul = compute(MARS, [COMMUNE], [replace(TITULAIRE, variables={"acompte": 1_000_000})])
    (bulletin,) = calcul.bulletins
    assert bulletin is not None
    assert bulletin.net_a_payer < 0
    codes = ["net-negatif", "acompte-au-dela-du-service-fait"]
    assert [a.code for a in bulletin.avertissements] == [a.code for a in calcul.anomalies] == codes
