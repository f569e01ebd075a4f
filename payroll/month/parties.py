"""Le mois d'un contrat coupé là où ses conditions ou ses primes changent, d'après les lignes datées du registre.

Ce que le moteur ne sait pas couper (régime de retraite, mode de rémunération) reste refusé par son nom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from payroll.anomalies import Anomalie
from payroll.engine.situation import Mandat, Segment
from payroll.periods import Month
from payroll.store.tables import ElementPermanent, SituationContrat

_COUPES = frozenset(
    {
        "indice_majore", "nbi", "heures_hebdo_centiemes", "quotite_num", "quotite_den", "enfants_sft", "categorie",
        "mandat", "taux_indemnite_ppm", "autres_mandats_brut", "option_assujettissement", "activite_cessee",
        "nombre_mandats_indemnises", "mandat_commune_moins_3500",
    }
)  # fmt: skip
"""Ce qui peut changer au milieu d'un mois."""

_SANS_EFFET = frozenset({"id", "contrat_id", "du", "au", "grade", "echelon", "indice_brut", "personnes_a_charge"})
"""Ce qui change sans rien faire au brut : la valeur de la fin du mois suffit."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Les conditions de la fin du mois, et les parties qui la précèdent."""

    derniere: SituationContrat
    permanents: dict[str, int]
    segments: tuple[Segment, ...]


def cut(
    mois: Month,
    matricule: str,
    first: date,
    last: date,
    conditions: Sequence[SituationContrat],
    permanents: Sequence[ElementPermanent],
) -> Parties | Anomalie:
    """Coupe du premier au dernier jour payé du contrat ; une anomalie si un jour n'a pas de conditions, ou deux."""
    rows = sorted((row for row in conditions if _touches(row, first, last)), key=lambda row: row.du)
    elements = [row for row in permanents if _touches(row, first, last)]
    bounds = {last}
    dated: list[SituationContrat | ElementPermanent] = [*rows, *elements]
    for row in dated:
        bounds |= {day for day in (row.du - timedelta(days=1), row.au) if day is not None and first <= day < last}
    pieces: list[tuple[date, SituationContrat, dict[str, int]]] = []
    for end in sorted(bounds):
        start = pieces[-1][0] + timedelta(days=1) if pieces else first
        found = [row for row in rows if _covers(row, start, end)]
        if len(found) != 1:
            return _refused(
                mois,
                matricule,
                "les conditions du contrat (indice, temps, régime) "
                + ("manquent" if not found else "sont données deux fois")
                + f" du {start:%d/%m/%Y} au {end:%d/%m/%Y}",
                "Complétez ou corrigez les dates de ses conditions.",
            )
        amounts = {row.rubrique: row.montant for row in elements if _covers(row, start, end)}
        pieces.append((end, found[0], dict(sorted(amounts.items()))))
    _, derniere, montants = pieces[-1]
    fixes = _changed(derniere, [row for _, row, _ in pieces])
    if fixes:
        return _refused(
            mois,
            matricule,
            f"{', '.join(fixes)} change au cours de {mois.libelle}, et ne se coupe pas en trentièmes",
            "Fermez ce contrat la veille et ouvrez-en un autre, ou datez le changement du premier d'un mois.",
        )
    return Parties(derniere, montants, tuple(_segment(end, row, amounts) for end, row, amounts in pieces[:-1]))


def mandate_of(row: SituationContrat) -> Mandat | None:
    """Le mandat d'un élu ; ``None`` pour un agent."""
    if not row.mandat:
        return None
    return Mandat(
        mandat=row.mandat,
        taux_indemnite_ppm=row.taux_indemnite_ppm,
        autres_mandats_brut=row.autres_mandats_brut,
        option_assujettissement=row.option_assujettissement,
        activite_cessee=row.activite_cessee,
        nombre_mandats_indemnises=row.nombre_mandats_indemnises,
        mandat_commune_moins_3500=row.mandat_commune_moins_3500,
    )


def _segment(end: date, row: SituationContrat, amounts: dict[str, int]) -> Segment:
    return Segment(
        fin=end,
        indice_majore=row.indice_majore,
        nbi=row.nbi,
        quotite=Fraction(row.quotite_num, row.quotite_den),
        heures_hebdo=Fraction(row.heures_hebdo_centiemes, 100),
        enfants_sft=row.enfants_sft,
        categorie=row.categorie,
        permanents=amounts,
        elu=mandate_of(row),
    )


def _changed(derniere: SituationContrat, rows: Sequence[SituationContrat]) -> list[str]:
    names = [name for name in SituationContrat.model_fields if name not in _COUPES and name not in _SANS_EFFET]
    return [name for name in names if any(getattr(row, name) != getattr(derniere, name) for row in rows)]


def _refused(mois: Month, matricule: str, what: str, remede: str) -> Anomalie:
    return Anomalie(
        code="changement-en-cours-de-mois",
        matricule=matricule,
        message=f"{what} : le bulletin de {mois.libelle} ne peut se calculer.",
        remede=remede,
    )


def _touches(row: SituationContrat | ElementPermanent, first: date, last: date) -> bool:
    return row.du <= last and (row.au is None or row.au >= first)


def _covers(row: SituationContrat | ElementPermanent, first: date, last: date) -> bool:
    return row.du <= first and (row.au is None or row.au >= last)
