"""Préparer la paie : calculer les bulletins des adhérents dont le fichier est accepté."""

from __future__ import annotations

from functools import partial

from prefect import flow

from flows.formulaire import Adherents, Mois, SansFichier
from flows.travail import EN_PARALLELE, TOUS, Compte, chosen, each_adherent, month_of, run_name
from payroll.month.calculer import compute_month
from payroll.month.commun import Acte
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.wording import plural


@flow(name="preparer-la-paie", flow_run_name=run_name("calcul"), task_runner=EN_PARALLELE)
def preparer_la_paie(mois: Mois = "", adherents: Adherents = TOUS, sans_fichier: SansFichier = False) -> list[Compte]:
    """Calcule les bulletins du mois, prêts à être révisés.

    Args:
        mois: le mois de paie, AAAA-MM, par exemple 2026-11 ; vide : le mois courant.
        adherents: un code par ligne, par exemple lubescaux ; aucune ligne : tous.
        sans_fichier: calculer aussi les adhérents qui n'ont rien envoyé.
    """
    return each_adherent("calcul", chosen(adherents), month_of(mois), partial(_compute, sans_fichier=sans_fichier))


def _compute(registre: Registre, code: str, mois: Month, acte: Acte, *, sans_fichier: bool) -> str:
    result = compute_month(registre, code, mois, acte, sans_fichier=sans_fichier)
    news = "calculée" if result.nouvelle else "inchangée"
    left = f", {plural(len(result.anomalies), 'anomalie')}" if result.anomalies else ""
    return f"révision {result.paie.revision} {news}, {plural(result.bulletins, 'bulletin')}{left}"
