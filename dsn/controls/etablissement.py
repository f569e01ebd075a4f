"""Les contrôles de l'entreprise, de l'établissement, des adresses et du lieu de travail (06, 11, 85)."""

from __future__ import annotations

from collections.abc import Callable

from dsn.controls import keys
from dsn.controls.registry import BlockControl, on_block
from dsn.controls.scope import Node, Scope

_ADRESSES = (
    # code postal, contrôle, localité, contrôle, pays, distribution à l'étranger
    ("S10.G00.01", "005", "CCH-12", "006", "CCH-11", "007", "008"),
    ("S21.G00.06", "005", "CCH-11", "006", "CCH-11", "010", "011"),
    ("S21.G00.11", "004", "CCH-11", "005", "CCH-11", "015", "016"),
    ("S21.G00.30", "009", "CCH-12", "010", "CCH-11", "011", "012"),
    ("S21.G00.85", "004", "CCH-12", "005", "CCH-11", "006", "007"),
)


def _postal(postal: str, country: str, abroad: str) -> BlockControl:
    def control(item: Node, _scope: Scope) -> str | None:
        foreign = item.get(country) or item.get(abroad)
        if item.get(postal) and foreign:
            return "Une adresse a soit un code postal français, soit un code pays étranger, pas les deux."
        return None

    return control


def _town(postal: str, town: str) -> BlockControl:
    def control(item: Node, _scope: Scope) -> str | None:
        return "La localité est obligatoire avec un code postal." if item.get(postal) and not item.get(town) else None

    return control


def _register_addresses(register: Callable[[str, str], Callable[[BlockControl], BlockControl]]) -> None:
    for block, postal, postal_code, town, town_code, country, abroad in _ADRESSES:
        register(f"{block}.{postal}", postal_code)(_postal(postal, country, abroad))
        register(f"{block}.{town}", town_code)(_town(postal, town))


_register_addresses(on_block)


@on_block("S21.G00.06.002", "CSL-11")
def siret_siege(item: Node, _scope: Scope) -> str | None:
    """La clé du SIRET du siège."""
    if item.get("002") and not keys.siret((item.get("001") or "") + (item.get("002") or "")):
        return "La clé du SIRET du siège est fausse : vérifiez le NIC."
    return None


@on_block("S21.G00.11.001", "CSL-12")
def siret_etablissement(_item: Node, scope: Scope) -> str | None:
    """La clé du SIRET de l'établissement."""
    return None if keys.siret(scope.siret()) else "La clé du SIRET de l'établissement est fausse : vérifiez le NIC."


@on_block("S21.G00.11.017", "CCH-11")
def nature_juridique(item: Node, scope: Scope) -> str | None:
    """Obligatoire dès qu'un contrat relève d'une adhésion à l'assurance chômage."""
    if not item.get("017") and any(contract.get("029") in {"03", "04"} for contract in scope.all("40")):
        return (
            "La nature juridique de l'employeur est obligatoire quand il adhère à l'assurance chômage (029 = 03 ou 04)."
        )
    return None


@on_block("S21.G00.85.001", "CCH-12")
def siret_lieu(item: Node, _scope: Scope) -> str | None:
    """Un lieu de travail qui est un établissement porte un SIRET juste."""
    if item.get("010") == "01" and not keys.siret(item.get("001") or ""):
        return "Le lieu de travail est un établissement : son identifiant doit être un SIRET à clé juste."
    return None


@on_block("S21.G00.85.002", "CCH-11")
def apet_lieu(item: Node, _scope: Scope) -> str | None:
    """Code APET obligatoire pour un établissement."""
    return "Le code APET du lieu de travail manque." if item.get("010") == "01" and not item.get("002") else None


@on_block("S21.G00.85.011", "CCH-11")
def insee_lieu(item: Node, _scope: Scope) -> str | None:
    """Code INSEE obligatoire en France."""
    if not item.get("006") and not item.get("011"):
        return "Le code INSEE de la commune du lieu de travail manque."
    return None
