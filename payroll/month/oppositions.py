"""Inscrire, lever et relire les retenues au profit de créanciers : chaque acte notifié, et ce qui en reste dû."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, col, select

from payroll.month.commun import Acte, GesteRefuse, find_adherent, key, record
from payroll.month.saisies import withheld
from payroll.store.entrees import SaisieEntree
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Agent, BulletinPaie, Contrat, EtatPaie, Paie
from payroll.store.tables_saisies import SaisieContrat


@dataclass(frozen=True, slots=True)
class SaisieSuivie:
    """Une retenue inscrite et ce que les bulletins en ont déjà pris, en centimes."""

    matricule: str
    contrat: str
    saisie: SaisieContrat
    retenu: int

    @property
    def reste(self) -> int | None:
        """Ce qui reste dû ; ``None`` : sans fin connue."""
        return None if self.saisie.total is None else max(0, self.saisie.total - self.retenu)


def record_seizure(
    registre: Registre, code: str, matricule: str, acte: Acte, valeurs: Mapping[str, Any], numero_contrat: str = ""
) -> SaisieContrat:
    """Inscrit un acte notifié ; son numéro suit les précédents du contrat. Lève :class:`GesteRefuse`.

    ``valeurs`` : les clés d'une ligne de ``saisies`` (docs/adherents.md), sans le numéro, montants en euros écrits.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        contrat = _contract(session, adherent, matricule, numero_contrat)
        known = session.exec(select(SaisieContrat.numero).where(SaisieContrat.contrat_id == contrat.id)).all()
        try:
            entree = SaisieEntree.model_validate({**valeurs, "numero": max(known, default=0) + 1})
        except ValidationError as error:
            fautes = sorted({".".join(str(part) for part in item["loc"]) or "dates" for item in error.errors()})
            raise GesteRefuse(f"Acte illisible ou incomplet : {', '.join(fautes)}.") from None
        if entree.montant_mensuel is None and entree.type in ("pension_alimentaire", "cession_remuneration"):
            raise GesteRefuse("Une pension ou une cession a un terme mensuel : donnez-le.")
        row = SaisieContrat(contrat_id=key(contrat.id), **entree.model_dump())
        session.add(row)
        record(
            session, acte, "inscrire-saisie", code, None,
            matricule=matricule, contrat=contrat.numero, numero=row.numero, type=row.type, du=str(row.du),
        )  # fmt: skip
        session.flush()
        session.expunge(row)
        return row


def lift_seizure(
    registre: Registre, code: str, matricule: str, numero: int, au: date, acte: Acte, numero_contrat: str = ""
) -> None:
    """Arrête une retenue après ce jour (mainlevée, fin de la pension). Lève :class:`GesteRefuse`."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        contrat = _contract(session, adherent, matricule, numero_contrat)
        row = session.exec(
            select(SaisieContrat).where(SaisieContrat.contrat_id == contrat.id, SaisieContrat.numero == numero)
        ).one_or_none()
        if row is None:
            raise GesteRefuse(f"Le contrat {contrat.numero} n'a pas de saisie n° {numero}.")
        if au < row.du:
            raise GesteRefuse(f"La saisie n° {numero} commence le {row.du:%d/%m/%Y} : elle ne peut finir avant.")
        row.au = au
        session.add(row)
        record(
            session, acte, "lever-saisie", code, None,
            matricule=matricule, contrat=contrat.numero, numero=numero, au=str(au),
        )  # fmt: skip


def followed_seizures(registre: Registre, code: str) -> list[SaisieSuivie]:
    """Toutes les retenues d'un adhérent, par matricule puis numéro, avec ce qui en a été pris."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        rows = session.exec(
            select(SaisieContrat, Contrat, Agent)
            .join(Contrat, col(Contrat.id) == col(SaisieContrat.contrat_id))
            .join(Agent, col(Agent.id) == col(Contrat.agent_id))
            .where(Contrat.adherent_id == adherent.id)
            .order_by(Agent.matricule, Contrat.numero, col(SaisieContrat.numero))
        ).all()
        paid: dict[tuple[int, int], int] = {}
        for contrat_id, colonnes in session.exec(
            select(BulletinPaie.contrat_id, BulletinPaie.colonnes)
            .join(Paie, col(Paie.id) == col(BulletinPaie.paie_id))
            .where(
                col(BulletinPaie.contrat_id).in_({row.contrat_id for row, _, _ in rows}),
                Paie.etat != EtatPaie.REMPLACEE,
            )
        ):
            for numero, retenue in withheld(colonnes):
                paid[contrat_id, numero] = paid.get((contrat_id, numero), 0) + retenue
        for row, _, _ in rows:
            session.expunge(row)
        return [
            SaisieSuivie(agent.matricule, contrat.numero, row, paid.get((row.contrat_id, row.numero), 0))
            for row, contrat, agent in rows
        ]


def _contract(session: Session, adherent: Adherent, matricule: str, numero: str) -> Contrat:
    found = session.exec(
        select(Contrat)
        .join(Agent, col(Agent.id) == col(Contrat.agent_id))
        .where(Contrat.adherent_id == adherent.id, Agent.matricule == matricule)
        .order_by(Contrat.numero)
    ).all()
    kept = [row for row in found if not numero or row.numero == numero]
    if len(kept) == 1:
        return kept[0]
    if not kept:
        raise GesteRefuse(f"{adherent.nom} : aucun contrat pour l'agent {matricule}.")
    raise GesteRefuse(f"L'agent {matricule} a plusieurs contrats ({', '.join(row.numero for row in kept)}) : lequel ?")
