"""Lire les retours : les comptes-rendus de net-entreprises deviennent taux de prélèvement et constats."""

from __future__ import annotations

from contextlib import closing
from importlib.metadata import version

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from flows.depot_dsn import AccesDsn, collect_remote, is_active, open_client
from flows.net_entreprises import DepotErreur
from flows.pannes import discreet, worth_retrying
from flows.retours import collect_returns
from flows.travail import acte_de
from payroll.month.commun import GesteRefuse
from payroll.month.retours import RetourRecu
from payroll.settings import Reglages
from payroll.wording import plural


@flow(name="lire-les-retours")
def lire_les_retours() -> int:
    """Lit les retours du dossier de l'agence, et de l'API si elle est réglée ; rend le nombre de nouveaux."""
    received = collect()
    reached = True
    if is_active(Reglages(), AccesDsn()):
        more, reached = collect_api()
        received += more
    new = [item for item in received if item.nouveau]
    log = get_run_logger()
    for item in new:
        log.info("%s : %s", item.nom, item.phrase)
    create_table_artifact(
        key="retours-net-entreprises",
        table=[
            {"fichier": item.nom, "adhérent": item.adherent, "mois": item.mois, "détail": item.phrase} for item in new
        ],
        description=f"Retours de net-entreprises : {plural(len(new), 'nouveau', 'nouveaux')} sur {len(received)}.",
    )
    if not reached:
        raise RuntimeError("net-entreprises n'a pas pu être relevé : voir la tâche ; le dossier, lui, est lu.")
    return len(new)


@task(
    name="lire le dossier",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def collect() -> list[RetourRecu]:
    """Reçoit chaque fichier du dossier, s'il existe ; un fichier fautif n'arrête pas les autres."""
    reglages = Reglages()
    with discreet(), closing(reglages.registre()) as registre:
        return collect_returns(registre, reglages.retours, acte_de(reglages)) if reglages.retours.is_dir() else []


@task(name="relever l'API", cache_policy=NO_CACHE)
def collect_api() -> tuple[list[RetourRecu], bool]:
    """Relève l'API ; ce qui est déjà lu reste lu si elle s'interrompt, et la fois suivante reprend là."""
    reglages, acces = Reglages(), AccesDsn()
    with discreet(), closing(reglages.registre()) as registre:
        try:
            with open_client(reglages, acces, version("paie-a-facon")) as client:
                return collect_remote(registre, client, acces.siret, acte_de(reglages)), True
        except (DepotErreur, GesteRefuse) as error:
            get_run_logger().warning("%s", error)
            return [], False
