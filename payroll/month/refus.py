"""Refuser un bulletin à la révision, avec sa raison : la paie attend qu'il change, ou que le refus soit levé.

Le refus vise un contenu (lignes et totaux) : un recalcul qui le change y répond, un recalcul qui n'y touche pas non.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlmodel import Session, col, select

from payroll.month.calculer import cancel_approvals
from payroll.month.commun import Acte, GesteRefuse, find_adherent, key, record, require_paie
from payroll.month.comparer import TOTAUX_COMPARES, amounts_by_place
from payroll.month.gestionnaires import require_right
from payroll.month.lire import BulletinLu, read_bulletins
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Agent, Contrat, EtatPaie, Paie
from payroll.store.tables_revision import RefusBulletin

_REFUSABLE = (EtatPaie.CALCULEE, EtatPaie.VALIDEE)


@dataclass(frozen=True, slots=True)
class RefusEnCours:
    """Un refus qui retient la paie."""

    numero: int
    matricule: str
    contrat: str
    motif: str
    par: str


def payslip_hash(lu: BulletinLu) -> str:
    """L'empreinte de ce qu'un bulletin montre : ses totaux, et les montants de ses lignes."""
    lines = [[*place, *asdict(values).values()] for place, values in sorted(amounts_by_place(lu.bulletin).items())]
    totals = [getattr(lu.bulletin, total) for total in TOTAUX_COMPARES]
    return hashlib.sha256(json.dumps([totals, lines], ensure_ascii=False).encode()).hexdigest()


def refuse_payslips(registre: Registre, code: str, mois: Month, acte: Acte, motifs: Mapping[str, str]) -> int:
    """Refuse les bulletins de ces agents (matricule → raison) ; rend le nombre de bulletins refusés.

    Une paie déjà approuvée ne l'est plus. Lève :class:`GesteRefuse` si la paie n'est pas à réviser, si un agent n'a pas
    de bulletin, ou s'il manque une raison.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        require_right(session, acte, adherent.code)
        paie = require_paie(session, adherent, mois)
        if paie.etat not in _REFUSABLE:
            raise GesteRefuse(
                f"{adherent.nom} : la paie de {mois.libelle} est {paie.etat} ; un bulletin se refuse à la révision, "
                "avant la déclaration."
            )
        silent = sorted(matricule for matricule, motif in motifs.items() if not motif.strip())
        if silent or not motifs:
            raise GesteRefuse(f"Un refus dit sa raison, agent par agent{' : ' if silent else ''}{', '.join(silent)}.")
        bulletins = read_bulletins(session, paie)
        unknown = sorted(set(motifs) - {lu.agent.matricule for lu in bulletins})
        if unknown:
            raise GesteRefuse(f"{adherent.nom} : pas de bulletin à refuser pour {', '.join(unknown)}.")
        standing = {(refus.matricule, refus.contrat) for refus in standing_refusals(session, paie)}
        count = 0
        for lu in bulletins:
            matricule, numero = lu.agent.matricule, lu.contrat.numero
            if matricule not in motifs or (matricule, numero) in standing:
                continue
            count += 1
            motif = motifs[matricule].strip()
            session.add(
                RefusBulletin(
                    adherent_id=key(adherent.id),
                    contrat_id=key(lu.contrat.id),
                    mois=str(mois),
                    revision=paie.revision,
                    empreinte=payslip_hash(lu),
                    motif=motif,
                    par=acte.par,
                    le=acte.moment,
                )
            )
            record(
                session, acte, "refuser", code, mois,
                revision=paie.revision, matricule=matricule, contrat=numero, motif=motif,
            )  # fmt: skip
        if count:
            cancel_approvals(session, paie, acte, "bulletin refusé à la révision")
            paie.etat = EtatPaie.CALCULEE
            session.add(paie)
        return count


def lift_refusal(registre: Registre, code: str, mois: Month, acte: Acte, matricule: str, motif: str) -> int:
    """Lève les refus qui retiennent le bulletin d'un agent : il est admis tel quel, et on dit pourquoi."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        require_right(session, acte, adherent.code)
        paie = require_paie(session, adherent, mois)
        if not motif.strip():
            raise GesteRefuse("Lever un refus demande une raison : ce qui a été vérifié, et par qui.")
        found = [refus for refus in standing_refusals(session, paie) if refus.matricule == matricule]
        if not found:
            raise GesteRefuse(f"{adherent.nom} : aucun refus en cours pour l'agent {matricule} en {mois.libelle}.")
        for refus in found:
            row = session.get_one(RefusBulletin, refus.numero)
            row.leve_par, row.leve_le, row.motif_levee = acte.par, acte.moment, motif.strip()
            session.add(row)
            record(
                session, acte, "lever-refus", code, mois,
                matricule=matricule, contrat=refus.contrat, motif=motif.strip(),
            )  # fmt: skip
        return len(found)


def standing_refusals(session: Session, paie: Paie) -> list[RefusEnCours]:
    """Les refus qui retiennent cette paie : ni levés, ni devenus sans objet par un bulletin qui a changé."""
    rows = session.exec(
        select(RefusBulletin, Agent.matricule, Contrat.numero)
        .join(Contrat, col(Contrat.id) == col(RefusBulletin.contrat_id))
        .join(Agent, col(Agent.id) == col(Contrat.agent_id))
        .where(
            RefusBulletin.adherent_id == paie.adherent_id,
            RefusBulletin.mois == paie.mois,
            col(RefusBulletin.leve_le).is_(None),
        )
        .order_by(col(RefusBulletin.id))
    ).all()
    if not rows:
        return []
    present = {lu.contrat.id: payslip_hash(lu) for lu in read_bulletins(session, paie)}
    return [
        RefusEnCours(key(row.id), matricule, numero, row.motif, row.par)
        for row, matricule, numero in rows
        if present.get(row.contrat_id) == row.empreinte
    ]
