"""Les contrôles des honoraires et des individus non salariés (S89)."""

from __future__ import annotations

from collections.abc import Iterator

from dsn.controls import keys
from dsn.controls.registry import BlockControl, on_block, on_declaration, on_field
from dsn.controls.regularisations import declared_month, year_month
from dsn.controls.scope import Node, Scope


@on_declaration("S89.G00.32.001", "CCH-12")
def honoraires_chiffres(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Un montant positif dans au moins un bloc 33, 35 ou 43."""
    for item in scope.all("S89.G00.32"):
        if not any((amount := _first_amount(kid)) is not None and amount > 0 for kid in item.children):
            yield item, "Un bénéficiaire d'honoraires porte au moins un montant positif (bloc S89.G00.33, 35 ou 43)."


def _first_amount(item: Node) -> int | None:
    amounts = [amount for suffix in item.values if (amount := item.amount(suffix)) is not None]
    return max(amounts, default=None)


@on_field("S89.G00.32.005", "CCH-11")
def siret_honoraires(item: Node, _scope: Scope) -> str | None:
    """La clé du SIRET du bénéficiaire."""
    if item.get("004") and not keys.siret((item.get("004") or "") + (item.get("005") or "")):
        return "La clé du SIRET du bénéficiaire des honoraires est fausse."
    return None


def _bases(person: Node, kind: str) -> set[str | None]:
    return {base.get("002") for base in person.kids("S89.G00.92") if base.get("001") == kind}


def _required_bases(kinds: tuple[str, ...], required: frozenset[str], text: str) -> BlockControl:
    def control(item: Node, _scope: Scope) -> str | None:
        person = item.parent
        if person is None or item.get("001") not in kinds or person.get("018") in {None, "10"}:
            return None
        return None if required <= _bases(person, item.get("001") or "") else text

    return control


on_block("S89.G00.92.001", "CCH-12")(
    _required_bases(("01", "02", "03"), frozenset({"23", "43"}), "Cette allocation demande les bases 23 et 43.")
)
on_block("S89.G00.92.001", "CCH-13")(
    _required_bases(
        ("05",), frozenset({"51", "52", "53"}), "Une somme versée à un tiers demande les bases 51, 52 et 53."
    )
)


@on_declaration("S89.G00.92.001", "CCH-15")
def assiette_brute(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Une base 50 par type, période et date de versement."""
    for person in scope.all("S89.G00.91"):
        groups: dict[tuple[str | None, ...], list[Node]] = {}
        for base in person.kids("S89.G00.92"):
            key = tuple(base.get(suffix) for suffix in ("001", "004", "005", "011"))
            groups.setdefault(key, []).append(base)
        for bases in groups.values():
            if not any(base.get("002") == "50" for base in bases):
                yield bases[0], "L'assiette brute déplafonnée (base 50) manque pour ce revenu et cette période."


@on_field("S89.G00.92.010", "CCH-11")
def montant_pas(item: Node, _scope: Scope) -> str | None:
    """PAS = montant soumis × taux, à un euro près."""
    base, rate, tax = item.amount("013"), item.amount("007"), item.amount("010")
    if base is None or rate is None or tax is None:
        return None
    if abs(tax * 10_000 - base * rate) > 100 * 10_000:
        return "Le prélèvement à la source n'est pas le montant soumis multiplié par le taux, à un euro près."
    return None


@on_field("S89.G00.92.015", "CCH-11")
def crm_non_salarie(item: Node, scope: Scope) -> str | None:
    """CRM : période passée seulement."""
    end = item.day("005")
    if end and scope.month and end >= scope.month:
        return "L'identifiant de CRM ne se renseigne que pour une période antérieure au mois déclaré."
    return None


@on_block("S89.G00.93.002", "CCH-17")
def janvier(item: Node, scope: Scope) -> str | None:
    """En janvier : une erreur de l'année précédente."""
    error, declared = year_month(item.get("001")), declared_month(scope)
    if item.get("002") in {"01", "02"} and error and declared and declared[1] == 1 and error[0] != declared[0] - 1:
        return "En janvier, une régularisation de type 01 ou 02 porte sur l'année précédente."
    return None
