"""La campagne : relever, préparer, puis déclarer et restituer ce qui est validé. La validation reste une personne."""

from __future__ import annotations

from prefect import flow

from flows.declarer_et_restituer import declarer_et_restituer
from flows.preparer_la_paie import preparer_la_paie
from flows.relever_le_depot import relever_le_depot
from flows.travail import Compte, month_of


@flow(name="campagne", flow_run_name="campagne {mois}")
def campagne(mois: str | None = None, adherents: list[str] | None = None) -> list[Compte]:
    """Fait avancer le mois d'un pas pour chaque adhérent, aussi loin que son état le permet.

    Args:
        mois: le mois de paie, AAAA-MM ; vide pour le mois courant.
        adherents: codes d'adhérents ; vide pour tous.
    """
    month = str(month_of(mois))
    relever_le_depot(month, adherents)
    preparer_la_paie(month, adherents)
    return declarer_et_restituer(month, adherents)
