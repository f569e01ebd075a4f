"""Le journal de paie d'un adhérent pour un mois : un classeur où chaque total se refait à partir des lignes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from payroll.catalogue import load
from payroll.documents.layout import model_for
from payroll.documents.lines import CODE_PAS, EN_EUROS
from payroll.documents.tableau import AMOUNT_FORMAT, amount, finish_sheet, open_sheet, rate, write_row
from payroll.engine.bulletin import Bulletin, Ligne, Section
from payroll.periods import Month
from payroll.xlsx import deterministic_bytes

__all__ = ["AMOUNT_FORMAT", "ECART", "JUSTE", "JournalFacts", "JournalRow", "amount", "render"]

JUSTE = "Contrôle : somme des lignes = totaux"
ECART = "Contrôle : ÉCART entre les lignes et les totaux, à examiner avant tout paiement"


@dataclass(frozen=True, slots=True)
class JournalRow:
    """Un agent du journal ; le bulletin porte les montants."""

    matricule: str
    nom: str
    prenom: str
    statut_libelle: str
    bulletin: Bulletin


@dataclass(frozen=True, slots=True)
class JournalFacts:
    """Tout ce que le journal d'un adhérent montre d'un mois."""

    nom: str
    code: str
    siret: str
    mois: Month
    revision: int
    rows: tuple[JournalRow, ...]


@dataclass(frozen=True, slots=True)
class _Column:
    """Une colonne de montants du journal : ce qu'elle vaut, et ce que les lignes disent qu'elle doit valoir."""

    titre: str
    value: Callable[[Bulletin], int]
    from_lines: Callable[[Bulletin], int] | None = None


def render(facts: JournalFacts) -> bytes:
    """Le journal en xlsx (Journal, Lignes, Cotisations, Récapitulatif) ; mêmes faits, mêmes octets."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    workbook.properties.title = f"Journal de paie {facts.mois.libelle}"
    workbook.properties.creator = "paie-a-facon"
    workbook.properties.language = "fr-FR"
    _journal_sheet(workbook.create_sheet("Journal"), facts)
    _lines_sheet(workbook.create_sheet("Lignes"), facts)
    _contributions_sheet(workbook.create_sheet("Cotisations"), facts)
    _summary_sheet(workbook.create_sheet("Récapitulatif"), facts)
    return deterministic_bytes(workbook, datetime.combine(facts.mois.last_day, time(12)))


def _journal_sheet(sheet: Worksheet, facts: JournalFacts) -> None:
    columns = _columns(facts)
    bulletins = [row.bulletin for row in facts.rows]
    header = ["Matricule", "Nom", "Prénom", "Statut", *(column.titre for column in columns)]
    start = open_sheet(sheet, facts, f"Journal de paie – {facts.mois.libelle}", header)
    for row in facts.rows:
        identity = (row.matricule, row.nom, row.prenom, row.statut_libelle)
        write_row(sheet, [*identity, *(amount(column.value(row.bulletin)) for column in columns)])
    totals = [sum(column.value(bulletin) for bulletin in bulletins) for column in columns]
    write_row(sheet, ["Total", f"{len(bulletins)} bulletin(s)", None, None, *map(amount, totals)], bold=True)
    gaps = [
        None if column.from_lines is None else total - sum(column.from_lines(bulletin) for bulletin in bulletins)
        for column, total in zip(columns, totals, strict=True)
    ]
    verdict = ECART if any(gaps) else JUSTE
    write_row(sheet, [verdict, None, None, None, *(None if gap is None else amount(gap) for gap in gaps)], bold=True)
    finish_sheet(sheet, facts, start, len(facts.rows), frozen_columns=3)


def _columns(facts: JournalFacts) -> list[_Column]:
    """Les colonnes du mois : seules les rubriques et les sections qui servent au moins une fois."""
    bulletins = [row.bulletin for row in facts.rows]
    titres = model_for(facts.mois).sections
    gross = _by_code(line for bulletin in bulletins for line in bulletin.lignes if line.section is Section.BRUT)
    columns = [_Column(libelle, _gross_of(code)) for code, libelle in gross.items()]
    columns.append(_Column("Total brut", lambda bulletin: bulletin.brut, _sum_of({Section.BRUT})))
    contributions = [section for section in titres if section not in EN_EUROS]
    present = {line.section for bulletin in bulletins for line in bulletin.lignes if line.montant_salarie}
    columns += [
        _Column(f"{titres[section]}, part agent", _sum_of({section})) for section in contributions if section in present
    ]
    all_contributions = _sum_of(set(contributions))
    columns += [
        _Column("Total cotisations agent", lambda bulletin: bulletin.cotisations_salarie, all_contributions),
        _Column("Net imposable", lambda bulletin: bulletin.net_imposable),
        _Column("Montant net social", lambda bulletin: bulletin.montant_net_social),
        _Column(
            "Net avant impôt",
            lambda bulletin: bulletin.net_avant_impot,
            lambda bulletin: _sum_of({Section.BRUT})(bulletin) - all_contributions(bulletin),
        ),
        _Column("Impôt prélevé (PAS)", lambda bulletin: bulletin.pas),
        _Column("Remboursements et retenues", _sum_of({Section.NET})),
        _Column(
            "Net à payer",
            lambda bulletin: bulletin.net_a_payer,
            lambda bulletin: (
                _sum_of({Section.BRUT, Section.NET})(bulletin) - all_contributions(bulletin) - bulletin.pas
            ),
        ),
        _Column("Charges employeur", lambda bulletin: bulletin.cotisations_employeur, _employer_sum),
        _Column(
            "Coût employeur",
            lambda bulletin: bulletin.cout_employeur,
            lambda bulletin: _sum_of({Section.BRUT})(bulletin) + _employer_sum(bulletin),
        ),
    ]
    return columns


def _by_code(lines: Iterable[Ligne]) -> dict[str, str]:
    """Code → intitulé, dans l'ordre du catalogue : celui des lignes ne vaut que dans leur bulletin.

    L'intitulé est celui du catalogue : une rubrique imprimée en plusieurs lignes (tranches d'heures) a une colonne.
    """
    catalogue = load()
    found: dict[str, tuple[int, str]] = {}
    for line in lines:
        rubrique = catalogue.get(line.code)
        found.setdefault(line.code, (rubrique.ordre, rubrique.intitule) if rubrique else (line.ordre, line.libelle))
    return {code: text for code, (_, text) in sorted(found.items(), key=lambda item: (item[1][0], item[0]))}


def _gross_of(code: str) -> Callable[[Bulletin], int]:
    return lambda bulletin: sum(
        line.montant_salarie for line in bulletin.lignes if line.code == code and line.section is Section.BRUT
    )


def _sum_of(sections: set[Section]) -> Callable[[Bulletin], int]:
    return lambda bulletin: sum(
        line.montant_salarie for line in bulletin.lignes if line.section in sections and line.code != CODE_PAS
    )


def _employer_sum(bulletin: Bulletin) -> int:
    return sum(line.montant_employeur for line in bulletin.lignes)


def _lines_sheet(sheet: Worksheet, facts: JournalFacts) -> None:
    titres = model_for(facts.mois).sections
    header = ["Matricule", "Section", "Code", "Libellé", "Nombre", "Base", "Taux agent", "Part agent"]
    header += ["Taux employeur", "Part employeur"]
    start = open_sheet(sheet, facts, f"Lignes des bulletins – {facts.mois.libelle}", header)
    count = 0
    for row in facts.rows:
        for line in sorted(row.bulletin.lignes, key=lambda line: line.ordre):
            count += 1
            write_row(
                sheet,
                [
                    row.matricule,
                    titres[line.section],
                    line.code,
                    line.libelle_imprime,
                    None if line.nombre_centiemes is None else amount(line.nombre_centiemes),
                    None if line.base is None else amount(line.base),
                    rate(line.taux_salarie_ppm),
                    amount(line.montant_salarie),
                    rate(line.taux_employeur_ppm),
                    amount(line.montant_employeur),
                ],
                rates=(7, 9),
            )
    finish_sheet(sheet, facts, start, count, frozen_columns=1)


def _contributions_sheet(sheet: Worksheet, facts: JournalFacts) -> None:
    """Les totaux par cotisation : ce que la déclaration et le mandatement doivent retrouver."""
    titres = model_for(facts.mois).sections
    lines = [line for row in facts.rows for line in row.bulletin.lignes if line.section not in EN_EUROS]
    start = open_sheet(
        sheet,
        facts,
        f"Totaux par cotisation – {facts.mois.libelle}",
        ["Code", "Libellé", "Section", "Bulletins", "Base", "Part agent", "Part employeur", "Total"],
    )
    codes = _by_code(line for line in lines if line.code != CODE_PAS)
    for code, libelle in codes.items():
        mine = [line for line in lines if line.code == code]
        agent, employer = sum(line.montant_salarie for line in mine), sum(line.montant_employeur for line in mine)
        base = sum(line.base or 0 for line in mine)
        section = titres[mine[0].section]
        write_row(sheet, [code, libelle, section, len(mine), *map(amount, (base, agent, employer, agent + employer))])
    agent = sum(row.bulletin.cotisations_salarie for row in facts.rows)
    employer = sum(row.bulletin.cotisations_employeur for row in facts.rows)
    # Pas de total des bases : additionner des assiettes différentes n'aurait pas de sens.
    total = [amount(agent), amount(employer), amount(agent + employer)]
    write_row(sheet, ["Total", None, None, None, None, *total], bold=True)
    finish_sheet(sheet, facts, start, len(codes), frozen_columns=2)


def _summary_sheet(sheet: Worksheet, facts: JournalFacts) -> None:
    bulletins = [row.bulletin for row in facts.rows]
    start = open_sheet(sheet, facts, f"Récapitulatif – {facts.mois.libelle}", ["Élément", "Montant"])
    agents = len({row.matricule for row in facts.rows})
    write_row(sheet, ["Agents payés", agents])
    write_row(sheet, ["Bulletins", len(bulletins)])
    rows: list[tuple[str, Callable[[Bulletin], int]]] = [
        ("Total brut", lambda bulletin: bulletin.brut),
        ("Cotisations des agents", lambda bulletin: bulletin.cotisations_salarie),
        ("Net avant impôt", lambda bulletin: bulletin.net_avant_impot),
        ("Impôt prélevé à la source, à reverser", lambda bulletin: bulletin.pas),
        ("Remboursements et retenues diverses", _sum_of({Section.NET})),
        ("Net à payer aux agents", lambda bulletin: bulletin.net_a_payer),
        ("Cotisations de l'employeur", lambda bulletin: bulletin.cotisations_employeur),
        ("Coût total pour l'employeur", lambda bulletin: bulletin.cout_employeur),
        ("Net imposable", lambda bulletin: bulletin.net_imposable),
        ("Montant net social", lambda bulletin: bulletin.montant_net_social),
    ]
    for label, value in rows:
        write_row(sheet, [label, amount(sum(value(bulletin) for bulletin in bulletins))])
    finish_sheet(sheet, facts, start, len(rows) + 2, frozen_columns=0)
