"""Les lignes du tableau de bord : ce que le registre sait de chaque adhérent pour un mois, en six requêtes.

Les sommes se font dans la base ; le nombre de requêtes ne dépend ni des adhérents ni des agents. Rien n'est écrit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import sqlalchemy
from sqlalchemy import case, func, or_
from sqlmodel import Session, col, select

from payroll.anomalies import Gravite
from payroll.month.commun import key
from payroll.month.echeances import Echeance, Nature, dsn_nature
from payroll.periods import Month
from payroll.store.tables import (
    Adherent,
    BulletinPaie,
    DocumentRetour,
    EtatFichier,
    EtatPaie,
    FichierRecu,
    Paie,
    ParametreEmployeur,
)

NON_OUVERTE = "non ouverte"
"""L'état d'un adhérent sans paie pour ce mois."""
ETATS = (
    NON_OUVERTE,
    EtatPaie.OUVERTE,
    EtatPaie.CALCULEE,
    EtatPaie.VALIDEE,
    EtatPaie.DECLAREE,
    EtatPaie.RESTITUEE,
    EtatPaie.CLOSE,
)
"""Dans l'ordre du mois."""


class Suite(StrEnum):
    """Ce qu'il y a à faire maintenant pour un adhérent."""

    OUVRIR = "ouvrir"
    ATTENDRE = "attendre"
    FICHIER = "fichier"
    CALCULER = "calculer"
    CORRIGER = "corriger"
    REVISER = "reviser"
    DECLARER = "declarer"
    RESTITUER = "restituer"
    CLORE = "clore"
    RIEN = "rien"


@dataclass(frozen=True, slots=True)
class Sommes:
    """Les sommes d'une paie, en centimes."""

    bulletins: int = 0
    brut: int = 0
    net_a_payer: int = 0
    cout_employeur: int = 0


@dataclass(frozen=True, slots=True)
class LigneDeBord:
    """Un adhérent dans le mois."""

    code: str
    nom: str
    ville: str
    siret: str
    etat: str
    revision: int
    fichiers_acceptes: int
    fichiers_refuses: int
    fichiers_a_lire: int
    neant: bool
    bloquantes: int
    avertissements: int
    sommes: Sommes
    avant: Sommes | None
    """Le mois d'avant ; ``None`` : rien n'y a été payé ici."""
    a_deposer: int
    suite: Suite
    echeance: Echeance | None
    """Ce qui presse : le dépôt, le versement ou la DSN selon l'état ; ``None`` une fois tout rendu."""

    @property
    def ecart(self) -> int | None:
        """Le net à payer contre le mois d'avant, en centimes ; ``None`` si l'un des deux mois n'est pas calculé."""
        if self.avant is None or not self.sommes.bulletins:
            return None
        return self.sommes.net_a_payer - self.avant.net_a_payer

    @property
    def a_regarder(self) -> int:
        """Ce qui retient la paie : anomalies bloquantes et fichiers refusés que rien ne remplace."""
        return self.bloquantes + (self.fichiers_refuses if self.suite is Suite.FICHIER else 0)


def next_step(etat: str, *, acceptes: int, refuses: int, a_lire: int, bloquantes: int) -> Suite:
    """Ce qu'il y a à faire dans cet état.

    >>> next_step("ouverte", acceptes=0, refuses=1, a_lire=0, bloquantes=0)
    <Suite.FICHIER: 'fichier'>
    """
    if etat == EtatPaie.OUVERTE:
        if acceptes or a_lire:
            return Suite.CALCULER
        return Suite.FICHIER if refuses else Suite.ATTENDRE
    if etat == EtatPaie.CALCULEE:
        return Suite.CORRIGER if bloquantes else Suite.REVISER
    return _SUITES[etat]


_SUITES = {
    NON_OUVERTE: Suite.OUVRIR,
    EtatPaie.VALIDEE: Suite.DECLARER,
    EtatPaie.DECLAREE: Suite.RESTITUER,
    EtatPaie.RESTITUEE: Suite.CLORE,
    EtatPaie.CLOSE: Suite.RIEN,
}


def due_nature(suite: Suite, mois: Month, effectif: int) -> Nature | None:
    """L'échéance que regarde ce qui reste à faire ; ``None`` : plus rien ne presse."""
    if suite in (Suite.OUVRIR, Suite.ATTENDRE, Suite.FICHIER):
        return Nature.DEPOT
    if suite in (Suite.CALCULER, Suite.CORRIGER, Suite.REVISER):
        return Nature.VERSEMENT
    return dsn_nature(mois, effectif) if suite in (Suite.DECLARER, Suite.RESTITUER) else None


def read_rows(
    session: Session, mois: Month, portefeuille: Sequence[str], echeances: Mapping[Nature, Echeance]
) -> list[LigneDeBord]:
    """Une ligne par adhérent de ce portefeuille (vide : tous), sans ordre."""
    known = sqlalchemy.select(
        col(Adherent.id), col(Adherent.code), col(Adherent.nom), col(Adherent.ville), col(Adherent.siret)
    )
    if portefeuille:
        known = known.where(col(Adherent.code).in_(portefeuille))
    adherents = session.connection().execute(known).all()
    # Un portefeuille d'un seul adhérent ne fait lire que ses lignes ; au-delà, tout se lit d'un coup.
    only = key(adherents[0][0]) if len(adherents) == 1 else None
    paies = _paies(session, mois, only)
    sums = _sums(session, mois, only)
    files, neant = _files(session, mois, only)
    waiting = _waiting(session, mois, only)
    sizes = _sizes(session, mois, only)
    rows = [
        _row((key(adherent_id), code, nom, ville, siret), mois, paies, sums, files, neant, waiting)
        for adherent_id, code, nom, ville, siret in adherents
    ]
    found = []
    for row, (adherent_id, *_) in zip(rows, adherents, strict=True):
        nature = due_nature(row.suite, mois, sizes.get(adherent_id, 0))
        found.append(replace(row, echeance=echeances.get(nature)) if nature is not None else row)
    return found


def _row(
    adherent: tuple[int, str, str, str, str],
    mois: Month,
    paies: Mapping[int, tuple[str, int, Counter[str]]],
    sums: Mapping[tuple[int, str], Sommes],
    files: Counter[tuple[int, str]],
    neant: set[int],
    waiting: Mapping[int, int],
) -> LigneDeBord:
    adherent_id, code, nom, ville, siret = adherent
    etat, revision, gravites = paies.get(adherent_id, (NON_OUVERTE, 0, Counter[str]()))
    counts = {etat: files[adherent_id, etat] for etat in (EtatFichier.ACCEPTE, EtatFichier.REFUSE, EtatFichier.RECU)}
    blocked = gravites[Gravite.BLOQUANT]
    return LigneDeBord(
        code=code,
        nom=nom,
        ville=ville,
        siret=siret,
        etat=etat,
        revision=revision,
        fichiers_acceptes=counts[EtatFichier.ACCEPTE],
        fichiers_refuses=counts[EtatFichier.REFUSE],
        fichiers_a_lire=counts[EtatFichier.RECU],
        neant=adherent_id in neant,
        bloquantes=blocked,
        avertissements=gravites[Gravite.AVERTISSEMENT],
        sommes=sums.get((adherent_id, str(mois)), Sommes()),
        avant=sums.get((adherent_id, str(mois.previous))),
        a_deposer=waiting.get(adherent_id, 0),
        suite=next_step(
            etat,
            acceptes=counts[EtatFichier.ACCEPTE],
            refuses=counts[EtatFichier.REFUSE],
            a_lire=counts[EtatFichier.RECU],
            bloquantes=blocked,
        ),
        echeance=None,
    )


def _sizes(session: Session, mois: Month, only: int | None) -> dict[int, int]:
    """L'effectif de chaque employeur au premier jour du mois : il fixe le jour de sa DSN."""
    query = select(ParametreEmployeur.adherent_id, ParametreEmployeur.effectif).where(
        ParametreEmployeur.du <= mois.first_day,
        or_(col(ParametreEmployeur.au).is_(None), col(ParametreEmployeur.au) >= mois.first_day),
    )
    if only is not None:
        query = query.where(ParametreEmployeur.adherent_id == only)
    return dict(session.exec(query).all())


def _paies(session: Session, mois: Month, only: int | None) -> dict[int, tuple[str, int, Counter[str]]]:
    query = select(Paie.adherent_id, Paie.etat, Paie.revision, Paie.anomalies).where(
        Paie.mois == str(mois), Paie.etat != EtatPaie.REMPLACEE
    )
    if only is not None:
        query = query.where(col(Paie.adherent_id) == only)
    return {
        adherent_id: (etat, revision, Counter(row["gravite"] for row in anomalies))
        for adherent_id, etat, revision, anomalies in session.exec(query)
    }


def _sums(session: Session, mois: Month, only: int | None) -> dict[tuple[int, str], Sommes]:
    """Les sommes du mois et du mois d'avant, faites par la base."""
    query = (
        sqlalchemy.select(
            col(Paie.adherent_id),
            col(Paie.mois),
            func.count(),
            func.sum(BulletinPaie.brut),
            func.sum(BulletinPaie.net_a_payer),
            func.sum(BulletinPaie.cout_employeur),
        )
        .join(BulletinPaie, col(BulletinPaie.paie_id) == col(Paie.id))
        .where(col(Paie.mois).in_((str(mois), str(mois.previous))), col(Paie.etat) != EtatPaie.REMPLACEE)
        .group_by(col(Paie.adherent_id), col(Paie.mois))
    )
    if only is not None:
        query = query.where(col(Paie.adherent_id) == only)
    return {
        (adherent_id, month): Sommes(count, int(brut), int(net), int(cost))
        for adherent_id, month, count, brut, net, cost in session.connection().execute(query)
    }


def _files(session: Session, mois: Month, only: int | None) -> tuple[Counter[tuple[int, str]], set[int]]:
    """Les fichiers du mois par état ; un fichier gardé et pas encore lu n'a pas de mois, il compte partout."""
    query = (
        select(
            FichierRecu.adherent_id,
            FichierRecu.etat,
            func.count(),
            func.max(case((col(FichierRecu.neant).is_(True), 1), else_=0)),
        )
        .where(or_(col(FichierRecu.mois) == str(mois), col(FichierRecu.etat) == EtatFichier.RECU))
        .group_by(col(FichierRecu.adherent_id), col(FichierRecu.etat))
    )
    if only is not None:
        query = query.where(FichierRecu.adherent_id == only)
    counts: Counter[tuple[int, str]] = Counter()
    neant: set[int] = set()
    for adherent_id, etat, count, empty in session.exec(query):
        counts[adherent_id, etat] = count
        if empty and etat == EtatFichier.ACCEPTE:
            neant.add(adherent_id)
    return counts, neant


def _waiting(session: Session, mois: Month, only: int | None) -> dict[int, int]:
    query = (
        select(DocumentRetour.adherent_id, func.count())
        .where(DocumentRetour.mois == str(mois), col(DocumentRetour.depose_le).is_(None))
        .group_by(col(DocumentRetour.adherent_id))
    )
    if only is not None:
        query = query.where(DocumentRetour.adherent_id == only)
    return dict(session.exec(query).all())
