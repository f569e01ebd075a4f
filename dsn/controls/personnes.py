"""Les contrôles d'identité répétés d'un bloc à l'autre : NIR, numéro technique temporaire, naissance, adresse.

L'individu (30) a ses propres fonctions ; ici, les ayants droit (73), les anciens états (31), les honoraires, droits et
titres (S89.G00.32, 67, 87, 88, 89) et les individus non salariés (S89.G00.91). Aucun message ne cite la personne.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from dsn.controls.registry import DeclarationControl, register
from dsn.controls.scope import Node, Scope, day

Test = Callable[[str, Node, Scope], str | None]


def _year(value: str | None) -> int | None:
    return int(value[4:]) if value and re.fullmatch(r"[0-9]{8}", value) else None


def department(code: str, year: int | None) -> str | None:
    """Départements : 2A et 2B depuis 1976, 20 avant 1976, 96 avant 1968 ; ``None`` si possible ou indécidable."""
    if year is None:
        return None
    impossible = (
        (code in {"2A", "2B"} and year < 1976)
        or (code == "20" and year >= 1976)
        or (code == "96" and year >= 1968)  # l'ancien département d'Alger et de la Seine
    )
    return "Le département de naissance n'existait pas, ou plus, cette année-là." if impossible else None


def _nir_department(birth: str) -> Test:
    def test(value: str, item: Node, _scope: Scope) -> str | None:
        return department(value[5:7], _year(item.get(birth)))

    return test


def _nir_department_of_individual(value: str, _item: Node, scope: Scope) -> str | None:
    """Le bloc n'a pas de date de naissance : c'est celle de l'individu de même NIR."""
    person = next((person for person in scope.all("30") if person.get("001") == value), None)
    return department(value[5:7], _year(person.get("006"))) if person else None


def _nir_waiting(value: str, _item: Node, _scope: Scope) -> str | None:
    if value in {"1999999999999", "2999999999999"}:
        return "Ce NIR est un numéro d'attente : déclarez plutôt un numéro technique temporaire (NTT)."
    return None


def _nir_nines(value: str, _item: Node, _scope: Scope) -> str | None:
    return "Le NIR finit par plus de cinq 9 : ce n'est pas un vrai NIR." if value.endswith("9" * 6) else None


def _same_as_individual(suffix: str) -> Test:
    def test(value: str, _item: Node, scope: Scope) -> str | None:
        if any(person.get(suffix) == value for person in scope.all("30")):
            return None
        return "Cet identifiant n'est celui d'aucun individu de la déclaration."

    return test


def _ntt_siren(value: str, _item: Node, scope: Scope) -> str | None:
    enterprise = scope.first("06")
    if enterprise and value[1:10] != enterprise.get("001"):
        return "Le numéro technique temporaire doit porter le SIREN de l'employeur en positions 2 à 10."
    return None


def _ntt_start(value: str, _item: Node, _scope: Scope) -> str | None:
    return None if value[:1] in {"1", "2"} else "Le numéro technique temporaire commence par 1 ou 2."


def _ntt_space(value: str, _item: Node, _scope: Scope) -> str | None:
    return "Le numéro technique temporaire ne contient pas d'espace." if " " in value else None


def _plausible(value: str, _item: Node, scope: Scope) -> str | None:
    """L'année du mois déclaré tient lieu d'année en cours : aucun contrôle ne lit l'horloge."""
    year = _year(value)
    if year is not None and scope.month and not scope.month.year - 120 < year <= scope.month.year:
        return "L'année de naissance n'est pas plausible."
    return None


def _calendar(value: str, _item: Node, _scope: Scope) -> str | None:
    if not re.fullmatch(r"[0-9]{8}", value) or {value[:2], value[2:4]} & {"00", "99"}:
        return None
    return None if day(value) else "La date n'existe pas dans le calendrier."


def _department_of(birth: str) -> Test:
    def test(value: str, item: Node, _scope: Scope) -> str | None:
        return department(value, _year(item.get(birth)))

    return test


def _nir_year(value: str, item: Node, _scope: Scope) -> str | None:
    nir, year = item.get("001") or "", _year(value)
    if re.fullmatch(r"[0-9]{3}.*", nir) and year is not None and int(nir[1:3]) != year % 100:
        return "L'année de naissance n'est pas celle que porte le NIR."
    return None


def _french_or_foreign(country: str, abroad: str) -> Test:
    def test(_value: str, item: Node, _scope: Scope) -> str | None:
        if item.get(country) or item.get(abroad):
            return "Une adresse a soit un code postal français, soit un code pays étranger, pas les deux."
        return None

    return test


def _town(town: str) -> Test:
    def test(_value: str, item: Node, _scope: Scope) -> str | None:
        return None if item.get(town) else "La localité est obligatoire avec un code postal."

    return test


_TABLE: tuple[tuple[str, str, str, Test], ...] = (
    # rubrique du contrôle, code, rubrique examinée, test
    ("S21.G00.31.011", "CCH-12", "S21.G00.31.011", _plausible),
    ("S21.G00.31.011", "CSL-11", "S21.G00.31.011", _calendar),
    ("S21.G00.73.005", "CCH-11", "S21.G00.73.005", _plausible),
    ("S21.G00.73.007", "CCH-11", "S21.G00.73.007", _nir_department("005")),
    ("S21.G00.73.007", "CCH-12", "S21.G00.73.007", _nir_nines),
    ("S89.G00.32.011", "CCH-12", "S89.G00.32.011", _french_or_foreign("013", "014")),
    ("S89.G00.32.012", "CCH-11", "S89.G00.32.011", _town("012")),
    ("S89.G00.67.001", "CCH-11", "S89.G00.67.001", _nir_department_of_individual),
    ("S89.G00.67.001", "CCH-12", "S89.G00.67.001", _nir_waiting),
    ("S89.G00.67.001", "CCH-13", "S89.G00.67.001", _same_as_individual("001")),
    ("S89.G00.67.001", "CCH-15", "S89.G00.67.001", _nir_nines),
    ("S89.G00.67.002", "CCH-11", "S89.G00.67.002", _ntt_siren),
    ("S89.G00.67.002", "CCH-12", "S89.G00.67.002", _same_as_individual("020")),
    ("S89.G00.67.002", "CSL-11", "S89.G00.67.002", _ntt_start),
    ("S89.G00.67.002", "CSL-12", "S89.G00.67.002", _ntt_space),
    ("S89.G00.87.005", "CSL-12", "S89.G00.87.005", _calendar),
    ("S89.G00.87.006", "CSL-12", "S89.G00.87.006", _calendar),
    ("S89.G00.89.005", "CSL-11", "S89.G00.89.005", _calendar),
    ("S89.G00.91.001", "CCH-11", "S89.G00.91.001", _nir_department("006")),
    ("S89.G00.91.001", "CCH-12", "S89.G00.91.001", _nir_waiting),
    ("S89.G00.91.001", "CCH-15", "S89.G00.91.001", _nir_nines),
    ("S89.G00.91.006", "CCH-11", "S89.G00.91.006", _nir_year),
    ("S89.G00.91.006", "CCH-12", "S89.G00.91.006", _plausible),
    ("S89.G00.91.006", "CSL-11", "S89.G00.91.006", _calendar),
    ("S89.G00.91.009", "CCH-11", "S89.G00.91.009", _french_or_foreign("011", "012")),
    ("S89.G00.91.010", "CCH-11", "S89.G00.91.009", _town("010")),
    ("S89.G00.91.019", "CCH-11", "S89.G00.91.019", _department_of("006")),
    ("S89.G00.91.021", "CCH-13", "S89.G00.91.021", _ntt_siren),
    ("S89.G00.91.021", "CSL-11", "S89.G00.91.021", _ntt_start),
    ("S89.G00.91.021", "CSL-15", "S89.G00.91.021", _ntt_space),
)
_TITRES = (("S89.G00.87", "007", "008"), ("S89.G00.88", "008", "009"), ("S89.G00.89", "007", "008"))
"""Actions, options et bons : (bloc, NIR, numéro technique temporaire), avec les mêmes contrôles."""


def _titres() -> Iterator[tuple[str, str, str, Test]]:
    for block, nir, ntt in _TITRES:
        number, temporary = f"{block}.{nir}", f"{block}.{ntt}"
        yield number, "CCH-11", number, _nir_department_of_individual
        yield number, "CCH-12", number, _nir_waiting
        yield number, "CCH-13", number, _same_as_individual("001")
        yield number, "CCH-15", number, _nir_nines
        yield temporary, "CCH-12", temporary, _ntt_siren
        yield temporary, "CCH-13", temporary, _same_as_individual("020")
        yield temporary, "CSL-11", temporary, _ntt_start
        yield temporary, "CSL-12", temporary, _ntt_space


def _each(rubrique: str, test: Test) -> DeclarationControl:
    def run(scope: Scope) -> Iterator[tuple[Node, str]]:
        suffix = rubrique[11:]
        for item in scope.having(rubrique):
            message = test(item.values[suffix], item, scope)
            if message:
                yield item, message

    return run


def _once(rubrique: str, message: str) -> DeclarationControl:
    """Une valeur ne figure qu'une fois dans la déclaration."""

    def run(scope: Scope) -> Iterator[tuple[Node, str]]:
        seen: set[str] = set()
        for item in scope.having(rubrique):
            value = item.values[rubrique[11:]]
            if value in seen:
                yield item, message
            seen.add(value)

    return run


for _rubrique, _code, _examined, _test in (*_TABLE, *_titres()):
    register(_rubrique, _code, _each(_examined, _test), _each)
register(
    "S89.G00.91.001",
    "CCH-13",
    _once("S89.G00.91.001", "Ce NIR figure déjà : une personne, un seul bloc S89.G00.91."),
    _once,
)
register(
    "S89.G00.91.021",
    "CCH-14",
    _once("S89.G00.91.021", "Ce numéro technique temporaire figure déjà dans la déclaration."),
    _once,
)
