"""Les fiches de l'année rouvertes : chaque mois à sa colonne, chaque total est la somme de ses mois."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from openpyxl.worksheet.worksheet import Worksheet

from payroll.documents.fiches import BulletinAnnuel, FichesFacts, render
from payroll.engine.bulletin import Bulletin, Ligne, Section
from payroll.periods import Month
from tests.documents import samples
from tests.documents.readers import reopen

pytestmark = pytest.mark.documents


def of(bulletin: Bulletin, mois: int, matricule: str = "") -> BulletinAnnuel:
    agent = samples.facts(bulletin).agent
    return BulletinAnnuel(
        matricule or agent.matricule, agent.nom, agent.prenom, replace(bulletin, mois=Month(2026, mois))
    )


def fiches(*rows: BulletinAnnuel) -> FichesFacts:
    last = max(row.bulletin.mois for row in rows)
    return FichesFacts(samples.COMMUNE.nom, "demo-1", samples.COMMUNE.siret, last, rows)


ANNEE = fiches(of(samples.TITULAIRE, 1), of(samples.CONTRACTUEL, 3), of(samples.ELU, 3), of(samples.TITULAIRE, 12))


def named(sheet: Worksheet, *first: str) -> dict[str, Any]:
    titles = [str(cell.value) for cell in sheet[4]]
    (found,) = (row for row in sheet.iter_rows(min_row=5, values_only=True) if row[: len(first)] == first)
    return dict(zip(titles, found, strict=True))


def cents(value: Any) -> int:
    scaled = Decimal(str(value or 0)) * 100
    assert scaled == scaled.to_integral_value(), value
    return int(scaled)


def test_une_feuille_par_agent_apres_les_recapitulatifs() -> None:
    book = reopen(render(ANNEE))
    assert book.sheetnames == ["Récapitulatif", "Par mois", "00042", "00107", "E-001"]
    assert book["00042"]["A1"].value.startswith("Fiche individuelle 2026 – 00042 – LARREZET ")


def test_chaque_mois_a_sa_colonne_et_l_annee_les_additionne() -> None:
    sheet = reopen(render(ANNEE))["00042"]
    line = named(sheet, "Retraite", "CNRACL", "Agent")
    assert (cents(line["Janvier"]), line["Février"], cents(line["Décembre"])) == (19999, None, 19999)
    assert cents(line["Année"]) == 2 * 19999
    assert cents(named(sheet, "Retraite", "CNRACL", "Employeur")["Année"]) == 2 * 67836
    assert cents(named(sheet, "Net à payer")["Année"]) == 2 * 169080
    assert cents(named(sheet, "Rémunération brute", "Transfert primes/points", "Montant")["Année"]) == -2 * 1392


def test_les_lignes_du_brut_font_le_brut_de_chaque_mois() -> None:
    sheet = reopen(render(ANNEE))["00042"]
    lines = [row for row in sheet.iter_rows(min_row=5, values_only=True) if row[0] == "Rémunération brute"]
    for column in (3, 14, 15):
        assert sum(cents(row[column]) for row in lines) == (210761 if column < 15 else 2 * 210761)


def test_les_deux_recapitulatifs_ont_les_memes_totaux() -> None:
    book = reopen(render(ANNEE))
    whole = {"Total brut": 2 * 210761 + 222124 + 115506, "Net à payer": 2 * 169080 + 174362 + 99867}
    for name in ("Récapitulatif", "Par mois"):
        total = named(book[name], "Total")
        assert {title: cents(total[title]) for title in whole} == whole
    assert named(book["Récapitulatif"], "00042")["Mois payés"] == 2
    mars = named(book["Par mois"], "mars 2026")
    assert (mars["Agents"], mars["Bulletins"], cents(mars["Net à payer"])) == (2, 2, 174362 + 99867)


def test_deux_contrats_d_un_agent_font_une_seule_fiche() -> None:
    book = reopen(render(fiches(of(samples.ELU, 3, "00042"), of(samples.TITULAIRE, 3, "00042"))))
    assert book.sheetnames[2:] == ["00042"]
    assert cents(named(book["00042"], "Net à payer")["Mars"]) == 99867 + 169080
    assert named(book["Récapitulatif"], "00042")["Mois payés"] == 1


def test_une_ligne_de_rappel_garde_son_mois_de_droit() -> None:
    rappel = Ligne("ifse", "IFSE", Section.BRUT, 300, montant_salarie=1200, periode=Month(2025, 11))
    bulletin = replace(samples.ELU, lignes=(*samples.ELU.lignes, rappel))
    sheet = reopen(render(fiches(of(bulletin, 5))))["E-001"]
    assert cents(named(sheet, "Rémunération brute", "Rappel 11/2025, IFSE", "Montant")["Mai"]) == 1200


def test_des_matricules_qui_se_ressemblent_gardent_chacun_leur_feuille() -> None:
    rows = [of(samples.ELU, 3, matricule) for matricule in ("A/1", "A:1", "a 1", "X" * 60)]
    assert reopen(render(fiches(*rows))).sheetnames[2:] == ["A-1", "A-1-2", "X" * 25, "a-1-3"]


def test_memes_faits_memes_octets() -> None:
    assert render(ANNEE) == render(ANNEE)
