"""Plusieurs processus pour une grande campagne : calcul et rendu occupent un cœur, un fil de plus n'y change rien.

Un lot d'adhérents part vers un processus, qui ouvre une fois le registre et une fois le dépôt, joue le geste pour
chacun et rend leur sort dans l'ordre. Rien ici n'appelle Prefect : lui reste dans le processus du flux.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from flows.pannes import Coupure, Panne, discreet
from flows.transport import one_session
from payroll.settings import Reglages
from payroll.store.registre import Registre
from sftp_drop.errors import DropError, TransientError

Agir = Callable[[Registre, str], Any]
"""Ce qu'un geste fait d'un adhérent ; il change de processus : une fonction de module, ou un ``partial``."""

Avant = Callable[[Registre, Sequence[str]], None]
"""Ce qui se fait d'avance pour tout un lot, quand un seul échange avec le dépôt peut servir à tous."""

PAUSES = (2, 10)
"""Secondes avant de reprendre un adhérent qu'une panne passagère a arrêté."""


class Processus(BaseSettings):
    """La taille des campagnes, lue dans l'environnement (préfixe ``PAIE_``)."""

    model_config = SettingsConfigDict(env_prefix="PAIE_", env_file=".env", extra="ignore")

    processus: int = Field(default=0, ge=0)
    """Processus de calcul d'un flux ; 0 : autant que de cœurs."""
    lot: int = Field(default=10, ge=1)
    """Adhérents par lot : assez pour amortir une connexion (0,1 s), assez peu pour bien remplir les cœurs à la fin."""
    seuil: int = Field(default=20, ge=0)
    """Jusqu'à ce nombre d'adhérents, tout reste dans le processus du flux : démarrer les autres prend cinq secondes."""

    @property
    def count(self) -> int:
        """Le nombre de processus à ouvrir."""
        return self.processus or os.cpu_count() or 1


class _Bassin:
    """Les processus ouverts, partagés par les gestes imbriqués d'une campagne."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.pool: ProcessPoolExecutor | None = None

    def submit(self, *work: Any) -> Any:
        with self.lock:
            if self.pool is None:
                # spawn : un enfant né d'une copie hériterait des verrous et des connexions ouvertes du flux.
                context = multiprocessing.get_context("spawn")
                self.pool = ProcessPoolExecutor(Processus().count, mp_context=context)
            pool = self.pool
        try:
            return pool.submit(*work).result()
        except BrokenProcessPool:
            # Un processus tué (mémoire, machine) condamne le bassin : le lot sera repris dans un neuf.
            self.close(pool)
            raise

    def close(self, pool: ProcessPoolExecutor | None) -> None:
        with self.lock:
            if self.pool is pool:
                self.pool = None
        if pool is not None:
            pool.shutdown(wait=True)


_BASSIN = _Bassin()


@contextmanager
def several() -> Iterator[None]:
    """Garde les processus ouverts tout le bloc ; ils se ferment à la sortie du bloc le plus large."""
    with _BASSIN.lock:
        _BASSIN.users += 1
    try:
        yield
    finally:
        with _BASSIN.lock:
            _BASSIN.users -= 1
            last = not _BASSIN.users
        if last:
            _BASSIN.close(_BASSIN.pool)


def elsewhere(codes: Sequence[str], act: Agir, avant: Avant | None = None) -> list[Any]:
    """Joue le geste pour ces adhérents dans un autre processus ; ``Coupure`` si ce processus meurt en route.

    Rend, dans l'ordre des codes, ce qu'a rendu le geste, ou l'exception (discrète) qui l'a arrêté.
    """
    settings = {name: value for name, value in os.environ.items() if name.startswith("PAIE_")}
    try:
        return list(_BASSIN.submit(run, settings, list(codes), act, avant))
    except BrokenProcessPool:
        raise Coupure("un processus de calcul s'est arrêté") from None


def run(settings: dict[str, str], codes: Sequence[str], act: Agir, avant: Avant | None = None) -> list[Any]:
    """Le travail d'un lot, dans le processus qui l'a reçu, sous les réglages du flux qui l'envoie."""
    for name in [name for name in os.environ if name.startswith("PAIE_")]:
        del os.environ[name]
    os.environ.update(settings)
    with discreet(), one_session():
        registre = _OUVERT.of(settings)
        if avant is not None:
            # Une panne de ce qui se fait d'avance n'en est pas une : chaque adhérent le refera, et dira la sienne.
            with suppress(DropError, Panne), discreet():
                avant(registre, codes)
        found = [_attempted(registre, code, act) for code in codes]
    _freeze()
    return found


class _Ouvert:
    """Le registre de ce processus, ouvert une fois pour tous ses lots.

    L'ouvrir à chaque lot laissait à SQLAlchemy, qui garde les ordres par connexion, 1,8 Mio qu'il ne rend pas : 690 Mio
    par processus à 600 adhérents.
    """

    def __init__(self) -> None:
        self.settings: dict[str, str] = {}
        self.registre: Registre | None = None

    def of(self, settings: dict[str, str]) -> Registre:
        """Le registre que ces réglages désignent ; d'autres réglages ferment celui d'avant."""
        if self.registre is None or self.settings != settings:
            if self.registre is not None:
                self.registre.close()
            self.registre, self.settings = Reglages().registre(), settings
        return self.registre


_OUVERT = _Ouvert()
_BEAUCOUP = 20_000
"""Objets nouveaux et durables à partir desquels un lot a chargé de la loi, du catalogue ou de la norme."""


def _freeze() -> None:
    """Sort du ramasse-miettes ce qu'un lot vient de charger et qui ne bougera plus : la loi, le catalogue, la norme.

    Il les relisait tous plusieurs fois par adhérent : 68 ms de processeur chacun, 24 ainsi. Ce qu'un lot laisse
    d'ordinaire n'en sort pas : ce serait ne jamais le rendre.
    """
    gc.collect()
    if len(gc.get_objects()) > _BEAUCOUP:
        gc.freeze()


def _attempted(registre: Registre, code: str, act: Agir) -> Any:
    for pause in (*PAUSES, None):
        try:
            with discreet():
                return act(registre, code)
        except (TransientError, Coupure) as error:
            if pause is None:
                return error
            time.sleep(pause)
        except (DropError, Panne) as error:
            # La panne de l'un n'arrête pas les autres : le flux la dira à la fin.
            return error
    raise AssertionError
