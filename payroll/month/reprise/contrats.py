"""Un contrat repris de ses mensuelles : statut, conditions datées, éléments permanents, absences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from dsn.message import Block
from payroll import catalogue, legislation
from payroll.legislation.errors import FigureMissing
from payroll.money import format_amount, format_decimal, round_half_up
from payroll.month.reprise import codes
from payroll.month.reprise.chronologie import dated, runs
from payroll.month.reprise.conditions import conditions
from payroll.month.reprise.contrat_lu import ARRET, ELEMENT, FIN, PRIME, SUSPENSION, ContratLu
from payroll.month.reprise.cumuls import totals
from payroll.month.reprise.feuille import Blanc, Remarque
from payroll.month.reprise.lecture import Suivi
from payroll.periods import Month

_NUMERO = re.compile(r"[A-Za-z0-9]{5,20}")
_BRUT, _BASE = "001", "010"
_VARIABLES = ("017", "018")
"""Les rémunérations d'heures en sus (51.011) : du mois, jamais permanentes."""
_CONTRAT_COURT = "-1"
_JOUR = timedelta(days=1)


def contract(
    suivi: Suivi, seen: Sequence[ContratLu], last_month: Month, first_paid: Month, diploma: str = ""
) -> dict[str, Any]:
    """La description d'un contrat, des mensuelles qui le portent (dans l'ordre) à son premier mois payé ici."""
    last = seen[-1]
    population = codes.population_of(last.month.norme, last.declared())
    end, motif = _end(suivi, seen)
    planned = suivi.day(last.block, "010")
    return {
        "numero": _numero(last.numero),
        **_status(population),
        "emploi": suivi.text(last.block, "006") or Blanc("libellé de l'emploi", exemple='""'),
        "pcs_ese": suivi.text(last.block, "004") or Blanc("code PCS-ESE de l'emploi"),
        "date_debut": last.debut or Blanc("premier jour du contrat"),
        **({"date_fin": end} if end else _vanished(last, last_month)),
        **({"date_fin_prevue": planned} if planned else {}),
        **({"motif_fin": motif} if motif else {}),
        **({"motif_recours": recourse} if (recourse := suivi.text(last.block, "021")) else {}),
        **({"contrat_court": True} if _short(suivi, last) else {}),
        **({"niveau_diplome": diploma} if population == "apprenti" and diploma else {}),
        "situations": _situations(suivi, seen, population),
        "permanents": permanents(suivi, seen),
        "absences": absences(suivi, seen),
        "cumuls": totals(suivi, [lu for lu in seen if lu.month.mois < first_paid], first_paid),
    }


def _numero(numero: str) -> Any:
    if _NUMERO.fullmatch(numero):
        return numero
    kept = re.sub(r"[^A-Za-z0-9]", "", numero).rjust(5, "0")[:20]
    text = f"déclaré « {numero} » : seuls lettres et chiffres sont admis ici ; dites ce changement à la première DSN"
    return Remarque(kept, text)


def _status(population: str | None) -> dict[str, Any]:
    if population is None:
        return {
            "statut": Blanc(
                "titulaire, stagiaire, contractuel, elu, apprenti, pec ou vacataire : la nature déclarée (40.007, 008, "
                "026) n'est aucune de celles que nous écrivons"
            )
        }
    statut, _, rest = population.partition("_")
    return {"statut": statut, **({"duree": rest} if rest in ("cdd", "cdi") else {})}


def _end(suivi: Suivi, seen: Sequence[ContratLu]) -> tuple[date | None, str]:
    for lu in reversed(seen):
        for block in lu.children(FIN):
            end = suivi.day(block, "001")
            if end is not None:
                return end, suivi.text(block, "002")
    return None, ""


def _vanished(last: ContratLu, last_month: Month) -> dict[str, Any]:
    """Un contrat absent de la dernière mensuelle sans fin déclarée serait payé encore : à trancher par une personne."""
    if last.month.mois == last_month:
        return {}
    text = f"plus déclaré après {last.month.mois.libelle}, sans fin : donnez son dernier jour, ou retirez la ligne"
    return {"date_fin": Blanc(text, exemple="à remplir")}


def _short(suivi: Suivi, last: ContratLu) -> bool:
    return any(suivi.text(payment, "008") == _CONTRAT_COURT for payment in last.paiements)


def _situations(suivi: Suivi, seen: Sequence[ContratLu], population: str | None) -> list[dict[str, Any]]:
    rows = dated([(lu.month.mois, conditions(suivi, lu, population)) for lu in seen])
    start = seen[0].debut
    if start is not None and start > rows[0]["du"]:
        rows[0]["du"] = start
    return rows


def permanents(suivi: Suivi, seen: Sequence[ContratLu]) -> Any:
    """Les montants versés chaque mois d'office, d'après les mois entiers ; à défaut, les autres, à vérifier."""
    whole = [lu for lu in seen if lu.complete()]
    rows: list[dict[str, Any]] = []
    for bloc, number in ((PRIME, "006"), (ELEMENT, "005")):
        known = codes.permanents(bloc)
        amounts = [(lu, lu.typed(suivi, bloc, number)) for lu in whole or seen[-1:]]
        for kind in sorted({kind for _, found in amounts for kind in found if kind in known}):
            code = known[kind]
            for start, end, amount in runs(
                [(lu.month.mois, _full(code, found.get(kind, 0), lu)) for lu, found in amounts]
            ):
                last = end == (whole or seen)[-1].month.mois
                if amount:
                    value: Any = format_decimal(amount)
                    row = {
                        "rubrique": code,
                        "montant": value if whole else Remarque(value, "mois incomplet : montant à vérifier"),
                        "du": max(start.first_day, seen[0].debut or start.first_day),
                    }
                    rows.append(row if last else {**row, "au": end.last_day})
    rest = _unnamed(suivi, (whole or seen)[-1])
    if rest <= 0:
        # Moins que rien : le transfert primes/points et les retenues, que le calcul refait.
        return rows
    text = (
        f"{format_amount(rest)} € du brut de {(whole or seen)[-1].month.mois.libelle} ne sont pas nommés dans la DSN "
        "(autres primes, indemnité différentielle, rappels) : ajoutez ce qui est permanent"
    )
    return Remarque(rows, text) if rows else Blanc(text, essentiel=False)


def _full(code: str, amount: int, lu: ContratLu) -> int:
    """Le montant du temps plein, quand la rubrique suit le temps partiel ; vérifié en le réduisant de nouveau."""
    declared = lu.block.get("055")
    rubrique = catalogue.load()[code]
    if not declared or not rubrique.quotite:
        return amount
    try:
        part = (
            legislation.load().at(lu.month.mois).fraction(f"temps_partiel.fraction_remuneree.{declared.split('.')[0]}")
        )
    except FigureMissing:
        return amount
    whole = round_half_up(amount * part.denominator, part.numerator)
    return whole if round_half_up(whole * part.numerator, part.denominator) == amount else amount


def _unnamed(suivi: Suivi, lu: ContratLu) -> int:
    """Le brut que ni le salaire de base, ni la NBI, ni un type de prime ou d'heures ne nomme, en centimes."""
    named = lu.remuneration(suivi, _BASE) + sum(lu.remuneration(suivi, kind) for kind in _VARIABLES)
    primes = sum(lu.typed(suivi, PRIME, "006").values())
    return lu.remuneration(suivi, _BRUT) - named - primes - lu.assiette(suivi, codes.cotisation("cnracl_nbi"))


def absences(suivi: Suivi, seen: Sequence[ContratLu]) -> list[dict[str, Any]]:
    """Les arrêts et suspensions déclarés, chacun une fois, dans son dernier état : ils comptent dans les droits."""
    found: dict[tuple[str, date], dict[str, Any]] = {}
    for lu in seen:
        for block in lu.children(ARRET):
            _keep(found, _stop(suivi, block))
        for block in lu.children(SUSPENSION):
            _keep(found, _suspension(suivi, block))
    return [found[key] for key in sorted(found, key=lambda key: (key[1], key[0]))]


def _keep(found: dict[tuple[str, date], dict[str, Any]], row: dict[str, Any] | None) -> None:
    if row is not None and row["fin"] >= row["debut"]:
        found[(row["type"], row["debut"])] = row


def _stop(suivi: Suivi, block: Block) -> dict[str, Any] | None:
    kind = codes.absences(ARRET).get(suivi.text(block, "001"))
    worked, planned, back = suivi.day(block, "002"), suivi.day(block, "003"), suivi.day(block, "010")
    if kind is None or worked is None or (planned is None and back is None):
        return None
    return {"type": kind, "debut": worked + _JOUR, "fin": back - _JOUR if back else planned}


def _suspension(suivi: Suivi, block: Block) -> dict[str, Any] | None:
    kind = codes.absences(SUSPENSION).get(suivi.text(block, "001"))
    start, end = suivi.day(block, "002"), suivi.day(block, "003")
    if kind is None or start is None or end is None:
        return None
    return {"type": kind, "debut": start, "fin": end}
