"""Les contrôles de la prévoyance et de la santé collectives : adhésions, affiliations, versements et bases 31
(15, 20, 55, 70, 78, 79, 82, 86)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dsn.controls.registry import on_block, on_declaration, on_field
from dsn.controls.scope import Node, Scope
from dsn.norm import MENSUELLE

BASE_PREVOYANCE = "31"
SANS_COMPOSANT = "23"
MISSION = "03"
_INTERIM = "7820Z"
_ORGANISME = re.compile(r"P[0-9A-Z]{4}|A[0-9A-Z]{5}|[0-9A-Z]{9}")
"""Institution de prévoyance, société d'assurance, mutuelle ou organisme non fédéré (CT p.150, contrôles de 15.003)."""
_TRANCHES = ("10", "11", "12", "13", "14", "15", "16", "24")
_COTISATIONS_ADHESION = frozenset(f"{code:03d}" for code in (*range(1, 21), *range(36, 41), 46, 90))
_HORS_ADHESION = frozenset(
    f"{code:03d}"
    for code in (21, 22, 23, *range(25, 36), *range(41, 46), *range(47, 51), *range(60, 70), *range(71, 81), 91)
)
"""Codes 021 à 091 interdits quand 82.005 cite une adhésion ou une caisse de congés (CCH-14, p.307)."""
_CAISSE = re.compile(r"0[1-9]|[12][0-9]|3[0-7]")


def organisme(value: str | None) -> bool:
    """Vrai si l'identifiant a la forme d'un organisme complémentaire de prévoyance."""
    return bool(_ORGANISME.fullmatch(value or ""))


def _doubles(items: list[Node], suffixes: tuple[str, ...]) -> Iterator[Node]:
    """Les blocs qui répètent les valeurs d'un précédent."""
    seen: set[tuple[str | None, ...]] = set()
    for item in items:
        key = tuple(item.get(suffix) for suffix in suffixes)
        if key in seen:
            yield item
        seen.add(key)


@on_declaration("S21.G00.12.001", "CCH-13")
def un_compte_par_usage(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Un seul compte par type d'usage."""
    accounts: dict[str | None, tuple[str | None, str | None]] = {}
    for item in scope.all("12"):
        account = (item.get("002"), item.get("003"))
        if accounts.setdefault(item.get("001"), account) != account:
            yield item, "Deux comptes bancaires différents pour le même usage."


@on_declaration("S21.G00.15.001", "CCH-11")
def adhesion_unique(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Un contrat et un organisme : une seule adhésion."""
    for item in _doubles(scope.all("15"), ("001", "002")):
        yield item, "Ce contrat de prévoyance figure déjà pour cet organisme."


def _affiliated(scope: Scope) -> set[str | None]:
    return {item.get("013") for item in scope.all("70")}


def _interim(scope: Scope) -> bool:
    establishment = scope.first("11")
    return establishment is not None and establishment.get("002") == _INTERIM


@on_block("S21.G00.15.001", "CCH-13")
def adhesion_employee(item: Node, scope: Scope) -> str | None:
    """Personnel couvert : au moins une affiliation."""
    if item.get("004") == "01" and item.get("005") not in _affiliated(scope) and not _interim(scope):
        return "Cette adhésion couvre du personnel (15.004 = 01), mais aucune affiliation (bloc 70) ne la cite."
    return None


@on_block("S21.G00.15.001", "CCH-14")
def adhesion_vide(item: Node, scope: Scope) -> str | None:
    """Aucun personnel couvert : aucune affiliation."""
    if item.get("004") == "02" and item.get("005") in _affiliated(scope) and not _interim(scope):
        return "Cette adhésion ne couvre personne (15.004 = 02), mais une affiliation (bloc 70) la cite."
    return None


@on_declaration("S21.G00.15.005", "CCH-11")
def identifiant_adhesion_unique(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Un identifiant technique par adhésion."""
    for item in _doubles(scope.all("15"), ("005",)):
        yield item, "Deux adhésions portent le même identifiant technique."


@on_block("S21.G00.20.001", "CCH-12")
def composant_attendu(item: Node, scope: Scope) -> str | None:
    """Versement à un organisme de prévoyance : composants."""
    paid_here = item.get("012") in {None, scope.siret()}
    if organisme(item.get("001")) and (item.amount("005") or paid_here) and not item.kids("55"):
        return "Un versement à un organisme de prévoyance se détaille en composants (bloc 55)."
    return None


@on_block("S21.G00.20.001", "CCH-13")
def versement_a_une_adhesion(item: Node, scope: Scope) -> str | None:
    """Sans composant : l'organisme et le délégataire sont ceux d'une adhésion."""
    known = {(adhesion.get("002"), adhesion.get("003")) for adhesion in scope.all("15")}
    if organisme(item.get("001")) and not item.kids("55") and (item.get("001"), item.get("008")) not in known:
        return "Aucune adhésion (bloc 15) ne correspond à cet organisme de prévoyance et à son délégataire."
    return None


@on_block("S21.G00.20.005", "CCH-12")
def somme_des_composants(item: Node, _scope: Scope) -> str | None:
    """Versement = somme des composants, ou zéro si elle est négative."""
    amount, parts = item.amount("005"), item.kids("55")
    if amount is None or not parts or not organisme(item.get("001")):
        return None
    total = sum(part.amount("001") or 0 for part in parts)
    return None if amount == max(total, 0) else "Le versement n'est pas la somme de ses composants (bloc 55)."


@on_field("S21.G00.20.008", "CCH-15")
def delegataire(item: Node, _scope: Scope) -> str | None:
    """Délégataire : prévoyance seulement."""
    return None if organisme(item.get("001")) else "Un délégataire ne se déclare que pour un organisme de prévoyance."


@on_field("S21.G00.55.003", "CCH-11")
def affectation_d_une_adhesion(item: Node, scope: Scope) -> str | None:
    """Organisme, délégataire et contrat sont ceux d'une adhésion."""
    payment = item.parent
    known = {(found.get("002"), found.get("003"), found.get("001")) for found in scope.all("15")}
    if payment and (payment.get("001"), payment.get("008"), item.get("003")) not in known:
        return "Aucune adhésion (bloc 15) ne porte cet organisme, ce délégataire et cette référence de contrat."
    return None


_MOIS_PAR_PERIODE = {"M": 1, "T": 3, "S": 6}


@on_field("S21.G00.55.004", "CCH-11")
def periode_d_affectation(item: Node, scope: Scope) -> str | None:
    """Au plus la période qui suit celle, révolue, du dernier jour du mois déclaré (CT p.256)."""
    found = re.fullmatch(r"([0-9]{4})([MTS])([0-9]{2})", item.get("004") or "")
    if not found or not scope.month:
        return None
    length = _MOIS_PAR_PERIODE[found[2]]
    position = int(found[1]) * (12 // length) + int(found[3]) - 1
    current = (scope.month.year * 12 + scope.month.month - 1) // length
    return "La période d'affectation est trop éloignée du mois déclaré." if position > current + 1 else None


@on_declaration("S21.G00.70.012", "CCH-11")
def affiliation_unique(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Un identifiant par affiliation de l'individu, hors contrats de mission semblables."""
    for person in scope.all("30"):
        by_id: dict[str | None, list[Node]] = {}
        for item in person.all("70"):
            by_id.setdefault(item.get("012"), []).append(item)
        for items in by_id.values():
            if len(items) > 1 and not _same_missions(items):
                yield items[1], "Deux affiliations de l'agent portent le même identifiant technique."


def _same_missions(items: list[Node]) -> bool:
    contracts = [item.parent for item in items if item.parent]
    affiliations = {tuple(item.get(suffix) for suffix in ("013", "004", "005")) for item in items}
    profiles = {tuple(contract.get(suffix) for suffix in ("002", "003", "008", "017")) for contract in contracts}
    missions = all(contract.get("007") == MISSION for contract in contracts)
    return missions and len(affiliations) == 1 and len(profiles) == 1


@on_field("S21.G00.70.013", "CCH-11")
def affiliation_a_une_adhesion(item: Node, scope: Scope) -> str | None:
    """L'adhésion citée existe."""
    if any(adhesion.get("005") == item.get("013") for adhesion in scope.all("15")):
        return None
    return "Cette affiliation cite une adhésion (15.005) qui n'existe pas."


@on_declaration("S21.G00.70.013", "CCH-12")
def affiliation_repetee(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Option, population et adhésion différentes dans un contrat."""
    for contract in scope.all("40"):
        for item in _doubles(contract.kids("70"), ("004", "005", "013")):
            yield item, "Ce contrat porte déjà une affiliation de même option, population et adhésion."


@on_declaration("S21.G00.78.001", "CCH-13")
def base_par_affiliation(scope: Scope) -> Iterator[tuple[Node, str]]:
    """En mensuelle, une base 31 par affiliation de l'individu."""
    if scope.nature != MENSUELLE or not scope.all("70"):
        return
    for person in scope.all("30"):
        based = {base.get("005") for base in person.all("78") if base.get("001") == BASE_PREVOYANCE}
        for item in person.all("70"):
            if item.get("012") not in based:
                yield item, "Aucune base de prévoyance (78 de code 31) ne cite cette affiliation."


@on_declaration("S21.G00.78.001", "SIG-23")
def base_prevoyance_repetee(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Une base 31 par affiliation, période et signe dans un versement, hors missions."""
    for payment in scope.all("50"):
        seen: set[tuple[str | None, str | None, str | None, bool]] = set()
        for base in payment.kids("78"):
            if base.get("001") != BASE_PREVOYANCE or _on_mission(base):
                continue
            signs = {amount < 0 for part in base.kids("81") if (amount := part.amount("004")) is not None}
            keys = {(base.get("002"), base.get("003"), base.get("005"), negative) for negative in signs}
            if keys & seen:
                yield base, "Une base de prévoyance de même période et de même affiliation figure déjà."
            seen |= keys


def _affiliations(base: Node) -> list[Node]:
    person = base.up("30")
    return [item for item in person.all("70") if item.get("012") == base.get("005")] if person else []


def _on_mission(base: Node) -> bool:
    return any(item.parent is not None and item.parent.get("007") == MISSION for item in _affiliations(base))


@on_block("S21.G00.78.005", "CCH-12", quand=("001", {BASE_PREVOYANCE}))
def affiliation_du_versement(item: Node, _scope: Scope) -> str | None:
    """Base 31 : l'affiliation est celle d'un contrat payé par ce versement."""
    found, payment = _affiliations(item), item.parent
    if item.get("001") != BASE_PREVOYANCE or not found or payment is None:
        return None
    paid = {pay.get("010") for pay in payment.kids("51")}
    if any(affiliation.parent and affiliation.parent.get("009") in paid for affiliation in found):
        return None
    return "Cette base de prévoyance cite l'affiliation d'un contrat que ce versement ne paie pas."


@on_declaration("S21.G00.79.001", "CCH-11")
def base_prevoyance_detaillee(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Base 31 : au moins un composant."""
    for base in scope.all("78"):
        if base.get("001") == BASE_PREVOYANCE and not base.kids("79"):
            yield base, "Une base de prévoyance (31) porte au moins un composant (bloc 79)."


@on_block("S21.G00.79.001", "CCH-13", quand=("001", {SANS_COMPOSANT}))
def sans_composant_sans_cotisation(item: Node, _scope: Scope) -> str | None:
    """Composant 23 : cotisation nulle."""
    base = item.parent
    if item.get("001") == SANS_COMPOSANT and base and any(part.amount("004") for part in base.kids("81")):
        return "Sans composant de base en paie (23), la cotisation est nulle."
    return None


@on_declaration("S21.G00.79.001", "CCH-16")
def composant_repete(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Base 31 : une fois chaque tranche."""
    for base in scope.all("78"):
        if base.get("001") == BASE_PREVOYANCE:
            tranches = [part for part in base.kids("79") if part.get("001") in _TRANCHES]
            for item in _doubles(tranches, ("001",)):
                yield item, "Ce composant figure déjà sous la même base de prévoyance."


@on_block("S21.G00.79.001", "SIG-18", quand=("001", {SANS_COMPOSANT}))
def composant_seul(item: Node, _scope: Scope) -> str | None:
    """Composant 23 : seul."""
    if item.get("001") == SANS_COMPOSANT and item.parent and len(item.parent.kids("79")) > 1:
        return "Le composant 23 est le seul de sa base."
    return None


@on_block("S21.G00.82.002", "CCH-14")
def cotisation_hors_adhesion(item: Node, scope: Scope) -> str | None:
    """Ces cotisations ne citent ni une adhésion ni une caisse de congés."""
    reference = item.get("005") or ""
    cited = _CAISSE.fullmatch(reference) or any(found.get("005") == reference for found in scope.all("15"))
    if item.get("002") in _HORS_ADHESION and cited:
        return "Cette cotisation ne se rattache ni à une adhésion de prévoyance ni à une caisse de congés."
    return None


@on_block("S21.G00.82.005", "CCH-14")
def cotisation_d_une_adhesion(item: Node, scope: Scope) -> str | None:
    """Ces cotisations citent une adhésion."""
    known = {found.get("005") for found in scope.all("15")}
    if item.get("002") in _COTISATIONS_ADHESION and item.get("005") not in known:
        return "Cette cotisation cite une adhésion de prévoyance (15.005) qui n'existe pas."
    return None


@on_declaration("S21.G00.86.001", "CCH-12")
def anciennete_des_affilies(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Affilié à une prévoyance, hors missions : ancienneté 06 ou 07."""
    for person in scope.all("30"):
        contracts = person.kids("40")
        affiliated = any(contract.kids("70") for contract in contracts)
        known = {item.get("001") for item in person.kids("86")}
        if affiliated and any(contract.get("007") != MISSION for contract in contracts) and not known & {"06", "07"}:
            yield person, "Un agent affilié à une prévoyance porte son ancienneté (bloc 86 de type 06 ou 07)."
