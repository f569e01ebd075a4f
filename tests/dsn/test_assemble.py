"""Du bulletin aux bases, cotisations et CTP : rien ne se perd, et ce qui n'est pas déclaré est dit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsn import codes, totals
from dsn.amounts import euro
from dsn.assemble import Assemblage, LigneCtp, LignePaie, assemble
from dsn.facts import RegularisationPas
from tests.dsn import samples
from tests.dsn.samples import RATES, csg, line

DEBUT, FIN = date(2026, 1, 1), date(2026, 1, 31)


def done(population: str, lines: list[LignePaie], **told: object) -> Assemblage:
    """L'assemblage de janvier 2026."""
    organismes = told.pop("organismes", samples.ORGANISMES)
    return assemble(codes.load(), "P26V01", population, lines, DEBUT, FIN, organismes, **told)  # type: ignore[arg-type]


def cotisations(result: Assemblage) -> dict[tuple[str, str], tuple[int | None, int | None, int | None]]:
    """(base, code) → assiette, montant, taux."""
    return {
        (base.code, item.code): (item.assiette, item.montant, item.taux_ppm)
        for base in result.bases
        for item in base.cotisations
    }


def test_la_maladie_du_contractuel_se_partage_entre_075_et_907() -> None:
    found = cotisations(done("contractuel_cdd", [line("maladie", 180_174, 0, 130_000)]))
    assert found == {("03", "907"): (180_174, 10_810, 60_000), ("03", "075"): (180_174, 12_613, 70_000)}


def test_la_maladie_cnracl_est_a_taux_plein_sans_907() -> None:
    found = cotisations(done("titulaire_cnracl", [line("maladie", 195_435, 0, 98_800)]))
    assert found == {("03", "075"): (195_435, 19_309, 98_800)}


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_csg_et_heures_exonerees_s_ajoutent_dans_le_meme_ordre_ou_non(order: int) -> None:
    lines = [*csg(100_000), line("csg_crds_heures_exonerees", 10_000, 97_000)]
    found = cotisations(done("contractuel_cdd", [*lines[order:], *lines[:order]]))
    assert found == {("04", "072"): (110_000, 10_120, 92_000), ("04", "079"): (110_000, 550, 5_000)}


def test_cnracl_et_nbi_forment_une_base_48() -> None:
    result = done(
        "titulaire_cnracl", [line("cnracl", 190_512, 111_000, 346_500), line("cnracl_nbi", 4_923, 111_000, 346_500)]
    )
    (base,) = result.bases
    assert (base.code, base.montant) == ("48", 195_435)
    assert {item.code for item in base.cotisations} == {"300", "301", "304", "305"}
    assert {item.organisme for item in base.cotisations} == {""}
    assert {item.taux_ppm for item in base.cotisations} == {None}
    assert result.ctp == ()


def test_les_parts_de_l_ircantec_sont_reunies() -> None:
    result = done(
        "contractuel_cdd", [line("ircantec_a", 400_500, 28_400, 42_700), line("ircantec_b", 9_500, 70_600, 127_500)]
    )
    (base,) = result.bases
    assert (base.code, base.montant) == ("28", 410_000)
    assert {item.code: item.montant for item in base.cotisations} == {"060": 11_374 + 17_101, "061": 671 + 1_211}


def test_la_reduction_sur_heures_supplementaires_est_en_valeur_absolue() -> None:
    reduction = LignePaie(contribution="reduction_heures_supplementaires", assiette=10_000, salarie=-1_014)
    result = done("contractuel_cdd", [reduction])
    assert cotisations(result) == {("03", "114"): (10_000, 1_014, None)}
    (ctp,) = result.ctp
    assert (ctp.code, ctp.assiette, ctp.montant) == ("003/921", None, 1_014)


def test_le_versement_mobilite_porte_sa_commune() -> None:
    mobility = LignePaie(
        contribution="versement_mobilite", assiette=100_000, employeur=550, taux_employeur_ppm=5_500, insee="40999"
    )
    result = done("contractuel_cdd", [mobility])
    assert result.bases[0].cotisations[0].insee == "40999"
    assert (result.ctp[0].code, result.ctp[0].insee) == ("900/920", "40999")


def test_le_cnfpt_sans_ctp_connu_est_un_avertissement() -> None:
    result = done("titulaire_cnracl", [line("cnfpt", 195_435, 0, 9_000)])
    assert (result.bases, result.ctp) == ((), ())
    assert [(item.code, item.blocking) for item in result.anomalies] == [("COD-01", False)]


def test_le_cnfpt_d_un_contrat_aide_a_son_ctp() -> None:
    result = done("pec", [line("cnfpt", 180_000, 0, 5_000)])
    assert [item.code for item in result.ctp] == ["484/920"]
    assert result.anomalies == ()


@pytest.mark.parametrize("contribution", ["atiacl", "cdg"])
def test_ce_qui_est_hors_dsn_n_est_ni_declare_ni_signale(contribution: str) -> None:
    result = done("titulaire_cnracl", [line(contribution, 195_435, 0, 4_000)])
    assert (result.bases, result.ctp, result.anomalies) == ((), (), ())


def test_une_contribution_sans_code_est_bloquante() -> None:
    result = done("titulaire_cnracl", [line("inconnue", 100, 0, 10_000)])
    assert [(item.code, item.blocking) for item in result.anomalies] == [("COD-02", True)]


@pytest.mark.parametrize("population, lines", [("apprenti", samples.apprenti_lines())])
def test_un_apprenti_dit_ce_que_son_bordereau_ne_porte_pas(population: str, lines: list[LignePaie]) -> None:
    result = done(population, lines)
    assert [(item.code, item.blocking) for item in result.anomalies] == [("COD-01", False)]
    assert "Apprenti du secteur public" in result.anomalies[0].message
    assert {item.ctp for item in result.ctp} == {"260"}


def test_la_base_d_un_apprenti_est_sa_remuneration_entiere() -> None:
    """Base 03 sur 1 000,00, cotisation 076 sur l'excédent 88,50 : 8 850 × (6,90 + 0,40) % = 6,11 + 0,35."""
    result = done("apprenti", samples.apprenti_lines(), bases_connues={"02": 100_000})
    assert {base.code: base.montant for base in result.bases if base.code in ("02", "03")} == {
        "02": 100_000,
        "03": 100_000,
    }
    found = cotisations(result)
    assert found["02", "076"] == (8_850, 611, 69_000)
    assert found["03", "076"] == (8_850, 35, 4_000)
    assert found["03", "045"] == (100_000, 1_500, 15_000)


def test_l_exoneration_d_un_contrat_aide_est_ce_que_les_ctp_recalculent_de_trop() -> None:
    """1 801,74 : 100/920 à 13,17 + 1,50 %, 100/921 à 15,45 %, 635 à 6 %, 430 à 1,80 %, moins les lignes dues.

    264,32 + 278,37 + 108,10 + 32,43 = 683,22 ; dus : CSA 5,41, AT 27,03, vieillesse 124,32 et 7,21 = 163,97.
    """
    lines = samples.pec_lines()
    first = done("pec", lines)
    found = totals.exoneration(codes.load(), "P26V01", "pec", lines, first.ctp, RATES.__getitem__)
    assert found == LignePaie(contribution="exoneration_pec", assiette=180_174, employeur=16_397 - 68_322)
    told = done("pec", [*lines, found])
    assert cotisations(told)["03", "006"] == (180_174, 51_925, None)
    assert [item.code for item in told.anomalies] == ["COD-01"]
    assert "retranchée" in told.anomalies[0].message


def test_les_autres_populations_n_ont_pas_d_exoneration() -> None:
    lines = samples.contractuel_lines()
    result = done("contractuel_cdd", lines)
    found = totals.exoneration(codes.load(), "P26V01", "contractuel_cdd", lines, result.ctp, RATES.__getitem__)
    assert found is None


MARS = (date(2025, 3, 1), date(2025, 3, 31))


def test_un_rappel_cnracl_se_rattache_au_mois_du_droit() -> None:
    """La maladie, due à l'Urssaf, reste au mois du versement (CSS R. 242-1)."""
    recall = [
        replace(line("cnracl", 5_000, 111_000, 346_500), periode=MARS),
        replace(line("maladie", 5_000, 0, 98_800), periode=MARS),
    ]
    result = done(
        "titulaire_cnracl",
        [line("cnracl", 200_000, 111_000, 376_500), line("maladie", 200_000, 0, 98_800), *recall],
    )
    assert [(base.code, base.debut, base.fin, base.montant) for base in result.bases] == [
        ("03", DEBUT, FIN, 205_000),
        ("48", *MARS, 5_000),
        ("48", DEBUT, FIN, 200_000),
    ]
    assert [item.assiette for item in result.ctp] == [200_000, 5_000]


def test_un_trop_percu_se_reprend_en_negatif_au_mois_du_droit() -> None:
    negative = replace(line("ircantec_a", -5_000, 28_000, 42_000), salarie=-140, employeur=-210, periode=MARS)
    (past, now) = done("contractuel_cdd", [line("ircantec_a", 180_000, 28_000, 42_000), negative]).bases
    assert (past.debut, past.montant, past.cotisations[0].montant) == (MARS[0], -5_000, -350)
    assert (now.debut, now.montant) == (DEBUT, 180_000)


def test_le_plafond_ne_se_dit_que_pour_la_periode_du_bulletin() -> None:
    result = done("contractuel_cdd", contractuel_recall(), plafond_applique=400_500)
    assert [len(base.composants) for base in result.bases if base.code == "02"] == [1]


def contractuel_recall() -> list[LignePaie]:
    """Un contractuel et un rappel de mars."""
    return [*samples.contractuel_lines(), replace(line("ircantec_a", 1_000, 28_000, 42_000), periode=MARS)]


def test_une_contribution_nulle_est_passee() -> None:
    assert done("titulaire_cnracl", [LignePaie(contribution="inconnue", assiette=0)]).anomalies == ()


def test_un_organisme_inconnu_est_dit() -> None:
    result = done(
        "contractuel_cdd", [line("ircantec_a", 100_000, 28_000, 42_000)], organismes={"urssaf": samples.URSSAF}
    )
    assert [(item.code, item.rubrique) for item in result.anomalies] == [("COD-03", "S21.G00.81.002")]


def test_l_elu_non_assujetti_declare_des_bases_nulles() -> None:
    result = done("elu_non_assujetti", csg(115_500))
    assert {base.code: base.montant for base in result.bases} == {"02": 0, "03": 0, "04": 115_500}
    assert [item.ctp for item in result.ctp] == ["284"]


def test_une_base_connue_et_le_plafond_se_disent_sans_cotisation() -> None:
    result = done(
        "titulaire_cnracl",
        [line("maladie", 195_435, 0, 98_800), line("fnal", 195_435, 0, 5_000)],
        effectif_50=True,
        bases_connues={"02": 195_435},
        plafond_applique=400_500,
    )
    assert [(base.code, base.montant) for base in result.bases] == [("02", 195_435), ("03", 195_435)]
    assert [(item.type, item.montant) for item in result.bases[0].composants] == [("07", 400_500)]


@given(st.integers(1, 10_000_000), st.integers(0, 200_000), st.integers(60_000, 300_000))
def test_aucun_centime_ne_se_perd_dans_le_partage(assiette: int, salarie_ppm: int, employeur_ppm: int) -> None:
    contribution = line("maladie", assiette, 0, employeur_ppm)
    result = done("contractuel_cdd", [contribution])
    assert sum(item.montant or 0 for base in result.bases for item in base.cotisations) == contribution.employeur


def ctp(code: str, assiette: int | None = None, montant: int | None = None, taux_at: int | None = None) -> LigneCtp:
    """Un apport à un CTP."""
    number, _, qualifier = code.partition("/")
    return LigneCtp(
        code=code, ctp=number, qualifiant=qualifier, assiette=assiette, montant=montant, taux_at_ppm=taux_at
    )


def test_les_ctp_s_agregent_puis_s_arrondissent_a_l_euro() -> None:
    found = totals.agreger(
        [
            ctp("260/920", 10_040),
            ctp("260/920", 10_040),
            ctp("100/920", 100, taux_at=15_000),
            ctp("100/920", 100, taux_at=20_000),
        ]
    )
    assert [(item.ctp, item.taux_ppm, item.assiette) for item in found] == [
        ("100", 15_000, 100),
        ("100", 20_000, 100),
        ("260", None, 20_100),
    ]


def test_le_bordereau_ajoute_le_taux_at_et_retranche_la_reduction() -> None:
    lines = [ctp("100/920", 180_200, taux_at=15_000), ctp("003/921", montant=1_000)]
    expected = euro(180_200 * (131_700 + 15_000) // 1_000_000 - 1_000)
    assert totals.total_bordereau(totals.agreger(lines), codes.load(), RATES.__getitem__) == expected


def test_le_bordereau_prend_le_taux_local_de_la_mobilite() -> None:
    assert (
        totals.total_bordereau(totals.agreger([ctp("900/920", 1_000_000)]), codes.load(), RATES.__getitem__, 5_500)
        == 5_500
    )


def test_un_bordereau_vide_est_nul() -> None:
    assert totals.total_bordereau([], codes.load(), RATES.__getitem__) == 0


def test_le_paiement_du_pas_compte_les_regularisations() -> None:
    person, _ = samples.titulaire(DEBUT)
    pay = person.versements[0]
    error = RegularisationPas(mois_erreur=DEBUT, type="01", montant=-1_030)
    assert totals.montant_pas([replace(pay, pas=6_242), replace(pay, pas=0, regularisations_pas=(error,))]) == 5_200


def test_les_quatre_remunerations_requises_et_l_activite_sous_002() -> None:
    found = totals.remunerations_requises(DEBUT, FIN, "N0001", brut=4, brut_chomage=3, retabli=2, salaire_base=1)
    assert [(item.type, item.montant) for item in found] == [("001", 4), ("002", 3), ("003", 2), ("010", 1)]
