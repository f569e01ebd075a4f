"""Les événements à signaler : ce que la paie sait d'un arrêt, d'une reprise, d'une fin, et pour quand.

Un signalement répète les données identifiantes de la dernière mensuelle (CT §2.5.1) : il se construit à partir d'elle.
La fonction publique n'est concernée que si la procédure est celle du secteur privé (CT §2.5) : les autres agents sont
listés avec la raison qui les écarte.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from sqlmodel import Session, col, or_, select

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
from payroll.month.delais import deadline
from payroll.month.situations import announced_exits, end_of
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import (
    Absence,
    Adherent,
    Agent,
    Contrat,
    EtatFichier,
    FichierRecu,
    MessageDsn,
    Paie,
    SituationContrat,
    SortieAnnoncee,
)
from payroll.store.tables_dsn import SignalementDsn
from payroll.wording import plural

FENETRE = timedelta(days=92)
"""Un événement plus ancien n'est plus à signaler : les mensuelles l'ont porté."""
_JOUR = timedelta(days=1)
_RETOUR = "reprise "
_NOMS = {ARRET: "arrêt de travail", REPRISE: "reprise anticipée", FIN: "fin de contrat"}
_REGLES = {ARRET: "arret", REPRISE: "reprise", FIN: "fin"}
_ACCIDENTS = frozenset({"04", "05", "06"})
_PUBLIC = (
    "{statut} : le cahier technique (§2.5) n'emploie pas les signalements pour la fonction publique, sauf procédure "
    "identique au secteur privé ; rien à signaler, l'événement est dans la mensuelle"
)


class EtatEvenement(StrEnum):
    A_PRODUIRE = "à produire"
    EN_ATTENTE = "en attente"
    PRODUIT = "produit"
    HORS_CHAMP = "hors champ"


@dataclass(frozen=True, slots=True)
class Evenement:
    """Un événement connu de la paie, et ce qu'il faut en faire. Le matricule nomme l'agent, jamais son nom."""

    adherent: str
    matricule: str
    contrat: str
    nature: str
    fait: str
    """Ce qui le désigne : « cmo 2026-11-03 », « reprise cmo 2026-11-03 », « fin 2026-11-30 »."""
    date: dt.date
    echeance: dt.date | None
    etat: EtatEvenement
    explication: str

    @property
    def nom(self) -> str:
        return _NOMS[self.nature]

    def late(self, today: dt.date) -> bool:
        """Vrai si l'échéance d'un événement à produire est passée."""
        return self.etat in (EtatEvenement.A_PRODUIRE, EtatEvenement.EN_ATTENTE) and (
            self.echeance is not None and self.echeance < today
        )


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


@dataclass(frozen=True, slots=True)
class _Connu:
    """Un contrat et tout ce qui le concerne."""

    contrat: Contrat
    agent: Agent
    population: str
    fin: date | None
    motif: str
    arrets: list[tuple[Absence, date]] = field(default_factory=list)
    """Chaque arrêt et le jour où on l'a connu."""


def due_events(registre: Registre, code: str, today: date) -> list[Evenement]:
    """Les événements d'un adhérent, par échéance ; ce qui est hors champ vient en dernier, avec sa raison."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        sent = _sent(session, adherent)
        months = _declared_months(session, adherent)
        found = [
            event
            for known in _known(session, adherent, today)
            for event in _events_of(adherent, known, sent, months, today)
        ]
    return sorted(found, key=lambda item: (item.echeance or date.max, item.matricule, item.nature, item.fait))


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
            (row for row in _known(session, adherent, acte.moment.date()) if row.contrat.numero == contrat), None
        )
        if known is None:
            raise GesteRefuse(f"Aucun contrat « {contrat} » n'a d'événement connu chez {adherent.nom}.")
        sent = _sent(session, adherent)
        months = _declared_months(session, adherent)
        events = _events_of(adherent, known, sent, months, acte.moment.date())
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


def _events_of(
    adherent: Adherent,
    known: _Connu,
    sent: Mapping[tuple[int, str, str], SignalementDsn],
    months: frozenset[str],
    today: date,
) -> list[Evenement]:
    found = []
    contrat_id = key(known.contrat.id)
    for absence, since in known.arrets:
        fact = f"{absence.type} {absence.debut.isoformat()}"
        earlier = sent.get((contrat_id, ARRET, fact))
        if earlier is None or absence.fin >= earlier.fin:
            done = earlier is not None and earlier.fin == absence.fin
            found.append(_event(adherent, known, ARRET, fact, absence.debut, since, done, months))
            continue
        # L'arrêt signalé finit plus tôt que prévu : c'est une reprise, pas un nouvel arrêt.
        back = absence.fin + _JOUR
        fact_back = f"{_RETOUR}{fact}"
        said = sent.get((contrat_id, REPRISE, fact_back))
        found.append(_event(adherent, known, ARRET, fact, absence.debut, since, True, months))
        if back <= today:
            done = said is not None and said.fin == back
            found.append(_event(adherent, known, REPRISE, fact_back, back, back, done, months))
    if known.fin is not None and known.fin <= today and known.fin >= today - FENETRE:
        fact = f"fin {known.fin.isoformat()}"
        done = (contrat_id, FIN, fact) in sent
        found.append(_event(adherent, known, FIN, fact, known.fin, known.fin, done, months))
    return found


def _event(
    adherent: Adherent,
    known: _Connu,
    nature: str,
    fact: str,
    day: date,
    since: date,
    done: bool,
    months: frozenset[str],
) -> Evenement:
    rule = _rule(_REGLES[nature])
    if known.population not in rule.populations:
        state, due = EtatEvenement.HORS_CHAMP, None
        why = _PUBLIC.format(statut=known.population.split("_")[0])
    else:
        length, kind = (_rule(f"delai_{_REGLES[nature]}").valeur or "").split()
        due = deadline(since, int(length), kind)
        state, why = EtatEvenement.A_PRODUIRE, _WHY[nature]
        if done:
            state, why = EtatEvenement.PRODUIT, "signalement produit ; il reste à déposer s'il ne l'est pas"
        elif nature == FIN and str(Month.of(day)) not in months:
            state = EtatEvenement.EN_ATTENTE
            why = f"il porte la dernière paie : déclarez d'abord {Month.of(day).libelle}"
        elif not months:
            state = EtatEvenement.EN_ATTENTE
            why = "aucune mensuelle n'a encore été déclarée ici : signalez cet arrêt hors DSN (attestation de salaire)"
    return Evenement(
        adherent=adherent.code,
        matricule=known.agent.matricule,
        contrat=known.contrat.numero,
        nature=nature,
        fait=fact,
        date=day,
        echeance=due,
        etat=state,
        explication=why,
    )


_WHY = {
    ARRET: "cinq jours après en avoir eu connaissance ; avec subrogation ou paie décalée, possible avec la mensuelle",
    REPRISE: "cinq jours ouvrables après la reprise, parce qu'elle précède la date signalée",
    FIN: "cinq jours ouvrés après la fin du contrat ; avec la paie de solde",
}


def _fact(
    adherent: Adherent,
    known: _Connu,
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
    stop = event.fait.removeprefix(_RETOUR)
    absence = next(row for row, _ in known.arrets if f"{row.type} {row.debut.isoformat()}" == stop)
    row = dsn_codes.load().absence(absence.type)
    motif = (row.valeur if row else "") or ""
    if motif in _ACCIDENTS and told.accident is None:
        raise GesteRefuse(
            f"Contrat {event.contrat} : la date de l'accident ou de la première constatation est exigée pour cet arrêt "
            "(S21.G00.60.012). Donnez --accident."
        )
    accident = told.accident if motif in _ACCIDENTS else None
    worked = absence.debut - _JOUR
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


def _monthly(session: Session, registre: Registre, adherent: Adherent, known: _Connu, event: Evenement) -> Message:
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


def _known(session: Session, adherent: Adherent, today: date) -> list[_Connu]:
    """Les contrats de l'adhérent, avec leurs arrêts récents et leur fin."""
    exits = announced_exits(session, adherent)
    stops = _stops(session, adherent, today)
    rows = session.exec(
        select(Contrat, Agent)
        .join(Agent, col(Agent.id) == col(Contrat.agent_id))
        .where(Contrat.adherent_id == adherent.id)
        .order_by(Agent.matricule, Contrat.numero)
    ).all()
    regimes = {
        row.contrat_id: row.regime_retraite
        for row in session.exec(
            select(SituationContrat)
            .where(col(SituationContrat.contrat_id).in_([key(contrat.id) for contrat, _ in rows]))
            .order_by(col(SituationContrat.du))
        )
    }
    return [
        _Connu(
            contrat=contrat,
            agent=agent,
            population=_population(contrat, regimes.get(key(contrat.id), "")),
            fin=end_of(contrat, exits.get(key(contrat.id))),
            motif=_motif(contrat, exits.get(key(contrat.id))),
            arrets=stops.get(key(contrat.id), []),
        )
        for contrat, agent in rows
    ]


def _motif(contrat: Contrat, sortie: SortieAnnoncee | None) -> str:
    return sortie.motif if sortie is not None and end_of(contrat, sortie) == sortie.date else contrat.motif_fin


def _population(contrat: Contrat, regime: str) -> str:
    if contrat.statut in ("titulaire", "stagiaire"):
        return f"{contrat.statut}_{regime}"
    return f"contractuel_{contrat.duree or 'cdd'}" if contrat.statut == "contractuel" else contrat.statut


def _stops(session: Session, adherent: Adherent, today: date) -> dict[int, list[tuple[Absence, date]]]:
    """Les arrêts (60) commencés récemment, prolongations réunies, et le jour où chacun a été connu."""
    rows = session.exec(
        select(Absence, FichierRecu)
        .outerjoin(FichierRecu, col(FichierRecu.id) == col(Absence.fichier_id))
        .where(
            Absence.adherent_id == adherent.id,
            Absence.fin >= today - FENETRE,
            or_(col(Absence.fichier_id).is_(None), FichierRecu.etat == EtatFichier.ACCEPTE),
        )
        .order_by(col(Absence.contrat_id), col(Absence.debut))
    ).all()
    found: dict[int, list[tuple[Absence, date]]] = {}
    for absence, fichier in rows:
        row = dsn_codes.load().absence(absence.type)
        if row is None or row.bloc != "S21.G00.60":
            continue
        chain = found.setdefault(absence.contrat_id, [])
        # Un arrêt annoncé à l'avance ne se signale pas avant d'avoir commencé.
        since = max(absence.debut, aware(fichier.recu_le).date()) if fichier is not None else absence.debut
        last = chain[-1][0] if chain else None
        if (
            last is not None
            and absence.prolongation
            and last.type == absence.type
            and absence.debut <= last.fin + _JOUR
        ):
            merged = Absence(**{**last.model_dump(), "fin": max(last.fin, absence.fin)})
            chain[-1] = (merged, since)
        else:
            chain.append((absence, since))
    return {
        contrat_id: [(absence, since) for absence, since in chain if absence.debut <= today]
        for contrat_id, chain in found.items()
    }


def _sent(session: Session, adherent: Adherent) -> dict[tuple[int, str, str], SignalementDsn]:
    """Le dernier signalement de chaque événement."""
    rows = session.exec(
        select(SignalementDsn)
        .where(SignalementDsn.adherent_id == adherent.id)
        .order_by(col(SignalementDsn.numero_ordre))
    )
    return {(row.contrat_id, row.nature, row.fait): row for row in rows}


def _declared_months(session: Session, adherent: Adherent) -> frozenset[str]:
    return frozenset(
        session.exec(
            select(Paie.mois)
            .join(MessageDsn, col(MessageDsn.paie_id) == col(Paie.id))
            .where(Paie.adherent_id == adherent.id)
        ).all()
    )


def _rule(code: str) -> dsn_codes.Ligne:
    return next(row for row in dsn_codes.load().lignes if row.table == "evenements" and row.code == code)
