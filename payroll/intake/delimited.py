"""Lire un fichier « ; » : une ligne par élément ou absence, des lignes « # » pour le bordereau (docs/classeur.md)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from payroll.anomalies import Gravite
from payroll.intake import layout
from payroll.intake.collecte import Collecte
from payroll.intake.constats import Lieu
from payroll.intake.elements import add_element, find_rubrique, missing_amount
from payroll.intake.grid import LIGNES_MAX, Case
from payroll.intake.mouvements import add_absence
from payroll.intake.roster import VERSION
from payroll.intake.tables import Ligne

FEUILLE = ""
"""Un CSV n'a pas de feuille : une place y est « ligne 12, colonne valeur »."""

CHAMPS: Mapping[str, tuple[str, ...]] = {
    "matricule": ("agent",),
    "code": ("rubrique", "nature"),
    "valeur": ("montant",),
    "date_debut": ("debut",),
    "date_fin": ("fin",),
    "observation": ("observation",),
    "mois_de_droit": ("mois_de_droit",),
    "prolongation": ("prolongation",),
    "sans_carence": ("sans_carence",),
    "duree": ("duree",),
    "temps_travaille": ("temps",),
    "nom": ("nom",),
    "prenom": ("prenom",),
}
"""Colonne du fichier → champs du classeur qu'elle sert."""


def decode(content: bytes) -> str | None:
    """Le texte d'un fichier, UTF-8 (avec ou sans marque) sinon windows-1252 ; ``None`` s'il n'est pas un texte."""
    for encoding in ("utf-8-sig", "windows-1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def read_delimited(content: bytes, work: Collecte) -> None:
    """Verse dans ``work`` tout ce que le fichier dit, et tout ce qui n'y va pas."""
    text = decode(content)
    if text is None or ";" not in text:
        work.constats.add(
            "format-inconnu",
            "ce fichier n'est ni un classeur, ni un texte séparé par des points-virgules.",
            attendu="un classeur .xlsx ou .ods, ou un texte .csv séparé par des « ; »",
            remede="Repartez du classeur du mois, ou réglez le séparateur de votre logiciel sur le point-virgule.",
        )
        return
    meta: dict[str, Case] = {}
    lines: list[tuple[int, list[str]]] = []
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=";")
        for row in rows:
            cells = [cell.strip() for cell in row]
            if cells and cells[0].startswith("#"):
                place = f"ligne {rows.line_num}"
                meta.setdefault(layout.fold(cells[0]), Case(cells[1] if len(cells) > 1 else "", place))
            elif any(cells) and not cells[0].casefold().startswith("sep="):
                lines.append((rows.line_num, cells))
            if rows.line_num > LIGNES_MAX:
                work.constats.add(
                    "feuille-trop-grande",
                    "ce fichier a bien plus de lignes qu'un mois n'en demande.",
                    Lieu(FEUILLE, f"ligne {rows.line_num}"),
                    attendu=f"{LIGNES_MAX} lignes au plus",
                )
                break
    except csv.Error:
        work.constats.add("fichier-abime", "ce fichier ne se lit pas comme un texte séparé par des « ; ».")
    _front(meta, work)
    if lines:
        columns = _columns(lines[0][1], work, lines[0][0])
        for number, cells in lines[1:] if columns else ():
            _row(cells, columns, number, work)


def _front(meta: Mapping[str, Case], work: Collecte) -> None:
    told: dict[str, Case] = {}
    for field, title in layout.BORDEREAU_CHAMPS.items():
        case = meta.get(layout.fold(field)) or meta.get(layout.fold(title))
        if case is not None and case.texte:
            work.look_for_strange_text(case, FEUILLE)
            told[field] = case
    places = {field: Lieu(FEUILLE, case.adresse) for field, case in told.items()}
    # Un export de planning est écrit une fois pour toutes : sans version, il suit celle d'aujourd'hui.
    version = meta.get("version") or Case(VERSION, "")
    roster = work.roster
    work.check_identity(
        {**told, "version": version},
        places,
        f"Ajoutez en tête du fichier les deux lignes « #adherent;{roster.adherent_code} » et « #mois;{roster.mois} ».",
    )
    work.front(told, FEUILLE)


def _columns(cells: list[str], work: Collecte, number: int) -> dict[str, int]:
    """Colonne → rang ; vide, avec un constat, si la première ligne n'est pas celle des titres."""
    known = {layout.fold(name): name for name in CHAMPS}
    columns: dict[str, int] = {}
    for index, cell in enumerate(cells):
        name = known.get(layout.fold(cell))
        if name is not None:
            columns.setdefault(name, index)
    if not {"matricule", "code", "valeur"} <= set(columns):
        work.constats.add(
            "titres-modifies",
            "la première ligne du fichier, après celles qui commencent par « # », doit nommer les colonnes.",
            Lieu(FEUILLE, f"ligne {number}"),
            attendu=";".join(layout.CSV_COLONNES),
        )
        return {}
    for index, cell in enumerate(cells):
        if cell and index not in columns.values():
            work.constats.add(
                "colonne-ignoree",
                "cette colonne n'est pas lue.",
                Lieu(FEUILLE, f"ligne {number}, colonne {index + 1}"),
                recu=cell,
                attendu=", ".join(CHAMPS),
                remede="Si elle porte des éléments de paie, écrivez-les dans les colonnes attendues.",
                gravite=Gravite.AVERTISSEMENT,
            )
    return columns


def _row(cells: list[str], columns: Mapping[str, int], number: int, work: Collecte) -> None:
    places, cases = {}, {}
    for column, index in columns.items():
        place = f"ligne {number}, colonne {column}"
        case = Case(cells[index] if index < len(cells) else "", place)
        work.look_for_strange_text(case, FEUILLE)
        for field in CHAMPS[column]:
            places[field] = place
            if case.texte:
                cases[field] = case
    line = Ligne(FEUILLE, number, cases, places)
    agent = work.agent(line)
    if agent is not None:
        work.check_name(agent, line)
    if layout.choose(layout.formulaire().natures, line.texte("nature")) is not None:
        if agent is not None:
            add_absence(work, agent, line)
        return
    code = find_rubrique(work, line)
    if line.get("montant") is None:
        missing_amount(work, line)
    elif agent is not None and code is not None:
        add_element(work, agent, code, line, "montant", observation=line.texte("observation"))
