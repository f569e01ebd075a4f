"""Les rappels et trop-perçus d'un adhérent : ce que des mois payés auraient dû donner, et le payer ou le reprendre."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from desk.bureau.demande import Demande
from desk.bureau.droits import Acteur, Lecteur
from desk.bureau.listes import entier
from desk.bureau.saisies import PageDeSaisie, a_recalculer, agent_choisi, montant_saisi
from payroll.money import format_amount
from payroll.month.commun import Acte, GesteRefuse
from payroll.month.formulaires import late_enterable, people_of_month
from payroll.month.rappeler import (
    ECHEANCES_MAXIMUM,
    Apercu,
    add_late_element,
    cancel_late_element,
    cancel_recall,
    prepare_recall,
    preview_recalls,
)
from payroll.month.rappels_vus import read_recalls
from payroll.periods import Month
from payroll.wording import plural

routeur = APIRouter(prefix="/adherents/{code}/rappels")


@routeur.get("")
def voir(demande: Lecteur, code: str, agent: str = "") -> HTMLResponse:
    """Ce qui attend d'être payé, et de quoi regarder, préparer, saisir, annuler."""
    return _PAGE.voir(demande, code, agent)


@routeur.get("/apercu")
def apercu(demande: Lecteur, code: str, agent: str = "", depuis: str = "") -> HTMLResponse:
    """Ce que les mois payés auraient dû donner, sans rien inscrire ; ``agent`` vide : tous."""
    facts = _faits(demande, code) | {"saisie": {"agent": agent, "depuis": depuis}}
    matricule = agent.partition("|")[0]
    try:
        found = preview_recalls(demande.registre, code, demande.mois, matricule=matricule, depuis=_mois(depuis))
    except GesteRefuse as refus:
        return demande.erreur(_PAGE.gabarit, refus, **facts)
    return demande.page(_PAGE.gabarit, **facts | {"apercus": found})


@routeur.post("/preparer")
def preparer(demande: Acteur, code: str) -> Response:
    """Inscrit le rappel d'un agent dans le mois ouvert ; remplace celui qui attendait."""
    demande.adherent(code)
    matricule, _ = agent_choisi(demande)

    def prepare(acte: Acte, motif: str) -> list[Apercu]:
        return prepare_recall(
            demande.registre, code, matricule, demande.mois, acte,
            motif=motif, depuis=_mois(demande.champ("depuis")), echeances=entier(demande.champ("echeances"), 0),
        )  # fmt: skip

    return _PAGE.faire(demande, code, prepare, _dit)


@routeur.post("/saisir")
def saisir(demande: Acteur, code: str) -> Response:
    """Saisit un élément appris trop tard, et prépare le rappel de son mois."""
    demande.adherent(code)
    matricule, contrat = agent_choisi(demande)

    def enter(acte: Acte, motif: str) -> list[Apercu]:
        add_late_element(
            demande.registre, code, matricule, demande.mois, acte,
            mois_de_droit=_mois(demande.champ("mois_de_droit")) or demande.mois,
            rubrique=demande.champ("rubrique"), valeur=montant_saisi(demande, "valeur"),
            motif=motif, numero_contrat=contrat,
        )  # fmt: skip
        try:
            return prepare_recall(demande.registre, code, matricule, demande.mois, acte, motif=motif)
        except GesteRefuse as refus:
            raise GesteRefuse(f"L'élément est inscrit, son rappel attend. {refus.message}", refus.anomalies) from None

    return _PAGE.faire(demande, code, enter, _dit)


@routeur.post("/annuler")
def annuler(demande: Acteur, code: str) -> Response:
    """Annule ce qu'un rappel n'a pas encore versé ; ce qui l'a été se reprend par un autre rappel."""
    demande.adherent(code)
    matricule, _ = agent_choisi(demande)
    return _PAGE.faire(
        demande,
        code,
        lambda acte, motif: cancel_recall(demande.registre, code, matricule, demande.mois, acte, motif=motif),
        lambda count: a_recalculer(
            f"Agent {matricule} : {plural(count, 'échéance annulée', 'échéances annulées')}", ()
        ),
    )


@routeur.post("/annuler-element")
def annuler_element(demande: Acteur, code: str) -> Response:
    """Annule un élément tardif ; le rappel qui le comptait se prépare de nouveau."""
    demande.adherent(code)
    numero = entier(demande.champ("numero"), 0)
    return _PAGE.faire(
        demande,
        code,
        lambda acte, _: cancel_late_element(demande.registre, code, numero, demande.mois, acte),
        lambda _: "Élément annulé. Préparez de nouveau le rappel de cet agent : il ne le comptera plus.",
    )


def _dit(found: list[Apercu]) -> str:
    if not found:
        return "Rien à rappeler : ce qui a été payé est ce qui était dû. Un rappel qui attendait est annulé."
    total = sum(one.total for one in found)
    sens = "à payer" if total >= 0 else "à reprendre"
    return a_recalculer(f"Agent {found[0].matricule} : rappel de {format_amount(abs(total))} € bruts {sens}", ())


def _mois(texte: str) -> Month | None:
    try:
        return Month.parse(texte) if texte else None
    except ValueError as error:
        raise GesteRefuse(f"{error}.") from None


def _faits(demande: Demande, code: str) -> dict[str, Any]:
    adherent = demande.adherent(code)
    return {
        "adherent": adherent,
        "personnes": people_of_month(demande.registre, code, demande.mois),
        "elements": late_enterable(),
        "rappels": read_recalls(demande.registre, code, demande.mois),
        "echeances_maximum": ECHEANCES_MAXIMUM,
        "apercus": None,
    }


_PAGE = PageDeSaisie("rappels", _faits)
