"""L'accusé de réception : ce que nous avons compris, ou tout ce qui est à corriger, et quoi faire ensuite."""

from __future__ import annotations

import io
import re
import unicodedata
from collections import Counter
from datetime import datetime
from pathlib import PurePath
from zoneinfo import ZoneInfo

from openpyxl import load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill, Protection
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string
from openpyxl.worksheet.worksheet import Worksheet

from payroll.anomalies import Anomalie, Gravite, blocking
from payroll.intake import layout
from payroll.intake.lecture import AbsenceLue, ElementLu, Lecture, SortieLue
from payroll.intake.roster import Roster, RosterAgent, Unite
from payroll.wording import plural
from payroll.xlsx import deterministic_bytes, safe_text

_PARIS = ZoneInfo("Europe/Paris")
_CELL = re.compile(r"[A-Z]{1,3}[0-9]{1,7}")
_UNSAFE = re.compile(r"[^A-Za-z0-9]+")
_FAULT = PatternFill("solid", fgColor="F8CBAD")
_TRAIT = "-" * 72
_AS_CORRECTED = re.compile(r"(-(corrigee?s?|correction|rectifiee?|modifiee?|bis|copie|final|v?\d))+$")
"""Ce que l'on ajoute au nom d'un fichier que l'on a corrigé, en forme de nom assaini."""


def text(lecture: Lecture, *, roster: Roster, fichier: str, recu_le: datetime, sha256: str) -> str:
    """Le texte de l'accusé (lignes de Windows). Les noms y figurent : il reste chez la collectivité."""
    lines = [
        "ACCUSÉ DE RÉCEPTION",
        f"{roster.adherent_nom}, paie de {roster.mois.libelle}",
        _TRAIT,
        f"Fichier reçu : {_shown(fichier)}",
        f"Reçu le      : {recu_le.astimezone(_PARIS):%d/%m/%Y à %H h %M}",
        f"Référence    : {sha256[:16]}",
        "",
    ]
    lines += (
        _accepted(lecture, roster) if lecture.acceptee else _refused(lecture, roster, marked_copy_name(fichier, sha256))
    )
    return "\r\n".join(lines) + "\r\n"


def marked_copy(content: bytes, lecture: Lecture) -> bytes | None:
    """Une copie du classeur, cases à corriger colorées et commentées, formules désarmées.

    ``None`` si le fichier est accepté, ou n'est pas un .xlsx que la lecture a su ouvrir.
    """
    if lecture.format != "xlsx" or lecture.acceptee:
        return None
    workbook = load_workbook(io.BytesIO(content), keep_links=False)
    names = {layout.fold(name): name for name in workbook.sheetnames}
    faulty: list[Worksheet] = []
    for anomalie in lecture.anomalies:
        name = names.get(layout.fold(anomalie.feuille))
        if name is None or not _CELL.fullmatch(anomalie.cellule):
            continue
        cell = workbook[name][anomalie.cellule]
        if type(cell).__name__ == "MergedCell":
            continue
        cell.fill = _FAULT
        cell.protection = Protection(locked=False)  # une valeur collée dans une case verrouillée doit pouvoir s'effacer
        faulty.append(workbook[name])
        words = _explained(anomalie)
        previous = f"{cell.comment.text}\n\n" if cell.comment else ""
        cell.comment = Comment(f"{previous}{words}", "Paie", width=360, height=160)
    for sheet in workbook.worksheets:
        # Les seules cases présentes : iter_rows créerait tout le rectangle, fût-il de seize milliards de cases.
        for cell in sheet._cells.values():
            if cell.data_type == "f":
                cell.value = safe_text(cell.value if isinstance(cell.value, str) else "=")
    for sheet in workbook.worksheets:
        sheet.sheet_view.tabSelected = sheet in faulty[:1]
    if faulty:
        workbook.active = faulty[0]  # le classeur s'ouvre sur la première feuille à corriger
    first = lecture.mois.first_day if lecture.mois else datetime(2000, 1, 1)  # noqa: DTZ001  (date de pièce, sans heure)
    return deterministic_bytes(workbook, datetime(first.year, first.month, first.day))  # noqa: DTZ001


def receipt_name(fichier: str, sha256: str) -> str:
    """Le nom de l'accusé : celui du fichier, assaini, et le début de son empreinte."""
    return f"accuse-{_slug(fichier)}-{sha256[:8]}.txt"


def marked_copy_name(fichier: str, sha256: str) -> str:
    """Le nom de la copie marquée."""
    return f"a-corriger-{_slug(fichier)}-{sha256[:8]}.xlsx"


def corrects(fichier: str, chemin: str) -> bool:
    """Vrai si ce fichier corrige l'envoi dont ``chemin`` est la copie marquée : il en a le nom, ou c'est elle, remplie.

    >>> copie = marked_copy_name("heures novembre.xlsx", "0123456789")
    >>> [corrects(nom, copie) for nom in ("Heures NOVEMBRE.xlsx", "heures novembre corrigé (2).xlsx", copie)]
    [True, True, True]
    >>> [corrects(nom, copie) for nom in ("heures.xlsx", "heures novembre cantine.xlsx", "planning.xlsx")]
    [False, False, False]
    """
    stem, told = chemin[: -len("01234567.xlsx")], _slug(fichier)
    names = {f"a-corriger-{name}-" for name in (told, _AS_CORRECTED.sub("", told))}
    return stem in names or (chemin.startswith("a-corriger-") and _slug(chemin) == told)


def _accepted(lecture: Lecture, roster: Roster) -> list[str]:
    lines = ["Votre fichier est ACCEPTÉ. Voici ce que nous avons compris.", ""]
    if lecture.remplace:
        lines += ["Il annule et remplace ce que vous aviez envoyé pour ce mois.", ""]
    if lecture.neant:
        lines += ["Néant : aucun élément variable ce mois-ci.", ""]
    for agent in roster.agents:
        said = _said_of(lecture, roster, agent)
        if said:
            lines += [f"{roster.cle(agent)}  {agent.nom} {agent.prenom}", *(f"    {line}" for line in said), ""]
    statuts = layout.formulaire().statuts
    if lecture.entrees_annoncees:
        lines += ["Arrivées annoncées :"]
        for entree in lecture.entrees_annoncees:
            statut = layout.libelle(statuts, entree.statut).lower()
            lines.append(f"    {entree.nom} {entree.prenom}, le {entree.date:%d/%m/%Y}, {statut}")
        lines.append("")
    lines += _totals(lecture, roster) + _warnings(lecture)
    lines += [
        "Relisez ce qui précède : c'est votre contrôle. Si tout est juste, vous n'avez rien d'autre à faire.",
        "Sinon, corrigez ce même classeur et déposez-le de nouveau dans « depot » : il remplacera celui-ci.",
        "Pour retirer un élément, effacez-le et choisissez « oui » à « Annule et remplace » avant de redéposer.",
    ]
    return lines


def _said_of(lecture: Lecture, roster: Roster, agent: RosterAgent) -> list[str]:
    """Ce que le fichier dit de cet agent, une ligne par élément, absence ou départ."""
    several = "/" in roster.cle(agent)

    def own(item: ElementLu | AbsenceLue | SortieLue) -> bool:
        return item.matricule == agent.matricule and (not several or item.numero_contrat == agent.numero_contrat)

    rubriques, form = layout.rubriques(roster), layout.formulaire()
    lines = [
        f"{rubriques[element.code].libelle} : {layout.quantity(element.valeur, rubriques[element.code].unite)}"
        for element in filter(own, lecture.elements)
    ]
    for absence in filter(own, lecture.absences):
        more = ", prolongation" if absence.prolongation else ""
        nature = layout.libelle(form.natures, absence.type)
        more += (
            f", {layout.libelle(form.sans_carence, absence.motif_sans_carence)}" if absence.motif_sans_carence else ""
        )
        more += ", demi-journée" if absence.demi_journee else ""
        more += f", {layout.format_hours(absence.heures)} h" if absence.heures is not None else ""
        more += f", {layout.format_hours(absence.quotite_ppm // 100)} % travaillés" if absence.quotite_ppm else ""
        lines.append(f"{nature}, du {absence.debut:%d/%m/%Y} au {absence.fin:%d/%m/%Y}{more}")
    lines += [
        f"Départ le {sortie.date:%d/%m/%Y} : {layout.libelle(form.motifs, sortie.motif)}"
        for sortie in filter(own, lecture.sorties)
    ]
    return lines


def _totals(lecture: Lecture, roster: Roster) -> list[str]:
    """Les sommes que la secrétaire peut rapprocher des siennes."""
    rubriques = layout.rubriques(roster)
    sums: Counter[Unite] = Counter()
    for element in lecture.elements:
        # Des vacations et des repas ne s'additionnent pas.
        if rubriques[element.code].unite != "nombre":
            sums[rubriques[element.code].unite] += element.valeur
    return [f"En tout : {' et '.join(layout.quantity(sums[unit], unit) for unit in sorted(sums))}.", ""] if sums else []


def _warnings(lecture: Lecture) -> list[str]:
    warnings = [anomalie for anomalie in lecture.anomalies if anomalie.gravite is Gravite.AVERTISSEMENT]
    if not warnings:
        return []
    lines = ["À regarder (rien de ceci ne bloque) :"]
    for anomalie in warnings:
        place = _place(anomalie)
        lines.append(f"  - {f'{place} : ' if place else ''}{' '.join(_explained(anomalie).splitlines())}")
    return [*lines, ""]


def _refused(lecture: Lecture, roster: Roster, copy: str) -> list[str]:
    faults = sorted(blocking(lecture.anomalies), key=_reading_order)
    titles = {code: rubrique.libelle for code, rubrique in layout.rubriques(roster).items()}
    lines = [
        f"Votre fichier est À CORRIGER : {plural(len(faults), 'point')}. Rien n'en a été pris en compte.",
        "",
    ]
    for rank, anomalie in enumerate(faults, start=1):
        place = _place(anomalie, titles.get(anomalie.rubrique, ""))
        lines.append(f"{rank}. {place[:1].upper() + place[1:] or 'Tout le fichier'}")
        lines += [f"   {line}" for line in _explained(anomalie).split("\n")]
        lines.append("")
    lines += _warnings(lecture)
    if lecture.format == "xlsx":
        lines += [
            "À côté de cet accusé, votre classeur, cases à corriger en couleur et commentées :",
            f"    {copy}",
            "Corrigez-le, enregistrez, et déposez-le dans « depot » : nous répondrons à la relève suivante.",
        ]
    else:
        lines.append("Corrigez votre fichier, puis déposez-le de nouveau dans « depot ».")
    lines.append("Une question : votre gestionnaire.")
    return lines


def _reading_order(anomalie: Anomalie) -> tuple[int, int, int]:
    """Feuille après feuille, de haut en bas ; ce qui n'a pas de case vient d'abord."""
    sheets = [layout.fold(name) for name in layout.FEUILLES_LUES]
    sheet = sheets.index(layout.fold(anomalie.feuille)) + 1 if layout.fold(anomalie.feuille) in sheets else 0
    if not _CELL.fullmatch(anomalie.cellule):
        return sheet, 0, 0
    column, row = coordinate_from_string(anomalie.cellule)
    return sheet, row, column_index_from_string(column)


def _explained(anomalie: Anomalie) -> str:
    message = anomalie.message[:1].upper() + anomalie.message[1:]
    parts = [message if message.endswith((".", "?")) else f"{message}."]
    if anomalie.recu:
        parts.append(f"Reçu : « {_shown(anomalie.recu)} »")
    if anomalie.attendu:
        parts.append(f"Attendu : {anomalie.attendu}")
    if anomalie.remede:
        parts.append(anomalie.remede)
    return "\n".join(parts)


def _place(anomalie: Anomalie, rubrique: str = "") -> str:
    cell = f"case {anomalie.cellule}" if _CELL.fullmatch(anomalie.cellule) else anomalie.cellule
    parts = (
        anomalie.feuille and f"feuille « {_shown(anomalie.feuille)} »",
        f"{cell} ({rubrique})" if cell and rubrique else cell,
        anomalie.matricule and f"agent {anomalie.matricule}",
    )
    return ", ".join(part for part in parts if part)


def _shown(value: str) -> str:
    """Un texte reçu, sans caractère de commande ni de sens d'écriture."""
    return "".join(char if unicodedata.category(char) not in ("Cc", "Cf") else "?" for char in value)


def _slug(fichier: str) -> str:
    plain = unicodedata.normalize("NFKD", PurePath(fichier).stem).encode("ascii", "ignore").decode("ascii")
    return _UNSAFE.sub("-", plain).strip("-").lower()[:50] or "fichier"
