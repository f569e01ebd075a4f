"""Recevoir un retour de net-entreprises : le garder, le relier à son message, en tirer les taux de prélèvement.

Le même fichier ne compte qu'une fois (empreinte). Un retour que l'on ne sait pas lire est gardé et refusé en une
phrase : rien n'en est pris. Aucun NIR dans les anomalies : un individu s'y nomme par son matricule, ou par son rang.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, col, select

from dsn.retours import AnomalieRetour, DeclarationRetour, Retour, RetourRefuse, TypeRetour, read_return
from dsn.retours.lecture import LIBELLES
from payroll.anomalies import Anomalie, Gravite
from payroll.month.commun import Acte, anomalies_from_json, anomalies_to_json, current_paie, key, put_document, record
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Agent, BulletinPaie, Contrat, EtatPaie, MessageDsn, Paie, TauxPas
from payroll.store.tables_dsn import EnvoiDsn, EtatEnvoi, EtatRetour, RetourDsn
from payroll.wording import plural

MOIS_DE_VALIDITE = 2
"""Un taux vaut jusqu'à la fin du deuxième mois qui suit sa mise à disposition (CGI, art. 204 H et ses textes)."""
_MODIFIABLES = (EtatPaie.OUVERTE, EtatPaie.CALCULEE)
_NOM_SUR = re.compile(r"[A-Za-z0-9._-]{1,100}")
_MENSUELLE = "01"


@dataclass(frozen=True, slots=True)
class RetourRecu:
    """Ce qu'un retour a donné ; ``nouveau`` est faux pour un fichier déjà reçu, dont rien n'est refait."""

    nom: str
    etat: str
    type: str
    adherent: str
    mois: str
    relie: bool
    bilan: dict[str, int]
    anomalies: tuple[Anomalie, ...]
    nouveau: bool

    @property
    def phrase(self) -> str:
        """Le compte rendu en une phrase, sans donnée personnelle."""
        if not self.nouveau:
            return "déjà reçu, rien n'est refait"
        what = LIBELLES[TypeRetour(self.type)] if self.type else "retour refusé"
        where = " ".join(part for part in (self.adherent, self.mois) if part)
        told = f"{what}{f' ({where})' if where else ''}"
        if self.type == TypeRetour.TAUX and self.etat == EtatRetour.LU:
            told += (
                f" : {plural(self.bilan['taux'], 'taux', 'taux')}, {plural(self.bilan['sans_taux'], 'agent')} au barème"
            )
        elif self.etat == EtatRetour.DEPASSE:
            told += " : un compte-rendu plus récent est déjà appliqué"
        if self.anomalies:
            told += f", {plural(len(self.anomalies), 'constat')}"
        return told


def receive_return(registre: Registre, nom: str, content: bytes, acte: Acte) -> RetourRecu:
    """Garde un retour, le lit, applique ses taux ; répété avec les mêmes octets, ne change rien.

    Un retour refusé se relit : l'adhérent a pu être inscrit, ou la lecture apprise, depuis.
    """
    sha256 = registre.pieces.put(content)
    with registre.transaction() as session:
        known = session.exec(select(RetourDsn).where(RetourDsn.sha256 == sha256)).one_or_none()
        if known is not None and known.etat != EtatRetour.REFUSE:
            return _told(session, known, nouveau=False)
        row = known or RetourDsn(
            sha256=sha256,
            nom=nom if _NOM_SUR.fullmatch(nom) else "retour.xml",
            recu_le=acte.moment,
            etat=EtatRetour.LU,
        )
        row.etat = EtatRetour.LU
        try:
            retour = read_return(content)
        except RetourRefuse as refus:
            row.etat = EtatRetour.REFUSE
            row.anomalies = anomalies_to_json([Anomalie("retour-refuse", str(refus), fichier=row.nom)])
            session.add(row)
            return _told(session, row, nouveau=True)
        _read(session, row, retour, acte)
        _return_certificate(session, registre, row, retour, content, acte)
        session.add(row)
        return _told(session, row, nouveau=True)


def _read(session: Session, row: RetourDsn, retour: Retour, acte: Acte) -> None:
    """Remplit la ligne d'un retour lisible, et applique ce qu'il porte."""
    row.type, row.idflux = retour.type, retour.idflux
    anomalies = [Anomalie(item.code.lower(), item.message, fichier=row.nom) for item in retour.constats]
    anomalies += _told_by_organism(row.nom, retour, retour.anomalies_envoi)
    for declaration in retour.declarations:
        anomalies += _told_by_organism(row.nom, retour, declaration.anomalies)
        adherent = session.exec(select(Adherent).where(Adherent.siret == declaration.siret)).one_or_none()
        if adherent is None:
            anomalies.append(
                Anomalie(
                    "etablissement-inconnu",
                    f"l'établissement {declaration.siret or 'sans SIRET'} n'est celui d'aucun adhérent.",
                    "Inscrivez l'adhérent : ce retour sera relu à la prochaine relève.",
                    fichier=row.nom,
                )
            )
            continue
        _link(session, row, adherent, declaration)
        if retour.type is TypeRetour.TAUX:
            anomalies += _apply(session, row, adherent, retour, declaration, acte)
        _settle(session, row, retour)
        detail = {"type": str(retour.type), "etat": str(row.etat), "empreinte": row.sha256[:12], **row.bilan}
        mois = Month.parse(row.mois) if row.mois else None
        record(session, acte, "retour", adherent.code, mois, **detail)
    if row.adherent_id is None:
        row.etat = EtatRetour.REFUSE
    row.anomalies = anomalies_to_json(anomalies)


def _return_certificate(
    session: Session, registre: Registre, row: RetourDsn, retour: Retour, content: bytes, acte: Acte
) -> None:
    """Rend à l'adhérent le certificat de sa mensuelle. Un retour qui en réunit plusieurs reste à l'agence."""
    if retour.type is not TypeRetour.CERTIFICAT or len(retour.declarations) != 1 or not row.message_sha256:
        return
    if retour.declarations[0].nature in ("", _MENSUELLE):
        adherent, mois = session.get_one(Adherent, row.adherent_id), Month.parse(row.mois)
        put_document(session, registre, adherent, mois, certificate_name(adherent.code, mois), content, acte.moment)


def certificate_name(code: str, mois: Month) -> str:
    """Le nom du certificat de conformité rendu à l'adhérent, à côté de sa DSN."""
    return f"certificat-dsn-{mois}-{code}.xml"


def _told_by_organism(nom: str, retour: Retour, found: Iterable[AnomalieRetour]) -> list[Anomalie]:
    """Les anomalies que l'organisme signale : bloquantes dans un rejet ou un bilan, qui font refaire le message."""
    gravite = Gravite.BLOQUANT if retour.type in (TypeRetour.REJET, TypeRetour.BILAN) else Gravite.AVERTISSEMENT
    return [
        Anomalie(
            "signale-par-l-organisme",
            f"{item.code} : {item.message}" if item.code else item.message,
            gravite=gravite,
            fichier=nom,
            cellule=f"ligne {item.ligne} du message" if item.ligne else "",
            rubrique=item.rubrique,
        )
        for item in found
    ]


def _link(session: Session, row: RetourDsn, adherent: Adherent, declaration: DeclarationRetour) -> None:
    """Relie le retour à son message : par l'identifiant du dépôt, sinon par établissement, mois et numéro d'ordre."""
    row.adherent_id = adherent.id
    row.conformite = declaration.etat
    row.mois = str(Month.of(declaration.mois)) if declaration.mois else ""
    row.numero_ordre = int(declaration.ordre) if declaration.ordre.isdecimal() and len(declaration.ordre) < 10 else None
    sent = (
        session.exec(select(EnvoiDsn).where(EnvoiDsn.adherent_id == adherent.id, EnvoiDsn.idflux == row.idflux)).first()
        if row.idflux
        else None
    )
    if sent is not None:
        row.message_sha256 = sent.sha256
        return
    if declaration.nature not in ("", _MENSUELLE) or not row.mois:
        return
    message = session.exec(
        select(MessageDsn)
        .join(Paie, col(Paie.id) == col(MessageDsn.paie_id))
        .where(Paie.adherent_id == adherent.id, Paie.mois == row.mois)
        .where(*([MessageDsn.numero_ordre == row.numero_ordre] if row.numero_ordre is not None else []))
        .order_by(col(MessageDsn.numero_ordre).desc())
    ).first()
    row.message_sha256 = message.sha256 if message is not None else ""


def _settle(session: Session, row: RetourDsn, retour: Retour) -> None:
    """Un accusé ou un rejet dit le sort de l'envoi auquel il répond."""
    outcomes = {TypeRetour.ACCUSE: EtatEnvoi.DEPOSE, TypeRetour.REJET: EtatEnvoi.REJETE}
    if retour.type not in outcomes or not row.message_sha256:
        return
    sent = session.exec(
        select(EnvoiDsn).where(EnvoiDsn.adherent_id == row.adherent_id, EnvoiDsn.sha256 == row.message_sha256)
    ).one_or_none()
    if sent is not None and sent.etat != EtatEnvoi.DEPOSE:
        sent.etat, sent.idflux, sent.reponse_sha256 = outcomes[retour.type], row.idflux or sent.idflux, row.sha256
        sent.depose_le = row.recu_le if retour.type is TypeRetour.ACCUSE else sent.depose_le
        session.add(sent)


def _apply(
    session: Session, row: RetourDsn, adherent: Adherent, retour: Retour, declaration: DeclarationRetour, acte: Acte
) -> list[Anomalie]:
    """Date les taux : un individu sans taux passe au barème ; un agent absent du retour n'est pas touché."""
    row.bilan = {"taux": 0, "sans_taux": 0, "inconnus": 0, "sans_ligne": 0}
    if _superseded(session, adherent, row):
        row.etat = EtatRetour.DEPASSE
        return []
    first = effective_month(session, adherent, Month.of(acte.moment.date()))
    end = _valid_until(Month.of(acte.moment.date()))
    agents: dict[str, list[Agent]] = {}
    for agent in session.exec(select(Agent).where(Agent.adherent_id == adherent.id)):
        agents.setdefault(agent.nir[:13], []).append(agent)
    anomalies: list[Anomalie] = []
    told: set[int] = set()
    for person in declaration.individus:
        found = agents.get(person.nir, [])
        if not found:
            row.bilan["inconnus"] += 1
            anomalies.append(
                Anomalie(
                    "agent-inconnu",
                    f"l'individu n° {person.rang} du retour n'est aucun agent de cet adhérent.",
                    "Comparez le retour aux agents inscrits : un NIR a pu être corrigé.",
                    gravite=Gravite.AVERTISSEMENT,
                    fichier=row.nom,
                )
            )
        for agent in found:
            told.add(key(agent.id))
            row.bilan["sans_taux" if person.taux_ppm is None else "taux"] += 1
            _date_rate(session, agent, first.first_day, end, person.taux_ppm, retour.identifiant_taux, row.sha256)
    forgotten = _declared_agents(session, adherent, row) - told
    row.bilan["sans_ligne"] = len(forgotten)
    anomalies += [
        Anomalie(
            "agent-absent-du-retour",
            "cet agent est dans la DSN et pas dans le compte-rendu : son taux n'est pas renouvelé.",
            "Sans autre retour, il passera au barème à la fin de sa validité.",
            gravite=Gravite.AVERTISSEMENT,
            fichier=row.nom,
            matricule=agent.matricule,
        )
        for agent in session.exec(select(Agent).where(col(Agent.id).in_(forgotten)).order_by(Agent.matricule))
    ]
    return anomalies


def _superseded(session: Session, adherent: Adherent, row: RetourDsn) -> bool:
    """Vrai si un compte-rendu d'un mois plus récent (ou d'un ordre plus grand) est déjà appliqué."""
    applied = session.exec(
        select(RetourDsn).where(
            RetourDsn.adherent_id == adherent.id,
            RetourDsn.type == TypeRetour.TAUX,
            RetourDsn.etat == EtatRetour.LU,
            RetourDsn.sha256 != row.sha256,
        )
    )
    mine = (row.mois, row.numero_ordre or 0)
    return any((other.mois, other.numero_ordre or 0) > mine for other in applied)


def effective_month(session: Session, adherent: Adherent, received: Month) -> Month:
    """Le premier mois dont la paie peut encore prendre un taux reçu ce mois-ci : une paie validée garde le sien."""
    paie = current_paie(session, adherent, received)
    return received if paie is None or paie.etat in _MODIFIABLES else received.next


def _valid_until(received: Month) -> date:
    last = received
    for _ in range(MOIS_DE_VALIDITE):
        last = last.next
    return last.last_day


def _date_rate(
    session: Session, agent: Agent, start: date, end: date, rate: int | None, identifier: str, sha256: str
) -> None:
    """Ferme le taux en cours la veille, retire ceux qui n'ont pas encore servi, ouvre le nouveau s'il y en a un."""
    for row in session.exec(select(TauxPas).where(TauxPas.agent_id == agent.id)).all():
        if row.du >= start:
            session.delete(row)
        elif row.au is None or row.au >= start:
            row.au = start - timedelta(days=1)
            session.add(row)
    if rate is not None:
        session.add(
            TauxPas(
                agent_id=key(agent.id), taux_ppm=rate, identifiant=identifier, du=start, au=end, retour_sha256=sha256
            )
        )


def _declared_agents(session: Session, adherent: Adherent, row: RetourDsn) -> set[int]:
    """Les agents que la DSN de ce mois a déclarés."""
    return set(
        session.exec(
            select(Contrat.agent_id)
            .join(BulletinPaie, col(BulletinPaie.contrat_id) == col(Contrat.id))
            .join(Paie, col(Paie.id) == col(BulletinPaie.paie_id))
            .where(Paie.adherent_id == adherent.id, Paie.mois == row.mois, Paie.etat != EtatPaie.REMPLACEE)
        ).all()
    )


def _told(session: Session, row: RetourDsn, *, nouveau: bool) -> RetourRecu:
    adherent = session.get(Adherent, row.adherent_id) if row.adherent_id is not None else None
    return RetourRecu(
        nom=row.nom,
        etat=row.etat,
        type=row.type,
        adherent=adherent.code if adherent else "",
        mois=row.mois,
        relie=bool(row.message_sha256),
        bilan=dict(row.bilan),
        anomalies=tuple(anomalies_from_json(row.anomalies)),
        nouveau=nouveau,
    )
