"""Les contrôles qui se répètent d'une rubrique à l'autre : clés, identités, adresses, méls, dates avérées, valeurs
réservées au bloc des changements. Une table dit où, une fonction dit quoi."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dsn.controls import keys
from dsn.controls.registry import register
from dsn.controls.scope import Node, Scope, day
from dsn.norm import MENSUELLE, load, versions


def _each(rubrique: str, test: Callable[[str, Scope], str | None]) -> Callable[[Scope], Iterator[tuple[Node, str]]]:
    """Le contrôle qui applique ``test`` à chaque valeur de la rubrique."""

    def run(scope: Scope) -> Iterator[tuple[Node, str]]:
        suffix = rubrique[11:]
        for item in scope.having(rubrique):
            message = test(item.values[suffix], scope) if item.values[suffix] else None
            if message:
                yield item, message

    return run


def _siren(value: str, _scope: Scope) -> str | None:
    return None if keys.siren(value) else "La clé du SIREN est fausse : vérifiez ses neuf chiffres."


def _siren_of_siret(value: str, _scope: Scope) -> str | None:
    return None if keys.siren(value[:9]) else "La clé du SIREN est fausse : vérifiez les neuf premiers chiffres."


def _siret(value: str, _scope: Scope) -> str | None:
    return None if keys.siret(value) else "La clé du SIRET est fausse : vérifiez ses quatorze chiffres."


def _iban(value: str, _scope: Scope) -> str | None:
    return None if keys.iban(value) else "La clé de l'IBAN est fausse : vérifiez-le sur le relevé d'identité."


def _bban(value: str, _scope: Scope) -> str | None:
    return None if keys.bban(value) else "La clé RIB contenue dans l'IBAN est fausse."


def _strict_mail(value: str, _scope: Scope) -> str | None:
    return _sentence(keys.mail(value, strict=True))


def _mail(value: str, _scope: Scope) -> str | None:
    return _sentence(keys.mail(value, strict=False))


def _contact(value: str, _scope: Scope) -> str | None:
    return _sentence(keys.identity(value, family_name=True, title_allowed=True))


def _identity(value: str, _scope: Scope) -> str | None:
    return _sentence(keys.identity(value, family_name=False))


def _family_name(value: str, _scope: Scope) -> str | None:
    return _sentence(keys.identity(value, family_name=True))


def _address(value: str, _scope: Scope) -> str | None:
    return _sentence(keys.address(value))


def _contract_number(value: str, _scope: Scope) -> str | None:
    return _sentence(keys.contract_number(value))


def _after_month_end(value: str, scope: Scope) -> str | None:
    found = day(value)
    if found and scope.end and found > scope.end:
        return "Cette date est postérieure au mois déclaré : un événement avéré ne peut pas être à venir (CT p.100)."
    return None


def _after_file(value: str, scope: Scope) -> str | None:
    """Un événement avéré ne suit pas la constitution du fichier (CT p.101), dans un signalement."""
    found, written = day(value), day(scope.root.get("007"))
    if scope.nature != MENSUELLE and found and written and found > written:
        return "Cette date suit la constitution du fichier : un événement avéré ne peut pas être à venir (CT p.101)."
    return None


def _sentence(problem: str | None) -> str | None:
    return f"{problem[0].upper()}{problem[1:]}." if problem else None


def _reserved(reserved: str) -> Callable[[str, Scope], str | None]:
    def test(value: str, _scope: Scope) -> str | None:
        return f"La valeur {reserved} est réservée au bloc des changements S21.G00.41." if value == reserved else None

    return test


_TABLE: tuple[tuple[str, str, Callable[[str, Scope], str | None]], ...] = (
    ("S10.G00.01.001", "CSL-11", _siren),
    ("S21.G00.06.001", "CSL-11", _siren),
    ("S21.G00.41.012", "CSL-11", _siren_of_siret),
    ("S21.G00.41.012", "CSL-12", _siret),
    ("S21.G00.45.001", "CSL-11", _siren_of_siret),
    ("S21.G00.45.001", "CSL-12", _siret),
    ("S89.G00.32.004", "CSL-12", _siren),
    ("S21.G00.12.003", "CSL-11", _iban),
    ("S21.G00.12.003", "CSL-12", _bban),
    ("S21.G00.20.004", "CSL-11", _iban),
    ("S21.G00.20.004", "CSL-13", _bban),
    ("S10.G00.02.004", "CSL-11", _strict_mail),
    ("S20.G00.07.003", "CSL-11", _strict_mail),
    ("S21.G00.30.018", "CSL-11", _mail),
    ("S89.G00.91.015", "CSL-11", _mail),
    ("S10.G00.02.002", "CSL-11", _contact),
    ("S20.G00.07.001", "CSL-11", _identity),
    ("S21.G00.30.002", "CSL-11", _family_name),
    ("S21.G00.30.003", "CSL-11", _family_name),
    ("S21.G00.30.004", "CSL-11", _identity),
    ("S21.G00.31.009", "CSL-11", _family_name),
    ("S21.G00.31.010", "CSL-11", _identity),
    ("S89.G00.32.002", "CSL-11", _family_name),
    ("S89.G00.32.003", "CSL-11", _identity),
    ("S89.G00.91.002", "CSL-11", _family_name),
    ("S89.G00.91.003", "CSL-11", _family_name),
    ("S89.G00.91.004", "CSL-11", _identity),
    ("S21.G00.30.007", "CSL-11", _address),
    ("S21.G00.34.002", "CSL-11", _contract_number),
    ("S21.G00.40.009", "CSL-11", _contract_number),
    ("S21.G00.51.010", "CSL-11", _contract_number),
    ("S21.G00.52.006", "CSL-11", _contract_number),
    ("S21.G00.54.005", "CSL-14", _contract_number),
    ("S21.G00.86.005", "CSL-11", _contract_number),
    ("S21.G00.40.005", "CCH-21", _reserved("999999")),
    ("S21.G00.40.022", "CCH-11", _reserved("99")),
    ("S21.G00.40.041", "CCH-11", _reserved("ZZZ")),
    ("S21.G00.40.057", "CCH-12", _reserved("ZZ9")),
    ("S21.G00.40.060", "CCH-12", _reserved("ZZ9")),
    ("S21.G00.40.061", "CCH-12", _reserved("ZZ9")),
    ("S21.G00.40.063", "CCH-12", _reserved("ZZ9")),
    ("S21.G00.40.064", "CCH-12", _reserved("ZZ9")),
    ("S21.G00.40.065", "CCH-12", _reserved("ZZ9")),
    ("S21.G00.40.069", "CCH-11", _reserved("ZZZ")),
    ("S21.G00.40.071", "CCH-11", _reserved("000")),
    ("S21.G00.40.079", "CCH-11", _reserved("99999")),
    ("S21.G00.40.080", "CCH-12", _reserved("999")),
    ("S21.G00.40.081", "CCH-11", _reserved("999999999")),
)

for _rubrique, _code, _test in _TABLE:
    register(_rubrique, _code, _each(_rubrique, _test), _each)


def _citing(paragraph: str) -> Iterator[tuple[str, str]]:
    """Les contrôles que le cahier technique renvoie à un paragraphe, lus dans les données de la norme."""
    seen: set[tuple[str, str]] = set()
    for version in versions():
        for key, control in load(version).controles.items():
            if paragraph in control.texte and key not in seen:
                seen.add(key)
                yield key


for _paragraph, _dated in (("4.4.12", _after_month_end), ("4.4.13", _after_file)):
    for _rubrique, _code in _citing(_paragraph):
        if _rubrique != "S21.G00.51.002":  # la période de paie a une condition de plus : voir versement.py
            register(_rubrique, _code, _each(_rubrique, _dated), _each)
