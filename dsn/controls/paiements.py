"""Les contrôles des paiements, du bordereau Urssaf et des cotisations agrégées (20, 22, 23)."""

from __future__ import annotations

from dsn.controls.registry import on_block, on_field
from dsn.controls.scope import Node, Scope

CTP_AVEC_COMMUNE = frozenset({"900", "901", "911", "917", "921", "927"})
"""Versement mobilité : code INSEE obligatoire (CT p.168)."""


def _dgfip(item: Node) -> bool:
    return (item.get("001") or "").upper() == "DGFIP"


def _other_payer(item: Node, scope: Scope) -> bool:
    return bool(item.get("012")) and item.get("012") != scope.siret()


def _urssaf(item: Node, scope: Scope) -> bool:
    """Une Urssaf se reconnaît à son bordereau S21.G00.22, que les autres organismes publics n'emploient pas."""
    return any(slip.get("001") == item.get("001") for slip in scope.all("22"))


def _same_month(item: Node, start: str, end: str) -> bool:
    first, last = item.day(start), item.day(end)
    return first is None or last is None or (first.year, first.month) == (last.year, last.month)


def _reversed(item: Node, start: str, end: str) -> bool:
    first, last = item.day(start), item.day(end)
    return first is not None and last is not None and last < first


def _beyond_month(item: Node, suffix: str, scope: Scope) -> bool:
    found = item.day(suffix)
    return found is not None and scope.end is not None and found > scope.end


def _current_crm(item: Node, suffix: str, period: Node, end: str, scope: Scope) -> str | None:
    """Un identifiant de CRM ne vaut que pour une période antérieure au mois déclaré."""
    found = period.day(end)
    if item.get(suffix) and found and scope.month and found >= scope.month:
        return "L'identifiant de CRM ne se renseigne que pour une période antérieure au mois déclaré."
    return None


@on_block("S21.G00.20.002", "CCH-11")
def entite_dgfip(item: Node, _scope: Scope) -> str | None:
    """DGFIP : entité DGFIP_PAS ou DGFIP_SATD."""
    if _dgfip(item) and item.get("002") not in {"DGFIP_PAS", "DGFIP_SATD"}:
        return "Un versement à la DGFIP précise l'entité DGFIP_PAS ou DGFIP_SATD."
    return None


@on_block("S21.G00.20.003", "CCH-12")
def bic_autre_payeur(item: Node, scope: Scope) -> str | None:
    """Pas de BIC si un autre établissement paie."""
    return "Pas de BIC quand un autre établissement paie." if item.get("003") and _other_payer(item, scope) else None


@on_block("S21.G00.20.004", "CCH-12")
def iban_autre_payeur(item: Node, scope: Scope) -> str | None:
    """Pas d'IBAN si un autre établissement paie."""
    return "Pas d'IBAN quand un autre établissement paie." if item.get("004") and _other_payer(item, scope) else None


@on_block("S21.G00.20.005", "CCH-13")
def montant_dgfip(item: Node, _scope: Scope) -> str | None:
    """DGFIP : 999 999 999,00 au plus."""
    amount = item.amount("005")
    return "Montant trop grand pour la DGFIP." if _dgfip(item) and amount and amount > 99_999_999_900 else None


@on_block("S21.G00.20.006", "CCH-11")
def periode_urssaf(item: Node, scope: Scope) -> str | None:
    """Urssaf : un seul mois civil."""
    if _urssaf(item, scope) and not _same_month(item, "006", "007"):
        return "Un versement à l'Urssaf couvre un seul mois civil."
    return None


@on_block("S21.G00.20.007", "CCH-11")
def periode_ordonnee(item: Node, _scope: Scope) -> str | None:
    """La fin suit le début."""
    return "La fin de la période précède son début." if _reversed(item, "006", "007") else None


@on_block("S21.G00.20.007", "CCH-13")
def periode_passee(item: Node, scope: Scope) -> str | None:
    """La fin ne dépasse pas le mois déclaré."""
    return "La période du versement dépasse le mois déclaré." if _beyond_month(item, "007", scope) else None


@on_block("S21.G00.20.010", "CCH-12")
def iban_si_prelevement(item: Node, _scope: Scope) -> str | None:
    """Prélèvement SEPA : IBAN obligatoire."""
    if item.get("010") == "05" and not item.get("004"):
        return "Un prélèvement SEPA (05) demande l'IBAN du compte à débiter."
    return None


@on_block("S21.G00.20.010", "CCH-14")
def mode_dgfip(item: Node, _scope: Scope) -> str | None:
    """DGFIP : prélèvement ou autre payeur."""
    if _dgfip(item) and item.get("010") not in {"05", "06"}:
        return "La DGFIP est payée par prélèvement SEPA (05) ou par un autre établissement (06)."
    return None


@on_block("S21.G00.20.010", "SIG-13")
def bic_si_prelevement(item: Node, _scope: Scope) -> str | None:
    """Prélèvement SEPA : BIC attendu."""
    return "Le BIC est attendu avec un prélèvement SEPA." if item.get("010") == "05" and not item.get("003") else None


@on_block("S21.G00.20.010", "SIG-14")
def mode_autre_payeur(item: Node, scope: Scope) -> str | None:
    """Autre payeur : mode 06."""
    if _other_payer(item, scope) and item.get("010") != "06":
        return "Le SIRET payeur est un autre établissement : le mode de paiement doit être 06."
    return None


@on_block("S21.G00.20.012", "CCH-11")
def montant_autre_payeur(item: Node, scope: Scope) -> str | None:
    """DGFIP payée par un autre établissement : montant nul."""
    if _dgfip(item) and _other_payer(item, scope) and item.amount("005"):
        return "Quand un autre établissement paie la DGFIP, le montant déclaré ici est 0.00."
    return None


@on_block("S21.G00.20.012", "CCH-12")
def payeur_si_mode_06(item: Node, scope: Scope) -> str | None:
    """Mode 06 : SIRET payeur d'un autre établissement."""
    if item.get("010") == "06" and not _other_payer(item, scope):
        return "Le mode 06 demande le SIRET de l'établissement qui paie, différent de celui-ci."
    return None


@on_block("S21.G00.20.012", "CCH-13")
def payeur_dgfip(item: Node, _scope: Scope) -> str | None:
    """DGFIP en prélèvement : pas de SIRET payeur."""
    if _dgfip(item) and item.get("010") == "05" and item.get("012"):
        return "Pas de SIRET payeur pour un prélèvement de la DGFIP."
    return None


@on_block("S21.G00.20.012", "CCH-14")
def siren_payeur(item: Node, scope: Scope) -> str | None:
    """DGFIP : le payeur a le même SIREN."""
    payer = item.get("012")
    if _dgfip(item) and payer and payer[:9] != scope.siret()[:9]:
        return "Le SIRET payeur de la DGFIP doit avoir le SIREN de l'employeur déclaré."
    return None


@on_block("S21.G00.20.013", "CCH-11")
def crm_versement(item: Node, scope: Scope) -> str | None:
    """CRM : période passée seulement."""
    return _current_crm(item, "013", item, "007", scope)


@on_block("S21.G00.20.014", "CCH-11")
def identifiant_satd(item: Node, _scope: Scope) -> str | None:
    """SATD : identifiant du versement obligatoire."""
    if item.get("002") == "DGFIP_SATD" and not item.get("014"):
        return "Un versement au titre d'une saisie (DGFIP_SATD) demande l'identifiant du versement."
    return None


@on_block("S21.G00.22.003", "CCH-11")
def periode_bordereau(item: Node, _scope: Scope) -> str | None:
    """Bordereau : un seul mois civil."""
    return None if _same_month(item, "003", "004") else "Un bordereau Urssaf couvre un seul mois civil."


@on_block("S21.G00.22.004", "CCH-11")
def bordereau_ordonne(item: Node, _scope: Scope) -> str | None:
    """La fin suit le début."""
    return "La fin de la période du bordereau précède son début." if _reversed(item, "003", "004") else None


@on_block("S21.G00.22.004", "CCH-12")
def bordereau_passe(item: Node, scope: Scope) -> str | None:
    """La fin ne dépasse pas le mois déclaré."""
    return "La période du bordereau dépasse le mois déclaré." if _beyond_month(item, "004", scope) else None


@on_block("S21.G00.22.005", "CCH-11")
def bordereau_negatif(item: Node, scope: Scope) -> str | None:
    """Pas de bordereau négatif pour la période courante."""
    paid = [found for payment in scope.all("50") if (found := payment.day("001"))]
    end, amount = item.day("004"), item.amount("005")
    if scope.type not in {"02", "05"} and amount is not None and amount < 0 and end and paid and end >= max(paid):
        return "Le bordereau de la période courante ne peut pas être négatif."
    return None


@on_block("S21.G00.22.006", "CCH-11")
def crm_bordereau(item: Node, scope: Scope) -> str | None:
    """CRM : période passée seulement."""
    return _current_crm(item, "006", item, "004", scope)


@on_block("S21.G00.23.006", "CCH-11", quand=("001", CTP_AVEC_COMMUNE))
def commune_mobilite(item: Node, _scope: Scope) -> str | None:
    """Versement mobilité : code INSEE obligatoire."""
    if item.get("001") in CTP_AVEC_COMMUNE and not item.get("006"):
        return f"Le code de cotisation {item.get('001')} (versement mobilité) demande le code INSEE de la commune."
    return None


@on_field("S21.G00.23.007", "CCH-11")
def crm_cotisation(item: Node, scope: Scope) -> str | None:
    """CRM : période passée seulement."""
    return _current_crm(item, "007", item.parent, "004", scope) if item.parent else None


@on_block("S21.G00.55.005", "CCH-11")
def crm_composant_versement(item: Node, scope: Scope) -> str | None:
    """CRM : période passée seulement."""
    return _current_crm(item, "005", item.parent, "007", scope) if item.parent else None


@on_block("S21.G00.82.006", "CCH-11")
def crm_cotisation_etablissement(item: Node, scope: Scope) -> str | None:
    """CRM : période passée seulement."""
    return _current_crm(item, "006", item, "004", scope)
