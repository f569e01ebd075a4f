"""Écrire le classeur du mois, prêt à remplir : agents déjà inscrits, listes, contrôles à la saisie, aide en clair."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.workbook.protection import WorkbookProtection
from openpyxl.worksheet.worksheet import Worksheet

from payroll.intake import gardefous, help_text, layout, style
from payroll.intake.layout import LIGNE_TITRES
from payroll.intake.modele_elements import write_elements
from payroll.intake.modele_tableaux import write_absences, write_autres, write_mouvements
from payroll.intake.roster import Roster
from payroll.xlsx import deterministic_bytes, safe_text


def file_name(roster: Roster) -> str:
    """Le nom proposé pour le classeur du mois : ``elements-variables_<adhérent>_AAAA-MM.xlsx``."""
    code = "".join(char if char.isalnum() else "-" for char in roster.adherent_code)
    return f"elements-variables_{code}_{roster.mois}.xlsx"


def write(roster: Roster) -> bytes:
    """Les octets du classeur ``.xlsx`` du mois ; les mêmes données donnent toujours les mêmes octets."""
    book = Workbook()
    book.properties.creator = "Paie à façon"
    book.properties.title = safe_text(f"Éléments variables de {roster.mois.libelle} – {roster.adherent_nom}")
    book.security = WorkbookProtection(lockStructure=True)
    aide = book.worksheets[0]
    aide.title = layout.LISEZ_MOI
    sheets = {name: book.create_sheet(name) for name in layout.FEUILLES_LUES}
    lists = _write_lists(sheets[layout.CACHEE], roster)
    help_text.write(aide, roster)
    _write_bordereau(sheets[layout.BORDEREAU], roster, lists)
    write_elements(sheets[layout.ELEMENTS], roster)
    write_absences(sheets[layout.ABSENCES], roster, lists)
    write_mouvements(sheets[layout.MOUVEMENTS], roster, lists)
    write_autres(sheets[layout.AUTRES], roster, lists)
    for name, reference in lists.items():
        book.defined_names[f"liste_{name}"] = DefinedName(f"liste_{name}", attr_text=reference)
    for field, row in bordereau_rows().items():
        if field in _BORDEREAU_SAISIE:
            book.defined_names[field] = DefinedName(field, attr_text=f"'{layout.BORDEREAU}'!$B${row}")
    return deterministic_bytes(book, datetime.combine(roster.mois.first_day, time()))


_BORDEREAU_SAISIE = ("neant", "remplace", "preparateur", "prepare_le", "total_heures", "total_montants")
_BORDEREAU_FORMES = {"prepare_le": "date", "total_heures": "number", "total_montants": "number"}
_BORDEREAU_AIDE = {
    "neant": "Choisissez « oui » si aucun élément n'est à signaler ce mois-ci ; sinon laissez vide.",
    "remplace": "Choisissez « oui » si ce fichier corrige et remplace en entier un fichier déjà envoyé pour ce mois.",
    "preparateur": "Vos nom et prénom.",
    "prepare_le": "La date, par exemple 21/01/2026.",
    "total_heures": "Facultatif : la somme de toutes les heures saisies. Nous vérifierons que nous trouvons la même.",
    "total_montants": "Facultatif : la somme de tous les montants saisis, en euros.",
}


def bordereau_rows() -> dict[str, int]:
    """La ligne de chaque champ du bordereau."""
    return {field: LIGNE_TITRES + index for index, field in enumerate(layout.BORDEREAU_CHAMPS)}


def _write_lists(sheet: Worksheet, roster: Roster) -> dict[str, str]:
    """Remplit la feuille cachée ; rend la plage de chaque liste déroulante."""
    form = layout.formulaire()
    meta = {
        "version": roster.version,
        "adherent": roster.adherent_code,
        "siret": roster.siret,
        "mois": str(roster.mois),
    }
    for row, (key, value) in enumerate([("cle", "valeur"), *meta.items()], start=1):
        style.put(sheet, row, 1, key)
        style.put(sheet, row, 2, value, text=True)
    columns: dict[str, Sequence[str]] = {
        "matricules": [roster.cle(agent) for agent in roster.agents],
        "agents": [layout.agent_label(roster.cle(agent), agent.nom, agent.prenom) for agent in roster.agents],
        "natures": [choice.libelle for choice in form.natures],
        "sans_carence": [choice.libelle for choice in form.sans_carence],
        "motifs": [choice.libelle for choice in form.motifs],
        "statuts": [choice.libelle for choice in form.statuts],
        "rubriques": [
            layout.column_title(r, roster) for r in layout.primes(roster) if r.unite == "montant" or r.ponctuelle
        ],
        "mois": [f"{roster.mois.month:02d}/{roster.mois.year}"],
        "oui": ["oui"],
        "oui_non": ["oui", "non"],
    }
    references = {}
    for column, (name, values) in enumerate(columns.items(), start=4):
        style.put(sheet, 1, column, name)
        for row, value in enumerate(values, start=2):
            style.put(sheet, row, column, value, text=True)
        letter = get_column_letter(column)
        references[name] = f"'{layout.CACHEE}'!${letter}$2:${letter}${max(2, len(values) + 1)}"
    sheet.sheet_state = "hidden"
    sheet.protection.sheet = True
    return references


def _write_bordereau(sheet: Worksheet, roster: Roster, lists: dict[str, str]) -> None:
    style.title(sheet, roster, "Bordereau", "Une minute à remplir : c'est la page de garde de votre envoi.")
    shown = {
        "adherent_nom": roster.adherent_nom,
        "adherent": roster.adherent_code,
        "siret": roster.siret,
        "mois": roster.mois.libelle,
    }
    rows = bordereau_rows()
    for field, row in rows.items():
        style.label(sheet, row, 1, layout.BORDEREAU_CHAMPS[field])
        if field in shown:
            style.locked(sheet, row, 2, shown[field])
        else:
            style.entry(
                sheet,
                row,
                2,
                {"prepare_le": "date", "total_heures": "number", "total_montants": "number"}.get(field, "text"),
            )
        style.note(sheet, row, 3, _BORDEREAU_AIDE.get(field, ""))
        sheet.row_dimensions[row].height = 24
    for field in ("neant", "remplace"):
        gardefous.choices(sheet, f"B{rows[field]}", lists["oui"], "Choisissez « oui » ou laissez vide.")
    gardefous.days(
        sheet,
        f"B{rows['prepare_le']}",
        roster.mois.first_day - timedelta(days=31),
        roster.mois.last_day + timedelta(days=92),
    )
    for field in ("total_heures", "total_montants"):
        cell = f"B{rows[field]}"
        gardefous.numbers(sheet, cell, 99_999_999, "un nombre positif, avec deux décimales au plus")
        gardefous.beyond(sheet, "B", rows[field], rows[field], 99_999_999)
    for field in ("preparateur", "prepare_le"):
        gardefous.colour(sheet, f"B{rows[field]}", f"ISBLANK(B{rows[field]})", "jaune")
    style.finish(sheet, roster, widths=(24, 34, 90), freeze=None, header_row=None)
