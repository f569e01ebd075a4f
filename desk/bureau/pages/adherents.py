"""La page d'un adhérent : ce qu'il a envoyé, ses agents, ses paies, ce qu'on lui rend ; et la page d'un agent."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from desk.bureau.demande import adresse_avec
from desk.bureau.droits import Lecteur
from desk.bureau.listes import entier
from desk.bureau.pages.accueil import SUITES, chemin_de
from desk.bureau.telecharger import remettre, remettre_tel_quel
from payroll.month.fiche_adherent import list_agents, read_files, read_identity
from payroll.month.fiche_agent import read_agent
from payroll.month.fiche_dsn import read_dsn
from payroll.month.fiche_paies import DocumentRendu, is_personal, list_documents, list_runs, open_document, open_file
from payroll.month.tableau_de_bord import read_line

routeur = APIRouter(prefix="/adherents/{code}")

STATUTS = {
    "titulaire": "Titulaire",
    "stagiaire": "Stagiaire",
    "contractuel": "Contractuel",
    "elu": "Élu",
    "apprenti": "Apprenti",
    "pec": "Parcours emploi compétences",
    "vacataire": "Vacataire",
}
FAMILLES = (
    ("Bulletins", ("bulletin-", "bulletins.")),
    ("États et journal", ("journal", "etats", "a-valider-", "fiche")),
    ("Virements", ("virements",)),
    ("DSN", ("dsn-", "rapprochement-dsn-", "controles-dsn-", "certificat-dsn-")),
    ("Accusés et fichiers à corriger", ("accuse-", "a-corriger-")),
)
"""Les documents d'un mois, par famille ; le reste vient en dernier."""
_AUTRES = "Autres documents"


@routeur.get("")
def voir(demande: Lecteur, code: str) -> HTMLResponse:
    """La fiche de l'adhérent pour le mois."""
    demande.adherent(code)
    asked = demande.request.query_params
    texte, tous = asked.get("agent", "")[:100], asked.get("tous") == "oui"
    registre, mois = demande.registre, demande.mois
    kept = {"agent": texte, "tous": "oui" if tous else ""}
    return demande.page(
        "adherents/fiche.html",
        adherent=read_identity(registre, code, mois),
        ligne=read_line(registre, code, mois, demande.reglages.echeances(mois)),
        fichiers=read_files(registre, code, mois),
        agents=list_agents(registre, code, mois, texte=texte, tous=tous, page=entier(asked.get("page"))),
        paies=list_runs(registre, code),
        familles=_familles(list_documents(registre, code, mois)),
        dsn=read_dsn(registre, code, mois, rapprocher=False),
        texte=texte,
        tous=tous,
        statuts=STATUTS,
        suites=SUITES,
        chemin_de=chemin_de,
        aujourdhui=demande.maintenant.date(),
        adresse=lambda **autres: adresse_avec(f"/adherents/{code}", **{**kept, **autres}),
    )


@routeur.get("/fichiers/{fichier}")
def fichier(demande: Lecteur, code: str, fichier: int) -> Response:
    """Le fichier tel qu'il a été reçu, à enregistrer."""
    demande.adherent(code)
    piece = open_file(demande.registre, code, fichier)
    demande.tracer("télécharger", code, demande.mois, fichier=fichier, quoi="fichier reçu")
    return remettre_tel_quel(piece.nom, piece.contenu)


@routeur.get("/documents/{document}")
def document(demande: Lecteur, code: str, document: int) -> Response:
    """Un document rendu à l'adhérent ; s'il dit la paie d'une personne, le journal le retient d'abord."""
    demande.adherent(code)
    piece = open_document(demande.registre, code, document)
    if is_personal(piece.nom):
        demande.tracer("télécharger", code, demande.mois, document=piece.nom, mois_du_document=piece.mois)
    return remettre(piece.nom, piece.contenu, montrer=True)


@routeur.get("/agents/{matricule}")
def agent(demande: Lecteur, code: str, matricule: str) -> HTMLResponse:
    """La fiche d'un agent ; la regarder se trace, comme un bulletin."""
    adherent = demande.adherent(code)
    fiche = read_agent(demande.registre, code, matricule, demande.mois)
    demande.trace_bulletin(code, matricule, "fiche")
    return demande.page("adherents/agent.html", adherent=adherent, agent=fiche, statuts=STATUTS)


def _familles(documents: list[DocumentRendu]) -> list[tuple[str, list[DocumentRendu]]]:
    groups: dict[str, list[DocumentRendu]] = {nom: [] for nom in (*(nom for nom, _ in FAMILLES), _AUTRES)}
    for one in documents:
        name = next((nom for nom, heads in FAMILLES if one.chemin.startswith(heads)), _AUTRES)
        groups[name].append(one)
    return [(nom, rows) for nom, rows in groups.items() if rows]
