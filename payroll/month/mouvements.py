"""Les événements d'un contrat : une arrivée, un départ, leur correction, leur annulation ; un compte bancaire.

Un fichier de la mairie annonce ; le gestionnaire décide, et sa décision l'emporte sur l'annonce. Chaque geste dit sa
raison et laisse au journal l'ancien et le nouveau. Un mois déclaré ne bouge plus : un départ ne s'y date pas, ce qui
touche un mois payé se règle par un rappel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import func
from sqlalchemy import select as sql_select
from sqlmodel import Session, SQLModel, col, select

from dsn.norm import NormError, for_month, versions
from dsn.norm import load as load_norm
from payroll.anomalies import Anomalie
from payroll.intake.layout import choose, formulaire
from payroll.month.adherents import add_agent, add_contract
from payroll.month.commun import Acte, GesteRefuse, find_adherent, key, record
from payroll.month.gestionnaires import require_right
from payroll.month.rappels import paid_months
from payroll.month.situations import announced_exits, end_of
from payroll.periods import Month
from payroll.store.entrees import AgentEntree, Bic, Iban, faults
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Agent, Contrat, ElementPermanent, SituationContrat, SortieAnnoncee

_LOIN = Month(2200, 12)
_RUPTURE = "S21.G00.62.002"
_ANNULATION = "099"
"""Un motif de la norme qui n'est pas un départ : il efface une fin déjà déclarée (« annuler le départ » le fait)."""
_VOISINS = 4
_PROPRES = ("situation_contrat", "element_permanent", "contrat")
"""Les tables qui décrivent un contrat ; toute autre ligne qui le nomme dit qu'il a servi."""


@dataclass(frozen=True, slots=True)
class Mouvement:
    """Ce qui vient de changer, en une phrase sans nom, et les mois déjà payés que cela touche."""

    matricule: str
    contrat: str
    phrase: str
    mois_payes: tuple[Month, ...] = ()


def enter_agent(
    registre: Registre, code: str, donnees: object, acte: Acte, *, motif: str, fichier: str = ""
) -> tuple[Mouvement, ...] | list[Anomalie]:
    """Inscrit un agent qui arrive, ou le nouveau contrat d'un agent connu ; rend les contrats ouverts.

    ``donnees`` : un agent tel que la description d'un adhérent l'écrit (``docs/adherents.md``). Redonner les mêmes
    données n'inscrit rien de plus ; mal écrites, elles rendent leurs anomalies. Lève :class:`GesteRefuse`.
    """
    try:
        entree = AgentEntree.model_validate(donnees)
    except ValidationError as error:
        return faults(error, fichier, "agent-invalide", "Corrigez la description de l'agent, puis recommencez.")
    with registre.transaction() as session:
        adherent = _started(session, code, acte, motif)
        agent = session.exec(
            select(Agent).where(Agent.adherent_id == adherent.id, Agent.matricule == entree.matricule)
        ).one_or_none()
        known = {row.numero for row in session.exec(select(Contrat).where(Contrat.adherent_id == adherent.id))}
        nouveaux = [contrat for contrat in entree.contrats if contrat.numero not in known]
        if agent is None and len(nouveaux) < len(entree.contrats):
            raise GesteRefuse(f"{adherent.nom} : un autre agent porte déjà l'un de ces numéros de contrat.")
        if agent is None:
            add_agent(session, key(adherent.id), entree)
        elif agent.nir != entree.nir:
            raise GesteRefuse(f"Le matricule {entree.matricule} est celui d'une autre personne : donnez-en un neuf.")
        else:
            for contrat in nouveaux:
                add_contract(session, key(adherent.id), key(agent.id), contrat)
        done = []
        for contrat in nouveaux:
            _record(
                session,
                acte,
                "entrer-agent",
                code,
                entree.matricule,
                contrat.numero,
                motif,
                debut=str(contrat.date_debut),
            )
            done.append(
                Mouvement(
                    entree.matricule, contrat.numero, f"contrat ouvert le {contrat.date_debut:%d/%m/%Y}",
                    _paid_since(session, adherent, contrat.date_debut),
                )
            )  # fmt: skip
        return tuple(done)


def change_entry(
    registre: Registre, code: str, matricule: str, acte: Acte, *, du: date, motif: str, contrat: str = ""
) -> Mouvement:
    """Change le premier jour d'un contrat, avec ses premières conditions et primes. Lève :class:`GesteRefuse`."""
    with registre.transaction() as session:
        adherent, row = _contract(session, code, matricule, contrat, acte, motif)
        ancien = row.date_debut
        if row.date_fin is not None and du > row.date_fin:
            raise GesteRefuse(f"Le contrat finit le {row.date_fin:%d/%m/%Y} : il ne peut commencer après.")
        paid = _paid_since(session, adherent, min(ancien, du))
        if du > ancien and paid and paid[0].first_day < du:
            raise GesteRefuse(
                f"La paie de {paid[0].libelle} est déclarée : l'agent y a été payé. Une arrivée plus tardive laisse un "
                f"trop-perçu : reprenez-le par un rappel (« paie rappel saisir {code} … --mois-de-droit {paid[0]} »)."
            )
        conditions = session.exec(select(SituationContrat).where(SituationContrat.contrat_id == row.id)).all()
        if du > ancien and any(c.du > ancien and c.du <= du for c in conditions):
            raise GesteRefuse("Des conditions changent avant ce jour : annulez d'abord ce changement.")
        permanents = session.exec(select(ElementPermanent).where(ElementPermanent.contrat_id == row.id)).all()
        dated: list[SituationContrat | ElementPermanent] = [*conditions, *permanents]
        for item in dated:
            if item.du == ancien:
                item.du = du
                session.add(item)
        row.date_debut = du
        session.add(row)
        _record(
            session, acte, "changer-entree", code, matricule, row.numero, motif, ancien=str(ancien), nouveau=str(du)
        )
        return Mouvement(matricule, row.numero, f"entrée le {du:%d/%m/%Y}, au lieu du {ancien:%d/%m/%Y}", paid)


def cancel_entry(
    registre: Registre, code: str, matricule: str, acte: Acte, *, motif: str, contrat: str = ""
) -> Mouvement:
    """Retire un contrat ouvert par erreur, et l'agent s'il n'en a pas d'autre ; refusé s'il a déjà servi."""
    with registre.transaction() as session:
        _, row = _contract(session, code, matricule, contrat, acte, motif)
        used = _used_by(session, key(row.id))
        if used:
            raise GesteRefuse(
                f"Le contrat {row.numero} a déjà servi ({', '.join(used)}) : il ne s'efface pas. "
                f"Datez plutôt un départ (« paie agent depart {code} {matricule} … »)."
            )
        for table in (SituationContrat, ElementPermanent):
            for item in session.exec(select(table).where(col(table.contrat_id) == row.id)):
                session.delete(item)
        session.delete(row)
        session.flush()
        detail = {"debut": str(row.date_debut), "statut": row.statut}
        others = session.exec(select(Contrat).where(Contrat.agent_id == row.agent_id)).first()
        if others is None and not _named(session, "agent", row.agent_id, ("contrat", "taux_pas")):
            _forget_agent(session, row.agent_id)
        _record(session, acte, "annuler-entree", code, matricule, row.numero, motif, **detail)
        return Mouvement(matricule, row.numero, f"contrat du {row.date_debut:%d/%m/%Y} retiré")


def set_exit(
    registre: Registre, code: str, matricule: str, acte: Acte, *, le: date, nature: str, motif: str, contrat: str = ""
) -> Mouvement:
    """Date ou redate un départ ; l'emporte sur celui qu'un fichier annonçait.

    ``le`` : dernier jour payé, inclus. ``nature`` : un motif de la liste du classeur (« retraite ») ou le code de
    S21.G00.62.002 (« 039 »). Lève :class:`GesteRefuse`.
    """
    with registre.transaction() as session:
        adherent, row = _contract(session, code, matricule, contrat, acte, motif)
        dsn = _dsn_reason(nature, le)
        if le < row.date_debut:
            raise GesteRefuse(f"Le contrat commence le {row.date_debut:%d/%m/%Y} : le départ ne peut le précéder.")
        before = _end(session, adherent, row)
        _require_unpaid(session, adherent, code, min(le, before or le))
        _forget_announced(session, row)
        row.date_fin, row.motif_fin = le, dsn
        session.add(row)
        detail = {"ancien": str(before or ""), "nouveau": str(le), "nature": nature}
        _record(session, acte, "dater-depart", code, matricule, row.numero, motif, **detail)
        instead = f", au lieu du {before:%d/%m/%Y}" if before and before != le else ""
        missing = "" if dsn else " ; son motif de fin reste à choisir pour la DSN"
        return Mouvement(matricule, row.numero, f"départ le {le:%d/%m/%Y}{instead}{missing}")


def cancel_exit(
    registre: Registre, code: str, matricule: str, acte: Acte, *, motif: str, contrat: str = ""
) -> Mouvement:
    """Annule un départ, daté ici ou annoncé par un fichier : le contrat continue. Lève :class:`GesteRefuse`."""
    with registre.transaction() as session:
        adherent, row = _contract(session, code, matricule, contrat, acte, motif)
        before = _end(session, adherent, row)
        if before is None:
            raise GesteRefuse(f"L'agent {matricule} n'a aucun départ daté.")
        _require_unpaid(session, adherent, code, before)
        _forget_announced(session, row)
        row.date_fin, row.motif_fin = None, ""
        session.add(row)
        _record(session, acte, "annuler-depart", code, matricule, row.numero, motif, ancien=str(before))
        return Mouvement(matricule, row.numero, f"départ du {before:%d/%m/%Y} annulé : le contrat continue")


def change_bank(
    registre: Registre, code: str, matricule: str, acte: Acte, *, iban: str, bic: str, motif: str
) -> Mouvement:
    """Change le compte d'un agent ; la révision suivante le signale. Le journal dit qu'il a changé, jamais lequel.

    Lève :class:`GesteRefuse` si l'IBAN ou le BIC ne sont pas justes.
    """
    compact = "".join(iban.split()).upper()
    try:
        TypeAdapter(Iban).validate_python(compact)
        TypeAdapter(Bic).validate_python(bic.strip().upper())
    except ValidationError:
        raise GesteRefuse("Cet IBAN ou ce BIC n'est pas juste : relisez le RIB. Rien n'est changé.") from None
    if not compact:
        raise GesteRefuse("Donnez l'IBAN du RIB.")
    with registre.transaction() as session:
        adherent = _started(session, code, acte, motif)
        agent = session.exec(
            select(Agent).where(Agent.adherent_id == adherent.id, Agent.matricule == matricule)
        ).one_or_none()
        if agent is None:
            raise GesteRefuse(f"{adherent.nom} : aucun agent ne porte le matricule {matricule}.")
        changed = agent.iban != compact
        agent.iban, agent.bic = compact, bic.strip().upper()
        session.add(agent)
        _record(session, acte, "changer-compte", code, matricule, "", motif, change=changed)
        return Mouvement(matricule, "", "compte bancaire changé" if changed else "c'était déjà ce compte")


def _started(session: Session, code: str, acte: Acte, motif: str) -> Adherent:
    adherent = find_adherent(session, code)
    require_right(session, acte, code)
    if not motif.strip():
        raise GesteRefuse("Un changement dit sa raison : numéro et date de l'arrêté, contrat signé, pièce reçue.")
    return adherent


def _contract(
    session: Session, code: str, matricule: str, numero: str, acte: Acte, motif: str
) -> tuple[Adherent, Contrat]:
    """Le contrat nommé ; sans numéro, le seul de l'agent qui n'est pas fini avant le dernier mois déclaré."""
    adherent = _started(session, code, acte, motif)
    rows = session.exec(
        select(Contrat)
        .join(Agent, col(Agent.id) == col(Contrat.agent_id))
        .where(Contrat.adherent_id == adherent.id, Agent.matricule == matricule)
        .order_by(Contrat.numero)
    ).all()
    if numero:
        found = [row for row in rows if row.numero == numero]
    else:
        declared = paid_months(session, adherent, _LOIN)
        found = [row for row in rows if row.date_fin is None or not declared or row.date_fin >= declared[-1].last_day]
    if len(found) == 1:
        return adherent, found[0]
    if not found:
        which = f"pas le contrat {numero}" if numero else "aucun contrat en cours"
        raise GesteRefuse(f"{adherent.nom} : l'agent {matricule} n'a {which}.")
    raise GesteRefuse(
        f"L'agent {matricule} a plusieurs contrats : dites lequel ({', '.join(r.numero for r in found)})."
    )


def _dsn_reason(nature: str, le: date) -> str:
    form = formulaire()
    chosen = choose(form.motifs, nature)
    if chosen is not None:
        return form.fins_dsn.get(chosen, "")
    codes = _ruptures(le)
    if nature in codes:
        return nature
    if nature.isascii() and nature.isdecimal():
        near = sorted(sorted(codes, key=lambda code: abs(int(code) - int(nature)))[:_VOISINS])
        told = " ; ".join(f"{code} ({codes[code]})" for code in near)
        raise GesteRefuse(
            f"Le code de départ « {nature} » n'est pas de la table de la norme ({_RUPTURE}). Les plus proches : {told}."
        )
    known = ", ".join(choice.code for choice in form.motifs)
    raise GesteRefuse(
        f"Motif de départ inconnu : « {nature} ». Les motifs : {known}, ou le code à trois chiffres de la DSN."
    )


def _ruptures(le: date) -> Mapping[str, str]:
    """Les motifs de départ de la norme de ce jour, avec leur libellé ; un jour qu'aucune ne couvre lit la dernière."""
    try:
        codes = for_month(le).rubriques[_RUPTURE].codes
    except NormError:
        codes = load_norm(versions()[-1]).rubriques[_RUPTURE].codes
    return {code: label for code, label in codes.items() if code != _ANNULATION}


def _require_unpaid(session: Session, adherent: Adherent, code: str, day: date) -> None:
    declared = paid_months(session, adherent, _LOIN)
    if declared and day < declared[-1].last_day:
        last = declared[-1]
        raise GesteRefuse(
            f"{adherent.nom} : la paie de {last.libelle} est déclarée, un départ ne la change plus. Datez-le du "
            f"{last.last_day:%d/%m/%Y} au plus tôt, et reprenez le trop-perçu par un rappel (« paie rappel saisir "
            f"{code} … --mois-de-droit {last} »). Un mois seulement validé, lui, se rouvre : « paie rouvrir {code} »."
        )


def _end(session: Session, adherent: Adherent, row: Contrat) -> date | None:
    return end_of(row, announced_exits(session, adherent).get(key(row.id)))


def _forget_announced(session: Session, row: Contrat) -> None:
    """Le fichier qui annonçait reste une pièce ; son annonce ne compte plus."""
    for item in session.exec(select(SortieAnnoncee).where(SortieAnnoncee.contrat_id == row.id)):
        session.delete(item)


def _used_by(session: Session, contrat_id: int) -> list[str]:
    return _named(session, "contrat", contrat_id, _PROPRES)


def _named(session: Session, target: str, row_id: int, spared: tuple[str, ...]) -> list[str]:
    """Les tables, hors de ``spared``, dont une ligne nomme celle-ci."""
    found = []
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            refers = any(link.column.table.name == target for link in column.foreign_keys)
            if refers and table.name not in spared:
                count = session.connection().scalar(sql_select(func.count()).where(column == row_id))
                if count:
                    found.append(table.name.replace("_", " "))
    return found


def _forget_agent(session: Session, agent_id: int) -> None:
    taux = SQLModel.metadata.tables["taux_pas"]
    session.connection().execute(taux.delete().where(taux.c.agent_id == agent_id))
    session.delete(session.get_one(Agent, agent_id))


def _paid_since(session: Session, adherent: Adherent, du: date) -> tuple[Month, ...]:
    return tuple(mois for mois in paid_months(session, adherent, _LOIN) if mois.last_day >= du)


def _record(
    session: Session, acte: Acte, geste: str, code: str, matricule: str, contrat: str, motif: str, **detail: Any
) -> None:
    told: Mapping[str, Any] = {"matricule": matricule, "contrat": contrat, **detail, "motif": motif.strip()}
    record(session, acte, geste, code, None, **told)
