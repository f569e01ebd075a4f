"""Les contrôles des fins de contrat et de ce qui les accompagne (45, 51, 52, 62, 63), surtout en signalement 07."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from dsn.controls.registry import BlockControl, on_block, on_declaration, on_field
from dsn.controls.scope import Node, Scope

FIN_DE_CONTRAT = "07"
_PREVIOUS = {"S21.G00.51": "010", "S21.G00.52": "006", "S21.G00.54": "005"}
_PREAVIS_NON_EFFECTUE = frozenset({"02", "03", "10", "50", "51", "61"})
_PAP, _PREAVIS_PAP = "114", "61"
_MOIS_PAP = 3


def _known_contract(text: str) -> BlockControl:
    """En fin de contrat unique, le numéro cité est celui d'un contrat, présent ou déclaré précédemment (45.002)."""

    def control(item: Node, scope: Scope) -> str | None:
        number, person = item.get(_PREVIOUS[item.id]), item.up("30")
        if scope.nature != FIN_DE_CONTRAT or person is None:
            return None
        known = {contract.get("009") for contract in person.kids("40")}
        known |= {past.get("002") for past in person.all("45")}
        return None if number in known else text

    return control


on_field("S21.G00.51.010", "CCH-12")(_known_contract("Cette rémunération cite un contrat que l'agent n'a pas."))
on_field("S21.G00.52.006", "CCH-12")(_known_contract("Cette prime cite un contrat que l'agent n'a pas."))
on_field("S21.G00.54.005", "CCH-12")(_known_contract("Cet élément de revenu cite un contrat que l'agent n'a pas."))


@on_declaration("S21.G00.51.011", "CCH-15")
def trois_remunerations(scope: Scope) -> Iterator[tuple[Node, str]]:
    """En fin de contrat unique, types 001, 002 et 010 dans chaque versement."""
    if scope.nature != FIN_DE_CONTRAT:
        return
    for payment in scope.all("50"):
        missing = sorted({"001", "002", "010"} - {pay.get("011") or "" for pay in payment.kids("51")})
        if missing:
            yield payment, f"Rémunérations manquantes pour ce versement : {', '.join(missing)}."


@on_declaration("S21.G00.52.001", "CCH-20")
def indemnites_exclusives(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Pas d'indemnité légale spéciale (009) et spécifique (010) ensemble pour un contrat."""
    for person in scope.all("30"):
        kinds: dict[str | None, set[str | None]] = {}
        for item in person.all("52"):
            found = kinds.setdefault(item.get("006"), set())
            found.add(item.get("001"))
            if item.get("001") in {"009", "010"} and {"009", "010"} <= found:
                yield item, "Les indemnités 009 et 010 s'excluent pour un même contrat."


@on_block("S21.G00.62.006", "CCH-12")
def dernier_jour_avant_preavis(item: Node, _scope: Scope) -> str | None:
    """Préavis non effectué : le dernier jour travaillé précède son début."""
    worked = item.day("006")
    for notice in item.kids("63"):
        begun = notice.day("002")
        if worked and begun and notice.get("001") in _PREAVIS_NON_EFFECTUE and worked >= begun:
            return "Le préavis n'est pas effectué : le dernier jour travaillé et payé doit le précéder."
    return None


@on_block("S21.G00.63.001", "CCH-14")
def preavis_pap(item: Node, _scope: Scope) -> str | None:
    """Préavis 61 : accompagnement personnalisé (114) et préavis de trois mois au plus."""
    first, last = item.day("002"), item.day("003")
    pap = item.parent is not None and item.parent.get("002") == _PAP
    if first is None or last is None:
        return None if pap or item.get("001") != _PREAVIS_PAP else "Le préavis 61 suppose le motif 114."
    day_after = last + timedelta(days=1)
    months = (day_after.year - first.year) * 12 + day_after.month - first.month
    short = pap and (months < _MOIS_PAP or (months == _MOIS_PAP and day_after.day <= first.day))
    if short and item.get("001") != _PREAVIS_PAP:
        return "Rupture pour un parcours d'accompagnement (114) et préavis de trois mois au plus : préavis 61."
    if not short and item.get("001") == _PREAVIS_PAP:
        return "Le préavis 61 suppose le motif 114 et un préavis de trois mois au plus."
    return None


@on_declaration("S21.G00.63.002", "CCH-15")
def preavis_contigus(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Plusieurs préavis se suivent jour pour jour."""
    for ending in scope.all("62"):
        dated = [
            (first, last, item)
            for item in ending.kids("63")
            if (first := item.day("002")) and (last := item.day("003"))
        ]
        dated.sort(key=lambda row: row[0])
        for (_, last, _), (first, _, item) in pairwise(dated):
            if first != last + timedelta(days=1):
                yield item, "Les périodes de préavis se suivent sans trou ni chevauchement."
