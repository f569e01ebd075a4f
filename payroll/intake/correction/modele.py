"""Écrire le classeur de correction : l'état du mois en gris, et deux colonnes blanches, la valeur et le motif."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.workbook.protection import WorkbookProtection
from openpyxl.worksheet.worksheet import Worksheet

from payroll.intake import gardefous, layout, style
from payroll.intake.correction import forme
from payroll.intake.correction.forme import EtatDuMois
from payroll.intake.layout import LIGNE_TITRES, PREMIERE_LIGNE
from payroll.xlsx import deterministic_bytes, safe_text

_AJOUTS = 20
_SUJET = "Corrections, à garder à l'agence"


def write(etat: EtatDuMois) -> bytes:
    """Les octets du classeur ``.xlsx`` ; le même état donne toujours les mêmes octets."""
    roster = etat.roster
    book = Workbook()
    book.properties.creator = "Paie à façon"
    book.properties.title = safe_text(f"Corrections de {roster.mois.libelle} – {roster.adherent_nom}")
    book.security = WorkbookProtection(lockStructure=True)
    book.worksheets[0].title = forme.ELEMENTS
    sheets = {name: book[name] if name in book.sheetnames else book.create_sheet(name) for name in forme.FEUILLES}
    lists = _lists(sheets[forme.CACHEE], etat)
    _elements(sheets[forme.ELEMENTS], etat)
    _absences(sheets[forme.ABSENCES], etat)
    _additions(sheets[forme.AJOUTS], etat, lists)
    _new_absences(sheets[forme.NOUVELLES], etat, lists)
    return deterministic_bytes(book, datetime.combine(roster.mois.first_day, time()))


def _lists(sheet: Worksheet, etat: EtatDuMois) -> dict[str, str]:
    roster = etat.roster
    identity = {"version": forme.VERSION, "adherent": roster.adherent_code, "mois": str(roster.mois)}
    for row, (name, value) in enumerate([("cle", "valeur"), *identity.items()], start=1):
        style.put(sheet, row, 1, name)
        style.put(sheet, row, 2, value, text=True)
    columns: Mapping[str, Sequence[str]] = {
        "agents": list(_agents(etat).values()),
        "rubriques": [_title(etat, code) for code in etat.libelles],
        "facons": list(forme.FACONS.values()),
        "natures": [choice.libelle for choice in layout.formulaire().natures],
        "oui": ["oui"],
    }
    references = {}
    for column, (name, values) in enumerate(columns.items(), start=4):
        style.put(sheet, 1, column, name)
        for row, value in enumerate(values, start=2):
            style.put(sheet, row, column, value, text=True)
        letter = get_column_letter(column)
        references[name] = f"'{forme.CACHEE}'!${letter}$2:${letter}${max(2, len(values) + 1)}"
    sheet.sheet_state = "hidden"
    sheet.protection.sheet = True
    return references


def _agents(etat: EtatDuMois) -> dict[str, str]:
    roster = etat.roster
    return {roster.cle(a): layout.agent_label(roster.cle(a), a.nom, a.prenom) for a in roster.agents}


def _title(etat: EtatDuMois, code: str) -> str:
    """« Complément indemnitaire annuel [cia] » : le code départage deux libellés semblables."""
    return f"{etat.libelles[code]} [{code}]"


def _elements(sheet: Worksheet, etat: EtatDuMois) -> None:
    style.title(
        sheet, etat.roster, "Corriger les éléments",
        "Écrivez la nouvelle valeur et le motif, rien d'autre. Zéro : l'élément ne se paie pas. Vide : rien ne change.",
        "Un élément absent d'ici s'ajoute dans « Éléments à ajouter ». Une prime de chaque mois (IFSE) se change "
        "dans le dossier de l'agent.",
    )  # fmt: skip
    agents = _agents(etat)
    _headers(sheet, forme.ELEMENTS_COLONNES, ("nouvelle", "motif"))
    for row, element in enumerate(etat.elements, start=PREMIERE_LIGNE):
        kind = f"L:{element.numero}" if element.numero else f"E:{element.cle}:{element.rubrique}"
        what = _title(etat, element.rubrique) + (", ligne manuelle" if element.numero else "")
        for column, text in enumerate((kind, agents[element.cle], what), start=1):
            style.locked(sheet, row, column, text)
        style.memo(sheet, row, 4, element.fichier if not element.numero else "")
        style.memo(sheet, row, 5, element.actuel)
        style.entry(sheet, row, 6, "number")
        style.entry(sheet, row, 7, "wrapped")
    last = PREMIERE_LIGNE + max(1, len(etat.elements)) - 1
    _reasons(sheet, "F", "G", last)
    now, then = f"F{PREMIERE_LIGNE}", f"E{PREMIERE_LIGNE}"
    gardefous.colour(sheet, f"{now}:F{last}", f"AND(ISNUMBER({now}),{now}<>{then})", "bleu")
    style.finish(
        sheet, etat.roster, widths=(34, 32, 44, 14, 14, 14, 60), freeze=f"C{PREMIERE_LIGNE}", header_row=LIGNE_TITRES
    )


def _absences(sheet: Worksheet, etat: EtatDuMois) -> None:
    style.title(
        sheet, etat.roster, "Corriger les absences",
        "« oui » à « Retirer », ou de nouvelles dates, et le motif. Vide : rien ne change.",
        "Changer de nature : retirez l'absence, et ajoutez la bonne dans « Absences à ajouter ».",
    )  # fmt: skip
    agents, natures = _agents(etat), layout.formulaire().natures
    _headers(sheet, forme.ABSENCES_COLONNES, ("retirer", "nouveau_debut", "nouvelle_fin", "motif"))
    for row, absence in enumerate(etat.absences, start=PREMIERE_LIGNE):
        nature = layout.libelle(natures, absence.type)
        dates = (f"{absence.debut:%d/%m/%Y}", f"{absence.fin:%d/%m/%Y}")
        for column, text in enumerate((f"A:{absence.numero}", agents[absence.cle], nature, *dates), start=1):
            style.locked(sheet, row, column, text)
        for column, kind in enumerate(("text", "date", "date", "wrapped"), start=6):
            style.entry(sheet, row, column, kind)
    last = PREMIERE_LIGNE + max(1, len(etat.absences)) - 1
    gardefous.choices(
        sheet, f"F{PREMIERE_LIGNE}:F{last}", f"'{forme.CACHEE}'!$H$2:$H$2", "Choisissez « oui » ou laissez vide."
    )
    _absence_days(sheet, "G", "H", last, etat)
    _reasons(sheet, "F", "I", last, "H")
    widths = (14, 32, 44, 14, 14, 10, 14, 14, 60)
    style.finish(sheet, etat.roster, widths=widths, freeze=f"C{PREMIERE_LIGNE}", header_row=LIGNE_TITRES, sujet=_SUJET)


def _additions(sheet: Worksheet, etat: EtatDuMois, lists: Mapping[str, str]) -> None:
    style.title(
        sheet, etat.roster, "Éléments à ajouter",
        "« à la place du fichier » fixe la valeur. « en plus ou en moins » ajoute une ligne, négative pour retenir.",
    )  # fmt: skip
    last = _empty(sheet, forme.AJOUTS_COLONNES, {"nouvelle": "number", "motif": "wrapped"})
    gardefous.choices(sheet, f"A{PREMIERE_LIGNE}:A{last}", lists["agents"], "Choisissez l'agent dans la liste.")
    gardefous.choices(sheet, f"B{PREMIERE_LIGNE}:B{last}", lists["rubriques"], "Choisissez l'élément dans la liste.")
    gardefous.choices(sheet, f"C{PREMIERE_LIGNE}:C{last}", lists["facons"], "Choisissez la façon dans la liste.")
    gardefous.required(sheet, "ABCDE", PREMIERE_LIGNE, last, ("A", "E"))
    style.finish(
        sheet,
        etat.roster,
        widths=(32, 52, 24, 16, 60),
        freeze=f"B{PREMIERE_LIGNE}",
        header_row=LIGNE_TITRES,
        sujet=_SUJET,
    )


def _new_absences(sheet: Worksheet, etat: EtatDuMois, lists: Mapping[str, str]) -> None:
    style.title(sheet, etat.roster, "Absences à ajouter", "Premier et dernier jours inclus, avec leurs vraies dates.")
    last = _empty(sheet, forme.NOUVELLES_COLONNES, {"debut": "date", "fin": "date", "motif": "wrapped"})
    gardefous.choices(sheet, f"A{PREMIERE_LIGNE}:A{last}", lists["agents"], "Choisissez l'agent dans la liste.")
    gardefous.choices(sheet, f"B{PREMIERE_LIGNE}:B{last}", lists["natures"], "Choisissez la nature dans la liste.")
    gardefous.choices(sheet, f"E{PREMIERE_LIGNE}:E{last}", lists["oui"], "Choisissez « oui » ou laissez vide.")
    _absence_days(sheet, "C", "D", last, etat)
    gardefous.required(sheet, "ABCDF", PREMIERE_LIGNE, last, ("A", "F"))
    widths = (32, 56, 14, 14, 14, 60)
    style.finish(sheet, etat.roster, widths=widths, freeze=f"B{PREMIERE_LIGNE}", header_row=LIGNE_TITRES, sujet=_SUJET)


def _absence_days(sheet: Worksheet, first: str, end: str, last: int, etat: EtatDuMois) -> None:
    mois = etat.roster.mois
    far = timedelta(days=366 * 5)
    since: date = mois.first_day - far
    gardefous.days(sheet, f"{first}{PREMIERE_LIGNE}:{first}{last}", since, mois.last_day)
    gardefous.days(sheet, f"{end}{PREMIERE_LIGNE}:{end}{last}", since, mois.last_day + far)


def _headers(sheet: Worksheet, columns: Mapping[str, str], written: Sequence[str]) -> None:
    for column, (field, text) in enumerate(columns.items(), start=1):
        (style.header if field in written else style.memo_header)(sheet, LIGNE_TITRES, column, text)
    sheet.row_dimensions[LIGNE_TITRES].height = 32


def _empty(sheet: Worksheet, columns: Mapping[str, str], kinds: Mapping[str, str]) -> int:
    _headers(sheet, columns, tuple(columns))
    last = PREMIERE_LIGNE + _AJOUTS - 1
    for row in range(PREMIERE_LIGNE, last + 1):
        for column, field in enumerate(columns, start=1):
            style.entry(sheet, row, column, kinds.get(field, "text"))
    return last


def _reasons(sheet: Worksheet, first: str, motif: str, last: int, until: str = "") -> None:
    """En jaune, un motif qui manque à une ligne changée."""
    filled = f"COUNTA(${first}{PREMIERE_LIGNE}:${until or first}{PREMIERE_LIGNE})>0"
    cell = f"{motif}{PREMIERE_LIGNE}"
    gardefous.colour(sheet, f"{cell}:{motif}{last}", f"AND({filled},ISBLANK({cell}))", "jaune")
