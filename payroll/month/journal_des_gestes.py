"""Le journal des gestes, pour l'écran : filtré, page par page, et la vérification de sa chaîne."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import col, or_, select

from payroll.month.commun import aware, key
from payroll.month.pagination import Page, within
from payroll.store.audit import ChainBreak, ChainHead, verify
from payroll.store.registre import Registre
from payroll.store.tables import Evenement

TAILLE = 50
_PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True)
class GesteInscrit:
    """Une ligne du journal."""

    id: int
    le: datetime
    par: str
    geste: str
    adherent: str
    mois: str
    detail: tuple[tuple[str, str], ...]
    """(quoi, valeur), dans l'ordre où le geste l'a dit ; les valeurs vides sont omises."""
    empreinte: str


@dataclass(frozen=True, slots=True)
class FiltreJournal:
    """Ce que l'on cherche ; vide : tout ce que la personne a le droit de voir."""

    adherent: str = ""
    geste: str = ""
    par: str = ""
    mois: str = ""
    du: date | None = None
    """Premier jour, inclus, à l'heure de Paris."""
    au: date | None = None
    """Dernier jour, inclus."""


@dataclass(frozen=True, slots=True)
class Vue:
    """Ce que cette personne a le droit de voir du journal."""

    identifiant: str
    portefeuille: tuple[str, ...] = ()
    """Vide : tous les adhérents."""
    agence: bool = True
    """Voir aussi ce qui ne vise aucun adhérent (comptes, connexions) ; faux : n'y voir que les siens."""


@dataclass(frozen=True, slots=True)
class Journal:
    """Une page du journal, et de quoi remplir les listes du filtre."""

    page: Page[GesteInscrit]
    gestes: tuple[str, ...]
    personnes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """Ce que vaut la chaîne du journal au moment où on l'a relue."""

    lignes: int
    chaines: int
    ruptures: tuple[ChainBreak, ...]
    tete: tuple[ChainHead, ...]


def read_journal(
    registre: Registre, vue: Vue, filtre: FiltreJournal, *, page: int = 1, taille: int = TAILLE
) -> Journal:
    """Une page du journal, de la dernière ligne à la première."""
    scope, wanted = _scope(vue), _filters(filtre)
    with registre.transaction() as session:
        total = session.exec(select(func.count()).select_from(Evenement).where(*scope, *wanted)).one()
        kept = within(page, total, taille)
        rows = session.exec(
            select(Evenement)
            .where(*scope, *wanted)
            .order_by(col(Evenement.id).desc())
            .offset((kept - 1) * taille)
            .limit(taille)
        ).all()
        gestes = session.exec(select(Evenement.geste).where(*scope).distinct().order_by(Evenement.geste)).all()
        people = session.exec(select(Evenement.par).where(*scope).distinct().order_by(Evenement.par)).all()
    return Journal(Page(tuple(_told(row) for row in rows), kept, taille, total), tuple(gestes), tuple(people))


def verify_journal(registre: Registre, adherents: Sequence[str] = ()) -> Verification:
    """Relit la chaîne entière (ou celle de ces adhérents) : chaque ligne doit sceller la précédente."""
    with registre.transaction() as session:
        heads, breaks = verify(session, adherents)
    return Verification(sum(head.lignes for head in heads), len(heads), tuple(breaks), tuple(heads))


def _scope(vue: Vue) -> list[Any]:
    if not vue.portefeuille and vue.agence:
        return []
    code = col(Evenement.adherent_code)
    followed = code.in_(vue.portefeuille) if vue.portefeuille else code != ""
    general = code == "" if vue.agence else (code == "") & (col(Evenement.par) == vue.identifiant)
    return [or_(followed, general)]


def _filters(filtre: FiltreJournal) -> list[Any]:
    found: list[Any] = [
        column == value
        for column, value in (
            (col(Evenement.adherent_code), filtre.adherent),
            (col(Evenement.geste), filtre.geste),
            (col(Evenement.par), filtre.par),
            (col(Evenement.mois), filtre.mois),
        )
        if value
    ]
    if filtre.du is not None:
        found.append(col(Evenement.le) >= _midnight(filtre.du))
    if filtre.au is not None:
        found.append(col(Evenement.le) < _midnight(filtre.au + timedelta(days=1)))
    return found


def _midnight(day: date) -> datetime:
    """Minuit à Paris, en temps universel : un jour du journal est un jour d'ici."""
    return datetime.combine(day, time(), _PARIS).astimezone(UTC)


def _told(row: Evenement) -> GesteInscrit:
    return GesteInscrit(
        id=key(row.id),
        le=aware(row.le),
        par=row.par,
        geste=row.geste,
        adherent=row.adherent_code,
        mois=row.mois,
        detail=tuple((name, _plain(value)) for name, value in row.detail.items() if value not in ("", None, [], {})),
        empreinte=row.empreinte,
    )


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, dict):
        return " ; ".join(f"{name} : {_plain(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_plain(item) for item in value)
    return str(value)
