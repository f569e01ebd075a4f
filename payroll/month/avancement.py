"""L'avancement du mois : à quelle étape en est chaque adhérent, et quelle échéance de DSN l'attend. Aucun nom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlmodel import Session, col, or_, select

from payroll.month.echeances import Nature, dsn_nature
from payroll.month.etat import EtatAdherent, month_board
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, EtatPaie, ParametreEmployeur


class Etape(StrEnum):
    """Où en est un adhérent, dans l'ordre du mois."""

    A_OUVRIR = "à ouvrir"
    MANQUANT = "manquant"
    EN_ANOMALIE = "en anomalie"
    RECU = "reçu"
    A_REVISER = "à réviser"
    APPROUVE = "approuvé"
    DECLARE = "déclaré"
    RESTITUE = "restitué"
    CLOS = "clos"


_ETAPES: Mapping[str, Etape] = {
    EtatPaie.VALIDEE: Etape.APPROUVE,
    EtatPaie.DECLAREE: Etape.DECLARE,
    EtatPaie.RESTITUEE: Etape.RESTITUE,
    EtatPaie.CLOSE: Etape.CLOS,
}
AVANT_LA_DSN = (
    Etape.A_OUVRIR,
    Etape.MANQUANT,
    Etape.EN_ANOMALIE,
    Etape.RECU,
    Etape.A_REVISER,
    Etape.APPROUVE,
)
"""Tant qu'un adhérent en est là, sa DSN n'est pas produite."""


@dataclass(frozen=True, slots=True)
class Avancement:
    """Un adhérent dans le mois ; montants en centimes."""

    code: str
    etape: Etape
    attendu: bool
    """Le mois est ouvert, et aucun fichier n'est accepté : c'est à la collectivité d'agir."""
    refuses: int
    bloquantes: int
    bulletins: int
    brut: int
    net_a_payer: int
    cout_employeur: int
    dsn: Nature

    @property
    def detail(self) -> str:
        """Ce qui retient l'adhérent, en quelques mots ; vide s'il n'y a rien à dire."""
        if self.bloquantes:
            return f"{self.bloquantes} à corriger au calcul"
        if self.attendu and self.refuses:
            return "fichier refusé, à corriger par la collectivité"
        return ""


def read_progress(registre: Registre, mois: Month, codes: Sequence[str] = ()) -> list[Avancement]:
    """L'avancement de ces adhérents (vide : tous), par code."""
    board = sorted(month_board(registre, mois), key=lambda row: row.code)
    with registre.transaction() as session:
        workforce = _workforce(session, mois)
    return [
        Avancement(
            code=row.code,
            etape=stage(row),
            attendu=_awaited(row),
            refuses=row.fichiers_refuses,
            bloquantes=row.anomalies_bloquantes,
            bulletins=row.bulletins,
            brut=row.brut,
            net_a_payer=row.net_a_payer,
            cout_employeur=row.cout_employeur,
            dsn=dsn_nature(mois, workforce.get(row.code, 0)),
        )
        for row in board
        if not codes or row.code in codes
    ]


def stage(row: EtatAdherent) -> Etape:
    """L'étape d'une ligne du tableau du mois.

    Un fichier refusé n'est une anomalie que tant qu'aucun autre n'est accepté.
    """
    if row.etat == EtatPaie.OUVERTE:
        if row.fichiers_acceptes:
            return Etape.RECU
        return Etape.EN_ANOMALIE if row.fichiers_refuses else Etape.MANQUANT
    if row.etat == EtatPaie.CALCULEE:
        return Etape.EN_ANOMALIE if row.anomalies_bloquantes else Etape.A_REVISER
    return _ETAPES.get(row.etat, Etape.A_OUVRIR)


def count_stages(rows: Sequence[Avancement]) -> dict[Etape, int]:
    """Étape → nombre d'adhérents, dans l'ordre du mois, zéros compris."""
    found = Counter(row.etape for row in rows)
    return {etape: found[etape] for etape in Etape}


def _awaited(row: EtatAdherent) -> bool:
    return row.etat == EtatPaie.OUVERTE and not row.fichiers_acceptes


def _workforce(session: Session, mois: Month) -> dict[str, int]:
    """L'effectif de chaque adhérent au dernier jour du mois."""
    day = mois.last_day
    return dict(
        session.exec(
            select(Adherent.code, ParametreEmployeur.effectif)
            .join(ParametreEmployeur, col(ParametreEmployeur.adherent_id) == col(Adherent.id))
            .where(
                ParametreEmployeur.du <= day,
                or_(col(ParametreEmployeur.au).is_(None), col(ParametreEmployeur.au) >= day),
            )
        ).all()
    )
