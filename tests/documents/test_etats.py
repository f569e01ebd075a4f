"""Les états rouverts comme les ouvre le comptable : le mandat égale ce qui est dû, chaque centime vient d'une ligne."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from payroll.catalogue import load
from payroll.documents.etats import ECART, JUSTE, EtatsFacts, render
from payroll.documents.ventilation import A_PRECISER, BulletinVentile, plan, ventiler
from payroll.engine.bulletin import Bulletin, Ligne, Section
from payroll.periods import Month
from tests.documents import samples
from tests.documents.readers import reopen

pytestmark = pytest.mark.documents

TITULAIRE = BulletinVentile("titulaire_cnracl", samples.TITULAIRE)
CONTRACTUEL = BulletinVentile("contractuel", samples.CONTRACTUEL)
ELU = BulletinVentile("elu", samples.ELU)
TOUS = (TITULAIRE, CONTRACTUEL, ELU)


def etats(*rows: BulletinVentile) -> EtatsFacts:
    return EtatsFacts(samples.COMMUNE.nom, "demo-1", samples.COMMUNE.siret, Month(2026, 3), 1, rows or TOUS)


def named(sheet: Worksheet, first: str, second: str | None = None) -> list[Any]:
    (found,) = (
        list(row)
        for row in sheet.iter_rows(min_row=5, values_only=True)
        if row[0] == first and (second is None or row[1] == second)
    )
    return found


def cents(value: Any) -> int:
    scaled = Decimal(str(value)) * 100
    assert scaled == scaled.to_integral_value(), value
    return int(scaled)


def test_les_feuilles_et_leur_titre() -> None:
    book = reopen(render(etats()))
    assert book.sheetnames == ["Charges par organisme", "Charges par compte", "Mandat", "Sommes dues"]
    assert all("mars 2026" in sheet["A1"].value for sheet in book)


def test_les_charges_par_organisme() -> None:
    """Ircantec : contractuel 63,02 + 94,75, élu 32,80 + 49,32. CNRACL : 199,99 + 678,36."""
    sheet = reopen(render(etats()))["Charges par organisme"]
    assert [cents(value) for value in named(sheet, "Total Ircantec")[5:]] == [9582, 14407, 23989]
    assert [cents(value) for value in named(sheet, "Total CNRACL")[5:]] == [19999, 67836, 87835]
    agent, employeur = 40871 + 42369 + 15639, 102391 + 92350 + 4932
    assert [cents(value) for value in named(sheet, "Total des charges")[5:]] == [agent, employeur, agent + employeur]


def test_la_reduction_d_un_agent_cnracl_ne_va_pas_a_l_urssaf() -> None:
    found = ventiler(TOUS).charges
    code = "reduction_heures_supplementaires"
    assert found["Retraite additionnelle (RAFP)", "437", code].agent == -743
    assert found["Urssaf", "431", code].agent == -1317


def test_les_charges_par_compte() -> None:
    """6453 : CNRACL 678,36, ATIACL 7,21, RAFP 15,29 et Ircantec du contractuel 94,75 ; l'élu a son 65313."""
    sheet = reopen(render(etats()))["Charges par compte"]
    assert cents(named(sheet, "Total 6453")[3]) == 67836 + 721 + 1529 + 9475
    assert cents(named(sheet, "Total 65313")[3]) == 4932
    assert cents(named(sheet, "Total des charges de l'employeur")[3]) == 102391 + 92350 + 4932


def test_le_mandat_par_article_et_par_chapitre() -> None:
    """64111 : 1801,74 du titulaire ; 64131 : 1969,11 du contractuel ; 65311 : 1155,06 de l'élu."""
    sheet = reopen(render(etats()))["Mandat"]
    assert cents(named(sheet, "012", "64111")[6]) == 180174
    assert cents(named(sheet, "012", "64131")[6]) == 196911
    assert cents(named(sheet, "65", "65311")[6]) == 115506
    assert cents(named(sheet, "Total 65")[6]) == 115506 + 4932
    total = named(sheet, "Total du mandat")
    assert [cents(value) for value in total[3:]] == [548391, 199673, 0, 748064]
    assert named(sheet, JUSTE)


def test_les_sommes_dues_egalent_le_mandat() -> None:
    sheet = reopen(render(etats()))["Sommes dues"]
    assert cents(named(sheet, "421")[3]) == 169080 + 174362 + 99867
    assert cents(named(sheet, "4421")[3]) == 810 + 5393
    assert cents(named(sheet, "Total des sommes dues")[3]) == 748064


def _with(bulletin: Bulletin, ligne: Ligne) -> BulletinVentile:
    """Le bulletin avec une ligne après le net de plus."""
    lignes = (*bulletin.lignes, ligne)
    return BulletinVentile(
        "contractuel", replace(bulletin, lignes=lignes, net_a_payer=bulletin.net_a_payer + ligne.montant_salarie)
    )


@pytest.mark.parametrize(
    ("code", "montant", "article", "du"),
    [
        ("frais_mission", 4_250, ("011", "6251"), None),
        ("remboursement_transport", 1_500, ("012", "6488"), None),
        ("ijss_nettes", 20_000, ("013", "6419"), None),
        ("saisie_administrative", -12_345, None, ("427", "Créanciers (saisies, pensions, cessions)")),
        ("retenue_mutuelle", -3_000, None, ("437", "Protection sociale complémentaire")),
        ("acompte", -10_000, None, ("425", "Acomptes déjà versés")),
    ],
)
def test_ce_qui_suit_le_net_est_une_depense_ou_est_du_a_un_tiers(
    code: str, montant: int, article: tuple[str, str] | None, du: tuple[str, str] | None
) -> None:
    row = _with(samples.CONTRACTUEL, Ligne(code, code, Section.NET, 2000, montant_salarie=montant))
    found = ventiler([row])
    assert found.total_depenses == found.total_dus
    if article is not None:
        assert (plan().chapitre(article[1])[0], found.depenses[article[1]].remboursements) == (article[0], montant)
    if du is not None:
        assert found.dus[du] == -montant


def test_une_cotisation_inconnue_se_voit_et_ne_fausse_rien() -> None:
    ligne = Ligne("mystere", "Mystère", Section.RETRAITE, 999, montant_salarie=0, montant_employeur=700)
    row = replace(TITULAIRE, bulletin=replace(samples.TITULAIRE, lignes=(*samples.TITULAIRE.lignes, ligne)))
    book = reopen(render(etats(row)))
    assert cents(named(book["Charges par organisme"], f"Total {A_PRECISER}")[7]) == 700
    assert named(book["Sommes dues"], JUSTE)


def test_un_net_qui_ne_suit_pas_des_lignes_est_signale() -> None:
    row = replace(TITULAIRE, bulletin=replace(samples.TITULAIRE, net_a_payer=169_081))
    assert named(reopen(render(etats(row)))["Mandat"], ECART)


def test_chaque_rubrique_hors_du_brut_a_un_destinataire_et_chaque_compte_un_libelle() -> None:
    """Une rubrique ajoutée au catalogue sans organisme, ou un compte sans libellé, se voit ici."""
    for code, rubrique in load().items():
        comptes = set(rubrique.compte.values())
        if rubrique.section is not Section.BRUT and not (rubrique.section is Section.NET and comptes):
            assert plan().organisme(code, "contractuel") != A_PRECISER, code
        for compte in comptes:
            assert plan().chapitre(compte)[0], compte
        assert (comptes | {rubrique.compte_tiers}) <= plan().articles.keys(), code


def test_aucune_rubrique_n_a_deux_destinataires_et_toutes_existent() -> None:
    assert set(plan().de_rubrique) <= set(load())
    assert {code for _, code in plan().de_population} <= set(plan().de_rubrique)


@given(st.lists(st.sampled_from(TOUS), max_size=6))
def test_la_ventilation_s_additionne(rows: list[BulletinVentile]) -> None:
    """Ventiler plusieurs bulletins, c'est additionner leurs ventilations, et rien ne se perd."""
    whole = ventiler(rows)
    assert whole.total_depenses == whole.total_dus == sum(row.bulletin.cout_employeur for row in rows)
    assert whole.total_dus == sum(ventiler([row]).total_dus for row in rows)


def test_memes_faits_memes_octets() -> None:
    assert render(etats()) == render(etats())
