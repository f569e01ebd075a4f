"""Ce que tous les gestes partagent : qui agit et quand, retrouver un adhérent et sa paie, inscrire au journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, SQLModel, col, insert, select

from payroll.anomalies import Anomalie, Gravite
from payroll.periods import Month
from payroll.store import audit
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, DocumentRemplace, DocumentRetour, EtatPaie, Evenement, Paie


@dataclass(frozen=True, slots=True)
class Acte:
    """Qui fait le geste, et quand (instant en temps universel) : ce que le journal gardera."""

    par: str
    moment: datetime

    def __post_init__(self) -> None:
        if self.moment.tzinfo is None:
            raise ValueError("l'instant d'un acte porte son fuseau")


class GesteRefuse(Exception):  # noqa: N818  (mot du métier : un refus motivé, pas une erreur de programme)
    """Le geste n'est pas possible dans l'état présent ; le message, en français, dit pourquoi et quoi faire."""

    def __init__(self, message: str, anomalies: tuple[Anomalie, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.anomalies = anomalies


def find_adherent(session: Session, code: str) -> Adherent:
    """L'adhérent de ce code ; lève :class:`GesteRefuse` s'il est inconnu.

    La ligne est tenue jusqu'à la fin de la transaction : deux gestes sur le même adhérent passent l'un après l'autre,
    ceux de deux adhérents ensemble. (SQLite n'a qu'un écrivain : le verrou y est déjà pris.)
    """
    adherent = session.exec(select(Adherent).where(Adherent.code == code).with_for_update()).one_or_none()
    if adherent is None:
        raise GesteRefuse(f"Adhérent inconnu : « {code} ». La liste s'obtient par « paie adherents ».")
    return adherent


def adherent_codes(registre: Registre) -> list[str]:
    """Les codes de tous les adhérents, triés."""
    with registre.transaction() as session:
        return list(session.exec(select(Adherent.code).order_by(Adherent.code)).all())


def current_paie(session: Session, adherent: Adherent, mois: Month) -> Paie | None:
    """La révision courante de la paie du mois, ou ``None`` si le mois n'est pas ouvert."""
    return session.exec(
        select(Paie)
        .where(Paie.adherent_id == adherent.id, Paie.mois == str(mois), Paie.etat != EtatPaie.REMPLACEE)
        .order_by(col(Paie.revision).desc())
    ).first()


def require_paie(session: Session, adherent: Adherent, mois: Month) -> Paie:
    """La paie courante ; lève :class:`GesteRefuse` si le mois n'est pas ouvert."""
    paie = current_paie(session, adherent, mois)
    if paie is None:
        raise GesteRefuse(f"{adherent.nom} : le mois de {mois.libelle} n'est pas ouvert. Lancez d'abord « ouvrir ».")
    return paie


def record(session: Session, acte: Acte, geste: str, adherent: str, mois: Month | None, **detail: Any) -> None:
    """Inscrit un geste au journal, dans la transaction du geste lui-même."""
    event = Evenement(
        le=acte.moment,
        par=acte.par,
        geste=geste,
        adherent_code=adherent,
        mois=str(mois) if mois else "",
        detail=detail,
    )
    audit.chain(session, event)
    session.add(event)


def put_document(
    session: Session, registre: Registre, adherent: Adherent, mois: Month, chemin: str, content: bytes, moment: datetime
) -> bool:
    """Inscrit un document dû à l'adhérent ; vrai s'il est nouveau ou changé, donc à (re)déposer."""
    return put_documents(session, registre, adherent, mois, {chemin: content}, moment) == 1


def put_documents(
    session: Session,
    registre: Registre,
    adherent: Adherent,
    mois: Month,
    documents: Mapping[str, bytes],
    moment: datetime,
) -> int:
    """Inscrit des documents dus à l'adhérent, en deux ordres SQL ; rend le nombre de ceux à (re)déposer.

    La version qu'un document remplace est gardée (:class:`DocumentRemplace`).
    """
    known = {
        row.chemin: row
        for row in session.exec(
            select(DocumentRetour).where(
                DocumentRetour.adherent_id == adherent.id,
                DocumentRetour.mois == str(mois),
                col(DocumentRetour.chemin).in_(documents),
            )
        )
    }
    nouveaux: list[DocumentRetour] = []
    anciens: list[DocumentRemplace] = []
    changed = 0
    for chemin, content in documents.items():
        sha256, row = registre.pieces.put(content), known.get(chemin)
        if row is None:
            nouveaux.append(
                DocumentRetour(
                    adherent_id=key(adherent.id), mois=str(mois), chemin=chemin, sha256=sha256, produit_le=moment
                )
            )
        elif row.sha256 != sha256 or row.retire_le is not None:
            if row.sha256 != sha256:
                anciens.append(_version(row, moment))
            row.sha256, row.produit_le, row.depose_le = sha256, moment, None
            row.retire_le = row.ote_le = None
            session.add(row)
            changed += 1
    insert_rows(session, nouveaux)
    insert_rows(session, anciens)
    return len(nouveaux) + changed


def _version(row: DocumentRetour, moment: datetime) -> DocumentRemplace:
    return DocumentRemplace(
        adherent_id=row.adherent_id,
        mois=row.mois,
        chemin=row.chemin,
        sha256=row.sha256,
        produit_le=row.produit_le,
        depose_le=row.depose_le,
        remplace_le=moment,
    )


def insert_rows(session: Session, rows: Sequence[SQLModel]) -> None:
    """Inscrit des lignes d'une même table en un seul ordre ; la base leur donne une clé, que ces objets n'ont pas.

    Un ordre par ligne faisait 400 insertions de la paie de 20 agents ; il en reste deux.
    """
    if rows:
        names = [name for name in type(rows[0]).model_fields if name != "id"]
        insert_values(session, type(rows[0]), [{name: getattr(row, name) for name in names} for row in rows])


def insert_values(session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Inscrit en un seul ordre des lignes données par colonne, toutes avec les mêmes ; la base leur donne une clé."""
    if rows:
        # Sans « render_nulls », une colonne vide de plus ou de moins commence un nouvel ordre.
        session.execute(insert(table).execution_options(render_nulls=True), rows)


def withdraw_document(session: Session, document: DocumentRetour, moment: datetime) -> bool:
    """Retire un document qui n'est plus vrai ; vrai s'il ne l'était pas déjà. Sa pièce reste au registre."""
    if document.retire_le is not None:
        return False
    document.retire_le, document.depose_le = moment, document.depose_le or moment
    session.add(document)
    return True


def documents_of(session: Session, adherent: Adherent, mois: Month) -> list[DocumentRetour]:
    """Les documents d'un mois que l'adhérent a, ou va avoir."""
    return list(
        session.exec(
            select(DocumentRetour).where(
                DocumentRetour.adherent_id == adherent.id,
                DocumentRetour.mois == str(mois),
                col(DocumentRetour.retire_le).is_(None),
            )
        ).all()
    )


def anomalies_to_json(anomalies: tuple[Anomalie, ...] | list[Anomalie]) -> list[dict[str, Any]]:
    return [asdict(anomalie) for anomalie in anomalies]


def anomalies_from_json(rows: list[dict[str, Any]]) -> list[Anomalie]:
    return [Anomalie(**{**row, "gravite": Gravite(row["gravite"])}) for row in rows]


def key(value: int | None) -> int:
    """La clé d'une ligne enregistrée : elle existe, ou le programme a un défaut."""
    if value is None:
        raise RuntimeError("ligne sans clé : elle n'a pas été enregistrée")
    return value


def aware(moment: datetime) -> datetime:
    """Un instant relu de la base, en temps universel (SQLite ne garde pas le fuseau)."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
