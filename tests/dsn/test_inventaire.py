"""L'inventaire des contrôles : chacun est exécuté ou expliqué, le compte est juste, le document est à jour."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from desk.command import app
from dsn.controls import entries, inventaire
from dsn.norm import load, versions

ROOT = Path(__file__).parents[2]
NORM = load("P25V01")
LINES = inventaire.inventory(NORM)


def test_tout_controle_de_la_norme_est_a_l_inventaire() -> None:
    assert len(LINES) == 911 + 46
    assert [line.controle for line in LINES[:911]] == list(NORM.controles.values())


def test_un_controle_nouveau_doit_etre_ecrit_ou_explique() -> None:
    stranger = {("S21.G00.40.001", "CCH-99"): NORM.controles[("S21.G00.40.001", "CCH-13")]}
    with pytest.raises(inventaire.InventaireError, match="CCH-99"):
        inventaire.inventory(replace(NORM, controles=stranger))


def test_aucun_controle_ecrit_n_est_range_parmi_les_non_executes() -> None:
    path = Path(inventaire.__file__).with_name("non_executes.yaml")
    explained = set(yaml.safe_load(path.read_text("utf-8"))["par_controle"])
    assert explained & {f"{entry.rubrique} {entry.code}" for entry in entries()} == set()
    assert explained <= {f"{rubrique} {code}" for rubrique, code in NORM.controles}


def test_un_csl_00_a_bien_une_expression_reguliere() -> None:
    bare = [r for (r, code) in NORM.controles if code == "CSL-00" and NORM.rubriques[r].regex is None]
    assert bare == []


@pytest.mark.parametrize("nature", ["01", "07"])
def test_plus_de_95_pour_cent_des_cch_et_csl_de_la_mensuelle_sont_executes(nature: str) -> None:
    kept = [line for line in LINES if line.type in {"CCH", "CSL"} and nature in line.controle.natures]
    assert len(kept) > 300
    assert sum(line.execute for line in kept) * 100 > 95 * len(kept)


def test_tous_les_sig_sont_executes() -> None:
    assert all(line.execute for line in LINES if line.type == "SIG")


def test_le_compte_est_la_somme_de_ses_types() -> None:
    *rows, total = inventaire.counts(LINES, "01")
    assert total.total == sum(row.total for row in rows)
    assert total.executes == sum(row.executes for row in rows)
    assert sum(count for _, count in inventaire.reasons(LINES)) == sum(not line.execute for line in LINES)


def test_la_part_ne_s_arrondit_jamais_a_cent() -> None:
    assert inventaire.Compte("CCH", 2_000, 1_999).part == "99,9 %"
    assert inventaire.Compte("CCH", 3, 3).part == "100,0 %"
    assert inventaire.Compte("CCH", 0, 0).part == "0,0 %"


def test_chaque_fichier_cite_existe() -> None:
    for line in LINES:
        if line.execute and " " not in line.explication:
            assert (ROOT / line.explication).is_file()


def test_le_document_est_a_jour() -> None:
    """S'il ne l'est pas : ``paie dsn controles --markdown > docs/controles.md``."""
    assert (ROOT / "docs" / "controles.md").read_text("utf-8") == inventaire.markdown(load(versions()[-1]))


def test_la_commande_compte_et_refuse_une_norme_inconnue() -> None:
    runner = CliRunner()
    done = runner.invoke(app, ["dsn", "controles", "--norme", "P25V01"])
    assert done.exit_code == 0
    assert "448" in done.output  # les CCH de la mensuelle
    refused = runner.invoke(app, ["dsn", "controles", "--norme", "P24V01"])
    assert refused.exit_code != 0
