"""Les pannes d'un geste : dites en français, sans donnée personnelle, et réessayées seulement si cela peut servir.

Le texte d'une exception étrangère peut citer ce qu'elle manipulait (la base cite les valeurs d'une requête) : Prefect
le garderait dans sa base et ses journaux. On n'en retient que la nature et l'endroit du programme.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import OperationalError

from payroll.pannes import whereabouts
from sftp_drop.errors import DropError, TransientError


class Panne(RuntimeError):  # noqa: N818  (mot du métier)
    """Un geste interrompu par un défaut : le refaire tel quel donnerait la même chose."""


class Coupure(Panne):
    """Un geste interrompu par la machine (base occupée, disque, réseau) : le refaire peut suffire."""


@contextmanager
def discreet() -> Iterator[None]:
    """Remplace toute exception étrangère par une panne qui ne dit que sa nature et l'endroit du programme."""
    try:
        yield
    except DropError:
        raise  # ses phrases sont les nôtres et ne citent aucun nom de fichier
    except (OperationalError, OSError) as error:
        raise Coupure(whereabouts(error)) from None
    except Exception as error:
        raise Panne(whereabouts(error)) from None


def worth_retrying(_task: Any, _run: Any, state: Any) -> bool:
    """Vrai pour ce qu'une seconde tentative peut guérir ; un défaut du programme échoue aussitôt."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, TransientError | Coupure)


def told(error: object) -> str:
    """La panne telle que le compte rendu la dit au gestionnaire."""
    if isinstance(error, DropError):
        return f"panne du dépôt : {error} ; relancez ensuite le geste"
    if isinstance(error, Coupure):
        return "panne de la machine (base, disque ou réseau) : relancez le geste"
    return "panne : voir la tâche, puis relancer le geste"
