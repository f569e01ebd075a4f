"""Changer les conditions ou une prime d'un agent à une date : un arrêté arrive, parfois après la paie qu'il concerne.

La ligne en vigueur est fermée la veille et une autre s'ouvre ; le journal garde l'ancien, le nouveau et la raison.
Si la date touche un mois déjà payé, rien n'y change : la différence se paie par un rappel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, col, select

from payroll.catalogue import load as load_catalogue
from payroll.engine.situation import CONTINGENT_DECIDE
from payroll.month.commun import Acte, GesteRefuse, find_adherent, key, record
from payroll.month.gestionnaires import require_right
from payroll.month.rappels import paid_months
from payroll.periods import Month
from payroll.store.entrees import SituationEntree
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Agent, Contrat, ElementPermanent, SituationContrat

MODIFIABLES = (
    "grade", "echelon", "categorie", "indice_brut", "indice_majore", "nbi", "heures_hebdo", "quotite", "enfants_sft",
    "enfants_sft_alternes", "personnes_a_charge", "taux_indemnite",
)  # fmt: skip
"""Ce qu'un arrêté change sans ouvrir un autre contrat."""

_LOIN = Month(2200, 12)


@dataclass(frozen=True, slots=True)
class Change:
    """Ce qui vient de changer, et les mois déjà payés que cela touche."""

    anciennes: Mapping[str, Any]
    nouvelles: Mapping[str, Any]
    jusqu_au: date | None
    """Dernier jour de ces conditions, si d'autres, déjà connues, les suivent."""
    mois_payes: tuple[Month, ...]


def monthly_codes() -> frozenset[str]:
    """Les rubriques qui se versent chaque mois."""
    return frozenset(r.code for r in load_catalogue().saisies("permanents")) | {CONTINGENT_DECIDE}


def change_conditions(
    registre: Registre,
    code: str,
    matricule: str,
    acte: Acte,
    *,
    du: date,
    valeurs: Mapping[str, str],
    motif: str,
    numero: str = "",
) -> Change:
    """Change des conditions à partir de ``du``, jusqu'aux suivantes déjà connues. Lève :class:`GesteRefuse`.

    ``valeurs`` : nom (:data:`MODIFIABLES`) → valeur écrite comme dans la description d'un adhérent.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        require_right(session, acte, code)
        contrat = _contract(session, adherent, matricule, numero, du, motif)
        row = session.exec(
            select(SituationContrat)
            .where(SituationContrat.contrat_id == contrat.id, SituationContrat.du <= du)
            .order_by(col(SituationContrat.du).desc())
        ).first()
        if row is None or (row.au is not None and row.au < du):
            raise GesteRefuse(f"Le contrat {contrat.numero} n'a pas de conditions au {du:%d/%m/%Y} : complétez-les.")
        nouvelles = _columns(row, valeurs)
        anciennes = {name: getattr(row, name) for name in nouvelles}
        end = row.au
        if row.du == du:
            for name, value in nouvelles.items():
                setattr(row, name, value)
        else:
            row.au = du - timedelta(days=1)
            values = row.model_dump(exclude={"id"}) | {"du": du, "au": end} | nouvelles
            session.add(SituationContrat(**values))
        session.add(row)
        changed = {name: [anciennes[name], value] for name, value in nouvelles.items() if anciennes[name] != value}
        record(
            session, acte, "changer-conditions", code, None,
            matricule=matricule, contrat=contrat.numero, du=str(du), changements=changed, motif=motif.strip(),
        )  # fmt: skip
        return Change(anciennes, nouvelles, end, _paid_since(session, adherent, du))


def change_permanent(
    registre: Registre,
    code: str,
    matricule: str,
    acte: Acte,
    *,
    rubrique: str,
    montant: int,
    du: date,
    motif: str,
    numero: str = "",
) -> Change:
    """Change le montant mensuel d'une rubrique à partir de ``du`` (centimes ; zéro : elle cesse). Lève GesteRefuse."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        require_right(session, acte, code)
        contrat = _contract(session, adherent, matricule, numero, du, motif)
        connues = monthly_codes()
        if rubrique not in connues or montant < 0:
            raise GesteRefuse(
                f"« {rubrique} » ne se verse pas chaque mois, ou son montant est négatif. "
                f"Rubriques admises : {', '.join(sorted(connues))}."
            )
        rows = session.exec(
            select(ElementPermanent)
            .where(ElementPermanent.contrat_id == contrat.id, ElementPermanent.rubrique == rubrique)
            .order_by(col(ElementPermanent.du))
        ).all()
        suivante = next((row.du for row in rows if row.du > du), None)
        end = None if suivante is None else suivante - timedelta(days=1)
        ancien = 0
        for row in rows:
            if row.du <= du and (row.au is None or row.au >= du):
                ancien = row.montant
                if row.du == du:
                    session.delete(row)
                else:
                    row.au = du - timedelta(days=1)
                    session.add(row)
        if montant:
            session.add(ElementPermanent(contrat_id=key(contrat.id), rubrique=rubrique, montant=montant, du=du, au=end))
        record(
            session, acte, "changer-prime", code, None,
            matricule=matricule, contrat=contrat.numero, du=str(du), rubrique=rubrique, ancien=ancien, nouveau=montant,
            motif=motif.strip(),
        )  # fmt: skip
        return Change({rubrique: ancien}, {rubrique: montant}, end, _paid_since(session, adherent, du))


def cancel_conditions(
    registre: Registre, code: str, matricule: str, acte: Acte, *, du: date, motif: str, numero: str = ""
) -> Change:
    """Annule un changement de conditions pris à cette date : celles d'avant reprennent. Lève :class:`GesteRefuse`."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        require_right(session, acte, code)
        contrat = _contract(session, adherent, matricule, numero, du, motif)
        rows = session.exec(
            select(SituationContrat).where(SituationContrat.contrat_id == contrat.id).order_by(col(SituationContrat.du))
        ).all()
        row = next((item for item in rows if item.du == du), None)
        before = next((item for item in rows if row is not None and item.au == du - timedelta(days=1)), None)
        if row is None or before is None:
            raise GesteRefuse(
                f"Aucun changement de conditions ne commence le {du:%d/%m/%Y} pour ce contrat : donnez la date d'effet "
                "du changement à annuler. Les premières conditions ne s'annulent pas, elles se changent."
            )
        names = [name for name in SituationContrat.model_fields if name not in ("id", "contrat_id", "du", "au")]
        changed = [name for name in names if getattr(row, name) != getattr(before, name)]
        anciennes = {name: getattr(row, name) for name in changed}
        nouvelles = {name: getattr(before, name) for name in changed}
        before.au = row.au
        session.add(before)
        session.delete(row)
        record(
            session, acte, "annuler-conditions", code, None,
            matricule=matricule, contrat=contrat.numero, du=str(du), motif=motif.strip(),
            changements={name: [anciennes[name], nouvelles[name]] for name in changed},
        )  # fmt: skip
        return Change(anciennes, nouvelles, before.au, _paid_since(session, adherent, du))


def _contract(session: Session, adherent: Adherent, matricule: str, numero: str, du: date, motif: str) -> Contrat:
    if not motif.strip():
        raise GesteRefuse("Un changement dit sa raison : numéro et date de l'arrêté, délibération, pièce reçue.")
    rows = session.exec(
        select(Contrat)
        .join(Agent, col(Agent.id) == col(Contrat.agent_id))
        .where(Contrat.adherent_id == adherent.id, Agent.matricule == matricule)
        .order_by(Contrat.numero)
    ).all()
    found = [
        row
        for row in rows
        if (not numero or row.numero == numero)
        and row.date_debut <= du
        and (row.date_fin is None or row.date_fin >= du)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise GesteRefuse(f"{adherent.nom} : l'agent {matricule} n'a aucun contrat en cours au {du:%d/%m/%Y}.")
    numeros = ", ".join(row.numero for row in found)
    raise GesteRefuse(f"L'agent {matricule} a plusieurs contrats au {du:%d/%m/%Y} : dites lequel ({numeros}).")


def _columns(row: SituationContrat, valeurs: Mapping[str, str]) -> dict[str, Any]:
    """Les colonnes à changer, lues comme dans la description d'un adhérent."""
    inconnues = sorted(set(valeurs) - set(MODIFIABLES))
    if inconnues or not valeurs:
        raise GesteRefuse(
            f"Conditions à changer inconnues ou absentes ({', '.join(inconnues) or 'aucune'}). "
            f"Admises : {', '.join(MODIFIABLES)}."
        )
    try:
        entree = SituationEntree.model_validate({"du": row.du, "regime_retraite": row.regime_retraite, **valeurs})
    except ValidationError as error:
        fautes = sorted({str(item["loc"][0]) for item in error.errors()})
        raise GesteRefuse(f"Valeur illisible ou impossible : {', '.join(fautes)}.") from None
    found: dict[str, Any] = {}
    for name in valeurs:
        if name == "quotite":
            found["quotite_num"], found["quotite_den"] = entree.quotite.numerator, entree.quotite.denominator
        elif name == "heures_hebdo":
            found["heures_hebdo_centiemes"] = int(entree.heures_hebdo * 100)
        elif name == "taux_indemnite":
            found["taux_indemnite_ppm"] = entree.taux_indemnite
        else:
            found[name] = getattr(entree, name)
    return found


def _paid_since(session: Session, adherent: Adherent, du: date) -> tuple[Month, ...]:
    return tuple(mois for mois in paid_months(session, adherent, _LOIN) if mois.last_day >= du)
