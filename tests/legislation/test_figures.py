"""Les chiffres livrés : les valeurs des barèmes de part et d'autre de chaque changement, et ce qui s'en déduit.

La table recopie les barèmes publiés ; elle est tenue à la main, indépendamment des YAML, pour qu'une faute de frappe
d'un côté se voie de l'autre.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from payroll.legislation import FigureMissing, Sorte, WrongUnit, load
from payroll.money import apply_rate, round_half_up
from payroll.periods import Month

LOI = load()
MOIS = [Month(year, month) for year in (2025, 2026) for month in range(1, 13)]

BAREME = [
    # clé, jour, valeur attendue (décimal exact ou fraction)
    ("point_indice.valeur_annuelle_indice_100", "2025-01-01", "5907.34"),
    ("point_indice.valeur_annuelle_indice_100", "2026-12-31", "5907.34"),
    ("minimum_traitement.indice_majore", "2026-06-01", "366"),
    ("indice_brut_terminal.indice_majore", "2025-01-01", "835"),
    ("smic.horaire", "2025-12-31", "11.88"),
    ("smic.horaire", "2026-01-01", "12.02"),
    ("smic.horaire", "2026-05-31", "12.02"),
    ("smic.horaire", "2026-06-01", "12.31"),
    ("smic.mensuel", "2025-12-31", "1801.80"),
    ("smic.mensuel", "2026-01-01", "1823.03"),
    ("smic.mensuel", "2026-05-31", "1823.03"),
    ("smic.mensuel", "2026-06-01", "1867.02"),
    ("plafond_securite_sociale.mensuel", "2025-12-31", "3925"),
    ("plafond_securite_sociale.mensuel", "2026-01-01", "4005"),
    ("plafond_securite_sociale.annuel", "2025-12-31", "47100"),
    ("plafond_securite_sociale.annuel", "2026-01-01", "48060"),
    ("indemnite_residence.taux.zone_1", "2026-01-01", "0.03"),
    ("indemnite_residence.taux.zone_3", "2026-01-01", "0"),
    ("sft.part_fixe.deux_enfants", "2026-01-01", "10.67"),
    ("sft.part_proportionnelle.trois_enfants", "2026-01-01", "0.08"),
    ("sft.indice_majore_plancher", "2026-01-01", "454"),
    ("sft.indice_majore_plafond", "2026-01-01", "722"),
    ("temps_partiel.fraction_remuneree.50", "2026-01-01", "1/2"),
    ("temps_partiel.fraction_remuneree.80", "2026-01-01", "6/7"),
    ("temps_partiel.fraction_remuneree.90", "2026-01-01", "32/35"),
    ("cti.points", "2026-01-01", "49"),
    ("transfert_primes_points.plafond_annuel.categorie_A", "2026-01-01", "389"),
    ("transfert_primes_points.plafond_annuel.categorie_C", "2026-01-01", "167"),
    ("indemnite_compensatrice_csg.taux_anciens", "2026-01-01", "0.016702"),
    ("heures_supplementaires.diviseur_annuel", "2026-01-01", "1820"),
    ("ihts.coefficient.au_dela_14_heures", "2026-01-01", "1.27"),
    ("ihts.majoration.dimanche_ferie", "2026-01-01", "5/3"),
    ("ihts.temps_partiel.coefficient", "2026-01-01", "1"),
    ("heures_complementaires.majoration.dans_le_dixieme", "2026-01-01", "1.10"),
    ("exoneration_heures_sup.taux.ircantec", "2025-12-31", "0.1010"),
    ("exoneration_heures_sup.taux.ircantec", "2026-01-01", "0.1014"),
    ("exoneration_heures_sup.plafond_fiscal_annuel", "2026-01-01", "7500"),
    ("cnracl.employeur.taux", "2025-12-31", "0.3465"),
    ("cnracl.employeur.taux", "2026-01-01", "0.3765"),
    ("cnracl.employeur.taux", "2026-12-31", "0.3765"),
    ("cnracl.employeur.taux", "2027-01-01", "0.4065"),
    ("cnracl.employeur.taux", "2028-01-01", "0.4365"),
    ("cnracl.salarie.taux", "2026-01-01", "0.1110"),
    ("atiacl.employeur.taux", "2026-01-01", "0.0040"),
    ("rafp.plafond_assiette", "2026-01-01", "0.20"),
    ("maladie.employeur.taux.cnracl", "2025-12-31", "0.0988"),
    ("maladie.employeur.taux.cnracl", "2026-01-01", "0.0988"),
    ("maladie.employeur.taux.regime_general", "2026-01-01", "0.13"),
    ("vieillesse_plafonnee.salarie.taux", "2026-01-01", "0.0690"),
    ("vieillesse_plafonnee.employeur.taux", "2026-01-01", "0.0855"),
    ("vieillesse_deplafonnee.employeur.taux", "2025-12-31", "0.0202"),
    ("vieillesse_deplafonnee.employeur.taux", "2026-01-01", "0.0211"),
    ("ircantec.taux_appel", "2025-12-31", "1.25"),
    ("ircantec.taux_appel", "2026-01-01", "1.27"),
    ("ircantec.tranche_a.salarie.taux", "2025-12-31", "0.0280"),
    ("ircantec.tranche_a.salarie.taux", "2026-01-01", "0.0284"),
    ("ircantec.tranche_b.employeur.taux", "2025-12-31", "0.1255"),
    ("ircantec.tranche_b.employeur.taux", "2026-01-01", "0.1275"),
    ("chomage.employeur.taux", "2025-04-30", "0.0405"),
    ("chomage.employeur.taux", "2025-05-01", "0.0400"),
    ("dialogue_social.taux", "2026-01-01", "0.00016"),
    ("csg.abattement.taux", "2026-01-01", "0.0175"),
    ("csg_crds.heures_sup_exonerees.taux", "2026-01-01", "0.0970"),
    ("fnal.taux.moins_de_50", "2026-01-01", "0.0010"),
    ("cnfpt.majoration_apprentissage.taux", "2026-01-01", "0.0010"),
    ("elu.seuil_assujettissement.mensuel", "2025-12-31", "1962.50"),
    ("elu.seuil_assujettissement.mensuel", "2026-01-01", "2002.50"),
    ("elu.frais_emploi.commune_moins_3500.taux", "2026-01-01", "0.3875"),
    ("elu.maire.taux_maximal.0_499", "2025-12-23", "0.255"),
    ("elu.maire.taux_maximal.0_499", "2025-12-24", "0.281"),
    ("elu.adjoint.taux_maximal.1000_3499", "2025-12-23", "0.198"),
    ("elu.adjoint.taux_maximal.1000_3499", "2025-12-24", "0.2138"),
    ("elu.maire.taux_maximal.100000_plus", "2026-01-01", "1.45"),
    ("cmo.taux_maintien", "2025-02-28", "1"),
    ("cmo.taux_maintien", "2025-03-01", "0.90"),
    ("service_non_fait.fraction", "2026-01-01", "1/30"),
    ("ijss.maladie.plafond_smic", "2025-03-31", "1.8"),
    ("ijss.maladie.plafond_smic", "2025-04-01", "1.4"),
    ("ijss.maladie.maximum", "2026-01-31", "41.47"),
    ("ijss.maladie.maximum", "2026-02-01", "41.95"),
    ("ijss.maladie.maximum", "2026-06-30", "41.95"),
    ("ijss.maladie.maximum", "2026-07-01", "42.97"),
    ("apprenti.exoneration_salariale.seuil_smic", "2025-02-28", "0.79"),
    ("apprenti.exoneration_salariale.seuil_smic", "2025-03-01", "0.50"),
    ("saisie.tranche_6.borne_superieure_annuelle", "2025-12-31", "25600"),
    ("saisie.tranche_6.borne_superieure_annuelle", "2026-01-01", "25810"),
    ("saisie.minimum_insaisissable_rsa", "2025-03-31", "635.71"),
    ("saisie.minimum_insaisissable_rsa", "2025-04-01", "646.52"),
    ("saisie.minimum_insaisissable_rsa", "2026-03-31", "646.52"),
    ("saisie.minimum_insaisissable_rsa", "2026-04-01", "651.69"),
    ("transport_domicile_travail.plafond_mensuel", "2025-12-31", "101.75"),
    ("transport_domicile_travail.plafond_mensuel", "2026-01-01", "104.04"),
    ("psc.sante.participation_minimale", "2026-01-01", "15"),
    ("titre_restaurant.exoneration_employeur", "2025-12-31", "7.26"),
    ("titre_restaurant.exoneration_employeur", "2026-01-01", "7.32"),
    ("pas.abattement_contrat_court", "2026-12-31", "748"),
    ("fnal.seuil_effectif", "2026-01-01", "50"),
    ("versement_mobilite.seuil_effectif", "2026-01-01", "11"),
    ("ihts.heures_premiere_tranche", "2026-01-01", "14"),
    ("heures_complementaires.part_premiere_majoration", "2026-01-01", "1/10"),
    ("csg.abattement.plafond", "2026-01-01", "4"),
    ("chomage.plafond", "2026-01-01", "4"),
    ("temps_complet.heures_hebdomadaires", "2026-01-01", "35"),
    ("trentiemes.jours_du_mois", "2026-01-01", "30"),
]


@pytest.mark.parametrize("cle, jour, attendu", BAREME, ids=[f"{cle}-{jour}" for cle, jour, _ in BAREME])
def test_chaque_chiffre_est_celui_du_bareme_publie(cle: str, jour: str, attendu: str) -> None:
    assert LOI.on(date.fromisoformat(jour)).fraction(cle) == Fraction(attendu)


@pytest.mark.parametrize("mois", MOIS, ids=str)
def test_chaque_cle_a_chaque_mois_une_valeur_ou_une_absence_expliquee(mois: Month) -> None:
    """Aucun mois de 2025 et 2026 ne tombe dans un trou muet, et aucun n'a deux valeurs."""
    for chiffre in LOI.chiffres.values():
        valeurs = [value for value in chiffre.valeurs if value.covers(mois.first_day)]
        absences = [absence for absence in chiffre.absences if absence.covers(mois.first_day)]

        assert len(valeurs) + len(absences) == 1, f"{chiffre.cle} en {mois}"


def test_un_mois_prend_le_chiffre_de_son_premier_jour() -> None:
    """Les plafonds des élus changent le 24 décembre 2025 : décembre garde l'ancien, janvier prend le nouveau."""
    cle = "elu.maire.taux_maximal.500_999"

    assert LOI.at(Month(2025, 12)).rate(cle) == 403_000
    assert LOI.on(date(2025, 12, 24)).rate(cle) == 443_000
    assert LOI.at(Month(2026, 1)).rate(cle) == 443_000


def test_les_unites_rendent_centimes_millioniemes_et_entiers() -> None:
    janvier = LOI.at(Month(2026, 1))

    assert janvier.cents("point_indice.valeur_annuelle_indice_100") == 590_734
    assert janvier.rate("dialogue_social.taux") == 160
    assert janvier.rate("temps_partiel.fraction_remuneree.50") == 500_000
    assert janvier.integer("ircantec.plafond_tranche_b") == 8
    assert janvier.text("crds.taux") == "Ordonnance 96-50"


@pytest.mark.parametrize(
    "demande, cle, message",
    [
        ("rate", "temps_partiel.fraction_remuneree.80", "ne tient pas en millionièmes"),
        ("rate", "smic.mensuel", "est un montant (EUR/mois), pas un taux"),
        ("cents", "crds.taux", "est un taux (taux), pas un montant"),
        ("integer", "ijss.maladie.plafond_smic", "n'est pas entier"),
    ],
)
def test_un_chiffre_demande_dans_une_mauvaise_unite_est_refuse(demande: str, cle: str, message: str) -> None:
    with pytest.raises(WrongUnit) as refus:
        getattr(LOI.at(Month(2026, 1)), demande)(cle)
    assert message in str(refus.value)


@pytest.mark.parametrize(
    "cle, mois, mots",
    [
        ("plafond_securite_sociale.mensuel", "2027-01", ["janvier 2027", "du 01/01/2025 au 31/12/2026"]),
        ("cnracl.employeur.taux", "2024-12", ["décembre 2024", "connu depuis le 01/01/2025", "cnracl.yaml"]),
        ("pas.abattement_contrat_court", "2025-05", ["mai 2025", "n'a pas été vérifié"]),
        ("minimum_traitement.mensuel", "2026-01", ["il se calcule : IM minimum"]),
        ("accident_travail.taux", "2026-01", ["donnée de l'adhérent"]),
        ("cnracl.employeur", "2026-01", ["n'existe pas", "cnracl.employeur.taux"]),
    ],
)
def test_un_chiffre_absent_dit_sa_cle_son_mois_et_la_raison(cle: str, mois: str, mots: list[str]) -> None:
    chiffres = LOI.at(Month.parse(mois))

    assert not chiffres.has(cle)
    with pytest.raises(FigureMissing) as absence:
        chiffres.value(cle)
    assert all(mot in str(absence.value) for mot in [f"« {cle} »", *mots])


# Les montants publiés qui se déduisent des chiffres : recalculés, jamais écrits dans la loi.


def traitement(indice: int) -> int:
    """IM × traitement de l'indice 100 / 1200, au centime."""
    return round_half_up(indice * LOI.at(Month(2026, 1)).cents("point_indice.valeur_annuelle_indice_100"), 1200)


def test_les_traitements_publies_se_recalculent() -> None:
    janvier = LOI.at(Month(2026, 1))

    # 366 × 5 907,34 / 1 200 = 1 801,7387
    assert traitement(janvier.integer("minimum_traitement.indice_majore")) == 180_174
    # 835 × 5 907,34 / 1 200 = 4 110,5241
    assert traitement(janvier.integer("indice_brut_terminal.indice_majore")) == 411_052
    # 49 × 5 907,34 / 1 200 = 241,2164
    assert traitement(janvier.integer("cti.points")) == 24_122
    # 390 : 1 919,8855 ; avec le point affiché (4,92278), 1 919,8842 donnerait un centime de moins
    assert traitement(390) == 191_989


@pytest.mark.parametrize(
    "nom, minimum, maximum",
    [
        ("deux_enfants", 7_772, 11_730),  # 10,67 + 3 % × 2 234,9436 = 67,05 ; 3 % × 3 554,2496 = 106,63
        ("trois_enfants", 19_404, 29_958),  # 15,24 + 8 % : 178,80 et 284,34
        ("enfant_supplementaire", 13_867, 21_782),  # 4,57 + 6 % : 134,10 et 213,25
    ],
)
def test_les_bornes_du_supplement_familial_se_recalculent(nom: str, minimum: int, maximum: int) -> None:
    """Part fixe + taux × traitement exact de l'indice borne : arrondir ce traitement d'abord donnerait 217,83 €."""
    janvier = LOI.at(Month(2026, 1))
    fixe, taux = janvier.cents(f"sft.part_fixe.{nom}"), janvier.fraction(f"sft.part_proportionnelle.{nom}")
    cents_par_point = Fraction(janvier.cents("point_indice.valeur_annuelle_indice_100"), 1200)
    parts = [
        janvier.integer(f"sft.indice_majore_{borne}") * cents_par_point * taux for borne in ("plancher", "plafond")
    ]

    assert [fixe + round_half_up(part.numerator, part.denominator) for part in parts] == [minimum, maximum]


@pytest.mark.parametrize(
    "cas, attendu",
    [("commune_moins_3500", 159_283), ("mandat_unique", 69_879), ("plusieurs_mandats", 104_818)],
)
def test_la_fraction_de_frais_d_emploi_se_recalcule(cas: str, attendu: int) -> None:
    """38,75 %, 17 % et 25,5 % de 4 110,52 €."""
    assert apply_rate(traitement(835), LOI.at(Month(2026, 1)).rate(f"elu.frais_emploi.{cas}.taux")) == attendu


@pytest.mark.parametrize("mois, attendu", [("2025-12", 6), ("2026-01", 2_129), ("2026-05", 2_129), ("2026-06", 6_528)])
def test_l_indemnite_differentielle_de_l_indice_366_se_recalcule(mois: str, attendu: int) -> None:
    assert LOI.at(Month.parse(mois)).cents("smic.mensuel") - traitement(366) == attendu


@pytest.mark.parametrize("mois", MOIS, ids=str)
def test_les_chiffres_lies_concordent_chaque_mois(mois: Month) -> None:
    """Ce que deux textes disent de la même grandeur doit tomber au même centime ou au même millionième."""
    chiffres = LOI.at(mois)

    assert chiffres.cents("smic.mensuel") == round_half_up(chiffres.cents("smic.horaire") * 35 * 52, 12)
    assert chiffres.cents("plafond_securite_sociale.annuel") == 12 * chiffres.cents("plafond_securite_sociale.mensuel")
    assert 2 * chiffres.cents("elu.seuil_assujettissement.mensuel") == chiffres.cents(
        "plafond_securite_sociale.mensuel"
    )
    assert chiffres.cents("indice_brut_terminal.mensuel") == round_half_up(
        chiffres.integer("indice_brut_terminal.indice_majore")
        * chiffres.cents("point_indice.valeur_annuelle_indice_100"),
        1200,
    )
    assert chiffres.rate("exoneration_heures_sup.taux.ircantec") == (
        chiffres.rate("vieillesse_plafonnee.salarie.taux")
        + chiffres.rate("vieillesse_deplafonnee.salarie.taux")
        + chiffres.rate("ircantec.tranche_a.salarie.taux")
    )
    assert chiffres.rate("csg_crds.heures_sup_exonerees.taux") == (
        chiffres.rate("csg.deductible.taux") + chiffres.rate("csg.non_deductible.taux") + chiffres.rate("crds.taux")
    )


@pytest.mark.parametrize("mois", ["2025-12", "2026-01"])
@pytest.mark.parametrize(
    "tranche, theorique", [("a.salarie", 224), ("a.employeur", 336), ("b.salarie", 556), ("b.employeur", 1004)]
)
def test_les_taux_ircantec_sont_les_taux_theoriques_appeles(mois: str, tranche: str, theorique: int) -> None:
    """Taux théorique × taux d'appel (1,25 puis 1,27), arrondi à deux décimales de pour cent."""
    chiffres = LOI.at(Month.parse(mois))
    appele = round_half_up(theorique * chiffres.rate("ircantec.taux_appel"), 1_000_000)

    assert chiffres.rate(f"ircantec.tranche_{tranche}.taux") == appele * 100


@pytest.mark.parametrize("tranche", range(2, 7))
@pytest.mark.parametrize("mois", ["2025-06", "2026-06"])
def test_le_bareme_des_saisies_monte_d_une_tranche_a_l_autre(mois: str, tranche: int) -> None:
    chiffres = LOI.at(Month.parse(mois))
    bornes = [chiffres.cents(f"saisie.tranche_{rang}.borne_superieure_annuelle") for rang in (tranche - 1, tranche)]
    fractions = [chiffres.fraction(f"saisie.tranche_{rang}.fraction") for rang in (tranche - 1, tranche, tranche + 1)]

    assert bornes == sorted(set(bornes))
    assert fractions == sorted(set(fractions))


def test_chaque_montant_tient_en_centimes_et_chaque_valeur_cite_un_texte() -> None:
    for chiffre in LOI.chiffres.values():
        for value in chiffre.valeurs:
            assert value.texte
            if chiffre.unite.sorte is Sorte.MONTANT:
                assert (value.exact * 100).denominator == 1, value.cle


@pytest.mark.parametrize(
    "cle, lisible",
    [
        ("cnracl.salarie.taux", "11,10\xa0%"),
        ("smic.mensuel", "1\u202f823,03 EUR/mois"),
        ("temps_partiel.fraction_remuneree.80", "6/7"),
        ("ihts.coefficient.au_dela_14_heures", "1,27 coefficient"),
    ],
)
def test_une_valeur_se_lit_a_la_francaise(cle: str, lisible: str) -> None:
    assert LOI.at(Month(2026, 1)).value(cle).lisible == lisible
