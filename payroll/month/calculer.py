"""Calculer la paie d'un adhérent : mêmes entrées, même révision ; entrées changées, révision nouvelle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session, col, select

from payroll import engine, legislation
from payroll.anomalies import Anomalie
from payroll.engine.bulletin import Bulletin
from payroll.month.commun import (
    Acte,
    GesteRefuse,
    anomalies_to_json,
    find_adherent,
    insert_values,
    key,
    record,
    require_paie,
)
from payroll.month.instantane import bulletin_to_rows, content_hash, inputs_to_json
from payroll.month.situations import EntreesDuMois, gather
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import (
    Adherent,
    Approbation,
    BulletinPaie,
    EtatFichier,
    EtatPaie,
    FichierRecu,
    LigneBulletin,
    Paie,
)

_COMPUTABLE = (EtatPaie.OUVERTE, EtatPaie.CALCULEE, EtatPaie.VALIDEE)


@dataclass(frozen=True, slots=True)
class Calculee:
    """Le résultat d'un calcul : la paie, ce qui a changé, ce qui n'a pas pu être calculé."""

    paie: Paie
    nouvelle: bool
    """Faux : rien n'avait changé, la révision existante est gardée telle quelle."""
    bulletins: int
    anomalies: tuple[Anomalie, ...]


@dataclass(frozen=True, slots=True)
class _Contenu:
    entrees: EntreesDuMois
    recues: tuple[dict[str, Any], ...]
    """Ce que le moteur a reçu pour chaque bulletin, tel que le registre le garde."""
    bulletins: tuple[Bulletin | None, ...]
    anomalies: tuple[Anomalie, ...]
    empreinte: str


def compute_month(registre: Registre, code: str, mois: Month, acte: Acte, *, sans_fichier: bool = False) -> Calculee:
    """Calcule tous les bulletins d'un adhérent pour un mois, et garde le résultat comme une révision.

    Lève :class:`GesteRefuse` si le mois n'est pas ouvert, si la paie est déjà déclarée, ou si aucun fichier n'a été
    accepté (``sans_fichier`` passe outre : la décision est inscrite au journal).
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        paie = require_paie(session, adherent, mois)
        if paie.etat == EtatPaie.OUVERTE and not sans_fichier:
            _require_file(session, adherent, mois)
        _require_earlier_months(session, adherent, mois)
        contenu = _contenu(session, adherent, mois)
        count = sum(bulletin is not None for bulletin in contenu.bulletins)
        if paie.etat != EtatPaie.OUVERTE and paie.hash_contenu == contenu.empreinte:
            return Calculee(paie, False, count, contenu.anomalies)
        if paie.etat not in _COMPUTABLE:
            raise GesteRefuse(
                f"{adherent.nom} : la paie de {mois.libelle} est déjà {paie.etat}, et ses données ont changé depuis. "
                "Elle ne se recalcule plus : la correction se porte sur le mois suivant."
            )
        paie = _next_revision(session, paie, acte)
        paie.hash_contenu = contenu.empreinte
        paie.anomalies = anomalies_to_json(contenu.anomalies)
        session.add(paie)
        session.flush()
        _store_bulletins(session, paie, contenu)
        record(
            session,
            acte,
            "calculer",
            code,
            mois,
            revision=paie.revision,
            bulletins=count,
            refuses=len(contenu.bulletins) - count,
            sans_fichier=sans_fichier,
            empreinte=contenu.empreinte[:12],
        )
        return Calculee(paie, True, count, contenu.anomalies)


def require_current(session: Session, adherent: Adherent, paie: Paie) -> None:
    """Lève :class:`GesteRefuse` si un fichier ou un dossier a changé depuis le calcul de cette révision.

    Sans cela, un fichier accepté après le calcul ne serait jamais payé : une paie déclarée ne se recalcule plus.
    """
    mois = Month.parse(paie.mois)
    if _contenu(session, adherent, mois).empreinte != paie.hash_contenu:
        raise GesteRefuse(
            f"{adherent.nom} : les données de {mois.libelle} ont changé depuis le calcul de la révision "
            f"{paie.revision}. Recalculez, relisez, puis validez."
        )


def _contenu(session: Session, adherent: Adherent, mois: Month) -> _Contenu:
    """Le contenu que donnent les données présentes : le même calcul pour calculer, valider et déclarer."""
    gathered = gather(session, adherent, mois)
    if isinstance(gathered, list):
        raise GesteRefuse(f"{adherent.nom} : {gathered[0]}", tuple(gathered))
    calcul = engine.compute(
        mois,
        [gathered.employeur] * len(gathered.contrats),
        [contrat.situation for contrat in gathered.contrats],
    )
    anomalies = (*gathered.anomalies, *calcul.anomalies)
    # Composés et mis en JSON une fois : l'empreinte et le registre en veulent autant (10 ms pour vingt agents).
    bulletins = tuple(bulletin and replace(bulletin, colonnes=dict(bulletin.colonnes)) for bulletin in calcul.bulletins)
    recues = tuple(inputs_to_json(gathered.employeur, contrat.situation) for contrat in gathered.contrats)
    numeros = (contrat.contrat.numero for contrat in gathered.contrats)
    contents = zip(numeros, recues, bulletins, strict=True)
    # L'avertissement d'un chiffre à revérifier se montre, mais ne fait pas une révision : il ne change aucun centime.
    shown = (*legislation.load().stale(mois), *anomalies)
    return _Contenu(gathered, recues, bulletins, shown, content_hash(contents, anomalies))


def _require_file(session: Session, adherent: Adherent, mois: Month) -> None:
    accepted = session.exec(
        select(FichierRecu.id).where(
            FichierRecu.adherent_id == adherent.id,
            FichierRecu.mois == str(mois),
            FichierRecu.etat == EtatFichier.ACCEPTE,
        )
    ).first()
    if accepted is None:
        raise GesteRefuse(
            f"{adherent.nom} : aucun fichier accepté pour {mois.libelle}. Attendez le fichier (ou « néant ») de la "
            "collectivité, ou calculez sans fichier en le disant."
        )


def _require_earlier_months(session: Session, adherent: Adherent, mois: Month) -> None:
    """Un mois de l'année resté ouvert fausserait les cumuls (RAFP, heures exonérées) : on le calcule d'abord."""
    waiting = session.exec(
        select(Paie.mois)
        .where(
            Paie.adherent_id == adherent.id,
            Paie.etat == EtatPaie.OUVERTE,
            Paie.mois >= f"{mois.year:04d}-01",
            Paie.mois < str(mois),
        )
        .order_by(Paie.mois)
    ).first()
    if waiting is not None:
        raise GesteRefuse(
            f"{adherent.nom} : la paie de {Month.parse(waiting).libelle} est ouverte et pas encore calculée. "
            f"Calculez-la d'abord : les cumuls de l'année de {mois.libelle} en dépendent."
        )


def _next_revision(session: Session, paie: Paie, acte: Acte) -> Paie:
    """La révision qui va porter ce calcul : la paie ouverte elle-même, sinon une nouvelle qui la remplace."""
    if paie.etat == EtatPaie.OUVERTE:
        paie.etat, paie.calculee_le = EtatPaie.CALCULEE, acte.moment
        return paie
    cancel_approvals(session, paie, acte, "recalcul : le contenu a changé")
    paie.etat = EtatPaie.REMPLACEE
    session.add(paie)
    return Paie(
        adherent_id=paie.adherent_id,
        mois=paie.mois,
        revision=paie.revision + 1,
        etat=EtatPaie.CALCULEE,
        ouverte_le=paie.ouverte_le,
        calculee_le=acte.moment,
    )


def cancel_approvals(session: Session, paie: Paie, acte: Acte, motif: str) -> int:
    """Annule, sans les effacer, les approbations en cours d'une paie ; rend leur nombre."""
    approvals = session.exec(
        select(Approbation).where(Approbation.paie_id == paie.id, col(Approbation.annulee_le).is_(None))
    ).all()
    for approval in approvals:
        approval.annulee_le, approval.motif_annulation = acte.moment, motif
        session.add(approval)
    return len(approvals)


def _store_bulletins(session: Session, paie: Paie, contenu: _Contenu) -> None:
    rows = [
        bulletin_to_rows(bulletin, key(paie.id), key(contrat.contrat.id), recues)
        for contrat, recues, bulletin in zip(contenu.entrees.contrats, contenu.recues, contenu.bulletins, strict=True)
        if bulletin is not None
    ]
    insert_values(session, BulletinPaie, [row for row, _ in rows])
    known = select(BulletinPaie.contrat_id, BulletinPaie.id).where(BulletinPaie.paie_id == paie.id)
    ids = dict(session.exec(known).all())
    insert_values(
        session,
        LigneBulletin,
        [{**line, "bulletin_id": key(ids[row["contrat_id"]])} for row, lines in rows for line in lines],
    )
