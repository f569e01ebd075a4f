"""Deux fichiers pour le même mois : le second complète, répète, corrige, remplace, ou contredit le premier.

Corriger, c'est redéposer : un fichier qui redit tout ce qui avait été envoyé, en en changeant une partie, remplace
l'envoi sans autre formalité. S'il n'en reprend qu'une partie, rien ne dit si le reste est à garder : il complète, ou,
s'il change une valeur, il est refusé.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from payroll.anomalies import Anomalie, Gravite, blocking
from payroll.intake.lecture import AbsenceLue, ElementLu, Lecture, SortieLue
from payroll.money import format_amount

_CODE = "fichiers-contradictoires"
_REMEDE = "Redéposez le fichier complet et juste, avec « oui » à « Annule et remplace »."
_COMME = ", comme dans le premier fichier"


def reconcile(previous: Sequence[Lecture], new: Lecture) -> Lecture:
    """Le nouveau fichier, confronté à ceux déjà acceptés : ce qu'il change, ce qu'il laisse, ce qu'il contredit.

    Un classeur et l'export d'un logiciel de planning ne se corrigent pas l'un l'autre : deux sources se contredisent.
    """
    if new.remplace or not previous:
        return new
    found = [anomalie for other in previous for anomalie in compare(other, new)]
    left = _left_out(previous, new)
    same_source = all((other.format == "csv") == (new.format == "csv") for other in previous)
    if blocking(found) and not left and not new.neant and same_source:
        found = [_corrected(anomalie) for anomalie in found if anomalie.code == _CODE]
        return replace(new, remplace=True, anomalies=(*new.anomalies, *found))
    if left and not found:
        found = [_completed(left)]
    return replace(new, anomalies=(*new.anomalies, *found))


def _left_out(previous: Sequence[Lecture], new: Lecture) -> list[str]:
    """Les matricules de ce qui avait été envoyé et que le nouveau fichier ne redit pas."""
    elements = {(item.matricule, item.numero_contrat, item.code) for item in new.elements}
    exits = {(item.matricule, item.numero_contrat) for item in new.sorties}
    return [
        *(
            item.matricule
            for other in previous
            for item in other.elements
            if (item.matricule, item.numero_contrat, item.code) not in elements
        ),
        *(
            item.matricule
            for other in previous
            for item in other.absences
            if not any(_same_days(item, absence) for absence in new.absences)
        ),
        *(
            item.matricule
            for other in previous
            for item in other.sorties
            if (item.matricule, item.numero_contrat) not in exits
        ),
    ]


def _same_days(one: AbsenceLue, other: AbsenceLue) -> bool:
    same_agent = (one.matricule, one.numero_contrat) == (other.matricule, other.numero_contrat)
    return same_agent and one.debut <= other.fin and other.debut <= one.fin


def _corrected(anomalie: Anomalie) -> Anomalie:
    """Une contradiction devient un changement : le fichier reprend tout, il remplace."""
    before, now = anomalie.attendu.removesuffix(_COMME), anomalie.recu
    return replace(
        anomalie,
        code="envoi-corrige",
        message=f"vous aviez envoyé {before or '« néant »'} ; nous retenons maintenant {now or 'ces éléments'}.",
        recu="",
        attendu="",
        remede="Rien à faire si c'est ce que vous vouliez corriger.",
        gravite=Gravite.AVERTISSEMENT,
    )


def _completed(left: Sequence[str]) -> Anomalie:
    agents = ", ".join(sorted(set(left)))
    kept = (
        f"{len(left)} éléments déjà envoyés n'y sont pas et restent comptés"
        if len(left) > 1
        else "un élément déjà envoyé n'y est pas et reste compté"
    )
    return Anomalie(
        code="envoi-complete",
        message=f"ce fichier complète votre envoi précédent : {kept} (agents : {agents}).",
        remede="Rien à faire si c'est un ajout. S'il fallait les retirer, redéposez le fichier complet avec « oui » à "
        "« Annule et remplace ».",
        gravite=Gravite.AVERTISSEMENT,
    )


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
            told = (format_amount(item.valeur), f"{format_amount(before)}{_COMME}")
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
                told = (_period(absence), f"l'absence {_period(before)}{_COMME}")
                found.append(_contradiction(message, absence, *told))
    return found


def _exits(previous: Lecture, new: Lecture) -> list[Anomalie]:
    known = {(item.matricule, item.numero_contrat): item for item in previous.sorties}
    found = []
    for sortie in new.sorties:
        before = known.get((sortie.matricule, sortie.numero_contrat))
        if before is not None and (before.date, before.motif) != (sortie.date, sortie.motif):
            message = "un fichier déjà accepté donne un autre départ pour cet agent."
            told = (f"{sortie.date:%d/%m/%Y}", f"un départ le {before.date:%d/%m/%Y}{_COMME}")
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
