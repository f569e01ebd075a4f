"""Les doutes et les vérifications anciennes : rien de douteux ne passe sans être dit."""

from __future__ import annotations

from datetime import date

import pytest

from payroll.anomalies import Gravite
from payroll.legislation import POPULATIONS, Confiance, Nature, load, render
from payroll.periods import Month

LOI = load()
DOUTES = LOI.doubts()


def test_tout_chiffre_non_confirme_est_un_doute() -> None:
    """Les chiffres d'une seule source ou de mémoire sont tous dans la liste, et aucun n'y manque de phrase."""
    codes = {(doute.code, doute.du) for doute in DOUTES}
    douteux = {
        (value.cle, value.du)
        for chiffre in LOI.chiffres.values()
        for value in chiffre.valeurs
        if value.confiance is not Confiance.CONFIRME
    }

    assert douteux <= codes
    assert all(doute.sujet.strip().endswith((".", "…")) for doute in DOUTES)


def test_un_chiffre_confirme_sans_reserve_n_est_pas_un_doute() -> None:
    codes = {doute.code for doute in DOUTES}

    assert codes.isdisjoint({"cnracl.employeur.taux", "csg.deductible.taux", "plafond_securite_sociale.mensuel"})


@pytest.mark.parametrize(
    "code, mots",
    [
        ("elu.dif.taux", "annuel ou mensuel"),
        ("elu.dif_periodicite", "chaque mois ou une fois l'an"),
        ("elu.csg_crds.assiette", "Au-dessus du seuil"),
        ("cnfpt.majoration_apprentissage.taux", "reconfirmé pour 2026"),
        ("cnfpt.contrats_aides.taux", "Cumul"),
        ("indemnite_residence.plancher.indice_majore", "IM 313"),
        ("ihts.contingent_mensuel", "filière sanitaire et sociale"),
        ("ihts.temps_partiel.coefficient", "mêmes conditions"),
        ("exoneration_heures_sup.taux.ircantec", "Au-dessus du plafond"),
        ("apprenti.exoneration_patronale", "sources anciennes"),
        ("apprenti.exoneration_fiscale.plafond_annuel", "SMIC de juin 2026"),
        ("pec.exoneration_patronale", "Maintien en 2026"),
        ("pas.abattement_contrat_court", "n'a pas été vérifié"),
        ("pas.grille_par_defaut.guyane_mayotte", "2 398"),
        ("pas.grille_par_defaut.guadeloupe_martinique_reunion", "7 697"),
        ("tpp.titulaire_ircantec", "moins de 28 heures"),
        ("cmo.carence_dans_les_90_jours", "90 jours"),
        ("versement_mobilite.regional_rural", "régional"),
        ("elu.plafonds_decembre_2025", "huit jours"),
    ],
)
def test_chaque_doute_des_references_est_porte(code: str, mots: str) -> None:
    assert any(mots in doute.sujet for doute in DOUTES if doute.code == code)


def test_chaque_doute_a_un_identifiant_unique_et_dit_ce_qui_est_applique() -> None:
    assert len({doute.identifiant for doute in DOUTES}) == len(DOUTES)
    assert all(doute.choix_retenu and doute.texte and doute.populations for doute in DOUTES)


def test_une_regle_propose_toujours_une_autre_lecture() -> None:
    regles = [doute for doute in DOUTES if doute.nature is Nature.REGLE]

    assert regles
    assert all(doute.alternative and doute.alternative != doute.choix_retenu for doute in regles)
    assert all(set(doute.populations) <= set(POPULATIONS) for doute in regles)


def test_les_doutes_se_limitent_au_mois_et_aux_populations() -> None:
    """Une paie sans élu en 2026 ne montre ni les doutes des élus, ni ceux de 2025."""
    identifiants = {doute.identifiant for doute in LOI.doubts(Month(2026, 1), ["titulaire_cnracl"])}

    assert "arrondi.quotite" in identifiants
    assert "maladie.employeur.taux.cnracl 2026-01-01" in identifiants
    assert not any(identifiant.startswith("elu.") for identifiant in identifiants)
    assert not any(identifiant.startswith("pas.abattement_contrat_court 2025") for identifiant in identifiants)


def test_une_absence_voulue_par_le_texte_n_est_pas_un_doute() -> None:
    """La participation santé de 2025 n'existe pas : ce n'est pas une incertitude."""
    assert "psc.sante.participation_minimale 2025-01-01" not in {doute.identifiant for doute in DOUTES}


def test_la_liste_se_lit_en_texte() -> None:
    doute = next(doute for doute in DOUTES if doute.code == "elu.dif_periodicite")

    assert render([doute]) == (
        "elu.dif_periodicite [règle, une_source]\n"
        "    Incertain : Le droit individuel à la formation se précompte chaque mois ou une fois l'an.\n"
        "    Appliqué : Précompte mensuel.\n"
        "    Autre lecture : Précompte annuel, par le dernier bulletin de l'année.\n"
        "    Texte : CGCT L. 1621-3, D. 1621-14\n"
        "    Concerne : elu\n"
        "    Fichier : doutes.yaml\n"
        "\n"
        "1 doute (1 règle).\n"
    )
    assert render([]) == "0 doute.\n"


@pytest.mark.parametrize("mois", ["2025-01", "2026-11", "2026-12"])
def test_une_paie_couverte_par_la_verification_n_avertit_pas(mois: str) -> None:
    assert LOI.stale(Month.parse(mois)) == []


def test_une_paie_au_dela_de_la_verification_avertit_par_fichier() -> None:
    """Vérifiés en novembre 2026, les chiffres couvrent décembre ; ceux de janvier 2027 sont à relire."""
    anomalies = LOI.stale(Month(2027, 1))
    par_fichier = {anomalie.fichier: anomalie for anomalie in anomalies}

    assert {anomalie.code for anomalie in anomalies} == {"chiffre-non-reverifie"}
    assert {anomalie.gravite for anomalie in anomalies} == {Gravite.AVERTISSEMENT}
    assert "cnracl.salarie.taux" in par_fichier["cnracl.yaml"].message
    assert "janvier 2027" in par_fichier["cnracl.yaml"].message
    assert "22/11/2026" in par_fichier["cnracl.yaml"].message
    assert "pas.grille_par_defaut.metropole" in par_fichier["metropole.yaml"].message
    assert "plafonds.yaml" not in par_fichier  # aucun plafond 2027 : c'est une absence, pas un chiffre ancien


def test_le_delai_de_verification_se_choisit() -> None:
    assert LOI.stale(Month(2027, 1), delay_months=2) == []
    assert LOI.stale(Month(2026, 12), delay_months=0)


def test_chaque_chiffre_a_ete_verifie_apres_sa_publication() -> None:
    for chiffre in LOI.chiffres.values():
        for value in chiffre.valeurs:
            assert value.verifie_le >= date(2026, 11, 22)
            assert value.jo is None or value.jo < value.verifie_le
