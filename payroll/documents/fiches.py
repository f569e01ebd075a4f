"""Les fiches individuelles d'une année : une feuille par agent, rubrique par mois, et deux récapitulatifs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import groupby

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from payroll.catalogue import load
from payroll.documents.layout import model_for
from payroll.documents.lines import CODE_PAS, EN_EUROS
from payroll.documents.names import safe_name
from payroll.documents.tableau import Cell, amount, finish_sheet, open_sheet, write_row
from payroll.engine.bulletin import Bulletin, Section
from payroll.periods import NOMS_DES_MOIS, Month
from payroll.xlsx import deterministic_bytes

_FEUILLE_MAX = 25
"""Un nom de feuille tient en 31 caractères ; il reste de quoi numéroter deux matricules qui se ressemblent."""
_TOTAUX: tuple[tuple[str, Callable[[Bulletin], int]], ...] = (
    ("Total brut", lambda bulletin: bulletin.brut),
    ("Cotisations de l'agent", lambda bulletin: bulletin.cotisations_salarie),
    ("Net avant impôt", lambda bulletin: bulletin.net_avant_impot),
    ("Net imposable", lambda bulletin: bulletin.net_imposable),
    ("Montant net social", lambda bulletin: bulletin.montant_net_social),
    ("Impôt prélevé (PAS)", lambda bulletin: bulletin.pas),
    ("Net à payer", lambda bulletin: bulletin.net_a_payer),
    ("Charges employeur", lambda bulletin: bulletin.cotisations_employeur),
    ("Coût employeur", lambda bulletin: bulletin.cout_employeur),
)


@dataclass(frozen=True, slots=True)
class BulletinAnnuel:
    """Un bulletin de l'année et l'agent qu'il paie."""

    matricule: str
    nom: str
    prenom: str
    bulletin: Bulletin


@dataclass(frozen=True, slots=True)
class FichesFacts:
    """Les bulletins d'un adhérent pour une année ; ``mois`` est le dernier mois payé."""

    nom: str
    code: str
    siret: str
    mois: Month
    rows: tuple[BulletinAnnuel, ...]

    @property
    def revision(self) -> int:
        """Une année n'a pas de révision : chaque mois a la sienne."""
        return 0

    @property
    def annee(self) -> int:
        return self.mois.year


def file_name(annee: int) -> str:
    """Le nom du classeur.

    >>> file_name(2026)
    'fiches-2026.xlsx'
    """
    return f"fiches-{annee}.xlsx"


def render(facts: FichesFacts) -> bytes:
    """Le classeur en xlsx ; mêmes faits, mêmes octets."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    workbook.properties.title = f"Fiches individuelles {facts.annee}"
    workbook.properties.creator = "paie-a-facon"
    workbook.properties.language = "fr-FR"
    agents = [
        list(group)
        for _, group in groupby(sorted(facts.rows, key=lambda row: row.matricule), key=lambda row: row.matricule)
    ]
    _recap(workbook.create_sheet("Récapitulatif"), facts, agents)
    _by_month(workbook.create_sheet("Par mois"), facts)
    taken: set[str] = set()
    for rows in agents:
        _card(workbook.create_sheet(_sheet_name(rows[0].matricule, taken)), facts, rows)
    return deterministic_bytes(workbook, datetime.combine(facts.mois.last_day, time(12)))


def _sheet_name(matricule: str, taken: set[str]) -> str:
    base = safe_name(matricule)[:_FEUILLE_MAX]
    name, rank = base, 1
    while name.casefold() in taken:
        rank += 1
        name = f"{base}-{rank}"
    taken.add(name.casefold())
    return name


def _recap(sheet: Worksheet, facts: FichesFacts, agents: Sequence[Sequence[BulletinAnnuel]]) -> None:
    header = ["Matricule", "Nom", "Prénom", "Mois payés", *(label for label, _ in _TOTAUX)]
    start = open_sheet(sheet, facts, f"Récapitulatif de l'année {facts.annee}", header)
    for rows in agents:
        identity: list[Cell] = [rows[0].matricule, rows[0].nom, rows[0].prenom]
        months = len({row.bulletin.mois for row in rows})
        write_row(sheet, [*identity, months, *_totals(rows)])
    write_row(sheet, ["Total", None, None, None, *_totals(facts.rows)], bold=True)
    finish_sheet(sheet, facts, start, len(agents), frozen_columns=3)


def _by_month(sheet: Worksheet, facts: FichesFacts) -> None:
    header = ["Mois", "Agents", "Bulletins", *(label for label, _ in _TOTAUX)]
    start = open_sheet(sheet, facts, f"Récapitulatif par mois de l'année {facts.annee}", header)
    months = sorted({row.bulletin.mois for row in facts.rows})
    for mois in months:
        mine = [row for row in facts.rows if row.bulletin.mois == mois]
        write_row(sheet, [mois.libelle, len({row.matricule for row in mine}), len(mine), *_totals(mine)])
    write_row(sheet, ["Total", None, len(facts.rows), *_totals(facts.rows)], bold=True)
    finish_sheet(sheet, facts, start, len(months), frozen_columns=1)


def _totals(rows: Sequence[BulletinAnnuel]) -> list[Cell]:
    return [amount(sum(value(row.bulletin) for row in rows)) for _, value in _TOTAUX]


def _card(sheet: Worksheet, facts: FichesFacts, rows: Sequence[BulletinAnnuel]) -> None:
    """La fiche d'un agent : une ligne par rubrique et par part, une colonne par mois, puis les totaux."""
    agent = rows[0]
    titres = model_for(facts.mois).sections
    header = ["Section", "Libellé", "Part", *(nom.capitalize() for nom in NOMS_DES_MOIS), "Année"]
    title = f"Fiche individuelle {facts.annee} – {agent.matricule} – {agent.nom.upper()} {agent.prenom}"
    start = open_sheet(sheet, facts, title, header)
    amounts = _amounts(rows)
    for (section, libelle, part), by_month in amounts.items():
        write_row(sheet, [titres[section], libelle, part, *_year(by_month)])
    for label, value in _TOTAUX:
        by_month = defaultdict(int)
        for row in rows:
            by_month[row.bulletin.mois.month] += value(row.bulletin)
        write_row(sheet, [label, None, None, *_year(by_month)], bold=True)
    finish_sheet(sheet, facts, start, len(amounts), frozen_columns=3, narrowest=11)


def _amounts(rows: Sequence[BulletinAnnuel]) -> dict[tuple[Section, str, str], dict[int, int]]:
    """(section, libellé, part) → mois → centimes, dans l'ordre du bulletin ; un rappel garde son mois de droit."""
    order, catalogue = list(Section), load()
    found: dict[tuple[int, int, str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        for ligne in row.bulletin.lignes:
            # Le rang d'une ligne ne vaut que dans son bulletin : d'un mois à l'autre, l'ordre est celui du catalogue.
            rubrique = catalogue.get(ligne.code)
            place = (order.index(ligne.section), rubrique.ordre if rubrique else ligne.ordre, ligne.libelle_imprime)
            part = "Montant" if ligne.section in EN_EUROS else "Agent"
            for name, value in ((part, ligne.montant_salarie), ("Employeur", ligne.montant_employeur)):
                if value and ligne.code != CODE_PAS:
                    found[(*place, name)][row.bulletin.mois.month] += value
    return {
        (order[section], libelle, part): by_month for (section, _, libelle, part), by_month in sorted(found.items())
    }


def _year(by_month: dict[int, int]) -> list[Cell]:
    return [
        *(amount(by_month[month]) if by_month.get(month) else None for month in range(1, 13)),
        amount(sum(by_month.values())),
    ]
