"""Les contrôles des régularisations de prélèvement à la source et des saisies (56, 98)."""

from __future__ import annotations

import re

from dsn.controls.registry import on_block
from dsn.controls.scope import Node, Scope


def year_month(value: str | None) -> tuple[int, int] | None:
    """(année, mois) d'une valeur MMAAAA."""
    if value is None or not re.fullmatch(r"[0-9]{6}", value):
        return None
    return int(value[2:]), int(value[:2])


def declared_month(scope: Scope) -> tuple[int, int] | None:
    return (scope.month.year, scope.month.month) if scope.month else None


@on_block("S21.G00.56.001", "CCH-11")
def erreur_passee(item: Node, scope: Scope) -> str | None:
    """Le mois de l'erreur ne suit pas le mois déclaré."""
    error, declared = year_month(item.get("001")), declared_month(scope)
    return "Le mois de l'erreur suit le mois déclaré." if error and declared and error > declared else None


def _requires(item: Node, kind: str, suffixes: tuple[str, ...]) -> str | None:
    missing = [suffix for suffix in suffixes if not item.get(suffix)]
    if item.get("002") == kind and missing:
        return f"Pour une régularisation de type {kind}, il manque 56.{', 56.'.join(missing)}."
    return None


@on_block("S21.G00.56.002", "CCH-11")
def rectification_rnf(item: Node, _scope: Scope) -> str | None:
    """Type 01 : 003, 006 et 010."""
    return _requires(item, "01", ("003", "006", "010"))


@on_block("S21.G00.56.002", "CCH-12")
def rectification_taux(item: Node, _scope: Scope) -> str | None:
    """Type 02 : 005 et 015."""
    return _requires(item, "02", ("005", "015"))


@on_block("S21.G00.56.002", "CCH-13")
def indu(item: Node, _scope: Scope) -> str | None:
    """Type 03 : 003, 006 et 010."""
    return _requires(item, "03", ("003", "006", "010"))


@on_block("S21.G00.56.002", "CCH-16")
def meme_annee(item: Node, scope: Scope) -> str | None:
    """Hors janvier : une erreur de l'année en cours."""
    error, declared = year_month(item.get("001")), declared_month(scope)
    if item.get("002") in {"01", "02"} and error and declared and declared[1] != 1 and error[0] < declared[0]:
        return "Une régularisation de type 01 ou 02 ne porte que sur l'année du mois déclaré."
    return None


@on_block("S21.G00.56.002", "CCH-17")
def janvier(item: Node, scope: Scope) -> str | None:
    """En janvier : une erreur de l'année précédente."""
    error, declared = year_month(item.get("001")), declared_month(scope)
    if item.get("002") in {"01", "02"} and error and declared and declared[1] == 1 and error[0] != declared[0] - 1:
        return "En janvier, une régularisation de type 01 ou 02 porte sur l'année précédente."
    return None


@on_block("S21.G00.56.002", "CCH-27")
def sans_pas(item: Node, _scope: Scope) -> str | None:
    """Type 04 : montant régularisé nul."""
    if item.get("002") == "04" and item.amount("007") != 0:
        return "Sans prélèvement à la source (04), le montant régularisé est 0.00."
    return None


@on_block("S21.G00.56.010", "CCH-11")
def montant_et_rnf(item: Node, _scope: Scope) -> str | None:
    """010 suppose 003."""
    if item.get("010") and not item.get("003"):
        return "La régularisation du montant soumis suppose celle de la rémunération nette fiscale (56.003)."
    return None


@on_block("S21.G00.98.004", "CCH-11")
def saisie_passee(item: Node, scope: Scope) -> str | None:
    """Le mois de l'erreur précède le mois déclaré."""
    error, declared = year_month(item.get("004")), declared_month(scope)
    return "Le mois de l'erreur doit précéder le mois déclaré." if error and declared and error >= declared else None
