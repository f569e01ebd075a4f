"""La fiche d'un agent, pour l'écran : ses contrats et leurs conditions, ses primes, ses absences, ses bulletins."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

import sqlalchemy
from sqlmodel import Session, col, or_, select

from payroll.intake.layout import formulaire, libelle
from payroll.month.commun import GesteRefuse, key
from payroll.month.corrections import element_label, element_unit
from payroll.month.fiche_adherent import known_adherent
from payroll.month.situations import time_text
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import (
    Absence,
    Agent,
    BulletinPaie,
    Contrat,
    ElementPermanent,
    ElementVariable,
    EtatFichier,
    EtatPaie,
    FichierRecu,
    Paie,
    SituationContrat,
    TauxPas,
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Les conditions d'un contrat entre deux dates, dites comme une personne les lit."""

    du: date
    au: date | None
    phrases: tuple[tuple[str, str], ...]
    """(ce que c'est, ce que ça vaut)."""


@dataclass(frozen=True, slots=True)
class Prime:
    """Un élément de chaque mois : centimes, ou centièmes selon son unité."""

    rubrique: str
    libelle: str
    montant: int
    unite: str
    """Vide : des euros."""
    du: date
    au: date | None


@dataclass(frozen=True, slots=True)
class ElementDuMois:
    """Un élément variable d'un mois et d'où il vient."""

    mois: str
    libelle: str
    valeur: int
    """Centimes, ou centièmes d'heure : voir ``unite``."""
    unite: str
    """Vide : des euros."""
    origine: str


@dataclass(frozen=True, slots=True)
class AbsenceVue:
    libelle: str
    debut: date
    fin: date
    origine: str


@dataclass(frozen=True, slots=True)
class ContratVu:
    """Un contrat et tout ce qui s'y attache."""

    numero: str
    statut: str
    emploi: str
    date_debut: date
    date_fin: date | None
    conditions: tuple[Conditions, ...]
    primes: tuple[Prime, ...]
    absences: tuple[AbsenceVue, ...]


@dataclass(frozen=True, slots=True)
class BulletinVu:
    """Un bulletin d'un mois ; sommes en centimes."""

    id: int
    mois: Month
    revision: int
    etat: str
    contrat: str
    brut: int
    net_imposable: int
    pas: int
    net_a_payer: int


@dataclass(frozen=True, slots=True)
class FicheAgent:
    """Tout ce que la page d'un agent montre. Le NIR et le compte bancaire n'y sont jamais en entier."""

    matricule: str
    civilite: str
    nom: str
    prenom: str
    nom_naissance: str
    date_naissance: date
    nir_masque: str
    compte_masque: str
    """Vide : aucun compte, l'agent ne peut pas être viré."""
    taux_pas: int | None
    """Taux de prélèvement du mois, en millionièmes ; ``None`` : barème par défaut."""
    contrats: tuple[ContratVu, ...]
    elements: tuple[ElementDuMois, ...]
    bulletins: tuple[BulletinVu, ...]


_DERNIERS = 24
"""Bulletins et éléments montrés : deux ans ; le reste se lit par mois."""


def read_agent(registre: Registre, code: str, matricule: str, mois: Month) -> FicheAgent:
    """La fiche d'un agent ; lève :class:`GesteRefuse` s'il n'est pas de cet adhérent."""
    with registre.transaction() as session:
        adherent = known_adherent(session, code)
        agent = session.exec(
            select(Agent).where(Agent.adherent_id == adherent.id, Agent.matricule == matricule)
        ).one_or_none()
        if agent is None:
            raise GesteRefuse(
                f"Aucun agent de {adherent.nom} ne porte le matricule « {matricule} ». Cherchez-le dans la liste."
            )
        rows = session.exec(select(Contrat).where(Contrat.agent_id == agent.id).order_by(col(Contrat.date_debut))).all()
        ids = [key(row.id) for row in rows]
        conditions, primes, absences = _of_contracts(session, ids)
        return FicheAgent(
            matricule=agent.matricule,
            civilite="M." if agent.civilite == "M" else "Mme",
            nom=agent.nom_usage or agent.nom,
            prenom=agent.prenom,
            nom_naissance=agent.nom,
            date_naissance=agent.date_naissance,
            nir_masque=mask_nir(agent.nir),
            compte_masque=mask_iban(agent.iban),
            taux_pas=_rate(session, key(agent.id), mois),
            contrats=tuple(
                ContratVu(
                    numero=row.numero,
                    statut=row.statut,
                    emploi=row.emploi,
                    date_debut=row.date_debut,
                    date_fin=row.date_fin,
                    conditions=tuple(_conditions(one) for one in conditions[key(row.id)]),
                    primes=tuple(_prime(one) for one in primes[key(row.id)]),
                    absences=tuple(_absence(*one) for one in absences[key(row.id)]),
                )
                for row in rows
            ),
            elements=_elements(session, ids),
            bulletins=_payslips(session, ids),
        )


def mask_nir(nir: str) -> str:
    """Le NIR réduit au sexe, à l'année et au mois : de quoi lever un doute, pas de quoi s'en servir.

    >>> mask_nir("285044099900142")
    '2 85 04 •• ••• ••• ••'
    """
    return f"{nir[0]} {nir[1:3]} {nir[3:5]} •• ••• ••• ••" if len(nir) >= 13 else "à compléter"


def mask_iban(iban: str) -> str:
    """Le pays et les quatre derniers caractères du compte ; vide s'il n'y en a pas.

    >>> mask_iban("FR7630001007941234567890185")
    'FR76 •••• 0185'
    """
    return f"{iban[:4]} •••• {iban[-4:]}" if iban else ""


def _of_contracts(
    session: Session, ids: list[int]
) -> tuple[
    dict[int, list[SituationContrat]], dict[int, list[ElementPermanent]], dict[int, list[tuple[Absence, str | None]]]
]:
    conditions: dict[int, list[SituationContrat]] = defaultdict(list)
    primes: dict[int, list[ElementPermanent]] = defaultdict(list)
    absences: dict[int, list[tuple[Absence, str | None]]] = defaultdict(list)
    for row in session.exec(
        select(SituationContrat)
        .where(col(SituationContrat.contrat_id).in_(ids))
        .order_by(col(SituationContrat.du).desc())
    ):
        conditions[row.contrat_id].append(row)
    for prime in session.exec(
        select(ElementPermanent)
        .where(col(ElementPermanent.contrat_id).in_(ids))
        .order_by(ElementPermanent.rubrique, col(ElementPermanent.du).desc())
    ):
        primes[prime.contrat_id].append(prime)
    for absence, nom in session.exec(
        select(Absence, FichierRecu.nom)
        .outerjoin(FichierRecu, col(FichierRecu.id) == col(Absence.fichier_id))
        .where(
            col(Absence.contrat_id).in_(ids),
            or_(col(Absence.fichier_id).is_(None), FichierRecu.etat == EtatFichier.ACCEPTE),
        )
        .order_by(col(Absence.debut).desc())
    ):
        absences[absence.contrat_id].append((absence, nom))
    return conditions, primes, absences


def _conditions(row: SituationContrat) -> Conditions:
    said = [("Temps de travail", time_text(row))] if not row.mandat else [("Mandat", row.mandat)]
    said += [
        (name, str(value))
        for name, value in (
            ("Grade", row.grade),
            ("Échelon", row.echelon),
            ("Catégorie", row.categorie),
            ("Indice majoré", row.indice_majore),
            ("NBI", row.nbi),
            ("Enfants (SFT)", row.enfants_sft),
        )
        if value
    ]
    said.append(
        ("Retraite", {"cnracl": "CNRACL", "ircantec": "Ircantec"}.get(row.regime_retraite, row.regime_retraite))
    )
    return Conditions(row.du, row.au, tuple(said))


def _prime(row: ElementPermanent) -> Prime:
    return Prime(row.rubrique, element_label(row.rubrique), row.montant, element_unit(row.rubrique), row.du, row.au)


def _absence(row: Absence, nom: str | None) -> AbsenceVue:
    origin = f"fichier {nom}" if nom else "dossier ou correction"
    return AbsenceVue(libelle(formulaire().natures, row.type), row.debut, row.fin, origin)


def _rate(session: Session, agent_id: int, mois: Month) -> int | None:
    return session.exec(
        select(TauxPas.taux_ppm)
        .where(
            TauxPas.agent_id == agent_id,
            TauxPas.du <= mois.last_day,
            or_(col(TauxPas.au).is_(None), col(TauxPas.au) >= mois.last_day),
        )
        .order_by(col(TauxPas.du).desc())
    ).first()


def _elements(session: Session, ids: list[int]) -> tuple[ElementDuMois, ...]:
    rows = session.exec(
        select(ElementVariable, FichierRecu.nom)
        .join(FichierRecu, col(FichierRecu.id) == col(ElementVariable.fichier_id))
        .where(col(ElementVariable.contrat_id).in_(ids), FichierRecu.etat == EtatFichier.ACCEPTE)
        .order_by(col(ElementVariable.mois).desc(), ElementVariable.rubrique)
        .limit(4 * _DERNIERS)
    )
    return tuple(
        ElementDuMois(
            mois=row.mois,
            libelle=element_label(row.rubrique),
            valeur=row.valeur,
            unite=element_unit(row.rubrique),
            origine=", ".join(part for part in (nom, row.feuille, row.cellule) if part),
        )
        for row, nom in rows
    )


def _payslips(session: Session, ids: list[int]) -> tuple[BulletinVu, ...]:
    rows = session.connection().execute(
        sqlalchemy.select(
            col(BulletinPaie.id),
            col(Paie.mois),
            col(Paie.revision),
            col(Paie.etat),
            col(Contrat.numero),
            col(BulletinPaie.brut),
            col(BulletinPaie.net_imposable),
            col(BulletinPaie.pas),
            col(BulletinPaie.net_a_payer),
        )
        .join(Paie, col(Paie.id) == col(BulletinPaie.paie_id))
        .join(Contrat, col(Contrat.id) == col(BulletinPaie.contrat_id))
        .where(col(BulletinPaie.contrat_id).in_(ids), col(Paie.etat) != EtatPaie.REMPLACEE)
        .order_by(col(Paie.mois).desc(), col(Contrat.numero))
        .limit(_DERNIERS)
    )
    return tuple(BulletinVu(one, Month.parse(mois), *rest) for one, mois, *rest in rows)
