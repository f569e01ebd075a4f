"""L'état de paye relu comme le lit le comptable : l'ordre des éléments, chaque net refait de ses lignes, le mandat."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from payroll.documents.xhl import AgentPaye, EtatPayeFacts, render
from payroll.engine.bulletin import Bulletin, Ligne, Section
from payroll.periods import Month
from tests.documents import samples

pytestmark = pytest.mark.documents

ESPACE = "{http://www.minefi.gouv.fr/cp/helios/pes_v2/paye_1_1}"
FAMILLES = ["TraitBrut", "IndemResid", "SupFam", "AvantageNature", "Indemnite", "RemDivers", "Deduction", "Acompte",
            "Rappel", "Retenue", "Cotisation"]  # fmt: skip
RETIREES = {"Deduction", "Acompte", "Retenue"}


def of(bulletin: Bulletin, statut: str, population: str, temps: int = 10_000) -> AgentPaye:
    return AgentPaye(samples.facts(bulletin), statut, "185044099900142", population, temps)


AGENTS = (
    of(samples.TITULAIRE, "titulaire", "titulaire_cnracl"),
    of(samples.CONTRACTUEL, "contractuel", "contractuel", 8_000),
    of(samples.ELU, "elu", "elu"),
)


def etat(*agents: AgentPaye) -> Element:
    root: Element = fromstring(render(EtatPayeFacts(samples.COMMUNE, Month(2026, 3), agents or AGENTS)))
    return root


def value(node: Element, path: str) -> str:
    found = node.find(path)
    assert found is not None, path
    return found.attrib["V"]


def lines(person: Element) -> list[Element]:
    (pay,) = person.findall("Remuneration")
    return list(pay)


def net(person: Element) -> Decimal:
    """Le net refait des lignes : ce qui est payé, moins ce qui est retenu ; la part de l'employeur n'y est pas."""
    return sum(
        (
            Decimal(value(line, "Mt")) * (-1 if line.tag in RETIREES else 1)
            for line in lines(person)
            if line.tag != "Cotisation"
        ),
        Decimal(0),
    )


def test_l_ordre_du_document_est_celui_du_schema() -> None:
    root = etat()
    assert root.tag == f"{ESPACE}DocumentPaye"
    top = [node.tag for node in root]
    assert top == [
        "IdVer", "Annee", "Mois", "Budget", "Employeur", "DonneesIndiv", "Nomenclatures", "RepartitionParNature",
    ]  # fmt: skip
    assert [node.tag for node in root[4]] == ["Nom", "APE", "Adresse", "NumUrssaf", "Siret"]
    person = root.findall("DonneesIndiv/PayeIndivMensuel")[0]
    assert [node.tag for node in person] == [
        "Agent", "Service", "NBI", "QuotiteTrav", "Periode", "Remuneration", "NbHeureTotal", "NbHeureSup", "MtBrut",
        "MtNet", "MtNetAPayer", "DatePaiement", "MtImposable", "CumulMtImposable", "CumulMtBrut", "CumulBaseSS",
        "RepartitionBudget",
    ]  # fmt: skip
    assert [node.tag for node in person[0]] == [
        "Nom", "Prenom", "Matricule", "NIR", "Adresse", "NbEnfants", "Statut", "EmploiMetier", "Grade", "Echelon",
        "Indice",
    ]  # fmt: skip
    assert [node.tag for node in root[6]] == ["NomenclatureEvtPaye", "NomenclatureRubriquePaye", "NomenclatureCaisse"]


def test_chaque_feuille_est_vide_et_porte_v() -> None:
    for node in etat().iter():
        assert not (node.text or "").strip()
        assert (set(node.attrib) == {"V"}) is (len(node) == 0), node.tag


def test_les_lignes_vont_par_famille_dans_l_ordre() -> None:
    for person in etat().iter("PayeIndivMensuel"):
        ranks = [FAMILLES.index(line.tag) for line in lines(person)]
        assert ranks == sorted(ranks)


@pytest.mark.parametrize("rank", range(3))
def test_le_net_a_payer_se_refait_des_lignes(rank: int) -> None:
    person = etat().findall("DonneesIndiv/PayeIndivMensuel")[rank]
    assert net(person) == Decimal(value(person, "MtNetAPayer"))
    assert net(person) * 100 == AGENTS[rank].facts.bulletin.net_a_payer


def test_les_deux_parts_d_une_cotisation_font_deux_lignes() -> None:
    person = etat().findall("DonneesIndiv/PayeIndivMensuel")[0]
    found = [line for line in lines(person) if value(line, "Libelle") == "CNRACL"]
    assert [(line.tag, value(line, "Taux"), value(line, "Mt")) for line in found] == [
        ("Deduction", "11.1000", "199.99"),
        ("Cotisation", "37.6500", "678.36"),
    ]
    assert {value(line, "CodeCaisse") for line in found} == {"CNRACL"}


def test_statut_temps_et_heures() -> None:
    people = etat().findall("DonneesIndiv/PayeIndivMensuel")
    assert [value(person, "Agent/Statut") for person in people] == ["TITULAIRE", "NON_TITULAIRE", "AUTRE_STATUT"]
    assert [value(person, "QuotiteTrav") for person in people] == ["100.00", "80.00", "100.00"]
    assert [value(person, "NbHeureSup") for person in people] == ["10.00", "8.00", "0.00"]


def test_retenues_et_remboursements_apres_le_net_gardent_le_net_juste() -> None:
    more = (
        Ligne("saisie_administrative", "Saisie", Section.NET, 2000, montant_salarie=-5_000),
        Ligne("acompte", "Acompte", Section.NET, 2001, montant_salarie=-2_000),
        Ligne("frais_mission", "Frais", Section.NET, 2002, montant_salarie=4_250),
        Ligne("ifse", "IFSE", Section.BRUT, 300, montant_salarie=-1_000, periode=Month(2026, 1)),
    )
    base = samples.ELU
    bulletin = replace(base, lignes=(*base.lignes, *more), net_a_payer=base.net_a_payer - 5_000 - 2_000 + 4_250 - 1_000)
    (person,) = etat(of(bulletin, "elu", "elu")).iter("PayeIndivMensuel")
    found = {line.tag: value(line, "Mt") for line in lines(person)}
    assert (found["Retenue"], found["Acompte"], found["RemDivers"]) == ("50.00", "20.00", "42.50")
    assert found["Rappel"] == "-10.00"
    assert net(person) == Decimal(value(person, "MtNetAPayer"))


def test_la_repartition_par_nature_est_le_mandat() -> None:
    """Comptes jamais réunis ; total : brut et charges des trois bulletins, 7 480,64."""
    rows = etat().findall("RepartitionParNature/Repartition")
    codes = [value(row, "Code") for row in rows]
    assert len(codes) == len(set(codes))
    assert sum(Decimal(value(row, "Mt")) for row in rows) == Decimal("7480.64")


def test_chaque_ligne_est_dans_la_nomenclature_d_un_code_court() -> None:
    root = etat()
    known = {value(item, "Code") for item in root.findall("Nomenclatures/NomenclatureRubriquePaye/Correspondance")}
    used = {value(line, "Code") for person in root.iter("PayeIndivMensuel") for line in lines(person)}
    assert all(len(code) <= 12 for code in known)
    assert used <= known
    caisses = {value(item, "Code") for item in root.findall("Nomenclatures/NomenclatureCaisse/Correspondance")}
    assert {node.attrib["V"] for node in root.iter("CodeCaisse")} <= caisses


def test_le_fichier_dit_qu_il_est_a_valider_et_ne_porte_aucun_compte() -> None:
    content = render(EtatPayeFacts(samples.COMMUNE, Month(2026, 3), AGENTS))
    assert content.startswith(b"<?xml version='1.0' encoding='ISO-8859-1'?>")
    assert "À VALIDER avec le comptable public".encode("latin-1") in content
    assert b"CptBancaire" not in content
    assert content == render(EtatPayeFacts(samples.COMMUNE, Month(2026, 3), AGENTS))


def test_un_nom_etrange_ne_casse_pas_le_fichier() -> None:
    agent = replace(AGENTS[0].facts.agent, nom='Đurić <&\x07"李', prenom="L'Œuvre")
    root = etat(replace(AGENTS[0], facts=replace(AGENTS[0].facts, agent=agent)))
    assert value(root, "DonneesIndiv/PayeIndivMensuel/Agent/Nom") == 'Đurić <& "李'
