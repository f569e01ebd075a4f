"""Les tables des absences sont refusées en bloc, chaque défaut dit par son nom et sa place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from payroll.legislation import load
from payroll.legislation.conges import FOLDER, load_conges
from payroll.legislation.errors import LegislationError


@pytest.mark.parametrize(
    "fichier, avant, apres, attendu",
    [
        ("effets.yaml", "primes: perdues", "primes: gardees", "sort des primes inconnu « gardees »"),
        ("effets.yaml", "      primes: perdues\n", '      primes: perdues\n      etat: "33"\n', "« etat » va avec"),
        ("effets.yaml", '      sft: "100"\n', "", "champ manquant « sft »"),
        ("effets.yaml", "au: 2024-08-31", "au: 2024-09-30", "périodes qui se chevauchent"),
        ("effets.yaml", "- motif: cld\n", "- motif: clm\n", "code écrit deux fois"),
        ("effets.yaml", "confiance: confirme", "confiance: sure", "confiance inconnue « sure »"),
        ("natures.yaml", "motif: clm_demi_traitement", "motif: clm_a_moitie", "motif inconnu « clm_a_moitie »"),
        ("natures.yaml", "fenetre: carriere", "fenetre: toujours", "fenêtre inconnue « toujours »"),
        ("natures.yaml", "ijss: maternite", "ijss: naissance", "indemnités journalières inconnues « naissance »"),
        ("natures.yaml", "apres: 4 mois", "apres: quatre mois", "ancienneté illisible « quatre mois »"),
        ("natures.yaml", "[titulaire_cnracl]", "[ministre]", "population inconnue « ministre »"),
        ("sans_carence.yaml", "  cpam: true\n", "  caisse: true\n", "champ inconnu « caisse »"),
    ],
)
def test_une_table_fautive_est_refusee(tmp_path: Path, fichier: str, avant: str, apres: str, attendu: str) -> None:
    folder = tmp_path / "conges"
    shutil.copytree(FOLDER, folder)
    text = (folder / fichier).read_text(encoding="utf-8")
    assert avant in text
    (folder / fichier).write_text(text.replace(avant, apres, 1), encoding="utf-8")
    with pytest.raises(LegislationError) as refus:
        load_conges(folder)
    assert attendu in str(refus.value)
    assert fichier in str(refus.value)


def test_ce_qui_n_est_pas_confirme_est_un_doute() -> None:
    """Chaque ligne douteuse se liste ; une ligne confirmée et sans doute ne s'y trouve pas."""
    codes = {doute.code for doute in load().doubts()}
    assert {"conge.effet.suspension", "conge.droits.clm.1", "conge.droits.at.1"} <= codes
    assert {"conge.effet.maternite", "conge.droits.citis.1", "conge.effet.carence"}.isdisjoint(codes)
