"""Ouvrir le mois : chaque adhérent trouve son classeur des éléments variables dans son dossier."""

from __future__ import annotations

from prefect import flow

from flows.formulaire import Adherents, Mois
from flows.transport import deliver_alone
from flows.travail import EN_PARALLELE, TOUS, Compte, chosen, each_adherent, month_of, run_name
from payroll.month.commun import Acte
from payroll.month.ouvrir import open_month
from payroll.periods import Month
from payroll.store.registre import Registre


@flow(name="ouvrir-le-mois", flow_run_name=run_name("ouverture"), task_runner=EN_PARALLELE)
def ouvrir_le_mois(mois: Mois = "", adherents: Adherents = TOUS) -> list[Compte]:
    """Ouvre le mois et dépose le classeur de chaque adhérent.

    Args:
        mois: le mois de paie, AAAA-MM, par exemple 2026-11 ; vide : le mois courant.
        adherents: un code par ligne, par exemple lubescaux ; aucune ligne : tous.
    """
    return each_adherent("ouverture", chosen(adherents), month_of(mois), _open_and_deliver)


def _open_and_deliver(registre: Registre, code: str, mois: Month, acte: Acte) -> str:
    open_month(registre, code, mois, acte)
    deliver_alone(registre, code, acte)
    return "mois ouvert, classeur déposé"
