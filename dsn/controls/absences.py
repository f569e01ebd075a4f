"""Les contrôles des arrêts, des fins de contrat, des suspensions et de l'ancienneté (60, 62, 65, 66, 86)."""

from __future__ import annotations

from collections.abc import Iterator

from dsn.controls.registry import on_block, on_declaration
from dsn.controls.scope import Node, Scope
from dsn.norm import MENSUELLE

THERAPEUTIQUE = frozenset({"15", "16", "17", "18"})
_PRIVE = frozenset({"01", "02", "03", "07", "08", "82", "91", "92"})


def _end_of_contract(item: Node) -> Node | None:
    contract = item.up("40")
    return next((end for end in contract.kids("62") if end.get("002") != "099"), None) if contract else None


@on_block("S21.G00.60.001", "SIG-13")
def mi_temps_therapeutique(item: Node, _scope: Scope) -> str | None:
    """Temps partiel thérapeutique : bloc 66."""
    if item.get("001") in THERAPEUTIQUE and not item.kids("66"):
        return "Un temps partiel thérapeutique demande un bloc S21.G00.66."
    return None


@on_block("S21.G00.60.002", "CCH-12")
def arret_ordonne(item: Node, _scope: Scope) -> str | None:
    """Dernier jour travaillé avant la fin prévue."""
    first, last = item.day("002"), item.day("003")
    return "La fin prévue de l'arrêt précède le dernier jour travaillé." if first and last and first > last else None


@on_block("S21.G00.60.002", "CCH-13")
def arret_dans_contrat(item: Node, _scope: Scope) -> str | None:
    """Dernier jour travaillé depuis le début du contrat, sauf fonctionnaire, annulation, temps thérapeutique."""
    contract = item.parent
    if contract is None or contract.get("007") == "50":
        return None
    if item.get("001") in THERAPEUTIQUE | {"99"} or item.get("011") == "02":
        return None
    worked, begun = item.day("002"), contract.day("001")
    return "Le dernier jour travaillé précède le début du contrat." if worked and begun and worked < begun else None


@on_block("S21.G00.60.002", "CCH-17")
def arret_avant_fin(item: Node, _scope: Scope) -> str | None:
    """Dernier jour travaillé avant la fin du contrat."""
    end, worked = _end_of_contract(item), item.day("002")
    ended = end.day("001") if end else None
    if item.get("001") != "99" and worked and ended and worked > ended:
        return "Le dernier jour travaillé suit la fin du contrat."
    return None


def _subrogation(item: Node, suffix: str, *, only: bool) -> str | None:
    subrogated = item.get("004") == "01"
    if subrogated and not item.get(suffix):
        return "La subrogation est déclarée : cette rubrique est obligatoire."
    if only and not subrogated and item.get(suffix):
        return "Sans subrogation (60.004 = 01), cette rubrique est interdite."
    return None


@on_block("S21.G00.60.005", "CCH-11")
def debut_subrogation(item: Node, _scope: Scope) -> str | None:
    """Début de subrogation si et seulement si subrogation."""
    return _subrogation(item, "005", only=True)


@on_block("S21.G00.60.006", "CCH-11")
def fin_subrogation(item: Node, _scope: Scope) -> str | None:
    """Fin de subrogation si et seulement si subrogation."""
    return _subrogation(item, "006", only=True)


@on_block("S21.G00.60.006", "CCH-12")
def subrogation_ordonnee(item: Node, _scope: Scope) -> str | None:
    """La fin suit le début."""
    first, last = item.day("005"), item.day("006")
    return "La fin de la subrogation précède son début." if first and last and last < first else None


@on_block("S21.G00.60.007", "CCH-11")
def iban_subrogation(item: Node, _scope: Scope) -> str | None:
    """Subrogation : IBAN."""
    return _subrogation(item, "007", only=False)


@on_block("S21.G00.60.008", "CCH-11")
def bic_subrogation(item: Node, _scope: Scope) -> str | None:
    """Subrogation : BIC."""
    return _subrogation(item, "008", only=False)


@on_block("S21.G00.60.010", "CCH-11")
def reprise(item: Node, _scope: Scope) -> str | None:
    """La reprise suit le début du contrat et le dernier jour travaillé."""
    back, worked = item.day("010"), item.day("002")
    begun = item.parent.day("001") if item.parent else None
    if back and ((worked and back < worked) or (begun and back < begun)):
        return "La reprise précède le dernier jour travaillé ou le début du contrat."
    return None


@on_block("S21.G00.62.002", "CCH-11")
def motif_selon_nature(item: Node, scope: Scope) -> str | None:
    """Motif de rupture permis pour la nature du contrat (matrice p.267-269)."""
    allowed = scope.norm.motifs_rupture.get(item.get("002") or "")
    contract = item.parent
    if allowed is None or contract is None:
        return None
    nature = contract.get("007") or ""
    if nature not in allowed:
        return f"Le motif {item.get('002')} n'est pas permis pour un contrat de nature {nature}."
    dispositifs = allowed[nature]
    if dispositifs is not None and contract.get("008") not in dispositifs:
        return f"Le motif {item.get('002')} suppose un dispositif {' ou '.join(dispositifs)} (40.008)."
    return None


@on_block("S21.G00.62.002", "CCH-13")
def annulation_mensuelle(item: Node, scope: Scope) -> str | None:
    """Annulation d'une fin : mensuelle."""
    if item.get("002") == "099" and scope.nature != "01":
        return "L'annulation d'une fin de contrat (099) se fait en DSN mensuelle."
    return None


@on_block("S21.G00.62.002", "CCH-14")
def ligne_de_service(item: Node, _scope: Scope) -> str | None:
    """Motif 116 : marins."""
    if item.get("002") == "116" and item.parent and item.parent.get("020") != "136":
        return "Le motif 116 est réservé aux marins."
    return None


@on_block("S21.G00.62.019", "CCH-12")
def conges_marins(item: Node, _scope: Scope) -> str | None:
    """Solde de congés : marins."""
    if item.get("019") and item.parent and item.parent.get("020") != "136":
        return "Le solde de congés (019) est réservé aux marins."
    return None


@on_block("S21.G00.65.002", "CCH-11")
def suspension_dans_contrat(item: Node, _scope: Scope) -> str | None:
    """La suspension suit le début du contrat."""
    start = item.day("002")
    begun = item.parent.day("001") if item.parent else None
    return "La suspension commence avant le contrat." if start and begun and start < begun else None


@on_block("S21.G00.65.002", "CCH-13")
def suspension_avant_fin(item: Node, _scope: Scope) -> str | None:
    """La suspension précède la fin du contrat."""
    end, start = _end_of_contract(item), item.day("002")
    ended = end.day("001") if end else None
    if item.get("001") != "998" and start and ended and start > ended:
        return "La suspension commence après la fin du contrat."
    return None


@on_block("S21.G00.65.003", "CCH-11")
def suspension_ordonnee(item: Node, _scope: Scope) -> str | None:
    """La fin suit le début."""
    first, last = item.day("002"), item.day("003")
    return "La fin de la suspension précède son début." if first and last and last < first else None


@on_block("S21.G00.65.004", "CCH-11")
def position_detachement(item: Node, _scope: Scope) -> str | None:
    """Position de détachement si et seulement si motif 655 ou 674."""
    if bool(item.get("004")) != (item.get("001") in {"655", "674"}):
        return "La position de détachement accompagne les motifs 655 et 674, et eux seuls."
    return None


@on_block("S21.G00.66.002", "SIG-11")
def therapeutique_ordonne(item: Node, _scope: Scope) -> str | None:
    """La fin suit le début."""
    first, last = item.day("001"), item.day("002")
    return "La fin du temps partiel thérapeutique précède son début." if first and last and last < first else None


@on_declaration("S21.G00.86.001", "CCH-13")
def anciennete_unique(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Une ancienneté par type et contrat."""
    for person in scope.all("30"):
        seen: set[tuple[str | None, str | None]] = set()
        for item in person.kids("86"):
            key = (item.get("005"), item.get("001"))
            if key in seen:
                yield item, "Ce type d'ancienneté figure déjà pour ce contrat."
            seen.add(key)


@on_declaration("S21.G00.86.001", "CCH-14")
def anciennete_entreprise(scope: Scope) -> Iterator[tuple[Node, str]]:
    """En mensuelle, contrat de droit privé : ancienneté dans l'entreprise (07)."""
    if scope.nature != MENSUELLE:
        return
    for person in scope.all("30"):
        private = any(contract.get("007") in _PRIVE for contract in person.kids("40"))
        if private and not any(item.get("001") == "07" for item in person.kids("86")):
            yield person, "Contrat de droit privé : l'ancienneté dans l'entreprise (bloc 86 de type 07) manque."


@on_block("S21.G00.86.005", "CCH-11")
def contrat_de_l_anciennete(item: Node, scope: Scope) -> str | None:
    """Le numéro cité est celui d'un contrat de l'agent."""
    return None if scope.contract(item) else "Cette ancienneté cite un contrat que l'agent n'a pas."
