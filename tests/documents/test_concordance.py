"""Tout ce qui est rendu dit les mêmes sommes : bulletins, journal, états, mandat, virements et DSN, au centime.

Les sept adhérents des exemples ; chaque document est relu comme le lit son destinataire, jamais par ses faits.
"""

from __future__ import annotations

import io
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pikepdf
import pytest
from defusedxml.ElementTree import fromstring

from dsn.message import Block
from dsn.reader import read
from payroll.documents import xhl
from payroll.documents.etats import JUSTE as MANDAT_JUSTE
from payroll.documents.journal import JUSTE as JOURNAL_JUSTE
from payroll.documents.ventilation import A_PRECISER
from payroll.documents.virement import schema
from payroll.month.declarer import dsn_name
from tests.documents.adherents_demo import CODES, rendu
from tests.documents.readers import pdf_text, reopen
from tests.month.gestes import MOIS, Lieu

pytestmark = pytest.mark.documents

PAIN = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.03}"
NET = re.compile(r"(?:NET À PAYER|TROP-PERÇU À RÉGULARISER)\s*(-?[\d ]+,\d\d) €")
BRUT = re.compile(r"Total brut\s+(-?[\d ]+,\d\d)|TOTAL BRUT\s+(-?[\d ]+,\d\d)", re.IGNORECASE)
COUT = re.compile(r"Total versé par l'employeur\s*(-?[\d ]+,\d\d) €")


@dataclass(frozen=True)
class Rendu:
    """Les documents d'un adhérent, relus."""

    lieu: Lieu
    journal: dict[str, int]
    """Récapitulatif du journal : élément → centimes."""
    organismes: dict[str, int]
    """Feuille « Charges par organisme » : organisme → total, réduction des heures exclue."""
    dus: dict[str, int]
    """Feuille « Sommes dues » : bénéficiaire → centimes."""
    mandat: dict[str, int]
    """Ligne « Total du mandat » : titre de colonne → centimes."""
    dsn: list[tuple[str, dict[str, str]]]

    def bulletins(self) -> list[str]:
        return [pdf_text(self.lieu.content(name)) for name in self.lieu.documents() if name.startswith("bulletin-")]

    def printed(self, pattern: re.Pattern[str]) -> int:
        """La somme d'un montant imprimé une fois par bulletin."""
        texts = self.bulletins()
        found = [pattern.findall(text) for text in texts]
        assert all(len(amounts) == 1 for amounts in found)
        return sum(int(re.sub(r"[ ,]", "", "".join(amounts[0]))) for amounts in found)

    def declared(self, bloc: str, suffix: str, **where: str) -> int:
        """La somme d'une rubrique de montant de la DSN, dans les blocs qui disent ``where`` (« r011 » : suffixe)."""
        return sum(
            int(fields[suffix].replace(".", ""))
            for name, fields in self.dsn
            if name == bloc and suffix in fields and all(fields.get(key[1:]) == value for key, value in where.items())
        )

    def contributions(self, *codes: str) -> int:
        return sum(self.declared("S21.G00.81", "004", r001=code) for code in codes)


def cents(value: Any) -> int:
    scaled = Decimal(str(value or 0)) * 100
    assert scaled == scaled.to_integral_value(), value
    return int(scaled)


@pytest.fixture(scope="module", params=CODES)
def mois(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rendu]:
    lieu = rendu(request.param, tmp_path_factory.mktemp(request.param))
    etats = reopen(lieu.content("etats.xlsx"))
    journal = reopen(lieu.content("journal.xlsx"))
    organismes: dict[str, int] = defaultdict(int)
    for organisme, _, code, *_, total in etats["Charges par organisme"].iter_rows(min_row=5, values_only=True):
        if code and code != "reduction_heures_supplementaires":
            organismes[str(organisme)] += cents(total)
    dus: dict[str, int] = defaultdict(int)
    for _, _, beneficiaire, montant, *_ in etats["Sommes dues"].iter_rows(min_row=5, values_only=True):
        if beneficiaire:
            dus[str(beneficiaire)] += cents(montant)
    titles = [cell.value for cell in etats["Mandat"][4]]
    (total,) = (row for row in etats["Mandat"].iter_rows(values_only=True) if row[0] == "Total du mandat")
    recap = {str(row[0]): row[1] for row in journal["Récapitulatif"].iter_rows(min_row=5, values_only=True)}
    yield Rendu(
        lieu=lieu,
        journal={key: cents(value) for key, value in recap.items()},
        organismes=organismes,
        dus=dus,
        mandat={str(title): cents(value) for title, value in list(zip(titles, total, strict=True))[3:]},
        dsn=list(_blocks(lieu.content(dsn_name(lieu.code, MOIS)))),
    )
    lieu.registre.close()


def _blocks(content: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    message, _ = read(io.BytesIO(content))

    def walk(block: Block) -> Iterator[tuple[str, dict[str, str]]]:
        yield block.id, {field.rubrique[-3:]: field.value for field in block.fields}
        for child in block.children:
            yield from walk(child)

    for declaration in message.declarations:
        yield from walk(declaration)


def test_le_net_a_payer_est_le_meme_partout(mois: Rendu) -> None:
    order = fromstring(mois.lieu.content("virements.xml"))
    schema().validate(mois.lieu.content("virements.xml").decode())
    (paid,) = (cents(item.text) for item in order.iter(f"{PAIN}GrpHdr") for item in item.iter(f"{PAIN}CtrlSum"))
    transfers = [cents(item.text) for item in order.iter(f"{PAIN}InstdAmt")]
    net = mois.printed(NET)

    assert net == mois.journal["Net à payer aux agents"] == mois.dus["Agents, nets à payer"]
    assert net == paid == sum(transfers)
    assert "Tous les nets à payer sont dans le fichier." in mois.lieu.content("virements.txt").decode()


def test_aucun_compte_ni_organisme_n_est_laisse_a_preciser(mois: Rendu) -> None:
    book = reopen(mois.lieu.content("etats.xlsx"))
    assert book.sheetnames == ["Charges par organisme", "Charges par compte", "Mandat", "Sommes dues"]
    for sheet in book:
        rows = list(sheet.iter_rows(min_row=5, values_only=True))
        assert len(rows) > 3, sheet.title
        assert not [row for row in rows if A_PRECISER in row], sheet.title


def test_le_brut_et_le_cout_sont_les_memes_partout(mois: Rendu) -> None:
    brut = mois.printed(BRUT)
    assert brut == mois.journal["Total brut"] == mois.mandat["Rémunérations"]
    assert brut == mois.declared("S21.G00.51", "013", r011="001")
    cout = mois.printed(COUT)
    assert cout == mois.journal["Coût total pour l'employeur"]
    assert cout == mois.mandat["Rémunérations"] + mois.mandat["Cotisations employeur"]


def test_les_nets_que_la_dsn_declare_sont_ceux_du_journal(mois: Rendu) -> None:
    """La DSN ne dit pas le net à payer : son « net versé » (50.004) est avant impôt et sans les heures exonérées."""
    assert mois.journal["Net imposable"] == mois.declared("S21.G00.50", "002")
    assert mois.journal["Montant net social"] == mois.declared("S21.G00.58", "004", r003="03")


def test_l_impot_est_le_meme_partout(mois: Rendu) -> None:
    pas = mois.journal["Impôt prélevé à la source, à reverser"]
    assert pas == mois.dus["Impôt sur le revenu (DGFiP)"] == mois.declared("S21.G00.50", "009")


@pytest.mark.parametrize(
    ("organisme", "codes"),
    [
        ("CNRACL", ("300", "301", "304", "305")),
        ("Retraite additionnelle (RAFP)", ("311", "312")),
        ("Ircantec", ("060", "061")),
    ],
)
def test_chaque_caisse_recoit_ce_que_la_dsn_declare(mois: Rendu, organisme: str, codes: tuple[str, ...]) -> None:
    assert mois.organismes[organisme] == mois.contributions(*codes)


def test_l_urssaf_recoit_ce_que_la_dsn_declare(mois: Rendu) -> None:
    urssaf = next(fields["001"] for name, fields in mois.dsn if name == "S21.G00.22")
    declared = mois.declared("S21.G00.81", "004", r002=urssaf) - mois.declared(
        "S21.G00.81", "004", r002=urssaf, r001="114"
    )
    assert mois.organismes["Urssaf"] == declared


def test_les_donnees_jointes_aux_bulletins_disent_les_memes_sommes(mois: Rendu) -> None:
    found: dict[str, int] = defaultdict(int)
    for name in mois.lieu.documents():
        if name.startswith("bulletin-"):
            with pikepdf.open(io.BytesIO(mois.lieu.content(name))) as opened:
                data = json.loads(opened.attachments["bulletin.json"].get_file().read_bytes())
            for total, value in data["totaux"].items():
                found[total] += cents(value)
    assert found["brut"] == mois.journal["Total brut"]
    assert found["net_a_payer"] == mois.journal["Net à payer aux agents"]
    assert found["cout_employeur"] == mois.journal["Coût total pour l'employeur"]


def test_l_etat_de_paye_du_comptable_dit_les_memes_sommes(mois: Rendu) -> None:
    root = fromstring(mois.lieu.content(xhl.file_name(MOIS)))

    def whole(tag: str) -> int:
        return sum(cents(node.attrib["V"]) for node in root.iter(tag))

    assert whole("MtBrut") == mois.journal["Total brut"]
    assert whole("MtNetAPayer") == mois.journal["Net à payer aux agents"]
    assert whole("MtImposable") == mois.journal["Net imposable"]
    natures = sum(cents(node.attrib["V"]) for node in root.findall("RepartitionParNature/Repartition/Mt"))
    assert natures == mois.mandat["Total"]
    employer = sum(cents(node.attrib["V"]) for node in root.iterfind(".//Cotisation/Mt"))
    assert employer == mois.journal["Cotisations de l'employeur"]


def test_chaque_document_se_controle_lui_meme(mois: Rendu) -> None:
    journal = reopen(mois.lieu.content("journal.xlsx"))["Journal"]
    assert JOURNAL_JUSTE in {cell.value for cell in journal["A"]}
    etats = reopen(mois.lieu.content("etats.xlsx"))
    assert all(MANDAT_JUSTE in {cell.value for cell in etats[name]["A"]} for name in ("Mandat", "Sommes dues"))
    assert mois.mandat["Total"] == sum(mois.dus.values())
