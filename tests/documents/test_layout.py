"""Le modèle de bulletin est une donnée : la date le choisit, un fichier faux est refusé en disant quoi."""

from __future__ import annotations

import re
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

import payroll.documents.layout as layout
from payroll.catalogue import load
from payroll.documents import payslip
from payroll.documents.facts import PayslipFacts
from payroll.documents.layout import LayoutError, Total, model_for, models, parse_model
from payroll.documents.lines import payslip_rows
from payroll.engine.bulletin import Bulletin, Ligne, Section
from payroll.periods import Month
from tests.documents import samples
from tests.documents.readers import pdf_text

pytestmark = pytest.mark.documents

MONTANT = re.compile(r"-?\d[\d ]*,\d+(?: %)?")
SAMPLES = [samples.TITULAIRE, samples.CONTRACTUEL, samples.ELU, samples.MALADIE]


@pytest.fixture
def row() -> dict[str, Any]:
    data = yaml.safe_load((Path(layout.__file__).parent / "layout.yaml").read_text(encoding="utf-8"))
    return deepcopy(data["modeles"][-1])


@pytest.mark.parametrize(
    ("mois", "code"),
    [
        ("2010-01", "adapte-2023"),
        ("2023-07", "adapte-2023"),
        ("2026-12", "adapte-2023"),
        ("2027-01", "renove-2027"),
        ("2031-03", "renove-2027"),
    ],
)
def test_la_date_choisit_le_modele(mois: str, code: str) -> None:
    """Le dernier modèle commencé s'applique ; avant le premier, le plus ancien."""
    assert model_for(Month.parse(mois)).code == code


def test_un_modele_se_montre_avant_sa_date() -> None:
    assert model_for(Month(2026, 11), "renove-2027").code == "renove-2027"
    with pytest.raises(LayoutError, match=r"inconnu : « 2027 »\. Les modèles sont : adapte-2023, renove-2027"):
        model_for(Month(2026, 11), "2027")


def _both(facts: PayslipFacts) -> tuple[str, str]:
    texts = [pdf_text(payslip.render(replace(facts, modele=modele.code))) for modele in models()]
    return texts[0], texts[1]


@pytest.mark.parametrize("bulletin", SAMPLES, ids=lambda bulletin: bulletin.matricule)
def test_les_deux_modeles_impriment_les_memes_montants(bulletin: Bulletin) -> None:
    before, after = _both(samples.facts(bulletin))
    assert Counter(MONTANT.findall(before)) == Counter(MONTANT.findall(after))
    assert len(MONTANT.findall(before)) > 20


@pytest.mark.parametrize("modele", models(), ids=lambda modele: modele.code)
def test_chaque_total_est_celui_des_lignes_au_dessus(modele: layout.Modele) -> None:
    """Le lecteur refait le brut et les cotisations en additionnant les lignes imprimées avant leur total."""
    above: list[dict[str, str]] = []
    for row in payslip_rows(_prevoyance(), modele):
        if row.genre == "ligne":
            above.append(row.cells)
        elif row.libelle == "Total brut":
            assert _sum(above, "gain") - _sum(above, "retenue") == _cents(row.cells["gain"])
            above = []
        elif row.libelle == "Total des cotisations et contributions":
            assert _sum(above, "retenue") == _cents(row.cells["retenue"])
            assert _sum(above, "part_employeur") == _cents(row.cells["part_employeur"])


def _prevoyance() -> Bulletin:
    """Un titulaire dont le contrat collectif de prévoyance coûte 10,00 € à lui et 12,50 € à l'employeur."""
    base = samples.TITULAIRE
    rows = (
        Ligne("psc_prevoyance_obligatoire", "Prévoyance, employeur", Section.SANTE, 1060, montant_employeur=1250),
        Ligne("psc_prevoyance_obligatoire_agent", "Prévoyance, agent", Section.SANTE, 1061, montant_salarie=1000),
    )
    return replace(
        base,
        lignes=(*base.lignes, *rows),
        cotisations_salarie=base.cotisations_salarie + 1000,
        cotisations_employeur=base.cotisations_employeur + 1250,
    )


def _cents(text: str) -> int:
    return int(re.sub(r"[^\d-]", "", text))


def _sum(cells: list[dict[str, str]], column: str) -> int:
    return sum(_cents(row[column]) for row in cells if column in row)


def test_le_modele_de_2027_met_la_prevoyance_a_part_et_renomme_les_remboursements() -> None:
    facts = samples.facts(_prevoyance())
    before, after = _both(replace(facts, bulletin=replace(facts.bulletin, lignes=(*facts.bulletin.lignes, _titres()))))
    assert "facultatives" not in before
    assert "Remboursements et retenues diverses" in before
    assert "Remboursements et déductions diverses" in after
    assert before.index("Prévoyance, agent") < before.index("Retraite")
    assert (
        after.index("sociales facultatives") < after.index("Prévoyance, agent") < after.index("Total des cotisations")
    )


def _titres() -> Ligne:
    return Ligne("titres_restaurant", "Titres-restaurant", Section.NET, 2000, montant_salarie=-3000)


@pytest.mark.parametrize("modele", models(), ids=lambda modele: modele.code)
def test_un_modele_ne_nomme_que_des_rubriques_du_catalogue(modele: layout.Modele) -> None:
    assert {code for groupe in modele.groupes for code in groupe.rubriques} <= set(load())
    assert modele.texte
    assert len([part for part in modele.plan if isinstance(part, Total)]) == 4


def test_une_section_oubliee_est_refusee(row: dict[str, Any]) -> None:
    row["plan"] = [part for part in row["plan"] if part.get("sections") != ["chomage"]]
    with pytest.raises(LayoutError, match="oubliés chomage"):
        parse_model(row)


def test_une_section_inconnue_est_refusee(row: dict[str, Any]) -> None:
    row["plan"].append({"groupe": "Bonus", "sections": ["bonus"]})
    with pytest.raises(LayoutError, match="bonus"):
        parse_model(row)


def test_une_section_ou_un_total_repetes_sont_refuses(row: dict[str, Any]) -> None:
    row["plan"] += [{"groupe": "Encore", "sections": ["csg"]}, {"total": "brut", "titre": "Brut"}]
    with pytest.raises(LayoutError, match="répétés brut, csg"):
        parse_model(row)


def test_un_total_inconnu_ou_oublie_est_refuse(row: dict[str, Any]) -> None:
    row["plan"] = [part for part in row["plan"] if part.get("total") != "montant_net_social"]
    with pytest.raises(LayoutError, match="oubliés montant_net_social"):
        parse_model(row)
    row["plan"].append({"total": "net", "titre": "Net"})
    with pytest.raises(LayoutError, match="total inconnu, « net »"):
        parse_model(row)


def test_des_colonnes_trop_larges_sont_refusees(row: dict[str, Any]) -> None:
    row["colonnes"][0]["largeur"] += 5
    with pytest.raises(LayoutError, match="195 mm"):
        parse_model(row)


def test_une_colonne_de_montant_ne_se_cache_pas(row: dict[str, Any]) -> None:
    row["colonnes"] = [colonne for colonne in row["colonnes"] if colonne["cle"] != "retenue"]
    with pytest.raises(LayoutError, match="attendu, dans cet ordre"):
        parse_model(row)


def test_une_colonne_de_taux_peut_se_cacher(row: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    row["colonnes"] = [colonne for colonne in row["colonnes"] if colonne["cle"] != "taux_employeur"]
    row["colonnes"][0]["largeur"] += 16
    monkeypatch.setattr(layout, "models", lambda: (parse_model(row),))
    text = pdf_text(payslip.render(samples.facts(samples.TITULAIRE)))
    assert "37,65 %" not in text
    assert "678,36" in text
