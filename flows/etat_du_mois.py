"""L'état du mois : où en est chaque adhérent, et les totaux. Ne change rien."""

from __future__ import annotations

from prefect import flow

from flows.formulaire import Mois
from flows.travail import mark, month_of, publish_state, run_name
from payroll.month.avancement import count_stages


@flow(name="etat-du-mois", flow_run_name=run_name("état du mois"))
def etat_du_mois(mois: Mois = "") -> dict[str, int]:
    """Publie l'état du mois et les totaux par adhérent ; rend le nombre d'adhérents à chaque étape.

    Args:
        mois: le mois de paie, AAAA-MM, par exemple 2026-11 ; vide : le mois courant.
    """
    month = month_of(mois)
    mark("état du mois", month)
    return {str(stage): count for stage, count in count_stages(publish_state(month)).items()}
