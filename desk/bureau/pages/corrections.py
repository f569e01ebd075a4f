"""Corriger un mois ouvert, par-dessus le fichier : un élément, une ligne, une absence ; et revenir dessus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from desk.bureau.demande import Demande
from desk.bureau.droits import Acteur, Lecteur
from desk.bureau.saisies import PageDeSaisie, a_recalculer, agent_choisi, montant_saisi
from desk.bureau.telecharger import remettre
from payroll.month.commun import Acte, GesteRefuse
from payroll.month.corriger import (
    Corrigee,
    add_absence,
    cancel_correction,
    correct_element,
    month_absences,
    month_corrections,
    remove_absence,
)
from payroll.month.corriger_classeur import apply_corrections, export_corrections, workbook_name
from payroll.month.formulaires import absence_kinds, enterable, people_of_month, waiting_day_waivers
from payroll.wording import plural

routeur = APIRouter(prefix="/adherents/{code}/corrections")


@routeur.get("")
def voir(demande: Lecteur, code: str, agent: str = "") -> HTMLResponse:
    """Les corrections et les absences du mois, et de quoi en ajouter."""
    return _PAGE.voir(demande, code, agent)


@routeur.post("/element")
def element(demande: Acteur, code: str) -> Response:
    """Fixe un élément du mois, ou ajoute une ligne au fichier."""
    demande.adherent(code)
    matricule, contrat = agent_choisi(demande)
    return _faire(
        demande,
        code,
        lambda acte, motif: correct_element(
            demande.registre, code, matricule, demande.mois, acte,
            rubrique=demande.champ("rubrique"), valeur=montant_saisi(demande, "valeur"), motif=motif, contrat=contrat,
            ajouter=demande.champ("genre") == "ajouter",
        ),
    )  # fmt: skip


@routeur.post("/absence")
def absence(demande: Acteur, code: str) -> Response:
    """Ajoute une absence que le fichier ne disait pas."""
    demande.adherent(code)
    matricule, contrat = agent_choisi(demande)
    valeurs = {
        "type": demande.champ("nature"),
        "debut": demande.champ("debut"),
        "fin": demande.champ("fin"),
        "prolongation": demande.champ("prolongation") == "oui",
        "motif_sans_carence": demande.champ("sans_carence"),
    }
    return _faire(
        demande,
        code,
        lambda acte, motif: add_absence(
            demande.registre, code, matricule, demande.mois, acte, valeurs=valeurs, motif=motif, contrat=contrat
        ),
    )


@routeur.post("/retirer")
def retirer(demande: Acteur, code: str) -> Response:
    """Retire une absence ; annuler la correction la remet."""
    demande.adherent(code)
    return _faire(
        demande,
        code,
        lambda acte, motif: remove_absence(demande.registre, code, _numero(demande), demande.mois, acte, motif=motif),
    )


@routeur.post("/annuler")
def annuler(demande: Acteur, code: str) -> Response:
    """Annule une correction : le mois redevient ce que disaient le fichier et le dossier."""
    demande.adherent(code)
    return _faire(
        demande,
        code,
        lambda acte, motif: cancel_correction(
            demande.registre, code, _numero(demande), demande.mois, acte, motif=motif
        ),
    )


@routeur.get("/classeur.xlsx")
def classeur(demande: Lecteur, code: str) -> Response:
    """Le classeur de correction du mois, à remplir hors ligne ; il porte des noms, le journal retient qui l'emporte."""
    demande.adherent(code)
    content = export_corrections(demande.registre, code, demande.mois)
    people = people_of_month(demande.registre, code, demande.mois)
    demande.trace_bulletin(code, [one.matricule for one in people], "classeur de correction")
    return remettre(workbook_name(code, demande.mois), content)


@routeur.post("/classeur")
def deposer(demande: Acteur, code: str) -> Response:
    """Applique toutes les corrections d'un classeur rempli, ou aucune."""
    demande.adherent(code)
    files = demande.fichiers("classeur")
    if not files:
        told = "Choisissez le classeur de correction que vous avez rempli."
        return _PAGE.refus(demande, code, [told])
    name, content = files[0]
    try:
        bilan = apply_corrections(demande.registre, code, demande.mois, name, content, demande.acte())
    except GesteRefuse as refus:
        return _PAGE.refus(demande, code, refus)
    if bilan.anomalies:
        return _PAGE.refus(demande, code, bilan.anomalies)
    if bilan.deja:
        return _PAGE.retour(demande, code, "Ce classeur avait déjà été appliqué : rien n'a changé.", "info")
    done = plural(len(bilan.faites), "correction appliquée", "corrections appliquées")
    return _PAGE.retour(demande, code, f"{done}. Recalculez la paie.")


def _numero(demande: Demande) -> int:
    text = demande.champ("numero")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise GesteRefuse("Cette ligne n'a pas de numéro lisible : rouvrez la page et recommencez.")
    return int(text)


def _faire(demande: Demande, code: str, geste: Callable[[Acte, str], Corrigee | str]) -> Response:
    return _PAGE.faire(demande, code, geste, _dit)


def _dit(done: Corrigee | str) -> str:
    if isinstance(done, str):
        return a_recalculer(f"Correction annulée ({done})", ())
    return a_recalculer(f"Correction n° {done.numero} : {done.phrase}", done.mois_payes)


def _faits(demande: Demande, code: str) -> dict[str, Any]:
    adherent = demande.adherent(code)
    people = people_of_month(demande.registre, code, demande.mois)
    return {
        "adherent": adherent,
        "personnes": people,
        "noms": {one.matricule: f"{one.prenom} {one.nom}" for one in people},
        "elements": enterable(),
        "natures": absence_kinds(),
        "dispenses": waiting_day_waivers(),
        "corrections": month_corrections(demande.registre, code, demande.mois),
        "absences": month_absences(demande.registre, code, demande.mois),
    }


_PAGE = PageDeSaisie("corrections", _faits)
