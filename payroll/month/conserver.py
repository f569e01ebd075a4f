"""Ne garder que le temps dû : dire ce qui a passé son délai, l'effacer sur ordre, en laisser la trace sans le contenu.

Les délais sont des données (``payroll/store/conservation.yaml``). On n'efface que des mois clos ; une pièce ne
disparaît que si plus rien ne la nomme. Les sauvegardes plus anciennes la portent encore : elles ont leur propre délai.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import yaml
from sqlmodel import Session, SQLModel, col, delete, func, or_, select, update

import payroll.store
from payroll.month.commun import Acte, GesteRefuse, record
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import (
    Absence,
    Agent,
    BulletinPaie,
    Contrat,
    DocumentRemplace,
    DocumentRetour,
    ElementVariable,
    EtatPaie,
    FichierRecu,
    LigneBulletin,
    MessageDsn,
    Paie,
    SortieAnnoncee,
)
from payroll.store.tables_dsn import EnvoiDsn, RetourDsn, SignalementDsn


@dataclass(frozen=True, slots=True)
class Delai:
    """Une ligne du tableau des durées de conservation."""

    code: str
    libelle: str
    mois: int
    depart: str
    texte: str
    confiance: str


@dataclass(frozen=True, slots=True)
class Echu:
    """Ce qui a passé son délai : combien de lignes, et la limite (ce qui la précède s'efface)."""

    delai: Delai
    limite: Month
    lignes: int


@lru_cache(maxsize=1)
def delays() -> tuple[Delai, ...]:
    """Les délais de conservation."""
    path = Path(payroll.store.__file__).with_name("conservation.yaml")
    return tuple(Delai(**row) for row in yaml.safe_load(path.read_text(encoding="utf-8")))


def overdue(registre: Registre, today: date) -> list[Echu]:
    """Ce qui a passé son délai à cette date, par sorte."""
    with registre.transaction() as session:
        return [
            Echu(delay, limit, _COUNTS[delay.code](session, limit))
            for delay in delays()
            for limit in (_limit(delay, today),)
        ]


def erase(registre: Registre, code: str, acte: Acte) -> int:
    """Efface ce qui a passé son délai dans cette sorte ; rend le nombre de lignes, gardé au journal avec la limite."""
    delay = next((item for item in delays() if item.code == code), None)
    if delay is None:
        raise GesteRefuse(f"sorte inconnue : « {code} ». Les sortes : {', '.join(item.code for item in delays())}.")
    limit = _limit(delay, acte.moment.date())
    with registre.transaction() as session:
        count = _COUNTS[code](session, limit)
        if count:
            _ERASURES[code](session, limit)
            record(session, acte, "effacer", "", None, sorte=code, avant=str(limit), lignes=count)
    with registre.transaction() as session:
        kept = {sha256 for column in _NAMES for sha256 in session.exec(select(column)) if sha256}
        registre.pieces.forget(kept)
    return count


_NAMES = (
    FichierRecu.sha256,
    MessageDsn.sha256,
    DocumentRetour.sha256,
    DocumentRemplace.sha256,
    EnvoiDsn.sha256,
    EnvoiDsn.reponse_sha256,
    RetourDsn.sha256,
    SignalementDsn.sha256,
)


def _limit(delay: Delai, today: date) -> Month:
    """Le premier mois encore gardé."""
    months = today.year * 12 + today.month - 1 - delay.mois
    return Month(months // 12, months % 12 + 1)


def _closed(limit: Month) -> object:
    """Les paies des mois clos d'avant la limite, révisions remplacées comprises."""
    return select(Paie.id).where(Paie.mois < str(limit), col(Paie.etat).in_([EtatPaie.CLOSE, EtatPaie.REMPLACEE]))


def _count(session: Session, table: type[SQLModel], *where: object) -> int:
    return session.exec(select(func.count()).select_from(table).where(*where)).one()  # type: ignore[arg-type]


def _count_payslips(session: Session, limit: Month) -> int:
    return _count(session, BulletinPaie, col(BulletinPaie.paie_id).in_(_closed(limit)))  # type: ignore[arg-type]


def _erase_payslips(session: Session, limit: Month) -> None:
    payslips = select(BulletinPaie.id).where(col(BulletinPaie.paie_id).in_(_closed(limit)))  # type: ignore[arg-type]
    session.exec(delete(LigneBulletin).where(col(LigneBulletin.bulletin_id).in_(payslips)))
    session.exec(delete(BulletinPaie).where(col(BulletinPaie.paie_id).in_(_closed(limit))))  # type: ignore[arg-type]
    # La DSN rendue avec le mois a son propre délai, plus court : elle part au plus tard ici.
    for table in (DocumentRetour, DocumentRemplace):
        session.exec(delete(table).where(col(table.mois) < str(limit)))


def _count_declarations(session: Session, limit: Month) -> int:
    return _count(session, MessageDsn, col(MessageDsn.paie_id).in_(_closed(limit)))  # type: ignore[arg-type]


def _erase_declarations(session: Session, limit: Month) -> None:
    session.exec(delete(MessageDsn).where(col(MessageDsn.paie_id).in_(_closed(limit))))  # type: ignore[arg-type]
    for table in (DocumentRetour, DocumentRemplace):
        session.exec(delete(table).where(col(table.mois) < str(limit), col(table.chemin).like("%.dsn")))
    session.exec(delete(EnvoiDsn).where(col(EnvoiDsn.mois) < str(limit)))
    session.exec(delete(RetourDsn).where(col(RetourDsn.mois) < str(limit), col(RetourDsn.mois) != ""))
    session.exec(delete(SignalementDsn).where(col(SignalementDsn.fin) < limit.first_day))


def _old_files(limit: Month) -> object:
    return select(FichierRecu.id).where(
        or_(
            col(FichierRecu.mois) < str(limit),
            # Un fichier refusé n'a pas toujours de mois : il compte du jour où il est arrivé.
            col(FichierRecu.mois).is_(None) & (func.date(FichierRecu.recu_le) < str(limit.first_day)),
        )
    )


def _count_files(session: Session, limit: Month) -> int:
    return _count(session, FichierRecu, col(FichierRecu.id).in_(_old_files(limit)))  # type: ignore[arg-type]


def _erase_files(session: Session, limit: Month) -> None:
    for table in (ElementVariable, Absence, SortieAnnoncee):
        session.exec(delete(table).where(col(table.fichier_id).in_(_old_files(limit))))  # type: ignore[arg-type]
    session.exec(delete(FichierRecu).where(col(FichierRecu.id).in_(_old_files(limit))))  # type: ignore[arg-type]


def _gone(limit: Month) -> object:
    """Les agents dont tous les contrats ont fini avant la limite."""
    present = select(Contrat.agent_id).where(
        or_(col(Contrat.date_fin).is_(None), col(Contrat.date_fin) >= limit.first_day)
    )
    return (col(Agent.id).not_in(present)) & (col(Agent.iban) != "")


def _count_bank(session: Session, limit: Month) -> int:
    return _count(session, Agent, _gone(limit))


def _erase_bank(session: Session, limit: Month) -> None:
    session.exec(update(Agent).where(_gone(limit)).values(iban="", bic=""))  # type: ignore[arg-type]


_COUNTS: dict[str, Callable[[Session, Month], int]] = {
    "bulletins": _count_payslips,
    "declarations": _count_declarations,
    "fichiers": _count_files,
    "bancaires": _count_bank,
}
_ERASURES: dict[str, Callable[[Session, Month], None]] = {
    "bulletins": _erase_payslips,
    "declarations": _erase_declarations,
    "fichiers": _erase_files,
    "bancaires": _erase_bank,
}
