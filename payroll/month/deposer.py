"""Déposer : un message prêt pour net-entreprises est inscrit, posé dans ``declarations/``, puis son sort est noté.

L'ordre protège de toute panne : inscrire avant d'écrire le fichier, noter « posé » après ; noter « en cours » avant
d'envoyer, noter la réponse après. Un envoi dont la réponse s'est perdue n'est jamais refait sans que l'on ait su s'il
était arrivé.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, col, select

from payroll.month.commun import Acte, GesteRefuse, find_adherent, key, record
from payroll.month.signaler import event_name
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Contrat, MessageDsn, Paie
from payroll.store.tables_dsn import EnvoiDsn, EtatEnvoi, SignalementDsn

_MENSUELLE = "01"
_ESSAI = b"S10.G00.00.005,'01'"
_DECLARATION = b"S20.G00.05.001,"


@dataclass(frozen=True, slots=True)
class Envoi:
    """Un message à déposer, et où il en est."""

    id: int
    adherent: str
    nature: str
    mois: str
    numero_ordre: int
    nom: str
    sha256: str
    essai: bool
    etat: str
    idflux: str
    motif: str


def enroll_sendings(registre: Registre, code: str, acte: Acte) -> int:
    """Inscrit les messages déclarés et les signalements d'un adhérent qui ne le sont pas encore ; rend leur nombre."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        known = set(session.exec(select(EnvoiDsn.sha256).where(EnvoiDsn.adherent_id == adherent.id)).all())
        rows = [row for row in _ready(session, registre, adherent, acte) if row.sha256 not in known]
        for row in rows:
            session.add(row)
            record(session, acte, "inscrire l'envoi", code, Month.parse(row.mois), nature=row.nature, fichier=row.nom)
        return len(rows)


def place_sendings(registre: Registre, code: str, folder: Path, acte: Acte) -> list[Envoi]:
    """Pose dans le dossier les messages inscrits d'un adhérent ; un fichier déjà là, aux mêmes octets, est laissé.

    Lève :class:`GesteRefuse` si un autre contenu porte déjà ce nom : rien n'est écrasé.
    """
    waiting = sendings(registre, code, EtatEnvoi.INSCRIT)
    for item in waiting:
        content = registre.pieces.get(item.sha256)
        _write(folder / item.nom, content)
        with registre.transaction() as session:
            row = session.get_one(EnvoiDsn, item.id)
            if row.etat == EtatEnvoi.INSCRIT:
                row.etat, row.pose_le = EtatEnvoi.POSE, acte.moment
                session.add(row)
                record(session, acte, "poser l'envoi", code, Month.parse(row.mois), fichier=row.nom)
    return waiting


def sendings(registre: Registre, code: str, *etats: EtatEnvoi) -> list[Envoi]:
    """Les envois d'un adhérent dans ces états (tous, si aucun n'est donné), du plus ancien au plus récent."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        query = select(EnvoiDsn).where(EnvoiDsn.adherent_id == adherent.id).order_by(col(EnvoiDsn.id))
        if etats:
            query = query.where(col(EnvoiDsn.etat).in_([str(etat) for etat in etats]))
        return [_told(row, code) for row in session.exec(query).all()]


def begin_deposit(registre: Registre, item: Envoi, acte: Acte) -> bytes:
    """Note que le dépôt commence et rend les octets à envoyer ; après ce retour, un doute interdit de recommencer.

    Lève :class:`GesteRefuse` si l'envoi n'est pas prêt, ou ne porte pas une déclaration et une seule.
    """
    content = registre.pieces.get(item.sha256)
    declarations = sum(line.startswith(_DECLARATION) for line in content.splitlines())
    if declarations != 1:
        raise GesteRefuse(f"{item.nom} porte {declarations} déclarations : le dépôt automatique n'en admet qu'une.")
    with registre.transaction() as session:
        row = session.get_one(EnvoiDsn, item.id)
        if row.etat not in (EtatEnvoi.INSCRIT, EtatEnvoi.POSE):
            raise GesteRefuse(
                f"{item.nom} est déjà {row.etat.replace('_', ' ')} : il n'est pas déposé une seconde fois."
            )
        row.etat, row.motif = EtatEnvoi.EN_COURS, ""
        session.add(row)
        record(session, acte, "commencer le dépôt", item.adherent, Month.parse(item.mois), fichier=item.nom)
    return content


def finish_deposit(
    registre: Registre, item: Envoi, acte: Acte, *, accepted: bool, report: bytes, idflux: str = "", motif: str = ""
) -> None:
    """Note la réponse du point de dépôt et garde l'accusé, ou l'avis de rejet, qui dit pourquoi."""
    sha256 = registre.pieces.put(report) if report else ""
    with registre.transaction() as session:
        row = session.get_one(EnvoiDsn, item.id)
        row.etat = EtatEnvoi.DEPOSE if accepted else EtatEnvoi.REJETE
        row.depose_le = acte.moment if accepted else None
        row.idflux, row.reponse_sha256, row.motif = idflux or row.idflux, sha256, motif
        session.add(row)
        record(session, acte, "déposer", item.adherent, Month.parse(item.mois), fichier=item.nom, etat=row.etat)


def forget_deposit(registre: Registre, item: Envoi, acte: Acte, motif: str) -> None:
    """Rend un envoi à déposer, quand il est sûr que rien n'est parti (connexion refusée, jeton refusé)."""
    with registre.transaction() as session:
        row = session.get_one(EnvoiDsn, item.id)
        row.etat = EtatEnvoi.POSE if row.pose_le else EtatEnvoi.INSCRIT
        row.motif = motif
        session.add(row)
        record(session, acte, "abandonner le dépôt", item.adherent, Month.parse(item.mois), fichier=item.nom)


def known_flows(registre: Registre) -> frozenset[str]:
    """Les identifiants de dépôt déjà attribués à un envoi."""
    with registre.transaction() as session:
        return frozenset(session.exec(select(EnvoiDsn.idflux).where(EnvoiDsn.idflux != "")).all())


def _ready(session: Session, registre: Registre, adherent: Adherent, acte: Acte) -> Sequence[EnvoiDsn]:
    monthly = session.exec(
        select(MessageDsn, Paie)
        .join(Paie, col(Paie.id) == col(MessageDsn.paie_id))
        .where(Paie.adherent_id == adherent.id)
        .order_by(Paie.mois, col(MessageDsn.numero_ordre))
    ).all()
    events = session.exec(
        select(SignalementDsn, Contrat)
        .join(Contrat, col(Contrat.id) == col(SignalementDsn.contrat_id))
        .where(SignalementDsn.adherent_id == adherent.id)
        .order_by(col(SignalementDsn.id))
    ).all()
    named = [
        (
            message.sha256,
            _MENSUELLE,
            paie.mois,
            message.numero_ordre,
            f"dsn-{paie.mois}-{adherent.code}-{message.numero_ordre}",
        )
        for message, paie in monthly
    ] + [
        (
            row.sha256,
            row.nature,
            str(Month.of(row.fin)),
            row.numero_ordre,
            event_name(adherent.code, contrat.numero, row).removesuffix(".dsn"),
        )
        for row, contrat in events
    ]
    return [
        EnvoiDsn(
            adherent_id=key(adherent.id),
            sha256=sha256,
            nature=nature,
            mois=mois,
            numero_ordre=order,
            essai=_ESSAI in registre.pieces.get(sha256)[:2000],
            nom=f"{name}.dsn",
            inscrit_le=acte.moment,
        )
        for sha256, nature, mois, order, name in named
    ]


def _told(row: EnvoiDsn, code: str) -> Envoi:
    return Envoi(
        id=key(row.id),
        adherent=code,
        nature=row.nature,
        mois=row.mois,
        numero_ordre=row.numero_ordre,
        nom=row.nom,
        sha256=row.sha256,
        essai=row.essai,
        etat=row.etat,
        idflux=row.idflux,
        motif=row.motif,
    )


def _write(path: Path, content: bytes) -> None:
    """Écrit sous un nom provisoire puis renomme : le dossier ne montre jamais un message à moitié écrit."""
    if path.exists():
        if path.read_bytes() != content:
            raise GesteRefuse(f"« {path.name} » existe déjà dans le dossier des déclarations, avec un autre contenu.")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partiel")
    temporary.touch(mode=0o600)
    with temporary.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
