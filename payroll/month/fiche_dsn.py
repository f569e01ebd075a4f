"""La DSN d'un adhérent pour un mois, pour l'écran : messages, contrôles, rapprochement, envois et retours."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from dsn.anomalies import Anomaly
from dsn.reader import read
from dsn.retours import RetourRefuse, read_return
from dsn.retours.lecture import LIBELLES, TypeRetour
from payroll import legislation
from payroll.anomalies import Anomalie
from payroll.month.commun import Acte, GesteRefuse, anomalies_from_json, aware, current_paie, find_adherent, key, record
from payroll.month.fiche_adherent import known_adherent
from payroll.month.fiche_paies import Piece
from payroll.month.gestionnaires import require_right
from payroll.month.lire import read_bulletins
from payroll.month.messages import sent_messages
from payroll.month.rapprocher import Rapprochement, reconcile
from payroll.month.retours import RetourRecu, receive_return
from payroll.month.situations import employer_settings
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, EtatPaie, MessageDsn, Paie
from payroll.store.tables_dsn import EnvoiDsn, RetourDsn

_TYPES = {"01": "normale", "02": "néant", "03": "annule et remplace", "04": "annule", "05": "annule et remplace néant"}


@dataclass(frozen=True, slots=True)
class MessageVu:
    """Un message produit pour ce mois."""

    id: int
    type: str
    norme: str
    numero_ordre: int
    constitue_le: datetime
    empreinte: str
    anomalies: tuple[Anomaly, ...]
    """Bloquants d'abord, puis par ligne."""


@dataclass(frozen=True, slots=True)
class RetourVu:
    """Un retour de net-entreprises."""

    nom: str
    libelle: str
    etat: str
    recu_le: datetime
    conformite: str
    relie: bool
    """Vrai si on sait à quel message il répond."""
    bilan: dict[str, int]
    anomalies: tuple[Anomalie, ...]


@dataclass(frozen=True, slots=True)
class EnvoiVu:
    """Un message prêt pour net-entreprises, et où il en est."""

    nom: str
    nature: str
    etat: str
    essai: bool
    inscrit_le: datetime
    depose_le: datetime | None
    motif: str


@dataclass(frozen=True, slots=True)
class FicheDsn:
    """Ce que montre la page DSN d'un adhérent."""

    etat: str
    """L'état de la paie ; vide : le mois n'est pas ouvert."""
    revision: int
    messages: tuple[MessageVu, ...]
    """Du plus ancien au plus récent ; le dernier est celui qui vaut."""
    rapprochement: tuple[Rapprochement, ...]
    """Celui du dernier message contre les bulletins de sa paie ; vide : rien n'est déclaré."""
    envois: tuple[EnvoiVu, ...]
    retours: tuple[RetourVu, ...]


def read_dsn(registre: Registre, code: str, mois: Month, *, rapprocher: bool = True) -> FicheDsn:
    """La DSN d'un mois ; lève :class:`GesteRefuse` si l'adhérent est inconnu.

    ``rapprocher`` faux : sans relire le message ni les bulletins.
    """
    with registre.transaction() as session:
        adherent = known_adherent(session, code)
        paie = current_paie(session, adherent, mois)
        sent = sent_messages(session, adherent, mois)
        sums = _reconciled(registre, session, adherent, mois, sent[-1]) if sent and rapprocher else []
        sendings = session.exec(
            select(EnvoiDsn)
            .where(EnvoiDsn.adherent_id == adherent.id, EnvoiDsn.mois == str(mois))
            .order_by(col(EnvoiDsn.id))
        ).all()
        returns = session.exec(
            select(RetourDsn)
            .where(RetourDsn.adherent_id == adherent.id, RetourDsn.mois == str(mois))
            .order_by(col(RetourDsn.recu_le), col(RetourDsn.id))
        ).all()
        return FicheDsn(
            etat=paie.etat if paie else "",
            revision=paie.revision if paie else 0,
            messages=tuple(_message(row) for row in sent),
            rapprochement=tuple(sums),
            envois=tuple(_sending(row) for row in sendings),
            retours=tuple(_return(row) for row in returns),
        )


def open_message(registre: Registre, code: str, message: int) -> Piece:
    """Le fichier .dsn d'un message de cet adhérent ; lève :class:`GesteRefuse` s'il n'est pas à lui."""
    with registre.transaction() as session:
        adherent = known_adherent(session, code)
        found = session.exec(
            select(MessageDsn, Paie)
            .join(Paie, col(Paie.id) == col(MessageDsn.paie_id))
            .where(MessageDsn.id == message, Paie.adherent_id == adherent.id)
        ).one_or_none()
    if found is None:
        raise GesteRefuse("Cette DSN n'est pas une de celles de cet adhérent. Revenez à sa page.")
    row, paie = found
    return Piece(f"dsn-{paie.mois}-{code}-{row.numero_ordre}.dsn", registre.pieces.get(row.sha256), paie.mois)


def deposit_return(registre: Registre, code: str, nom: str, content: bytes, acte: Acte) -> RetourRecu:
    """Reçoit un retour déposé à la page d'un adhérent, s'il ne parle que de lui ; répété, ne change rien.

    Lève :class:`GesteRefuse` sans rien garder : fichier illisible, retour d'un autre établissement, droit absent.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        require_right(session, acte, code)
    try:
        sirets = {declaration.siret for declaration in read_return(content).declarations}
    except RetourRefuse as refus:
        _refused(registre, code, acte, str(refus))
        raise GesteRefuse(f"Ce fichier n'est pas reçu : {refus}") from None
    if sirets != {adherent.siret}:
        others = (
            ", ".join(sorted(siret or "sans SIRET" for siret in sirets - {adherent.siret})) or "aucun établissement"
        )
        # Un retour applique des taux : celui d'un autre adhérent passe par sa page, et par le droit sur lui.
        reason = f"ce retour parle de {others}, et cet adhérent est l'établissement {adherent.siret}."
        _refused(registre, code, acte, reason)
        raise GesteRefuse(f"Ce fichier n'est pas reçu : {reason} Déposez-le à la page de l'adhérent qu'il concerne.")
    return receive_return(registre, nom, content, acte)


def _refused(registre: Registre, code: str, acte: Acte, reason: str) -> None:
    with registre.transaction() as session:
        record(session, acte, "refuser un retour", code, None, motif=reason)


def _reconciled(
    registre: Registre, session: Session, adherent: Adherent, mois: Month, sent: MessageDsn
) -> list[Rapprochement]:
    parametre = employer_settings(session, adherent, mois)
    paie = session.get_one(Paie, sent.paie_id)
    if parametre is None:
        return []
    threshold = legislation.load().at(mois).integer("fnal.seuil_effectif")
    message, _ = read(io.BytesIO(registre.pieces.get(sent.sha256)))
    return reconcile(read_bulletins(session, paie), message, sent.norme, effectif_50=parametre.effectif >= threshold)


def _message(row: MessageDsn) -> MessageVu:
    anomalies = sorted((Anomaly(**item) for item in row.anomalies), key=lambda one: (not one.blocking, one.line))
    return MessageVu(
        id=key(row.id),
        type=_TYPES.get(row.type, row.type),
        norme=row.norme,
        numero_ordre=row.numero_ordre,
        constitue_le=aware(row.constitue_le),
        empreinte=row.sha256,
        anomalies=tuple(anomalies),
    )


def _sending(row: EnvoiDsn) -> EnvoiVu:
    return EnvoiVu(
        nom=row.nom,
        nature=row.nature,
        etat=row.etat,
        essai=row.essai,
        inscrit_le=aware(row.inscrit_le),
        depose_le=aware(row.depose_le) if row.depose_le else None,
        motif=row.motif,
    )


def _return(row: RetourDsn) -> RetourVu:
    return RetourVu(
        nom=row.nom,
        libelle=LIBELLES[TypeRetour(row.type)] if row.type else "retour refusé",
        etat=row.etat,
        recu_le=aware(row.recu_le),
        conformite=row.conformite,
        relie=bool(row.message_sha256),
        bilan=dict(row.bilan),
        anomalies=tuple(anomalies_from_json(row.anomalies)),
    )


def is_declarable(etat: str) -> bool:
    """Vrai si la paie attend sa DSN."""
    return etat == EtatPaie.VALIDEE


def is_replaceable(etat: str) -> bool:
    """Vrai si un « annule et remplace » est encore permis."""
    return etat in (EtatPaie.DECLAREE, EtatPaie.RESTITUEE)
