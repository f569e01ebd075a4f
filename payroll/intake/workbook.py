"""Lire un classeur rempli : le bordereau, les éléments, les absences, les entrées et sorties, les autres éléments."""

from __future__ import annotations

from payroll.anomalies import Gravite
from payroll.intake import layout, values
from payroll.intake.collecte import Collecte
from payroll.intake.grid import Case, Feuille
from payroll.intake.lecture import EntreeAnnoncee, SortieLue
from payroll.intake.tables import Ligne, Tableau, find_table

Feuilles = dict[str, Feuille]


def read_workbook(feuilles: Feuilles, work: Collecte) -> None:
    """Verse dans ``work`` tout ce que le classeur dit, et tout ce qui n'y va pas."""
    by_name = {layout.fold(name): feuille for name, feuille in feuilles.items()}
    missing = [name for name in layout.FEUILLES_LUES if layout.fold(name) not in by_name]
    for name in missing:
        work.constats.add(
            "feuille-manquante",
            f"la feuille « {name} » n'est plus dans le classeur.",
            attendu="les feuilles du classeur du mois, inchangées",
            remede="Repartez du classeur du mois, dans votre dossier « retour ».",
        )
    hidden = by_name.get(layout.fold(layout.CACHEE))
    if hidden is not None:
        _identity(hidden, work)
    front = by_name.get(layout.fold(layout.BORDEREAU))
    if front is not None:
        _front(front, work)
    readers = {
        layout.ELEMENTS: _elements,
        layout.ABSENCES: _absences,
        layout.MOUVEMENTS: _movements,
        layout.AUTRES: _others,
    }
    for name, reader in readers.items():
        feuille = by_name.get(layout.fold(name))
        if feuille is not None:
            _look_for_strange_text(name, feuille, work)
            reader(name, feuille, work)


def _identity(feuille: Feuille, work: Collecte) -> None:
    told = {case.texte: feuille.get((row, 2)) for (row, column), case in feuille.items() if column == 1}
    work.check_identity(
        version=_text(told.get("version")),
        adherent=_text(told.get("adherent")),
        siret=_text(told.get("siret")),
        mois=_text(told.get("mois")),
        feuille=layout.CACHEE,
    )


def _front(feuille: Feuille, work: Collecte) -> None:
    titles = {layout.fold(text): field for field, text in layout.BORDEREAU_CHAMPS.items()}
    told: dict[str, Case] = {}
    for (row, column), case in feuille.items():
        field = titles.get(layout.fold(case.texte)) if column == 1 else None
        value = feuille.get((row, 2))
        if field is not None and value is not None:
            told[field] = value
    work.front(told, layout.BORDEREAU)


def _elements(name: str, feuille: Feuille, work: Collecte) -> None:
    titles = {"agent": layout.MATRICULE, "nom": layout.NOM, "prenom": layout.PRENOM, "commentaire": layout.COMMENTAIRE}
    codes = layout.rubrique_by_text(work.roster)
    table = find_table(feuille, titles, ("agent",), others=codes)
    if table is None:
        work.missing_titles(name, (layout.MATRICULE,))
        return
    for case in table.inconnus:
        if layout.fold(case.texte) != layout.fold(layout.EMPLOI):
            work.constats.add(
                "colonne-inconnue",
                "cette colonne n'est pas une rubrique de votre classeur.",
                feuille=name,
                case=case,
                attendu="les colonnes du classeur du mois",
                remede="Retirez-la, ou saisissez ces montants dans « Autres éléments ».",
            )
    known = set(layout.rubriques(work.roster))
    for line in table.lignes(feuille):
        entered = [(field, case) for field, case in line.cases.items() if field in known]
        agent = work.agent(line.get("agent"), name, line.numero) if entered or line.get("agent") else None
        if agent is None:
            if entered and line.get("agent") is None:
                work.agent(None, name, line.numero, near=entered[0][1])
            continue
        work.check_name(agent, line.texte("nom"), line.texte("prenom"), name, line.get("nom") or line.get("prenom"))
        for code, case in entered:
            work.element(agent, code, case, name, observation=line.texte("commentaire"))


def _absences(name: str, feuille: Feuille, work: Collecte) -> None:
    table = _required(name, feuille, dict(layout.ABSENCES_COLONNES), ("agent", "nature", "debut", "fin"), work)
    for line in table.lignes(feuille) if table else ():
        agent = work.agent(line.get("agent"), name, line.numero, near=next(iter(line.cases.values())))
        if agent is not None:
            work.absence(
                agent,
                line.get("nature"),
                line.get("debut"),
                line.get("fin"),
                line.get("prolongation"),
                name,
                line.numero,
                observation=line.texte("observation"),
            )


def _movements(name: str, feuille: Feuille, work: Collecte) -> None:
    leaving = _required(name, feuille, dict(layout.SORTIES_COLONNES), ("agent", "date"), work)
    for line in leaving.lignes(feuille) if leaving else ():
        agent = work.agent(line.get("agent"), name, line.numero, near=next(iter(line.cases.values())))
        when = work.day(line.get("date"), "la date de sortie", name, line.numero)
        motif = work.choice(line.get("motif"), layout.formulaire().motifs, "un motif de la liste", name, line.numero)
        if agent is not None and when is not None and motif is not None:
            work.sorties.append(
                SortieLue(
                    agent.matricule,
                    when,
                    motif,
                    name,
                    f"A{line.numero}",
                    line.texte("observation"),
                    work.contract_number(agent),
                )
            )
    _arrivals(name, feuille, work)


def _arrivals(name: str, feuille: Feuille, work: Collecte) -> None:
    table = find_table(feuille, layout.ENTREES_COLONNES, ("nom", "prenom", "date"))
    for line in table.lignes(feuille) if table else ():
        when = work.day(line.get("date"), "la date d'entrée", name, line.numero)
        statut = work.choice(
            line.get("statut"), layout.formulaire().statuts, "un statut de la liste", name, line.numero
        )
        if when is None or statut is None:
            continue
        place = next(iter(line.cases.values())).adresse
        work.entrees.append(
            EntreeAnnoncee(
                line.texte("nom"), line.texte("prenom"), when, statut, name, place, line.texte("observation")
            )
        )
        work.constats.add(
            "entree-annoncee",
            "une arrivée est annoncée : cet agent sera payé quand son dossier sera ouvert.",
            feuille=name,
            cellule=place,
            remede="Envoyez l'arrêté ou le contrat et le RIB à votre gestionnaire.",
            gravite=Gravite.AVERTISSEMENT,
        )


def _others(name: str, feuille: Feuille, work: Collecte) -> None:
    table = _required(name, feuille, dict(layout.AUTRES_COLONNES), ("agent", "rubrique", "montant"), work)
    for line in table.lignes(feuille) if table else ():
        _other(name, line, work)


def _other(name: str, line: Ligne, work: Collecte) -> None:
    agent = work.agent(line.get("agent"), name, line.numero, near=next(iter(line.cases.values())))
    named, amount = line.get("rubrique"), line.get("montant")
    code = layout.rubrique_by_text(work.roster).get(layout.fold(named.texte)) if named else None
    if code is None:
        work.unknown_rubrique(named, name, f"B{line.numero}")
    if amount is None:
        work.constats.add(
            "montant-manquant",
            "cette ligne n'a pas de montant.",
            feuille=name,
            cellule=f"C{line.numero}",
            attendu="un montant en euros",
        )
    if agent is not None and code is not None and amount is not None:
        work.element(
            agent, code, amount, name, observation=line.texte("motif"), mois_de_droit=line.get("mois_de_droit")
        )


def _required(
    name: str, feuille: Feuille, titles: dict[str, str], required: tuple[str, ...], work: Collecte
) -> Tableau | None:
    table = find_table(feuille, titles, required)
    if table is None:
        work.missing_titles(name, tuple(titles[field] for field in required))
    return table


def _look_for_strange_text(name: str, feuille: Feuille, work: Collecte) -> None:
    for case in feuille.values():
        if isinstance(case.valeur, str) and values.strange(case.valeur):
            work.constats.add(
                "caracteres-caches",
                "cette case contient des caractères invisibles ou qui inversent le sens de lecture.",
                feuille=name,
                case=case,
                montrer=False,
                attendu="un texte tapé au clavier",
                remede="Effacez la case et retapez son contenu.",
            )


def _text(case: Case | None) -> str:
    return case.texte if case else ""
