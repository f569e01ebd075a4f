"""Les clés et les formes qu'une rubrique doit respecter : SIREN, SIRET, IBAN, mél, identités, adresses."""

from __future__ import annotations

import re

LA_POSTE = "356000000"
_MAIL = re.compile(r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]+")
_CONTRACT = re.compile(r"[A-Za-z0-9\-./@_ àéèêëïôç]+")
_TITLE = re.compile(r"^(MONSIEUR|M|MADAME|MME) ", re.IGNORECASE)


def luhn(digits: str) -> bool:
    """Vrai si la clé de Luhn est juste."""
    total = 0
    for rank, character in enumerate(reversed(digits)):
        value = int(character) * (2 if rank % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def siren(value: str) -> bool:
    """Vrai pour un SIREN de neuf chiffres à clé juste."""
    return bool(re.fullmatch(r"[0-9]{9}", value)) and luhn(value)


def siret(value: str) -> bool:
    """Vrai pour un SIRET de quatorze chiffres à clé juste ; La Poste suit sa propre règle (somme multiple de 5)."""
    if not re.fullmatch(r"[0-9]{14}", value):
        return False
    return luhn(value) or (value.startswith(LA_POSTE) and sum(map(int, value)) % 5 == 0)


def _mod97(text: str) -> int:
    return int("".join(str(int(character, 36)) for character in text)) % 97


def iban(value: str) -> bool:
    """Vrai si la clé de l'IBAN est juste (ISO 7064)."""
    return bool(re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", value)) and _mod97(value[4:] + value[:4]) == 1


_RIB = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "12345678912345678923456789")


def bban(value: str) -> bool:
    """Vrai si la clé RIB d'un IBAN français est juste ; les autres pays ne sont pas jugés."""
    if not value.startswith("FR"):
        return True
    digits = value[4:].translate(_RIB)
    if not re.fullmatch(r"[0-9]{23}", digits):
        return False
    bank, desk, account, key = int(digits[:5]), int(digits[5:10]), int(digits[10:21]), int(digits[21:])
    return (89 * bank + 15 * desk + 3 * account + key) % 97 == 0


def mail(value: str, *, strict: bool) -> str | None:
    """Ce qui ne va pas dans une adresse mél (CT p.99), ou ``None`` ; ``strict`` refuse aussi ``--`` et ``__``."""
    if not _MAIL.fullmatch(value):
        return "l'adresse mél n'a pas la forme nom@domaine ou contient un caractère non admis"
    local, _, domain = value.partition("@")
    if any(part[0] in ".-_" or part[-1] in ".-_" for part in (local, domain)):
        return "ni le nom ni le domaine de l'adresse mél ne commencent ou ne finissent par un point ou un tiret"
    if "." not in domain:
        return "le domaine de l'adresse mél doit contenir un point"
    doubled = ("..", "--", "__") if strict else ("..",)
    if any(pair in value for pair in doubled):
        return "l'adresse mél contient deux signes de ponctuation de suite"
    return None


def identity(value: str, *, family_name: bool, title_allowed: bool = False) -> str | None:
    """Ce qui ne va pas dans une identité (CT p.93-94), ou ``None``."""
    if value[:1] in "- ":
        return "une identité ne commence ni par un trait d'union ni par une espace"
    if value[-1:] in "-' ":
        return "une identité ne finit ni par un trait d'union, ni par une apostrophe, ni par une espace"
    if not title_allowed and _TITLE.match(value):
        return "la civilité ne fait pas partie de l'identité"
    body = value
    if family_name and body.count("--") == 1 and not re.search(r"[ '-]--|--[ -]", body):
        body = body.replace("--", "-")
        left, _, right = value.partition("--")
        body = left + right.removeprefix("'")
    if re.search(r"[ '-]{2}", body):
        return "espace, trait d'union et apostrophe ne se suivent pas dans une identité"
    return None


def address(value: str) -> str | None:
    """Ce qui ne va pas dans une ligne d'adresse (CT p.95), ou ``None``."""
    if value[:1] in "' -." or value[-1:] in "' -.":
        return "une adresse ne commence ni ne finit par une apostrophe, une espace, un trait d'union ou un point"
    if re.search(r"[' .-]{2}", value.replace(". ", " ")):
        return "apostrophe, espace, trait d'union et point ne se suivent pas dans une adresse"
    return None


def contract_number(value: str) -> str | None:
    """Ce qui ne va pas dans un numéro de contrat (CT p.99), ou ``None``."""
    if not _CONTRACT.fullmatch(value) or value != value.strip():
        return "le numéro de contrat contient un caractère non admis"
    return None


def repeated(value: str) -> bool:
    """Vrai si un caractère se répète plus de deux fois de suite (trois fois admis pour « i » ; chiffres libres)."""
    return any(len(found[0]) > (3 if found[1].lower() == "i" else 2) for found in re.finditer(r"([^0-9])\1+", value))
