"""Produire le signalement d'un événement : à partir de la mensuelle qu'il répète, contrôlé, gardé, numéroté.

Un signalement répète les données identifiantes de la dernière mensuelle (CT §2.5.1) : il se construit à partir d'elle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

from sqlmodel import Session, col, select

from dsn import codes as dsn_codes
from dsn.anomalies import blocking
from dsn.check_file import check_file
from dsn.evenements import (
    ARRET,
    FIN,
    REPRISE,
    ArretSignale,
    EvenementImpossible,
    FinSignalee,
    ReprisePrecoce,
    Signalement,
    build_event,
)
from dsn.message import Message
from dsn.reader import read
from dsn.writer import write
from payroll.month.commun import Acte, GesteRefuse, aware, find_adherent, key, record
from payroll.month.evenements import (
    JOUR,
    RETOUR,
    Connu,
    EtatEvenement,
    Evenement,
    declared_months,
    events_of,
    known_contracts,
    sent_events,
)
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, MessageDsn, Paie
from payroll.store.tables_dsn import SignalementDsn
from payroll.wording import plural

_ACCIDENTS = frozenset({"04", "05", "06"})


@dataclass(frozen=True, slots=True)
class Complement:
    """Ce que la paie ne sait pas et qu'un signalement peut exiger."""

    accident: date | None = None
    notification: date | None = None
    signature: date | None = None
    engagement: date | None = None
    preavis: str = ""
    debut_preavis: date | None = None
    fin_preavis: date | None = None
    subrogation: tuple[date, date] | None = None
    """Début et fin de la subrogation ; l'IBAN est celui de l'adhérent."""


def produce_event(
    registre: Registre, code: str, contrat: str, fait: str, acte: Acte, complement: Complement | None = None
) -> SignalementDsn:
    """Produit, contrôle et garde le signalement d'un événement ; déjà produit et inchangé, il est rendu tel quel.

    Lève :class:`GesteRefuse` si l'événement n'est pas à signaler, s'il manque une donnée, ou si un contrôle bloque.
    """
    told = complement or Complement()
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        known = next(
            (row for row in known_contracts(session, adherent, acte.moment.date()) if row.contrat.numero == contrat),
            None,
        )
        if known is None:
            raise GesteRefuse(f"Aucun contrat « {contrat} » n'a d'événement connu chez {adherent.nom}.")
        sent = sent_events(session, adherent)
        months = declared_months(session, adherent)
        events = events_of(adherent, known, sent, months, acte.moment.date())
        event = next((row for row in events if row.fait == fait and row.etat != EtatEvenement.HORS_CHAMP), None)
        if event is None:
            raise GesteRefuse(
                f"« {fait} » n'est pas un événement à signaler de ce contrat (« paie evenements » les liste)."
            )
        earlier = sent.get((key(known.contrat.id), event.nature, fait))
        if event.etat is EtatEvenement.PRODUIT and earlier is not None:
            return earlier
        said = _fact(adherent, known, event, sent, told)
        monthly = _monthly(session, registre, adherent, known, event)
        number = 1 if earlier is None else earlier.numero_ordre + 1
        try:
            message = build_event(
                monthly,
                Signalement(
                    nir=known.agent.nir,
                    contrat=known.contrat.numero,
                    fait=said,
                    numero_ordre=number,
                    constitution=acte.moment.date(),
                    remplace="" if earlier is None else _identifier(earlier),
                ),
            )
        except EvenementImpossible as problem:
            raise GesteRefuse(f"Contrat {contrat}, {event.nom} : {problem}.") from None
        content = write(message)
        anomalies = check_file(content)
        refused = blocking(anomalies)
        if refused:
            raise GesteRefuse(
                f"Contrat {contrat}, {event.nom} : le signalement serait rejeté "
                f"({plural(len(refused), 'constat')}), à commencer par : {refused[0]}"
            )
        row = SignalementDsn(
            adherent_id=key(adherent.id),
            contrat_id=key(known.contrat.id),
            nature=event.nature,
            fait=fait,
            fin=_end_said(said),
            type="01" if earlier is None else "03",
            numero_ordre=number,
            norme=message.version or "",
            constitue_le=acte.moment,
            sha256=registre.pieces.put(content),
            anomalies=[asdict(anomaly) for anomaly in anomalies],
        )
        session.add(row)
        detail = {"nature": event.nature, "contrat": contrat, "empreinte": row.sha256[:12]}
        record(session, acte, "signaler", code, Month.of(event.date), **detail)
        return row


def event_name(code: str, contrat: str, row: SignalementDsn) -> str:
    """Le nom du fichier d'un signalement : des identifiants seulement."""
    return f"signalement-{row.nature}-{code}-{contrat}-{row.fin:%Y%m%d}-{row.numero_ordre}.dsn"


def _fact(
    adherent: Adherent,
    known: Connu,
    event: Evenement,
    sent: Mapping[tuple[int, str, str], SignalementDsn],
    told: Complement,
) -> ArretSignale | ReprisePrecoce | FinSignalee:
    if event.nature == FIN:
        return FinSignalee(
            fin=event.date,
            motif=known.motif,
            dernier_jour_paye=event.date,
            notification=told.notification,
            signature=told.signature,
            engagement=told.engagement,
            preavis=told.preavis,
            debut_preavis=told.debut_preavis,
            fin_preavis=told.fin_preavis,
        )
    stop = event.fait.removeprefix(RETOUR)
    absence = next(row for row, _ in known.arrets if f"{row.type} {row.debut.isoformat()}" == stop)
    row = dsn_codes.load().absence(absence.type)
    motif = (row.valeur if row else "") or ""
    if motif in _ACCIDENTS and told.accident is None:
        raise GesteRefuse(
            f"Contrat {event.contrat} : la date de l'accident ou de la première constatation est exigée pour cet arrêt "
            "(S21.G00.60.012). Donnez --accident."
        )
    accident = told.accident if motif in _ACCIDENTS else None
    worked = absence.debut - JOUR
    if event.nature == REPRISE:
        first = sent[(key(known.contrat.id), ARRET, stop)]
        return ReprisePrecoce(
            motif=motif,
            dernier_jour_travaille=worked,
            fin_previsionnelle=first.fin,
            reprise=event.date,
            accident=accident,
        )
    start, end = told.subrogation or (None, None)
    return ArretSignale(
        motif=motif,
        dernier_jour_travaille=worked,
        fin_previsionnelle=absence.fin,
        subrogation=told.subrogation is not None,
        debut_subrogation=start,
        fin_subrogation=end,
        iban=adherent.iban if told.subrogation else "",
        bic=adherent.bic if told.subrogation else "",
        accident=accident,
    )


def _end_said(fact: ArretSignale | ReprisePrecoce | FinSignalee) -> date:
    if isinstance(fact, ArretSignale):
        return fact.fin_previsionnelle
    return fact.reprise if isinstance(fact, ReprisePrecoce) else fact.fin


def _identifier(row: SignalementDsn) -> str:
    """L'identifiant d'un signalement remplacé : sa date de constitution et son numéro d'ordre (S20.G00.05.006)."""
    return f"{aware(row.constitue_le):%d%m%Y}{row.numero_ordre}"


def _monthly(session: Session, registre: Registre, adherent: Adherent, known: Connu, event: Evenement) -> Message:
    """La mensuelle à répéter : celle du mois de la fin, ou la dernière déclarée."""
    query = (
        select(MessageDsn)
        .join(Paie, col(Paie.id) == col(MessageDsn.paie_id))
        .where(Paie.adherent_id == adherent.id)
        .order_by(col(Paie.mois).desc(), col(MessageDsn.numero_ordre).desc())
    )
    if event.nature == FIN:
        query = query.where(Paie.mois == str(Month.of(event.date)))
    last = session.exec(query).first()
    if last is None:
        month = Month.of(event.date).libelle
        raise GesteRefuse(f"Contrat {known.contrat.numero} : déclarez d'abord une mensuelle ({month}).")
    message, _ = read(registre.pieces.get(last.sha256))
    return message
