"""Les absences et les salaires passés que le registre garde, mis en entrées du moteur."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from typing import TypedDict

from sqlmodel import Session, col, select

from payroll.engine.situation import Arret
from payroll.money import PPM
from payroll.periods import Month
from payroll.store.tables import Absence, Adherent, BulletinPaie, EtatPaie, Paie

_MOIS_RELUS = 48
"""Un arrêt indemnisé dure trois ans au plus : les salaires d'avant lui sont à chercher dans ces mois-là."""


class Conges(TypedDict):
    """Les champs de :class:`payroll.engine.situation.Situation` que tiennent les absences."""

    arrets: tuple[Arret, ...]
    absences_anterieures: tuple[Arret, ...]


def leaves(absences: Sequence[Absence], mois: Month) -> Conges:
    """Les absences qui touchent le mois, et celles d'avant, dont les jours comptent dans les droits (CGFP L. 822-2)."""
    ordered = sorted(absences, key=lambda absence: (absence.debut, absence.fin))
    return {
        "arrets": tuple(_leave(row) for row in ordered if row.debut <= mois.last_day and row.fin >= mois.first_day),
        "absences_anterieures": tuple(_leave(row) for row in ordered if row.fin < mois.first_day),
    }


def _leave(row: Absence) -> Arret:
    return Arret(
        row.type,
        row.debut,
        row.fin,
        row.prolongation,
        motif_sans_carence=row.motif_sans_carence,
        heures=row.heures_centiemes,
        demi_journee=row.demi_journee,
        quotite=None if row.quotite_ppm is None else Fraction(row.quotite_ppm, PPM),
    )


def earlier_wages(
    session: Session, adherent: Adherent, mois: Month, contrat_ids: list[int]
) -> dict[int, dict[str, int]]:
    """Par contrat, le brut en centimes des mois payés ici avant celui-ci (CSS R. 323-4), hors paies remplacées.

    Ne lit que les contrats qu'on lui donne : ceux qui ont un arrêt ce mois-ci.
    """
    found: dict[int, dict[str, int]] = defaultdict(dict)
    if not contrat_ids:
        return found
    premier = mois.year * 12 + mois.month - 1 - _MOIS_RELUS
    rows = session.exec(
        select(BulletinPaie.contrat_id, Paie.mois, BulletinPaie.brut)
        .join(Paie, col(Paie.id) == col(BulletinPaie.paie_id))
        .where(
            Paie.adherent_id == adherent.id,
            col(BulletinPaie.contrat_id).in_(contrat_ids),
            Paie.mois >= str(Month(premier // 12, premier % 12 + 1)),
            Paie.mois < str(mois),
            Paie.etat != EtatPaie.REMPLACEE,
        )
        .order_by(Paie.mois)
    )
    for contrat_id, month, brut in rows:
        found[contrat_id][month] = brut
    return found
