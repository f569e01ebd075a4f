"""La feuille « Lisez-moi » : ce que la secrétaire doit savoir, en une page ; son texte est dans ``lisez_moi.txt``."""

from __future__ import annotations

from pathlib import Path

from openpyxl.styles import Alignment
from openpyxl.worksheet.worksheet import Worksheet

from payroll.intake import style
from payroll.intake.gardefous import COULEURS
from payroll.intake.layout import format_hours
from payroll.intake.roster import Roster

_CHARS_PER_LINE = 150


def write(sheet: Worksheet, roster: Roster) -> None:
    """Remplit la feuille d'aide, imprimable sur une page."""
    contact = roster.contact or "votre gestionnaire de paie"
    text = (Path(__file__).parent / "lisez_moi.txt").read_text(encoding="utf-8")
    text = text.replace("{mois}", roster.mois.libelle).replace("{contingent}", format_hours(roster.contingent_ihts))
    text = text.replace("{contact}", contact[:1].upper() + contact[1:])
    deposit = "Merci de déposer ce classeur avant la date convenue avec votre gestionnaire."
    style.title(sheet, roster, "Éléments variables de paie", deposit)
    for row, line in enumerate(text.splitlines(), start=4):
        is_heading = line.startswith("# ")
        colour = COULEURS.get(line.partition(" : ")[0].casefold())
        cell = style.put(sheet, row, 1, line.removeprefix("# "))
        if colour is not None:
            style.tint(cell, colour)
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        if is_heading:
            style.heading(cell)
        # Un tableur n'ajuste pas toujours la hauteur à l'ouverture : on l'estime.
        sheet.row_dimensions[row].height = 22 if is_heading else 15 * (1 + len(line) // _CHARS_PER_LINE) + 4
    style.finish(sheet, roster, widths=(130,), freeze=None, header_row=None)
