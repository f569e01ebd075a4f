"""Le classeur de révision : chaque agent contre le mois d'avant, les causes, et ce qu'il faut regarder d'abord.

Il porte des noms : sa place est le dossier de l'agence, jamais ``retour/``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from enum import StrEnum

from openpyxl import Workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from payroll.documents.tableau import AMOUNT_FORMAT, amount, set_up_print
from payroll.periods import Month
from payroll.wording import plural
from payroll.xlsx import deterministic_bytes, safe_text

Value = str | int | Decimal | None


class Niveau(StrEnum):
    """Ce qu'un constat demande."""

    BLOQUANT = "bloquant"
    """Approuver demande un commentaire qui dit pourquoi on passe outre."""
    A_REGARDER = "à regarder"
    POUR_MEMOIRE = "pour mémoire"
    """Rien à faire : à savoir."""


@dataclass(frozen=True, slots=True)
class Constat:
    """Ce que la révision montre au gestionnaire ; jamais de nom, le matricule suffit."""

    code: str
    niveau: Niveau
    libelle: str
    message: str
    matricule: str = ""
    contrat: str = ""


@dataclass(frozen=True, slots=True)
class CauseRevisee:
    """Une cause d'écart, ses effets en centimes signés sur le net à payer, le brut et le coût."""

    libelle: str
    origine: str
    net_a_payer: int
    brut: int
    cout_employeur: int


@dataclass(frozen=True, slots=True)
class LigneRevisee:
    """Un élément qui change d'un mois à l'autre ; ``None`` : absent de ce mois-là."""

    libelle: str
    avant: int | None
    apres: int | None
    avant_employeur: int | None
    apres_employeur: int | None
    causes: str


@dataclass(frozen=True, slots=True)
class AgentRevise:
    """Un contrat, le mois d'avant et ce mois-ci ; totaux par nom, en centimes (``None`` : pas de bulletin)."""

    matricule: str
    nom: str
    prenom: str
    contrat: str
    emploi: str
    avant: Mapping[str, int] | None
    apres: Mapping[str, int] | None
    causes: tuple[CauseRevisee, ...] = ()
    lignes: tuple[LigneRevisee, ...] = ()

    def ecart(self, total: str) -> int:
        """L'écart d'un total, en centimes ; un bulletin absent compte pour zéro."""
        return (self.apres or {}).get(total, 0) - (self.avant or {}).get(total, 0)


@dataclass(frozen=True, slots=True)
class DouteEmploye:
    """Une ligne non confirmée que cette paie emploie."""

    code: str
    sujet: str
    choix: str
    texte: str


@dataclass(frozen=True, slots=True)
class RevisionFacts:
    """La révision d'une paie : ce qu'une personne regarde avant d'approuver."""

    nom: str
    code: str
    siret: str
    mois: Month
    revision: int
    etat: str
    empreinte: str
    """L'empreinte du contenu regardé : c'est elle que l'on approuve."""
    totaux: tuple[tuple[str, int, int], ...]
    """Libellé, mois d'avant, ce mois-ci (centimes)."""
    agents: tuple[AgentRevise, ...]
    constats: tuple[Constat, ...]
    doutes: tuple[DouteEmploye, ...]
    precedent: Month | None
    """Le mois comparé ; ``None`` : rien n'a été payé ici le mois d'avant."""

    def of(self, niveau: Niveau) -> tuple[Constat, ...]:
        """Les constats d'un niveau."""
        return tuple(constat for constat in self.constats if constat.niveau is niveau)

    @property
    def sans_remarque(self) -> bool:
        """Vrai si rien ne bloque et rien n'est à regarder."""
        return all(constat.niveau is Niveau.POUR_MEMOIRE for constat in self.constats)


_BLUE, _GREY, _WHITE = "FF1B3A60", "FF6B7480", "FFFFFFFF"
_POLICE = "Calibri"
_THIN = Side(style="thin", color="FFC4CBD4")
_TEINTES = {Niveau.BLOQUANT: "FFF8D7D4", Niveau.A_REGARDER: "FFFDEFD0", Niveau.POUR_MEMOIRE: "FFEDF1F5"}
_ETATS = {"calculee": "calculée", "validee": "validée", "declaree": "déclarée", "restituee": "restituée"}
_TOTAUX = (("brut", "Brut"), ("net_a_payer", "Net à payer"), ("cout_employeur", "Coût employeur"))
_LARGEURS = {
    "Synthèse": (34, 22, 22, 18),
    "Contrôles": (14, 34, 13, 15, 96),
    "Agents": (11, 26, 13, 13, 13, 12, 13, 13, 12, 13, 80),
    "Éléments": (11, 18, 44, 13, 13, 13, 14, 14, 80),
    "Causes": (12, 20, 62, 14, 14, 16, 70),
    "Doutes": (46, 80, 40, 60),
}


def render(facts: RevisionFacts) -> bytes:
    """Le classeur (Synthèse, Contrôles, Agents, Éléments, Causes, Doutes) ; mêmes faits, mêmes octets."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    workbook.properties.title = f"Révision {facts.code} {facts.mois}"
    workbook.properties.creator = "paie-a-facon"
    workbook.properties.language = "fr-FR"
    _summary(workbook.create_sheet("Synthèse"), facts)
    _findings(workbook.create_sheet("Contrôles"), facts)
    _agents(workbook.create_sheet("Agents"), facts)
    _lines(workbook.create_sheet("Éléments"), facts)
    _causes(workbook.create_sheet("Causes"), facts)
    _doubts(workbook.create_sheet("Doutes"), facts)
    for sheet in workbook.worksheets:
        _finish(sheet, facts)
    return deterministic_bytes(workbook, datetime.combine(facts.mois.last_day, time(12)))


def _summary(sheet: Worksheet, facts: RevisionFacts) -> None:
    before = facts.precedent.libelle.capitalize() if facts.precedent else "Mois d'avant"
    _open(sheet, facts, "Révision", ["Total", before, facts.mois.libelle.capitalize(), "Écart"])
    for libelle, avant, apres in facts.totaux:
        _write(sheet, [libelle, *map(amount, (avant, apres, apres - avant))])
    paid = [sum(side is not None for side in sides) for sides in _sides(facts)]
    _write(sheet, ["Bulletins", *paid, paid[1] - paid[0]], bold=True)
    sheet.append([])
    for niveau in Niveau:
        found = facts.of(niveau)
        _write(sheet, [niveau.capitalize(), plural(len(found), "constat")], bold=True, tint=_TEINTES[niveau])
    sheet.append([])
    _write(sheet, ["Contenu à approuver", facts.empreinte[:12]], bold=True)
    _note(sheet, f"paie valider -a {facts.code} -m {facts.mois} --empreinte {facts.empreinte[:12]}")
    _note(sheet, "Un constat bloquant se corrige, ou s'approuve avec un commentaire. Recalculer annule l'approbation.")


def _sides(facts: RevisionFacts) -> tuple[list[Mapping[str, int] | None], list[Mapping[str, int] | None]]:
    return [agent.avant for agent in facts.agents], [agent.apres for agent in facts.agents]


def _findings(sheet: Worksheet, facts: RevisionFacts) -> None:
    _open(sheet, facts, "Contrôles", ["Niveau", "Contrôle", "Matricule", "Contrat", "Ce qui est à voir"])
    for niveau in Niveau:
        for constat in facts.of(niveau):
            cells = [niveau, constat.libelle, constat.matricule, constat.contrat, constat.message]
            _write(sheet, cells, tint=_TEINTES[niveau])
    if not facts.constats:
        _write(sheet, ["Aucun constat"])


def _agents(sheet: Worksheet, facts: RevisionFacts) -> None:
    header = ["Matricule", "Nom", "Contrat"]
    for _, libelle in _TOTAUX:
        header += [f"{libelle} avant", f"{libelle} ce mois", "Écart"]
    _open(sheet, facts, "Agents", [*header[:9], "Écart de coût", "Pourquoi le net change"])
    worst = {(c.matricule, c.contrat): c.niveau for niveau in reversed(Niveau) for c in facts.of(niveau)}
    for agent in facts.agents:
        niveau = worst.get((agent.matricule, agent.contrat)) or worst.get((agent.matricule, ""))
        figures: list[Value] = []
        for total, _ in _TOTAUX[:2]:
            figures += [*_pair(agent, total), amount(agent.ecart(total))]
        why = [f"{cause.libelle} ({_signed(cause.net_a_payer)})" for cause in agent.causes if cause.net_a_payer]
        tint = _TEINTES[niveau] if niveau and niveau is not Niveau.POUR_MEMOIRE else None
        name = f"{agent.nom} {agent.prenom}"
        _write(
            sheet,
            [agent.matricule, name, agent.contrat, *figures, amount(agent.ecart("cout_employeur")), "\n".join(why)],
            tint=tint,
        )
    totals: list[Value] = []
    for total, _ in _TOTAUX[:2]:
        before, after = (sum((side or {}).get(total, 0) for side in sides) for sides in _sides(facts))
        totals += [amount(before), amount(after), amount(after - before)]
    cost = sum(agent.ecart("cout_employeur") for agent in facts.agents)
    _write(sheet, ["Total", plural(len(facts.agents), "contrat"), None, *totals, amount(cost), None], bold=True)


def _lines(sheet: Worksheet, facts: RevisionFacts) -> None:
    header = [
        "Matricule",
        "Nom",
        "Élément",
        "Avant",
        "Ce mois",
        "Écart",
        "Employeur avant",
        "Employeur ce mois",
        "Causes",
    ]
    _open(sheet, facts, "Éléments qui changent", header)
    for agent in facts.agents:
        for line in agent.lignes:
            gap = (line.apres or 0) - (line.avant or 0)
            sides = (line.avant, line.apres, gap, line.avant_employeur, line.apres_employeur)
            _write(
                sheet,
                [
                    agent.matricule,
                    agent.nom,
                    line.libelle,
                    *(None if x is None else amount(x) for x in sides),
                    line.causes,
                ],
            )


def _causes(sheet: Worksheet, facts: RevisionFacts) -> None:
    header = [
        "Matricule",
        "Nom",
        "Cause",
        "Effet sur le net",
        "Effet sur le brut",
        "Effet sur le coût",
        "D'où elle vient",
    ]
    _open(sheet, facts, "Causes", header)
    for agent in facts.agents:
        for cause in agent.causes:
            effects = (cause.net_a_payer, cause.brut, cause.cout_employeur)
            _write(sheet, [agent.matricule, agent.nom, cause.libelle, *map(amount, effects), cause.origine])


def _doubts(sheet: Worksheet, facts: RevisionFacts) -> None:
    _open(sheet, facts, "Lignes non confirmées", ["Ligne", "Ce qui n'est pas sûr", "Ce qui est retenu", "Texte"])
    for doute in facts.doutes:
        _write(sheet, [doute.code, doute.sujet, doute.choix, doute.texte])


def _pair(agent: AgentRevise, total: str) -> list[Value]:
    return [None if side is None else amount(side[total]) for side in (agent.avant, agent.apres)]


def _signed(cents: int) -> str:
    text = f"{amount(cents):+.2f}".replace(".", ",")
    return f"{text} €"


def _open(sheet: Worksheet, facts: RevisionFacts, title: str, header: Sequence[str]) -> None:
    sheet.append([safe_text(f"{title} – {facts.nom} – {facts.mois.libelle}")])
    sheet["A1"].font = Font(name=_POLICE, bold=True, size=14, color=_BLUE)
    against = f"comparée à {facts.precedent.libelle}" if facts.precedent else "rien n'a été payé ici le mois d'avant"
    state = _ETATS.get(facts.etat, facts.etat)
    line = f"Adhérent {facts.code} – SIRET {facts.siret} – révision {facts.revision}, {state} – {against}"
    sheet.append([safe_text(line)])
    sheet["A2"].font = Font(name=_POLICE, color=_GREY)
    sheet.append([])
    sheet.append([safe_text(text) for text in header])
    for cell in sheet[4]:
        cell.font = Font(name=_POLICE, bold=True, color=_WHITE)
        cell.fill = PatternFill("solid", fgColor=_BLUE)
        cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")


def _write(sheet: Worksheet, values: Sequence[Value], *, bold: bool = False, tint: str | None = None) -> None:
    sheet.append([safe_text(value) if isinstance(value, str) else value for value in values])
    for cell in sheet[sheet.max_row]:
        cell.font = Font(name=_POLICE, bold=bold)
        text = isinstance(cell.value, str)
        cell.alignment = Alignment(
            "left" if text else "general", "top", indent=int(text), wrap_text=text and len(str(cell.value)) > 20
        )
        if isinstance(cell.value, Decimal):
            cell.number_format = AMOUNT_FORMAT
        elif isinstance(cell.value, str):
            cell.number_format = "@"
        if bold:
            cell.border = Border(top=_THIN)
        if tint:
            cell.fill = PatternFill("solid", fgColor=tint)


def _height(cell: Cell | MergedCell, width: int) -> int:
    """Le nombre de lignes de texte que demande une case de cette largeur."""
    if not isinstance(cell.value, str) or not cell.alignment.wrap_text:
        return 1
    return sum(-(-len(part) * 100 // (115 * width)) or 1 for part in cell.value.splitlines())


def _note(sheet: Worksheet, text: str) -> None:
    sheet.append([safe_text(text)])
    sheet.cell(sheet.max_row, 1).font = Font(name=_POLICE, color=_GREY)


def _finish(sheet: Worksheet, facts: RevisionFacts) -> None:
    """Largeurs, volets figés sous l'en-tête, filtre, impression en paysage."""
    widths = _LARGEURS[sheet.title]
    for index, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    sheet.row_dimensions[4].height = 32
    for number, row in enumerate(sheet.iter_rows(min_row=5), start=5):
        # Un tableur n'agrandit pas de lui-même une ligne écrite par un programme : on compte ses lignes de texte.
        lines = max(_height(cell, width) for cell, width in zip(row, widths, strict=False))
        sheet.row_dimensions[number].height = 15 * lines
    sheet.freeze_panes = "A5"
    if sheet.title != "Synthèse":
        sheet.auto_filter.ref = f"A4:{get_column_letter(len(widths))}{max(sheet.max_row, 5)}"
    set_up_print(sheet, 4, f"{facts.nom} – {facts.mois.libelle} – interne à l'agence", frozen_columns=2)
