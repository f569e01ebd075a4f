"""Valider la paie : une personne approuve le contenu calculé de chaque adhérent, et le signe."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from prefect import flow

from flows.formulaire import Adherents, Approbateur, CodeUnique, Commentaire, Mois
from flows.signature import recognised
from flows.travail import EN_PARALLELE, TOUS, Compte, each_adherent, month_of, run_name
from payroll.month.autorisations import GesteSigne
from payroll.month.commun import Acte
from payroll.month.valider import approve
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import EtatPaie


@flow(name="valider-la-paie", flow_run_name=run_name("validation", "ceux du code"), task_runner=EN_PARALLELE)
def valider_la_paie(
    adherents: Adherents = TOUS,
    approbateur: Approbateur = "",
    mois: Mois = "",
    commentaire: Commentaire = "",
    code_unique: CodeUnique = "",
) -> list[Compte]:
    """Approuve la paie calculée, au nom d'un gestionnaire.

    Args:
        adherents: un code par ligne, par exemple lubescaux ; aucune ligne : tous ceux pour qui le code a été donné.
        approbateur: l'identifiant de votre compte ; il est inscrit au journal.
        mois: le mois de paie, AAAA-MM, par exemple 2026-11 ; vide : le mois courant.
        commentaire: exigé si un constat bloque ou s'il manque des bulletins ; dit pourquoi on passe outre.
        code_unique: donné par « paie valider --code » contre votre mot de passe, qui ne s'écrit jamais ici.
    """
    month, who = month_of(mois), approbateur.strip()
    contents = recognised(GesteSigne.VALIDER, who, code_unique, month, adherents)
    return each_adherent(
        "validation",
        list(contents),
        month,
        partial(_approve, approbateur=who, commentaire=commentaire, contents=contents),
    )


def _approve(
    registre: Registre,
    code: str,
    mois: Month,
    acte: Acte,
    *,
    approbateur: str,
    commentaire: str,
    contents: Mapping[str, str],
) -> str:
    signed = Acte(approbateur, acte.moment)
    paie = approve(registre, code, mois, signed, commentaire=commentaire, empreinte=contents[code])
    if paie.etat == EtatPaie.CALCULEE:
        return f"premier regard de {approbateur} ; une seconde personne approuve"
    return f"révision {paie.revision} approuvée par {approbateur}"
