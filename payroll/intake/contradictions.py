"""Deux fichiers pour le même mois : le second complète, répète, remplace, ou contredit le premier."""

from __future__ import annotations

from payroll.anomalies import Anomalie, Gravite
from payroll.intake.lecture import Lecture


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
                code="fichiers-contradictoires",
                message="un fichier dit « néant » et l'autre donne des éléments pour le même mois.",
                remede="Renvoyez le bon fichier en mettant « oui » dans « Annule et remplace ».",
            )
        )
    known = {(item.matricule, item.numero_contrat, item.code): item for item in previous.elements}
    for item in new.elements:
        before = known.get((item.matricule, item.numero_contrat, item.code))
        if before is not None and before.valeur != item.valeur:
            anomalies.append(
                Anomalie(
                    code="fichiers-contradictoires",
                    message="un fichier déjà accepté donne une autre valeur pour cet agent et cette rubrique.",
                    feuille=item.feuille,
                    cellule=item.cellule,
                    matricule=item.matricule,
                    rubrique=item.code,
                    recu=_decimal(item.valeur),
                    attendu=f"{_decimal(before.valeur)}, comme dans le premier fichier",
                    remede="Renvoyez le fichier complet et juste en mettant « oui » dans « Annule et remplace ».",
                )
            )
    for absence in new.absences:
        for before_absence in previous.absences:
            same_agent = (absence.matricule, absence.numero_contrat) == (
                before_absence.matricule,
                before_absence.numero_contrat,
            )
            same = (absence.type, absence.debut, absence.fin) == (
                before_absence.type,
                before_absence.debut,
                before_absence.fin,
            )
            if same_agent and not same and absence.debut <= before_absence.fin and before_absence.debut <= absence.fin:
                anomalies.append(
                    Anomalie(
                        code="fichiers-contradictoires",
                        message="un fichier déjà accepté donne une autre absence aux mêmes jours.",
                        feuille=absence.feuille,
                        cellule=absence.cellule,
                        matricule=absence.matricule,
                        remede="Renvoyez le fichier complet et juste en mettant « oui » dans « Annule et remplace ».",
                    )
                )
    return anomalies


def _decimal(hundredths: int) -> str:
    whole, rest = divmod(hundredths, 100)
    return f"{whole},{rest:02d}"
