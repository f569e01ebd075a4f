"""Lire les retours : les comptes-rendus de net-entreprises deviennent taux de prélèvement et constats."""

from __future__ import annotations

from contextlib import closing

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from flows.pannes import discreet, worth_retrying
from flows.retours import collect_returns
from flows.travail import acte_de
from payroll.month.retours import RetourRecu
from payroll.settings import Reglages
from payroll.wording import plural


@flow(name="lire-les-retours")
def lire_les_retours() -> int:
    """Lit le dossier des retours de l'agence ; rend le nombre de retours nouveaux. Sans effet sur ceux déjà reçus."""
    received = collect()
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
    return len(new)


@task(
    name="lire le dossier",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
)
def collect() -> list[RetourRecu]:
    """Reçoit chaque fichier du dossier ; un fichier fautif n'arrête pas les autres."""
    reglages = Reglages()
    with discreet(), closing(reglages.registre()) as registre:
        return collect_returns(registre, reglages.retours, acte_de(reglages))
