"""Une commune inventée, son classeur rempli de mille façons, et des archives bonnes ou mauvaises."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction

from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from openpyxl import Workbook, load_workbook

from payroll.anomalies import blocking
from payroll.engine.situation import Statut
from payroll.intake import layout, template
from payroll.intake.lecture import Lecture
from payroll.intake.reading import read
from payroll.intake.roster import Roster, RosterAgent, RubriqueSaisie
from payroll.periods import Month

E, A, M, X, B = layout.ELEMENTS, layout.ABSENCES, layout.MOUVEMENTS, layout.AUTRES, layout.BORDEREAU
H = layout.CACHEE

CANARIS = ("Zibelinard", "Perrinoche", "Quetschal", "Fulgencia", "Drouviste", "Mirabelo")
"""Des noms que rien d'autre ne porte : s'ils paraissent quelque part, c'est une fuite."""

_TC, _TNC = {"ihts_permises": True}, {"heures_hebdo": Fraction(20), "heures_complementaires_permises": True}
ROSTER = Roster(
    adherent_code="c40999",
    adherent_nom="Commune de Saint-Exemple",
    siret="21409990000017",
    mois=Month(2026, 11),
    agents=(
        RosterAgent("A001", "Zibelinard", "Perrinoche", Statut.TITULAIRE, "Secrétaire", categorie="B", **_TC),
        RosterAgent("A002", "Quetschal", "Fulgencia", Statut.TITULAIRE, "Agent", quotite=Fraction(4, 5), **_TC),
        RosterAgent("A003", "Drouviste", "Mirabelo", Statut.CONTRACTUEL, "Entretien", **_TNC),
        RosterAgent("A004", "Zibelinard", "Fulgencia", Statut.TITULAIRE, "Directrice", categorie="A"),
        RosterAgent(
            "0005", "Quetschal", "Mirabelo", Statut.CONTRACTUEL, "Renfort",
            date_debut=date(2026, 11, 10), date_fin=date(2026, 11, 20), **_TC,
        ),
        RosterAgent("A006", "Drouviste", "Perrinoche", Statut.CONTRACTUEL, "Cantine", numero_contrat="1", **_TNC),
        RosterAgent("A006", "Drouviste", "Perrinoche", Statut.CONTRACTUEL, "Garderie", numero_contrat="2", **_TNC),
    ),
    rubriques=(
        RubriqueSaisie("cia", "Complément indemnitaire annuel"),
        RubriqueSaisie("prime_ete", "Prime d'été"),
        RubriqueSaisie("vacation", "Vacations", "heures"),
    ),
)  # fmt: skip
"""Feuille « Éléments » : A001 en ligne 5 … A006/2 en ligne 11 ; E à G heures sup., H complémentaires, I à K primes."""

TEMPLATE = template.write(ROSTER)
Cells = Mapping[tuple[str, str], object]
Tweak = Callable[[Workbook], object]


def classeur(cells: Cells, tweak: Tweak | None = None, *, saisi: bool = True) -> Workbook:
    """Le classeur du mois où l'on a écrit ces cases ; ``saisi`` y met d'abord 100 € de CIA à A001."""
    workbook = load_workbook(io.BytesIO(TEMPLATE))
    if saisi:
        workbook[E]["I5"] = 100
    for (sheet, address), value in cells.items():
        workbook[sheet][address] = value
    if tweak is not None:
        tweak(workbook)
    return workbook


def octets(workbook: Workbook) -> bytes:
    """Le classeur enregistré."""
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def ods(workbook: Workbook) -> bytes:
    """Le même classeur, enregistré en OpenDocument par une bibliothèque tierce."""
    document = OpenDocumentSpreadsheet()
    for sheet in workbook.worksheets:
        table = Table(name=sheet.title)
        document.spreadsheet.addElement(table)
        for row in sheet.iter_rows(values_only=True):
            line = TableRow()
            table.addElement(line)
            for value in row:
                line.addElement(_ods_cell(value))
    stream = io.BytesIO()
    document.write(stream)
    return stream.getvalue()


def _ods_cell(value: object) -> TableCell:
    if value is None:
        return TableCell()
    if isinstance(value, date):
        return TableCell(valuetype="date", datevalue=f"{value:%Y-%m-%d}")
    if isinstance(value, int | float):
        return TableCell(valuetype="float", value=str(value))
    if str(value).startswith("="):
        return TableCell(valuetype="float", value="3", formula=f"of:{value}")
    cell = TableCell(valuetype="string")
    cell.addElement(P(text=str(value)))
    return cell


def lire(content: bytes | Workbook, nom: str = "fichier.xlsx") -> Lecture:
    """La lecture d'un contenu par la commune inventée."""
    return read(octets(content) if isinstance(content, Workbook) else content, nom, ROSTER)


def codes(lecture: Lecture) -> list[str]:
    """Les codes bloquants, dans l'ordre."""
    return [anomalie.code for anomalie in blocking(lecture.anomalies)]


def archive(content: bytes, changes: Mapping[str, bytes | None]) -> bytes:
    """La même archive, des pièces remplacées, ajoutées ou retirées (``None``)."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            if name not in changes:
                target.writestr(name, source.read(name))
        for name, data in changes.items():
            if data is not None:
                target.writestr(name, data)
    return stream.getvalue()
