"""Le fil entre le dossier des retours de net-entreprises et le registre, sans Prefect.

Rien n'y est déplacé ni effacé : l'empreinte dit ce qui est déjà reçu, la relève se refait sans effet.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dsn.retours.lecture import TAILLE_MAX
from payroll.month.commun import Acte, GesteRefuse
from payroll.month.retours import RetourRecu, receive_return
from payroll.store.registre import Registre


def collect_returns(registre: Registre, folder: Path, acte: Acte) -> list[RetourRecu]:
    """Reçoit chaque retour du dossier, par nom ; lève :class:`GesteRefuse` si le dossier n'existe pas."""
    if not folder.is_dir():
        raise GesteRefuse(
            f"Le dossier des retours « {folder} » n'existe pas : créez-le, ou réglez PAIE_DOSSIER_RETOURS "
            "(docs/installation.md)."
        )
    return [receive_return(registre, path.name, _bounded(path), acte) for path in _files(folder)]


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        # Un lien pourrait mener hors du dossier ; un nom en point est un téléchargement en cours.
        if path.suffix.lower() == ".xml" and not path.name.startswith(".") and path.is_file() and not path.is_symlink():
            yield path


def _bounded(path: Path) -> bytes:
    """Le contenu, coupé juste au-delà de la limite : la lecture le refusera par sa taille, sans l'avoir tout chargé."""
    with path.open("rb") as stream:
        return stream.read(TAILLE_MAX + 1)
