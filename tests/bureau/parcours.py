"""Toutes les pages du bureau, telles que l'application les sert : une page ajoutée entre d'office dans les essais."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi.routing import APIRoute

from desk.bureau.pages import ROUTES

PERSONNELLES = ("/connexion", "/deconnexion", "/mon-compte", "/rapport-csp")
"""Ce que toute personne fait pour elle-même, quel que soit son rôle."""
VALEURS = {
    "code": "lubescaux",
    "matricule": "LB001",
    "rubrique": "traitement",
    "identifiant": "g.pin",
}
_PARAMETRE = re.compile(r"\{(\w+)(?::\w+)?\}")


@dataclass(frozen=True)
class Page:
    """Une méthode et la forme d'une adresse."""

    methode: str
    forme: str

    def adresse(self, **valeurs: str) -> str:
        """L'adresse, ses paramètres remplis ; « 1 » pour ce qui n'est pas nommé."""
        filled = {**VALEURS, **valeurs}
        return _PARAMETRE.sub(lambda found: filled.get(found[1], "1"), self.forme)

    @property
    def parametres(self) -> set[str]:
        return set(_PARAMETRE.findall(self.forme))

    @property
    def personnelle(self) -> bool:
        return self.forme.startswith(PERSONNELLES)

    def __str__(self) -> str:
        return f"{self.methode} {self.forme}"


def pages(methode: str) -> Iterator[Page]:
    """Toutes les pages de cette méthode."""
    for routeur in ROUTES:
        for route in routeur.routes:
            if isinstance(route, APIRoute) and methode in route.methods:
                yield Page(methode, route.path)
