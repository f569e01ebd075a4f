"""Les saisies du mois : les actes en cours de chaque contrat, et ce qui en reste dû après les mois déjà payés."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, or_, select

from payroll.engine.saisies import PLACES
from payroll.engine.situation import Saisie
from payroll.periods import Month
from payroll.store.tables import Adherent, BulletinPaie, EtatPaie, Paie
from payroll.store.tables_saisies import SaisieContrat


def seizures_of(
    session: Session, adherent: Adherent, mois: Month, contrat_ids: Sequence[int]
) -> dict[int, tuple[Saisie, ...]]:
    """Par contrat, les retenues en cours, chacune avec son solde avant ce mois (centimes)."""
    rows = session.exec(
        select(SaisieContrat)
        .where(
            col(SaisieContrat.contrat_id).in_(contrat_ids),
            SaisieContrat.du <= mois.last_day,
            or_(col(SaisieContrat.au).is_(None), col(SaisieContrat.au) >= mois.first_day),
        )
        .order_by(col(SaisieContrat.contrat_id), col(SaisieContrat.numero))
    ).all()
    paid = _already_withheld(session, adherent, mois, sorted({row.contrat_id for row in rows}))
    found: dict[int, list[Saisie]] = defaultdict(list)
    for row in rows:
        solde = None if row.total is None else max(0, row.total - paid[row.contrat_id, row.numero])
        # Une saisie soldée laisse sa place : elle ne compte plus parmi les créanciers du mois.
        if solde != 0:
            found[row.contrat_id].append(Saisie(row.numero, row.type, row.notifiee_le, row.montant_mensuel, solde))
    return {contrat_id: tuple(saisies) for contrat_id, saisies in found.items()}


def _already_withheld(
    session: Session, adherent: Adherent, mois: Month, contrat_ids: list[int]
) -> dict[tuple[int, int], int]:
    """(contrat, numéro) → retenu dans les bulletins des mois d'avant, révisions remplacées exclues."""
    paid: dict[tuple[int, int], int] = defaultdict(int)
    if not contrat_ids:
        return paid
    earlier = session.exec(
        select(BulletinPaie.contrat_id, BulletinPaie.colonnes)
        .join(Paie, col(Paie.id) == col(BulletinPaie.paie_id))
        .where(
            Paie.adherent_id == adherent.id,
            Paie.mois < str(mois),
            Paie.etat != EtatPaie.REMPLACEE,
            col(BulletinPaie.contrat_id).in_(contrat_ids),
        )
    )
    for contrat_id, colonnes in earlier:
        for numero, retenue in withheld(colonnes):
            paid[contrat_id, numero] += retenue
    return paid


def withheld(colonnes: Mapping[str, Any]) -> list[tuple[int, int]]:
    """(numéro, retenue en centimes) de chaque saisie d'un bulletin."""
    return [
        (colonnes[f"saisie_numero_{place}"], colonnes.get(f"saisie_retenue_{place}", 0))
        for place in range(1, PLACES + 1)
        if colonnes.get(f"saisie_numero_{place}", 0)
    ]
