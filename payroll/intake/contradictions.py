"""Deux fichiers pour le même mois : le second complète, répète, remplace, ou contredit le premier."""

from __future__ import annotations

from payroll.anomalies import Anomalie, Gravite
from payroll.intake.lecture import AbsenceLue, ElementLu, Lecture, SortieLue
from payroll.money import format_amount

_CODE = "fichiers-contradictoires"
_REMEDE = "Redéposez le fichier complet et juste, avec « oui » à « Annule et remplace »."


def compare(previous: Lecture, new: Lecture) -> list[Anomalie]:
    """Ce que le nouveau fichier contredit d'un fichier déjà accepté.

    Un fichier qui dit « annule et remplace » ne contredit rien. Le même contenu sous un autre nom est signalé, sans
    bloquer. Un ajout (autre agent, autre rubrique, autre absence) n'est pas une contradiction.
    """
    if new.remplace:
        return []
    if new.contenu == previous.contenu:
        return [
            Anomalie(
                code="contenu-deja-recu",
                message="ce fichier dit la même chose qu'un fichier déjà accepté : rien n'est compté deux fois.",
                gravite=Gravite.AVERTISSEMENT,
            )
        ]
    anomalies = []
    if new.neant != previous.neant:
        anomalies.append(
            Anomalie(
                code=_CODE,
                message="un fichier dit « néant » et l'autre donne des éléments pour le même mois.",
                remede=_REMEDE,
            )
        )
    return [
        *anomalies,
        *_values(previous, new),
        *_absences(previous, new),
        *_exits(previous, new),
    ]


def _values(previous: Lecture, new: Lecture) -> list[Anomalie]:
    known = {(item.matricule, item.numero_contrat, item.code): item.valeur for item in previous.elements}
    found = []
    for item in new.elements:
        before = known.get((item.matricule, item.numero_contrat, item.code))
        if before is not None and before != item.valeur:
            message = "un fichier déjà accepté donne une autre valeur pour cet agent et cette rubrique."
            told = (format_amount(item.valeur), f"{format_amount(before)}, comme dans le premier fichier")
            found.append(_contradiction(message, item, *told, rubrique=item.code))
    return found


def _absences(previous: Lecture, new: Lecture) -> list[Anomalie]:
    message = "un fichier déjà accepté donne une autre absence aux mêmes jours."
    found = []
    for absence in new.absences:
        for before in previous.absences:
            same_agent = (absence.matricule, absence.numero_contrat) == (before.matricule, before.numero_contrat)
            same = (absence.type, absence.debut, absence.fin) == (before.type, before.debut, before.fin)
            if same_agent and not same and absence.debut <= before.fin and before.debut <= absence.fin:
                told = (_period(absence), f"l'absence {_period(before)}, comme dans le premier fichier")
                found.append(_contradiction(message, absence, *told))
    return found


def _exits(previous: Lecture, new: Lecture) -> list[Anomalie]:
    known = {(item.matricule, item.numero_contrat): item for item in previous.sorties}
    found = []
    for sortie in new.sorties:
        before = known.get((sortie.matricule, sortie.numero_contrat))
        if before is not None and (before.date, before.motif) != (sortie.date, sortie.motif):
            message = "un fichier déjà accepté donne un autre départ pour cet agent."
            told = (f"{sortie.date:%d/%m/%Y}", f"un départ le {before.date:%d/%m/%Y}, comme dans le premier fichier")
            found.append(_contradiction(message, sortie, *told))
    return found


def _contradiction(
    message: str, item: ElementLu | AbsenceLue | SortieLue, recu: str, attendu: str, rubrique: str = ""
) -> Anomalie:
    return Anomalie(
        code=_CODE,
        message=message,
        remede=_REMEDE,
        feuille=item.feuille,
        cellule=item.cellule,
        matricule=item.matricule,
        rubrique=rubrique,
        recu=recu,
        attendu=attendu,
    )


def _period(absence: AbsenceLue) -> str:
    return f"du {absence.debut:%d/%m/%Y} au {absence.fin:%d/%m/%Y}"
