"""Restituer : produire les documents d'une paie déclarée, les inscrire comme dus, puis dire ceux qui sont déposés.

Le dépôt lui-même (SFTP) n'est pas ici : une porte lit :func:`pending_documents`, dépose, puis appelle
:func:`mark_deposited`. Une panne entre les deux fait déposer deux fois les mêmes octets, jamais perdre un document.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from dsn import codes as dsn_codes
from payroll.documents import journal, payslip
from payroll.documents.facts import AgentIdentite, ContratIdentite, EmployeurIdentite, PayslipFacts
from payroll.documents.journal import JournalFacts, JournalRow
from payroll.documents.names import bulletin_name
from payroll.month.commun import Acte, GesteRefuse, find_adherent, put_document, record, require_paie
from payroll.month.lire import BulletinLu, read_bulletins
from payroll.month.situations import time_text
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, DocumentRetour, EtatPaie, Paie

JOURNAL_NAME = "journal.xlsx"

_STATUTS = {
    "titulaire": "Titulaire",
    "stagiaire": "Stagiaire",
    "contractuel": "Contractuel de droit public",
    "elu": "Élu local",
    "apprenti": "Apprenti",
    "pec": "Parcours emploi compétences",
    "vacataire": "Vacataire",
}
_REGIMES = {"cnracl": "CNRACL", "ircantec": "IRCANTEC"}


@dataclass(frozen=True, slots=True)
class DocumentDu:
    """Un document à déposer dans ``retour/AAAA-MM/`` de l'adhérent ; son contenu est une pièce."""

    adherent: str
    mois: str
    chemin: str
    sha256: str


def produce_documents(registre: Registre, code: str, mois: Month, acte: Acte, *, date_paiement: date) -> int:
    """Produit bulletins et journal d'une paie déclarée ; rend le nombre de documents nouveaux ou changés.

    Lève :class:`GesteRefuse` si la paie n'est pas déclarée.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        paie = require_paie(session, adherent, mois)
        if paie.etat not in (EtatPaie.DECLAREE, EtatPaie.RESTITUEE, EtatPaie.CLOSE):
            raise GesteRefuse(
                f"{adherent.nom} : la paie de {mois.libelle} est {paie.etat} ; elle se restitue une fois déclarée."
            )
        bulletins = read_bulletins(session, paie)
    # Le rendu est long : il se fait hors transaction, sur un contenu que l'approbation a figé.
    documents = {
        name: payslip.render(payslip_facts(adherent, mois, lu, date_paiement))
        for name, lu in zip(_names(mois, bulletins), bulletins, strict=True)
    }
    documents[JOURNAL_NAME] = journal.render(_journal_facts(adherent, paie, mois, bulletins))
    with registre.transaction() as session:
        changed = sum(
            put_document(session, registre, adherent, mois, name, content, acte.moment)
            for name, content in documents.items()
        )
        if changed:
            record(session, acte, "produire", code, mois, documents=len(documents), changes=changed)
    return changed


def pending_documents(registre: Registre, code: str) -> list[DocumentDu]:
    """Les documents dus à un adhérent et pas encore déposés, tous mois confondus."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        rows = session.exec(
            select(DocumentRetour)
            .where(DocumentRetour.adherent_id == adherent.id, col(DocumentRetour.depose_le).is_(None))
            .order_by(DocumentRetour.mois, DocumentRetour.chemin)
        ).all()
        return [DocumentDu(code, row.mois, row.chemin, row.sha256) for row in rows]


def mark_deposited(registre: Registre, code: str, documents: list[DocumentDu], acte: Acte) -> None:
    """Dit que ces documents sont dans le dossier de l'adhérent ; une paie dont tout est déposé devient restituée."""
    if not documents:
        return
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        deposited = {(document.mois, document.chemin): document.sha256 for document in documents}
        rows = session.exec(
            select(DocumentRetour).where(
                DocumentRetour.adherent_id == adherent.id, col(DocumentRetour.depose_le).is_(None)
            )
        ).all()
        for row in rows:
            # Un document refait entre-temps a une autre empreinte : il reste à déposer.
            if deposited.get((row.mois, row.chemin)) == row.sha256:
                row.depose_le = acte.moment
                session.add(row)
        session.flush()
        for mois in sorted({document.mois for document in documents}):
            _mark_returned(session, adherent, Month.parse(mois), acte)


def _mark_returned(session: Session, adherent: Adherent, mois: Month, acte: Acte) -> None:
    paie = session.exec(
        select(Paie).where(Paie.adherent_id == adherent.id, Paie.mois == str(mois), Paie.etat == EtatPaie.DECLAREE)
    ).one_or_none()
    if paie is None:
        return
    documents = session.exec(
        select(DocumentRetour).where(DocumentRetour.adherent_id == adherent.id, DocumentRetour.mois == str(mois))
    ).all()
    names = {document.chemin for document in documents}
    if JOURNAL_NAME in names and all(document.depose_le for document in documents):
        paie.etat = EtatPaie.RESTITUEE
        session.add(paie)
        record(session, acte, "restituer", adherent.code, mois, documents=len(documents))


def payslip_facts(adherent: Adherent, mois: Month, lu: BulletinLu, date_paiement: date) -> PayslipFacts:
    """Ce que le bulletin imprime d'un contrat : le calcul, et l'agent tel que le mois le trouve."""
    agent, contrat, row = lu.agent, lu.contrat, lu.conditions
    elu = bool(row.mandat)
    return PayslipFacts(
        employeur=EmployeurIdentite(
            nom=adherent.nom,
            adresse=(adherent.adresse,),
            code_postal=adherent.code_postal,
            ville=adherent.ville,
            siret=adherent.siret,
            ape=adherent.ape,
            organisme=dsn_codes.load().organisme("urssaf_aquitaine").libelle,
        ),
        agent=AgentIdentite(
            matricule=agent.matricule,
            civilite="M." if agent.civilite == "M" else "Mme",
            nom=agent.nom_usage or agent.nom,
            prenom=agent.prenom,
            adresse=(agent.adresse,),
            code_postal=agent.code_postal,
            ville=agent.ville,
        ),
        contrat=ContratIdentite(
            statut_libelle=_STATUTS[contrat.statut],
            regime_libelle=_REGIMES[row.regime_retraite],
            emploi=contrat.emploi,
            grade=row.grade,
            echelon=row.echelon,
            indice_brut=row.indice_brut or None,
            indice_majore=row.indice_majore or None,
            nbi=row.nbi,
            quotite_libelle=time_text(row),
            heures_mensuelles_centiemes=None if elu else lu.bulletin.colonnes.get("heures_payees"),
            enfants_sft=row.enfants_sft,
            date_entree=contrat.date_debut,
            date_sortie=lu.fin,
        ),
        bulletin=lu.bulletin,
        periode_debut=max(mois.first_day, contrat.date_debut),
        periode_fin=min(mois.last_day, lu.fin or mois.last_day),
        date_paiement=date_paiement,
    )


def _names(mois: Month, bulletins: list[BulletinLu]) -> list[str]:
    """Un nom par bulletin ; le numéro de contrat s'ajoute quand un agent en a plusieurs."""
    contracts = Counter(lu.agent.matricule for lu in bulletins)
    return [
        bulletin_name(mois, lu.agent.matricule)
        if contracts[lu.agent.matricule] == 1
        else bulletin_name(mois, f"{lu.agent.matricule}-{lu.contrat.numero}")
        for lu in bulletins
    ]


def _journal_facts(adherent: Adherent, paie: Paie, mois: Month, bulletins: list[BulletinLu]) -> JournalFacts:
    return JournalFacts(
        nom=adherent.nom,
        code=adherent.code,
        siret=adherent.siret,
        mois=mois,
        revision=paie.revision,
        rows=tuple(
            JournalRow(
                matricule=lu.agent.matricule,
                nom=lu.agent.nom_usage or lu.agent.nom,
                prenom=lu.agent.prenom,
                statut_libelle=_STATUTS[lu.contrat.statut],
                bulletin=lu.bulletin,
            )
            for lu in bulletins
        ),
    )
