"""Le journal rouvert comme l'ouvre l'adhérent : chaque total se refait à partir des lignes, au centime."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from openpyxl.worksheet.worksheet import Worksheet

from payroll.catalogue import load
from payroll.documents.journal import AMOUNT_FORMAT, ECART, JUSTE, JournalFacts, JournalRow, render
from payroll.engine.bulletin import Bulletin, Ligne, Section
from payroll.periods import Month
from tests.documents import samples
from tests.documents.readers import reopen

pytestmark = pytest.mark.documents

HEADER = 4


def row(bulletin: Bulletin) -> JournalRow:
    agent = samples.facts(bulletin).agent
    statut = samples.facts(bulletin).contrat.statut_libelle
    return JournalRow(agent.matricule, agent.nom, agent.prenom, statut, bulletin)


def journal(*rows: JournalRow) -> JournalFacts:
    shown = rows or (row(samples.TITULAIRE), row(samples.CONTRACTUEL), row(samples.ELU))
    return JournalFacts(samples.COMMUNE.nom, "demo-1", samples.COMMUNE.siret, Month(2026, 3), 1, shown)


def table(sheet: Worksheet) -> list[dict[str, Any]]:
    """Les lignes de la feuille, par titre de colonne, en-tête et titres compris dans aucune."""
    titles = [cell.value for cell in sheet[HEADER]]
    return [dict(zip(titles, values, strict=True)) for values in sheet.iter_rows(min_row=HEADER + 1, values_only=True)]


def cents(value: Any) -> int:
    scaled = Decimal(str(value)) * 100
    assert scaled == scaled.to_integral_value(), value
    return int(scaled)


def test_les_quatre_feuilles_sont_la_et_disent_de_qui_et_de_quand() -> None:
    workbook = reopen(render(journal()))
    assert workbook.sheetnames == ["Journal", "Lignes", "Cotisations", "Récapitulatif"]
    for sheet in workbook:
        assert "mars 2026" in sheet["A1"].value
        assert "Commune de Saint-Exemple-les-Pins" in sheet["A2"].value
        assert "révision 1" in sheet["A2"].value


def test_une_ligne_par_agent_et_des_totaux_qui_sont_des_valeurs() -> None:
    """Les totaux sont écrits en valeurs : le journal se lit sans recalcul, même dans un aperçu."""
    rows = table(reopen(render(journal()))["Journal"])
    assert [line["Matricule"] for line in rows] == ["00042", "00107", "E-001", "Total", JUSTE]
    titulaire, total = rows[0], rows[3]
    assert titulaire["Nom"] == "Larrezet"
    assert cents(titulaire["Total brut"]) == 210761
    assert cents(titulaire[load()["ifse"].intitule]) == 15000
    assert cents(titulaire["Retraite, part agent"]) == 19999 + 1529
    assert cents(titulaire["CSG et CRDS, part agent"]) == 13089 + 4620 + 962 + 1415
    assert cents(titulaire["Net à payer"]) == 169080
    for title in titulaire:
        if title not in ("Matricule", "Nom", "Prénom", "Statut"):
            assert cents(total[title]) == sum(cents(line[title]) for line in rows[:3]), title


def test_une_ligne_de_rappel_dit_son_mois_de_droit() -> None:
    rappel = Ligne("ifse", "IFSE", Section.BRUT, 300, montant_salarie=1200, periode=Month(2025, 11))
    bulletin = replace(samples.ELU, lignes=(*samples.ELU.lignes, rappel))
    libelles = [line["Libellé"] for line in table(reopen(render(journal(row(bulletin))))["Lignes"])]
    assert "Rappel 11/2025, IFSE" in libelles


def test_une_rubrique_en_plusieurs_lignes_n_a_qu_une_colonne() -> None:
    """Les tranches d'heures supplémentaires s'additionnent sous le libellé du catalogue."""
    tranches = (
        Ligne("ihts", "IHTS, 14 premières heures", Section.BRUT, 300, montant_salarie=20000),
        Ligne("ihts", "IHTS, heures 15 à 25", Section.BRUT, 300, montant_salarie=3000),
    )
    bulletin = replace(samples.ELU, lignes=(*samples.ELU.lignes, *tranches))
    first = table(reopen(render(journal(row(bulletin))))["Journal"])[0]
    assert cents(first[load()["ihts"].intitule]) == 23000
    assert not any("14 premières" in title for title in first)


def test_le_controle_refait_les_totaux_depuis_les_lignes() -> None:
    rows = table(reopen(render(journal()))["Journal"])
    gaps = {title: value for title, value in rows[-1].items() if value is not None and title != "Matricule"}
    assert set(gaps) == {
        "Total brut",
        "Total cotisations agent",
        "Net avant impôt",
        "Net à payer",
        "Charges employeur",
        "Coût employeur",
    }
    assert all(cents(value) == 0 for value in gaps.values())


def test_un_total_faux_se_voit_dans_le_controle() -> None:
    wrong = replace(samples.TITULAIRE, brut=samples.TITULAIRE.brut + 1)
    rows = table(reopen(render(journal(row(wrong))))["Journal"])
    assert rows[-1]["Matricule"] == ECART
    assert cents(rows[-1]["Total brut"]) == 1


def test_ce_qui_suit_le_net_avant_impot_entre_dans_le_controle() -> None:
    facts = samples.full_facts()
    rows = table(
        reopen(render(journal(JournalRow("00058", "Dupouy", "Élise", "Titulaire", facts.bulletin))))["Journal"]
    )
    assert cents(rows[0]["Remboursements et retenues"]) == -7000
    assert rows[-1]["Matricule"] == JUSTE


def test_une_ligne_de_prelevement_n_est_comptee_qu_une_fois() -> None:
    ligne = Ligne("pas", "Prélèvement à la source", Section.NET, 990, montant_salarie=-810)
    bulletin = replace(samples.TITULAIRE, lignes=(*samples.TITULAIRE.lignes, ligne))
    assert table(reopen(render(journal(row(bulletin))))["Journal"])[-1]["Matricule"] == JUSTE


def test_la_feuille_des_lignes_porte_chaque_ligne_de_chaque_bulletin() -> None:
    rows = table(reopen(render(journal()))["Lignes"])
    bulletins = (samples.TITULAIRE, samples.CONTRACTUEL, samples.ELU)
    assert len(rows) == sum(len(bulletin.lignes) for bulletin in bulletins)
    cnracl = next(line for line in rows if line["Code"] == "cnracl")
    assert (cnracl["Matricule"], cnracl["Section"], cnracl["Libellé"]) == ("00042", "Retraite", "CNRACL")
    assert [cents(cnracl[title]) for title in ("Base", "Part agent", "Part employeur")] == [180174, 19999, 67836]
    assert Decimal(str(cnracl["Taux agent"])) == Decimal("0.111")
    assert Decimal(str(cnracl["Taux employeur"])) == Decimal("0.3765")


def test_les_cotisations_totalisees_retrouvent_les_bulletins() -> None:
    rows = table(reopen(render(journal()))["Cotisations"])
    by_code = {line["Code"]: line for line in rows}
    assert by_code["ircantec_a"]["Bulletins"] == 2
    assert cents(by_code["ircantec_a"]["Base"]) == 221895 + 115506
    assert cents(by_code["ircantec_a"]["Part agent"]) == 6302 + 3280
    assert cents(by_code["ircantec_a"]["Total"]) == 6302 + 3280 + 9475 + 4932
    for title in ("Part agent", "Part employeur", "Total"):
        assert cents(by_code["Total"][title]) == sum(cents(line[title]) for line in rows[:-1])
    assert cents(by_code["Total"]["Part employeur"]) == 102391 + 92350 + 4932


def test_le_recapitulatif_se_lit_d_un_coup_d_oeil() -> None:
    rows = {line["Élément"]: line["Montant"] for line in table(reopen(render(journal()))["Récapitulatif"])}
    assert rows["Agents payés"] == 3
    assert cents(rows["Net à payer aux agents"]) == 169080 + 174362 + 99867
    assert cents(rows["Coût total pour l'employeur"]) == 313152 + 314474 + 120438


def test_les_montants_sont_des_nombres_exacts_au_format_monetaire() -> None:
    sheet = reopen(render(journal()))["Journal"]
    cell = next(
        cell for cell in sheet[HEADER + 1] if cell.value and sheet.cell(HEADER, cell.column).value == "Total brut"
    )
    assert cell.data_type == "n"
    assert cell.number_format == AMOUNT_FORMAT
    assert str(cell.value) == "2107.61"
    assert sheet["A5"].data_type == "s", "un matricule garde ses zéros"


def test_le_journal_s_imprime_et_se_filtre() -> None:
    for sheet in reopen(render(journal())):
        assert sheet.freeze_panes.endswith(str(HEADER + 1))
        assert sheet.auto_filter.ref.startswith(f"A{HEADER}:")
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.fitToHeight == 0
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.print_title_rows == f"${HEADER}:${HEADER}"


def test_une_feuille_trop_large_s_imprime_sur_plusieurs_pages_l_agent_repete() -> None:
    """Vingt-cinq colonnes sur une page seraient illisibles ; les autres feuilles tiennent en largeur."""
    book = reopen(render(journal()))
    assert {sheet.title: sheet.page_setup.fitToWidth for sheet in book} == {
        "Journal": 2,
        "Lignes": 1,
        "Cotisations": 1,
        "Récapitulatif": 1,
    }
    assert book["Journal"].print_title_cols == "$A:$C"
    assert book["Journal"].page_setup.pageOrder == "overThenDown"
    assert not book["Lignes"].print_title_cols


def test_un_libelle_trop_long_se_plie_au_lieu_d_elargir_la_feuille() -> None:
    ligne = Ligne("x", "mot " * 30, Section.BRUT, 1, montant_salarie=0)
    bulletin = replace(samples.ELU, lignes=(*samples.ELU.lignes, ligne))
    sheet = reopen(render(journal(row(bulletin))))["Lignes"]
    (cell,) = (cell for cell in sheet["D"] if str(cell.value).startswith("mot"))
    assert cell.alignment.wrap_text
    assert sheet.column_dimensions["D"].width == 40
    assert sheet.row_dimensions[cell.row].height == 45
    assert sheet.row_dimensions[sheet.max_row].height is None


@pytest.mark.hostile
def test_un_nom_qui_commence_par_egal_ne_devient_pas_une_formule() -> None:
    ligne = Ligne("x", "+HYPERLINK(1)", Section.BRUT, 1, montant_salarie=0)
    bulletin = replace(samples.TITULAIRE, lignes=(*samples.TITULAIRE.lignes, ligne))
    facts = replace(journal(JournalRow("=1+1", "=cmd()", "@SUM(A1)", "-x", bulletin)), nom="=Commune & Cie")
    workbook = reopen(render(facts))
    for sheet in workbook:
        for line in sheet.iter_rows():
            for cell in line:
                assert cell.data_type != "f", cell.coordinate
                assert not isinstance(cell.value, str) or cell.value[:1] not in "=+-@", cell.value
    assert [cell.value for cell in workbook["Journal"][HEADER + 1]][:4] == ["'=1+1", "'=cmd()", "'@SUM(A1)", "'-x"]
    assert workbook["Journal"].oddFooter.left.text == "=Commune && Cie – mars 2026"


def test_un_mois_sans_agent_donne_un_journal_vide_et_juste() -> None:
    facts = replace(journal(), rows=())
    rows = table(reopen(render(facts))["Journal"])
    assert [line["Matricule"] for line in rows] == ["Total", JUSTE]
    assert cents(rows[0]["Net à payer"]) == 0


def test_les_memes_faits_donnent_les_memes_octets() -> None:
    assert render(journal()) == render(journal())
