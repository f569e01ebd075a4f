"""Les comptes de l'agence : qui peut réviser, corriger, approuver, et pour quels adhérents.

Tant qu'aucun compte n'existe (démonstration, premiers essais), rien n'est vérifié ; dès le premier, réviser demande un
compte ouvert, un rôle et un portefeuille. La porte (commande, bureau) demande le mot de passe ; le service
vérifie le droit.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from payroll.month.commun import Acte, GesteRefuse, find_adherent, record
from payroll.store.registre import Registre
from payroll.store.tables_revision import Gestionnaire, Role

LONGUEUR_MINIMALE = 12
"""Recommandation de la CNIL (délibération 2022-100) : douze caractères au moins, à défaut d'autre mesure."""
_IDENTIFIANT = re.compile(r"[a-z][a-z0-9.-]{1,30}")
# 64 Mio par essai : deviner en masse coûte de la mémoire, pas seulement du temps (RFC 7914).
_N, _R, _P, _SEL, _LONGUEUR = 2**16, 8, 1, 16, 32
_MEMOIRE = 128 * 1024 * 1024
_ENSEMBLE = threading.BoundedSemaphore(4)
"""Au plus quatre mots de passe jugés à la fois : deviner en foule ne doit pas vider la mémoire du serveur."""
_AGIT = (Role.GESTIONNAIRE, Role.RESPONSABLE)


@dataclass(frozen=True, slots=True)
class Compte:
    """Un compte, sans son secret."""

    identifiant: str
    nom: str
    role: Role
    portefeuille: tuple[str, ...]
    ouvert: bool
    provisoire: bool = False
    """Le mot de passe lui a été donné : il reste à en choisir un."""

    @property
    def sees_pay(self) -> bool:
        """Vrai si ce compte regarde des paies : un administrateur seulement si un portefeuille lui est confié."""
        return self.role is not Role.ADMINISTRATEUR or bool(self.portefeuille)

    def follows(self, code: str) -> bool:
        """Vrai si cet adhérent est dans le portefeuille ; vide, il les a tous (aucun pour un administrateur)."""
        return code in self.portefeuille if self.portefeuille else self.sees_pay


def add_account(
    registre: Registre,
    identifiant: str,
    nom: str,
    role: str,
    mot_de_passe: str,
    acte: Acte,
    portefeuille: Sequence[str] = (),
    *,
    provisoire: bool = False,
) -> Compte:
    """Ouvre un compte ; ``provisoire`` : la personne changera ce mot de passe d'abord.

    Lève :class:`GesteRefuse` : identifiant pris ou mal formé, rôle inconnu, mot de passe court.
    """
    if not _IDENTIFIANT.fullmatch(identifiant):
        raise GesteRefuse("L'identifiant s'écrit en minuscules, chiffres, points et tirets : « m.dupont ».")
    if role not in set(Role):
        raise GesteRefuse(f"Rôle inconnu : « {role} ». Les rôles : {', '.join(Role)}.")
    secret = hash_password(mot_de_passe)
    with registre.transaction() as session:
        for code in portefeuille:
            find_adherent(session, code)
        if _find(session, identifiant) is not None:
            raise GesteRefuse(f"Le compte « {identifiant} » existe déjà ; un identifiant ne se redonne jamais.")
        row = Gestionnaire(
            identifiant=identifiant,
            nom=nom.strip() or identifiant,
            role=role,
            portefeuille=sorted(set(portefeuille)),
            secret=secret,
            ouvert_le=acte.moment,
            provisoire=provisoire,
        )
        session.add(row)
        detail = {"identifiant": identifiant, "role": role, "portefeuille": sorted(set(portefeuille))}
        record(session, acte, "ouvrir-compte", "", None, **detail)
        return compte_of(row)


def list_accounts(registre: Registre) -> list[Compte]:
    """Tous les comptes, fermés compris, par identifiant."""
    with registre.transaction() as session:
        return [compte_of(row) for row in session.exec(select(Gestionnaire).order_by(Gestionnaire.identifiant))]


def change_password(registre: Registre, identifiant: str, mot_de_passe: str, acte: Acte) -> None:
    """Change le mot de passe d'un compte ouvert."""
    secret = hash_password(mot_de_passe)
    with registre.transaction() as session:
        row = find_account(session, identifiant)
        row.secret = secret
        session.add(row)
        record(session, acte, "changer-mot-de-passe", "", None, identifiant=identifiant)


def close_account(registre: Registre, identifiant: str, acte: Acte) -> None:
    """Ferme un compte : il ne peut plus rien, ses gestes passés restent les siens."""
    with registre.transaction() as session:
        row = find_account(session, identifiant)
        keep_one(session, row)
        row.ferme_le = acte.moment
        session.add(row)
        record(session, acte, "fermer-compte", "", None, identifiant=identifiant)


def authenticate(registre: Registre, identifiant: str, mot_de_passe: str) -> Compte | None:
    """Le compte ouvert que ce mot de passe ouvre, ou ``None`` ; un compte inconnu prend le même temps."""
    with registre.transaction() as session:
        row = _find(session, identifiant)
    # Hors transaction : juger prend du temps, et la base n'a qu'un écrivain.
    with _ENSEMBLE:
        good = verify_password(mot_de_passe, row.secret if row else _LEURRE)
    return compte_of(row) if row is not None and good and row.ferme_le is None else None


def accounts_exist(registre: Registre) -> bool:
    """Vrai dès qu'un compte a été ouvert : les gestes de révision demandent alors de se nommer."""
    with registre.transaction() as session:
        return _any(session)


def require_right(session: Session, acte: Acte, code: str, roles: Sequence[Role] = _AGIT) -> None:
    """Lève :class:`GesteRefuse` si l'auteur de l'acte n'a pas le droit d'agir sur cet adhérent."""
    if not _any(session):
        return
    row = _find(session, acte.par)
    if row is None or row.ferme_le is not None:
        raise GesteRefuse(f"« {acte.par} » n'a pas de compte ouvert à l'agence (« paie gestionnaire lister »).")
    if row.role not in roles:
        raise GesteRefuse(f"« {acte.par} » a le rôle « {row.role} » : ce geste demande {' ou '.join(roles)}.")
    if row.portefeuille and code not in row.portefeuille:
        raise GesteRefuse(f"« {code} » n'est pas dans le portefeuille de « {acte.par} ».")


def hash_password(password: str) -> str:
    """« scrypt$n$r$p$sel$empreinte » ; lève :class:`GesteRefuse` si le mot de passe est trop court."""
    if len(password) < LONGUEUR_MINIMALE:
        raise GesteRefuse(f"Le mot de passe a {LONGUEUR_MINIMALE} caractères au moins : une phrase convient bien.")
    salt = os.urandom(_SEL)
    return f"scrypt${_N}${_R}${_P}${salt.hex()}${_derived(password, salt, _N, _R, _P).hex()}"


def verify_password(password: str, secret: str) -> bool:
    """Vrai si ce mot de passe est celui du secret ; les paramètres sont ceux du jour où il a été choisi."""
    _, n, r, p, salt, digest = secret.split("$")
    return hmac.compare_digest(_derived(password, bytes.fromhex(salt), int(n), int(r), int(p)), bytes.fromhex(digest))


def _derived(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MEMOIRE, dklen=_LONGUEUR)


_LEURRE = f"scrypt${_N}${_R}${_P}${'00' * _SEL}${'00' * _LONGUEUR}"
"""Le secret d'un compte qui n'existe pas : aucun mot de passe ne l'ouvre."""


def find_account(session: Session, identifiant: str) -> Gestionnaire:
    """La ligne d'un compte ouvert ; lève :class:`GesteRefuse` s'il n'y en a pas."""
    row = _find(session, identifiant)
    if row is None or row.ferme_le is not None:
        raise GesteRefuse(f"Aucun compte ouvert « {identifiant} ».")
    return row


def keep_one(session: Session, row: Gestionnaire) -> None:
    """Lève :class:`GesteRefuse` si ce compte est le dernier responsable ou le dernier administrateur ouvert."""
    others = session.exec(
        select(Gestionnaire.id).where(
            Gestionnaire.role == row.role, Gestionnaire.id != row.id, col(Gestionnaire.ferme_le).is_(None)
        )
    ).first()
    if row.role in (Role.RESPONSABLE, Role.ADMINISTRATEUR) and others is None:
        raise GesteRefuse(f"« {row.identifiant} » est le dernier {row.role} : ouvrez-en un autre d'abord.")


def compte_of(row: Gestionnaire) -> Compte:
    """Un compte, sans son secret."""
    opened = row.ferme_le is None
    return Compte(row.identifiant, row.nom, Role(row.role), tuple(row.portefeuille), opened, row.provisoire)


def _any(session: Session) -> bool:
    return session.exec(select(Gestionnaire.id).limit(1)).first() is not None


def _find(session: Session, identifiant: str) -> Gestionnaire | None:
    return session.exec(select(Gestionnaire).where(Gestionnaire.identifiant == identifiant)).one_or_none()
