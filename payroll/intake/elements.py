"""Retenir un montant ou des heures d'un agent, si tout est en règle."""

from __future__ import annotations

from payroll.intake import layout
from payroll.intake.collecte import Collecte
from payroll.intake.constats import CORRIGER, Lieu
from payroll.intake.ecritures import nothing
from payroll.intake.lecture import ElementLu
from payroll.intake.roster import RosterAgent
from payroll.intake.tables import Ligne
from payroll.periods import Month

IHTS_TEXTE = "décret 2002-60 du 14/01/2002, art. 6"
HC_TEXTE = "décret 2020-592 du 15/05/2020, art. 1"
DECOMPTE = "ijss_brutes"
"""Le montant brut du décompte de la CPAM, pour un agent du régime général en arrêt."""

_IHTS_DROIT = "décret 2002-60 du 14/01/2002, art. 2"


def add_element(
    work: Collecte, agent: RosterAgent, code: str, ligne: Ligne, field: str, *, observation: str = ""
) -> None:
    """Garde la valeur que porte ``field`` pour cet agent et cette rubrique ; zéro ou vide ne disent rien.

    Un décompte de la CPAM nul dit qu'elle n'a rien versé : lui seul se garde.
    """
    case, lieu = ligne.get(field), ligne.lieu(field, agent.matricule, code)
    if case is None or nothing(case.texte):
        return
    value = work.number(case, lieu, heures=layout.rubriques(work.roster)[code].unite == "heures")
    month, settled = _right_month(work, ligne, agent, code)
    if value is None or (not value and code != DECOMPTE) or not settled:
        return
    if _not_entitled(work, agent, code, lieu, case.texte) or _oversized(work, code, value, lieu, case.texte):
        return
    work.elements.append(
        ElementLu(
            matricule=agent.matricule,
            code=code,
            valeur=value,
            feuille=lieu.feuille,
            cellule=lieu.cellule,
            mois_de_droit=month,
            observation=observation,
            numero_contrat=work.contract_number(agent),
        )
    )


def find_rubrique(work: Collecte, ligne: Ligne) -> str | None:
    """Le code de la rubrique que nomme cette ligne, ou rien et un constat."""
    case = ligne.get("rubrique")
    code = layout.rubrique_by_text(work.roster).get(layout.fold(case.texte)) if case else None
    if code is None:
        work.constats.add(
            "rubrique-inconnue" if case else "rubrique-manquante",
            "cette rubrique n'est pas de celles que vous pouvez saisir."
            if case
            else "cette ligne ne dit pas de quelle rubrique il s'agit.",
            ligne.lieu("rubrique"),
            recu=case.texte if case else "",
            attendu="une rubrique de la liste",
        )
    return code


def missing_amount(work: Collecte, ligne: Ligne) -> None:
    """La ligne nomme un agent ou une rubrique, mais ne dit pas combien."""
    work.constats.add(
        "montant-manquant",
        "cette ligne n'a pas de valeur.",
        ligne.lieu("montant"),
        attendu="un montant en euros, ou des heures",
    )


def too_many_hours(work: Collecte, lieu: Lieu, recu: str, expected: str, text: str, remede: str = CORRIGER) -> None:
    """Plus d'heures que la loi n'en admet ; ``text`` est le texte invoqué."""
    work.constats.add(
        "heures-au-dela-du-plafond",
        f"il y a plus d'heures que le droit n'en permet dans le mois ({text}).",
        lieu,
        recu=recu,
        attendu=expected,
        remede=remede,
        texte=text,
    )


def _right_month(work: Collecte, ligne: Ligne, agent: RosterAgent, code: str) -> tuple[Month | None, bool]:
    """Le mois de droit, et s'il permet de garder la ligne."""
    case, lieu = ligne.get("mois_de_droit"), ligne.lieu("mois_de_droit", agent.matricule, code)
    if case is None:
        return None, True
    month = work.month(case, "le mois de droit", lieu)
    if month is None or month == work.roster.mois:
        return month, month is not None
    past = month < work.roster.mois
    work.constats.add(
        "rappel-non-couvert" if past else "mois-futur",
        "une somme due au titre d'un mois passé (un rappel) ne se saisit pas dans ce classeur."
        if past
        else "le mois de droit est dans le futur.",
        lieu,
        recu=case.texte,
        attendu=f"{work.roster.mois.libelle}, ou rien",
        remede="Retirez cette ligne et appelez votre gestionnaire, qui saisira le rappel."
        if past
        else "Retirez cette ligne : elle se saisira le moment venu.",
    )
    return None, False


def _not_entitled(work: Collecte, agent: RosterAgent, code: str, lieu: Lieu, recu: str) -> bool:
    if code in layout.IHTS and not agent.ihts_permises:
        message = (
            "cet agent n'a pas droit aux heures supplémentaires : "
            "elles vont aux agents à temps complet, de catégories B et C."
        )
        text = _IHTS_DROIT
    elif code == "heures_complementaires" and not agent.heures_complementaires_permises:
        message = "cet agent ne fait pas d'heures complémentaires : elles vont aux agents à temps non complet."
        text = HC_TEXTE
    else:
        return False
    work.constats.add(
        "heures-non-permises",
        message,
        lieu,
        recu=recu,
        attendu="rien dans cette colonne pour cet agent",
        remede="Videz cette case. Si la situation de l'agent a changé, dites-le à votre gestionnaire.",
        texte=text,
    )
    return True


def _oversized(work: Collecte, code: str, value: int, lieu: Lieu, recu: str) -> bool:
    if code == "heures_complementaires" and value > layout.PLAFOND_COMPLEMENTAIRES:
        too_many_hours(
            work, lieu, recu, "151,67 h au plus", HC_TEXTE,
            "Vérifiez le nombre d'heures. Au-delà d'un temps complet, appelez votre gestionnaire.",
        )  # fmt: skip
        return True
    if code in layout.IHTS:
        return False  # jugées ensemble, à la fin de la lecture
    unit = layout.rubriques(work.roster)[code].unite
    if value <= (layout.PLAFOND_MONTANT if unit == "montant" else layout.PLAFOND_HEURES):
        return False
    said = {"heures": "ce nombre dépasse 400 heures", "nombre": "ce nombre dépasse 400"}
    expected = {"heures": "des heures dans le mois", "nombre": "un nombre du mois"}
    work.constats.add(
        "valeur-demesuree",
        f"{said.get(unit, 'ce montant dépasse 99 999,99 €')} : une faute de frappe ?",
        lieu,
        recu=recu,
        attendu=expected.get(unit, "un montant en euros"),
    )
    return True
