"""Inscrire un adhérent et ses agents au registre, d'après un fichier YAML."""

from __future__ import annotations

from pathlib import Path

import yaml
from sqlmodel import Session, select

from payroll.anomalies import Anomalie
from payroll.month.commun import Acte, key, record
from payroll.store.entrees import AdherentEntree, AgentEntree, ContratEntree, validate
from payroll.store.registre import Registre
from payroll.store.tables import (
    Absence,
    Adherent,
    AdhesionPrevoyance,
    Agent,
    Contrat,
    CumulReprise,
    ElementPermanent,
    ParametreEmployeur,
    SituationContrat,
    TauxPas,
)
from payroll.store.tables_saisies import SaisieContrat


def import_adherent(registre: Registre, path: Path, acte: Acte) -> Adherent | list[Anomalie]:
    """Inscrit l'adhérent décrit par ce fichier ; rend l'adhérent, ou toutes les anomalies du fichier.

    Un adhérent déjà inscrit est laissé tel quel : ce que le registre sait de lui ne se réécrit pas par un fichier.
    """
    try:
        # L'analyseur en C de libyaml : un adhérent de vingt agents s'inscrit trois fois plus vite.
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except OSError:
        return [
            Anomalie(
                code="fichier-introuvable",
                fichier=path.name,
                message="ce fichier n'existe pas ou ne peut pas être lu.",
                remede="Vérifiez son nom et son dossier, puis recommencez.",
            )
        ]
    except (yaml.YAMLError, UnicodeDecodeError):
        return [
            Anomalie(
                code="yaml-illisible",
                fichier=path.name,
                message="ce fichier n'est pas un YAML lisible en UTF-8.",
                remede="Vérifiez l'indentation et l'encodage, puis recommencez.",
            )
        ]
    if not isinstance(data, dict):
        return [
            Anomalie(
                code="adherent-invalide",
                fichier=path.name,
                message="ce fichier ne décrit pas un adhérent : une liste de clés (code, nom, siret…) est attendue.",
                remede="Partez d'un modèle d'examples/adherents, puis recommencez.",
            )
        ]
    entree = validate(data, path.name)
    if not isinstance(entree, AdherentEntree):
        return entree
    with registre.transaction() as session:
        known = session.exec(select(Adherent).where(Adherent.code == entree.code)).one_or_none()
        if known is not None:
            return known
        adherent = Adherent(**entree.model_dump(exclude={"parametres", "adhesions", "agents"}))
        session.add(adherent)
        session.flush()
        for parametre in entree.parametres:
            row = parametre.model_dump()
            session.add(
                ParametreEmployeur(
                    adherent_id=key(adherent.id),
                    taux_at_ppm=row.pop("taux_at"),
                    taux_versement_mobilite_ppm=row.pop("taux_versement_mobilite"),
                    taux_cdg_ppm=row.pop("taux_cdg"),
                    **row,
                )
            )
        for adhesion in entree.adhesions:
            session.add(AdhesionPrevoyance(adherent_id=key(adherent.id), **adhesion.model_dump()))
        for agent in entree.agents:
            add_agent(session, key(adherent.id), agent)
        record(session, acte, "inscrire", adherent.code, None, agents=len(entree.agents), fichier=path.name)
        return adherent


def add_agent(session: Session, adherent_id: int, entree: AgentEntree) -> None:
    """Inscrit un agent et tous ses contrats."""
    agent = Agent(adherent_id=adherent_id, **entree.model_dump(exclude={"contrats", "taux_pas"}))
    session.add(agent)
    session.flush()
    for taux in entree.taux_pas:
        session.add(
            TauxPas(agent_id=key(agent.id), taux_ppm=taux.taux, identifiant=taux.identifiant, du=taux.du, au=taux.au)
        )
    for contrat in entree.contrats:
        add_contract(session, adherent_id, key(agent.id), contrat)


def add_contract(session: Session, adherent_id: int, agent_id: int, entree: ContratEntree) -> None:
    """Inscrit un contrat, ses conditions, ses primes, ses saisies et ce qui précède la reprise."""
    contrat = Contrat(
        adherent_id=adherent_id,
        agent_id=agent_id,
        **entree.model_dump(exclude={"situations", "permanents", "saisies", "absences", "cumuls"}),
    )
    session.add(contrat)
    session.flush()
    for situation in entree.situations:
        # model_dump mettrait les fractions en texte : elles se lisent sur le modèle.
        row = situation.model_dump(exclude={"heures_hebdo", "heures_tous_employeurs", "quotite", "heures_hors_cnracl"})
        total, hors = situation.heures_tous_employeurs, situation.heures_hors_cnracl
        session.add(
            SituationContrat(
                contrat_id=key(contrat.id),
                heures_hebdo_centiemes=int(situation.heures_hebdo * 100),
                heures_tous_employeurs_centiemes=None if total is None else int(total * 100),
                quotite_num=situation.quotite.numerator,
                quotite_den=situation.quotite.denominator,
                heures_hors_cnracl_centiemes=None if hors is None else int(hors * 100),
                taux_indemnite_ppm=row.pop("taux_indemnite"),
                apprenti_smic_ppm=row.pop("apprenti_smic"),
                **row,
            )
        )
    for permanent in entree.permanents:
        session.add(ElementPermanent(contrat_id=key(contrat.id), **permanent.model_dump()))
    for saisie in entree.saisies:
        session.add(SaisieContrat(contrat_id=key(contrat.id), **saisie.model_dump()))
    for absence in entree.absences:
        session.add(Absence(adherent_id=adherent_id, contrat_id=key(contrat.id), **absence.model_dump()))
    for cumul in entree.cumuls:
        values = cumul.model_dump(exclude={"annee"})
        session.add(CumulReprise(contrat_id=key(contrat.id), annee=cumul.annee, cumuls=values))
