"""Les gestes par lesquels une personne abîme un classeur, chacun tel qu'un tableur l'écrirait dans le fichier."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.utils import column_index_from_string
from openpyxl.worksheet.worksheet import Worksheet

from payroll.intake.layout import LIGNE_TITRES, PREMIERE_LIGNE

Geste = Callable[..., None]


def ecrire(book: Workbook, **feuilles: dict[str, Any]) -> None:
    for name, cells in feuilles.items():
        for address, value in cells.items():
            book[name][address] = value


def trier(book: Workbook, feuille: str) -> None:
    sheet = book[feuille]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=PREMIERE_LIGNE)]
    for number, values in enumerate(reversed(rows), start=PREMIERE_LIGNE):
        for column, value in enumerate(values, start=1):
            sheet.cell(number, column).value = value


def lignes_vides(book: Workbook, feuille: str, avant: int, combien: int) -> None:
    book[feuille].insert_rows(avant, combien)


def masquer_lignes(book: Workbook, feuille: str, lignes: list[int]) -> None:
    for row in lignes:
        book[feuille].row_dimensions[row].hidden = True


def masquer_colonnes(book: Workbook, feuille: str, colonnes: list[str]) -> None:
    for letter in colonnes:
        book[feuille].column_dimensions[letter].hidden = True


def supprimer_ligne(book: Workbook, feuille: str, ligne: int) -> None:
    book[feuille].delete_rows(ligne)


def copier_ligne(book: Workbook, feuille: str, de: int, vers: int) -> None:
    sheet = book[feuille]
    for cell in sheet[de]:
        sheet.cell(vers, cell.column).value = cell.value


def deplacer_colonne(book: Workbook, feuille: str, de: str, vers: str) -> None:
    sheet = book[feuille]
    source, target = column_index_from_string(de), column_index_from_string(vers)
    for row in range(LIGNE_TITRES, sheet.max_row + 1):
        values = [sheet.cell(row, column).value for column in range(1, sheet.max_column + 1)]
        values.insert(target - 1, values.pop(source - 1))
        for column, value in enumerate(values, start=1):
            sheet.cell(row, column).value = value


def inserer_colonne(book: Workbook, feuille: str, rang: int) -> None:
    book[feuille].insert_cols(rang)


def mettre_en_forme(book: Workbook, feuille: str, colonne: str, ligne: int) -> None:
    sheet = book[feuille]
    sheet.column_dimensions[colonne].number_format = "0.00"
    sheet[f"{colonne}{ligne}"].fill = PatternFill("solid", fgColor="FFFF00")


def ajouter_feuille(book: Workbook, nom: str, cases: dict[str, Any]) -> None:
    sheet: Worksheet = book.create_sheet(nom)
    for address, value in cases.items():
        sheet[address] = value


def renommer_feuille(book: Workbook, de: str, en: str) -> None:
    book[de].title = en


def dupliquer_feuille(book: Workbook, nom: str) -> None:
    book.copy_worksheet(book[nom])


def colorier(book: Workbook, feuille: str, cases: list[str]) -> None:
    for address in cases:
        book[feuille][address].fill = PatternFill("solid", fgColor="FFFF00")


def commenter(book: Workbook, feuille: str, case: str, texte: str) -> None:
    book[feuille][case].comment = Comment(texte, "Secrétariat")


def fusionner(book: Workbook, feuille: str, plage: str) -> None:
    sheet = book[feuille]
    kept = copy(sheet[plage.split(":")[0]].value)
    sheet.merge_cells(plage)
    sheet[plage.split(":")[0]].value = kept


SUR_LE_CLASSEUR: dict[str, Geste] = {
    geste.__name__: geste
    for geste in (
        ecrire, trier, lignes_vides, masquer_lignes, masquer_colonnes, supprimer_ligne, copier_ligne,
        deplacer_colonne, inserer_colonne, mettre_en_forme, ajouter_feuille, renommer_feuille, dupliquer_feuille,
        colorier, commenter, fusionner,
    )
}  # fmt: skip


def enveloppe_chiffree() -> bytes:
    """L'enveloppe qu'Excel donne à un classeur chiffré : un fichier OLE qui porte « EncryptedPackage »."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le") + bytes(600)


def libreoffice(content: bytes, extension: str, dossier: Path) -> bytes:
    """Le classeur ouvert puis enregistré par LibreOffice, à ce format ; ``dossier`` garde son profil."""
    source = dossier / "classeur.xlsx"
    source.write_bytes(content)
    profile = f"-env:UserInstallation={(dossier / 'profil').as_uri()}"
    target = dossier / extension
    command = ["soffice", "--headless", profile, "--convert-to", extension, "--outdir", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    return (target / f"classeur.{extension}").read_bytes()
