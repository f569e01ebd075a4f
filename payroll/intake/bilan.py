"""La fin d'une lecture : les contrôles qui regardent tout le fichier, puis la lecture elle-même."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from payroll.anomalies import Gravite
from payroll.intake import layout
from payroll.intake.collecte import Collecte
from payroll.intake.constats import Lieu
from payroll.intake.elements import IHTS_TEXTE, too_many_hours
from payroll.intake.layout import format_hours
from payroll.intake.lecture import AbsenceLue, ElementLu, Format, Lecture
from payroll.money import format_amount


def finish(work: Collecte, kind: Format) -> Lecture:
    """Contrôle le fichier entier et rend sa lecture."""
    _check_duplicates(work)
    _check_overlaps(work)
    _check_known_absences(work)
    _check_overtime(work)
    _check_totals(work)
    _check_nothing(work)
    return Lecture(
        format=kind,
        version=work.version,
        adherent_code=work.adherent,
        mois=work.mois,
        neant=work.neant,
        remplace=work.remplace,
        preparateur=work.preparateur,
        prepare_le=work.prepare_le,
        elements=tuple(sorted(work.elements, key=lambda e: (e.matricule, e.numero_contrat, e.code))),
        absences=tuple(sorted(work.absences, key=lambda a: (a.matricule, a.numero_contrat, a.debut, a.type))),
        sorties=tuple(sorted(work.sorties, key=lambda s: (s.matricule, s.numero_contrat, s.date))),
        entrees_annoncees=tuple(sorted(work.entrees, key=lambda e: (e.date, e.nom, e.prenom))),
        anomalies=work.constats.close(),
    )


def _check_duplicates(work: Collecte) -> None:
    seen: dict[tuple[str, str, str], ElementLu] = {}
    for element in work.elements:
        first = seen.setdefault((element.matricule, element.numero_contrat, element.code), element)
        if first is not element:
            work.constats.add(
                "ligne-en-double",
                "cette rubrique est déjà saisie pour cet agent : nous ne savons pas laquelle garder.",
                Lieu(element.feuille, element.cellule, element.matricule, element.code),
                attendu=f"une seule saisie (l'autre : {_place(first)})",
                remede="Effacez l'une des deux, ou additionnez-les dans une seule case.",
            )


def _check_overlaps(work: Collecte) -> None:
    by_contract: dict[tuple[str, str], list[AbsenceLue]] = defaultdict(list)
    for absence in work.absences:
        by_contract[absence.matricule, absence.numero_contrat].append(absence)
    for absences in by_contract.values():
        absences.sort(key=lambda a: (a.debut, a.fin))
        latest = absences[0]
        for absence in absences[1:]:
            if absence.debut <= latest.fin:
                work.constats.add(
                    "absences-qui-se-chevauchent",
                    "deux absences de cet agent portent sur les mêmes jours.",
                    Lieu(absence.feuille, absence.cellule, absence.matricule),
                    recu=f"{absence.debut:%d/%m/%Y}",
                    attendu=f"une absence qui commence après le {latest.fin:%d/%m/%Y} (l'autre : {_place(latest)})",
                )
            latest = max(latest, absence, key=lambda a: a.fin)


def _check_known_absences(work: Collecte) -> None:
    """Une absence d'un mois passé compte déjà : redite telle quelle, elle est ignorée ; changée, elle est refusée."""
    agents = {(agent.matricule, work.contract_number(agent)): agent for agent in work.roster.agents}
    for absence in list(work.absences):
        cle = work.roster.cle(agents[absence.matricule, absence.numero_contrat])
        for known in (row for row in work.roster.absences_connues if row.cle == cle):
            if absence.debut > known.fin or absence.fin < known.debut:
                continue
            lieu = Lieu(absence.feuille, absence.cellule, absence.matricule)
            told = f"du {known.debut:%d/%m/%Y} au {known.fin:%d/%m/%Y}"
            if (absence.type, absence.debut, absence.fin) == (known.type, known.debut, known.fin):
                work.absences.remove(absence)
                work.redites += 1
                work.constats.add(
                    "absence-deja-connue",
                    f"cette absence {told} nous est déjà connue : elle n'est pas comptée deux fois.",
                    lieu,
                    remede="Rien à faire : une absence qui continue n'a pas besoin d'être ressaisie.",
                    gravite=Gravite.AVERTISSEMENT,
                )
                break
            work.constats.add(
                "absences-qui-se-chevauchent",
                "une absence de cet agent, déjà connue d'un mois passé, porte sur les mêmes jours.",
                lieu,
                recu=f"du {absence.debut:%d/%m/%Y} au {absence.fin:%d/%m/%Y}",
                attendu=f"seulement ce qui s'ajoute à l'absence {told}",
                remede=f"Prolongée : saisissez la suite, à partir du {known.fin + timedelta(days=1):%d/%m/%Y}, avec "
                "« Prolongation » à oui. Écourtée ou d'une autre nature : appelez votre gestionnaire.",
            )


def _check_overtime(work: Collecte) -> None:
    for agent in work.roster.agents:
        contract = (agent.matricule, work.contract_number(agent))
        mine = [e for e in work.elements if e.code in layout.IHTS and (e.matricule, e.numero_contrat) == contract]
        cap, total = work.roster.contingent(agent), sum(element.valeur for element in mine)
        if total > cap:
            most = max(mine, key=lambda element: element.valeur)  # la case où chercher d'abord la faute de frappe
            too_many_hours(
                work,
                Lieu(most.feuille, most.cellule, agent.matricule, most.code),
                f"{format_hours(total)} h",
                f"{format_hours(cap)} h au plus, jour, nuit et dimanche ensemble",
                IHTS_TEXTE,
                "Vérifiez le nombre d'heures. Si elles ont bien été faites, appelez votre gestionnaire.",
            )


def _check_totals(work: Collecte) -> None:
    if work.constats.bloquants:
        return  # une valeur refusée fausserait la somme : le total se vérifiera sur le fichier corrigé
    units = layout.rubriques(work.roster)
    for field, unit in (("total_heures", "heures"), ("total_montants", "montant")):
        told = work.totaux.get(field)
        found = sum(element.valeur for element in work.elements if units[element.code].unite == unit)
        if told is not None and told.valeur != found:
            work.constats.add(
                "total-different",
                f"« {layout.BORDEREAU_CHAMPS[field]} » n'est pas la somme de ce que nous avons lu.",
                told.lieu,
                recu=told.recu,
                attendu=format_hours(found) if unit == "heures" else format_amount(found),
                remede="Vérifiez les lignes saisies, ou corrigez ce total.",
            )


def _check_nothing(work: Collecte) -> None:
    entered = bool(work.elements or work.absences or work.sorties or work.entrees or work.redites)
    if work.neant and entered:
        work.constats.add(
            "neant-et-donnees",
            "« Néant ce mois » est à « oui », mais des éléments sont saisis.",
            Lieu(layout.BORDEREAU),
            attendu="l'un ou l'autre",
            remede="Videz la case « Néant ce mois », ou effacez les éléments.",
        )
    if not work.neant and not entered and not work.constats.bloquants:
        work.constats.add(
            "rien-de-saisi",
            "rien n'est saisi dans ce fichier.",
            Lieu(layout.BORDEREAU),
            attendu="des éléments, ou « oui » dans la case « Néant ce mois »",
            remede="S'il n'y a rien ce mois-ci, choisissez « oui » à « Néant ce mois » et déposez de nouveau.",
        )


def _place(item: ElementLu | AbsenceLue) -> str:
    return f"« {item.feuille} », case {item.cellule}" if item.feuille else item.cellule
