"""Rappeler les échéances : la veille ouvrée, dire à l'agence qui manque, et le dire à chaque collectivité en retard.

Aucun horaire ne connaît les jours fériés : le flux passe chaque jour ouvré et ne fait rien si ce n'est pas le jour.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import partial

from prefect import State, flow
from prefect.artifacts import create_markdown_artifact
from prefect.states import Completed

from flows.affichage import late_text, not_ready
from flows.formulaire import Adherents, Mois, Quand
from flows.pannes import discreet
from flows.transport import deliver_alone
from flows.travail import EN_PARALLELE, TOUS, Compte, each_adherent, month_of, run_name, slug, today
from payroll.month.avancement import Avancement, read_progress
from payroll.month.commun import Acte
from payroll.month.dus import pending_documents
from payroll.month.echeances import Echeance, Nature, day_in_words
from payroll.month.relancer import remind, reminder_name
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.registre import Registre

_RAPPELEES = (Nature.DEPOT, Nature.DSN_5, Nature.DSN_15)
_DIT = "rappel déposé"


@flow(name="rappeler-les-echeances", flow_run_name=run_name("rappels"), task_runner=EN_PARALLELE)
def rappeler_les_echeances(
    mois: Mois = "", adherents: Adherents = TOUS, quand: Quand = "au jour prévu"
) -> State[list[Compte]]:
    """Rappelle l'échéance du jour : dépôt des variables du mois, ou DSN du mois précédent.

    Args:
        mois: le mois de paie, AAAA-MM, par exemple 2026-11 ; vide : le mois courant et le précédent.
        adherents: un code par ligne, par exemple lubescaux ; aucune ligne : tous.
        quand: « au jour prévu » ne fait rien les autres jours ; « maintenant » rappelle la prochaine échéance du mois.
    """
    month = month_of(mois)
    known = [month] if mois else [month.previous, month]
    due = _next_one(month) if quand == "maintenant" else _due_today(known)
    if not due:
        return Completed(message=f"Rien à rappeler ce jour. {_coming(known)}", data=[])
    comptes = [compte for echeance in due for compte in _remind_all(echeance, adherents)]
    return Completed(message=f"Rappelé : {', '.join(str(echeance.nature) for echeance in due)}.", data=comptes)


def _remind_all(echeance: Echeance, adherents: Sequence[str]) -> list[Compte]:
    reglages = Reglages()
    with discreet(), closing(reglages.registre()) as registre:
        rows = read_progress(registre, echeance.mois, adherents)
    late = [row.code for row in not_ready(echeance.nature, rows) if row.attendu]
    comptes = each_adherent(f"rappel {echeance.nature}", late, echeance.mois, partial(_remind, echeance=echeance))
    _publish(echeance, rows, [compte.adherent for compte in comptes if compte.phrase == _DIT])
    return comptes


def _remind(registre: Registre, code: str, mois: Month, acte: Acte, *, echeance: Echeance) -> str:
    remind(registre, code, mois, acte, echeance, contact=Reglages().contact)
    # Un rappel inscrit puis coupé avant son dépôt est encore dû ; déjà déposé, il ne repart pas.
    due = any(document.chemin == reminder_name(mois) for document in pending_documents(registre, code))
    deliver_alone(registre, code, acte)
    return _DIT if due else "déjà rappelé ce jour, ou fichier arrivé entre-temps"


def _publish(echeance: Echeance, rows: Sequence[Avancement], sent: Sequence[str]) -> None:
    create_markdown_artifact(
        key=f"retards-{slug(echeance.nature)}-{echeance.mois}",
        markdown=late_text(echeance, rows, sent),
        description=f"Qui manque pour : {echeance.nature}, paie de {echeance.mois.libelle}.",
    )


def _due_today(known: Sequence[Month]) -> list[Echeance]:
    day = today()
    return [echeance for echeance in _reminded(known) if echeance.rappel == day]


def _next_one(month: Month) -> list[Echeance]:
    day = today()
    coming = [echeance for echeance in _reminded([month]) if echeance.interne.date() >= day]
    # Le dépôt s'adresse à tous ; une fois passé, chaque adhérent a sa DSN, du 5 ou du 15.
    return coming[:1] if coming and coming[0].nature is Nature.DEPOT else coming


def _coming(known: Sequence[Month]) -> str:
    day = today()
    coming = sorted((found for found in _reminded(known) if found.rappel > day), key=lambda found: found.rappel)
    if not coming:
        return "Toutes les échéances de ce mois sont passées."
    return f"Prochain rappel : le {day_in_words(coming[0].rappel)} ({coming[0].nature})."


def _reminded(known: Sequence[Month]) -> list[Echeance]:
    reglages = Reglages()
    return [reglages.echeances(month)[nature] for month in known for nature in _RAPPELEES]
