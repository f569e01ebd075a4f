"""La campagne : relever, préparer, puis déclarer et restituer ce qui est validé. La validation reste une personne."""

from __future__ import annotations

from prefect import flow

from flows.declarer_et_restituer import declarer_et_restituer
from flows.formulaire import Adherents, Mois
from flows.preparer_la_paie import preparer_la_paie
from flows.processus import several
from flows.relever_le_depot import relever_le_depot
from flows.travail import TOUS, Compte, month_of, run_name
from payroll.wording import plural


@flow(name="campagne", flow_run_name=run_name("campagne"))
def campagne(mois: Mois = "", adherents: Adherents = TOUS) -> list[Compte]:
    """Fait avancer le mois d'un pas pour chaque adhérent, aussi loin que son état le permet.

    Args:
        mois: le mois de paie, AAAA-MM, par exemple 2026-11 ; vide : le mois courant.
        adherents: un code par ligne, par exemple lubescaux ; aucune ligne : tous.
    """
    month = str(month_of(mois))
    # Une panne d'un geste n'arrête pas les suivants : les autres adhérents avancent, le flux finit rouge.
    with several():
        steps = [
            flow_(month, adherents, return_state=True)
            for flow_ in (relever_le_depot, preparer_la_paie, declarer_et_restituer)
        ]
    broken = [state for state in steps if not state.is_completed()]
    if broken:
        raise RuntimeError(f"campagne {month} : {plural(len(broken), 'geste')} en panne, voir leur compte rendu")
    return steps[-1].result()
