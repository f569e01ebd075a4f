"""Les contrôles du versement et des éléments de revenu (50 à 58)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from dsn.controls.registry import on_block, on_declaration, on_field
from dsn.controls.scope import MENSUELLES, Node, Scope

REQUIRED = ("001", "002", "003", "010")
"""Les quatre rémunérations requises par contrat et versement (CCH-11 p.245)."""
_WITH_HOURS = frozenset({"012", "013", "016", "017", "018", "019", "020", "025"})
_DATED = frozenset({"001", "002", "003", "010", "012", "013", "016", "017", "018", "019", "020", "021", "022", "023"})
"""Les types dont la période ne dépasse pas le mois déclaré (SIG-14)."""


def _has_net_social(item: Node) -> bool:
    return any(net.get("003") == "03" for net in item.kids("58"))


def _in_monaco(scope: Scope) -> bool:
    establishment = scope.first("11")
    return establishment is not None and (establishment.get("004") or "").startswith("98")


def _reversed(item: Node, start: str, end: str) -> bool:
    first, last = item.day(start), item.day(end)
    return first is not None and last is not None and last < first


@on_block("S21.G00.50.001", "CCH-13")
def date_versement(item: Node, scope: Scope) -> str | None:
    """Versement au plus tard à la fin du mois suivant."""
    found = item.day("001")
    if found and scope.end_next and found > scope.end_next:
        return "La date de versement dépasse la fin du mois suivant le mois déclaré."
    return None


@on_block("S21.G00.50.001", "CCH-14")
def net_social_du_mois(item: Node, scope: Scope) -> str | None:
    """Montant net social pour le versement du mois."""
    paid = item.day("001")
    if not paid or not scope.month or not scope.end or _in_monaco(scope) or item.parent is None:
        return None
    shifted = any(
        (found := other.day("001")) is not None and found > scope.end
        for other in item.parent.kids("50")
        if other is not item
    )
    if scope.month <= paid <= scope.end and not shifted and not _has_net_social(item):
        return "Le montant net social (bloc 58 de type 03) manque pour ce versement."
    return None


@on_block("S21.G00.50.001", "CCH-15")
def net_social_decale(item: Node, scope: Scope) -> str | None:
    """Montant net social pour un versement du mois suivant."""
    paid = item.day("001")
    if paid and scope.end and paid > scope.end and not _in_monaco(scope) and not _has_net_social(item):
        return "Le montant net social (bloc 58 de type 03) manque pour ce versement du mois suivant."
    return None


@on_declaration("S21.G00.50.003", "CCH-11")
def numero_versement_unique(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Un numéro par versement d'un individu."""
    for person in scope.all("30"):
        seen: set[str] = set()
        for item in person.kids("50"):
            number = item.get("003")
            if number and number in seen:
                yield item, "Deux versements du même agent portent le même numéro."
            seen.add(number or "")


@on_block("S21.G00.50.003", "CCH-12")
def numero_versement(item: Node, _scope: Scope) -> str | None:
    """Numéro obligatoire dès deux versements."""
    if item.parent and len(item.parent.kids("50")) > 1 and not item.get("003"):
        return "L'agent a plusieurs versements : chacun porte un numéro."
    return None


@on_block("S21.G00.50.007", "CCH-11")
def indu_sans_taux(item: Node, _scope: Scope) -> str | None:
    """Type 99 : taux et montant nuls."""
    if item.get("007") == "99" and (item.amount("006") or item.amount("009")):
        return "Pour un indu (99), le taux et le montant du prélèvement à la source sont nuls."
    return None


@on_block("S21.G00.50.008", "CCH-11")
def identifiant_taux(item: Node, _scope: Scope) -> str | None:
    """Taux transmis par la DGFiP : identifiant obligatoire."""
    if item.get("007") == "01" and not item.get("008"):
        return "Un taux transmis par la DGFiP (01) s'accompagne de son identifiant."
    return None


@on_block("S21.G00.50.009", "CCH-11")
def montant_pas(item: Node, _scope: Scope) -> str | None:
    """PAS = montant soumis × taux, à un euro près."""
    base, rate, tax = item.amount("013"), item.amount("006"), item.amount("009")
    if base is None or rate is None or tax is None:
        return None
    if abs(tax * 10_000 - base * rate) > 100 * 10_000:
        return "Le prélèvement à la source n'est pas le montant soumis multiplié par le taux, à un euro près."
    return None


@on_block("S21.G00.51.001", "CCH-11", quand=("011", {"002"}))
def paie_apres_debut(item: Node, scope: Scope) -> str | None:
    """Type 002 non nul : la période ne commence pas avant l'avant-veille du contrat."""
    contract, start = scope.contract(item), item.day("001")
    begun = contract.day("001") if contract else None
    if item.get("011") != "002" or not item.amount("013") or not start or not begun or not _in_month(start, scope):
        return None
    return "La période de paie commence plus de deux jours avant le contrat." if (begun - start).days > 2 else None


def _in_month(found: date, scope: Scope) -> bool:
    return scope.month is not None and scope.end is not None and scope.month <= found <= scope.end


@on_block("S21.G00.51.002", "CCH-11")
def periode_paie(item: Node, _scope: Scope) -> str | None:
    """La fin suit le début."""
    return "La fin de la période de paie précède son début." if _reversed(item, "001", "002") else None


@on_block("S21.G00.51.002", "CCH-13", quand=("011", {"002"}))
def paie_avant_fin(item: Node, scope: Scope) -> str | None:
    """Type 002 non nul : la période ne dépasse pas le surlendemain de la fin du contrat."""
    contract, last = scope.contract(item), item.day("002")
    end = next((e for e in contract.kids("62") if e.get("002") != "099"), None) if contract else None
    ended = end.day("001") if end else None
    if item.get("011") != "002" or not item.amount("013") or not last or not ended or not _in_month(last, scope):
        return None
    return "La période de paie dépasse de plus de deux jours la fin du contrat." if (last - ended).days > 2 else None


@on_block("S21.G00.51.002", "SIG-14")
def paie_passee(item: Node, scope: Scope) -> str | None:
    """La période ne dépasse pas le mois déclaré."""
    last = item.day("002")
    if item.get("011") in _DATED and last and scope.end and last > scope.end:
        return "La période de paie dépasse le mois déclaré."
    return None


@on_block("S21.G00.51.010", "CCH-11")
def contrat_de_la_paie(item: Node, scope: Scope) -> str | None:
    """Le numéro cité est celui d'un contrat de l'agent."""
    if scope.nature not in MENSUELLES:
        return None
    return None if scope.contract(item) else "Cette rémunération cite un contrat que l'agent n'a pas."


@on_declaration("S21.G00.51.011", "CCH-11")
def quatre_remunerations(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Types 001, 002, 003 et 010 pour chaque contrat de chaque versement qui le paie (mensuelle, substitution)."""
    if scope.nature not in MENSUELLES:
        return
    for person in scope.all("30"):
        contracts = {item.get("009"): item for item in person.kids("40") if item.get("007") != "93"}
        for payment in person.kids("50"):
            kinds: dict[str, set[str]] = {}
            for pay in payment.kids("51"):
                kinds.setdefault(pay.get("010") or "", set()).add(pay.get("011") or "")
            for number, found in kinds.items():
                missing = [kind for kind in REQUIRED if kind not in found]
                if number in contracts and missing:
                    first = next(pay for pay in payment.kids("51") if pay.get("010") == number)
                    yield first, f"Rémunérations manquantes pour ce contrat et ce versement : {', '.join(missing)}."


@on_field("S21.G00.51.012", "CCH-12")
def heures_nulles(item: Node, _scope: Scope) -> str | None:
    """Zéro heure interdit pour les quatre types requis."""
    if item.get("011") in REQUIRED and item.amount("012") == 0:
        return "Un nombre d'heures nul est interdit pour ce type de rémunération."
    return None


@on_block("S21.G00.51.012", "SIG-11", quand=("011", _WITH_HOURS))
def heures_attendues(item: Node, _scope: Scope) -> str | None:
    """Heures attendues pour les types en heures."""
    if item.get("011") in _WITH_HOURS and not item.get("012"):
        return f"Une rémunération de type {item.get('011')} porte un nombre d'heures."
    return None


@on_field("S21.G00.51.012", "SIG-13")
def heures_interdites(item: Node, _scope: Scope) -> str | None:
    """Pas d'heures pour les quatre types requis."""
    if item.get("011") in REQUIRED and item.get("012"):
        return f"Une rémunération de type {item.get('011')} ne porte pas de nombre d'heures."
    return None


@on_block("S21.G00.51.013", "SIG-11", quand=("011", {"001"}))
def base_deplafonnee(item: Node, _scope: Scope) -> str | None:
    """Brut non nul : base 03 attendue dans le versement."""
    payment = item.parent
    if item.get("011") == "001" and item.amount("013") and payment and "03" not in _base_codes(payment):
        return "Une rémunération brute non nulle appelle une base assujettie 03 dans le versement."
    return None


def _base_codes(payment: Node) -> set[str]:
    return {base.get("001") or "" for base in payment.kids("78")}


@on_field("S21.G00.51.014", "CCH-11")
def taux_situation(item: Node, scope: Scope) -> str | None:
    """Taux de rémunération : fonction publique seulement."""
    contract = scope.contract(item)
    if item.get("014") and contract and contract.get("026") == "99":
        return "Le taux de rémunération de la situation administrative suppose un statut d'emploi public."
    return None


@on_declaration("S21.G00.52.001", "CCH-11")
def indemnite_unique(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Une indemnité de fin de contrat (001 à 025) par contrat et versement."""
    for payment in scope.all("50"):
        seen: set[tuple[str, str]] = set()
        for item in payment.kids("52"):
            key = (item.get("006") or "", item.get("001") or "")
            if "001" <= key[1] <= "025" and key in seen:
                yield item, "Cette indemnité de fin de contrat figure déjà pour ce contrat et ce versement."
            seen.add(key)


@on_block("S21.G00.52.003", "CCH-12", quand=("001", {"026", "027", "029", "902"}))
def debut_prime(item: Node, _scope: Scope) -> str | None:
    """Primes 026, 027, 029, 902 : période obligatoire."""
    if item.get("001") in {"026", "027", "029", "902"} and not item.get("003"):
        return "Cette prime demande sa période de rattachement."
    return None


@on_block("S21.G00.52.004", "CCH-13", quand=("001", {"026", "027", "029"}))
def fin_prime(item: Node, _scope: Scope) -> str | None:
    """Primes 026, 027, 029 : fin de période obligatoire."""
    if item.get("001") in {"026", "027", "029"} and not item.get("004"):
        return "Cette prime demande la fin de sa période de rattachement."
    return None


@on_block("S21.G00.52.006", "CCH-11")
def contrat_de_la_prime(item: Node, scope: Scope) -> str | None:
    """Le numéro cité est celui d'un contrat de l'agent."""
    if scope.nature not in MENSUELLES:
        return None
    return None if scope.contract(item) else "Cette prime cite un contrat que l'agent n'a pas."


@on_block("S21.G00.53.001", "CCH-11")
def activite_sous_002(item: Node, _scope: Scope) -> str | None:
    """Le bloc Activité suit une rémunération de type 002."""
    if item.parent and item.parent.get("011") != "002":
        return "Un bloc Activité (53) ne suit qu'une rémunération de type 002."
    return None


def _measure_limit(unit: str | None) -> int | None:
    if unit in {"10", "21"}:
        return 325_000
    return 40_300 if unit in {"12", "20"} else None


def _over_contract_unit(item: Node, scope: Scope, units: frozenset[str]) -> bool:
    contract = scope.contract(item.parent) if item.parent else None
    unit = contract.get("011") if contract else None
    limit, measure = _measure_limit(unit), item.amount("002")
    return item.get("003") is None and unit in units and limit is not None and measure is not None and measure > limit


@on_block("S21.G00.53.002", "CCH-11")
def activite_heures(item: Node, scope: Scope) -> str | None:
    """Mesure en heures : 3250 au plus."""
    return "Trop d'heures d'activité." if _over_contract_unit(item, scope, frozenset({"10", "21"})) else None


@on_block("S21.G00.53.002", "CCH-12")
def activite_jours(item: Node, scope: Scope) -> str | None:
    """Mesure en jours : 403 au plus."""
    return "Trop de jours d'activité." if _over_contract_unit(item, scope, frozenset({"12", "20"})) else None


def _over_own_unit(item: Node, units: frozenset[str]) -> bool:
    limit, measure = _measure_limit(item.get("003")), item.amount("002")
    return item.get("003") in units and limit is not None and measure is not None and measure > limit


@on_field("S21.G00.53.003", "CCH-13")
def activite_unite_heures(item: Node, _scope: Scope) -> str | None:
    """Unité heure : 3250 au plus."""
    return "Trop d'heures d'activité." if _over_own_unit(item, frozenset({"10", "21"})) else None


@on_field("S21.G00.53.003", "CCH-14")
def activite_unite_jours(item: Node, _scope: Scope) -> str | None:
    """Unité jour : 403 au plus."""
    return "Trop de jours d'activité." if _over_own_unit(item, frozenset({"12", "20"})) else None


@on_field("S21.G00.53.003", "CCH-15")
def activite_plafond(item: Node, _scope: Scope) -> str | None:
    """Unité 40 : travail rémunéré."""
    if item.get("003") == "40" and item.get("001") != "01":
        return "Les jours calendaires du plafond (40) vont avec l'activité 01."
    return None


@on_block("S21.G00.54.004", "CCH-11")
def periode_element(item: Node, _scope: Scope) -> str | None:
    """La fin suit le début."""
    return "La fin de la période précède son début." if _reversed(item, "003", "004") else None


@on_block("S21.G00.54.005", "CCH-11")
def contrat_de_l_element(item: Node, scope: Scope) -> str | None:
    """Le numéro cité, s'il l'est, est celui d'un contrat de l'agent."""
    if scope.nature in MENSUELLES and item.get("005") and not scope.contract(item):
        return "Cet élément de revenu cite un contrat que l'agent n'a pas."
    return None


@on_block("S21.G00.58.002", "CCH-11")
def periode_net(item: Node, _scope: Scope) -> str | None:
    """La fin suit le début."""
    return "La fin de la période précède son début." if _reversed(item, "001", "002") else None


@on_block("S21.G00.58.002", "CCH-12")
def periode_net_limite(item: Node, scope: Scope) -> str | None:
    """Au plus la fin du mois suivant."""
    last = item.day("002")
    if last and scope.end_next and last > scope.end_next:
        return "La période dépasse la fin du mois suivant le mois déclaré."
    return None


@on_block("S21.G00.58.002", "CCH-13")
def periode_net_annee(item: Node, _scope: Scope) -> str | None:
    """Une seule année civile."""
    first, last = item.day("001"), item.day("002")
    return "La période couvre deux années civiles." if first and last and first.year != last.year else None


@on_block("S21.G00.58.002", "CCH-14")
def periode_net_entiere(item: Node, _scope: Scope) -> str | None:
    """Les deux dates ou aucune."""
    if bool(item.get("001")) != bool(item.get("002")):
        return "Le début et la fin de la période vont ensemble."
    return None
