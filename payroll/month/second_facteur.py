"""Le second facteur : un code à six chiffres du téléphone (TOTP, RFC 6238) ou de secours. Un code sert une fois.

L'heure est un argument. Un code est admis un pas (30 s) avant ou après : l'horloge d'un téléphone dérive.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from sqlmodel import Session, col, delete, select

from payroll.month.acces import shut
from payroll.month.commun import Acte, GesteRefuse, key, record
from payroll.month.gestionnaires import find_account
from payroll.store.registre import Registre
from payroll.store.tables_acces import CodeSecours, SecondFacteur

_EMETTEUR = "Paie à façon"
_PAS = 30
_CODES_DE_SECOURS = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Sans i, l, o, 0, 1 : un code de secours se recopie du papier."""


@dataclass(frozen=True, slots=True)
class Inscription:
    """De quoi inscrire un téléphone : le secret en clair et l'adresse ``otpauth://`` que le QR code porte."""

    secret: str
    adresse: str


@dataclass(frozen=True, slots=True)
class EtatFacteur:
    """Où en est le second facteur d'un compte."""

    inscrit_le: datetime | None
    codes_de_secours: int
    """Codes de secours qui peuvent encore servir."""


def factor_state(registre: Registre, identifiant: str) -> EtatFacteur:
    """L'état du second facteur d'un compte ouvert."""
    with registre.transaction() as session:
        account = find_account(session, identifiant)
        factor = _factor(session, key(account.id))
        left = [row for row in _codes(session, key(account.id)) if row.utilise_le is None]
        return EtatFacteur(factor.inscrit_le if factor else None, len(left))


def propose(registre: Registre, identifiant: str) -> Inscription:
    """Le secret à inscrire dans le téléphone ; le même jusqu'à sa confirmation. Refuse si un facteur est inscrit."""
    with registre.transaction() as session:
        account = find_account(session, identifiant)
        factor = _factor(session, key(account.id))
        if factor is not None and factor.inscrit_le is not None:
            raise GesteRefuse("Ce compte a déjà son second facteur : un administrateur peut le réinitialiser.")
        if factor is None:
            factor = SecondFacteur(gestionnaire_id=key(account.id), secret=pyotp.random_base32())
            session.add(factor)
        link = pyotp.TOTP(factor.secret).provisioning_uri(name=identifiant, issuer_name=_EMETTEUR)
        return Inscription(factor.secret, link)


def enrol(registre: Registre, identifiant: str, code: str, acte: Acte, heure: datetime) -> list[str]:
    """Confirme le téléphone par un premier code juste ; rend les codes de secours, montrés cette seule fois.

    Lève :class:`GesteRefuse` si le code n'est pas le bon.
    """
    with registre.transaction() as session:
        account = find_account(session, identifiant)
        factor = _factor(session, key(account.id))
        step = _step(factor, code, heure) if factor is not None and factor.inscrit_le is None else None
        if factor is None or step is None:
            raise GesteRefuse(
                "Ce code n'est pas celui du moment. Vérifiez l'heure du téléphone, attendez le suivant et tapez-le."
            )
        factor.inscrit_le, factor.dernier_pas = heure, step
        session.add(factor)
        codes = _renew(session, key(account.id), identifiant)
        record(session, acte, "inscrire-second-facteur", "", None, identifiant=identifiant)
        return codes


def check_code(registre: Registre, identifiant: str, code: str, acte: Acte, heure: datetime) -> bool:
    """Vrai si ce code (du téléphone ou de secours) est bon et n'a jamais servi ; il est consommé du même coup."""
    with registre.transaction() as session:
        account = find_account(session, identifiant)
        factor = _factor(session, key(account.id))
        if factor is None or factor.inscrit_le is None:
            return False
        step = _step(factor, code, heure)
        if step is not None and step > factor.dernier_pas:
            factor.dernier_pas = step
            session.add(factor)
            return True
        if step is not None:
            record(session, acte, "code refusé", "", None, identifiant=identifiant, raison="code déjà servi")
            return False
        return _consume(session, key(account.id), identifiant, code, acte, heure)


def renew_recovery(registre: Registre, identifiant: str, acte: Acte) -> list[str]:
    """Dix nouveaux codes de secours ; les anciens ne servent plus."""
    with registre.transaction() as session:
        account = find_account(session, identifiant)
        record(session, acte, "renouveler-codes-de-secours", "", None, identifiant=identifiant)
        return _renew(session, key(account.id), identifiant)


def reset_factor(registre: Registre, identifiant: str, acte: Acte, heure: datetime) -> None:
    """Oublie le second facteur (téléphone perdu) et ferme les sessions : la connexion en inscrira un autre."""
    with registre.transaction() as session:
        account = find_account(session, identifiant)
        session.exec(delete(SecondFacteur).where(col(SecondFacteur.gestionnaire_id) == account.id))
        session.exec(delete(CodeSecours).where(col(CodeSecours.gestionnaire_id) == account.id))
        shut(session, account, heure, "second facteur réinitialisé")
        record(session, acte, "réinitialiser-second-facteur", "", None, identifiant=identifiant)


def _factor(session: Session, account_id: int) -> SecondFacteur | None:
    # Tenu jusqu'à la fin de la transaction : le même code envoyé deux fois au même instant n'est admis qu'une fois.
    return session.exec(
        select(SecondFacteur).where(SecondFacteur.gestionnaire_id == account_id).with_for_update()
    ).one_or_none()


def _codes(session: Session, account_id: int) -> list[CodeSecours]:
    return list(session.exec(select(CodeSecours).where(CodeSecours.gestionnaire_id == account_id).with_for_update()))


def _step(factor: SecondFacteur, code: str, heure: datetime) -> int | None:
    """Le pas de 30 s dont c'est le code, parmi le présent et ses deux voisins ; tous sont comparés."""
    totp, now, found = pyotp.TOTP(factor.secret), int(heure.timestamp()) // _PAS, None
    typed = "".join(code.split())
    for step in (now - 1, now, now + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), typed.encode()):
            found = step
    return found


def _renew(session: Session, account_id: int, identifiant: str) -> list[str]:
    session.exec(delete(CodeSecours).where(col(CodeSecours.gestionnaire_id) == account_id))
    codes = [
        "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
        for _ in range(_CODES_DE_SECOURS)
    ]
    for code in codes:
        session.add(CodeSecours(gestionnaire_id=account_id, empreinte=_digest(identifiant, code)))
    return codes


def _consume(session: Session, account_id: int, identifiant: str, code: str, acte: Acte, heure: datetime) -> bool:
    wanted = _digest(identifiant, code)
    for row in _codes(session, account_id):
        if hmac.compare_digest(row.empreinte, wanted) and row.utilise_le is None:
            row.utilise_le = heure
            session.add(row)
            record(session, acte, "code de secours utilisé", "", None, identifiant=identifiant)
            return True
    return False


def _digest(identifiant: str, code: str) -> str:
    # Seize signes tirés dans trente et un (79 bits) : une empreinte simple suffit, rien ne s'y devine.
    kept = "".join(sign for sign in code.lower() if sign in _ALPHABET)
    return hashlib.sha256(f"{identifiant}:{kept}".encode()).hexdigest()
