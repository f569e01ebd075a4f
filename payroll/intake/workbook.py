"""Lire un classeur rempli : le bordereau, les éléments, les absences, les entrées et sorties, les autres éléments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from payroll.anomalies import Gravite
from payroll.intake import layout
from payroll.intake.collecte import Collecte
from payroll.intake.constats import REPARTIR, RETOUR, Lieu
from payroll.intake.elements import add_element, find_rubrique, missing_amount
from payroll.intake.grid import COLONNES_MAX, LIGNES_MAX, Case, Classeur, Feuille
from payroll.intake.memoire import tell_written_over
from payroll.intake.mouvements import add_absence, add_arrival, add_exit
from payroll.intake.tables import Ligne, Tableau, find_table, lost_title

_TOTAUX = frozenset(map(layout.fold, ("total", "totaux", "total général", "sous-total", "somme")))


def read_workbook(classeur: Classeur, work: Collecte) -> None:
    """Verse dans ``work`` tout ce que le classeur dit, et tout ce qui n'y va pas."""
    by_name = _expected_sheets(classeur, work)
    front = _front_cells(by_name.get(layout.BORDEREAU, {}))
    if layout.CACHEE in by_name:
        _identity(by_name[layout.CACHEE], front, work)
    work.front(front, layout.BORDEREAU)
    readers = {
        layout.ELEMENTS: _elements,
        layout.ABSENCES: _absences,
        layout.MOUVEMENTS: _movements,
        layout.AUTRES: _others,
    }
    for name in (layout.BORDEREAU, *readers):
        for case in by_name.get(name, {}).values():
            work.look_for_strange_text(case, name)
    for name, reader in readers.items():
        if name in by_name:
            reader(name, by_name[name], work)


def _expected_sheets(classeur: Classeur, work: Collecte) -> dict[str, Feuille]:
    """Les feuilles du modèle, sous leur nom ; une feuille qui manque ou que l'on ne lit pas est un constat."""
    for title in classeur.debordantes:
        work.constats.add(
            "feuille-trop-grande",
            "cette feuille est remplie bien au-delà du tableau à remplir.",
            Lieu(title[:31]),
            attendu=f"{LIGNES_MAX} lignes et {COLONNES_MAX} colonnes au plus",
            remede="Effacez ce qui est hors du tableau, ou repartez du classeur du mois.",
        )
    for title, name in classeur.renommees.items():
        work.constats.add(
            "feuille-renommee",
            "cette feuille a changé de nom : nous l'avons lue comme celle du classeur du mois.",
            Lieu(title[:31]),
            attendu=next(sheet for sheet in layout.FEUILLES_LUES if layout.fold(sheet) == name),
            remede="Vérifiez dans cet accusé que ses éléments y sont.",
            gravite=Gravite.AVERTISSEMENT,
        )
    for title in classeur.en_trop:
        work.constats.add(
            "feuille-en-trop",
            "cette feuille n'est pas du classeur du mois : nous ne l'avons pas lue.",
            Lieu(title[:31]),
            remede="Si elle porte des éléments de paie, recopiez-les dans les feuilles du classeur.",
            gravite=Gravite.AVERTISSEMENT,
        )
    titles = {layout.fold(name): name for name in layout.FEUILLES_LUES}
    found = {titles[name]: feuille for name, feuille in classeur.feuilles.items() if name in titles}
    for name in layout.FEUILLES_LUES:
        if name not in found:
            shown = "une feuille cachée" if name == layout.CACHEE else f"la feuille « {name} »"
            work.constats.add(
                "feuille-manquante",
                f"{shown} n'est plus dans le classeur.",
                attendu="les feuilles du classeur du mois, inchangées",
                remede=REPARTIR
                if name == layout.CACHEE
                else "Si vous avez renommé cette feuille, rendez-lui son nom, puis déposez. "
                f"Sinon, repartez du classeur du mois, {RETOUR}.",
            )
    return found


def _front_cells(feuille: Feuille) -> dict[str, Case]:
    titles = {layout.fold(text): field for field, text in layout.BORDEREAU_CHAMPS.items()}
    told: dict[str, Case] = {}
    for (row, column), case in feuille.items():
        field = titles.get(layout.fold(case.texte)) if column == 1 else None
        value = feuille.get((row, 2))
        if field is not None and value is not None and value.texte:
            told.setdefault(field, value)
    return told


def _identity(hidden: Feuille, front: Mapping[str, Case], work: Collecte) -> None:
    told = {case.texte: hidden[row, 2] for (row, column), case in hidden.items() if column == 1 and (row, 2) in hidden}
    # La feuille cachée fait foi ; on montre la case du bordereau, la seule que la personne voit.
    places = {
        field: Lieu(layout.BORDEREAU, front[field].adresse if field in front else "")
        for field in ("adherent", "siret", "mois")
    }
    work.check_identity(told, places)


def _elements(name: str, feuille: Feuille, work: Collecte) -> None:
    titles = {
        "agent": layout.MATRICULE,
        "nom": layout.NOM,
        "prenom": layout.PRENOM,
        "emploi": layout.EMPLOI,
        "commentaire": layout.COMMENTAIRE,
    }
    codes = layout.rubrique_by_text(work.roster)
    table = _table(name, feuille, titles, ("agent",), work, others=codes)
    if table is None:
        return
    _strays(feuille, (table,), work)
    tell_written_over(name, table, feuille, work)
    rubriques = layout.rubriques(work.roster)
    for line in _lines(table, feuille, work):
        entered = [code for code in rubriques if line.get(code) is not None]
        agent = work.agent(line) if entered else None
        if agent is None:
            continue
        work.check_name(agent, line)
        for code in entered:
            add_element(work, agent, code, line, code, observation=line.texte("commentaire"))


def _absences(name: str, feuille: Feuille, work: Collecte) -> None:
    table = _table(name, feuille, layout.ABSENCES_COLONNES, ("agent", "nature", "debut", "fin"), work)
    if table is None:
        return
    _strays(feuille, (table,), work)
    for line in _lines(table, feuille, work):
        agent = work.agent(line)
        if agent is not None:
            add_absence(work, agent, line)


def _movements(name: str, feuille: Feuille, work: Collecte) -> None:
    leaving = _table(name, feuille, layout.SORTIES_COLONNES, ("agent", "date", "motif"), work)
    arriving = _table(name, feuille, layout.ENTREES_COLONNES, ("nom", "prenom", "date", "statut"), work)
    _strays(feuille, tuple(table for table in (leaving, arriving) if table), work)
    for line in _lines(leaving, feuille, work) if leaving else ():
        add_exit(work, line)
    for line in arriving.lignes(feuille) if arriving else ():
        add_arrival(work, line)


def _others(name: str, feuille: Feuille, work: Collecte) -> None:
    table = _table(name, feuille, layout.AUTRES_COLONNES, ("agent", "rubrique", "montant"), work)
    if table is None:
        return
    _strays(feuille, (table,), work)
    for line in _lines(table, feuille, work):
        agent, code = work.agent(line), find_rubrique(work, line)
        if line.get("montant") is None:
            missing_amount(work, line)
        elif agent is not None and code is not None:
            add_element(work, agent, code, line, "montant", observation=line.texte("motif"))


def _lines(table: Tableau, feuille: Feuille, work: Collecte) -> Iterator[Ligne]:
    """Les lignes d'un tableau, sans celle qu'une personne ajoute en bas pour faire ses totaux."""
    for line in table.lignes(feuille):
        if layout.fold(line.texte("agent")) not in _TOTAUX:
            yield line
            continue
        work.constats.add(
            "ligne-de-total",
            "cette ligne de total n'est pas lue.",
            line.lieu("agent"),
            remede="Rien à faire : nous refaisons les totaux. Ceux du bordereau, eux, sont vérifiés.",
            gravite=Gravite.AVERTISSEMENT,
        )


def _table(
    name: str,
    feuille: Feuille,
    titles: Mapping[str, str],
    required: tuple[str, ...],
    work: Collecte,
    *,
    others: Mapping[str, str] | None = None,
) -> Tableau | None:
    table = find_table(name, feuille, titles, required, others=others)
    if table is None:
        lost = lost_title(feuille, titles, required, others)
        message = "les titres des colonnes ont été modifiés ou effacés."
        attendu = ", ".join(f"« {titles[field]} »" for field in required)
        if lost is not None:
            message, attendu = "un titre de colonne a été modifié ou effacé.", f"« {titles[lost.champ]} »"
        work.constats.add(
            "titres-modifies",
            message,
            Lieu(name, lost.cellule if lost else ""),
            recu=lost.recu if lost else "",
            attendu=attendu,
            remede=f"Écrivez ce titre dans cette case, ou repartez du classeur du mois ({RETOUR}). Puis déposez."
            if lost
            else REPARTIR,
        )
    return table


def _strays(feuille: Feuille, tables: tuple[Tableau, ...], work: Collecte) -> None:
    """Rien de saisi ne se perd en silence : dit chaque colonne remplie que l'on ne sait pas lire."""
    if not tables:
        return
    known = {column for table in tables for column in table.colonnes.values()}
    known |= {column for table in tables for column, case in table.inconnus.items() if layout.shown_only(case.texte)}
    top = min(table.ligne_titres for table in tables)
    titles = {column: case for table in tables for column, case in table.inconnus.items()}
    for case in (case for table in tables for case in table.colonnes_en_double.values()):
        work.constats.add(
            "colonne-en-double",
            "ce titre de colonne paraît deux fois : nous ne savons pas laquelle lire.",
            Lieu(tables[0].nom, case.adresse),
            recu=case.texte,
            attendu="une seule colonne de ce titre",
            remede=REPARTIR,
        )
    said = {column for table in tables for column in table.colonnes_en_double}
    for (row, column), case in sorted(feuille.items()):
        if row <= top or column in known or column in said or not case.texte:
            continue
        said.add(column)
        title = titles.get(column)
        place = title or case
        work.constats.add(
            "colonne-inconnue",
            "cette colonne n'est pas du classeur du mois."
            if title
            else "cette case est remplie hors des colonnes du classeur.",
            Lieu(tables[0].nom, place.adresse),
            recu=place.texte,
            attendu="les colonnes du classeur du mois",
            remede="Effacez-la. Si c'est un montant à payer, saisissez-le dans « Autres éléments ».",
        )
