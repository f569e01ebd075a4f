"""Le tableau du mois : où en est chaque adhérent."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from desk.bureau.demande import Lecteur
from payroll.month.etat import month_board

routeur = APIRouter()


@routeur.get("/")
def tableau(demande: Lecteur) -> HTMLResponse:
    """Chaque adhérent du portefeuille, avec l'état de sa paie."""
    rows = [row for row in month_board(demande.registre, demande.mois) if demande.suit(row.code)]
    return demande.page("accueil.html", lignes=rows)
