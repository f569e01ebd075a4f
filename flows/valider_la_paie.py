"""Valider la paie : une personne approuve le contenu calculé de chaque adhérent."""

from __future__ import annotations

from functools import partial

from prefect import flow

from flows.travail import EN_PARALLELE, Compte, each_adherent, month_of, run_name
from payroll.month.commun import Acte
from payroll.month.valider import approve
from payroll.periods import Month
from payroll.store.registre import Registre


@flow(name="valider-la-paie", flow_run_name=run_name("valider"), task_runner=EN_PARALLELE)
def valider_la_paie(adherents: list[str], approbateur: str, mois: str = "", commentaire: str = "") -> list[Compte]:
    """Approuve la paie calculée des adhérents nommés.

    Args:
        adherents: codes des adhérents approuvés ; jamais « tous » par défaut.
        approbateur: identifiant du gestionnaire qui approuve, inscrit au journal.
        mois: le mois de paie, AAAA-MM ; vide pour le mois courant.
        commentaire: exigé s'il manque des bulletins : dit comment ces agents seront payés.
    """
    # La page de Prefect laisse soumettre un champ exigé mais vide.
    if not adherents or not approbateur.strip():
        raise ValueError("Nommez les adhérents à valider et le gestionnaire qui approuve : rien n'a été validé.")
    return each_adherent(
        "valider",
        adherents,
        month_of(mois),
        partial(_approve, approbateur=approbateur, commentaire=commentaire),
    )


def _approve(registre: Registre, code: str, mois: Month, acte: Acte, *, approbateur: str, commentaire: str) -> str:
    paie = approve(registre, code, mois, Acte(approbateur, acte.moment), commentaire=commentaire)
    return f"révision {paie.revision} approuvée par {approbateur}"
