"""Les rappels d'un adhérent : ce que les mois payés auraient dû donner, ce qui en a été versé, et la différence.

Rien d'ancien n'est réécrit. « Versé » se lit dans les bulletins gardés : celui du mois, et les lignes de rappel des
bulletins suivants. Un rappel préparé est figé : ce qui a été relu sera payé, ou refusé si un bulletin a changé.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from payroll import legislation
from payroll.anomalies import Anomalie, blocking
from payroll.catalogue import load as load_catalogue
from payroll.engine.inputs import Accepted
from payroll.engine.rappels import MoisRappele, recallable, recalls_of, share
from payroll.engine.situation import Rappel, Situation
from payroll.month.commun import GesteRefuse, key
from payroll.month.instantane import inputs_from_json
from payroll.periods import Month
from payroll.store.tables import Adherent, BulletinPaie, EtatPaie, LigneBulletin, Paie
from payroll.store.tables_rappels import EcheanceRappel, ElementRappele, RappelPrepare

_RAPPEL = TypeAdapter(Rappel)
_PAYES = (EtatPaie.DECLAREE, EtatPaie.RESTITUEE, EtatPaie.CLOSE)
"""Les états où un mois ne se recalcule plus : sa correction est un rappel."""


@dataclass(frozen=True, slots=True)
class Ecart:
    """Un élément d'un mois du droit : dû, payé, différence, en centimes."""

    mois: Month
    rubrique: str
    libelle: str
    du: int
    paye: int

    @property
    def difference(self) -> int:
        return self.du - self.paye


@dataclass(frozen=True, slots=True)
class Verse:
    """Ce qu'un mois du droit a déjà donné à un contrat."""

    montants: Mapping[str, int]
    """Rubrique → centimes, rappels déjà payés compris."""
    conditions: Situation | None
    """Les dernières conditions sur lesquelles ce mois a été payé ; ``None`` : jamais."""


def paid_months(session: Session, adherent: Adherent, avant: Month) -> list[Month]:
    """Les mois de cet adhérent déjà déclarés, dans l'ordre : ils ne se corrigent plus que par un rappel."""
    rows = session.exec(
        select(Paie.mois)
        .where(Paie.adherent_id == adherent.id, Paie.mois < str(avant), col(Paie.etat).in_(_PAYES))
        .order_by(Paie.mois)
    ).all()
    return [Month.parse(mois) for mois in rows]


def paid(
    session: Session, adherent: Adherent, contrat_ids: Collection[int], origine: Month, avant: Month
) -> dict[int, Verse]:
    """Ce que chaque contrat a reçu pour ``origine`` dans les bulletins d'avant ``avant`` ; absent : rien."""
    catalogue = load_catalogue()
    codes = {rubrique.code for rubrique in recallable(catalogue)}
    rows = session.exec(
        select(BulletinPaie, Paie.mois)
        .join(Paie, col(Paie.id) == col(BulletinPaie.paie_id))
        .where(
            Paie.adherent_id == adherent.id,
            Paie.mois >= str(origine),
            Paie.mois < str(avant),
            Paie.etat != EtatPaie.REMPLACEE,
            col(BulletinPaie.contrat_id).in_(contrat_ids),
        )
        .order_by(Paie.mois)
    ).all()
    contrat_of = {key(row.id): (row.contrat_id, mois) for row, mois in rows}
    montants: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in session.exec(select(LigneBulletin).where(col(LigneBulletin.bulletin_id).in_(list(contrat_of)))):
        contrat_id, mois = contrat_of[line.bulletin_id]
        if line.code in codes and (line.periode or mois) == str(origine):
            montants[contrat_id][line.code] += line.montant_salarie
    conditions: dict[int, Situation] = {}
    for row, mois in rows:
        situation = inputs_from_json(row.entrees)[1]
        if mois == str(origine):
            conditions[row.contrat_id] = situation
        for rappel in situation.rappels:
            if rappel.mois == origine:
                conditions[row.contrat_id] = rappel.situation
    return {
        contrat_id: Verse(
            {code: montant for code, montant in sorted(montants[contrat_id].items()) if montant},
            conditions.get(contrat_id),
        )
        for contrat_id in {*conditions, *montants}
    }


def late_elements(session: Session, contrat_ids: Collection[int]) -> dict[tuple[int, str], dict[str, int]]:
    """(contrat, mois du droit) → éléments appris trop tard et non annulés."""
    found: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    rows = session.exec(
        select(ElementRappele).where(
            col(ElementRappele.contrat_id).in_(contrat_ids), col(ElementRappele.annule_le).is_(None)
        )
    )
    for row in rows:
        values = found[row.contrat_id, row.mois_de_droit]
        values[row.rubrique] = values.get(row.rubrique, 0) + row.valeur
    return found


def with_late(situation: Situation, elements: Mapping[str, int]) -> Situation:
    """Le mois du droit avec ses éléments appris trop tard, et sans ses propres rappels."""
    variables = dict(situation.variables)
    for rubrique, valeur in elements.items():
        variables[rubrique] = variables.get(rubrique, 0) + valeur
    kept = {rubrique: valeur for rubrique, valeur in sorted(variables.items()) if valeur}
    return replace(situation, variables=kept, rappels=())


def due_recalls(
    session: Session, adherent: Adherent, mois: Month, contrat_ids: Collection[int]
) -> tuple[dict[int, tuple[Rappel, ...]], dict[int, Anomalie]]:
    """Les rappels à payer ce mois-ci, par contrat ; ou ce qui les rend périmés."""
    rows = session.exec(
        select(RappelPrepare, EcheanceRappel)
        .join(EcheanceRappel, col(EcheanceRappel.rappel_id) == col(RappelPrepare.id))
        .where(
            RappelPrepare.adherent_id == adherent.id,
            col(RappelPrepare.contrat_id).in_(contrat_ids),
            EcheanceRappel.mois == str(mois),
            col(EcheanceRappel.annulee_le).is_(None),
        )
        .order_by(col(RappelPrepare.id))
    ).all()
    found: dict[int, tuple[Rappel, ...]] = {}
    perimes: dict[int, Anomalie] = {}
    for row, echeance in rows:
        rappels = tuple(replace(item, rang=echeance.rang, sur=row.echeances) for item in frozen(row))
        stale = [item.mois for item in rappels if _changed(session, adherent, row.contrat_id, item, mois)]
        if stale:
            perimes[row.contrat_id] = Anomalie(
                "rappel-perime",
                f"un bulletin de {', '.join(origine.libelle for origine in stale)} a changé depuis que le rappel "
                "a été préparé",
                "Préparez de nouveau le rappel de cet agent, ou annulez-le.",
            )
        else:
            found[row.contrat_id] = rappels
    return found, perimes


def frozen(row: RappelPrepare) -> list[Rappel]:
    """Les mois du droit d'un rappel, tels qu'ils ont été relus."""
    return [_RAPPEL.validate_python(item) for item in row.contenu]


def freeze(rappels: Sequence[Rappel]) -> list[dict[str, object]]:
    """Les mois du droit d'un rappel, en JSON sans perte."""
    return [_RAPPEL.dump_python(rappel, mode="json") for rappel in rappels]


def gaps(mois: Month, situation: Situation, rappels: Sequence[Rappel]) -> list[MoisRappele]:
    """Dû, payé et différence de chaque mois du droit, par le moteur ; lève :class:`GesteRefuse` s'il refuse."""
    if not rappels:
        return []
    accepted = Accepted(0, rappels[0].employeur, replace(situation, rappels=tuple(rappels)), {})
    (found,) = recalls_of(mois, [accepted], legislation.load(), load_catalogue()).values()
    refus = blocking([anomalie for rappele in found for anomalie in rappele.anomalies])
    if refus:
        raise GesteRefuse(f"Le rappel de l'agent {situation.matricule} ne peut se calculer.", tuple(refus))
    return found


def table_of(found: Sequence[MoisRappele]) -> list[Ecart]:
    """Les écarts de chaque mois du droit, dans l'ordre du bulletin."""
    catalogue = load_catalogue()
    ordre = {code: rang for rang, code in enumerate(catalogue)}
    return [
        Ecart(item.rappel.mois, code, catalogue[code].intitule, item.du.get(code, 0), item.paye.get(code, 0))
        for item in found
        for code in sorted(item.differences, key=lambda code: ordre[code])
    ]


def _changed(session: Session, adherent: Adherent, contrat_id: int, rappel: Rappel, mois: Month) -> bool:
    """Vrai si ce qui a été versé n'est plus ce que le rappel a figé, ses propres échéances passées comprises."""
    verse = paid(session, adherent, [contrat_id], rappel.mois, mois).get(contrat_id)
    maintenant = dict(verse.montants) if verse else {}
    attendu = dict(rappel.paye or {})
    try:
        found = gaps(mois, rappel.situation, [rappel]) if rappel.rang > 1 else []
    except GesteRefuse:
        return False  # le calcul du bulletin dira lui-même ce qui le refuse
    for code, difference in [item for rappele in found for item in rappele.differences.items()]:
        passe = sum(share(difference, rang, rappel.sur) for rang in range(1, rappel.rang))
        attendu[code] = attendu.get(code, 0) + passe
    return {code: montant for code, montant in attendu.items() if montant} != maintenant
