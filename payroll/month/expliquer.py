"""Expliquer une ligne d'un bulletin gardé : refaire le calcul sur ses entrées d'alors et en raconter le chemin."""

from __future__ import annotations

from sqlmodel import Session, col, select

from payroll.engine.explain import explain
from payroll.month.commun import GesteRefuse, find_adherent, require_paie
from payroll.month.instantane import inputs_from_json
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Agent, BulletinPaie


def explain_line(registre: Registre, code: str, mois: Month, matricule: str, rubrique: str) -> str:
    """Le récit d'une ligne, en français ; vide si le bulletin n'a pas cette rubrique.

    ``code`` vide : l'adhérent se déduit du matricule. Lève :class:`GesteRefuse` si l'adhérent, le mois ou le bulletin
    n'existe pas, ou si plusieurs adhérents ont ce matricule.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code or _only_adherent(session, matricule))
        paie = require_paie(session, adherent, mois)
        rows = session.exec(
            select(BulletinPaie).where(BulletinPaie.paie_id == paie.id, BulletinPaie.matricule == matricule)
        ).all()
    if not rows:
        raise GesteRefuse(f"{adherent.nom} : aucun bulletin calculé pour l'agent {matricule} en {mois.libelle}.")
    stories = [explain(mois, *inputs_from_json(row.entrees), rubrique) for row in rows]
    return "\n\n".join(story for story in stories if story)


def _only_adherent(session: Session, matricule: str) -> str:
    codes = session.exec(
        select(Adherent.code)
        .join(Agent, col(Agent.adherent_id) == col(Adherent.id))
        .where(Agent.matricule == matricule)
    ).all()
    if len(codes) == 1:
        return codes[0]
    if not codes:
        raise GesteRefuse(f"Aucun agent n'a le matricule {matricule}.")
    raise GesteRefuse(f"Plusieurs adhérents ont un agent {matricule} : dites lequel ({', '.join(sorted(codes))}).")
