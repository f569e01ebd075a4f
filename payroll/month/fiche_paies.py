"""Les paies d'un adhérent et leurs documents, pour l'écran : révisions, approbations, pièces à télécharger."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy
from sqlalchemy import func
from sqlmodel import Session, col, select

from payroll.anomalies import Anomalie
from payroll.month.commun import GesteRefuse, anomalies_from_json, aware, key
from payroll.month.fiche_adherent import known_adherent
from payroll.month.tableau_lignes import Sommes
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Approbation, BulletinPaie, DocumentRetour, FichierRecu, Paie

IMPERSONNELS = ("LISEZMOI", "etats.", "rapprochement-dsn-", "certificat-dsn-")
"""Débuts de nom des documents qui ne disent rien d'une personne ; ouvrir tout autre se trace, connu ou non."""


@dataclass(frozen=True, slots=True)
class PaieFaite:
    """Une révision d'une paie, et qui l'a approuvée."""

    id: int
    mois: Month
    revision: int
    etat: str
    ouverte_le: datetime
    calculee_le: datetime | None
    empreinte: str
    sommes: Sommes
    anomalies: tuple[Anomalie, ...]
    approbations: tuple[Approbation, ...]


@dataclass(frozen=True, slots=True)
class DocumentRendu:
    """Un document dû à l'adhérent, déposé ou non."""

    id: int
    mois: str
    chemin: str
    produit_le: datetime
    depose_le: datetime | None


@dataclass(frozen=True, slots=True)
class Piece:
    """Un contenu à télécharger, et le nom sous lequel il a été rendu ou reçu."""

    nom: str
    contenu: bytes
    mois: str


def list_runs(registre: Registre, code: str, *, limite: int = 36) -> list[PaieFaite]:
    """Les paies d'un adhérent, révisions remplacées comprises, de la plus récente à la plus ancienne."""
    with registre.transaction() as session:
        adherent = known_adherent(session, code)
        rows = session.exec(
            select(Paie)
            .where(Paie.adherent_id == adherent.id)
            .order_by(col(Paie.mois).desc(), col(Paie.revision).desc())
            .limit(limite)
        ).all()
        ids = [key(row.id) for row in rows]
        sums = _sums(session, ids)
        approvals: dict[int, list[Approbation]] = defaultdict(list)
        for approval in session.exec(
            select(Approbation).where(col(Approbation.paie_id).in_(ids)).order_by(col(Approbation.le))
        ):
            approvals[approval.paie_id].append(approval)
    return [
        PaieFaite(
            id=key(row.id),
            mois=Month.parse(row.mois),
            revision=row.revision,
            etat=row.etat,
            ouverte_le=aware(row.ouverte_le),
            calculee_le=aware(row.calculee_le) if row.calculee_le else None,
            empreinte=row.hash_contenu,
            sommes=sums.get(key(row.id), Sommes()),
            anomalies=tuple(anomalies_from_json(row.anomalies)),
            approbations=tuple(approvals[key(row.id)]),
        )
        for row in rows
    ]


def list_documents(registre: Registre, code: str, mois: Month) -> list[DocumentRendu]:
    """Les documents que l'adhérent a d'un mois, par nom ; les bulletins y sont dans l'ordre des matricules."""
    with registre.transaction() as session:
        adherent = known_adherent(session, code)
        rows = session.exec(
            select(DocumentRetour)
            .where(
                DocumentRetour.adherent_id == adherent.id,
                DocumentRetour.mois == str(mois),
                col(DocumentRetour.retire_le).is_(None),
            )
            .order_by(col(DocumentRetour.chemin))
        ).all()
    return [
        DocumentRendu(
            key(row.id), row.mois, row.chemin, aware(row.produit_le), aware(row.depose_le) if row.depose_le else None
        )
        for row in rows
    ]


def open_document(registre: Registre, code: str, document: int) -> Piece:
    """Le contenu d'un document de cet adhérent ; lève :class:`GesteRefuse` s'il n'est pas à lui."""
    with registre.transaction() as session:
        adherent = known_adherent(session, code)
        row = session.exec(
            select(DocumentRetour).where(DocumentRetour.id == document, DocumentRetour.adherent_id == adherent.id)
        ).one_or_none()
    if row is None:
        raise GesteRefuse("Ce document n'est pas, ou n'est plus, parmi ceux de cet adhérent. Revenez à sa page.")
    return Piece(row.chemin, registre.pieces.get(row.sha256), row.mois)


def open_file(registre: Registre, code: str, fichier: int) -> Piece:
    """Le fichier tel que l'adhérent l'a envoyé : à enregistrer, jamais à ouvrir dans la page."""
    with registre.transaction() as session:
        adherent = known_adherent(session, code)
        row = session.exec(
            select(FichierRecu).where(FichierRecu.id == fichier, FichierRecu.adherent_id == adherent.id)
        ).one_or_none()
    if row is None:
        raise GesteRefuse("Ce fichier n'est pas parmi ceux que cet adhérent a envoyés. Revenez à sa page.")
    return Piece(row.nom, registre.pieces.get(row.sha256), row.mois or "")


def is_personal(chemin: str) -> bool:
    """Vrai si ce document dit la paie d'une personne.

    >>> is_personal("bulletin-2026-11-00042.pdf"), is_personal("rapprochement-dsn-2026-11-x.csv")
    (True, False)
    """
    return not chemin.rsplit("/", 1)[-1].startswith(IMPERSONNELS)


def _sums(session: Session, ids: list[int]) -> dict[int, Sommes]:
    rows = session.connection().execute(
        sqlalchemy.select(
            col(BulletinPaie.paie_id),
            func.count(),
            func.sum(BulletinPaie.brut),
            func.sum(BulletinPaie.net_a_payer),
            func.sum(BulletinPaie.cout_employeur),
        )
        .where(col(BulletinPaie.paie_id).in_(ids))
        .group_by(col(BulletinPaie.paie_id))
    )
    return {paie_id: Sommes(count, int(brut), int(net), int(cost)) for paie_id, count, brut, net, cost in rows}
