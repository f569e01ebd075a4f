"""Le catalogue livré : complet, sourcé, ordonné ; une prime de plus est une ligne de plus."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from payroll.catalogue import Catalogue, CatalogueError, load
from payroll.catalogue.loader import FOLDER
from payroll.engine import compute
from payroll.engine.bulletin import Section
from payroll.engine.registry import INPUTS, formulas_for
from payroll.engine.situation import Employeur, RegimeRetraite, Situation, Statut
from payroll.periods import Month

PROMISES = [
    "traitement",
    "nbi",
    "sft",
    "indemnite_residence",
    "indemnite_differentielle_smic",
    "transfert_primes_points",
    "ihts",
    "cnracl",
    "atiacl",
    "rafp",
    "ircantec_a",
    "ircantec_b",
    "maladie",
    "vieillesse_plafonnee",
    "vieillesse_deplafonnee",
    "allocations_familiales",
    "accident_travail",
    "csa",
    "fnal",
    "versement_mobilite",
    "cnfpt",
    "cnfpt_apprentissage",
    "cdg",
    "assurance_chomage",
    "csg_deductible",
    "csg_non_deductible",
    "crds",
    "csg_crds_heures_exonerees",
    "reduction_heures_supplementaires",
    "pas",
]


@pytest.mark.parametrize("code", PROMISES)
def test_les_codes_promis_existent(code: str) -> None:
    assert code in load()


def test_les_rubriques_sont_dans_l_ordre_du_bulletin() -> None:
    rubriques = list(load().values())
    assert [r.ordre for r in rubriques] == sorted(r.ordre for r in rubriques)
    sections = list(dict.fromkeys(rubrique.section for rubrique in rubriques))
    assert sections == list(Section)


def test_chaque_rubrique_a_sa_source_et_chaque_depense_son_compte() -> None:
    for rubrique in load().values():
        assert rubrique.source
        if rubrique.section is Section.BRUT or any(r.employeur or r.employeur_donnee for r in rubrique.regles):
            assert all(rubrique.account(population) for population in rubrique.populations), rubrique.code


def test_chaque_colonne_nommee_par_le_catalogue_se_calcule() -> None:
    catalogue = load()
    connues = {*INPUTS, *formulas_for(catalogue)}
    for rubrique in catalogue.values():
        noms = {rubrique.formule, rubrique.base, rubrique.nombre, rubrique.taux}
        noms |= {nom for detail in rubrique.details for nom in (detail.montant, detail.base, detail.nombre)}
        assert noms - {""} <= connues, rubrique.code


def test_le_catalogue_liste_ses_points_non_tranches() -> None:
    assert "dif_elus" in {rubrique.code for rubrique in load().doubts()}


PRIME = """
- code: prime_de_bareme
  libelle: Prime d'essai
  section: brut
  ordre: 345
  populations: [titulaire_cnracl]
  formule: montant
  saisie: [variables]
  assiettes: [rafp, csg, net_imposable]
  compte: "64118"
  source: Délibération d'essai
"""


def _with(tmp_path: Path, text: str) -> Catalogue:
    folder = tmp_path / "rubriques"
    shutil.copytree(FOLDER / "rubriques", folder)
    (folder / "90_essai.yaml").write_text(text, encoding="utf-8")
    return load(folder)


def test_une_prime_nouvelle_est_une_ligne_sans_code(tmp_path: Path) -> None:
    catalogue = _with(tmp_path, PRIME)
    agent = Situation(
        "A1", Statut.TITULAIRE, RegimeRetraite.CNRACL, 400, taux_pas_ppm=0, variables={"prime_de_bareme": 10_000}
    )
    (bulletin,) = compute(Month(2026, 3), [Employeur(1800, 12)], [agent], catalogue=catalogue).bulletins
    assert bulletin is not None
    montants = {ligne.code: ligne.montant_salarie for ligne in bulletin.lignes}
    assert montants["prime_de_bareme"] == 10_000
    assert montants["rafp"] == 500
    assert bulletin.brut == 196_911 + 10_000


@pytest.mark.parametrize(
    ("avant", "apres", "message"),
    [
        ("  libelle: Prime d'essai\n", "", "champ manquant « libelle »"),
        ("  source: Délibération d'essai\n", "", "champ manquant « source »"),
        ("source: Délibération d'essai", 'source: ""', "« source » est vide"),
        ("formule: montant", "formule: montant\n  couleur: bleu", "champ inconnu « couleur »"),
        ("code: prime_de_bareme", "code: ifse", "code déjà défini"),
        ("code: prime_de_bareme", "code: Prime-1", "code mal formé"),
        ("ordre: 345", "ordre: 300", "ordre 300 déjà pris par « ifse »"),
        ("ordre: 345", "ordre: haut", "« ordre » doit être un entier"),
        ("section: brut", "section: cave", "section inconnue « cave »"),
        ("[titulaire_cnracl]", "[pharaon]", "population"),
        ("assiettes: [rafp, csg, net_imposable]", "assiettes: [lune]", "assiette inconnue « lune »"),
        ("formule: montant", "formule: lune", "formule inconnue « lune »"),
        ("  formule: montant\n  saisie: [variables]\n", "", "donnez une « formule »"),
        ("saisie: [variables]", "saisie: [cave]", "lieu de saisie inconnu « cave »"),
        ("  saisie: [variables]\n", "", "dites où il se saisit"),
        ("formule: montant", "formule: traitement", "« saisie » ne va qu'avec la formule « montant »"),
        ("formule: montant", "formule: montant\n  absence: peut_etre", "sort en cas d'absence inconnu"),
        ("formule: montant", "formule: montant\n  retenue: oui_oui", "« retenue » doit être true ou false"),
        ("formule: montant", "formule: montant\n  base: lune", "colonne inconnue du moteur « lune » dans « base »"),
        ('compte: "64118"', "compte: six", "compte illisible « six »"),
        ('compte: "64118"', 'compte: {roi: "64118"}', "population inconnue « roi » dans « compte »"),
        ("formule: montant", "formule: montant\n  dsn: [1]", "« dsn » doit être une suite de clés"),
    ],
)
def test_une_rubrique_fautive_est_refusee(tmp_path: Path, avant: str, apres: str, message: str) -> None:
    assert avant in PRIME
    with pytest.raises(CatalogueError, match=re.escape(message)) as caught:
        _with(tmp_path, PRIME.replace(avant, apres))
    assert "90_essai.yaml" in str(caught.value)


COTISATION = """
- code: cotisation_d_essai
  libelle: Cotisation d'essai
  section: famille
  ordre: 1310
  populations: [contractuel]
  regles:
    - {populations: [contractuel], assiette: assiette_regime_general, employeur: allocations_familiales.taux}
  compte: "6451"
  source: Texte d'essai
"""


@pytest.mark.parametrize(
    ("avant", "apres", "message"),
    [
        ("allocations_familiales.taux", "lune.taux", "chiffre inconnu « lune.taux »"),
        (
            "assiette: assiette_regime_general",
            "assiette: assiette_lune",
            "colonne inconnue du moteur « assiette_lune »",
        ),
        (", employeur: allocations_familiales.taux", "", "une règle sans aucun taux ne produit rien"),
        ("assiette: assiette_regime_general", "assiete: x", "champ inconnu « assiete »"),
        ("employeur: all", "condition: lune, employeur: all", "colonne inconnue du moteur « lune » dans « condition »"),
        ('  compte: "6451"', "  formule: traitement", "pas les deux"),
    ],
)
def test_une_cotisation_fautive_est_refusee(tmp_path: Path, avant: str, apres: str, message: str) -> None:
    assert avant in COTISATION
    with pytest.raises(CatalogueError, match=re.escape(message)):
        _with(tmp_path, COTISATION.replace(avant, apres, 1))


def test_tous_les_defauts_sortent_d_un_coup(tmp_path: Path) -> None:
    faux = PRIME.replace("section: brut", "section: cave").replace("[titulaire_cnracl]", "[pharaon]")
    with pytest.raises(CatalogueError) as caught:
        _with(tmp_path, faux + COTISATION.replace("allocations_familiales.taux", "lune.taux"))
    assert len(caught.value.problems) == 3


def test_un_fichier_qui_n_est_pas_une_liste_est_refuse(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="une liste de rubriques est attendue"):
        _with(tmp_path, "code: seul\n")
