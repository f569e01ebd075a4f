"""Les corrections en cours d'un mois, telles que le calcul les lit : le fichier d'abord, le gestionnaire ensuite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from payroll.catalogue import load as load_catalogue
from payroll.engine.situation import CONTINGENT_DECIDE, HOUR_VARIABLES
from payroll.intake.layout import HEURES
from payroll.legislation.conges import load_conges
from payroll.money import format_amount
from payroll.periods import Month
from payroll.store.tables import Adherent, Agent, Contrat
from payroll.store.tables_revision import Correction, NatureCorrection

_HEURES = {**HEURES, CONTINGENT_DECIDE: "Contingent d'heures supplémentaires décidé pour le mois"}


@dataclass(frozen=True, slots=True)
class CorrectionLue:
    """Une correction et l'agent qu'elle vise."""

    row: Correction
    matricule: str
    contrat: str

    @property
    def phrase(self) -> str:
        """« IHTS de jour : 12,00 h au lieu du fichier »."""
        return told(self.row)


def corrections(session: Session, adherent: Adherent, mois: Month, *, annulees: bool = True) -> list[CorrectionLue]:
    """Les corrections d'un mois, dans l'ordre où elles ont été faites."""
    query = (
        select(Correction, Agent.matricule, Contrat.numero)
        .join(Contrat, col(Contrat.id) == col(Correction.contrat_id))
        .join(Agent, col(Agent.id) == col(Contrat.agent_id))
        .where(Correction.adherent_id == adherent.id, Correction.mois == str(mois))
        .order_by(col(Correction.id))
    )
    if not annulees:
        query = query.where(col(Correction.annulee_le).is_(None))
    return [CorrectionLue(row, matricule, numero) for row, matricule, numero in session.exec(query)]


def active_corrections(session: Session, adherent: Adherent, mois: Month) -> list[CorrectionLue]:
    """Les corrections d'un mois qui comptent encore."""
    return corrections(session, adherent, mois, annulees=False)


def corrected(
    session: Session, adherent: Adherent, mois: Month, variables: Mapping[int, Mapping[str, int]]
) -> dict[int, dict[str, int]]:
    """Contrat → éléments du mois, corrections comprises : la dernière valeur fixée, puis les lignes ajoutées."""
    found = {contrat_id: dict(values) for contrat_id, values in variables.items()}
    rows = [item.row for item in active_corrections(session, adherent, mois)]
    for row in (row for row in rows if row.nature == NatureCorrection.ELEMENT):
        values = found.setdefault(row.contrat_id, {})
        values[row.rubrique] = row.valeur
        if not row.valeur:
            del values[row.rubrique]
    for row in (row for row in rows if row.nature == NatureCorrection.LIGNE):
        values = found.setdefault(row.contrat_id, {})
        values[row.rubrique] = values.get(row.rubrique, 0) + row.valeur
    return found


def told(row: Correction) -> str:
    """Une correction en une phrase, sans nommer personne."""
    if row.nature in (NatureCorrection.ABSENCE, NatureCorrection.RETRAIT):
        absence = row.absence
        verb = "ajoutée" if row.nature == NatureCorrection.ABSENCE else "retirée"
        nature = load_conges().natures.get(absence["type"])
        debut, fin = (f"{date.fromisoformat(absence[name]):%d/%m/%Y}" for name in ("debut", "fin"))
        return f"Absence {verb} : {nature.libelle if nature else absence['type']}, du {debut} au {fin}"
    libelle = element_label(row.rubrique)
    value = format_amount(row.valeur) + (" h" if row.rubrique in HOUR_VARIABLES else "")
    if row.nature == NatureCorrection.LIGNE:
        return f"{libelle} : {'+' if row.valeur > 0 else ''}{value} en plus du fichier"
    return f"{libelle} : {value} au lieu du fichier" if row.valeur else f"{libelle} : ne se paie pas ce mois-ci"


def element_label(code: str) -> str:
    """Le nom d'un élément du mois, tel que le classeur le dit ; son code s'il n'est plus connu."""
    catalogue = load_catalogue()
    return _HEURES.get(code) or (catalogue[code].intitule if code in catalogue else code)


def element_unit(code: str) -> str:
    """Ce qu'on saisit d'un élément : « heures », « nombre », « points » ; vide : des euros."""
    if code in HOUR_VARIABLES:
        return "heures"
    catalogue = load_catalogue()
    unite = catalogue[code].unite if code in catalogue else ""
    return "" if unite == "euros" else unite
