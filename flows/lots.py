"""Les grandes campagnes vues de Prefect : une tâche par lot d'adhérents, menée dans un autre processus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture, wait

from flows.pannes import worth_retrying
from flows.processus import Agir, Avant, Processus, elsewhere, several


@task(
    name="lot",
    task_run_name="{titre} · {premier} à {dernier}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=worth_retrying,
    # Un geste se refait toujours pour de vrai : le registre, et lui seul, sait ce qui est déjà fait.
    cache_policy=NO_CACHE,
)
def _lot(titre: str, premier: str, dernier: str, codes: list[str], act: Agir, avant: Avant | None) -> list[Any]:  # noqa: ARG001  (ils nomment l'exécution)
    return elsewhere(codes, act, avant)


def by_lots(titre: str, codes: Sequence[str], act: Agir, avant: Avant | None = None) -> list[Any]:
    """Joue un geste pour chaque adhérent, par lots ; dans l'ordre des codes, ce qu'il rend ou ce qui l'a arrêté.

    Une tâche par lot et non par adhérent : Prefect en inscrit l'état quatre fois, soit 16 ms et quatre requêtes.
    """
    size = Processus().lot
    lots = [list(codes[start : start + size]) for start in range(0, len(codes), size)]
    with several():
        futures = [_lot.submit(titre, lot[0], lot[-1], lot, act, avant) for lot in lots]
        wait(futures)
    return [result for lot, future in zip(lots, futures, strict=True) for result in _results(lot, future)]


def _results(lot: list[str], future: PrefectFuture[list[Any]]) -> list[Any]:
    result = future.result(raise_on_failure=False)
    return result if isinstance(result, list) else [result] * len(lot)
