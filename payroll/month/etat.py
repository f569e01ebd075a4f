"""L'état du mois : où en est chaque adhérent, ce qui manque, ce qui bloque. Aucun nom, aucun NIR."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import sqlalchemy
from sqlmodel import Session, col, select

from payroll.anomalies import blocking
from payroll.month.commun import anomalies_from_json
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, BulletinPaie, DocumentRetour, EtatFichier, EtatPaie, FichierRecu, Paie


@dataclass(frozen=True, slots=True)
class EtatAdherent:
    """Une ligne du tableau du mois."""

    code: str
    nom: str
    etat: str
    """« non ouverte », ou l'état de la paie courante."""
    revision: int
    fichiers_acceptes: int
    fichiers_refuses: int
    neant: bool
    bulletins: int
    brut: int
    net_a_payer: int
    cout_employeur: int
    anomalies_bloquantes: int
    a_deposer: int


def month_board(registre: Registre, mois: Month) -> list[EtatAdherent]:
    """L'état de tous les adhérents pour un mois, en un nombre fixe de requêtes."""
    with registre.transaction() as session:
        adherents = session.exec(select(Adherent).order_by(Adherent.nom)).all()
        paies = {
            paie.adherent_id: paie
            for paie in session.exec(select(Paie).where(Paie.mois == str(mois), Paie.etat != EtatPaie.REMPLACEE))
        }
        totals = _totals(session, mois)
        files = Counter(
            (row.adherent_id, row.etat)
            for row in session.exec(select(FichierRecu).where(FichierRecu.mois == str(mois)))
        )
        neant = set(
            session.exec(
                select(FichierRecu.adherent_id).where(
                    FichierRecu.mois == str(mois),
                    FichierRecu.etat == EtatFichier.ACCEPTE,
                    col(FichierRecu.neant).is_(True),
                )
            ).all()
        )
        waiting = Counter(
            session.exec(
                select(DocumentRetour.adherent_id).where(
                    DocumentRetour.mois == str(mois), col(DocumentRetour.depose_le).is_(None)
                )
            ).all()
        )
    rows = []
    for adherent in adherents:
        paie = paies.get(adherent.id or 0)
        bulletins, brut, net, cout = totals.get(paie.id or 0, (0, 0, 0, 0)) if paie else (0, 0, 0, 0)
        rows.append(
            EtatAdherent(
                code=adherent.code,
                nom=adherent.nom,
                etat=paie.etat if paie else "non ouverte",
                revision=paie.revision if paie else 0,
                fichiers_acceptes=files[adherent.id or 0, EtatFichier.ACCEPTE],
                fichiers_refuses=files[adherent.id or 0, EtatFichier.REFUSE],
                neant=adherent.id in neant,
                bulletins=bulletins,
                brut=brut,
                net_a_payer=net,
                cout_employeur=cout,
                anomalies_bloquantes=len(blocking(anomalies_from_json(paie.anomalies))) if paie else 0,
                a_deposer=waiting[adherent.id or 0],
            )
        )
    return rows


def _totals(session: Session, mois: Month) -> dict[int, tuple[int, int, int, int]]:
    table = BulletinPaie.__table__  # type: ignore[attr-defined]  # SQLModel ne type pas la table qu'il construit
    rows = session.connection().execute(
        sqlalchemy.select(
            table.c.paie_id,
            sqlalchemy.func.count(),
            sqlalchemy.func.sum(table.c.brut),
            sqlalchemy.func.sum(table.c.net_a_payer),
            sqlalchemy.func.sum(table.c.cout_employeur),
        )
        .join(Paie, col(Paie.id) == table.c.paie_id)
        .where(col(Paie.mois) == str(mois), col(Paie.etat) != EtatPaie.REMPLACEE)
        .group_by(table.c.paie_id)
    )
    return {paie_id: (count, int(brut), int(net), int(cout)) for paie_id, count, brut, net, cout in rows}
