"""Le droit appliqué : les chiffres en vigueur un jour, leur texte et leur source ; et ce qui reste douteux."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from desk.bureau.droits import Connecte
from desk.bureau.listes import jour
from payroll.legislation import Nature
from payroll.month.droit import CHAPITRES, read_figures, read_scales, search_doubts

routeur = APIRouter(prefix="/droit")

CONFIANCES = {
    "confirme": ("Confirmé", "succes"),
    "une_source": ("Une seule source", "attente"),
    "memoire": ("À lire dans le texte", "erreur"),
}
POPULATIONS = {
    "titulaire_cnracl": "titulaires CNRACL",
    "titulaire_ircantec": "titulaires Ircantec",
    "contractuel": "contractuels",
    "vacataire": "vacataires",
    "elu": "élus",
    "apprenti": "apprentis",
    "pec": "contrats aidés",
}


@routeur.get("")
def chiffres(demande: Connecte) -> HTMLResponse:
    """Les chiffres d'un jour (à défaut, le premier du mois regardé), cherchés par mot ou par chapitre."""
    asked = demande.request.query_params
    day = jour(asked.get("le")) or demande.mois.first_day
    texte, chapitre = asked.get("texte", "")[:100], asked.get("chapitre", "")
    found = read_figures(day, texte, chapitre if chapitre in CHAPITRES else "")
    return demande.page(
        "droit/chiffres.html",
        jour=day,
        illisible=bool(asked.get("le")) and jour(asked.get("le")) is None,
        texte=texte,
        chapitre=chapitre,
        chapitres=sorted(CHAPITRES.items(), key=lambda one: one[1]),
        trouves=found,
        total=sum(len(one.lignes) for one in found),
        grilles=[] if texte or chapitre else read_scales(day),
        confiances=CONFIANCES,
        populations=POPULATIONS,
    )


@routeur.get("/doutes")
def doutes(demande: Connecte) -> HTMLResponse:
    """Ce que la paie applique sans que le texte ait été confirmé, pour le mois ou pour tous."""
    asked = demande.request.query_params
    texte, nature, tous = asked.get("texte", "")[:100], asked.get("nature", ""), asked.get("tous") == "oui"
    found = search_doubts(None if tous else demande.mois, texte, nature if nature in set(Nature) else "")
    return demande.page(
        "droit/doutes.html",
        trouves=found,
        texte=texte,
        nature=nature,
        tous=tous,
        natures=[(str(one), str(one).capitalize()) for one in Nature],
        confiances=CONFIANCES,
        populations=POPULATIONS,
    )
