"""Les documents dus : ce qui reste à poser dans le dossier de retour d'un adhérent, ou à en ôter, et ce qui l'est.

Le dépôt lui-même (SFTP) n'est pas ici : une porte lit :func:`pending_documents`, dépose, puis appelle
:func:`mark_deposited`. Une panne entre les deux fait déposer deux fois les mêmes octets, jamais perdre un document.
Un document que la paie ne produit plus est ôté de même : :func:`pending_withdrawals`, puis :func:`mark_withdrawn`.
Rien ici ne compose de document : qui ne fait que déposer ne charge ni PDF, ni norme.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from payroll.documents.names import JOURNAL_NAME
from payroll.month.commun import Acte, documents_of, find_adherent, record
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, DocumentRetour, EtatPaie, Paie


@dataclass(frozen=True, slots=True)
class DocumentDu:
    """Un document à déposer dans ``retour/AAAA-MM/`` de l'adhérent ; son contenu est une pièce."""

    adherent: str
    mois: str
    chemin: str
    sha256: str


def pending_documents(registre: Registre, code: str) -> list[DocumentDu]:
    """Les documents dus à un adhérent et pas encore déposés, tous mois confondus."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        rows = session.exec(
            select(DocumentRetour)
            .where(DocumentRetour.adherent_id == adherent.id, col(DocumentRetour.depose_le).is_(None))
            .order_by(DocumentRetour.mois, DocumentRetour.chemin)
        ).all()
        return [DocumentDu(code, row.mois, row.chemin, row.sha256) for row in rows]


def pending_withdrawals(registre: Registre, code: str) -> list[DocumentDu]:
    """Les documents qui ne sont plus vrais et que le dossier de l'adhérent garde encore, tous mois confondus."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        rows = session.exec(
            select(DocumentRetour)
            .where(
                DocumentRetour.adherent_id == adherent.id,
                col(DocumentRetour.retire_le).is_not(None),
                col(DocumentRetour.ote_le).is_(None),
            )
            .order_by(DocumentRetour.mois, DocumentRetour.chemin)
        ).all()
        return [DocumentDu(code, row.mois, row.chemin, row.sha256) for row in rows]


def mark_withdrawn(registre: Registre, code: str, documents: list[DocumentDu], acte: Acte) -> None:
    """Dit que ces documents ne sont plus dans le dossier de l'adhérent ; la base en garde la trace et la pièce."""
    if not documents:
        return
    gone = {(document.mois, document.chemin) for document in documents}
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        for row in session.exec(
            select(DocumentRetour).where(
                DocumentRetour.adherent_id == adherent.id,
                col(DocumentRetour.retire_le).is_not(None),
                col(DocumentRetour.ote_le).is_(None),
            )
        ).all():
            if (row.mois, row.chemin) in gone:
                row.ote_le = acte.moment
                session.add(row)


def mark_deposited(registre: Registre, code: str, documents: list[DocumentDu], acte: Acte) -> None:
    """Dit que ces documents sont dans le dossier de l'adhérent ; une paie dont tout est déposé devient restituée."""
    if not documents:
        return
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        deposited = {(document.mois, document.chemin): document.sha256 for document in documents}
        rows = session.exec(
            select(DocumentRetour).where(
                DocumentRetour.adherent_id == adherent.id, col(DocumentRetour.depose_le).is_(None)
            )
        ).all()
        for row in rows:
            # Un document refait entre-temps a une autre empreinte : il reste à déposer.
            if deposited.get((row.mois, row.chemin)) == row.sha256:
                row.depose_le = acte.moment
                session.add(row)
        session.flush()
        for mois in sorted({document.mois for document in documents}):
            _mark_returned(session, adherent, Month.parse(mois), acte)


def _mark_returned(session: Session, adherent: Adherent, mois: Month, acte: Acte) -> None:
    paie = session.exec(
        select(Paie).where(Paie.adherent_id == adherent.id, Paie.mois == str(mois), Paie.etat == EtatPaie.DECLAREE)
    ).one_or_none()
    if paie is None:
        return
    documents = documents_of(session, adherent, mois)
    names = {document.chemin for document in documents}
    if JOURNAL_NAME in names and all(document.depose_le for document in documents):
        paie.etat = EtatPaie.RESTITUEE
        session.add(paie)
        record(session, acte, "restituer", adherent.code, mois, documents=len(documents))
