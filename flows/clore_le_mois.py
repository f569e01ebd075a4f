"""Clore le mois : les paies restituées sont verrouillées ; décembre rend les fiches de l'année."""

from __future__ import annotations

from prefect import flow

from flows.formulaire import Adherents, Mois
from flows.transport import deliver_alone
from flows.travail import EN_PARALLELE, TOUS, Compte, chosen, each_adherent, month_of, run_name
from payroll.month.clore import close_month
from payroll.month.commun import Acte
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.wording import plural


@flow(name="clore-le-mois", flow_run_name=run_name("clôture"), task_runner=EN_PARALLELE)
def clore_le_mois(mois: Mois = "", adherents: Adherents = TOUS) -> list[Compte]:
    """Clôt les paies restituées ; les autres attendent.

    Args:
        mois: le mois de paie, AAAA-MM, par exemple 2026-11 ; vide : le mois courant.
        adherents: un code par ligne, par exemple lubescaux ; aucune ligne : tous.
    """
    return each_adherent("clôture", chosen(adherents), month_of(mois), _close)


def _close(registre: Registre, code: str, mois: Month, acte: Acte) -> str:
    paie = close_month(registre, code, mois, acte)
    count = deliver_alone(registre, code, acte)
    return f"paie {paie.etat}" + (f", {plural(count, 'document déposé', 'documents déposés')}" if count else "")
