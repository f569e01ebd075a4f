"""Le bulletin à garder cinquante ans : un PDF/A-3 relu par un lecteur écrit par d'autres, ses données jointes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pikepdf
import pytest
from pypdf import PdfReader

from payroll.documents import sommaire
from payroll.documents.facts import PayslipFacts
from payroll.documents.payslip import render, render_all
from payroll.periods import Month
from tests.documents import samples
from tests.documents.readers import page_count

pytestmark = pytest.mark.documents

BULLETINS = [samples.TITULAIRE, samples.CONTRACTUEL, samples.ELU, samples.MALADIE]
FACTS = [samples.facts(bulletin) for bulletin in BULLETINS]


ARCHIVES = {
    "individuel": ("Bulletin", lambda: render(FACTS[0])),
    "modèle de 2027": ("Bulletin", lambda: render(replace(FACTS[0], modele="renove-2027"))),
    "réuni": ("Bulletins", lambda: render_all(FACTS)),
    "lisez-moi": ("Lisez-moi", lambda: sommaire.render("Commune", Month(2026, 1), ["bulletins.pdf", "journal.xlsx"])),
}
"""Chaque sorte de PDF rendu : un mot de son titre, et de quoi le faire."""


@pytest.fixture(params=ARCHIVES)
def titre(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pdf(titre: str) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(io.BytesIO(ARCHIVES[titre][1]())) as opened:
        yield opened


def attached(facts: PayslipFacts) -> dict[str, Any]:
    with pikepdf.open(io.BytesIO(render(facts))) as opened:
        found: dict[str, Any] = json.loads(opened.attachments["bulletin.json"].get_file().read_bytes())
        return found


def test_la_structure_est_juste_et_le_document_se_dit_pdf_a_3(pdf: pikepdf.Pdf, titre: str) -> None:
    assert pdf.check_pdf_syntax() == []
    assert not pdf.is_encrypted
    assert len(pdf.trailer.ID) == 2
    with pdf.open_metadata() as metadata:
        assert metadata.pdfa_status == "3U"
        assert str(metadata["dc:title"]).startswith(ARCHIVES[titre][0])
        assert metadata["dc:title"] == str(pdf.docinfo["/Title"])
        assert metadata["pdf:Producer"] == str(pdf.docinfo["/Producer"])


def test_toutes_les_polices_sont_embarquees_et_se_relisent(pdf: pikepdf.Pdf) -> None:
    fonts = [font for page in pdf.pages for font in page.resources.Font.values()]
    assert fonts
    for font in fonts:
        assert font.Subtype == "/Type0"
        assert "/ToUnicode" in font
        (descendant,) = font.DescendantFonts
        assert len(descendant.FontDescriptor.FontFile2.read_bytes()) > 1000
        assert "/CIDToGIDMap" in descendant


def test_les_couleurs_ont_leur_profil(pdf: pikepdf.Pdf) -> None:
    (intent,) = pdf.Root.OutputIntents
    assert intent.S == "/GTS_PDFA1"
    assert intent.DestOutputProfile.N == 3
    assert intent.DestOutputProfile.read_bytes()[36:40] == b"acsp"


def test_rien_d_actif_ni_de_transparent(pdf: pikepdf.Pdf) -> None:
    assert not {"/JavaScript", "/AA", "/AcroForm"} & set(pdf.Root.keys())
    for page in pdf.pages:
        assert "/Annots" not in page
        states = page.resources.get("/ExtGState", {})
        assert all(
            "/SMask" not in state and state.get("/ca", 1) == state.get("/CA", 1) == 1 for state in states.values()
        )


def test_les_donnees_sont_jointes_avec_leur_relation() -> None:
    with pikepdf.open(io.BytesIO(render(FACTS[0]))) as opened:
        (spec,) = opened.Root.AF
        assert spec.AFRelationship == "/Data"
        assert (str(spec.F), str(spec.UF)) == ("bulletin.json", "bulletin.json")
        assert spec.EF.F.Subtype == "/application/json"
        assert str(spec.EF.F.Params.ModDate).startswith("D:20260127120000")
        assert list(opened.attachments) == ["bulletin.json"]
    with pikepdf.open(io.BytesIO(render_all(FACTS))) as opened:
        assert list(opened.attachments) == []


@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: facts.agent.matricule)
def test_les_donnees_jointes_sont_le_bulletin_au_centime(facts: PayslipFacts) -> None:
    data = attached(facts)
    lines = data["lignes"]
    gross = sum(Decimal(line["montant_agent"]) for line in lines if line["section"] == "brut")
    taken = sum(Decimal(line["montant_agent"]) for line in lines if line["section"] not in ("brut", "net"))
    employer = sum(Decimal(line["montant_employeur"]) for line in lines)
    totals = {name: Decimal(value) for name, value in data["totaux"].items()}

    assert (data["format"], data["version"], data["mois"]) == ("bulletin-paie-fpt", 1, str(facts.bulletin.mois))
    assert data["agent"]["matricule"] == facts.agent.matricule
    assert len(lines) == len(facts.bulletin.lignes)
    assert totals["brut"] == gross
    assert totals["net_avant_impot"] == gross - taken
    assert totals["cout_employeur"] == gross + employer
    assert totals["net_a_payer"] * 100 == facts.bulletin.net_a_payer


def test_une_ligne_jointe_porte_base_et_taux_exacts() -> None:
    (line,) = (line for line in attached(FACTS[0])["lignes"] if line["code"] == "cnracl")
    assert (line["base"], line["montant_agent"], line["montant_employeur"]) == ("1801.74", "199.99", "678.36")
    assert (Decimal(line["taux_agent"]), Decimal(line["taux_employeur"])) == (Decimal("11.1"), Decimal("37.65"))


@pytest.mark.privacy
def test_ni_nir_ni_compte_dans_les_donnees_jointes() -> None:
    agent = replace(FACTS[0].agent, nir="185044099900142")
    text = json.dumps(attached(replace(FACTS[0], agent=agent, iban_fin="0439")))
    assert "185044099900142" not in text
    assert "0439" not in text


def test_le_fichier_reuni_porte_chaque_bulletin_avec_son_signet() -> None:
    content = render_all(FACTS)
    reader = PdfReader(io.BytesIO(content))
    assert page_count(content) == sum(page_count(render(facts)) for facts in FACTS)
    signets = [(str(item["/Title"]), reader.get_destination_page_number(item)) for item in reader.outline]
    assert signets == [(facts.agent.matricule, rank) for rank, facts in enumerate(FACTS)]
    for page, facts in zip(reader.pages, FACTS, strict=True):
        assert facts.agent.matricule in page.extract_text()


def test_memes_faits_memes_octets() -> None:
    assert render_all(FACTS) == render_all(FACTS)


def test_plusieurs_bulletins_en_meme_temps_sont_les_memes() -> None:
    """Les polices sont partagées entre les documents : l'un ne doit rien laisser dans l'autre."""
    alone = [render(facts) for facts in FACTS]
    with ThreadPoolExecutor(4) as workers:
        together = list(workers.map(render, FACTS * 5))
    assert together == alone * 5


def test_un_nom_venu_d_ailleurs_fait_embarquer_les_caracteres_qu_il_demande() -> None:
    facts = replace(FACTS[0], agent=replace(FACTS[0].agent, nom="Ibañez", prenom="Søren"))
    content = render(facts)
    reader = PdfReader(io.BytesIO(content))
    assert "IBAÑEZ Søren" in reader.pages[0].extract_text()
    fonts = reader.pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    names = {str(font.get_object()["/BaseFont"]) for font in fonts.values()}
    assert names == {"/PAIECO+Roboto-Regular", "/PAIEEN+Roboto-Bold"}
    assert len(content) > len(render(FACTS[0]))
