"""Ouvrir le bureau : ``paie bureau`` sert les pages des gestionnaires."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from pydantic import ValidationError

from desk.bureau.application import create_app
from desk.bureau.reglages import LOCAUX, ReglagesBureau
from desk.command.console import console, explains_refusals, refuse
from payroll.month.gestionnaires import list_accounts
from payroll.settings import Environnement, Reglages
from payroll.store.tables_revision import Role

PORT = 8400


def register(root: typer.Typer) -> None:
    root.command("bureau")(bureau)


@explains_refusals
def bureau(
    port: Annotated[int, typer.Option(help="Port")] = PORT,
    hote: Annotated[str, typer.Option(help="Adresse où écouter")] = "127.0.0.1",
    certificat: Annotated[Path | None, typer.Option(help="Certificat TLS (PEM), pour écouter sans mandataire")] = None,
    cle: Annotated[Path | None, typer.Option(help="Clé du certificat (PEM)")] = None,
) -> None:
    """Ouvre le bureau du gestionnaire : les pages du mois, dans un navigateur."""
    reglages = Reglages()
    try:
        settings = ReglagesBureau()
    except ValidationError as error:
        raise refuse(" ".join(str(item["msg"]).removeprefix("Value error, ") for item in error.errors())) from None
    check_listening(settings, reglages.environnement, hote, tls=certificat is not None and cle is not None)
    app = create_app(reglages, settings)
    told = settings.origine or f"http{'s' if certificat else ''}://localhost:{port}"
    console.print(f"Le bureau est ouvert : {told} (Ctrl+C pour le fermer)", markup=False)
    if not any(item.ouvert and item.role == Role.ADMINISTRATEUR for item in list_accounts(app.state.bureau.registre)):
        console.print(
            "Aucun administrateur encore : tapez « paie gestionnaire ajouter a.dupont --role administrateur », puis "
            "connectez-vous pour ouvrir les autres comptes."
        )
    uvicorn.run(
        app,
        host=hote,
        port=port,
        # L'identité et l'adresse ne se lisent que derrière les mandataires : desk.bureau.gardes s'en charge.
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
        ws="none",
        timeout_keep_alive=15,
        ssl_certfile=str(certificat) if certificat else None,
        ssl_keyfile=str(cle) if cle else None,
    )


def check_listening(settings: ReglagesBureau, environnement: Environnement, hote: str, *, tls: bool) -> None:
    """Refuse d'écouter en clair ailleurs que sur ce poste : des salaires y passeraient à la vue de tous."""
    local = hote in LOCAUX
    if not local and not settings.origine:
        raise refuse(
            f"écouter sur {hote} montre le bureau hors de ce poste. Donnez d'abord son adresse publique "
            "(PAIE_BUREAU_ADRESSE_PUBLIQUE=https://…) ; docs/bureau.md montre un mandataire nginx."
        )
    if not local and not tls and not settings.mandataires:
        raise refuse(
            f"écouter sur {hote} sans chiffrement montrerait des salaires à tout le réseau. Donnez --certificat et "
            "--cle, ou PAIE_BUREAU_MANDATAIRES, l'adresse du serveur mandataire qui chiffre (docs/bureau.md)."
        )
    if environnement is Environnement.PRODUCTION and not settings.origine:
        raise refuse(
            "en production, le bureau a une adresse publique : donnez PAIE_BUREAU_ADRESSE_PUBLIQUE=https://… "
            "(docs/bureau.md)."
        )
