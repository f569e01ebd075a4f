"""La révision : une paie contre le mois d'avant, ce qui est à regarder, accepter, refuser, expliquer chaque montant."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from desk.bureau.demande import Demande, Refus, adresse_avec
from desk.bureau.droits import Acteur, Lecteur
from desk.bureau.listes import entier
from desk.bureau.recit import law_link, read_story
from desk.bureau.telecharger import remettre
from payroll import catalogue
from payroll.documents.revision import Niveau
from payroll.engine.explain import TOTAUX
from payroll.month.commun import GesteRefuse
from payroll.month.expliquer import CUMULS, explain_line
from payroll.month.formulaires import present_content
from payroll.month.refus import lift_refusal, refuse_payslips
from payroll.month.relire import (
    Filtre,
    changes_since,
    payslip_pdf,
    payslips_of,
    review_doubts,
    review_page,
)
from payroll.month.rouvrir import reopen_month
from payroll.month.valider import approve
from payroll.store.tables import EtatPaie
from payroll.wording import plural

routeur = APIRouter(prefix="/adherents/{code}")

NIVEAUX = {"bloquant": Niveau.BLOQUANT, "a_regarder": Niveau.A_REGARDER, "pour_memoire": Niveau.POUR_MEMOIRE}
_GABARIT = "revision/revision.html"


@routeur.get("/revision")
def voir(demande: Lecteur, code: str, cherche: str = "", montrer: str = "tous", page: str = "") -> HTMLResponse:
    """La révision d'un adhérent, une page d'agents à la fois."""
    adherent = demande.adherent(code)
    try:
        faits = _faits(demande, code, cherche[:100], montrer, entier(page))
    except GesteRefuse as refus:
        return demande.page("revision/pas_calculee.html", adherent=adherent, refus=refus.message)
    return demande.page(_GABARIT, **faits)


@routeur.post("/revision/approuver")
def approuver(demande: Acteur, code: str) -> Response:
    """Approuve le contenu vu, et lui seul ; le compte connecté signe."""
    demande.adherent(code)
    seen = demande.champ("empreinte")
    if (refused := _autre_contenu(demande, code, seen)) is not None:
        return refused
    try:
        paie = approve(
            demande.registre,
            code,
            demande.mois,
            demande.acte(),
            commentaire=demande.champ("commentaire"),
            empreinte=seen,
        )
    except GesteRefuse as refus:
        return demande.erreur(_GABARIT, refus, **_faits(demande, code))
    if paie.etat == EtatPaie.CALCULEE:
        told = "Votre approbation est inscrite. Une seconde personne doit approuver à son tour."
    else:
        told = f"La paie de {demande.mois.libelle} est approuvée, révision {paie.revision}."
    return demande.retour(_ici(demande, code), told)


@routeur.post("/revision/refuser")
def refuser(demande: Acteur, code: str) -> Response:
    """Refuse les bulletins cochés, avec une raison."""
    demande.adherent(code)
    agents, motif = demande.champs("agents"), demande.champ("motif")
    if not agents:
        return demande.erreur(_GABARIT, ["Cochez au moins un agent à refuser."], **_faits(demande, code))
    if (refused := _autre_contenu(demande, code, demande.champ("empreinte"))) is not None:
        return refused
    try:
        count = refuse_payslips(demande.registre, code, demande.mois, demande.acte(), dict.fromkeys(agents, motif))
    except GesteRefuse as refus:
        return demande.erreur(_GABARIT, refus, **{**_faits(demande, code), "coches": set(agents)})
    told = f"{plural(count, 'bulletin refusé', 'bulletins refusés')} : corrigez et recalculez, ou levez le refus."
    return demande.retour(_ici(demande, code), told)


@routeur.post("/revision/lever")
def lever(demande: Acteur, code: str) -> Response:
    """Lève le refus du bulletin d'un agent : il est admis tel quel."""
    demande.adherent(code)
    matricule = demande.champ("matricule")
    try:
        lift_refusal(demande.registre, code, demande.mois, demande.acte(), matricule, demande.champ("motif"))
    except GesteRefuse as refus:
        return demande.erreur(_GABARIT, refus, **_faits(demande, code))
    return demande.retour(_ici(demande, code), f"Le bulletin de {matricule} est admis.")


@routeur.post("/revision/rouvrir")
def rouvrir(demande: Acteur, code: str) -> Response:
    """Rouvre une paie validée (ou close, pour un responsable) : elle redevient à corriger."""
    demande.adherent(code)
    try:
        paie = reopen_month(demande.registre, code, demande.mois, demande.acte(), motif=demande.champ("motif"))
    except GesteRefuse as refus:
        return demande.erreur(_GABARIT, refus, **_faits(demande, code))
    after = "à approuver de nouveau" if paie.etat == EtatPaie.CALCULEE else "restituée, sa DSN peut se remplacer"
    return demande.retour(_ici(demande, code), f"{demande.mois.libelle.capitalize()} est rouvert : {after}.")


@routeur.get("/revision/doutes")
def doutes(demande: Lecteur, code: str) -> HTMLResponse:
    """Les lignes sans texte confirmé que cette paie emploie."""
    adherent = demande.adherent(code)
    found = review_doubts(demande.registre, code, demande.mois)
    return demande.page("revision/doutes.html", adherent=adherent, doutes=found)


@routeur.get("/agents/{matricule}/bulletin")
def bulletin(demande: Lecteur, code: str, matricule: str) -> HTMLResponse:
    """Le bulletin calculé d'un agent, ligne à ligne ; chaque montant mène à son explication."""
    adherent = demande.adherent(code)
    found = payslips_of(demande.registre, code, demande.mois, matricule)
    demande.trace_bulletin(code, matricule, "page")
    return demande.page(
        "revision/bulletin.html", adherent=adherent, bulletins=found, matricule=matricule, totaux=TOTAUX
    )


@routeur.get("/agents/{matricule}/bulletin.pdf")
def bulletin_pdf(demande: Lecteur, code: str, matricule: str, contrat: str = "") -> Response:
    """Le bulletin tel qu'il sera rendu, en PDF."""
    demande.adherent(code)
    day = demande.reglages.date_paiement(demande.mois)
    payslips_of(demande.registre, code, demande.mois, matricule)
    demande.trace_bulletin(code, matricule, "pdf")
    name, content = payslip_pdf(demande.registre, code, demande.mois, matricule, contrat, day)
    return remettre(name, content, montrer=True)


@routeur.get("/agents/{matricule}/explication/{rubrique}")
def expliquer(demande: Lecteur, code: str, matricule: str, rubrique: str) -> HTMLResponse:
    """D'où vient un montant : base, taux, formule, texte, et l'origine de chaque donnée."""
    adherent = demande.adherent(code)
    found = payslips_of(demande.registre, code, demande.mois, matricule)
    known = {ligne.code for lu in found for ligne in lu.bulletin.lignes} | {*TOTAUX, CUMULS}
    if rubrique not in known and rubrique not in catalogue.load():
        raise Refus(404, "Rubrique inconnue", "Aucune rubrique ne porte ce code. Repartez du bulletin de l'agent.")
    demande.trace_bulletin(code, matricule, "explication")
    story = explain_line(demande.registre, code, demande.mois, matricule, rubrique)
    return demande.page(
        "revision/explication.html",
        adherent=adherent,
        agent=found[0].agent,
        rubrique=rubrique,
        libelle=_label(rubrique),
        lignes=[ligne for lu in found for ligne in lu.bulletin.lignes if ligne.code == rubrique],
        recits=read_story(story, demande.mois),
        law_link=law_link,
    )


def _autre_contenu(demande: Demande, code: str, seen: str) -> Response | None:
    """La page qui dit ce qui a changé, si le contenu présent n'est plus celui que la personne a vu."""
    revision, present = present_content(demande.registre, code, demande.mois)
    if seen and seen == present:
        return None
    told = (
        f"La paie a été recalculée pendant que vous la lisiez : c'est maintenant la révision {revision}, rien n'a été "
        "changé. Relisez-la, puis recommencez."
    )
    changes = changes_since(demande.registre, code, demande.mois, seen)
    return demande.erreur(_GABARIT, [told, *changes], **_faits(demande, code))


def _label(rubrique: str) -> str:
    if rubrique == CUMULS:
        return "Cumuls de l'année"
    known = catalogue.load().get(rubrique)
    return TOTAUX.get(rubrique) or (known.intitule if known else rubrique)


def _ici(demande: Demande, code: str) -> str:
    return adresse_avec(f"/adherents/{code}/revision", mois=demande.mois)


def _faits(demande: Demande, code: str, cherche: str = "", montrer: str = "tous", page: int = 1) -> dict[str, Any]:
    filtre = Filtre(cherche, seulement_ecarts=montrer == "ecarts", niveau=NIVEAUX.get(montrer))
    revue = review_page(demande.registre, code, demande.mois, filtre, page)
    shown = [agent.revise.matricule for agent in revue.agents.lignes]
    if shown:
        demande.trace_bulletin(code, shown, "révision")
    first = revue.premier_regard
    return {
        "adherent": demande.adherent(code),
        "revue": revue,
        "niveaux": [(nom, niveau, revue.of(niveau)) for nom, niveau in NIVEAUX.items()],
        "cherche": cherche,
        "montrer": montrer,
        "coches": set(),
        "deja_signe": first is not None and first.par == demande.compte.identifiant,
        "adresse_page": adresse_avec(f"/adherents/{code}/revision", mois=demande.mois, cherche=cherche, montrer=montrer)
        + "&page=",
    }
