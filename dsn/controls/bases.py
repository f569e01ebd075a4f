"""Les contrôles des bases assujetties, composants et cotisations individuelles (78, 79, 81)."""

from __future__ import annotations

from collections.abc import Iterator

from dsn.controls.registry import on_block, on_declaration, on_field
from dsn.controls.scope import Node, Scope

IRCANTEC = frozenset({"060", "061"})
PREVOYANCE_BASE, PREVOYANCE_COTISATION = "31", "059"
_REDUCTION = frozenset({"018", "106"})


def _past_period(base: Node, scope: Scope) -> bool:
    end = base.day("003")
    return end is None or scope.month is None or end < scope.month


@on_declaration("S21.G00.78.001", "SIG-19")
def plafonnee_et_deplafonnee(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Bases 02 et 03 ensemble, pour la même période du mois déclaré."""
    for payment in scope.all("50"):
        periods: dict[str, dict[tuple[str | None, str | None], Node]] = {"02": {}, "03": {}}
        for base in payment.kids("78"):
            start, end = base.day("002"), base.day("003")
            inside = start and end and scope.month and scope.end and scope.month <= start and end <= scope.end
            if inside and base.get("001") in periods:
                periods[base.get("001") or ""][(base.get("002"), base.get("003"))] = base
        for code, other in (("02", "03"), ("03", "02")):
            for period, base in periods[code].items():
                if period not in periods[other]:
                    yield base, f"La base {code} va avec une base {other} de même période dans le même versement."


@on_block("S21.G00.78.003", "CCH-12")
def periode_base(item: Node, _scope: Scope) -> str | None:
    """La fin suit le début."""
    first, last = item.day("002"), item.day("003")
    return "La fin de la période de la base précède son début." if first and last and last < first else None


@on_block("S21.G00.78.003", "CCH-15")
def base_passee(item: Node, scope: Scope) -> str | None:
    """La fin ne dépasse pas le mois déclaré."""
    last = item.day("003")
    return "La période de la base dépasse le mois déclaré." if last and scope.end and last > scope.end else None


@on_block("S21.G00.78.003", "CCH-16")
def base_annee(item: Node, _scope: Scope) -> str | None:
    """Une seule année civile."""
    first, last = item.day("002"), item.day("003")
    return "La période de la base couvre deux années civiles." if first and last and first.year != last.year else None


@on_block("S21.G00.78.004", "CCH-11", quand=("001", {PREVOYANCE_BASE}))
def base_prevoyance_nulle(item: Node, _scope: Scope) -> str | None:
    """Base 31 : montant nul."""
    return "Une base 31 porte un montant nul." if item.get("001") == PREVOYANCE_BASE and item.amount("004") else None


@on_block("S21.G00.78.005", "CCH-11")
def affiliation(item: Node, _scope: Scope) -> str | None:
    """Identifiant d'affiliation si et seulement si base 31, et existant pour l'agent."""
    identifier, person = item.get("005"), item.up("30")
    if bool(identifier) != (item.get("001") == PREVOYANCE_BASE):
        return "L'identifiant technique d'affiliation accompagne une base 31, et elle seule."
    if identifier and person and not any(found.get("012") == identifier for found in person.all("70")):
        return "Cet identifiant d'affiliation n'existe pas pour l'agent (70.012)."
    return None


@on_field("S21.G00.78.007", "CCH-11")
def crm_base(item: Node, scope: Scope) -> str | None:
    """CRM : période passée seulement."""
    if item.get("007") and not _past_period(item, scope):
        return "L'identifiant de CRM ne se renseigne que pour une période antérieure au mois déclaré."
    return None


@on_field("S21.G00.79.005", "CCH-11")
def crm_composant(item: Node, scope: Scope) -> str | None:
    """CRM : période passée seulement."""
    if item.get("005") and item.parent and not _past_period(item.parent, scope):
        return "L'identifiant de CRM ne se renseigne que pour une période antérieure au mois déclaré."
    return None


@on_block("S21.G00.79.001", "CCH-14", quand=("001", {"01"}))
def smic_sous_03(item: Node, _scope: Scope) -> str | None:
    """Le SMIC de la réduction générale se place sous une base 03 ou 19."""
    if item.get("001") == "01" and item.parent and item.parent.get("001") not in {"03", "19"}:
        return "Le SMIC retenu (79 de type 01) se déclare sous une base 03."
    return None


@on_declaration("S21.G00.81.001", "CCH-11")
def base_ircantec(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Base 28 : cotisation 060 ou 061."""
    for base in scope.all("78"):
        if base.get("001") == "28" and not any(item.get("001") in IRCANTEC for item in base.kids("81")):
            yield base, "Une base Ircantec (28) porte au moins une cotisation 060 ou 061."


@on_block("S21.G00.81.001", "CCH-13", quand=("001", {PREVOYANCE_COTISATION}))
def cotisation_prevoyance(item: Node, _scope: Scope) -> str | None:
    """059 sous une base 31."""
    if item.get("001") == PREVOYANCE_COTISATION and item.parent and item.parent.get("001") != PREVOYANCE_BASE:
        return "La cotisation 059 se déclare sous une base 31."
    return None


@on_declaration("S21.G00.81.001", "CCH-15")
def une_cotisation_prevoyance(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Base 31 : une et une seule cotisation 059."""
    for base in scope.all("78"):
        found = [item for item in base.kids("81") if item.get("001") == PREVOYANCE_COTISATION]
        if base.get("001") == PREVOYANCE_BASE and len(found) != 1:
            yield base, "Une base 31 porte une et une seule cotisation 059."


@on_block("S21.G00.81.001", "CCH-16", quand=("001", _REDUCTION))
def reduction_chiffree(item: Node, _scope: Scope) -> str | None:
    """Réduction générale : assiette et montant."""
    if item.get("001") in _REDUCTION and not (item.get("003") and item.get("004")):
        return "La réduction générale porte une assiette et un montant."
    return None


@on_block("S21.G00.81.001", "CCH-17", quand=("001", _REDUCTION))
def reduction_smic(item: Node, _scope: Scope) -> str | None:
    """Réduction générale : SMIC retenu sous la même base 03."""
    base = item.parent
    if item.get("001") not in _REDUCTION or base is None:
        return None
    if base.get("001") == "03" and any(part.get("001") == "01" for part in base.kids("79")):
        return None
    return "La réduction générale demande le SMIC retenu (79 de type 01) sous la même base 03."


def _needs(item: Node, codes: frozenset[str], suffix: str, what: str) -> str | None:
    if item.get("001") in codes and not item.get(suffix):
        return f"La cotisation {item.get('001')} porte {what}."
    return None


@on_block("S21.G00.81.002", "CCH-11", quand=("001", {PREVOYANCE_COTISATION}))
def prevoyance_sans_organisme(item: Node, _scope: Scope) -> str | None:
    """059 : pas d'organisme."""
    return "La cotisation 059 ne porte pas d'organisme." if item.get("001") == "059" and item.get("002") else None


@on_block("S21.G00.81.003", "CCH-11", quand=("001", IRCANTEC))
def assiette_ircantec(item: Node, _scope: Scope) -> str | None:
    """Ircantec : assiette."""
    return _needs(item, IRCANTEC, "003", "une assiette")


@on_block("S21.G00.81.003", "CCH-12", quand=("001", {PREVOYANCE_COTISATION}))
def prevoyance_sans_assiette(item: Node, _scope: Scope) -> str | None:
    """059 : pas d'assiette."""
    return "La cotisation 059 ne porte pas d'assiette." if item.get("001") == "059" and item.get("003") else None


@on_block("S21.G00.81.004", "CCH-11", quand=("001", {PREVOYANCE_COTISATION}))
def montant_prevoyance(item: Node, _scope: Scope) -> str | None:
    """059 : montant."""
    return _needs(item, frozenset({PREVOYANCE_COTISATION}), "004", "un montant")


@on_block("S21.G00.81.004", "CCH-12", quand=("001", {"105", "131", "132"}))
def montant_agirc(item: Node, _scope: Scope) -> str | None:
    """Agirc-Arrco et Apec : montant."""
    return _needs(item, frozenset({"105", "131", "132"}), "004", "un montant")


@on_block("S21.G00.81.004", "CCH-13", quand=("001", IRCANTEC))
def montant_ircantec(item: Node, _scope: Scope) -> str | None:
    """Ircantec : montant."""
    return _needs(item, IRCANTEC, "004", "un montant")


@on_block("S21.G00.81.005", "CCH-11", quand=("001", {PREVOYANCE_COTISATION}))
def prevoyance_sans_commune(item: Node, _scope: Scope) -> str | None:
    """059 : pas de code INSEE."""
    return "La cotisation 059 ne porte pas de code INSEE." if item.get("001") == "059" and item.get("005") else None


@on_field("S21.G00.81.006", "CCH-11")
def crm_individuel(item: Node, scope: Scope) -> str | None:
    """CRM : période passée seulement."""
    if item.get("006") and item.parent and not _past_period(item.parent, scope):
        return "L'identifiant de CRM ne se renseigne que pour une période antérieure au mois déclaré."
    return None
