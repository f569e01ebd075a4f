"""Les contrôles d'ensemble : ce qui doit exister ailleurs dans la déclaration pour qu'une rubrique soit permise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from dsn.controls import keys
from dsn.controls.registry import BlockControl, on_block, on_declaration, on_field
from dsn.controls.scope import MENSUELLES, Node, Scope
from dsn.norm import MENSUELLE

AMORCAGE = "08"
_CNIEG = frozenset({"CNIEG_COT_RS", "CNIEG_COT_POOL", "CNIEG_COT_RDC"})
_CIBTP = frozenset({"21", "34", "35", "36", "39", "40"})
_CAISSES = frozenset(f"{code:02d}" for code in range(1, 38))
_INTEMPERIES = frozenset({"507", "602"})


@on_declaration("S20.G00.05.001", "CCH-11")
def un_individu_par_amorcage(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Amorçage : un seul individu, salarié ou non."""
    if scope.nature == AMORCAGE and len(scope.all("30")) + len(scope.all("S89.G00.91")) != 1:
        yield scope.root, "Un signalement d'amorçage porte un et un seul individu."


@on_declaration("S20.G00.05.001", "CCH-12")
def amorcage_avec_anciennete(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Amorçage avec adhésion : une ancienneté."""
    if scope.nature == AMORCAGE and scope.all("15") and not scope.all("86"):
        yield scope.root, "Un amorçage avec une adhésion de prévoyance porte une ancienneté (bloc 86)."


@on_declaration("S20.G00.05.001", "CCH-13")
def amorcage_avec_affiliation(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Amorçage : chaque adhésion a son affiliation."""
    cited = {item.get("013") for item in scope.all("70")}
    for item in scope.all("15"):
        if scope.nature == AMORCAGE and item.get("005") not in cited:
            yield item, "Dans un amorçage, chaque adhésion de prévoyance a son affiliation (bloc 70)."


def _alone(other: str) -> BlockControl:
    def control(_item: Node, scope: Scope) -> str | None:
        if scope.nature == AMORCAGE and scope.all(other):
            return "Un signalement d'amorçage porte un individu salarié ou non salarié, pas les deux."
        return None

    return control


on_field("S21.G00.30.001", "CCH-15")(_alone("S89.G00.91"))
on_field("S21.G00.30.020", "CCH-15")(_alone("S89.G00.91"))
on_field("S89.G00.91.001", "CCH-14")(_alone("S21.G00.30"))
on_field("S89.G00.91.021", "CCH-15")(_alone("S21.G00.30"))


@on_field("S21.G00.20.002", "CCH-12")
def entite_cnieg(item: Node, scope: Scope) -> str | None:
    """Entité CNIEG : au moins un contrat du régime 147."""
    return _cnieg(item, scope)


@on_field("S21.G00.22.002", "CCH-13")
def bordereau_cnieg(item: Node, scope: Scope) -> str | None:
    """Entité CNIEG : au moins un contrat du régime 147."""
    return _cnieg(item, scope)


def _cnieg(item: Node, scope: Scope) -> str | None:
    if item.get("002") in _CNIEG and not any(contract.get("020") == "147" for contract in scope.all("40")):
        return "Cette entité suppose un contrat du régime des industries électriques et gazières (40.020 = 147)."
    return None


@on_block("S21.G00.34.002", "CCH-11")
def contrat_de_l_exposition(item: Node, scope: Scope) -> str | None:
    """Le numéro cité est celui d'un contrat de l'agent."""
    return None if scope.contract(item) else "Cette exposition cite un contrat que l'agent n'a pas."


@on_field("S21.G00.40.046", "CCH-13")
def utilisateur_decrit(item: Node, scope: Scope) -> str | None:
    """Établissement utilisateur : décrit dans un bloc 85."""
    if any(place.get("001") == item.get("046") for place in scope.all("85")):
        return None
    return "L'établissement utilisateur se décrit dans un bloc S21.G00.85."


@on_field("S21.G00.40.078", "CCH-11")
def heures_d_activite_partielle(item: Node, _scope: Scope) -> str | None:
    """Activité partielle : des heures de type 019."""
    pays = item.parent.all("51") if item.parent else []
    if any(pay.get("011") == "019" and (pay.amount("012") or 0) > 0 for pay in pays):
        return None
    return "L'activité partielle demande des heures de type 019 (bloc 51)."


@on_field("S21.G00.40.078", "CCH-12")
def suspension_d_activite_partielle(item: Node, _scope: Scope) -> str | None:
    """Activité partielle : une suspension 602 datée."""
    pauses = item.parent.all("65") if item.parent else []
    if any(pause.get("001") == "602" and pause.get("002") for pause in pauses):
        return None
    return "L'activité partielle demande une suspension de motif 602 (bloc 65)."


@on_declaration("S21.G00.50.001", "CCH-16")
def deduction_par_contrat(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Plusieurs contrats dans un versement : la déduction forfaitaire (54 de type 10) dit le sien."""
    for payment in scope.all("50"):
        if len({pay.get("010") for pay in payment.kids("51")}) > 1:
            for item in payment.kids("54"):
                if item.get("001") == "10" and not item.get("005"):
                    yield item, "Ce versement paie plusieurs contrats : la déduction forfaitaire dit le sien (54.005)."


def _lines_of_service(scope: Scope) -> Iterator[tuple[Node, Node, set[str | None], int | None]]:
    """Pour chaque versement : ligne de service (93), versement, types payés, brut chômage de son engagement."""
    if scope.nature not in MENSUELLES:
        return
    for line in scope.having("S21.G00.40.076"):
        person = line.parent
        if line.get("007") != "93" or person is None:
            continue
        main = next((item for item in person.kids("40") if item.get("009") == line.get("076")), None)
        if main is None or main.get("007") not in {"91", "92"}:
            continue
        for payment in person.kids("50"):
            pays = payment.kids("51")
            gross = [p.amount("013") for p in pays if p.get("010") == main.get("009") and p.get("011") == "002"]
            kinds = {p.get("011") for p in pays if p.get("010") == line.get("009")}
            yield line, payment, kinds, gross[0] if gross else None


@on_declaration("S21.G00.51.011", "CCH-12")
def ligne_payee_a_l_engagement(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Marins : l'engagement porte le brut chômage, la ligne de service le répète (002)."""
    for _line, payment, kinds, gross in _lines_of_service(scope):
        if gross and "002" not in kinds:
            yield payment, "La ligne de service demande une rémunération de type 002 dans ce versement."


@on_declaration("S21.G00.51.011", "CCH-13")
def ligne_payee_seule(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Marins : l'engagement est à zéro, la ligne de service porte les quatre rémunérations."""
    for _line, payment, kinds, gross in _lines_of_service(scope):
        if gross == 0 and not {"001", "002", "003", "010"} <= kinds:
            yield payment, "La ligne de service demande les rémunérations 001, 002, 003 et 010 dans ce versement."


@on_declaration("S21.G00.53.003", "SIG-11")
def jours_crpnpac(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Personnel navigant (389b, 546d) : une activité en jours CRPNPAC (38)."""
    for contract in scope.all("40"):
        if contract.get("004") in {"389b", "546d"} and contract.parent:
            pays = [pay for pay in contract.parent.all("51") if pay.get("010") == contract.get("009")]
            if not any(activity.get("003") == "38" for pay in pays for activity in pay.kids("53")):
                yield contract, "Pour cette profession, une activité en jours CRPNPAC (53.003 = 38) est attendue."


@on_declaration("S21.G00.65.001", "SIG-11")
def heures_de_chomage(scope: Scope) -> Iterator[tuple[Node, str]]:
    """En mensuelle, chômage (507, 602) : des heures de type 019 ou 025."""
    paused = [item for item in scope.all("65") if item.get("001") in _INTEMPERIES]
    if scope.nature == MENSUELLE and paused and not any(p.get("011") in {"019", "025"} for p in scope.all("51")):
        yield paused[0], "Une suspension pour chômage appelle des heures de type 019 ou 025 (bloc 51)."


def _caisses(base: Node, *, past: bool) -> set[str]:
    """Les deux premiers chiffres des caisses de congés de l'agent, anciennes comprises."""
    person = base.up("30")
    contracts = person.kids("40") if person else []
    codes = [contract.get("022") for contract in contracts]
    if past:
        codes += [change.get("023") for contract in contracts for change in contract.kids("41")]
    return {code[:2] for code in codes if code}


@on_block("S21.G00.78.001", "CCH-11", quand=("001", _CIBTP))
def base_cibtp(item: Node, scope: Scope) -> str | None:
    """Bases du bâtiment : une caisse 01 à 37."""
    if scope.nature in MENSUELLES and item.get("001") in _CIBTP and not _caisses(item, past=True) & (_CAISSES | {"99"}):
        return "Cette base suppose une caisse de congés payés du bâtiment (40.022 entre 01 et 37)."
    return None


@on_block("S21.G00.78.001", "CCH-24", quand=("001", {"20"}))
def base_conges(item: Node, _scope: Scope) -> str | None:
    """Base 20 : une caisse de congés."""
    if item.get("001") == "20" and not _caisses(item, past=True):
        return "La base 20 suppose une caisse de congés payés (40.022 ou 41.023)."
    return None


@on_block("S21.G00.78.001", "CCH-25", quand=("001", _CIBTP))
def base_cibtp_fin(item: Node, scope: Scope) -> str | None:
    """En fin de contrat unique, bases du bâtiment : une caisse 01 à 37."""
    if scope.nature == "07" and item.get("001") in _CIBTP and not _caisses(item, past=False) & _CAISSES:
        return "Cette base suppose une caisse de congés payés du bâtiment (40.022 entre 01 et 37)."
    return None


@on_block("S21.G00.78.001", "CCH-26", quand=("001", {"20"}))
def base_conges_fin(item: Node, scope: Scope) -> str | None:
    """En fin de contrat unique, base 20 : une caisse de congés."""
    if scope.nature == "07" and item.get("001") == "20" and not _caisses(item, past=False):
        return "La base 20 suppose une caisse de congés payés (40.022)."
    return None


@on_declaration("S21.G00.78.001", "SIG-18")
def bases_crpnpac(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Affilié au CRPNPAC : une base 41 ou 42."""
    for person in scope.all("30"):
        affiliated = any(item.get("002") == "CRPNPAC" for item in person.all("71"))
        if affiliated and not any(base.get("001") in {"41", "42"} for base in person.all("78")):
            yield person, "Un affilié du CRPNPAC porte une base 41 ou 42."


@on_block("S21.G00.78.003", "SIG-17", quand=("001", {"31"}))
def base_dans_contrat(item: Node, scope: Scope) -> str | None:
    """Base 31 : la période tient dans celle du contrat affilié.

    Ne s'applique ni aux missions ni aux artistes ; faute de la table des artistes, un contrat qui porte un complément
    d'emploi (40.005) n'est pas jugé.
    """
    person, first, last = item.up("30"), item.day("002"), item.day("003")
    if item.get("001") != "31" or person is None or first is None or last is None:
        return None
    contracts = [found.parent for found in person.all("70") if found.get("012") == item.get("005") and found.parent]
    judged = [contract for contract in contracts if contract.get("007") != "03" and not contract.get("005")]
    if not judged or any(_covers(contract, first, last, scope) for contract in contracts):
        return None
    return "La période de cette base sort de celle du contrat affilié."


def _covers(contract: Node, first: date, last: date, scope: Scope) -> bool:
    begun = contract.day("001")
    ending = next((end for end in contract.kids("62") if end.get("002") != "099"), None)
    ended = ending.day("001") if ending else scope.end
    return begun is None or ended is None or (begun <= first and last <= ended)


_OETH = (("CCH-22", "065", "066"), ("CCH-23", "066", "067"), ("CCH-24", "065", "068"))


def _pair(left: str, right: str) -> BlockControl:
    def control(item: Node, scope: Scope) -> str | None:
        if item.get("002") not in {left, right}:
            return None
        other = right if item.get("002") == left else left
        period = (item.get("003"), item.get("004"))
        if any(kid.get("002") == other and (kid.get("003"), kid.get("004")) == period for kid in scope.all("82")):
            return None
        return f"Les cotisations {left} et {right} se déclarent ensemble, pour la même période."

    return control


for _code, _left, _right in _OETH:
    on_block("S21.G00.82.002", _code)(_pair(_left, _right))


@on_declaration("S21.G00.83.001", "CCH-11")
def periode_a_tort(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Affiliation à tort (72) si et seulement si période à tort (83)."""
    for person in scope.all("30"):
        wrong, periods = person.all("72"), person.all("83")
        if wrong and not periods:
            yield wrong[0], "Une affiliation à tort (72) demande sa période (bloc 83)."
        if periods and not wrong:
            yield periods[0], "Une période à tort (83) suppose une affiliation à tort (bloc 72)."


@on_block("S21.G00.85.001", "CCH-11")
def siren_lieu(item: Node, _scope: Scope) -> str | None:
    """Un établissement porte un SIREN juste."""
    if item.get("010") == "01" and not keys.siren((item.get("001") or "")[:9]):
        return "Le lieu de travail est un établissement : la clé de son SIREN est fausse."
    return None


@on_block("S21.G00.85.001", "CCH-13")
def domicile_sans_siret(item: Node, _scope: Scope) -> str | None:
    """À domicile : pas un SIRET."""
    if item.get("010") == "03" and keys.siret(item.get("001") or ""):
        return "Un lieu de travail à domicile (03) n'a pas de SIRET : donnez-lui un identifiant libre."
    return None


@on_block("S21.G00.85.002", "CCH-12")
def apet_utilisateur(item: Node, scope: Scope) -> str | None:
    """Établissement utilisateur : code APET."""
    used = any(contract.get("046") == item.get("001") for contract in scope.having("S21.G00.40.046"))
    return "Le code APET de l'établissement utilisateur manque." if used and not item.get("002") else None
