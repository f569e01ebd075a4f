"""Les rappels d'un adhérent, pour l'écran : ce qui attend d'être payé, ce qu'on a appris trop tard, les mois payés."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlmodel import Session, col, select

from payroll.month.commun import find_adherent
from payroll.month.corrections import element_label, element_unit
from payroll.month.rappels import paid_months
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Agent, Contrat
from payroll.store.tables_rappels import EcheanceRappel, ElementRappele, RappelPrepare


@dataclass(frozen=True, slots=True)
class RappelVu:
    """Un rappel préparé dont il reste à payer ; montant en centimes, négatif pour un trop-perçu."""

    matricule: str
    contrat: str
    montant: int
    echeances: int
    reste: tuple[Month, ...]
    """Les mois où une part se paiera, le mois regardé compris."""
    motif: str
    par: str


@dataclass(frozen=True, slots=True)
class ElementTardifVu:
    """Un élément variable appris trop tard et non annulé ; valeur en centimes, ou en centièmes d'heure."""

    numero: int
    matricule: str
    contrat: str
    mois: Month
    libelle: str
    valeur: int
    unite: str
    """Vide : des euros."""
    motif: str
    par: str


@dataclass(frozen=True, slots=True)
class RappelsVus:
    """Ce que montre la page des rappels."""

    mois_payes: tuple[Month, ...]
    """Les mois déjà déclarés ici, le plus récent d'abord : eux seuls appellent un rappel."""
    prepares: tuple[RappelVu, ...]
    tardifs: tuple[ElementTardifVu, ...]


def read_recalls(registre: Registre, code: str, mois: Month) -> RappelsVus:
    """Les rappels qui restent à payer à partir d'un mois, et les éléments tardifs en cours."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        return RappelsVus(
            mois_payes=tuple(reversed(paid_months(session, adherent, mois))),
            prepares=_prepared(session, adherent, mois),
            tardifs=_late(session, adherent),
        )


def _prepared(session: Session, adherent: Adherent, mois: Month) -> tuple[RappelVu, ...]:
    rows = session.exec(
        select(RappelPrepare, EcheanceRappel.mois, Agent.matricule, Contrat.numero)
        .join(EcheanceRappel, col(EcheanceRappel.rappel_id) == col(RappelPrepare.id))
        .join(Contrat, col(Contrat.id) == col(RappelPrepare.contrat_id))
        .join(Agent, col(Agent.id) == col(Contrat.agent_id))
        .where(
            RappelPrepare.adherent_id == adherent.id,
            EcheanceRappel.mois >= str(mois),
            col(EcheanceRappel.annulee_le).is_(None),
        )
        .order_by(Agent.matricule, Contrat.numero, col(RappelPrepare.id), EcheanceRappel.mois)
    ).all()
    due: dict[int | None, list[Month]] = defaultdict(list)
    known: dict[int | None, tuple[RappelPrepare, str, str]] = {}
    for row, when, matricule, numero in rows:
        due[row.id].append(Month.parse(when))
        known[row.id] = row, matricule, numero
    return tuple(
        RappelVu(
            matricule=matricule,
            contrat=numero,
            montant=row.montant,
            echeances=row.echeances,
            reste=tuple(due[key]),
            motif=row.motif,
            par=row.prepare_par,
        )
        for key, (row, matricule, numero) in known.items()
    )


def _late(session: Session, adherent: Adherent) -> tuple[ElementTardifVu, ...]:
    rows = session.exec(
        select(ElementRappele, Agent.matricule, Contrat.numero)
        .join(Contrat, col(Contrat.id) == col(ElementRappele.contrat_id))
        .join(Agent, col(Agent.id) == col(Contrat.agent_id))
        .where(ElementRappele.adherent_id == adherent.id, col(ElementRappele.annule_le).is_(None))
        .order_by(Agent.matricule, Contrat.numero, ElementRappele.mois_de_droit, col(ElementRappele.id))
    ).all()
    return tuple(
        ElementTardifVu(
            numero=row.id or 0,
            matricule=matricule,
            contrat=numero,
            mois=Month.parse(row.mois_de_droit),
            libelle=element_label(row.rubrique),
            valeur=row.valeur,
            unite=element_unit(row.rubrique),
            motif=row.motif,
            par=row.saisi_par,
        )
        for row, matricule, numero in rows
    )
