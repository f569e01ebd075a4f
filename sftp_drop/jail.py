"""La prison : traduire un chemin demandé par un client en un endroit du disque, ou le refuser.

Tout chemin est d'abord normalisé à l'intérieur de la prison (« .. » ne remonte jamais au-dessus de sa racine), puis
suivi composant par composant : un lien symbolique, où qu'il soit, est un refus.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sftp_drop import layout


class RefusedError(Exception):
    """Le chemin ou le geste n'est pas permis : le client reçoit « permission refusée »."""


@dataclass(frozen=True, slots=True)
class Place:
    """Un endroit permis : son chemin sur le disque, la zone, et les noms sous la zone."""

    real: Path
    code: str
    """Code de la prison ; vide à la racine du service."""
    zone: str
    """``depot``, ``retour``, ou vide au-dessus d'elles."""
    inside: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.inside[-1]


def normalise(chemin: str) -> tuple[str, ...]:
    """Les composants du chemin ramené dans la prison ; ``RefusedError`` pour un caractère de commande."""
    if any(ord(caractere) < 32 or ord(caractere) == 127 for caractere in chemin):
        raise RefusedError
    propres: list[str] = []
    for composant in chemin.split("/"):
        if composant == "..":
            del propres[-1:]
        elif composant not in {"", "."}:
            propres.append(composant)
    return tuple(propres)


@dataclass(frozen=True, slots=True)
class Jail:
    """Ce qu'un compte voit et ce qu'il peut y faire ; ``code`` est ``None`` pour le compte de service."""

    root: Path
    code: str | None
    codes: Collection[str]

    @property
    def service(self) -> bool:
        return self.code is None

    def locate(self, chemin: str) -> Place:
        """L'endroit que désigne ce chemin ; ``RefusedError`` s'il sort de la prison ou passe par un lien."""
        composants = normalise(chemin)
        if self.code is None:
            if not composants:
                return Place(self.root, "", "", ())
            code, reste = composants[0], composants[1:]
            if code not in self.codes:
                raise RefusedError
        else:
            code, reste = self.code, composants
        base = self.root / code
        if not reste:
            return Place(base, code, "", ())
        zone, inside = reste[0], reste[1:]
        if zone not in {layout.DEPOT, layout.RETOUR} or any(map(layout.is_partial, inside)):
            raise RefusedError
        if not self.service and zone == layout.RETOUR and any(nom.startswith(".") for nom in inside):
            # Les noms à point de retour/ sont les envois en cours du service.
            raise RefusedError
        return Place(self._without_link(base, reste), code, zone, inside)

    def may_write(self, place: Place) -> bool:
        """Vrai si le compte peut créer, remplacer, renommer ou effacer à cet endroit."""
        if not place.inside or len(place.name.encode()) > 255 - len(layout.partial_name("", 99)):
            return False
        if self.service:
            return place.inside != (layout.PRIS,) or place.zone != layout.DEPOT
        # L'adhérent écrit à plat dans depot/ ; depot/pris, l'archive de l'agence, lui est en lecture seule.
        return place.zone == layout.DEPOT and len(place.inside) == 1 and place.name != layout.PRIS

    def may_make_folder(self, place: Place) -> bool:
        """Vrai si le compte peut créer ou ôter ce dossier : le service seul."""
        return self.service and self.may_write(place)

    def shows(self, dossier: Place, nom: str) -> bool:
        """Vrai si ce nom paraît dans la liste du dossier."""
        if layout.is_partial(nom):
            return False
        if dossier.zone == "":
            return nom in (self.codes if dossier.code == "" else {layout.DEPOT, layout.RETOUR})
        return self.service or dossier.zone != layout.RETOUR or not nom.startswith(".")

    @staticmethod
    def _without_link(base: Path, composants: tuple[str, ...]) -> Path:
        courant = base
        for rang, composant in enumerate(composants):
            courant = courant / composant
            try:
                mode = os.lstat(courant).st_mode
            except FileNotFoundError:
                # Le reste n'existe pas encore : rien à suivre, donc rien à craindre.
                return courant.joinpath(*composants[rang + 1 :])
            if stat.S_ISLNK(mode):
                raise RefusedError
        return courant
