"""Ce que les flux partagent : le registre, l'acte, et un compte rendu en français adhérent par adhérent."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from prefect import get_client, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.futures import wait
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from flows.affichage import state_text, totals_text
from flows.lots import by_lots
from flows.pannes import discreet, told, worth_retrying
from flows.processus import Avant, Processus
from payroll.month.avancement import Avancement, read_progress
from payroll.month.commun import Acte, GesteRefuse, adherent_codes
from payroll.month.echeances import PARIS
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.registre import Registre
from payroll.wording import plural

_PAR = "prefect"
TOUS: list[str] = []
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


def today() -> date:
    """Le jour qu'il est à l'agence."""
    return Reglages().maintenant().astimezone(PARIS).date()


def run_name(geste: str, tous: str = "tous les adhérents") -> Callable[[], str]:
    """Le nom d'une exécution : « 2026-11 · calcul · 40 adhérents » ; le mois d'abord, pour que la liste se trie.

    Que des identifiants. ``tous`` : comment dire une liste d'adhérents laissée vide.
    """

    def name() -> str:
        given = flow_run.parameters.get("adherents") or []
        codes = given if isinstance(given, list) else [given]
        who = tous if not codes else str(codes[0]) if len(codes) == 1 else f"{len(codes)} adhérents"
        try:
            return f"{month_of(str(flow_run.parameters.get('mois') or ''))} · {geste} · {who}"
        except ValueError:
            # Prefect nomme avant d'exécuter : c'est le geste qui dira ce que le mois a de fautif.
            return f"mois à revoir · {geste} · {who}"

    return name


def mark(geste: str, mois: Month) -> None:
    """Ajoute à l'exécution en cours l'étiquette de son mois et celle de son geste : la page de Prefect y filtre."""
    with get_client(sync_client=True) as client:
        client.update_flow_run(UUID(flow_run.get_id()), tags=sorted({*flow_run.get_tags(), str(mois), geste}))


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
    """Fait un geste pour un adhérent, registre ouvert pour lui seul."""
    with closing(Reglages().registre()) as registre:
        return act(registre, code, mois=mois, geste=geste)


def act(registre: Registre, code: str, *, mois: str, geste: Geste) -> Compte:
    """Fait un geste pour un adhérent ; un refus du registre est une réponse, pas une panne."""
    try:
        phrase = geste(registre, code, Month.parse(mois), acte_de(Reglages()))
    except GesteRefuse as refus:
        return Compte(code, False, refus.message)
    return Compte(code, True, phrase)


@task(
    name="geste",
    task_run_name="{titre} · {code}",
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=worth_retrying,
    # Un geste se refait toujours pour de vrai : le registre, et lui seul, sait ce qui est déjà fait.
    cache_policy=NO_CACHE,
)
def _step(titre: str, code: str, mois: str, geste: Geste) -> Compte:  # noqa: ARG001  (titre nomme l'exécution)
    with discreet():
        return one_gesture(code, mois, geste)


def each_adherent(
    titre: str, codes: Sequence[str], mois: Month, geste: Geste, *, calme: str = "", avant: Avant | None = None
) -> list[Compte]:
    """Fait un geste pour chaque adhérent, en parallèle ; l'échec de l'un n'arrête pas les autres.

    Rend les comptes dans l'ordre des codes, publie leur tableau et l'état du mois. ``calme`` : la phrase d'un adhérent
    à qui rien n'est arrivé ; si tous l'ont, l'état n'est pas publié de nouveau. ``avant`` : ce qu'une grande campagne
    fait d'avance pour tout un lot. Si une tâche tombe en panne après ses reprises, lève ``RuntimeError`` une fois tous
    les autres faits : le flux est rouge, rien n'est laissé de côté.
    """
    log = get_run_logger()
    mark(titre, mois)
    results = _results(titre, codes, mois, geste, avant)
    comptes = [_outcome(code, result) for code, result in zip(codes, results, strict=True)]
    broken = [code for code, result in zip(codes, results, strict=True) if not isinstance(result, Compte)]
    for compte in comptes:
        log.info("%s %s : %s", "fait" if compte.fait else "en attente", compte.adherent, compte.phrase)
    publish(titre, mois, comptes)
    if broken or any(compte.phrase != calme for compte in comptes):
        publish_state(mois)
    if broken:
        raise RuntimeError(f"{titre} : {plural(len(broken), 'adhérent')} en panne ({', '.join(broken)})")
    return comptes


def _results(titre: str, codes: Sequence[str], mois: Month, geste: Geste, avant: Avant | None) -> list[Any]:
    """Le compte de chaque adhérent, ou la panne qui l'a arrêté : une tâche chacun, ou un lot chacune au-delà."""
    if len(codes) > Processus().seuil:
        return by_lots(titre, codes, partial(act, mois=str(mois), geste=geste), avant)
    futures = [_step.submit(titre, code, str(mois), geste) for code in codes]
    wait(futures)
    return [future.result(raise_on_failure=False) for future in futures]


def _outcome(code: str, result: object) -> Compte:
    return result if isinstance(result, Compte) else Compte(code, False, told(result))


def publish(titre: str, mois: Month, comptes: Sequence[Compte]) -> None:
    """Publie le compte rendu d'un geste dans Prefect : des codes d'adhérents, aucun nom, aucun montant d'agent."""
    done = sum(compte.fait for compte in comptes)
    create_table_artifact(
        key=f"{slug(titre)}-{mois}",
        table=[
            {"adhérent": compte.adherent, "état": "fait" if compte.fait else "en attente", "détail": compte.phrase}
            for compte in comptes
        ],
        description=f"{titre.capitalize()}, {mois.libelle} : {plural(done, 'adhérent')} sur {len(comptes)}.",
    )


def publish_state(mois: Month) -> list[Avancement]:
    """Publie l'état du mois et les totaux, sous les clés ``etat-du-mois-AAAA-MM`` et ``totaux-AAAA-MM``."""
    reglages = Reglages()
    with discreet(), closing(reglages.registre()) as registre:
        rows = read_progress(registre, mois)
    create_markdown_artifact(
        key=f"etat-du-mois-{mois}",
        markdown=state_text(mois, rows, reglages.echeances(mois), today()),
        description=f"Où en est chaque adhérent, {mois.libelle}.",
    )
    create_markdown_artifact(
        key=f"totaux-{mois}",
        markdown=totals_text(mois, rows),
        description=f"Bulletins, brut, net à payer et coût par adhérent, {mois.libelle}.",
    )
    return rows


def slug(text: str) -> str:
    """Un titre réduit à ce qu'une clé d'artefact admet.

    >>> slug("déclaration et dépôt")
    'declaration-et-depot'
    """
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower().replace(" ", "-")
