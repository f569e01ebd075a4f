"""Les fiches individuelles d'une année : relire tous les mois déclarés d'un adhérent et rendre leur classeur."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlmodel import Session, col, select

from payroll.documents import fiches, sommaire
from payroll.documents.fiches import BulletinAnnuel, FichesFacts
from payroll.documents.sommaire import Reperes
from payroll.month.commun import (
    Acte,
    GesteRefuse,
    documents_of,
    find_adherent,
    put_document,
    record,
    withdraw_document,
)
from payroll.month.lire import read_bulletins
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, DocumentRetour, EtatPaie, Paie

_DECLARES = (EtatPaie.DECLAREE, EtatPaie.RESTITUEE, EtatPaie.CLOSE)


def produce_year(
    registre: Registre,
    code: str,
    annee: int,
    acte: Acte,
    *,
    date_paiement: Callable[[Month], date] | None = None,
    contact: tuple[str, ...] = (),
) -> Month:
    """Rend le classeur de l'année dans le dossier du dernier mois déclaré ; rend ce mois. Se répète sans effet.

    Celui qu'un mois précédent portait est retiré : une année n'a qu'un classeur. ``date_paiement`` et ``contact`` sont
    pour le sommaire du dossier. Lève :class:`GesteRefuse` si aucun mois de l'année n'est déclaré.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        facts = _facts(session, adherent, annee)
    content = fiches.render(facts)
    name = fiches.file_name(annee)
    with registre.transaction() as session:
        changed = put_document(session, registre, adherent, facts.mois, name, content, acte.moment)
        for mois in (facts.mois, *_withdraw_older(session, adherent, name, facts.mois, acte)):
            known = {row.chemin for row in documents_of(session, adherent, mois)}
            reperes = Reperes(date_paiement(mois) if date_paiement else None, contact)
            index = sommaire.render(adherent.nom, mois, known, reperes)
            put_document(session, registre, adherent, mois, sommaire.NOM, index, acte.moment)
        if changed:
            record(session, acte, "produire-fiches", code, facts.mois, annee=annee, bulletins=len(facts.rows))
    return facts.mois


def _withdraw_older(session: Session, adherent: Adherent, name: str, mois: Month, acte: Acte) -> list[Month]:
    """Retire ce classeur des autres mois ; rend ceux-là, dont le sommaire est à refaire."""
    rows = session.exec(
        select(DocumentRetour).where(
            DocumentRetour.adherent_id == adherent.id, DocumentRetour.chemin == name, DocumentRetour.mois != str(mois)
        )
    ).all()
    withdrawn = [Month.parse(row.mois) for row in rows if withdraw_document(session, row, acte.moment)]
    for other in withdrawn:
        record(session, acte, "retirer", adherent.code, other, documents=[name])
    return withdrawn


def _facts(session: Session, adherent: Adherent, annee: int) -> FichesFacts:
    paies = session.exec(
        select(Paie)
        .where(
            Paie.adherent_id == adherent.id,
            Paie.mois >= str(Month(annee, 1)),
            Paie.mois <= str(Month(annee, 12)),
            col(Paie.etat).in_(_DECLARES),
        )
        .order_by(Paie.mois)
    ).all()
    if not paies:
        raise GesteRefuse(
            f"{adherent.nom} : aucun mois de {annee} n'est déclaré, il n'y a pas encore de fiche à faire."
        )
    return FichesFacts(
        nom=adherent.nom,
        code=adherent.code,
        siret=adherent.siret,
        mois=Month.parse(paies[-1].mois),
        rows=tuple(
            BulletinAnnuel(lu.agent.matricule, lu.agent.nom_usage or lu.agent.nom, lu.agent.prenom, lu.bulletin)
            for paie in paies
            for lu in read_bulletins(session, paie)
        ),
    )
