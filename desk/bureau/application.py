"""L'assemblage du bureau : réglages, pages, fichiers fixes, enceinte et pages d'erreur."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from desk.bureau import erreurs
from desk.bureau.affichage import ICI, MONDES, gabarits
from desk.bureau.demande import Bureau
from desk.bureau.gardes import Enceinte
from desk.bureau.pages import NAVIGATION, ROUTES
from desk.bureau.reglages import ReglagesBureau
from payroll.settings import Environnement, Reglages

TEMOIN = "__Host-paie"
"""Le préfixe engage le navigateur : témoin sûr, de cet hôte seul, posé par lui seul."""


def create_app(
    reglages: Reglages,
    bureau: ReglagesBureau | None = None,
    horloge: Callable[[], datetime] = Reglages.heure_reelle,
) -> FastAPI:
    """L'application du bureau sur l'installation de ces réglages.

    ``bureau`` : à défaut, lu de l'environnement. ``horloge`` : l'heure vraie, que les essais avancent.
    """
    settings = bureau or ReglagesBureau()
    registre = reglages.registre()

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        registre.close()

    # Ni documentation d'API ni schéma public : ce sont des pages.
    app = FastAPI(title="Bureau", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    environment = gabarits()
    environment.globals["navigation"] = NAVIGATION
    environment.globals["monde"] = MONDES[reglages.environnement]
    app.state.bureau = Bureau(registre, reglages, settings, environment, horloge, TEMOIN)
    for routeur in ROUTES:
        app.include_router(routeur)
    app.mount("/statique", StaticFiles(directory=ICI / "statique"), name="statique")
    erreurs.install(app)
    app.add_middleware(
        Enceinte,
        reglages=settings,
        temoin=TEMOIN,
        panne=erreurs.panne,
        production=reglages.environnement is Environnement.PRODUCTION,
    )
    return app
