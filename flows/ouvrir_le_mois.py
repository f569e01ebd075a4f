"""Ouvrir le mois : chaque adhérent trouve son classeur des éléments variables dans son dossier."""

from __future__ import annotations

from prefect import flow

from flows.transport import deliver_alone
from flows.travail import EN_PARALLELE, TOUS, Adherents, Compte, chosen, each_adherent, month_of, run_name
from payroll.month.commun import Acte
from payroll.month.ouvrir import open_month
from payroll.periods import Month
from payroll.store.registre import Registre


@flow(name="ouvrir-le-mois", flow_run_name=run_name("ouvrir"), task_runner=EN_PARALLELE)
def ouvrir_le_mois(mois: str = "", adherents: Adherents = TOUS) -> list[Compte]:
    """Ouvre le mois et dépose le classeur de chaque adhérent.

    Args:
        mois: le mois de paie, AAAA-MM ; vide pour le mois courant.
        adherents: codes d'adhérents ; vide pour tous.
    """
    return each_adherent("ouvrir", chosen(adherents), month_of(mois), _open_and_deliver)


def _open_and_deliver(registre: Registre, code: str, mois: Month, acte: Acte) -> str:
    open_month(registre, code, mois, acte)
    deliver_alone(registre, code, acte)
    return "mois ouvert, classeur déposé"
