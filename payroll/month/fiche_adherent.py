"""La fiche d'un adhérent, pour l'écran : ses fichiers reçus, ses agents, ses paies, ses documents. Rien n'est écrit.

Le nombre de requêtes ne dépend ni du nombre d'agents ni de celui des mois.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy
from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from payroll.anomalies import Anomalie, blocking
from payroll.intake.receipt import marked_copy_name, receipt_name
from payroll.month.commun import GesteRefuse, anomalies_from_json, aware, key
from payroll.month.pagination import Page, cut
from payroll.month.tableau_de_bord import folded
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import (
    Adherent,
    Agent,
    BulletinPaie,
    Contrat,
    DocumentRetour,
    EtatPaie,
    FichierRecu,
    Paie,
    ParametreEmployeur,
)

TAILLE = 25


@dataclass(frozen=True, slots=True)
class Identite:
    """Qui est l'adhérent, et les paramètres d'employeur du mois."""

    id: int
    code: str
    nom: str
    nature: str
    siret: str
    adresse: str
    code_postal: str
    ville: str
    population: int
    contact_nom: str
    contact_courriel: str
    contact_telephone: str
    quatre_yeux: bool
    compte_connu: bool
    """Vrai si l'IBAN à débiter est au dossier : sans lui, pas de fichier de virement."""
    parametres: ParametreEmployeur | None
    """Ceux du premier jour du mois ; ``None`` : rien n'est en vigueur, la paie sera refusée."""
    agents: int
    mois: tuple[Month, ...]
    """Les mois qui ont une paie, du plus récent au plus ancien."""


@dataclass(frozen=True, slots=True)
class FichierLu:
    """Un fichier reçu, ses anomalies, et où est sa réponse."""

    id: int
    nom: str
    recu_le: datetime
    taille: int
    empreinte: str
    etat: str
    neant: bool
    anomalies: tuple[Anomalie, ...]
    accuse: int | None
    """La clé du document d'accusé de réception."""
    copie_marquee: int | None
    """La clé de la copie où les cases à corriger sont en couleur."""

    @property
    def bloquantes(self) -> int:
        return len(blocking(self.anomalies))


@dataclass(frozen=True, slots=True)
class AgentListe:
    """Un agent dans la liste : de quoi le reconnaître, sans NIR ni compte."""

    matricule: str
    nom: str
    prenom: str
    emploi: str
    statut: str
    contrats: int
    present: bool
    """Vrai si l'un de ses contrats court dans le mois."""
    net_a_payer: int | None
    """Son net du mois, tous contrats, en centimes ; ``None`` : pas de bulletin."""


def known_adherent(session: Session, code: str) -> Adherent:
    """L'adhérent, sans tenir sa ligne : une lecture n'arrête aucun geste.

    Lève :class:`GesteRefuse` s'il est inconnu.
    """
    adherent = session.exec(select(Adherent).where(Adherent.code == code)).one_or_none()
    if adherent is None:
        raise GesteRefuse(f"Aucun adhérent ne porte le code « {code} ». Revenez au tableau de bord pour le retrouver.")
    return adherent


def list_adherents(registre: Registre, portefeuille: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Les (code, nom) des adhérents de ce portefeuille (vide : tous), par nom."""
    with registre.transaction() as session:
        rows = session.exec(select(Adherent.code, Adherent.nom)).all()
    kept = set(portefeuille)
    return sorted(((code, nom) for code, nom in rows if not kept or code in kept), key=lambda one: folded(one[1]))


def read_identity(registre: Registre, code: str, mois: Month) -> Identite:
    """L'identité de l'adhérent ; lève :class:`GesteRefuse` s'il est inconnu."""
    with registre.transaction() as session:
        adherent = known_adherent(session, code)
        parametres = session.exec(
            select(ParametreEmployeur).where(
                ParametreEmployeur.adherent_id == adherent.id,
                ParametreEmployeur.du <= mois.first_day,
                or_(col(ParametreEmployeur.au).is_(None), col(ParametreEmployeur.au) >= mois.first_day),
            )
        ).first()
        agents = session.exec(select(func.count()).select_from(Agent).where(Agent.adherent_id == adherent.id)).one()
        months = session.exec(
            select(Paie.mois).where(Paie.adherent_id == adherent.id).distinct().order_by(col(Paie.mois).desc())
        ).all()
        return Identite(
            id=key(adherent.id),
            code=adherent.code,
            nom=adherent.nom,
            nature=adherent.nature,
            siret=adherent.siret,
            adresse=adherent.adresse,
            code_postal=adherent.code_postal,
            ville=adherent.ville,
            population=adherent.population,
            contact_nom=adherent.contact_nom,
            contact_courriel=adherent.contact_courriel,
            contact_telephone=adherent.contact_telephone,
            quatre_yeux=adherent.quatre_yeux,
            compte_connu=bool(adherent.iban),
            parametres=parametres,
            agents=agents,
            mois=tuple(Month.parse(text) for text in months),
        )


def read_files(registre: Registre, code: str, mois: Month) -> list[FichierLu]:
    """Les fichiers reçus pour un mois, du plus récent au plus ancien, anomalies en place.

    Un fichier que l'on n'a pas pu rattacher à un mois se montre au mois de sa réception.
    """
    first = datetime(mois.year, mois.month, 1, tzinfo=UTC)
    end = datetime(mois.next.year, mois.next.month, 1, tzinfo=UTC)
    with registre.transaction() as session:
        adherent = known_adherent(session, code)
        rows = session.exec(
            select(FichierRecu)
            .where(
                FichierRecu.adherent_id == adherent.id,
                or_(
                    col(FichierRecu.mois) == str(mois),
                    col(FichierRecu.mois).is_(None)
                    & (col(FichierRecu.recu_le) >= first)
                    & (col(FichierRecu.recu_le) < end),
                ),
            )
            .order_by(col(FichierRecu.recu_le).desc(), col(FichierRecu.id).desc())
        ).all()
        documents = (
            {
                (row.mois, row.chemin): key(row.id)
                for row in session.exec(select(DocumentRetour).where(DocumentRetour.adherent_id == adherent.id))
            }
            if rows
            else {}
        )
    return [_file(row, mois, documents) for row in rows]


def _file(row: FichierRecu, mois: Month, documents: Mapping[tuple[str, str], int]) -> FichierLu:
    folder = row.mois or str(mois)
    return FichierLu(
        id=key(row.id),
        nom=row.nom,
        recu_le=aware(row.recu_le),
        taille=row.taille,
        empreinte=row.sha256,
        etat=row.etat,
        neant=row.neant,
        anomalies=tuple(anomalies_from_json(row.anomalies)),
        accuse=documents.get((folder, receipt_name(row.nom, row.sha256))),
        copie_marquee=documents.get((folder, marked_copy_name(row.nom, row.sha256))),
    )


def list_agents(
    registre: Registre,
    code: str,
    mois: Month,
    *,
    texte: str = "",
    tous: bool = False,
    page: int = 1,
    taille: int = TAILLE,
) -> Page[AgentListe]:
    """Les agents d'un adhérent, par nom ; ``tous`` compte aussi ceux dont aucun contrat ne court dans le mois."""
    with registre.transaction() as session:
        adherent = known_adherent(session, code)
        query = select(Agent.id, Agent.nom, Agent.prenom, Agent.matricule).where(Agent.adherent_id == adherent.id)
        if not tous:
            query = query.where(col(Agent.id).in_(_present(mois)))
        usual = dict(
            session.exec(
                select(Agent.id, Agent.nom_usage).where(Agent.adherent_id == adherent.id, Agent.nom_usage != "")
            ).all()
        )
        # Ranger et chercher sans les accents, la base ne le fait pas partout de la même façon : un adhérent est petit.
        named = sorted(
            (folded(usual.get(one) or nom), folded(prenom), matricule, key(one), folded(nom))
            for one, nom, prenom, matricule in session.exec(query)
        )
        wanted = folded(texte)
        kept = [row[3] for row in named if not wanted or any(wanted in part for part in _searched(row))]
        found = cut(kept, page, taille)
        ids = list(found.lignes)
        rows = _listed(session, ids, mois)
    return Page(tuple(rows), found.numero, taille, found.total)


def _searched(row: tuple[str, str, str, int, str]) -> tuple[str, str, str, str]:
    usual, first, matricule, _, birth = row
    return usual, birth, f"{usual} {first}", folded(matricule)


def _present(mois: Month) -> sqlalchemy.Select[tuple[int]]:
    """Les clés des agents dont un contrat court dans le mois."""
    return sqlalchemy.select(col(Contrat.agent_id)).where(
        col(Contrat.date_debut) <= mois.last_day,
        or_(col(Contrat.date_fin).is_(None), col(Contrat.date_fin) >= mois.first_day),
    )


def _listed(session: Session, ids: list[int], mois: Month) -> list[AgentListe]:
    agents = session.exec(select(Agent).where(col(Agent.id).in_(ids))).all()
    contrats: dict[int, list[Contrat]] = {}
    for contrat in session.exec(
        select(Contrat).where(col(Contrat.agent_id).in_(ids)).order_by(col(Contrat.date_debut))
    ):
        contrats.setdefault(contrat.agent_id, []).append(contrat)
    nets = dict(
        session.exec(
            select(Contrat.agent_id, func.sum(BulletinPaie.net_a_payer))
            .join(BulletinPaie, col(BulletinPaie.contrat_id) == col(Contrat.id))
            .join(Paie, col(Paie.id) == col(BulletinPaie.paie_id))
            .where(col(Contrat.agent_id).in_(ids), Paie.mois == str(mois), Paie.etat != EtatPaie.REMPLACEE)
            .group_by(col(Contrat.agent_id))
        ).all()
    )
    by_id = {key(agent.id): agent for agent in agents}
    found = []
    for agent_id in ids:
        agent, own = by_id[agent_id], contrats.get(agent_id, [])
        running = [
            c for c in own if c.date_debut <= mois.last_day and (c.date_fin is None or c.date_fin >= mois.first_day)
        ]
        shown = (running or own)[-1:]
        found.append(
            AgentListe(
                matricule=agent.matricule,
                nom=agent.nom_usage or agent.nom,
                prenom=agent.prenom,
                emploi=shown[0].emploi if shown else "",
                statut=shown[0].statut if shown else "",
                contrats=len(own),
                present=bool(running),
                net_a_payer=None if agent_id not in nets else int(nets[agent_id]),
            )
        )
    return found
