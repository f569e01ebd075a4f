"""Chaque document rendu, ouvert comme l'ouvre son destinataire : pages en images, classeurs dans LibreOffice, relus.

LibreOffice ne démarre qu'une fois pour tous les classeurs ; aucun ne doit le faire se plaindre.
"""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from dsn.check_file import check_file
from payroll.documents import revision, simulation
from payroll.money import format_amount
from payroll.month.fiches import produce_year
from payroll.month.reviser import review_month
from tests.documents import libreoffice
from tests.documents.adherents_demo import rendu
from tests.documents.readers import page_count, reopen
from tests.documents.test_simulation import FACTS as SIMULATION
from tests.month.gestes import MOIS, Lieu, acte

pytestmark = [pytest.mark.documents, pytest.mark.systeme("soffice", "pdftoppm", "pdftotext")]

CODES = ("lubescaux", "hontarede")
"""Cinq agents dont trois élus, puis seize agents avec absences et heures : toutes les sortes de documents."""


@dataclass
class Dossier:
    """Ce qu'un adhérent a reçu : nom → octets, et le texte imprimé de chaque classeur."""

    lieu: Lieu
    documents: dict[str, bytes]
    textes: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def dossiers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Dossier]]:
    found: dict[str, Dossier] = {}
    workbooks: dict[str, bytes] = {"simulation": simulation.render(SIMULATION)}
    for code in CODES:
        lieu = rendu(code, tmp_path_factory.mktemp(code))
        produce_year(lieu.registre, code, MOIS.year, acte(60))
        found[code] = Dossier(lieu, {name: lieu.content(name) for name in lieu.documents()})
        workbooks |= {f"{code}~{name}": data for name, data in found[code].documents.items() if name.endswith(".xlsx")}
        workbooks[f"{code}~revision"] = revision.render(review_month(lieu.registre, code, MOIS))
    for name, path in libreoffice.to_pdf(workbooks, tmp_path_factory.mktemp("libreoffice")).items():
        code, _, document = name.partition("~")
        if document:
            found[code].textes[document] = _read(path)
        else:
            assert "Coût total pour l'employeur" in _read(path)
    yield found
    for dossier in found.values():
        dossier.lieu.registre.close()


def _read(path: Path) -> str:
    """Le texte de toutes les pages, espaces et apostrophes rendues ordinaires."""
    shown = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)
    assert shown.stderr == b"", shown.stderr
    return " ".join(shown.stdout.decode().replace("’", "'").split())


def _images(content: bytes, folder: Path) -> list[bytes]:
    """Les pages en niveaux de gris (PGM)."""
    (folder / "page.pdf").write_bytes(content)
    command = ["pdftoppm", "-r", "18", "-gray", str(folder / "page.pdf"), str(folder / "page")]
    drawn = subprocess.run(command, capture_output=True, check=True)
    assert drawn.stderr == b"", drawn.stderr
    return [path.read_bytes() for path in sorted(folder.glob("page-*.pgm"))]


@pytest.mark.parametrize("code", CODES)
def test_chaque_sorte_de_document_est_la_et_rien_d_inconnu(dossiers: dict[str, Dossier], code: str) -> None:
    names = set(dossiers[code].documents)
    assert {"LISEZMOI.pdf", "bulletins.pdf", "journal.xlsx", "etats.xlsx", "virements.xml", "virements.txt"} <= names
    assert {Path(name).suffix for name in names} == {".pdf", ".xlsx", ".xml", ".txt", ".xhl", ".dsn", ".csv"}


@pytest.mark.parametrize("code", CODES)
def test_chaque_page_de_pdf_se_dessine_et_n_est_pas_blanche(
    dossiers: dict[str, Dossier], code: str, tmp_path: Path
) -> None:
    documents = {name: data for name, data in dossiers[code].documents.items() if name.endswith(".pdf")}
    assert len(documents) > 6
    for rank, (name, content) in enumerate(sorted(documents.items())):
        folder = tmp_path / str(rank)
        folder.mkdir()
        images = _images(content, folder)
        assert len(images) == page_count(content), name
        for image in images:
            dark = sum(pixel < 200 for pixel in image[-10_000:])
            assert len(set(image)) > 8, name
            assert dark < 5_000, f"{name} : une page presque noire"


@pytest.mark.parametrize("code", CODES)
def test_les_classeurs_imprimes_disent_les_totaux_qu_ils_contiennent(dossiers: dict[str, Dossier], code: str) -> None:
    dossier = dossiers[code]
    journal, etats = (reopen(dossier.documents[name]) for name in ("journal.xlsx", "etats.xlsx"))
    recap = {str(row[0]): row[1] for row in journal["Récapitulatif"].iter_rows(min_row=5, values_only=True)}
    (mandat,) = (row for row in etats["Mandat"].iter_rows(values_only=True) if row[0] == "Total du mandat")
    for label in ("Total brut", "Net à payer aux agents", "Coût total pour l'employeur", "Net imposable"):
        assert f"{label} {_shown(recap[label])}" in dossier.textes["journal.xlsx"], label
    assert f"Total du mandat {_shown(mandat[3])} {_shown(mandat[4])}" in dossier.textes["etats.xlsx"]
    assert "Contrôle : total du mandat = sommes dues" in dossier.textes["etats.xlsx"]
    assert _shown(recap["Net à payer aux agents"]) in dossier.textes["fiches-2026.xlsx"]


def _shown(value: object) -> str:
    """Un montant tel qu'un tableur en français l'imprime."""
    return " ".join(format_amount(int(Decimal(str(value)) * 100)).split())


@pytest.mark.parametrize("code", CODES)
def test_chaque_feuille_s_imprime_avec_son_titre_et_son_en_tete(dossiers: dict[str, Dossier], code: str) -> None:
    dossier = dossiers[code]
    for name in ("journal.xlsx", "etats.xlsx", "fiches-2026.xlsx"):
        for sheet in reopen(dossier.documents[name]):
            assert str(sheet["A1"].value).replace("’", "'") in dossier.textes[name], (name, sheet.title)
    for title in ("Contrôles – ", "Agents – ", "Éléments qui changent – ", "Lignes non confirmées – "):
        assert title in dossier.textes["revision"]
    assert all("#REF" not in text and "Err:" not in text and "###" not in text for text in dossier.textes.values())


@pytest.mark.parametrize("code", CODES)
def test_les_autres_fichiers_se_relisent(dossiers: dict[str, Dossier], code: str) -> None:
    for name, content in dossiers[code].documents.items():
        if name.endswith((".xml", ".xhl")):
            assert len(list(fromstring(content))) > 0, name
        elif name.endswith(".dsn"):
            assert [anomalie for anomalie in check_file(content) if anomalie.blocking] == [], name
        elif name.endswith(".csv"):
            rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
            # La liste des contrôles peut n'en dire qu'un ; le rapprochement a toujours ses totaux.
            assert len(rows) > (1 if name.startswith("controles-") else 5), name
            assert len({len(row) for row in rows}) == 1, name
        elif name.endswith(".txt"):
            assert "\r\n" in content.decode("utf-8-sig"), name
