"""Valider une paie calculée : une personne approuve un contenu précis, connu par son empreinte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from payroll.anomalies import blocking
from payroll.documents.revision import Constat, Niveau
from payroll.month.calculer import require_current
from payroll.month.commun import (
    Acte,
    GesteRefuse,
    anomalies_from_json,
    current_paie,
    find_adherent,
    key,
    record,
    require_paie,
)
from payroll.month.controles_revision import Examen, blocking_findings, examine, iban_digest
from payroll.month.gestionnaires import require_right
from payroll.month.lire import BulletinLu, read_bulletins
from payroll.month.refus import standing_refusals
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Approbation, EtatPaie, Paie
from payroll.store.tables_revision import CompteApprouve
from payroll.wording import plural

EMPREINTE_MINIMALE = 8
"""Assez de signes pour qu'une empreinte lue à l'écran ne soit pas celle d'un autre contenu."""
_DEJA_VALIDEE = (EtatPaie.VALIDEE, EtatPaie.DECLAREE, EtatPaie.RESTITUEE, EtatPaie.CLOSE)


@dataclass(frozen=True, slots=True)
class EnBloc:
    """Le sort d'un adhérent dans une approbation en bloc."""

    code: str
    approuvee: bool
    phrase: str


def approve(
    registre: Registre, code: str, mois: Month, acte: Acte, *, commentaire: str = "", empreinte: str = ""
) -> Paie:
    """Approuve la révision courante ; sans effet si elle l'est déjà.

    ``empreinte`` : celle du contenu vu à l'écran (ses premiers signes suffisent) ; approuver autre chose est refusé.
    Chez un adhérent à double regard, la première approbation laisse la paie calculée : une autre personne la complète.

    Lève :class:`GesteRefuse` si rien n'est calculé, si le contenu n'est plus celui qui a été vu, si un bulletin est
    refusé, ou si un constat bloque et qu'aucun commentaire ne dit pourquoi on passe outre.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        paie = require_paie(session, adherent, mois)
        if paie.etat in _DEJA_VALIDEE:
            _require_seen(adherent, paie, empreinte)
            return paie
        if paie.etat != EtatPaie.CALCULEE:
            raise GesteRefuse(f"{adherent.nom} : la paie de {mois.libelle} n'est pas calculée, rien n'est à valider.")
        require_right(session, acte, adherent.code)
        require_current(session, adherent, paie)
        _require_seen(adherent, paie, empreinte)
        _require_no_refusal(session, adherent, paie)
        examen = examen_of(session, adherent, paie)
        if not commentaire.strip():
            _require_nothing_blocking(adherent, paie, blocking_findings(examen))
        _approve(examen, acte, commentaire.strip())
        return paie


def _approve(examen: Examen, acte: Acte, commentaire: str) -> None:
    """Inscrit l'approbation d'une paie calculée, examinée, que rien n'empêche plus d'approuver."""
    session, adherent, paie = examen.session, examen.adherent, examen.paie
    others = _standing_approvals(session, paie)
    if any(approval.par == acte.par for approval in others):
        raise GesteRefuse(
            f"{adherent.nom} : vous avez déjà approuvé cette paie ; ici, une seconde personne la complète."
        )
    session.add(
        Approbation(
            paie_id=key(paie.id),
            par=acte.par,
            le=acte.moment,
            hash_contenu=paie.hash_contenu,
            commentaire=commentaire,
        )
    )
    detail = {"revision": paie.revision, "empreinte": paie.hash_contenu[:12], "commentaire": commentaire}
    if adherent.quatre_yeux and not others:
        record(session, acte, "premier-regard", adherent.code, examen.mois, **detail)
        return
    paie.etat = EtatPaie.VALIDEE
    session.add(paie)
    _keep_accounts(session, paie, examen.bulletins, acte)
    record(session, acte, "valider", adherent.code, examen.mois, **detail)


def approve_clean(registre: Registre, codes: list[str], mois: Month, acte: Acte) -> list[EnBloc]:
    """Approuve d'un geste les paies calculées dont rien n'est à regarder ; les autres attendent, avec leur raison."""
    return [_approve_one(registre, code, mois, acte) for code in codes]


def without_remarks(registre: Registre, codes: list[str], mois: Month) -> list[str]:
    """Ceux de ces adhérents dont la paie calculée n'appelle aucune remarque : ce qu'approuve :func:`approve_clean`."""
    found: list[str] = []
    for code in codes:
        with registre.transaction() as session:
            if isinstance(_clean(session, code, mois), Examen):
                found.append(code)
    return found


def _approve_one(registre: Registre, code: str, mois: Month, acte: Acte) -> EnBloc:
    try:
        with registre.transaction() as session:
            examen = _clean(session, code, mois)
            if isinstance(examen, str):
                return EnBloc(code, False, examen)
            adherent, paie = examen.adherent, examen.paie
            require_right(session, acte, code)
            require_current(session, adherent, paie)
            _require_no_refusal(session, adherent, paie)
            _require_nothing_blocking(adherent, paie, ())
            _approve(examen, acte, "")
    except GesteRefuse as refus:
        return EnBloc(code, False, refus.message)
    if paie.etat == EtatPaie.CALCULEE:
        return EnBloc(code, True, "premier regard ; une seconde personne approuve")
    return EnBloc(code, True, f"révision {paie.revision} approuvée, contenu {paie.hash_contenu[:12]}")


def _clean(session: Session, code: str, mois: Month) -> Examen | str:
    """La paie calculée où rien n'est à regarder, examinée ; sinon, pourquoi elle ne s'approuve pas sans la regarder."""
    adherent = find_adherent(session, code)
    paie = current_paie(session, adherent, mois)
    if paie is None or paie.etat != EtatPaie.CALCULEE:
        return f"paie {paie.etat if paie else 'non ouverte'} : rien à valider"
    examen = examen_of(session, adherent, paie)
    remarks = [constat for constat in examine(examen) if constat.niveau is not Niveau.POUR_MEMOIRE]
    return f"{plural(len(remarks), 'constat')} à voir, dont : {remarks[0].libelle}" if remarks else examen


def examen_of(session: Session, adherent: Adherent, paie: Paie) -> Examen:
    """Ce que les contrôles regardent d'une paie : ses bulletins et ceux du mois d'avant."""
    mois = Month.parse(paie.mois)
    before = current_paie(session, adherent, mois.previous)
    earlier = read_bulletins(session, before) if before is not None else []
    return Examen(
        session=session,
        adherent=adherent,
        paie=paie,
        mois=mois,
        bulletins=read_bulletins(session, paie),
        avant={key(lu.contrat.id): lu for lu in earlier} or None,
    )


def _require_seen(adherent: Adherent, paie: Paie, empreinte: str) -> None:
    seen = empreinte.strip().lower()
    if not seen:
        return
    if len(seen) < EMPREINTE_MINIMALE or not paie.hash_contenu.startswith(seen):
        raise GesteRefuse(
            f"{adherent.nom} : le contenu présent (révision {paie.revision}, {paie.hash_contenu[:12]}) n'est pas celui "
            f"que vous avez vu ({seen[:12]}). Relisez (« paie reviser »), puis validez avec son empreinte."
        )


def _require_no_refusal(session: Session, adherent: Adherent, paie: Paie) -> None:
    standing = standing_refusals(session, paie)
    if standing:
        agents = ", ".join(dict.fromkeys(refus.matricule for refus in standing))
        raise GesteRefuse(
            f"{adherent.nom} : des bulletins sont refusés ({agents}). Corrigez et recalculez, ou levez le refus en "
            "disant pourquoi (« paie refus lever »)."
        )


def _require_nothing_blocking(adherent: Adherent, paie: Paie, found: Sequence[Constat]) -> None:
    refused = blocking(anomalies_from_json(paie.anomalies))
    if refused:
        agents = ", ".join(sorted({anomalie.matricule for anomalie in refused if anomalie.matricule}))
        raise GesteRefuse(
            f"{adherent.nom} : des agents n'ont pas de bulletin ({agents}). Corrigez, ou validez avec un "
            "commentaire qui dit comment ils seront payés.",
            tuple(refused),
        )
    if found:
        said = " ; ".join(f"{constat.libelle} ({constat.matricule or 'adhérent'})" for constat in found)
        raise GesteRefuse(
            f"{adherent.nom} : la révision bloque : {said}. Corrigez, ou validez avec un commentaire qui dit pourquoi."
        )


def _standing_approvals(session: Session, paie: Paie) -> list[Approbation]:
    return list(
        session.exec(
            select(Approbation).where(
                Approbation.paie_id == paie.id,
                Approbation.hash_contenu == paie.hash_contenu,
                col(Approbation.annulee_le).is_(None),
            )
        )
    )


def _keep_accounts(session: Session, paie: Paie, bulletins: Sequence[BulletinLu], acte: Acte) -> None:
    """Retient à quel compte chaque agent est payé : le mois suivant verra s'il a changé."""
    agents = {key(lu.agent.id): lu.agent for lu in bulletins if lu.agent.iban}
    known = {
        row.agent_id: row
        for row in session.exec(
            select(CompteApprouve).where(CompteApprouve.mois == paie.mois, col(CompteApprouve.agent_id).in_(agents))
        )
    }
    for agent_id, agent in agents.items():
        row = known.get(agent_id) or CompteApprouve(
            agent_id=agent_id, mois=paie.mois, empreinte="", jour=acte.moment.date()
        )
        row.empreinte, row.jour = iban_digest(agent.iban), acte.moment.date()
        session.add(row)
