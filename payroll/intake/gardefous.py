"""Les garde-fous du classeur : listes, bornes et messages à la saisie, couleurs qui signalent ce qui est à regarder.

Rien n'y est décidé : la lecture revérifie tout. Une couleur ne dépend que de sa propre feuille, ce que tout tableur
sait calculer.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from payroll.intake.layout import format_hours
from payroll.money import format_decimal

COULEURS = {"rouge": "F8CBAD", "jaune": "FFF2CC", "bleu": "BDD7EE"}
"""Rouge : à vérifier ; jaune : il manque quelque chose ; bleu : ce n'est pas comme le mois dernier."""

_PROMPT_MAX = 255


def choices(sheet: Worksheet, cells: str, reference: str, message: str) -> None:
    """Une liste déroulante : ``reference`` est la plage de ses choix."""
    rule = DataValidation(type="list", formula1=reference, allow_blank=True, showErrorMessage=True)
    rule.errorTitle, rule.error = "Choix à faire dans la liste", message
    _add(sheet, rule, cells, "Choisir dans la liste", message)


def numbers(sheet: Worksheet, cells: str, cap: int, expected: str) -> None:
    """Un nombre de 0 à ``cap`` (centièmes) ; ``expected`` le décrit : « des heures en décimal… »."""
    rule = DataValidation(type="decimal", operator="between", allow_blank=True, showErrorMessage=True)
    rule.formula1, rule.formula2 = "0", format_decimal(cap)
    rule.errorTitle, rule.error = "Nombre à vérifier", f"Cette case attend {expected}."
    _add(
        sheet, rule, cells, "Que saisir ici ?", f"{expected[:1].upper()}{expected[1:]}. Rien ce mois-ci : laissez vide."
    )


def days(sheet: Worksheet, cells: str, first: date, last: date) -> None:
    """Une date, bornes incluses."""
    rule = DataValidation(type="date", operator="between", allow_blank=True, showErrorMessage=True)
    rule.formula1, rule.formula2 = serial(first), serial(last)
    rule.errorTitle = "Date à vérifier"
    rule.error = f"Cette case attend une date du {first:%d/%m/%Y} au {last:%d/%m/%Y}, écrite jj/mm/aaaa."
    _add(sheet, rule, cells, "Une date", "Écrite jj/mm/aaaa, par exemple " + f"{last:%d/%m/%Y}.")


def serial(day: date) -> str:
    """Le nombre par lequel un tableur désigne un jour."""
    return str((day - date(1899, 12, 30)).days)


def colour(sheet: Worksheet, cells: str, formula: str, name: str) -> None:
    """Colore les cases où la formule est vraie ; ses adresses sont celles de la première case."""
    tint = COULEURS[name]
    fill = PatternFill("solid", start_color=tint, end_color=tint)
    rule = FormulaRule(formula=[formula], fill=fill, stopIfTrue=True)  # type: ignore[no-untyped-call]
    sheet.conditional_formatting.add(cells, rule)


def required(sheet: Worksheet, columns: Iterable[str], row: int, last: int, span: tuple[str, str]) -> None:
    """En jaune, les cases vides de ``columns`` sur une ligne commencée (de ``span[0]`` à ``span[1]``)."""
    started = f"COUNTA(${span[0]}{row}:${span[1]}{row})>0"
    for letter in columns:
        colour(sheet, f"{letter}{row}:{letter}{last}", f"AND({started},ISBLANK({letter}{row}))", "jaune")


def beyond(sheet: Worksheet, letter: str, row: int, last: int, cap: int) -> None:
    """En rouge, ce qui n'est pas un nombre de 0 à ``cap`` (centièmes)."""
    cell = f"{letter}{row}"
    wrong = f"OR(NOT(ISNUMBER({cell})),{cell}<0,{cell}>{format_decimal(cap)})"
    colour(sheet, f"{cell}:{letter}{last}", f"AND(NOT(ISBLANK({cell})),{wrong})", "rouge")


def unlike_days(sheet: Worksheet, letter: str, row: int, last: int, *, before: date, after: date) -> None:
    """En rouge, ce qui n'est pas une date de ``before`` à ``after``."""
    cell = f"{letter}{row}"
    wrong = f"OR(NOT(ISNUMBER({cell})),{cell}<{serial(before)},{cell}>{serial(after)})"
    colour(sheet, f"{cell}:{letter}{last}", f"AND(NOT(ISBLANK({cell})),{wrong})", "rouge")


def too_many(sheet: Worksheet, letters: list[str], rows: list[int], cap: int) -> None:
    """En rouge, les heures dont la somme sur la ligne passe ``cap`` (centièmes d'heure)."""
    first = rows[0]
    total = "+".join(f"N(${letter}{first})" for letter in letters)
    cells = " ".join(f"{letter}{row}" for letter in letters for row in rows)
    colour(sheet, cells, f"AND(NOT(ISBLANK({letters[0]}{first})),{total}>{format_decimal(cap)})", "rouge")


def told_hours(cap: int) -> str:
    """La phrase d'une colonne d'heures supplémentaires, bornée au contingent."""
    return f"des heures en décimal, de 0 à {format_hours(cap)} par mois (2 h 30 s'écrit 2,5)"


def _add(sheet: Worksheet, rule: DataValidation, cells: str, title: str, prompt: str) -> None:
    rule.showInputMessage = True
    rule.promptTitle, rule.prompt = title, prompt[:_PROMPT_MAX]
    sheet.add_data_validation(rule)
    rule.add(cells)
