"""Rappeler une échéance à une collectivité en retard : un message dans son ``retour``, une fois par jour au plus.

Rien à voir avec un rappel de paie (``rappels.py``), qui est une somme due pour un mois passé.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session, select

from payroll.month.commun import (
    Acte,
    aware,
    current_paie,
    find_adherent,
    put_document,
    record,
)
from payroll.month.echeances import PARIS, Echeance, Nature, in_words
from payroll.month.ouvrir import template_name
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, EtatFichier, EtatPaie, Evenement, FichierRecu

_GESTE = "rappeler-echeance"


def reminder_name(mois: Month) -> str:
    """Le nom du message dans ``retour/AAAA-MM/``."""
    return f"RAPPEL-{mois}.txt"


def remind(
    registre: Registre, code: str, mois: Month, acte: Acte, echeance: Echeance, *, contact: Sequence[str] = ()
) -> bool:
    """Inscrit le rappel dû à une collectivité ; faux s'il n'y a rien à rappeler, ou si c'est déjà fait ce jour.

    ``contact`` : qui appeler, une ligne par mention. Rien n'est rappelé à qui a envoyé, à qui attend une réponse, ni
    quand le mois n'est pas ouvert à la saisie.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        paie = current_paie(session, adherent, mois)
        if paie is None or paie.etat != EtatPaie.OUVERTE:
            return False
        states = _file_states(session, adherent, mois)
        if EtatFichier.ACCEPTE in states or EtatFichier.RECU in states:
            return False
        today = acte.moment.astimezone(PARIS).date()
        if _already_said(session, code, mois, today):
            return False
        text = reminder_text(adherent.nom, code, mois, echeance, contact, refused=EtatFichier.REFUSE in states)
        put_document(session, registre, adherent, mois, reminder_name(mois), text.encode("utf-8-sig"), acte.moment)
        record(session, acte, _GESTE, code, mois, echeance=str(echeance.nature), le=str(echeance.interne.date()))
        return True


def reminder_text(
    nom: str, code: str, mois: Month, echeance: Echeance, contact: Sequence[str] = (), *, refused: bool
) -> str:
    """Le message (lignes de Windows) : ce qui manque, jusqu'à quand, comment faire."""
    classeur = template_name(code, mois)
    if refused:
        situation = [
            f"Nous avons bien reçu un fichier pour {mois.libelle}, mais il y reste des cases à corriger.",
            "L'accusé de réception de ce dossier (« accuse-… ») dit lesquelles, et quoi y mettre.",
        ]
    else:
        situation = [f"Nous n'avons pas encore reçu vos éléments variables de {mois.libelle}."]
    late = (
        [f"Sans lui, la déclaration sociale (DSN) de {mois.libelle} ne peut pas partir à temps."]
        if echeance.nature in (Nature.DSN_5, Nature.DSN_15)
        else ["Passé ce moment, vos changements pourraient n'être payés que le mois suivant."]
    )
    lines = [
        "RAPPEL",
        f"{nom}, paie de {mois.libelle}",
        "-" * 72,
        "Bonjour,",
        "",
        *situation,
        "",
        f"Il nous faut votre fichier avant le {in_words(echeance.interne)}.",
        *late,
        "",
        "Comment faire :",
        f"  1. ouvrez le classeur « {classeur} », qui est dans ce dossier (retour/{mois}) ;",
        "  2. remplissez-le ; s'il n'y a rien à signaler, choisissez « oui » à « Néant ce mois » ;",
        "  3. déposez-le dans votre dossier « depot ».",
        "",
        "Un accusé de réception paraîtra ici peu après.",
        "Vous venez de déposer votre fichier ? Ne tenez pas compte de ce message.",
        "Une question, un empêchement ? Appelez votre gestionnaire de paie.",
        *(f"  {mention}" for mention in contact),
    ]
    return "\r\n".join([*lines, ""])


def _file_states(session: Session, adherent: Adherent, mois: Month) -> set[str]:
    """Les états des fichiers de ce mois, et de ceux que l'on n'a pas encore lus : ils n'ont pas de mois."""
    rows = session.exec(select(FichierRecu.mois, FichierRecu.etat).where(FichierRecu.adherent_id == adherent.id)).all()
    return {etat for month, etat in rows if month == str(mois) or etat == EtatFichier.RECU}


def _already_said(session: Session, code: str, mois: Month, today: date) -> bool:
    rows = session.exec(
        select(Evenement.le).where(
            Evenement.adherent_code == code, Evenement.mois == str(mois), Evenement.geste == _GESTE
        )
    ).all()
    return any(aware(moment).astimezone(PARIS).date() == today for moment in rows)
