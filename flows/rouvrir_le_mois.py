"""Rouvrir le mois d'un adhérent : une personne revient sur une approbation ou une clôture, dit pourquoi, et signe."""

from __future__ import annotations

from functools import partial

from prefect import flow

from flows.formulaire import Adherents, Approbateur, CodeUnique, Mois, Motif
from flows.signature import recognised
from flows.travail import TOUS, Compte, each_adherent, month_of, run_name
from payroll.month.autorisations import GesteSigne
from payroll.month.commun import Acte
from payroll.month.rouvrir import reopen_month
from payroll.periods import Month
from payroll.store.registre import Registre


@flow(name="rouvrir-le-mois", flow_run_name=run_name("réouverture", "ceux du code"))
def rouvrir_le_mois(
    adherents: Adherents = TOUS,
    approbateur: Approbateur = "",
    motif: Motif = "",
    mois: Mois = "",
    code_unique: CodeUnique = "",
) -> list[Compte]:
    """Rouvre une paie validée (elle redevient calculée) ou close (elle redevient restituée).

    Args:
        adherents: un code par ligne, par exemple lubescaux ; aucune ligne : tous ceux pour qui le code a été donné.
        approbateur: l'identifiant de votre compte ; il est inscrit au journal.
        motif: la raison, qui reste au journal ; sans nom d'agent.
        mois: le mois de paie, AAAA-MM, par exemple 2026-11 ; vide : le mois courant.
        code_unique: donné par « paie rouvrir --code » contre votre mot de passe, qui ne s'écrit jamais ici.
    """
    month, who = month_of(mois), approbateur.strip()
    contents = recognised(GesteSigne.ROUVRIR, who, code_unique, month, adherents)
    return each_adherent("réouverture", list(contents), month, partial(_reopen, who=who, motif=motif))


def _reopen(registre: Registre, code: str, mois: Month, acte: Acte, *, who: str, motif: str) -> str:
    paie = reopen_month(registre, code, mois, Acte(who, acte.moment), motif=motif)
    return f"mois rouvert par {who}, paie {paie.etat}"
