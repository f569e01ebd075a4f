"""Lire un fichier « ; » : une ligne par élément ou absence, des lignes « # » pour le bordereau (docs/classeur.md)."""

from __future__ import annotations

import csv
import io

from payroll.intake import layout
from payroll.intake.collecte import Collecte
from payroll.intake.grid import Case
from payroll.intake.roster import VERSION

FEUILLE = ""
"""Un CSV n'a pas de feuille : une place y est « ligne 12, colonne valeur »."""


def decode(content: bytes) -> str | None:
    """Le texte d'un fichier, UTF-8 (avec ou sans marque) sinon windows-1252 ; ``None`` s'il n'est pas un texte."""
    if b"\0" in content:
        return None
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
            attendu=".xlsx, .ods, ou .csv avec des « ; »",
            remede="Repartez du classeur du mois, dans votre dossier « retour ».",
        )
        return
    meta: dict[str, Case] = {}
    columns: dict[str, int] | None = None
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=";"), start=1):
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if cells[0].startswith("#"):
                meta[layout.fold(cells[0])] = Case(cells[1] if len(cells) > 1 else "", f"ligne {number}")
            elif columns is None:
                columns = _columns(cells, work, number)
                if columns is None:
                    break
            else:
                _row(cells, columns, number, work)
    except csv.Error:
        work.constats.add("fichier-abime", "ce fichier ne se lit pas comme un texte séparé par des « ; ».")
    _front(meta, work)


def _front(meta: dict[str, Case], work: Collecte) -> None:
    told = {field: meta[layout.fold(field)] for field in layout.BORDEREAU_CHAMPS if layout.fold(field) in meta}
    work.check_identity(
        version=meta["version"].texte if "version" in meta else VERSION,
        adherent=told["adherent"].texte if "adherent" in told else "",
        siret=told["siret"].texte if "siret" in told else "",
        mois=told["mois"].texte if "mois" in told else "",
        feuille=FEUILLE,
    )
    work.front({field: case for field, case in told.items() if case.texte}, FEUILLE)


def _columns(cells: list[str], work: Collecte, number: int) -> dict[str, int] | None:
    known = {layout.fold(name): name for name in (*layout.CSV_COLONNES, *layout.CSV_FACULTATIVES)}
    columns = {known[layout.fold(cell)]: index for index, cell in enumerate(cells) if layout.fold(cell) in known}
    missing = [name for name in ("matricule", "code", "valeur") if name not in columns]
    if missing:
        work.constats.add(
            "titres-modifies",
            "la première ligne doit nommer les colonnes.",
            cellule=f"ligne {number}",
            attendu=";".join(layout.CSV_COLONNES),
        )
        return None
    return columns


def _row(cells: list[str], columns: dict[str, int], number: int, work: Collecte) -> None:
    def case(name: str) -> Case | None:
        index = columns.get(name)
        text = cells[index] if index is not None and index < len(cells) else ""
        return Case(text, f"ligne {number}, colonne {name}") if text else None

    agent = work.agent(case("matricule"), FEUILLE, 0, near=Case("", f"ligne {number}"))
    named = case("code")
    if named is not None and layout.choose(layout.formulaire().natures, named.texte) is not None:
        if agent is not None:
            work.absence(
                agent, named, case("date_debut"), case("date_fin"), case("prolongation"), FEUILLE, number,
                observation=_text(case("observation")),
            )  # fmt: skip
        return
    code = layout.rubrique_by_text(work.roster).get(layout.fold(named.texte)) if named else None
    if code is None:
        work.unknown_rubrique(named, FEUILLE, f"ligne {number}, colonne code")
        return
    value = case("valeur")
    if value is None:
        work.constats.add(
            "montant-manquant",
            "cette ligne n'a pas de valeur.",
            cellule=f"ligne {number}, colonne valeur",
            attendu="un nombre",
        )
    elif agent is not None:
        work.element(
            agent, code, value, FEUILLE, observation=_text(case("observation")), mois_de_droit=case("mois_de_droit")
        )


def _text(case: Case | None) -> str:
    return case.texte if case else ""
