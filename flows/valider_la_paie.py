"""Valider la paie : une personne approuve le contenu calculé de chaque adhérent."""

from __future__ import annotations

from functools import partial

from prefect import flow

from flows.travail import EN_PARALLELE, Compte, each_adherent, month_of
from payroll.month.commun import Acte
from payroll.month.valider import approve
from payroll.periods import Month
from payroll.store.registre import Registre


@flow(name="valider-la-paie", flow_run_name="valider {mois}", task_runner=EN_PARALLELE)
def valider_la_paie(
    adherents: list[str], approbateur: str, mois: str | None = None, commentaire: str = ""
) -> list[Compte]:
    """Approuve la paie calculée des adhérents nommés.

    Args:
        adherents: codes des adhérents approuvés ; jamais « tous » par défaut.
        approbateur: identifiant du gestionnaire qui approuve, inscrit au journal.
        mois: le mois de paie, AAAA-MM ; vide pour le mois courant.
        commentaire: exigé s'il manque des bulletins : dit comment ces agents seront payés.
    """
    return each_adherent(
        "valider",
        adherents,
        month_of(mois),
        partial(_approve, approbateur=approbateur, commentaire=commentaire),
    )


def _approve(registre: Registre, code: str, mois: Month, acte: Acte, *, approbateur: str, commentaire: str) -> str:
    paie = approve(registre, code, mois, Acte(approbateur, acte.moment), commentaire=commentaire)
    return f"révision {paie.revision} approuvée par {approbateur}"
