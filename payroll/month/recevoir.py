"""Recevoir un fichier d'éléments variables : le garder d'abord, le lire ensuite, y répondre toujours.

Deux transactions : la première garde le fichier sous son empreinte ; la seconde le lit, inscrit ses éléments et son
accusé de réception. Une panne entre les deux laisse un fichier « reçu » que :func:`read_pending` reprend.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Session, col, select

from payroll.anomalies import Anomalie, blocking
from payroll.intake.contradictions import reconcile
from payroll.intake.layout import formulaire
from payroll.intake.lecture import AbsenceLue, ElementLu, Lecture
from payroll.intake.reading import read
from payroll.intake.receipt import corrects, marked_copy, marked_copy_name, receipt_name
from payroll.intake.receipt import text as receipt_text
from payroll.intake.roster import Roster
from payroll.month.commun import (
    Acte,
    anomalies_to_json,
    aware,
    documents_of,
    find_adherent,
    insert_rows,
    key,
    put_document,
    record,
    withdraw_document,
)
from payroll.month.mois_dernier import with_last_month
from payroll.month.ouvrir import roster_of
from payroll.month.relancer import reminder_name
from payroll.month.situations import active_contracts
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import (
    Absence,
    Adherent,
    ElementVariable,
    EtatFichier,
    EtatPaie,
    FichierRecu,
    Paie,
    SortieAnnoncee,
)

_OPEN_STATES = (EtatPaie.OUVERTE, EtatPaie.CALCULEE, EtatPaie.VALIDEE)


def keep_file(registre: Registre, code: str, nom: str, content: bytes, acte: Acte) -> FichierRecu:
    """Garde un fichier reçu sous son empreinte, avant toute lecture ; le même contenu n'est gardé qu'une fois.

    Un fichier refusé que l'on redépose tel quel se relit si un mois est ouvert : un dossier a pu se compléter depuis.
    Un fichier déjà remplacé ne revient pas tel quel (décision 0010) : l'accusé le dit, et dit comment faire.
    """
    sha256 = registre.pieces.put(content)
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        known = session.exec(
            select(FichierRecu).where(FichierRecu.adherent_id == adherent.id, FichierRecu.sha256 == sha256)
        ).one_or_none()
        if known is not None:
            if known.etat == EtatFichier.REFUSE and _awaited_months(session, adherent):
                known.etat = EtatFichier.RECU
                session.add(known)
                record(session, acte, "recevoir", code, None, fichier=sha256[:12], taille=len(content), relu=True)
            elif known.etat == EtatFichier.REMPLACE:
                _tell_replaced(session, registre, adherent, known, acte)
            return known
        fichier = FichierRecu(
            adherent_id=key(adherent.id), nom=nom, sha256=sha256, taille=len(content), recu_le=acte.moment
        )
        session.add(fichier)
        record(session, acte, "recevoir", code, None, fichier=sha256[:12], taille=len(content))
        return fichier


def read_pending(registre: Registre, code: str, acte: Acte) -> list[FichierRecu]:
    """Lit tous les fichiers gardés et pas encore lus d'un adhérent, dans l'ordre de leur réception."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        pending = session.exec(
            select(FichierRecu.id)
            .where(FichierRecu.adherent_id == adherent.id, FichierRecu.etat == EtatFichier.RECU)
            .order_by(col(FichierRecu.recu_le), col(FichierRecu.id))
        ).all()
    return [_read_one(registre, code, key(fichier_id), acte) for fichier_id in pending]


def _read_one(registre: Registre, code: str, fichier_id: int, acte: Acte) -> FichierRecu:
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        fichier = session.get_one(FichierRecu, fichier_id)
        if fichier.etat != EtatFichier.RECU:
            return fichier
        awaited = _awaited_months(session, adherent)
        if not awaited:
            anomalie = Anomalie(
                code="aucun-mois-ouvert",
                fichier=fichier.nom,
                message="aucun mois n'est ouvert à la saisie pour votre collectivité.",
                remede="Attendez le classeur du prochain mois, ou appelez votre gestionnaire.",
            )
            # Sans mois ouvert, l'accusé va dans le dossier du mois de réception.
            _answer_without_roster(session, registre, adherent, fichier, anomalie, acte)
            return fichier
        mois, roster = awaited[0], _roster(session, adherent, awaited[0])
        content = registre.pieces.get(fichier.sha256)
        lecture = read(content, fichier.nom, roster)
        if lecture.mois in awaited and lecture.mois != mois:
            # Deux mois sont ouverts à la saisie : le fichier dit lequel il sert.
            mois, roster = lecture.mois, _roster(session, adherent, lecture.mois)
            lecture = read(content, fichier.nom, roster)
        others = _accepted_lectures(session, registre, adherent, mois, roster)
        if lecture.acceptee:
            lecture = reconcile([other for _, other in others], lecture)
        _record_reading(session, adherent, mois, fichier, lecture, others)
        if fichier.etat == EtatFichier.ACCEPTE:
            _withdraw_answered(session, adherent, mois, fichier, acte)
        _answer(session, registre, adherent, mois, fichier, lecture, roster, content)
        record(
            session,
            acte,
            "lire",
            code,
            mois,
            fichier=fichier.sha256[:12],
            etat=fichier.etat,
            elements=len(lecture.elements),
            anomalies=len(lecture.anomalies),
        )
        return fichier


def _withdraw_answered(session: Session, adherent: Adherent, mois: Month, fichier: FichierRecu, acte: Acte) -> None:
    """Retire ce que ce fichier accepté rend sans objet : le rappel, et la copie à corriger de l'envoi qu'il corrige."""
    own = marked_copy_name(fichier.nom, fichier.sha256)
    withdrawn = [
        document.chemin
        for document in documents_of(session, adherent, mois)
        if document.chemin == reminder_name(mois) or (document.chemin != own and corrects(fichier.nom, document.chemin))
        if withdraw_document(session, document, acte.moment)
    ]
    if withdrawn:
        record(session, acte, "retirer", adherent.code, mois, documents=sorted(withdrawn))


def _roster(session: Session, adherent: Adherent, mois: Month) -> Roster:
    """Ce que le classeur proposait, absences déjà connues comprises."""
    return with_last_month(session, adherent, roster_of(session, adherent, mois))


def _awaited_months(session: Session, adherent: Adherent) -> list[Month]:
    """Les mois que l'on attend de l'adhérent, le plus ancien d'abord."""
    found = session.exec(
        select(Paie.mois).where(Paie.adherent_id == adherent.id, col(Paie.etat).in_(_OPEN_STATES)).order_by(Paie.mois)
    ).all()
    return [Month.parse(text) for text in found]


def _accepted_lectures(
    session: Session, registre: Registre, adherent: Adherent, mois: Month, roster: Roster
) -> list[tuple[FichierRecu, Lecture]]:
    accepted = session.exec(
        select(FichierRecu)
        .where(
            FichierRecu.adherent_id == adherent.id,
            FichierRecu.mois == str(mois),
            FichierRecu.etat == EtatFichier.ACCEPTE,
        )
        .order_by(col(FichierRecu.id))
    ).all()
    return [(fichier, read(registre.pieces.get(fichier.sha256), fichier.nom, roster)) for fichier in accepted]


def _record_reading(
    session: Session,
    adherent: Adherent,
    mois: Month,
    fichier: FichierRecu,
    lecture: Lecture,
    others: list[tuple[FichierRecu, Lecture]],
) -> None:
    fichier.mois = str(mois)
    fichier.neant = lecture.neant
    fichier.anomalies = anomalies_to_json(lecture.anomalies)
    if blocking(lecture.anomalies):
        fichier.etat = EtatFichier.REFUSE
        session.add(fichier)
        return
    fichier.etat = EtatFichier.ACCEPTE
    session.add(fichier)
    kept = [lecture_ for _, lecture_ in others]
    if lecture.remplace:
        for other, _ in others:
            other.etat = EtatFichier.REMPLACE
            session.add(other)
        kept = []
    contrats: dict[tuple[str, str], int] = {}
    for contrat, agent in active_contracts(session, adherent, mois):
        # Sans numéro de contrat, le matricule suffit : la lecture a déjà refusé ce qui serait ambigu.
        contrats[agent.matricule, ""] = contrats[agent.matricule, contrat.numero] = key(contrat.id)
    # Un second fichier reprend souvent le premier en entier : ce qui est déjà connu n'est pas compté deux fois.
    known = {_element_key(element) for other in kept for element in other.elements}
    known_absences = {_absence_key(absence) for other in kept for absence in other.absences}
    insert_rows(
        session,
        [
            ElementVariable(
                adherent_id=key(adherent.id),
                fichier_id=key(fichier.id),
                contrat_id=contrats[element.matricule, element.numero_contrat],
                mois=str(mois),
                rubrique=element.code,
                valeur=element.valeur,
                feuille=element.feuille,
                cellule=element.cellule,
            )
            for element in lecture.elements
            if _element_key(element) not in known
        ],
    )
    motifs = formulaire().fins_dsn
    known_exits = {(sortie.matricule, sortie.numero_contrat) for other in kept for sortie in other.sorties}
    insert_rows(
        session,
        [
            SortieAnnoncee(
                adherent_id=key(adherent.id),
                fichier_id=key(fichier.id),
                contrat_id=contrats[sortie.matricule, sortie.numero_contrat],
                date=sortie.date,
                motif=motifs.get(sortie.motif, ""),
            )
            for sortie in lecture.sorties
            if (sortie.matricule, sortie.numero_contrat) not in known_exits
        ],
    )
    insert_rows(
        session,
        [
            Absence(
                adherent_id=key(adherent.id),
                fichier_id=key(fichier.id),
                contrat_id=contrats[absence.matricule, absence.numero_contrat],
                type=absence.type,
                debut=absence.debut,
                fin=absence.fin,
                prolongation=absence.prolongation,
                motif_sans_carence=absence.motif_sans_carence,
                heures_centiemes=absence.heures,
                demi_journee=absence.demi_journee,
                quotite_ppm=absence.quotite_ppm,
            )
            for absence in lecture.absences
            if _absence_key(absence) not in known_absences
        ],
    )


def _element_key(element: ElementLu) -> tuple[str, str, str]:
    return element.matricule, element.numero_contrat, element.code


def _absence_key(absence: AbsenceLue) -> tuple[str, str, str, date, date]:
    return absence.matricule, absence.numero_contrat, absence.type, absence.debut, absence.fin


def _answer(
    session: Session,
    registre: Registre,
    adherent: Adherent,
    mois: Month,
    fichier: FichierRecu,
    lecture: Lecture,
    roster: Roster,
    content: bytes,
) -> None:
    received = aware(fichier.recu_le)
    body = receipt_text(lecture, roster=roster, fichier=fichier.nom, recu_le=received, sha256=fichier.sha256)
    put_document(
        session, registre, adherent, mois, receipt_name(fichier.nom, fichier.sha256), body.encode("utf-8-sig"), received
    )
    copy = marked_copy(content, lecture) if lecture.anomalies else None
    if copy is not None:
        name = marked_copy_name(fichier.nom, fichier.sha256)
        put_document(session, registre, adherent, mois, name, copy, received)


def _tell_replaced(session: Session, registre: Registre, adherent: Adherent, fichier: FichierRecu, acte: Acte) -> None:
    anomalie = Anomalie(
        code="fichier-deja-remplace",
        fichier=fichier.nom,
        message="vous nous aviez déjà envoyé ce fichier tel quel, et un envoi plus récent l'a remplacé : "
        "c'est le plus récent qui compte.",
        remede="Si vous vouliez revenir à celui-ci, ouvrez-le, enregistrez-le de nouveau et redéposez-le.",
    )
    mois = Month.parse(fichier.mois or str(Month.of(aware(fichier.recu_le).date())))
    _put_short_answer(session, registre, adherent, mois, fichier, anomalie, acte.moment)
    record(session, acte, "redepot-remplace", adherent.code, mois, fichier=fichier.sha256[:12])


def _put_short_answer(
    session: Session,
    registre: Registre,
    adherent: Adherent,
    mois: Month,
    fichier: FichierRecu,
    anomalie: Anomalie,
    moment: datetime,
) -> None:
    """Un accusé d'une phrase, à la place de celui que ce fichier avait reçu."""
    put_document(
        session,
        registre,
        adherent,
        mois,
        receipt_name(fichier.nom, fichier.sha256),
        f"ACCUSÉ DE RÉCEPTION\r\n{adherent.nom}\r\n\r\n{anomalie}\r\n".encode("utf-8-sig"),
        moment,
    )


def _answer_without_roster(
    session: Session, registre: Registre, adherent: Adherent, fichier: FichierRecu, anomalie: Anomalie, acte: Acte
) -> None:
    received = aware(fichier.recu_le)
    fichier.etat = EtatFichier.REFUSE
    fichier.anomalies = anomalies_to_json([anomalie])
    session.add(fichier)
    mois = Month.of(received.date())
    _put_short_answer(session, registre, adherent, mois, fichier, anomalie, received)
    record(session, acte, "lire", adherent.code, mois, fichier=fichier.sha256[:12], etat=fichier.etat)
