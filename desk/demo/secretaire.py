"""Une secrétaire de mairie : elle prend son classeur dans ``retour/``, le remplit, et le dépose dans ``depot/``.

Elle ne connaît que ce qu'une personne voit : des feuilles, des titres de colonnes, des listes. Sa saisie vient de
``examples/depots.yaml``.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import paramiko
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from payroll import catalogue
from payroll.intake import layout
from payroll.month.ouvrir import template_name
from payroll.periods import Month
from payroll.xlsx import deterministic_bytes
from sftp_drop import keys

Saisie = Mapping[str, Any]
"""Ce qu'elle tape : ``bordereau``, ``elements``, ``absences`` d'un classeur, ou ``lignes`` d'un CSV."""

_NUMBER = re.compile(r"\d+(?:,\d+)?")
_ODF = ("office", "table", "text")
_ODS = "application/vnd.oasis.opendocument.spreadsheet"


@dataclass(frozen=True, slots=True)
class Secretaire:
    """Une personne, son compte SFTP, sa clé, et la clé d'hôte à laquelle elle se fie."""

    code: str
    key: Path
    host: str
    port: int
    known_hosts: Path

    def fetch_template(self, mois: Month) -> bytes:
        """Prend son classeur du mois."""
        with self._connected() as sftp, sftp.open(f"retour/{mois}/{template_name(self.code, mois)}", "rb") as stream:
            return stream.read()

    def drop(self, name: str, content: bytes) -> None:
        """Dépose un fichier, comme le ferait WinSCP."""
        with self._connected() as sftp:
            sftp.putfo(io.BytesIO(content), f"depot/{name}")

    def receipts(self, mois: Month) -> dict[str, str]:
        """Lit ses accusés de réception du mois, par nom de fichier."""
        folder = f"retour/{mois}"
        with self._connected() as sftp:
            names = [name for name in sftp.listdir(folder) if name.startswith("accuse") and name.endswith(".txt")]
            texts = {}
            for name in sorted(names):
                with sftp.open(f"{folder}/{name}", "rb") as stream:
                    texts[name] = stream.read().decode("utf-8-sig")
        return texts

    @contextmanager
    def _connected(self) -> Iterator[paramiko.SFTPClient]:
        with paramiko.SSHClient() as client:
            client.load_host_keys(str(self.known_hosts))
            client.connect(
                self.host,
                port=self.port,
                username=self.code,
                pkey=keys.read_private(self.key),
                allow_agent=False,
                look_for_keys=False,
            )
            with client.open_sftp() as sftp:
                yield sftp


def prepare(fichier: Saisie, template: bytes, code: str, mois: Month) -> bytes:
    """Le fichier que cette personne enregistre, dans le format qu'elle emploie."""
    if fichier["format"] == "csv":
        return write_csv(fichier, code, mois)
    workbook = fill_workbook(template, fichier)
    if fichier["format"] == "ods":
        return write_ods(workbook)
    # Daté du mois, non de l'heure : la même saisie redonne le même fichier, et se reconnaît.
    return deterministic_bytes(workbook, datetime(mois.year, mois.month, 18))  # noqa: DTZ001  (date de pièce)


def fill_workbook(template: bytes, fichier: Saisie) -> Workbook:
    """Remplit le classeur du mois, case par case, comme on le tape dans Excel."""
    workbook = load_workbook(io.BytesIO(template))
    front = workbook[layout.BORDEREAU]
    labels = {front.cell(row, 1).value: row for row in range(1, front.max_row + 1)}
    for field, value in fichier.get("bordereau", {}).items():
        front.cell(labels[layout.BORDEREAU_CHAMPS[field]], 2, typed(value))
    _fill_elements(workbook[layout.ELEMENTS], fichier.get("elements", ()))
    _append(workbook[layout.ABSENCES], layout.ABSENCES_COLONNES, fichier.get("absences", ()))
    return workbook


def typed(text: str) -> str | float | date:
    """Ce qu'un tableur fait de ce qu'on tape : un nombre, une date, sinon le texte tel quel (« 31/11/2026 »)."""
    if _NUMBER.fullmatch(text):
        return float(text.replace(",", "."))
    try:
        return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007  (un jour, sans heure)
    except ValueError:
        return text


def write_csv(fichier: Saisie, code: str, mois: Month) -> bytes:
    """Un export de planning en « ; », encodé comme le fait un Windows français."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(["#adherent", code])
    writer.writerow(["#mois", str(mois)])
    writer.writerow(layout.CSV_COLONNES)
    for line in fichier.get("lignes", ()):
        writer.writerow([line.get(title, "") for title in layout.CSV_COLONNES])
    return text.getvalue().encode("windows-1252")


def write_ods(workbook: Workbook) -> bytes:
    """Le même classeur en OpenDocument, réduit à ce qu'on y lit : des feuilles et leurs cases."""
    tables = "".join(
        f"<table:table table:name={quoteattr(sheet.title)}>"
        + "".join(
            "<table:table-row>" + "".join(_ods_cell(cell.value) for cell in row) + "</table:table-row>"
            for row in sheet.iter_rows()
        )
        + "</table:table>"
        for sheet in workbook.worksheets
    )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content'
        + "".join(f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in _ODF)
        + f' office:version="1.2"><office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_ODS}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), _ODS)
        archive.writestr(zipfile.ZipInfo("content.xml"), content)
        archive.writestr(zipfile.ZipInfo("META-INF/manifest.xml"), manifest)
    return stream.getvalue()


def _ods_cell(value: object) -> str:
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return f'<table:table-cell office:value-type="date" office:date-value="{value:%Y-%m-%d}"/>'
    if isinstance(value, int | float):
        return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
    return f'<table:table-cell office:value-type="string"><text:p>{escape(str(value))}</text:p></table:table-cell>'


def _fill_elements(sheet: Worksheet, elements: Sequence[Saisie]) -> None:
    header, columns = _header(sheet, layout.MATRICULE)
    rows = {str(sheet.cell(row, 1).value): row for row in range(header + 1, sheet.max_row + 1)}
    for element in elements:
        # Un agent que le classeur ne connaît pas est écrit dessous, comme le ferait une personne.
        row = rows.get(element["agent"]) or sheet.max_row + 1
        sheet.cell(row, 1, element["agent"])
        for rubrique, value in element.items():
            if rubrique != "agent":
                wanted = layout.fold(layout.HEURES.get(rubrique) or catalogue.load()[rubrique].libelle)
                column = next(index for title, index in columns.items() if title.startswith(wanted))
                sheet.cell(row, column, typed(value))


def _append(sheet: Worksheet, titles: Mapping[str, str], lines: Sequence[Saisie]) -> None:
    if not lines:
        return
    header, columns = _header(sheet, titles["agent"])
    for row, line in enumerate(lines, start=header + 1):
        for field, value in line.items():
            sheet.cell(row, columns[layout.fold(titles[field])], typed(value))


def _header(sheet: Worksheet, first: str) -> tuple[int, dict[str, int]]:
    """La ligne des titres, et la colonne de chaque titre sous sa forme comparable."""
    row = next(row for row in range(1, 40) if layout.fold(str(sheet.cell(row, 1).value or "")) == layout.fold(first))
    titles = {
        layout.fold(str(sheet.cell(row, column).value)): column
        for column in range(1, sheet.max_column + 1)
        if sheet.cell(row, column).value
    }
    return row, titles
