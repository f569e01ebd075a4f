"""Ralentir qui devine : essais comptés par compte et par adresse, attente qui double, la même pour un compte inconnu.

Un essai est compté avant d'être jugé, dans sa propre transaction : cent essais lancés ensemble comptent cent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select

from payroll.month.commun import aware
from payroll.store.registre import Registre
from payroll.store.tables_acces import EssaiAcces

T = TypeVar("T")
_OUBLI = timedelta(hours=24)
_RARE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Regle:
    """Combien d'essais sont libres, puis l'attente : ``pas``, doublée à chaque essai, jusqu'à ``plafond``."""

    libres: int
    pas: timedelta = timedelta(seconds=30)
    plafond: timedelta = timedelta(minutes=30)

    def wait(self, echecs: int) -> timedelta:
        """L'attente après ce nombre d'échecs."""
        over = echecs - self.libres
        return timedelta(0) if over < 0 else min(self.pas * 2 ** min(over, 16), self.plafond)


COMPTE = Regle(libres=5)
ADRESSE = Regle(libres=30)
"""Toute une agence sort souvent par une seule adresse : plus large que pour un compte."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Peut-on juger cet essai ? Sinon, combien de temps attendre ; ``vient_de_fermer`` : à inscrire au journal."""

    attente: timedelta
    vient_de_fermer: bool = False

    @property
    def libre(self) -> bool:
        return not self.attente


def take_try(registre: Registre, compte: str, adresse: str, heure: datetime) -> Verdict:
    """Compte un essai pour ce compte et cette adresse, puis dit s'il peut être jugé."""
    return _twice(lambda: _take_try(registre, compte, adresse, heure))


def _take_try(registre: Registre, compte: str, adresse: str, heure: datetime) -> Verdict:
    with registre.transaction() as session:
        session.exec(delete(EssaiAcces).where(col(EssaiAcces.dernier_le) < heure - _OUBLI))
        rows = [(_row(session, cle, heure), regle) for cle, regle in _keys(compte, adresse)]
        waits = [aware(row.bloque_jusqu_a) - heure for row, _ in rows if row.bloque_jusqu_a is not None]
        remaining = max((wait for wait in waits if wait > timedelta(0)), default=timedelta(0))
        if remaining:
            return Verdict(remaining)
        closes = False
        for row, regle in rows:
            row.echecs += 1
            row.dernier_le = heure
            wait = regle.wait(row.echecs)
            row.bloque_jusqu_a = heure + wait if wait else None
            closes = closes or bool(wait)
            session.add(row)
        return Verdict(timedelta(0), closes)


def forgive(registre: Registre, compte: str, adresse: str) -> None:
    """L'essai était bon : le compte repart de zéro ; l'adresse rend cet essai, sans oublier les autres."""
    with registre.transaction() as session:
        known = {
            row.cle: row
            for row in session.exec(
                select(EssaiAcces).where(col(EssaiAcces.cle).in_([cle for cle, _ in _keys(compte, adresse)]))
            )
        }
        account, address = (known.get(cle) for cle, _ in _keys(compte, adresse))
        if account is not None:
            session.delete(account)
        if address is not None:
            address.echecs = max(0, address.echecs - 1)
            address.bloque_jusqu_a = None
            session.add(address)


def first_time_lately(registre: Registre, quoi: str, heure: datetime) -> bool:
    """Vrai si cela ne s'est pas vu depuis dix minutes : un refus répété s'inscrit une fois et ne noie rien."""
    return _twice(lambda: _first_time_lately(registre, quoi, heure))


def _first_time_lately(registre: Registre, quoi: str, heure: datetime) -> bool:
    with registre.transaction() as session:
        row = _row(session, _digest(quoi), heure - _RARE)
        if row.id is not None and heure - aware(row.dernier_le) < _RARE:
            return False
        row.dernier_le = heure
        session.add(row)
        return True


def _twice(gesture: Callable[[], T]) -> T:
    """Deux premiers essais au même instant créent la même ligne : le second recommence sur celle du premier."""
    try:
        return gesture()
    except IntegrityError:
        return gesture()


def _keys(compte: str, adresse: str) -> tuple[tuple[str, Regle], ...]:
    return (_digest(f"compte:{compte}"), COMPTE), (_digest(f"adresse:{adresse}"), ADRESSE)


def _row(session: Session, cle: str, heure: datetime) -> EssaiAcces:
    found = session.exec(select(EssaiAcces).where(EssaiAcces.cle == cle).with_for_update()).one_or_none()
    return found or EssaiAcces(cle=cle, dernier_le=heure)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
