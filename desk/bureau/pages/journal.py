"""Le journal : qui a fait quoi, quand, sur quoi ; filtré, page par page ; et sa chaîne relue à la demande."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from desk.bureau.affichage import capitale
from desk.bureau.demande import Demande, adresse_avec
from desk.bureau.droits import Connecte
from desk.bureau.listes import entier, jour
from payroll.month.journal_des_gestes import FiltreJournal, Vue, read_journal, verify_journal
from payroll.store.tables_revision import Role

routeur = APIRouter(prefix="/journal")

_TIENNENT = (Role.RESPONSABLE, Role.ADMINISTRATEUR)
"""Ceux qui voient aussi les comptes et les connexions des autres."""


@routeur.get("")
def voir(demande: Connecte) -> HTMLResponse:
    """Une page du journal ; ``verifier=oui`` relit la chaîne."""
    asked = demande.request.query_params
    texts = {name: asked.get(name, "")[:100] for name in ("adherent", "geste", "par", "pour", "du", "au")}
    filtre = FiltreJournal(
        adherent=texts["adherent"],
        geste=texts["geste"],
        par=texts["par"],
        mois=texts["pour"],
        du=jour(texts["du"]),
        au=jour(texts["au"]),
    )
    compte = demande.compte
    vue = Vue(compte.identifiant, compte.portefeuille, agence=compte.role in _TIENNENT)
    faults = [
        f"« {texts[name]} » n'est pas une date : choisissez-la dans le calendrier, ou écrivez AAAA-MM-JJ."
        for name in ("du", "au")
        if texts[name] and jour(texts[name]) is None
    ]
    found = read_journal(demande.registre, vue, filtre, page=entier(asked.get("page")))
    return demande.page(
        "journal/journal.html",
        422 if faults else 200,
        journal=found,
        gestes=[(geste, capitale(geste)) for geste in found.gestes],
        personnes=[(par, par) for par in found.personnes],
        filtre=texts,
        filtre_pose=any(texts.values()),
        anomalies=faults,
        verification=_verification(demande) if asked.get("verifier") == "oui" else None,
        adresse=lambda **autres: adresse_avec("/journal", **{**texts, **autres}),
    )


def _verification(demande: Demande) -> object:
    """La chaîne de ce que la personne suit : toute, ou celle de ses adhérents."""
    return verify_journal(demande.registre, demande.compte.portefeuille)
