"""Ce qui est vrai de tout rappel : rien pour rien, la somme juste, et l'ordre sans effet."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payroll.catalogue import load as load_catalogue
from payroll.engine import compute
from payroll.engine.bulletin import Bulletin, Section
from payroll.engine.controls_rappels import check_amounts
from payroll.engine.explain import explain
from payroll.engine.rappels_recit import changed_inputs
from payroll.engine.situation import Arret, Employeur, Rappel, RegimeRetraite, Situation, Statut
from payroll.legislation import load
from payroll.money import apply_rate
from payroll.periods import Month
from tests.engine.fabrique import employeurs, situations

MARS, AVRIL = Month(2026, 3), Month(2026, 4)
EMPLOYEUR = Employeur(population=800, effectif=10)
_montants = st.integers(0, 200_000)


@st.composite
def changements(draw: st.DrawFn) -> tuple[Situation, Situation]:
    """Un mois de mars payé d'une façon, dû d'une autre : indice, NBI, primes ou éléments du mois."""
    juste = draw(situations)
    ancienne = replace(juste, permanents=juste.permanents, variables=juste.variables)
    if draw(st.booleans()) and juste.indice_majore:
        ancienne = replace(ancienne, indice_majore=draw(st.integers(366, 1000)))
    if draw(st.booleans()) and juste.permanents:
        ancienne = replace(ancienne, permanents={"ifse": draw(_montants)})
    if draw(st.booleans()) and juste.elu is None:
        ancienne = replace(ancienne, variables={**juste.variables, "cia": draw(_montants)})
    if draw(st.booleans()):
        ancienne = replace(ancienne, arrets=())
    return juste, ancienne


def _april(situation: Situation, *rappels: Rappel) -> Situation:
    """Le mois payé : les mêmes conditions, sans les événements de mars."""
    return replace(situation, arrets=(), variables={}, date_debut=None, rappels=rappels)


def _one(employeur: Employeur, situation: Situation, mois: Month = AVRIL) -> Bulletin:
    calcul = compute(mois, [employeur], [situation])
    assert calcul.bulletins[0], [str(anomalie) for anomalie in calcul.anomalies]
    return calcul.bulletins[0]


def _gross(bulletin: Bulletin, periode: Month | None = None) -> Counter[str]:
    """Rubrique → montant des lignes rappelables du mois du droit, ou du mois payé."""
    found: Counter[str] = Counter()
    for ligne in bulletin.lignes:
        remboursement = ligne.section is Section.NET and ligne.code == "remboursement_transport"
        if ligne.periode == periode and (ligne.section is Section.BRUT or remboursement):
            found[ligne.code] += ligne.montant_salarie
    return Counter({code: montant for code, montant in found.items() if montant})


@settings(max_examples=40)
@given(employeurs, situations)
def test_un_rappel_de_rien_est_vide(employeur: Employeur, situation: Situation) -> None:
    rappel = Rappel(MARS, employeur, situation, ancienne=situation)
    assert _one(employeur, _april(situation, rappel)) == _one(employeur, _april(situation))


@settings(max_examples=40)
@given(employeurs, changements())
def test_paye_plus_rappel_fait_ce_que_le_mois_aurait_du_donner(
    employeur: Employeur, changement: tuple[Situation, Situation]
) -> None:
    juste, ancienne = changement
    paye, du = _gross(_one(employeur, ancienne, MARS)), _gross(_one(employeur, juste, MARS))
    rappel = Rappel(MARS, employeur, juste, ancienne=ancienne)
    verse = _gross(_one(employeur, _april(juste, rappel)), MARS)
    assert {code: paye[code] + verse[code] for code in {*paye, *verse} if paye[code] + verse[code]} == dict(du)
    # Le même rappel, ce qui a été payé étant donné ligne à ligne plutôt que recalculé.
    donne = Rappel(MARS, employeur, juste, ancienne=ancienne, paye=dict(paye))
    assert _one(employeur, _april(juste, donne)).lignes == _one(employeur, _april(juste, rappel)).lignes


@settings(max_examples=25)
@given(employeurs, changements(), changements())
def test_un_second_rappel_ne_paie_que_la_difference_nouvelle(
    employeur: Employeur, premier: tuple[Situation, Situation], second: tuple[Situation, Situation]
) -> None:
    """Une correction, puis une autre : le total est celui de la dernière version, quelle que soit la première."""
    payee, corrigee = premier
    juste = replace(payee, permanents=second[0].permanents if payee.elu is None else {})
    paye = _gross(_one(employeur, payee, MARS))
    un = _gross(_one(employeur, _april(payee, Rappel(MARS, employeur, corrigee, paye=dict(paye)))), MARS)
    deja = Counter(paye)
    deja.update(un)
    deux = _gross(_one(employeur, _april(payee, Rappel(MARS, employeur, juste, paye=dict(deja)))), MARS)
    deja.update(deux)
    assert {code: montant for code, montant in deja.items() if montant} == dict(_gross(_one(employeur, juste, MARS)))


@settings(max_examples=25)
@given(employeurs, changements(), st.integers(2, 7))
def test_les_echeances_font_le_rappel_entier(
    employeur: Employeur, changement: tuple[Situation, Situation], sur: int
) -> None:
    juste, ancienne = changement
    entier = _one(employeur, _april(juste, Rappel(MARS, employeur, juste, ancienne=ancienne)))
    total: Counter[str] = Counter()
    for rang in range(1, sur + 1):
        rappel = Rappel(MARS, employeur, juste, ancienne=ancienne, rang=rang, sur=sur)
        total.update(_gross(_one(employeur, _april(juste, rappel)), MARS))
    assert {code: montant for code, montant in total.items() if montant} == dict(_gross(entier, MARS))


@settings(max_examples=25)
@given(employeurs, changements(), st.permutations([Month(2026, 1), Month(2026, 2), MARS]))
def test_l_ordre_des_mois_ne_change_rien(
    employeur: Employeur, changement: tuple[Situation, Situation], ordre: list[Month]
) -> None:
    juste, ancienne = (replace(situation, arrets=(), date_debut=None) for situation in changement)
    rappels = [Rappel(mois, employeur, juste, ancienne=ancienne) for mois in ordre]
    attendu = _one(employeur, _april(juste, *sorted(rappels, key=lambda rappel: rappel.mois)))
    assert _one(employeur, _april(juste, *rappels)).lignes == attendu.lignes


@settings(max_examples=25)
@given(employeurs, changements())
def test_un_bulletin_de_rappel_tient_les_lois_des_autres(
    employeur: Employeur, changement: tuple[Situation, Situation]
) -> None:
    """Totaux, cotisations base × taux, et indépendance des voisins de lot."""
    juste, ancienne = changement
    situation = _april(juste, Rappel(MARS, employeur, juste, ancienne=ancienne))
    bulletin = _one(employeur, situation)
    assert bulletin.brut == sum(x.montant_salarie for x in bulletin.lignes if x.section is Section.BRUT)
    cotisations = [x for x in bulletin.lignes if x.section not in (Section.BRUT, Section.NET)]
    assert bulletin.cotisations_salarie == sum(x.montant_salarie for x in cotisations)
    assert bulletin.cotisations_employeur == sum(x.montant_employeur for x in cotisations)
    for ligne in cotisations:
        signe = -1 if ligne.section is Section.ALLEGEMENTS else 1
        assert ligne.montant_salarie == signe * apply_rate(ligne.base or 0, ligne.taux_salarie_ppm or 0)
    voisin = replace(_titulaire(400), matricule="V1")
    assert compute(AVRIL, [employeur] * 3, [voisin, situation, _april(juste)]).bulletins == [
        _one(employeur, voisin),
        bulletin,
        _one(employeur, _april(juste)),
    ]


@pytest.mark.parametrize(
    ("origine", "versement", "difference", "rang", "refus"),
    [
        pytest.param(Month(2025, 1), Month(2027, 1), -100, 1, [], id="24 mois : encore repris"),
        pytest.param(Month(2025, 1), Month(2027, 2), -100, 1, ["trop-percu-prescrit"], id="25 mois : prescrit"),
        pytest.param(Month(2025, 1), Month(2027, 2), -100, 2, [], id="seconde échéance : déjà interrompu"),
        pytest.param(Month(2025, 1), Month(2029, 12), 100, 1, [], id="quatrième année : encore payé"),
        pytest.param(Month(2025, 1), Month(2030, 1), 100, 1, ["rappel-prescrit"], id="cinquième année : prescrit"),
        pytest.param(Month(2025, 1), Month(2027, 2), 0, 1, [], id="différences qui s'annulent : rien à prescrire"),
    ],
)
def test_les_delais_de_prescription(
    origine: Month, versement: Month, difference: int, rang: int, refus: list[str]
) -> None:
    """Trop-perçu : loi 2000-321 art. 37-1, deux ans dès le mois suivant ; rappel : loi 68-1250 art. 1, quatre ans."""
    rappel = Rappel(origine, EMPLOYEUR, _titulaire(400), rang=rang, sur=2)
    anomalies = check_amounts(versement, rappel, {"traitement": difference}, {"traitement"}, load().at(versement))
    assert [anomalie.code for anomalie in anomalies] == refus


def test_un_rappel_fautif_ne_refuse_que_son_agent() -> None:
    fautif = Rappel(Month(2026, 5), EMPLOYEUR, _titulaire(400), ancienne=_titulaire(380))
    calcul = compute(AVRIL, [EMPLOYEUR] * 2, [replace(_titulaire(400), rappels=(fautif,)), _titulaire(380)])
    assert calcul.bulletins[0] is None
    assert calcul.bulletins[1] == _one(EMPLOYEUR, _titulaire(380))


def _titulaire(indice: int) -> Situation:
    return Situation(
        matricule="M1",
        statut=Statut.TITULAIRE,
        regime_retraite=RegimeRetraite.CNRACL,
        indice_majore=indice,
        date_naissance=date(1985, 4, 2),
        taux_pas_ppm=0,
    )


def test_expliquer_dit_le_mois_l_ancien_le_juste_et_le_taux_de_sa_date() -> None:
    """Un rappel de 2025 payé en 2026 : CNRACL de l'employeur à 34,65 %, celle du mois payé à 37,65 %."""
    rappel = Rappel(Month(2025, 11), EMPLOYEUR, _titulaire(372), ancienne=_titulaire(366), motif="arrêté")
    situation = replace(_titulaire(372), rappels=(rappel,))
    traitement, cnracl = (explain(AVRIL, EMPLOYEUR, situation, code) for code in ("traitement", "cnracl"))
    assert "Rappel sur novembre 2025 (arrêté)" in traitement
    assert "dû 1 831,28 € − déjà payé 1 801,74 € = 29,54 €" in traitement.replace("\u202f", " ").replace("\xa0", " ")
    assert "indice majoré : 366 payé, 372 juste" in traitement
    assert "différence d'assiette 29,54 € × agent 11,10 %, employeur 34,65 %" in cnracl.replace("\xa0", " ")
    assert "taux et plafond de novembre 2025, mois du droit" in cnracl
    assert "37,65" in cnracl


@pytest.mark.parametrize(
    ("ancienne", "juste", "attendu"),
    [
        pytest.param({"nbi": 0}, {"nbi": 20}, "points de NBI : 0 payé, 20 juste", id="NBI"),
        pytest.param({}, {"permanents": {"ifse": 5_000}}, "0,00 € payé, 50,00 € juste", id="prime mensuelle"),
        pytest.param({}, {"variables": {"ihts_jour": 250}}, "ihts_jour : 0,00 h payé, 2,50 h juste", id="heures"),
        pytest.param(
            {},
            {"arrets": (Arret("greve", date(2026, 3, 2), date(2026, 3, 2)),)},
            "absences : rien payé, greve du 02/03/2026 au 02/03/2026 juste",
            id="absence",
        ),
        pytest.param({}, {}, "mêmes données qu'au paiement", id="chiffres seuls"),
    ],
)
def test_ce_qui_a_change_se_dit(ancienne: dict[str, Any], juste: dict[str, Any], attendu: str) -> None:
    base = _titulaire(400)
    rappel = Rappel(MARS, EMPLOYEUR, replace(base, **juste), ancienne=replace(base, **ancienne))
    assert any(attendu in line for line in changed_inputs(rappel, load_catalogue()))


def test_un_mois_jamais_paye_le_dit() -> None:
    assert list(changed_inputs(Rappel(MARS, EMPLOYEUR, _titulaire(400)), load_catalogue())) == [
        "rien n'avait été payé pour ce mois"
    ]


@pytest.mark.parametrize(("avant", "apres", "heures"), [({}, 250, 250), ({"ihts_jour": 400}, 250, -150)])
def test_un_rappel_d_heures_dit_combien_d_heures(avant: dict[str, int], apres: int, heures: int) -> None:
    juste = replace(_titulaire(400), variables={"ihts_jour": apres})
    rappel = Rappel(MARS, EMPLOYEUR, juste, ancienne=replace(_titulaire(400), variables=avant))
    (ligne,) = [x for x in _one(EMPLOYEUR, _april(juste, rappel)).lignes if x.code == "ihts"]
    assert (ligne.nombre_centiemes, ligne.periode) == (heures, MARS)
