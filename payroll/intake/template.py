"""Écrire le classeur du mois, prêt à remplir : agents déjà inscrits, listes, contrôles à la saisie, aide en clair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.workbook.protection import WorkbookProtection
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from payroll.intake import help_text, layout, style
from payroll.intake.layout import HEURES, IHTS, format_hours
from payroll.intake.roster import Roster, RosterAgent
from payroll.money import format_decimal
from payroll.xlsx import deterministic_bytes, safe_text

LIGNE_TITRES = 4
PREMIERE_LIGNE = 5
_UN_MONTANT = "un montant en euros, sans signe moins, avec deux décimales au plus"
_SAISIES_MINIMALES = 28
_SAISIES_MOUVEMENTS = 15


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
    _write_elements(sheets[layout.ELEMENTS], roster)
    _write_absences(sheets[layout.ABSENCES], roster, lists)
    _write_mouvements(sheets[layout.MOUVEMENTS], roster, lists)
    _write_autres(sheets[layout.AUTRES], roster, lists)
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
        _list(sheet, f"B{rows[field]}", lists["oui"], "Choisissez « oui » ou laissez vide.")
    _dates(
        sheet,
        f"B{rows['prepare_le']}",
        roster.mois.first_day - timedelta(days=31),
        roster.mois.last_day + timedelta(days=92),
    )
    for field in ("total_heures", "total_montants"):
        _numbers(sheet, f"B{rows[field]}", 99_999_999, "un nombre positif, avec deux décimales au plus")
    style.finish(sheet, roster, widths=(24, 34, 90), freeze=None, header_row=None)


def _write_elements(sheet: Worksheet, roster: Roster) -> None:
    style.title(
        sheet, roster, "Heures et primes du mois",
        "Une ligne par agent. Les heures s'écrivent en décimal : 2 h 30 = 2,5. Une case vide : rien ce mois-ci.",
        "Une case gris foncé n'est pas à remplir : d'après son dossier, l'agent n'y a pas droit.",
    )  # fmt: skip
    fixed = (layout.MATRICULE, layout.NOM, layout.PRENOM, layout.EMPLOI)
    rubriques = [rubrique for rubrique in layout.rubriques(roster).values() if not rubrique.ponctuelle]
    titles = [*fixed, *(_header(roster, rubrique.code) for rubrique in rubriques), layout.COMMENTAIRE]
    for column, text in enumerate(titles, start=1):
        style.header(sheet, LIGNE_TITRES, column, text)
    last = PREMIERE_LIGNE + max(1, len(roster.agents)) - 1
    for row, agent in enumerate(roster.agents, start=PREMIERE_LIGNE):
        emploi = agent.emploi if agent.temps == "temps complet" else f"{agent.emploi} ({agent.temps})"
        for column, value in enumerate((roster.cle(agent), agent.nom, agent.prenom, emploi), start=1):
            style.locked(sheet, row, column, value)
        for column, rubrique in enumerate(rubriques, start=len(fixed) + 1):
            if _allowed(agent, rubrique.code):
                style.entry(sheet, row, column, "number")
            else:
                style.closed(sheet, row, column)
        style.entry(sheet, row, len(titles), "wrapped")
    for column, rubrique in enumerate(rubriques, start=len(fixed) + 1):
        letter = get_column_letter(column)
        cap, expected = _cap(roster, rubrique.code)
        _numbers(sheet, f"{letter}{PREMIERE_LIGNE}:{letter}{last}", cap, expected)
    widths = (12, 20, 16, 24, *(16 for _ in rubriques), 40)
    style.finish(sheet, roster, widths=widths, freeze=f"E{PREMIERE_LIGNE}", header_row=LIGNE_TITRES)
    sheet.row_dimensions[LIGNE_TITRES].height = 64


def _header(roster: Roster, code: str) -> str:
    rubrique = layout.rubriques(roster)[code]
    if code in HEURES:
        return rubrique.libelle
    return f"{layout.column_title(rubrique, roster)} ({layout.UNITES[rubrique.unite]})"


def _allowed(agent: RosterAgent, code: str) -> bool:
    if code in IHTS:
        return agent.ihts_permises
    return agent.heures_complementaires_permises if code == "heures_complementaires" else True


def _cap(roster: Roster, code: str) -> tuple[int, str]:
    """Le plafond de saisie d'une colonne, en centièmes, et sa phrase ; la lecture revérifie agent par agent."""
    if code in IHTS:
        cap = max([roster.contingent_ihts, *map(roster.contingent, roster.agents)])
        return cap, f"des heures en décimal, de 0 à {format_hours(cap)} par mois (2 h 30 s'écrit 2,5)"
    if code == "heures_complementaires":
        return layout.PLAFOND_COMPLEMENTAIRES, "des heures en décimal, de 0 à 151,67 (2 h 30 s'écrit 2,5)"
    if layout.rubriques(roster)[code].unite == "heures":
        return layout.PLAFOND_HEURES, "des heures en décimal, de 0 à 400 (2 h 30 s'écrit 2,5)"
    if layout.rubriques(roster)[code].unite == "nombre":
        return layout.PLAFOND_HEURES, "un nombre, de 0 à 400"
    return layout.PLAFOND_MONTANT, _UN_MONTANT


def _write_absences(sheet: Worksheet, roster: Roster, lists: dict[str, str]) -> None:
    style.title(
        sheet, roster, "Absences",
        "Une ligne par absence, premier et dernier jours inclus. "
        "Une absence qui dépasse le mois se saisit avec ses vraies dates. "
        "« Prolongation » : oui si l'arrêt prolonge sans interruption un arrêt déjà connu.",
        "À droite, seulement si besoin : pourquoi il n'y a pas de jour de carence (maladie) ; les heures, ou "
        "« demi-journée » (grève, service non fait) ; le temps travaillé (temps partiel thérapeutique).",
    )  # fmt: skip
    kinds = {"debut": "date", "fin": "date", "observation": "wrapped"}
    last = _table(sheet, roster, layout.ABSENCES_COLONNES, kinds)
    _list(sheet, f"A{PREMIERE_LIGNE}:A{last}", lists["agents"], "Choisissez l'agent dans la liste.")
    _list(sheet, f"B{PREMIERE_LIGNE}:B{last}", lists["natures"], "Choisissez la nature de l'absence dans la liste.")
    _list(sheet, f"E{PREMIERE_LIGNE}:E{last}", lists["oui_non"], "Choisissez « oui » ou « non ».")
    _dates(sheet, f"C{PREMIERE_LIGNE}:C{last}", roster.mois.first_day - timedelta(days=366 * 5), roster.mois.last_day)
    _dates(sheet, f"D{PREMIERE_LIGNE}:D{last}", roster.mois.first_day, roster.mois.last_day + timedelta(days=366 * 3))
    _list(sheet, f"G{PREMIERE_LIGNE}:G{last}", lists["sans_carence"], "Choisissez le motif dans la liste.")
    widths = (36, 56, 14, 14, 16, 44, 40, 16, 14)
    style.finish(sheet, roster, widths=widths, freeze=f"B{PREMIERE_LIGNE}", header_row=LIGNE_TITRES)


def _write_mouvements(sheet: Worksheet, roster: Roster, lists: dict[str, str]) -> None:
    style.title(
        sheet, roster, "Entrées et sorties",
        "À gauche, les agents qui partent (la date est leur dernier jour). À droite, les agents qui arrivent.",
    )  # fmt: skip
    first_entry = len(layout.SORTIES_COLONNES) + 2
    style.band(sheet, 3, 1, len(layout.SORTIES_COLONNES), "Sorties")
    style.band(sheet, 3, first_entry, first_entry + len(layout.ENTREES_COLONNES) - 1, "Entrées annoncées")
    kinds = {"date": "date", "observation": "wrapped"}
    last = _table(sheet, roster, layout.SORTIES_COLONNES, kinds, rows=_SAISIES_MOUVEMENTS)
    _table(sheet, roster, layout.ENTREES_COLONNES, kinds, rows=_SAISIES_MOUVEMENTS, first_column=first_entry)
    _list(sheet, f"A{PREMIERE_LIGNE}:A{last}", lists["agents"], "Choisissez l'agent dans la liste.")
    _dates(sheet, f"B{PREMIERE_LIGNE}:B{last}", roster.mois.first_day, roster.mois.last_day)
    _list(sheet, f"C{PREMIERE_LIGNE}:C{last}", lists["motifs"], "Choisissez le motif dans la liste.")
    _dates(sheet, f"H{PREMIERE_LIGNE}:H{last}", roster.mois.first_day, roster.mois.last_day + timedelta(days=92))
    _list(sheet, f"I{PREMIERE_LIGNE}:I{last}", lists["statuts"], "Choisissez le statut dans la liste.")
    widths = (32, 14, 28, 30, 3, 20, 18, 14, 26, 30)
    style.finish(sheet, roster, widths=widths, freeze=f"A{PREMIERE_LIGNE}", header_row=LIGNE_TITRES)


def _write_autres(sheet: Worksheet, roster: Roster, lists: dict[str, str]) -> None:
    style.title(
        sheet, roster, "Autres éléments",
        "Pour un élément rare, ou un montant qui demande une explication. "
        "Le mois de droit est celui que la somme rémunère : laissez vide pour ce mois-ci.",
        "Une somme due au titre d'un mois passé : appelez votre gestionnaire.",
    )  # fmt: skip
    last = _table(sheet, roster, layout.AUTRES_COLONNES, {"montant": "number", "motif": "wrapped"})
    _list(sheet, f"A{PREMIERE_LIGNE}:A{last}", lists["agents"], "Choisissez l'agent dans la liste.")
    _list(sheet, f"B{PREMIERE_LIGNE}:B{last}", lists["rubriques"], "Choisissez la rubrique dans la liste.")
    _numbers(
        sheet,
        f"C{PREMIERE_LIGNE}:C{last}",
        layout.PLAFOND_MONTANT,
        "un montant en euros, ou le nombre que dit la rubrique, sans signe moins",
    )
    style.finish(sheet, roster, widths=(36, 40, 16, 18, 60), freeze=f"B{PREMIERE_LIGNE}", header_row=LIGNE_TITRES)


def _table(
    sheet: Worksheet,
    roster: Roster,
    columns: Mapping[str, str],
    kinds: dict[str, str],
    *,
    rows: int | None = None,
    first_column: int = 1,
) -> int:
    """Titres et cases vides d'un tableau de saisie ; rend sa dernière ligne."""
    last = PREMIERE_LIGNE - 1 + (rows or max(_SAISIES_MINIMALES, 2 * len(roster.agents)))
    for column, (field, text) in enumerate(columns.items(), start=first_column):
        style.header(sheet, LIGNE_TITRES, column, f"{text} (€)" if field == "montant" else text)
        for row in range(PREMIERE_LIGNE, last + 1):
            style.entry(sheet, row, column, kinds.get(field, "text"))
    sheet.row_dimensions[LIGNE_TITRES].height = 32
    return last


def _list(sheet: Worksheet, cells: str, reference: str, message: str) -> None:
    rule = DataValidation(type="list", formula1=reference, allow_blank=True, showErrorMessage=True)
    rule.errorTitle, rule.error = "Choix à faire dans la liste", message
    rule.showInputMessage = False
    sheet.add_data_validation(rule)
    rule.add(cells)


def _numbers(sheet: Worksheet, cells: str, cap: int, expected: str) -> None:
    rule = DataValidation(type="decimal", operator="between", allow_blank=True, showErrorMessage=True)
    rule.formula1, rule.formula2 = "0", format_decimal(cap)
    rule.errorTitle, rule.error = "Nombre à vérifier", f"Cette case attend {expected}."
    sheet.add_data_validation(rule)
    rule.add(cells)


def _serial(day: date) -> str:
    """Le nombre par lequel un tableur désigne un jour."""
    return str((day - date(1899, 12, 30)).days)


def _dates(sheet: Worksheet, cells: str, first: date, last: date) -> None:
    rule = DataValidation(type="date", operator="between", allow_blank=True, showErrorMessage=True)
    rule.formula1, rule.formula2 = _serial(first), _serial(last)
    rule.errorTitle = "Date à vérifier"
    rule.error = f"Cette case attend une date du {first:%d/%m/%Y} au {last:%d/%m/%Y}, écrite jj/mm/aaaa."
    sheet.add_data_validation(rule)
    rule.add(cells)
