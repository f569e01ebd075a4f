"""Préparer la paie : calculer les bulletins des adhérents dont le fichier est accepté."""

from __future__ import annotations

from functools import partial

from prefect import flow

from flows.travail import EN_PARALLELE, TOUS, Adherents, Compte, chosen, each_adherent, month_of, run_name
from payroll.month.calculer import compute_month
from payroll.month.commun import Acte
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.wording import plural


@flow(name="preparer-la-paie", flow_run_name=run_name("préparer"), task_runner=EN_PARALLELE)
def preparer_la_paie(mois: str = "", adherents: Adherents = TOUS, sans_fichier: bool = False) -> list[Compte]:
    """Calcule les bulletins du mois, prêts à être révisés.

    Args:
        mois: le mois de paie, AAAA-MM ; vide pour le mois courant.
        adherents: codes d'adhérents ; vide pour tous.
        sans_fichier: calculer aussi les adhérents qui n'ont rien envoyé.
    """
    return each_adherent("préparer", chosen(adherents), month_of(mois), partial(_compute, sans_fichier=sans_fichier))


def _compute(registre: Registre, code: str, mois: Month, acte: Acte, *, sans_fichier: bool) -> str:
    result = compute_month(registre, code, mois, acte, sans_fichier=sans_fichier)
    news = "calculée" if result.nouvelle else "inchangée"
    left = f", {plural(len(result.anomalies), 'anomalie')}" if result.anomalies else ""
    return f"révision {result.paie.revision} {news}, {plural(result.bulletins, 'bulletin')}{left}"
