"""Déclarer : produire la DSN mensuelle d'une paie validée, la contrôler, la garder, la joindre aux documents dus."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlmodel import Session, col, or_, select

from dsn import codes as dsn_codes
from dsn import facts
from dsn.anomalies import Anomaly, blocking
from dsn.check_file import check_file
from dsn.monthly import build
from dsn.norm import for_month
from dsn.writer import write
from payroll import legislation
from payroll.month.calculer import require_current
from payroll.month.commun import Acte, GesteRefuse, find_adherent, key, put_documents, record, require_paie
from payroll.month.declarant import Declarant
from payroll.month.declaration import Employe, declare_bulletin
from payroll.month.declaration_employeur import address_of, contacts_of, declare_establishment, unpayable
from payroll.month.doutes import pay_doubts
from payroll.month.lire import BulletinLu, read_bulletins
from payroll.month.messages import last_declared, same_but_for_sending, sent_messages
from payroll.month.rapprocher import Rapprochement, controls_csv, reconcile, to_csv, unsettled
from payroll.month.situations import employer_settings
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import (
    Absence,
    Adherent,
    AdhesionPrevoyance,
    Agent,
    EtatFichier,
    EtatPaie,
    FichierRecu,
    MessageDsn,
    Paie,
    SituationContrat,
    TauxPas,
)
from payroll.wording import plural

_UN_AN = timedelta(days=365)
_REMPLACABLE = (EtatPaie.DECLAREE, EtatPaie.RESTITUEE)
_REMPLACE = {"01": "03", "02": "05"}
"""S20.G00.05.002 : le type d'un message qui en remplace un autre du même mois."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """La DSN d'une paie : la norme, ce que les contrôles en disent, et si elle vient d'être produite."""

    norme: str
    anomalies: tuple[Anomaly, ...]
    nouvelle: bool


def declare_month(
    registre: Registre,
    code: str,
    mois: Month,
    acte: Acte,
    declarant: Declarant,
    *,
    confirmation: str = "",
    remplacer: bool = False,
) -> Declaration:
    """Produit et contrôle la DSN d'une paie validée ; une paie déjà déclarée garde la sienne.

    ``remplacer`` : produit un « annule et remplace » d'une paie déclarée, quand le dossier (identité, contrat,
    organisme) a été corrigé depuis ; les bulletins restent ceux de la paie.

    Lève :class:`GesteRefuse` si la paie n'est pas validée, si ses données ont changé depuis, ou si un contrôle
    bloquant échoue : la paie reste validée, rien n'est joint aux documents. En production, elle refuse aussi tant que
    ``confirmation`` ne dit pas qui a lu les doutes et sur quelle foi : la phrase va au journal.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        paie = require_paie(session, adherent, mois)
        sent = sent_messages(session, adherent, mois)
        own = [message for message in sent if message.paie_id == paie.id]
        if own and not remplacer:
            return Declaration(own[-1].norme, tuple(Anomaly(**row) for row in own[-1].anomalies), False)
        if remplacer:
            _require_replaceable(adherent, paie, mois, sent)
        elif paie.etat != EtatPaie.VALIDEE:
            raise GesteRefuse(
                f"{adherent.nom} : la paie de {mois.libelle} est {paie.etat} ; elle se déclare une fois validée."
            )
        else:
            require_current(session, adherent, paie)
        if not declarant.essai:
            _require_confirmation(mois, confirmation)
        monthly, found, context, bulletins = _facts(session, registre, adherent, paie, mois, acte, declarant, sent)
        message, built = build(monthly)
        content = write(message)
        if remplacer and same_but_for_sending(registre, sent[-1], content):
            raise GesteRefuse(
                f"{adherent.nom} : la DSN de {mois.libelle} redirait la même chose que celle du "
                f"{sent[-1].constitue_le:%d/%m/%Y}. Corrigez le dossier, puis remplacez-la."
            )
        sums = reconcile(bulletins, message, context.norme, effectif_50=context.effectif_50)
        # On contrôle les octets que l'on enverrait, relus comme les lira le point de dépôt.
        anomalies = (*found, *built, *_unsettled(sums), *check_file(content))
        refused = blocking(anomalies)
        if refused:
            raise GesteRefuse(
                f"{adherent.nom} : la DSN de {mois.libelle} serait rejetée ({plural(len(refused), 'constat')}), "
                f"à commencer par : {refused[0]}"
            )
        declaration = monthly.declarations[0]
        norme = for_month(mois.first_day).version
        session.add(
            MessageDsn(
                paie_id=key(paie.id),
                norme=norme,
                type=declaration.type,
                numero_ordre=declaration.numero_ordre,
                constitue_le=acte.moment,
                sha256=registre.pieces.put(content),
                anomalies=[asdict(anomaly) for anomaly in anomalies],
            )
        )
        documents = {
            dsn_name(code, mois): content,
            reconciliation_name(code, mois): to_csv(sums),
            controls_name(code, mois): controls_csv(anomalies),
        }
        put_documents(session, registre, adherent, mois, documents, acte.moment)
        if paie.etat == EtatPaie.VALIDEE:
            paie.etat = EtatPaie.DECLAREE
            session.add(paie)
        record(
            session,
            acte,
            "remplacer la déclaration" if remplacer else "déclarer",
            code,
            mois,
            norme=norme,
            type=declaration.type,
            remarques=len(anomalies),
            essai=declarant.essai,
            confirmation=confirmation.strip(),
        )
        return Declaration(norme, anomalies, True)


def _require_replaceable(adherent: Adherent, paie: Paie, mois: Month, sent: Sequence[MessageDsn]) -> None:
    if not sent:
        raise GesteRefuse(
            f"{adherent.nom} : {mois.libelle} n'a encore aucune DSN à remplacer. Déclarez d'abord la paie validée."
        )
    if paie.etat not in _REMPLACABLE:
        raise GesteRefuse(
            f"{adherent.nom} : la paie de {mois.libelle} est {paie.etat} ; une déclaration se remplace tant que la "
            "paie est déclarée ou restituée. Au-delà, la correction se porte sur le mois suivant."
        )


def _require_confirmation(mois: Month, confirmation: str) -> None:
    doubts = pay_doubts(mois)
    if doubts and not confirmation.strip():
        raise GesteRefuse(
            f"Un envoi réel emploie {plural(len(doubts), 'ligne')} que personne n'a confirmées (« paie doutes "
            f"--mois {mois} »). Relisez-les, puis déclarez en disant qui les a lues et sur quelle foi."
        )


def dsn_name(code: str, mois: Month) -> str:
    """Le nom du fichier DSN rendu à l'adhérent."""
    return f"dsn-{mois}-{code}.dsn"


def reconciliation_name(code: str, mois: Month) -> str:
    """Le nom du tableau qui rapproche la DSN des bulletins, rendu à côté du journal."""
    return f"rapprochement-dsn-{mois}-{code}.csv"


def controls_name(code: str, mois: Month) -> str:
    """Le nom de la liste des contrôles de la DSN rendue à l'adhérent."""
    return f"controles-dsn-{mois}-{code}.csv"


def _unsettled(sums: Sequence[Rapprochement]) -> list[Anomaly]:
    """Une somme qui ne tient pas se signale : elle se lit dans le rapprochement."""
    return [
        Anomaly(
            0, "", "SOM-01", False, f"« {row.objet} » : la DSN et les bulletins diffèrent sans explication. Vérifiez."
        )
        for row in unsettled(sums)
    ]


def _facts(
    session: Session,
    registre: Registre,
    adherent: Adherent,
    paie: Paie,
    mois: Month,
    acte: Acte,
    declarant: Declarant,
    sent: Sequence[MessageDsn],
) -> tuple[facts.MonthlyFacts, tuple[Anomaly, ...], Employe, list[BulletinLu]]:
    parametre = employer_settings(session, adherent, mois)
    if parametre is None:
        raise GesteRefuse(f"{adherent.nom} : aucun paramètre d'employeur n'est en vigueur en {mois.libelle}.")
    adhesions = _adhesions(session, adherent, mois)
    context = Employe(
        adherent=adherent,
        parametre=parametre,
        mois=mois,
        norme=for_month(mois.first_day).version,
        declarant=declarant,
        figures=legislation.load().at(mois),
        adhesions={
            row.risque: facts.Adhesion(
                reference=row.reference, organisme=row.organisme, delegataire=row.delegataire, identifiant=str(rank)
            )
            for rank, row in enumerate(adhesions, start=1)
        },
        populations={row.risque: row.population for row in adhesions},
    )
    bulletins = read_bulletins(session, paie)
    absences = _absences(session, adherent, mois)
    taux = _rates(session, adherent, mois)
    contracts = Counter(key(lu.agent.id) for lu in bulletins)
    situations = _situations(session, bulletins)
    declared = [
        declare_bulletin(
            context,
            lu,
            _concerning(lu, bulletins, absences),
            taux.get(key(lu.agent.id)),
            situations=situations[key(lu.contrat.id)],
            emplois_multiples=contracts[key(lu.agent.id)] > 1,
        )
        for lu in bulletins
    ]
    etablissement = declare_establishment(context, declared, last_declared(session, registre, adherent, mois))
    kind = "01" if etablissement.individus else "02"
    entreprise = facts.Entreprise(
        siren=adherent.siret[:9],
        nic_siege=(adherent.siret_siege or adherent.siret)[9:],
        apen=adherent.ape,
        adresse=address_of(adherent),
        etablissement=etablissement,
    )
    declaration = facts.Declaration(
        mois=mois.first_day,
        type=_REMPLACE[kind] if sent else kind,
        numero_ordre=max((message.numero_ordre for message in sent), default=0) + 1,
        date_constitution=acte.moment.date(),
        entreprise=entreprise,
        contacts=contacts_of(adherent),
    )
    envoi = facts.Envoi(
        logiciel="paie-a-facon",
        editeur="paie-a-facon",
        version=declarant.version,
        emetteur=declarant.emetteur,
        contact=declarant.contact,
        essai=declarant.essai,
    )
    found = tuple(
        dict.fromkeys(
            anomaly
            for anomalies in (*(item.anomalies for item in declared), unpayable(context, etablissement))
            for anomaly in anomalies
        )
    )
    return facts.MonthlyFacts(envoi=envoi, declarations=(declaration,)), found, context, bulletins


def _adhesions(session: Session, adherent: Adherent, mois: Month) -> list[AdhesionPrevoyance]:
    """Les contrats collectifs en vigueur au dernier jour du mois."""
    rows = session.exec(
        select(AdhesionPrevoyance)
        .where(AdhesionPrevoyance.adherent_id == adherent.id, AdhesionPrevoyance.du <= mois.last_day)
        .order_by(col(AdhesionPrevoyance.id))
    )
    return [row for row in rows if row.au is None or row.au >= mois.last_day]


def _situations(session: Session, bulletins: Sequence[BulletinLu]) -> dict[int, list[SituationContrat]]:
    found: dict[int, list[SituationContrat]] = defaultdict(list)
    rows = session.exec(
        select(SituationContrat).where(col(SituationContrat.contrat_id).in_([key(lu.contrat.id) for lu in bulletins]))
    )
    for row in rows:
        found[row.contrat_id].append(row)
    return found


def _concerning(lu: BulletinLu, bulletins: list[BulletinLu], absences: dict[int, list[Absence]]) -> list[Absence]:
    """Les absences du contrat, et les arrêts de l'agent dits sous un autre : un arrêt vaut pour tous (CT p.108)."""
    own = absences[key(lu.contrat.id)]
    if lu.conditions.mandat:
        return own
    others = [
        absence
        for other in bulletins
        if other.agent.id == lu.agent.id and other.contrat.id != lu.contrat.id
        for absence in absences[key(other.contrat.id)]
        if (code := dsn_codes.load().absence(absence.type)) is not None and code.bloc == facts.Arret.BLOC
    ]
    known = {(absence.type, absence.debut, absence.fin) for absence in own}
    return own + [absence for absence in others if (absence.type, absence.debut, absence.fin) not in known]


def _absences(session: Session, adherent: Adherent, mois: Month) -> dict[int, list[Absence]]:
    """Les absences d'un an, par contrat : une prolongation se rattache à un arrêt commencé avant le mois."""
    found: dict[int, list[Absence]] = defaultdict(list)
    rows = session.exec(
        select(Absence)
        .outerjoin(FichierRecu, col(FichierRecu.id) == col(Absence.fichier_id))
        .where(
            Absence.adherent_id == adherent.id,
            Absence.debut <= mois.last_day,
            Absence.fin >= mois.first_day - _UN_AN,
            or_(col(Absence.fichier_id).is_(None), FichierRecu.etat == EtatFichier.ACCEPTE),
        )
        .order_by(col(Absence.debut))
    )
    for row in rows:
        found[row.contrat_id].append(row)
    return found


def _rates(session: Session, adherent: Adherent, mois: Month) -> dict[int, TauxPas]:
    rows = session.exec(
        select(TauxPas)
        .join(Agent, col(Agent.id) == col(TauxPas.agent_id))
        .where(Agent.adherent_id == adherent.id, TauxPas.du <= mois.last_day)
        .order_by(col(TauxPas.du))
    )
    return {row.agent_id: row for row in rows if row.au is None or row.au >= mois.last_day}
