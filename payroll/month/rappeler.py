"""Préparer, saisir, annuler un rappel : les gestes du gestionnaire, chacun avec son auteur et sa raison."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from payroll import legislation
from payroll.catalogue import load as load_catalogue
from payroll.engine.rappels import recallable
from payroll.engine.saisies import quotite_saisissable
from payroll.engine.situation import HOUR_VARIABLES, Rappel
from payroll.legislation import FigureMissing
from payroll.money import format_amount
from payroll.month.commun import Acte, GesteRefuse, find_adherent, key, record, require_paie
from payroll.month.gestionnaires import require_right
from payroll.month.rappels import Ecart, freeze, gaps, late_elements, paid, paid_months, table_of, with_late
from payroll.month.situations import ContratDuMois, EntreesDuMois, gather
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Agent, BulletinPaie, Contrat, EtatPaie, Paie
from payroll.store.tables_rappels import EcheanceRappel, ElementRappele, RappelPrepare

_OUVERTS = (EtatPaie.OUVERTE, EtatPaie.CALCULEE, EtatPaie.VALIDEE)
ECHEANCES_MAXIMUM = 60
"""Cinq ans : au-delà, une reprise se négocie avec le comptable."""


@dataclass(frozen=True, slots=True)
class Apercu:
    """Ce qu'un rappel paierait à un contrat, mois par mois."""

    matricule: str
    numero_contrat: str
    contrat_id: int
    rappels: tuple[Rappel, ...]
    ecarts: tuple[Ecart, ...]
    personnes_a_charge: int = 0

    @property
    def total(self) -> int:
        """Somme des différences, en centimes ; négative : un trop-perçu."""
        return sum(ecart.difference for ecart in self.ecarts)


def late_codes() -> frozenset[str]:
    """Les éléments variables qui se saisissent pour un mois passé."""
    return frozenset(r.code for r in recallable(load_catalogue()) if "variables" in r.saisie) | HOUR_VARIABLES


def preview_recalls(
    registre: Registre, code: str, mois: Month, *, matricule: str = "", depuis: Month | None = None
) -> list[Apercu]:
    """Les contrats dont un mois déjà déclaré aurait dû donner autre chose ; n'écrit rien.

    ``depuis`` : premier mois du droit regardé (défaut : le premier mois payé ici). Lève :class:`GesteRefuse`.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        return _previews(session, adherent, mois, matricule, depuis)


def prepare_recall(
    registre: Registre,
    code: str,
    matricule: str,
    mois: Month,
    acte: Acte,
    *,
    motif: str,
    depuis: Month | None = None,
    echeances: int = 1,
) -> list[Apercu]:
    """Fige et inscrit le rappel des contrats d'un agent, à payer à partir de ``mois`` ; remplace celui qui attendait.

    Une liste vide : rien n'était dû, et un rappel qui attendait est annulé. Lève :class:`GesteRefuse`.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        require_right(session, acte, code)
        _require_open(session, adherent, mois)
        _require_named(matricule)
        if not motif.strip():
            raise GesteRefuse("Un rappel dit sa raison : arrêté, pièce arrivée en retard, texte publié après coup.")
        if not 1 <= echeances <= ECHEANCES_MAXIMUM:
            raise GesteRefuse(f"Un rappel s'étale sur 1 à {ECHEANCES_MAXIMUM} échéances.")
        apercus = _previews(session, adherent, mois, matricule, depuis)
        for contrat_id in _contracts_of(session, adherent, matricule):
            _cancel(session, contrat_id, mois, acte, "remplacé par un nouveau rappel")
        for apercu in apercus:
            _require_within_quota(session, adherent, apercu, mois, echeances)
            row = RappelPrepare(
                adherent_id=key(adherent.id),
                contrat_id=apercu.contrat_id,
                mois=str(mois),
                echeances=echeances,
                montant=apercu.total,
                motif=motif.strip(),
                prepare_par=acte.par,
                prepare_le=acte.moment,
                contenu=freeze(apercu.rappels),
            )
            session.add(row)
            session.flush()
            echeance = mois
            for rang in range(1, echeances + 1):
                session.add(EcheanceRappel(rappel_id=key(row.id), rang=rang, mois=str(echeance)))
                echeance = echeance.next
            record(
                session,
                acte,
                "rappeler",
                code,
                mois,
                matricule=matricule,
                contrat=apercu.numero_contrat,
                du=str(apercu.rappels[0].mois),
                au=str(apercu.rappels[-1].mois),
                montant=apercu.total,
                echeances=echeances,
                motif=motif.strip(),
            )
        return apercus


def add_late_element(
    registre: Registre,
    code: str,
    matricule: str,
    mois: Month,
    acte: Acte,
    *,
    mois_de_droit: Month,
    rubrique: str,
    valeur: int,
    motif: str,
    numero_contrat: str = "",
) -> None:
    """Inscrit un élément variable appris trop tard (centimes ou centièmes d'heure). Lève :class:`GesteRefuse`.

    Le rappel lui-même se prépare ensuite : cet élément fait partie de ce que son mois aurait dû donner.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        require_right(session, acte, code)
        _require_open(session, adherent, mois)
        _require_named(matricule)
        if not motif.strip():
            raise GesteRefuse("Un élément tardif dit sa raison : la pièce arrivée après la paie, ce qu'elle dit.")
        if mois_de_droit not in paid_months(session, adherent, mois):
            raise GesteRefuse(
                f"{adherent.nom} : {mois_de_droit.libelle} n'a pas été payé ici, ou se recalcule encore. "
                "Un rappel porte sur un mois déjà déclaré."
            )
        saisies = late_codes()
        if rubrique not in saisies or valeur == 0:
            raise GesteRefuse(
                f"« {rubrique} » ne se saisit pas comme élément d'un mois passé, ou sa valeur est nulle. "
                f"Rubriques admises : {', '.join(sorted(saisies))}."
            )
        contrats = _contracts_of(session, adherent, matricule, numero_contrat)
        if len(contrats) != 1:
            raise GesteRefuse(f"L'agent {matricule} a {len(contrats)} contrats : dites le numéro du contrat.")
        session.add(
            ElementRappele(
                adherent_id=key(adherent.id),
                contrat_id=next(iter(contrats)),
                mois_de_droit=str(mois_de_droit),
                rubrique=rubrique,
                valeur=valeur,
                motif=motif.strip(),
                saisi_par=acte.par,
                saisi_le=acte.moment,
            )
        )
        record(
            session,
            acte,
            "saisir-element-tardif",
            code,
            mois,
            matricule=matricule,
            mois_de_droit=str(mois_de_droit),
            rubrique=rubrique,
            valeur=valeur,
            motif=motif.strip(),
        )


def cancel_recall(registre: Registre, code: str, matricule: str, mois: Month, acte: Acte, *, motif: str) -> int:
    """Annule les échéances non payées des rappels d'un agent, à partir de ``mois`` ; rend leur nombre.

    Ses éléments tardifs jamais payés sont annulés avec elles. Lève :class:`GesteRefuse`.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        require_right(session, acte, code)
        _require_open(session, adherent, mois)
        _require_named(matricule)
        if not motif.strip():
            raise GesteRefuse("Une annulation dit sa raison : ce qui rendait ce rappel faux ou inutile.")
        contrats = _contracts_of(session, adherent, matricule)
        count = sum(_cancel(session, contrat_id, mois, acte, motif) for contrat_id in contrats)
        if not count:
            raise GesteRefuse(f"L'agent {matricule} n'a aucun rappel en attente à partir de {mois.libelle}.")
        record(session, acte, "annuler-rappel", code, mois, matricule=matricule, echeances=count, motif=motif)
        return count


def cancel_late_element(registre: Registre, code: str, element_id: int, mois: Month, acte: Acte) -> None:
    """Annule un élément tardif : un rappel déjà payé qui le comptait se reprendra au prochain. Lève GesteRefuse."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        require_right(session, acte, code)
        row = session.get(ElementRappele, element_id)
        if row is None or row.adherent_id != adherent.id or row.annule_le is not None:
            raise GesteRefuse(f"{adherent.nom} : aucun élément tardif en cours sous le numéro {element_id}.")
        row.annule_le = acte.moment
        session.add(row)
        record(session, acte, "annuler-element-tardif", code, mois, element=element_id, rubrique=row.rubrique)


def _previews(session: Session, adherent: Adherent, mois: Month, matricule: str, depuis: Month | None) -> list[Apercu]:
    contrats = _contracts_of(session, adherent, matricule)
    mois_payes = [origine for origine in paid_months(session, adherent, mois) if depuis is None or origine >= depuis]
    if depuis is not None and depuis not in mois_payes:
        raise GesteRefuse(
            f"{adherent.nom} : {depuis.libelle} n'a pas été payé ici, ou se recalcule encore ; "
            "le rappel ne peut partir de ce mois."
        )
    presents = _gathered(session, adherent, mois)
    tardifs = late_elements(session, contrats)
    par_contrat: dict[int, list[Rappel]] = {}
    for origine in mois_payes:
        verses = paid(session, adherent, contrats, origine, mois)
        entrees = gather(session, adherent, origine, avec_rappels=False)
        if not isinstance(entrees, EntreesDuMois):
            raise GesteRefuse(f"{adherent.nom} : {origine.libelle} ne peut se recalculer.", tuple(entrees))
        refus = [a for a in entrees.anomalies if a.matricule == matricule]
        if matricule and refus:
            raise GesteRefuse(f"{adherent.nom} : {origine.libelle} ne peut se recalculer.", tuple(refus))
        for item in entrees.contrats:
            contrat_id = key(item.contrat.id)
            if contrat_id in contrats and contrat_id in presents:
                verse = verses.get(contrat_id)
                par_contrat.setdefault(contrat_id, []).append(
                    Rappel(
                        mois=origine,
                        employeur=entrees.employeur,
                        situation=with_late(item.situation, tardifs.get((contrat_id, str(origine)), {})),
                        ancienne=verse.conditions if verse else None,
                        paye=dict(verse.montants) if verse else {},
                    )
                )
    return [
        apercu
        for contrat_id, rappels in par_contrat.items()
        if (apercu := _preview(mois, presents[contrat_id], rappels)) is not None
    ]


def _preview(mois: Month, present: ContratDuMois, rappels: list[Rappel]) -> Apercu | None:
    found = [item for item in gaps(mois, present.situation, rappels) if item.differences]
    if not found:
        return None
    return Apercu(
        matricule=present.agent.matricule,
        numero_contrat=present.contrat.numero,
        contrat_id=key(present.contrat.id),
        rappels=tuple(item.rappel for item in found),
        ecarts=tuple(table_of(found)),
        personnes_a_charge=present.situation.personnes_a_charge,
    )


def _gathered(session: Session, adherent: Adherent, mois: Month) -> dict[int, ContratDuMois]:
    """Les contrats payés ce mois-ci : un rappel a besoin d'un bulletin où se verser."""
    entrees = gather(session, adherent, mois, avec_rappels=False)
    if not isinstance(entrees, EntreesDuMois):
        raise GesteRefuse(f"{adherent.nom} : {mois.libelle} ne peut se calculer.", tuple(entrees))
    return {key(item.contrat.id): item for item in entrees.contrats}


def _contracts_of(session: Session, adherent: Adherent, matricule: str, numero: str = "") -> dict[int, str]:
    """Les contrats d'un agent, ou de tous si ``matricule`` est vide ; lève :class:`GesteRefuse` s'il est inconnu."""
    rows = session.exec(
        select(Contrat, Agent.matricule)
        .join(Agent, col(Agent.id) == col(Contrat.agent_id))
        .where(Contrat.adherent_id == adherent.id)
        .order_by(Agent.matricule, Contrat.numero)
    ).all()
    found = {
        key(contrat.id): contrat.numero
        for contrat, qui in rows
        if (not matricule or qui == matricule) and (not numero or contrat.numero == numero)
    }
    if not found:
        raise GesteRefuse(f"{adherent.nom} : aucun contrat pour l'agent {matricule}.")
    return found


def _cancel(session: Session, contrat_id: int, mois: Month, acte: Acte, motif: str) -> int:
    """Annule ce qu'un rappel n'a pas encore versé ; ce qui l'a été reste."""
    count = 0
    for row in session.exec(select(RappelPrepare).where(RappelPrepare.contrat_id == contrat_id)).all():
        pending = session.exec(
            select(EcheanceRappel).where(
                EcheanceRappel.rappel_id == row.id,
                EcheanceRappel.mois >= str(mois),
                col(EcheanceRappel.annulee_le).is_(None),
            )
        ).all()
        for echeance in pending:
            echeance.annulee_le = acte.moment
            session.add(echeance)
        if pending:
            row.annule_par, row.annule_le, row.motif_annulation = acte.par, acte.moment, motif
            session.add(row)
            count += len(pending)
    session.flush()
    return count


def _require_named(matricule: str) -> None:
    """Sans matricule, ces gestes porteraient sur tous les agents à la fois : seul l'aperçu le permet."""
    if not matricule:
        raise GesteRefuse("Choisissez l'agent : un rappel se prépare et s'annule un agent à la fois.")


def _require_open(session: Session, adherent: Adherent, mois: Month) -> None:
    paie = require_paie(session, adherent, mois)
    if paie.etat not in _OUVERTS:
        raise GesteRefuse(
            f"{adherent.nom} : la paie de {mois.libelle} est déjà {paie.etat} ; un rappel se verse dans un mois ouvert."
        )


def _require_within_quota(session: Session, adherent: Adherent, apercu: Apercu, mois: Month, echeances: int) -> None:
    """Un trop-perçu se retient dans la limite de la quotité saisissable (C. trav. L. 3252-2 et R. 3252-2).

    La quotité est celle du dernier bulletin : celui du mois n'est pas encore calculé. Le brut de l'échéance lui est
    comparé, ce qui étale plutôt trop que trop peu.
    """
    if apercu.total >= 0:
        return
    dernier = session.exec(
        select(BulletinPaie)
        .join(Paie, col(Paie.id) == col(BulletinPaie.paie_id))
        .where(
            Paie.adherent_id == adherent.id,
            Paie.mois < str(mois),
            Paie.etat != EtatPaie.REMPLACEE,
            BulletinPaie.contrat_id == apercu.contrat_id,
        )
        .order_by(col(Paie.mois).desc())
    ).first()
    if dernier is None:
        return
    net = dernier.net_avant_impot - dernier.pas
    try:
        quotite = quotite_saisissable(net, apercu.personnes_a_charge, legislation.load().at(mois))
    except FigureMissing as error:
        raise GesteRefuse(f"La quotité saisissable de {mois.libelle} ne peut se calculer : {error.message}") from None
    part = -(apercu.total // echeances)
    if part > quotite:
        besoin = -(apercu.total // max(quotite, 1)) if quotite else 0
        conseil = (
            f"étalez-le en {besoin} échéances au moins" if 0 < besoin <= ECHEANCES_MAXIMUM else "voyez le comptable"
        )
        raise GesteRefuse(
            f"Le trop-perçu de l'agent {apercu.matricule} retiendrait {format_amount(part)} € par mois, au-delà de la "
            f"quotité saisissable ({format_amount(quotite)} €) : {conseil}."
        )
