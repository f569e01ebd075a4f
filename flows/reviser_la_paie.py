"""Réviser la paie : écrire le classeur de chaque adhérent calculé, et publier ses totaux et ses constats comptés."""

from __future__ import annotations

from prefect import flow

from flows.formulaire import Adherents, Mois
from flows.travail import EN_PARALLELE, TOUS, Compte, chosen, each_adherent, month_of, run_name
from payroll.documents.revision import Niveau
from payroll.money import format_amount
from payroll.month.commun import Acte
from payroll.month.reviser import review_month, write_review
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.registre import Registre
from payroll.wording import plural


@flow(name="reviser-la-paie", flow_run_name=run_name("révision"), task_runner=EN_PARALLELE)
def reviser_la_paie(mois: Mois = "", adherents: Adherents = TOUS) -> list[Compte]:
    """Écrit les classeurs de révision dans le dossier de l'agence ; n'approuve rien.

    Args:
        mois: le mois de paie, AAAA-MM, par exemple 2026-11 ; vide : le mois courant.
        adherents: un code par ligne, par exemple lubescaux ; aucune ligne : tous.
    """
    return each_adherent("révision", chosen(adherents), month_of(mois), _review)


def _review(registre: Registre, code: str, mois: Month, _acte: Acte) -> str:
    facts = review_month(registre, code, mois)
    write_review(facts, Reglages().revisions)
    paid = [agent.apres for agent in facts.agents if agent.apres is not None]
    gap = sum(agent.ecart("net_a_payer") for agent in facts.agents)
    net = format_amount(sum(totals["net_a_payer"] for totals in paid))
    return (
        f"contenu {facts.empreinte[:12]}, {plural(len(paid), 'bulletin')}, net {net} € "
        f"({'+' if gap > 0 else ''}{format_amount(gap)}), {plural(len(facts.of(Niveau.BLOQUANT)), 'constat')} "
        f"à lever, {len(facts.of(Niveau.A_REGARDER))} à regarder"
    )
