"""Les sessions du bureau, et la trace de qui a regardé quoi.

Le témoin remis au navigateur est tiré au hasard (256 bits) et n'est gardé nulle part : la base n'en a que l'empreinte.
Une session meurt de silence ou de vieillesse ; elle change de témoin chaque fois que ses droits changent.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, delete, select

from payroll.month.commun import Acte, aware, key, record
from payroll.month.gestionnaires import Compte, compte_of, find_account
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent
from payroll.store.tables_acces import EtapeSession, SessionBureau
from payroll.store.tables_revision import Gestionnaire

_PAS_DE_TOUCHE = timedelta(minutes=1)
"""On n'écrit « vue à » qu'une fois par minute : lire une page ne doit pas coûter une écriture."""
_DEMI_SESSION = timedelta(minutes=10)
"""Le temps de taper un code ou d'inscrire un téléphone."""
_OUBLI = timedelta(days=180)
"""Une session éteinte porte une adresse : six mois (CNIL, délibération 2021-122), puis elle s'efface."""


@dataclass(frozen=True, slots=True)
class Limites:
    """Combien de temps vit une session : sans un geste, et en tout."""

    inactivite: timedelta = timedelta(minutes=30)
    duree: timedelta = timedelta(hours=10)


@dataclass(frozen=True, slots=True)
class SessionOuverte:
    """Une session vivante et son compte."""

    id: int
    compte: Compte
    etape: EtapeSession
    ouverte_le: datetime
    vue_le: datetime
    adresse: str
    navigateur: str
    par_mandataire: bool
    mois: str
    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AdherentVu:
    """Ce qu'une page a besoin de savoir d'un adhérent pour le nommer."""

    code: str
    nom: str
    quatre_yeux: bool


def open_session(
    registre: Registre,
    identifiant: str,
    etape: EtapeSession,
    acte: Acte,
    heure: datetime,
    *,
    adresse: str = "",
    navigateur: str = "",
    remplace: str = "",
    par_mandataire: bool = False,
) -> str:
    """Ouvre une session et rend son témoin, qui ne se relira plus ; ``remplace`` : le témoin qu'elle éteint.

    ``heure`` est l'heure vraie (la session en vit) ; ``acte`` dit qui et quand au journal. Une session complète est
    inscrite au journal, une demi-session non : elle ne donne accès à rien.
    """
    token = secrets.token_urlsafe(32)
    with registre.transaction() as session:
        account = find_account(session, identifiant)
        previous = _row(session, remplace)
        mois = ""
        if previous is not None:
            previous.fermee_le, previous.motif_fermeture = heure, "remplacée"
            session.add(previous)
            mois = previous.mois
        elif remplace:
            # Le témoin d'avant-session, qu'un autre a pu poser : gardé éteint, pour que le représenter se voie.
            session.add(_burnt(key(account.id), remplace, heure))
        session.exec(delete(SessionBureau).where(col(SessionBureau.vue_le) < heure - _OUBLI))
        session.add(
            SessionBureau(
                gestionnaire_id=key(account.id),
                empreinte=_digest(token),
                etape=etape,
                ouverte_le=heure,
                vue_le=heure,
                adresse=adresse[:64],
                navigateur=navigateur[:200],
                par_mandataire=par_mandataire,
                mois=mois,
            )
        )
        if etape is EtapeSession.COMPLETE:
            record(session, acte, "connexion", "", None, adresse=adresse[:64], mandataire=par_mandataire)
    return token


def find_session(registre: Registre, token: str, heure: datetime, limites: Limites) -> SessionOuverte | None:
    """La session vivante de ce témoin, ou ``None`` : inconnue, fermée, trop vieille, restée muette, compte fermé."""
    if not token:
        return None
    with registre.transaction() as session:
        found = session.exec(
            select(SessionBureau, Gestionnaire)
            .join(Gestionnaire, col(Gestionnaire.id) == SessionBureau.gestionnaire_id)
            .where(SessionBureau.empreinte == _digest(token))
        ).one_or_none()
        if found is None:
            return None
        row, account = found
        if not _alive(row, account, heure, limites):
            return None
        if heure - aware(row.vue_le) >= _PAS_DE_TOUCHE:
            row.vue_le = heure
            session.add(row)
        return _opened(row, account)


def dead_session(registre: Registre, token: str) -> str:
    """Pourquoi ce témoin est éteint (« remplacée », « déconnexion »…), ou vide s'il ne l'est pas ou n'a jamais été."""
    with registre.transaction() as session:
        row = _row(session, token)
        return row.motif_fermeture if row is not None else ""


def close_session(registre: Registre, token: str, acte: Acte, heure: datetime) -> None:
    """Ferme la session de ce témoin ; sans effet s'il n'y en a pas."""
    with registre.transaction() as session:
        row = _row(session, token)
        if row is not None:
            row.fermee_le, row.motif_fermeture = heure, "déconnexion"
            session.add(row)
            record(session, acte, "déconnexion", "", None)


def close_sessions(
    registre: Registre, identifiant: str, acte: Acte, heure: datetime, *, sauf: int = 0, seule: int = 0
) -> int:
    """Ferme les sessions d'un compte (``seule`` : celle-là ; ``sauf`` : toutes les autres) ; rend leur nombre."""
    with registre.transaction() as session:
        count = shut(session, find_account(session, identifiant), heure, "fermée à distance", sauf=sauf, seule=seule)
        if count:
            record(session, acte, "fermer-sessions", "", None, identifiant=identifiant, sessions=count)
        return count


def shut(session: Session, account: Gestionnaire, heure: datetime, motif: str, *, sauf: int = 0, seule: int = 0) -> int:
    """Ferme des sessions dans la transaction du geste qui l'impose (rôle, mot de passe, second facteur changés)."""
    rows = session.exec(
        select(SessionBureau).where(SessionBureau.gestionnaire_id == account.id, col(SessionBureau.fermee_le).is_(None))
    ).all()
    chosen = [row for row in rows if row.id != sauf and (not seule or row.id == seule)]
    for row in chosen:
        row.fermee_le, row.motif_fermeture = heure, motif
        session.add(row)
    return len(chosen)


def list_sessions(registre: Registre, identifiant: str, heure: datetime, limites: Limites) -> list[SessionOuverte]:
    """Les sessions complètes et vivantes d'un compte, la plus récente d'abord."""
    with registre.transaction() as session:
        account = find_account(session, identifiant)
        rows = session.exec(
            select(SessionBureau)
            .where(SessionBureau.gestionnaire_id == account.id, SessionBureau.etape == EtapeSession.COMPLETE)
            .order_by(col(SessionBureau.vue_le).desc())
        ).all()
        return [_opened(row, account) for row in rows if _alive(row, account, heure, limites)]


def choose_month(registre: Registre, session_id: int, mois: Month) -> None:
    """Retient le mois que la personne regarde."""
    _update(registre, session_id, mois=str(mois))


def leave_message(registre: Registre, session_id: int, message: dict[str, Any]) -> None:
    """Laisse à la prochaine page ce qu'elle doit dire ; vide : il a été dit."""
    _update(registre, session_id, message=message)


def visible_adherent(registre: Registre, compte: Compte, code: str) -> AdherentVu | None:
    """L'adhérent de ce code s'il existe et que ce compte le suit ; sinon ``None``, sans dire lequel des deux."""
    with registre.transaction() as session:
        adherent = session.exec(select(Adherent).where(Adherent.code == code)).one_or_none()
        if adherent is None or not compte.follows(code):
            return None
        return AdherentVu(adherent.code, adherent.nom, adherent.quatre_yeux)


def trace(
    registre: Registre, acte: Acte, geste: str, adherent: str = "", mois: Month | None = None, **detail: Any
) -> None:
    """Inscrit au journal ce qui n'a rien changé mais doit se savoir : un accès, un refus. Que des identifiants."""
    with registre.transaction() as session:
        record(session, acte, geste, adherent, mois, **detail)


def trace_payslip(
    registre: Registre, acte: Acte, adherent: str, mois: Month, matricules: list[str], forme: str
) -> None:
    """Inscrit au journal que des bulletins ont été vus ou emportés ; ``forme`` : page, pdf, classeur…"""
    trace(registre, acte, "voir-bulletin", adherent, mois, matricules=sorted(set(matricules)), forme=forme)


def _update(registre: Registre, session_id: int, **changes: Any) -> None:
    with registre.transaction() as session:
        row = session.get_one(SessionBureau, session_id)
        for name, value in changes.items():
            setattr(row, name, value)
        session.add(row)


def _burnt(account_id: int, token: str, heure: datetime) -> SessionBureau:
    return SessionBureau(
        gestionnaire_id=account_id,
        empreinte=_digest(token),
        etape=EtapeSession.CODE,
        ouverte_le=heure,
        vue_le=heure,
        fermee_le=heure,
        motif_fermeture="remplacée",
    )


def _alive(row: SessionBureau, account: Gestionnaire, heure: datetime, limites: Limites) -> bool:
    if row.fermee_le is not None or account.ferme_le is not None:
        return False
    life = limites.duree if row.etape == EtapeSession.COMPLETE else _DEMI_SESSION
    return heure - aware(row.ouverte_le) < life and heure - aware(row.vue_le) < limites.inactivite


def _row(session: Session, token: str) -> SessionBureau | None:
    if not token:
        return None
    return session.exec(select(SessionBureau).where(SessionBureau.empreinte == _digest(token))).one_or_none()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _opened(row: SessionBureau, account: Gestionnaire) -> SessionOuverte:
    return SessionOuverte(
        key(row.id),
        compte_of(account),
        EtapeSession(row.etape),
        aware(row.ouverte_le),
        aware(row.vue_le),
        row.adresse,
        row.navigateur,
        row.par_mandataire,
        row.mois,
        row.message,
    )
