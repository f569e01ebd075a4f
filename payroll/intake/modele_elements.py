"""La feuille « Éléments » du classeur : une ligne par agent, une colonne par rubrique, le mois dernier pour mémoire."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from payroll.intake import gardefous, layout, style
from payroll.intake.layout import HEURES, IHTS, LIGNE_TITRES, PREMIERE_LIGNE
from payroll.intake.roster import Roster, RosterAgent, RubriqueSaisie

_UN_MONTANT = "un montant en euros, sans signe moins, avec deux décimales au plus"


def write_elements(sheet: Worksheet, roster: Roster) -> None:
    style.title(
        sheet, roster, "Heures et primes du mois",
        "Une ligne par agent. Les heures s'écrivent en décimal : 2 h 30 = 2,5. Une case vide : rien ce mois-ci.",
        "Gris foncé : l'agent n'y a pas droit d'après son dossier. Rouge : à vérifier. "
        "Bleu : différent du mois dernier. Jaune : une valeur le mois dernier, rien ce mois-ci.",
    )  # fmt: skip
    fixed = (layout.MATRICULE, layout.NOM, layout.PRENOM, layout.EMPLOI)
    before = {roster.cle(agent): dict(agent.mois_dernier) for agent in roster.agents}
    rubriques = [rubrique for rubrique in layout.rubriques(roster).values() if not rubrique.ponctuelle]
    last = PREMIERE_LIGNE + max(1, len(roster.agents)) - 1
    for column, text in enumerate(fixed, start=1):
        style.header(sheet, LIGNE_TITRES, column, text)
    for row, agent in enumerate(roster.agents, start=PREMIERE_LIGNE):
        emploi = agent.emploi if agent.temps == "temps complet" else f"{agent.emploi} ({agent.temps})"
        for column, value in enumerate((roster.cle(agent), agent.nom, agent.prenom, emploi), start=1):
            style.locked(sheet, row, column, value)
    widths, letters, compared = [12, 20, 16, 24], {}, []
    for rubrique in rubriques:
        letters[rubrique.code] = get_column_letter(len(widths) + 1)
        _element_column(sheet, roster, rubrique, len(widths) + 1, last)
        widths.append(16)
        # Rien à montrer d'une rubrique que personne n'a eue le mois dernier.
        if any(rubrique.code in known for known in before.values()):
            _last_month_column(sheet, roster, rubrique, len(widths) + 1, before)
            widths.append(13)
            compared.append(len(widths))
    _overtime_colours(sheet, roster, [letters[code] for code in IHTS])
    for code, letter in letters.items():
        gardefous.beyond(sheet, letter, PREMIERE_LIGNE, last, _cap(roster, code)[0])
    for column in compared:  # après le rouge, qui l'emporte
        _unlike_last_month(sheet, column, last)
    style.header(sheet, LIGNE_TITRES, len(widths) + 1, layout.COMMENTAIRE)
    for row in range(PREMIERE_LIGNE, PREMIERE_LIGNE + len(roster.agents)):
        style.entry(sheet, row, len(widths) + 1, "wrapped")
    style.finish(sheet, roster, widths=(*widths, 40), freeze=f"E{PREMIERE_LIGNE}", header_row=LIGNE_TITRES)
    sheet.row_dimensions[LIGNE_TITRES].height = 64


def _element_column(sheet: Worksheet, roster: Roster, rubrique: RubriqueSaisie, column: int, last: int) -> None:
    style.header(sheet, LIGNE_TITRES, column, _header(roster, rubrique.code))
    for row, agent in enumerate(roster.agents, start=PREMIERE_LIGNE):
        if _allowed(agent, rubrique.code):
            style.entry(sheet, row, column, "number")
        else:
            style.closed(sheet, row, column)
    letter = get_column_letter(column)
    cap, expected = _cap(roster, rubrique.code)
    gardefous.numbers(sheet, f"{letter}{PREMIERE_LIGNE}:{letter}{last}", cap, expected)


def _last_month_column(
    sheet: Worksheet, roster: Roster, rubrique: RubriqueSaisie, column: int, before: Mapping[str, Mapping[str, int]]
) -> None:
    """Ce que la colonne de gauche portait le mois dernier : à lire, jamais repris d'office."""
    style.memo_header(sheet, LIGNE_TITRES, column, f"{layout.MOIS_DERNIER} : {_header(roster, rubrique.code)}")
    for row, agent in enumerate(roster.agents, start=PREMIERE_LIGNE):
        style.memo(sheet, row, column, before[roster.cle(agent)].get(rubrique.code))


def _unlike_last_month(sheet: Worksheet, column: int, last: int) -> None:
    """En bleu, une valeur qui n'est pas celle du mois dernier (``column``) ; en jaune, une qui n'est pas reprise."""
    now, then = (f"{get_column_letter(index)}{PREMIERE_LIGNE}" for index in (column - 1, column))
    for cell, formula, name in (
        (now, f"AND(ISNUMBER({now}),{now}<>{then})", "bleu"),
        (then, f"AND(ISBLANK({now}),N({then})<>0)", "jaune"),
    ):
        gardefous.colour(sheet, f"{cell}:{cell.rstrip('0123456789')}{last}", formula, name)


def _overtime_colours(sheet: Worksheet, roster: Roster, letters: list[str]) -> None:
    """Jour, nuit et dimanche ensemble ne passent pas le contingent de l'agent, au prorata de son temps."""
    rows: dict[int, list[int]] = defaultdict(list)
    for row, agent in enumerate(roster.agents, start=PREMIERE_LIGNE):
        if agent.ihts_permises:
            rows[roster.contingent(agent)].append(row)
    for cap, concerned in sorted(rows.items()):
        gardefous.too_many(sheet, letters, concerned, cap)


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
        return cap, gardefous.told_hours(cap)
    if code == "heures_complementaires":
        return layout.PLAFOND_COMPLEMENTAIRES, "des heures en décimal, de 0 à 151,67 (2 h 30 s'écrit 2,5)"
    if layout.rubriques(roster)[code].unite == "heures":
        return layout.PLAFOND_HEURES, "des heures en décimal, de 0 à 400 (2 h 30 s'écrit 2,5)"
    if layout.rubriques(roster)[code].unite == "nombre":
        return layout.PLAFOND_HEURES, "un nombre, de 0 à 400"
    return layout.PLAFOND_MONTANT, _UN_MONTANT
