"""Relever le dépôt : prendre les fichiers déposés, les lire, répondre par un accusé de réception."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.formulaire import Adherents, Mois
from flows.lots import by_lots
from flows.pannes import discreet, worth_retrying
from flows.processus import Processus, several
from flows.transport import collect_alone, drop_connection, look_ahead, look_alone, look_at, take_ahead
from flows.travail import EN_PARALLELE, TOUS, Compte, acte_de, chosen, each_adherent, month_of, run_name
from payroll.month.commun import Acte
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.registre import Registre


@flow(name="relever-le-depot", flow_run_name=run_name("relève"), task_runner=EN_PARALLELE)
def relever_le_depot(mois: Mois = "", adherents: Adherents = TOUS) -> list[Compte]:
    """Relève le dépôt de chaque adhérent et répond à chaque fichier.

    Args:
        mois: le mois affiché dans le compte rendu, AAAA-MM ; chaque fichier dit lui-même son mois.
        adherents: un code par ligne, par exemple lubescaux ; aucune ligne : tous.
    """
    codes = chosen(adherents)
    if len(codes) > Processus().seuil:
        with several():
            by_lots("premier regard", codes, _look, look_ahead)
            time.sleep(Reglages().pause_entre_regards)
            return each_adherent(
                "relève", codes, month_of(mois), _collect, calme="rien de nouveau", avant=_take_together
            )
    first_look(codes)
    return each_adherent("relève", codes, month_of(mois), _collect, calme="rien de nouveau")


@task(
    name="premier regard",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def first_look(codes: list[str]) -> None:
    """Regarde tous les dépôts, puis attend : un fichier encore en cours d'envoi se reconnaît au second regard."""
    reglages = Reglages()
    with discreet(), closing(reglages.registre()) as registre, drop_connection() as client:
        look_at(registre, client, codes, acte_de(reglages))
    time.sleep(reglages.pause_entre_regards)


def _look(registre: Registre, code: str) -> None:
    look_alone(registre, code, acte_de(Reglages()))


def _take_together(registre: Registre, codes: Sequence[str]) -> None:
    take_ahead(registre, codes, acte_de(Reglages()))


def _collect(registre: Registre, code: str, _mois: Month, acte: Acte) -> str:
    return collect_alone(registre, code, acte).phrase
