"""Déposer les déclarations : les messages déclarés et les signalements vont au dossier de l'agence, ou par l'API."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version

from prefect import flow

from flows.depot_dsn import AccesDsn, deposit_all, open_client
from flows.formulaire import Adherents, Voie
from flows.net_entreprises import DepotErreur
from flows.travail import TOUS, Compte, chosen, each_adherent, month_of, run_name
from payroll.month.commun import Acte, GesteRefuse, find_adherent
from payroll.month.deposer import enroll_sendings, place_sendings
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.registre import Registre
from payroll.wording import plural


@flow(name="deposer-les-declarations", flow_run_name=run_name("dépôt des DSN"))
def deposer_les_declarations(adherents: Adherents = TOUS, voie: Voie = "dossier") -> list[Compte]:
    """Pose dans le dossier des déclarations chaque message prêt, et le dépose par l'API si on le demande.

    Args:
        adherents: un code par ligne, par exemple lubescaux ; aucune ligne : tous.
        voie: « dossier » pose seulement les messages ; « api » les dépose aussi sur net-entreprises, en production.
    """
    return each_adherent("dépôt des DSN", chosen(adherents), month_of(""), partial(_deposit, api=voie == "api"))


def _deposit(registre: Registre, code: str, _mois: Month, acte: Acte, *, api: bool) -> str:
    reglages = Reglages()
    enroll_sendings(registre, code, acte)
    placed = place_sendings(registre, code, reglages.declarations, acte)
    told = plural(len(placed), "message posé", "messages posés")
    if not api:
        return told
    with registre.transaction() as session:
        siret = find_adherent(session, code).siret
    try:
        with open_client(reglages, AccesDsn(), version("paie-a-facon")) as client:
            phrases = deposit_all(registre, client, code, siret, acte)
    except DepotErreur as error:
        raise GesteRefuse(str(error)) from None
    return " ; ".join([told, *phrases])
