"""Les feuilles « Absences », « Entrées et sorties » et « Autres éléments » : des tableaux vides, gardés de l'erreur."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from openpyxl.worksheet.worksheet import Worksheet

from payroll.intake import gardefous, layout, style
from payroll.intake.layout import LIGNE_TITRES, PREMIERE_LIGNE
from payroll.intake.roster import Roster
from payroll.legislation.conges import load_conges

_SAISIES_MINIMALES = 28
_SAISIES_MOUVEMENTS = 15


def write_absences(sheet: Worksheet, roster: Roster, lists: dict[str, str]) -> None:
    style.title(
        sheet, roster, "Absences",
        "Une ligne par absence, premier et dernier jours inclus. "
        "Une absence qui dépasse le mois se saisit avec ses vraies dates. "
        "« Prolongation » : oui si l'arrêt prolonge sans interruption un arrêt déjà connu.",
        "À droite, seulement si besoin : pourquoi il n'y a pas de jour de carence (maladie) ; les heures, ou "
        "« demi-journée » (grève, service non fait) ; le temps travaillé (temps partiel thérapeutique).",
    )  # fmt: skip
    kinds = {"debut": "date", "fin": "date", "observation": "wrapped"}
    last = _table(sheet, roster, layout.ABSENCES_COLONNES, kinds)
    gardefous.choices(sheet, f"A{PREMIERE_LIGNE}:A{last}", lists["agents"], "Choisissez l'agent dans la liste.")
    gardefous.choices(
        sheet, f"B{PREMIERE_LIGNE}:B{last}", lists["natures"], "Choisissez la nature de l'absence dans la liste."
    )
    gardefous.choices(sheet, f"E{PREMIERE_LIGNE}:E{last}", lists["oui_non"], "Choisissez « oui » ou « non ».")
    gardefous.days(
        sheet, f"C{PREMIERE_LIGNE}:C{last}", roster.mois.first_day - timedelta(days=366 * 5), roster.mois.last_day
    )
    gardefous.days(
        sheet, f"D{PREMIERE_LIGNE}:D{last}", roster.mois.first_day, roster.mois.last_day + timedelta(days=366 * 3)
    )
    gardefous.choices(sheet, f"G{PREMIERE_LIGNE}:G{last}", lists["sans_carence"], "Choisissez le motif dans la liste.")
    first, end = f"$C{PREMIERE_LIGNE}", f"$D{PREMIERE_LIGNE}"
    order = f"AND(ISNUMBER({first}),ISNUMBER({end}),{end}<{first})"
    gardefous.colour(sheet, f"C{PREMIERE_LIGNE}:D{last}", order, "rouge")
    since = roster.mois.first_day - timedelta(days=366 * 5)
    until = roster.mois.last_day + timedelta(days=366 * 3)
    gardefous.unlike_days(sheet, "C", PREMIERE_LIGNE, last, before=since, after=roster.mois.last_day)
    gardefous.unlike_days(sheet, "D", PREMIERE_LIGNE, last, before=roster.mois.first_day, after=until)
    gardefous.required(sheet, "ABCD", PREMIERE_LIGNE, last, ("A", "I"))
    shares = ",".join(f'$B{PREMIERE_LIGNE}="{nature.libelle}"' for nature in _with_share())
    gardefous.colour(sheet, f"I{PREMIERE_LIGNE}:I{last}", f"AND(OR({shares}),ISBLANK(I{PREMIERE_LIGNE}))", "jaune")
    widths: tuple[int, ...] = (36, 56, 14, 14, 16, 44, 40, 16, 14)
    if roster.absences_connues:
        _memories(sheet, 11, "absences déjà connues, à ne pas ressaisir", _known_absences(roster))
        widths = (*widths, 3, 74)
    style.finish(sheet, roster, widths=widths, freeze=f"B{PREMIERE_LIGNE}", header_row=LIGNE_TITRES)


def _with_share() -> list[layout.Choix]:
    """Les natures d'absence qui demandent la part de temps travaillée."""
    natures = load_conges().natures
    return [choice for choice in layout.formulaire().natures if natures[choice.code].quotite]


def _known_absences(roster: Roster) -> list[str]:
    names = {roster.cle(agent): agent for agent in roster.agents}
    natures = layout.formulaire().natures
    return [
        f"{layout.agent_label(known.cle, names[known.cle].nom, names[known.cle].prenom)} : "
        f"{layout.libelle(natures, known.type)}, du {known.debut:%d/%m/%Y} au {known.fin:%d/%m/%Y}"
        for known in roster.absences_connues
    ]


def _memories(sheet: Worksheet, column: int, what: str, lines: Sequence[str]) -> None:
    """Une colonne grise, à droite du tableau : ce que nous savons déjà."""
    style.memo_header(sheet, LIGNE_TITRES, column, f"{layout.POUR_MEMOIRE} : {what}")
    for row, line in enumerate(lines, start=PREMIERE_LIGNE):
        style.memo(sheet, row, column, line)


def write_mouvements(sheet: Worksheet, roster: Roster, lists: dict[str, str]) -> None:
    style.title(
        sheet, roster, "Entrées et sorties",
        "À gauche, les agents qui partent (la date est leur dernier jour). À droite, les agents qui arrivent.",
    )  # fmt: skip
    first_entry = len(layout.SORTIES_COLONNES) + 2
    style.band(sheet, 3, 1, len(layout.SORTIES_COLONNES), "Sorties")
    style.band(sheet, 3, first_entry, first_entry + len(layout.ENTREES_COLONNES) - 1, "Entrées annoncées")
    kinds = {"date": "date", "observation": "wrapped"}
    last = _table(sheet, roster, layout.SORTIES_COLONNES, kinds, rows=_SAISIES_MOUVEMENTS)
    _table(sheet, roster, layout.ENTREES_COLONNES, kinds, rows=_SAISIES_MOUVEMENTS, first_column=first_entry)
    gardefous.choices(sheet, f"A{PREMIERE_LIGNE}:A{last}", lists["agents"], "Choisissez l'agent dans la liste.")
    gardefous.days(sheet, f"B{PREMIERE_LIGNE}:B{last}", roster.mois.first_day, roster.mois.last_day)
    gardefous.choices(sheet, f"C{PREMIERE_LIGNE}:C{last}", lists["motifs"], "Choisissez le motif dans la liste.")
    gardefous.days(
        sheet, f"H{PREMIERE_LIGNE}:H{last}", roster.mois.first_day, roster.mois.last_day + timedelta(days=92)
    )
    gardefous.choices(sheet, f"I{PREMIERE_LIGNE}:I{last}", lists["statuts"], "Choisissez le statut dans la liste.")
    month = {"before": roster.mois.first_day, "after": roster.mois.last_day}
    gardefous.unlike_days(sheet, "B", PREMIERE_LIGNE, last, **month)
    month["after"] += timedelta(days=92)
    gardefous.unlike_days(sheet, "H", PREMIERE_LIGNE, last, **month)
    gardefous.required(sheet, "ABC", PREMIERE_LIGNE, last, ("A", "D"))
    gardefous.required(sheet, "FGHI", PREMIERE_LIGNE, last, ("F", "J"))
    widths = (32, 14, 28, 30, 3, 20, 18, 14, 26, 30)
    style.finish(sheet, roster, widths=widths, freeze=f"A{PREMIERE_LIGNE}", header_row=LIGNE_TITRES)


def write_autres(sheet: Worksheet, roster: Roster, lists: dict[str, str]) -> None:
    style.title(
        sheet, roster, "Autres éléments",
        "Pour un élément rare, ou un montant qui demande une explication. "
        "Le mois de droit est celui que la somme rémunère : laissez vide pour ce mois-ci.",
        "Une somme due au titre d'un mois passé : appelez votre gestionnaire.",
    )  # fmt: skip
    last = _table(sheet, roster, layout.AUTRES_COLONNES, {"montant": "number", "motif": "wrapped"})
    gardefous.choices(sheet, f"A{PREMIERE_LIGNE}:A{last}", lists["agents"], "Choisissez l'agent dans la liste.")
    gardefous.choices(sheet, f"B{PREMIERE_LIGNE}:B{last}", lists["rubriques"], "Choisissez la rubrique dans la liste.")
    gardefous.numbers(
        sheet,
        f"C{PREMIERE_LIGNE}:C{last}",
        layout.PLAFOND_MONTANT,
        "un montant en euros, ou le nombre que dit la rubrique, sans signe moins",
    )
    gardefous.choices(sheet, f"D{PREMIERE_LIGNE}:D{last}", lists["mois"], "Laissez vide : ce mois-ci seulement.")
    gardefous.beyond(sheet, "C", PREMIERE_LIGNE, last, layout.PLAFOND_MONTANT)
    gardefous.required(sheet, "ABC", PREMIERE_LIGNE, last, ("A", "E"))
    widths: tuple[int, ...] = (36, 40, 16, 18, 60)
    told = _rare_last_month(roster)
    if told:
        _memories(sheet, 7, "éléments rares du mois dernier, jamais repris d'office", told)
        widths = (*widths, 3, 70)
    style.finish(sheet, roster, widths=widths, freeze=f"B{PREMIERE_LIGNE}", header_row=LIGNE_TITRES)


def _rare_last_month(roster: Roster) -> list[str]:
    rare = {rubrique.code: rubrique for rubrique in roster.rubriques if rubrique.ponctuelle}
    return [
        f"{layout.agent_label(roster.cle(agent), agent.nom, agent.prenom)} : "
        f"{layout.column_title(rare[code], roster)}, {layout.quantity(value, rare[code].unite)}"
        for agent in roster.agents
        for code, value in agent.mois_dernier
        if code in rare
    ]


def _table(
    sheet: Worksheet,
    roster: Roster,
    columns: Mapping[str, str],
    kinds: dict[str, str],
    *,
    rows: int | None = None,
    first_column: int = 1,
) -> int:
    """Titres et cases vides d'un tableau de saisie ; rend sa dernière ligne."""
    last = PREMIERE_LIGNE - 1 + (rows or max(_SAISIES_MINIMALES, 2 * len(roster.agents)))
    for column, (field, text) in enumerate(columns.items(), start=first_column):
        style.header(sheet, LIGNE_TITRES, column, f"{text} (€)" if field == "montant" else text)
        for row in range(PREMIERE_LIGNE, last + 1):
            style.entry(sheet, row, column, kinds.get(field, "text"))
    sheet.row_dimensions[LIGNE_TITRES].height = 32
    return last
