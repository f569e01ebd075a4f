"""Déclarer et restituer : produire la DSN des paies validées, puis rendre à chaque adhérent son dossier."""

from __future__ import annotations

from functools import partial

from prefect import flow

from flows.formulaire import Adherents, Confirmation, Mois
from flows.transport import deliver_alone
from flows.travail import EN_PARALLELE, TOUS, Compte, chosen, each_adherent, month_of, run_name
from payroll.month.commun import Acte
from payroll.month.declarer import declare_month
from payroll.month.restituer import produce_documents
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.registre import Registre
from payroll.wording import plural


@flow(name="declarer-et-restituer", flow_run_name=run_name("déclaration et restitution"), task_runner=EN_PARALLELE)
def declarer_et_restituer(
    mois: Mois = "", adherents: Adherents = TOUS, confirmation: Confirmation = ""
) -> list[Compte]:
    """Produit la DSN contrôlée, les bulletins et le journal, et les dépose dans le dossier de retour.

    Args:
        mois: le mois de paie, AAAA-MM, par exemple 2026-11 ; vide : le mois courant.
        adherents: un code par ligne ; aucune ligne : tous ceux dont la paie est validée.
        confirmation: en production, qui a lu les lignes douteuses et sur quelle foi ; inscrit au journal.
    """
    return each_adherent(
        "déclaration et restitution",
        chosen(adherents),
        month_of(mois),
        partial(_declare_and_return, confirmation=confirmation),
    )


def _declare_and_return(registre: Registre, code: str, mois: Month, acte: Acte, *, confirmation: str) -> str:
    declared = declare_month(registre, code, mois, acte, Reglages().declarant(mois), confirmation=confirmation)
    reglages = Reglages()
    paiement = reglages.date_paiement(mois)
    produce_documents(registre, code, mois, acte, date_paiement=paiement, contact=reglages.contact)
    count = deliver_alone(registre, code, acte)
    deposited = plural(count, "document déposé", "documents déposés")
    return f"DSN {declared.norme} ({plural(len(declared.anomalies), 'remarque')}), {deposited}"
