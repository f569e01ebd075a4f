"""Les états du mois : charges par organisme, charges par compte, mandat par article, sommes dues à chacun."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from itertools import groupby

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from payroll.catalogue import load
from payroll.documents.tableau import Cell, amount, finish_sheet, open_sheet, write_row
from payroll.documents.ventilation import A_PRECISER, BulletinVentile, Depense, Part, Ventilation, plan, ventiler
from payroll.periods import Month
from payroll.xlsx import deterministic_bytes

JUSTE = "Contrôle : total du mandat = sommes dues"
ECART = "Contrôle : ÉCART entre le mandat et les sommes dues, à examiner avant tout paiement"


@dataclass(frozen=True, slots=True)
class EtatsFacts:
    """Tout ce que les états d'un adhérent montrent d'un mois."""

    nom: str
    code: str
    siret: str
    mois: Month
    revision: int
    rows: tuple[BulletinVentile, ...]


def render(facts: EtatsFacts) -> bytes:
    """Les états en xlsx ; mêmes faits, mêmes octets."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    workbook.properties.title = f"États de paie {facts.mois.libelle}"
    workbook.properties.creator = "paie-a-facon"
    workbook.properties.language = "fr-FR"
    found = ventiler(facts.rows)
    _by_organism(workbook.create_sheet("Charges par organisme"), facts, found)
    _by_account(workbook.create_sheet("Charges par compte"), facts, found)
    _mandate(workbook.create_sheet("Mandat"), facts, found)
    _dues(workbook.create_sheet("Sommes dues"), facts, found)
    return deterministic_bytes(workbook, datetime.combine(facts.mois.last_day, time(12)))


def _by_organism(sheet: Worksheet, facts: EtatsFacts, found: Ventilation) -> None:
    catalogue = load()
    header = ["Organisme", "Compte de tiers", "Code", "Libellé", "Base", "Part agents", "Part employeur", "Total"]
    start = open_sheet(sheet, facts, f"Charges par organisme – {facts.mois.libelle}", header)
    order = list(catalogue)
    rows = sorted(
        found.charges.items(),
        key=lambda item: (plan().rang(item[0][0]), item[0][0], order.index(item[0][2]) if item[0][2] in order else -1),
    )
    for organisme, group in groupby(rows, key=lambda item: item[0][0]):
        subtotal = Part()
        for (_, tiers, code), part in group:
            rubrique = catalogue.get(code)
            libelle = rubrique.intitule if rubrique else code
            write_row(sheet, [organisme, tiers, code, libelle, amount(part.base), *_three(part)])
            subtotal.agent += part.agent
            subtotal.employeur += part.employeur
        write_row(sheet, [f"Total {organisme}", None, None, None, None, *_three(subtotal)], bold=True)
    count = sheet.max_row - start
    agent, employeur = (sum(getattr(part, side) for part in found.charges.values()) for side in ("agent", "employeur"))
    write_row(
        sheet, ["Total des charges", None, None, None, None, *_three(Part(agent=agent, employeur=employeur))], bold=True
    )
    finish_sheet(sheet, facts, start, count, frozen_columns=1)


def _three(part: Part) -> list[Cell]:
    return [amount(part.agent), amount(part.employeur), amount(part.total)]


def _by_account(sheet: Worksheet, facts: EtatsFacts, found: Ventilation) -> None:
    header = ["Article", "Libellé", "Organisme", "Part employeur"]
    start = open_sheet(sheet, facts, f"Charges de l'employeur par compte – {facts.mois.libelle}", header)
    rows = sorted(found.par_compte.items(), key=lambda item: (item[0][0], plan().rang(item[0][1]), item[0][1]))
    for article, group in groupby(rows, key=lambda item: item[0][0]):
        mine = list(group)
        for (_, organisme), montant in mine:
            write_row(sheet, [article or A_PRECISER, _label(article), organisme, amount(montant)])
        total = amount(sum(montant for _, montant in mine))
        write_row(sheet, [f"Total {article or A_PRECISER}", None, None, total], bold=True)
    count = sheet.max_row - start
    total = amount(sum(found.par_compte.values()))
    write_row(sheet, ["Total des charges de l'employeur", None, None, total], bold=True)
    finish_sheet(sheet, facts, start, count, frozen_columns=1)


def _mandate(sheet: Worksheet, facts: EtatsFacts, found: Ventilation) -> None:
    header = ["Chapitre", "Article", "Libellé", "Rémunérations", "Cotisations employeur", "Remboursements", "Total"]
    start = open_sheet(sheet, facts, f"Mandat par article budgétaire – {facts.mois.libelle}", header)
    rows = sorted(
        ((plan().chapitre(article), article, depense) for article, depense in found.depenses.items()),
        key=lambda row: (row[0], row[1]),
    )
    for (chapitre, libelle), group in groupby(rows, key=lambda row: row[0]):
        subtotal = Depense()
        for _, article, depense in group:
            write_row(sheet, [chapitre, article or A_PRECISER, _label(article), *_four(depense)])
            _add(subtotal, depense)
        write_row(sheet, [f"Total {chapitre}".strip(), None, libelle or A_PRECISER, *_four(subtotal)], bold=True)
    count = sheet.max_row - start
    whole = Depense()
    for depense in found.depenses.values():
        _add(whole, depense)
    write_row(sheet, ["Total du mandat", None, None, *_four(whole)], bold=True)
    write_row(sheet, [_verdict(found)], bold=True)
    finish_sheet(sheet, facts, start, count, frozen_columns=2)


def _four(depense: Depense) -> list[Cell]:
    return [amount(value) for value in (depense.remuneration, depense.charges, depense.remboursements, depense.total)]


def _add(total: Depense, depense: Depense) -> None:
    total.remuneration += depense.remuneration
    total.charges += depense.charges
    total.remboursements += depense.remboursements


def _dues(sheet: Worksheet, facts: EtatsFacts, found: Ventilation) -> None:
    header = ["Compte de tiers", "Libellé", "Bénéficiaire", "Montant"]
    start = open_sheet(sheet, facts, f"Sommes dues – {facts.mois.libelle}", header)
    rows = sorted(found.dus.items(), key=lambda item: (item[0][0], plan().rang(item[0][1]), item[0][1]))
    for (compte, beneficiaire), montant in rows:
        write_row(sheet, [compte or A_PRECISER, _label(compte), beneficiaire, amount(montant)])
    write_row(sheet, ["Total des sommes dues", None, None, amount(found.total_dus)], bold=True)
    write_row(sheet, [_verdict(found)], bold=True)
    finish_sheet(sheet, facts, start, len(rows), frozen_columns=1)


def _label(compte: str) -> str:
    return plan().articles.get(compte, "")


def _verdict(found: Ventilation) -> str:
    return JUSTE if found.total_depenses == found.total_dus else ECART
