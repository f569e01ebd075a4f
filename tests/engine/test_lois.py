"""Ce qui est vrai de tout bulletin, quels que soient l'agent, son employeur et ses voisins de lot."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from payroll.engine import compute
from payroll.engine.bulletin import Bulletin, Section
from payroll.engine.situation import Employeur, RegimeRetraite, Situation
from payroll.money import apply_rate
from payroll.periods import Month
from tests.engine.fabrique import employeurs, lots, toutes

MARS = Month(2026, 3)
Lot = list[tuple[Employeur, Situation]]


def _compute(lot: Lot) -> list[Bulletin]:
    calcul = compute(MARS, [employeur for employeur, _ in lot], [situation for _, situation in lot])
    found = [bulletin for bulletin in calcul.bulletins if bulletin]
    assert len(found) == len(lot), [str(anomalie) for anomalie in calcul.anomalies]
    return found


def _one(employeur: Employeur, situation: Situation) -> Bulletin:
    (bulletin,) = _compute([(employeur, situation)])
    return bulletin


@settings(max_examples=150)
@given(employeurs, toutes)
def test_chaque_total_est_la_somme_de_ses_lignes(employeur: Employeur, situation: Situation) -> None:
    bulletin = _one(employeur, situation)
    bruts = [ligne for ligne in bulletin.lignes if ligne.section is Section.BRUT]
    nets = [ligne for ligne in bulletin.lignes if ligne.section is Section.NET]
    cotisations = [ligne for ligne in bulletin.lignes if ligne.section not in (Section.BRUT, Section.NET)]
    assert bulletin.brut == sum(ligne.montant_salarie for ligne in bruts)
    assert bulletin.cotisations_salarie == sum(ligne.montant_salarie for ligne in cotisations)
    assert bulletin.cotisations_employeur == sum(ligne.montant_employeur for ligne in cotisations)
    assert bulletin.net_avant_impot == bulletin.brut - bulletin.cotisations_salarie
    assert bulletin.net_a_payer == bulletin.net_avant_impot - bulletin.pas + sum(net.montant_salarie for net in nets)
    assert bulletin.cout_employeur == bulletin.brut + bulletin.cotisations_employeur


@settings(max_examples=100)
@given(employeurs, toutes)
def test_chaque_cotisation_est_sa_base_imprimee_par_son_taux_imprime(
    employeur: Employeur, situation: Situation
) -> None:
    for ligne in _one(employeur, situation).lignes:
        if ligne.section in (Section.BRUT, Section.NET):
            continue
        assert ligne.base is not None
        signe = -1 if ligne.section is Section.ALLEGEMENTS else 1
        assert ligne.montant_salarie == signe * apply_rate(ligne.base, ligne.taux_salarie_ppm or 0)
        assert ligne.montant_employeur == apply_rate(ligne.base, ligne.taux_employeur_ppm or 0)


@settings(max_examples=80)
@given(lots, st.randoms(use_true_random=False))
def test_un_bulletin_ne_depend_ni_de_ses_voisins_ni_de_l_ordre(lot: Lot, hasard: object) -> None:
    ensemble = _compute(lot)
    seuls = [_one(employeur, situation) for employeur, situation in lot]
    assert ensemble == seuls
    rangs = list(range(len(lot)))
    hasard.shuffle(rangs)  # type: ignore[attr-defined]
    assert _compute([lot[rang] for rang in rangs]) == [seuls[rang] for rang in rangs]


@settings(max_examples=100)
@given(employeurs, toutes)
def test_rafp_et_parts_patronales_sont_coherentes(employeur: Employeur, situation: Situation) -> None:
    bulletin = _one(employeur, situation)
    lignes = {ligne.code: ligne for ligne in bulletin.lignes}
    if rafp := lignes.get("rafp"):
        # Agent et employeur cotisent sur la même assiette au même taux.
        assert rafp.montant_salarie == rafp.montant_employeur
    for code in ("fnal", "maladie", "allocations_familiales", "csa", "cnfpt", "cdg", "versement_mobilite"):
        assert code not in lignes or lignes[code].montant_employeur >= 0
    if situation.regime_retraite is RegimeRetraite.CNRACL:
        cumuls = bulletin.cumuls
        # Après chaque mois, le cumul cotisé est exactement le plus petit du cumul des éléments et du plafond.
        assert cumuls.rafp_assiette == min(cumuls.rafp_elements, apply_rate(cumuls.rafp_traitement, 200_000))


@settings(max_examples=100)
@given(employeurs, toutes)
def test_aucun_brut_ne_passe_sous_zero_pour_absence(employeur: Employeur, situation: Situation) -> None:
    """Une absence retire au plus ce qui était versé : le traitement net de retenues n'est jamais négatif."""
    bulletin = _one(employeur, situation)
    verse = sum(
        ligne.montant_salarie
        for ligne in bulletin.lignes
        if ligne.code == "traitement"
        or (ligne.code.startswith("retenue_") and ligne.section is Section.BRUT and not ligne.code.endswith(_AUTRES))
    )
    # Deux motifs dans un même mois s'arrondissent à part : un centime peut manquer, pas davantage.
    assert verse >= -3


_AUTRES = ("_nbi", "_primes", "_indemnite_residence")
