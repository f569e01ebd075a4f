"""Ce que les flux partagent : le registre, l'acte, et un compte rendu en français adhérent par adhérent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture, wait
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from flows.pannes import discreet, told, worth_retrying
from payroll.month.commun import Acte, GesteRefuse, adherent_codes
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.registre import Registre
from payroll.wording import plural

_PAR = "prefect"
Adherents = list[str]
TOUS: Adherents = []
"""Une liste vide veut dire tous : dans la page de Prefect, un champ vide se lit mieux qu'un choix de type."""
EN_PARALLELE: Any = ThreadPoolTaskRunner(max_workers=4)
"""Assez pour couvrir les attentes du réseau sans disputer les cœurs au calcul."""


@dataclass(frozen=True, slots=True)
class Compte:
    """Le sort d'un adhérent dans un geste : fait, ou en attente avec la raison."""

    adherent: str
    fait: bool
    phrase: str


Geste = Callable[[Registre, str, Month, Acte], str]


def month_of(mois: str) -> Month:
    """Le mois demandé, ou celui de l'horloge de l'installation."""
    return Month.parse(mois) if mois else Month.of(Reglages().maintenant().date())


def run_name(geste: str) -> Callable[[], str]:
    """Le nom d'une exécution : le geste et son mois, même laissé vide. Que des identifiants."""

    def name() -> str:
        try:
            return f"{geste} {month_of(str(flow_run.parameters.get('mois') or ''))}"
        except ValueError:
            # Prefect nomme avant d'exécuter : c'est le geste qui dira ce que le mois a de fautif.
            return f"{geste} (mois à revoir)"

    return name


def chosen(adherents: Sequence[str]) -> list[str]:
    """Les adhérents demandés, ou tous."""
    if adherents:
        return list(adherents)
    registre = Reglages().registre()
    try:
        return adherent_codes(registre)
    finally:
        registre.close()


def acte_de(reglages: Reglages) -> Acte:
    """L'acte d'un flux : Prefect agit, à l'heure de l'installation."""
    return Acte(_PAR, reglages.maintenant())


def one_gesture(code: str, mois: str, geste: Geste) -> Compte:
    """Fait un geste pour un adhérent ; un refus du registre est une réponse, pas une panne."""
    reglages = Reglages()
    registre = reglages.registre()
    try:
        phrase = geste(registre, code, Month.parse(mois), acte_de(reglages))
    except GesteRefuse as refus:
        return Compte(code, False, refus.message)
    finally:
        registre.close()
    return Compte(code, True, phrase)


@task(
    name="geste",
    task_run_name="{titre} {code}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=worth_retrying,
    # Un geste se refait toujours pour de vrai : le registre, et lui seul, sait ce qui est déjà fait.
    cache_policy=NO_CACHE,
)
def _step(titre: str, code: str, mois: str, geste: Geste) -> Compte:  # noqa: ARG001  (titre nomme l'exécution)
    with discreet():
        return one_gesture(code, mois, geste)


def each_adherent(titre: str, codes: Sequence[str], mois: Month, geste: Geste) -> list[Compte]:
    """Fait un geste pour chaque adhérent, en parallèle ; l'échec de l'un n'arrête pas les autres.

    Rend les comptes dans l'ordre des codes et publie le tableau. Si une tâche tombe en panne après ses reprises, lève
    ``RuntimeError`` une fois tous les autres faits : le flux est rouge, mais rien n'a été laissé de côté.
    """
    log = get_run_logger()
    futures = [_step.submit(titre, code, str(mois), geste) for code in codes]
    wait(futures)
    comptes = [_outcome(code, future) for code, future in zip(codes, futures, strict=True)]
    broken = [code for code, future in zip(codes, futures, strict=True) if not future.state.is_completed()]
    for compte in comptes:
        log.info("%s %s : %s", "fait" if compte.fait else "en attente", compte.adherent, compte.phrase)
    publish(titre, mois, comptes)
    if broken:
        raise RuntimeError(f"{titre} : {plural(len(broken), 'adhérent')} en panne ({', '.join(broken)})")
    return comptes


def _outcome(code: str, future: PrefectFuture[Compte]) -> Compte:
    result = future.result(raise_on_failure=False)
    return result if isinstance(result, Compte) else Compte(code, False, told(result))


def publish(titre: str, mois: Month, comptes: Sequence[Compte]) -> None:
    """Publie le compte rendu d'un geste dans Prefect : des codes d'adhérents, aucun nom, aucun montant d'agent."""
    done = sum(compte.fait for compte in comptes)
    create_table_artifact(
        key=f"{titre.replace(' ', '-').replace('é', 'e').replace('ô', 'o')}-{mois}",
        table=[
            {"adhérent": compte.adherent, "état": "fait" if compte.fait else "en attente", "détail": compte.phrase}
            for compte in comptes
        ],
        description=f"{titre.capitalize()}, {mois.libelle} : {plural(done, 'adhérent')} sur {len(comptes)}.",
    )
