"""La mémoire de la relève : ce que l'on a vu dans un dépôt, et la réponse à ce qui est refusé à la porte."""

from __future__ import annotations

from dataclasses import dataclass, field

from payroll.anomalies import Anomalie
from payroll.month.commun import Acte, find_adherent, key, put_document, record
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import RegardDepot

Regard = dict[str, tuple[int, int]]
"""Nom → (taille, heure du serveur)."""


@dataclass(frozen=True, slots=True)
class Memoire:
    """Le dernier regard sur un dépôt, et les fichiers déjà signalés comme refusés."""

    regard: Regard = field(default_factory=dict)
    signales: Regard = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RefusALaPorte:
    """Un fichier laissé dans ``depot/`` : trop gros, mal nommé, illisible."""

    nom: str
    motif: str
    taille: int
    heure: int


def recall(registre: Registre, code: str) -> Memoire:
    """Ce que la dernière relève a retenu du dépôt d'un adhérent."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        row = session.get(RegardDepot, adherent.id)
        if row is None:
            return Memoire()
        return Memoire(
            {nom: (taille, heure) for nom, (taille, heure) in row.regard.items()},
            {nom: (taille, heure) for nom, (taille, heure) in row.signales.items()},
        )


def remember(registre: Registre, code: str, regard: Regard, acte: Acte, refus: tuple[RefusALaPorte, ...] = ()) -> None:
    """Retient un regard, et répond à la secrétaire pour chaque fichier refusé à la porte, une fois."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        row = session.get(RegardDepot, adherent.id) or RegardDepot(adherent_id=key(adherent.id))
        row.regard = {nom: list(vu) for nom, vu in regard.items()}
        row.signales = {nom: vu for nom, vu in row.signales.items() if nom in regard}
        for refuse in refus:
            row.signales = {**row.signales, refuse.nom: [refuse.taille, refuse.heure]}
            anomalie = Anomalie(
                code="refuse-a-la-porte",
                message=f"un fichier de votre dossier « depot » n'a pas pu être pris : {refuse.motif}.",
                remede="Retirez-le, corrigez, puis déposez-le de nouveau.",
            )
            # Le nom du fichier, qui peut être la faute elle-même, n'entre pas dans celui de l'accusé.
            put_document(
                session,
                registre,
                adherent,
                Month.of(acte.moment.date()),
                f"accuse-refus-{refuse.taille}-{refuse.heure}.txt",
                f"{anomalie}\r\n".encode("utf-8-sig"),
                acte.moment,
            )
            record(session, acte, "refuser", code, None, motif=refuse.motif)
        session.add(row)
