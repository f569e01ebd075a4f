"""Les contrôles dont la forme est régulière, écrits en données : « si ces conditions, alors celles-là ».

Une règle de ``regles_*.yaml`` est rangée sous l'identifiant de son contrôle : ``si`` (toutes les conditions), ``alors``
(toutes exigées), ``sinon`` (exigées quand ``si`` n'est pas réuni), ``dire`` (le message), ``sur`` (le bloc examiné, si
ce n'est pas celui de la rubrique). Une condition s'écrit ``001 = 02 03`` ; « ou » en sépare deux.

Termes : ``002`` (rubrique du bloc), ``40.007`` (bloc ancêtre, ou bloc unique de la déclaration), ``contrat.007`` (le
contrat que cite le bloc ou qui le porte), ``rupture.002`` et ``fin.001`` (le bloc 62 de ce contrat ; ``fin`` ignore
l'annulation 099), ``+43`` (un bloc enfant). Bornes : ``mois``, ``fin_mois``, ``fin_mois_suivant``, ``constitution``,
``siret``, une date JJMMAAAA, ou un terme.

Un fait manquant ne condamne pas : une comparaison impossible n'ouvre pas un ``si`` et ne fait pas échouer un ``alors``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from dsn.controls.registry import Entry, register_entry
from dsn.controls.scope import AMOUNT_LENGTH, Node, Scope, day, full, hundredths

Term = Callable[[Node, Scope], str | None]
Condition = Callable[[Node, Scope], bool | None]
_KEYS = {"si", "alors", "sinon", "dire", "sur"}
_BOUNDS: dict[str, Callable[[Scope], date | None]] = {
    "mois": lambda scope: scope.month,
    "fin_mois": lambda scope: scope.end,
    "fin_mois_suivant": lambda scope: scope.end_next,
    "constitution": lambda scope: day(scope.root.get("007")),
}


class RegleError(ValueError):
    """Une règle mal écrite : elle est refusée au chargement, jamais ignorée."""


@dataclass(frozen=True, slots=True)
class Regle:
    """Une règle compilée."""

    bloc: str
    si: tuple[Condition, ...]
    alors: tuple[Condition, ...]
    sinon: tuple[Condition, ...]
    dire: str
    rubrique: str
    """La rubrique sans laquelle la règle n'a rien à dire, ou vide : on n'examine que les blocs qui la portent."""
    valeurs: frozenset[str]
    """Les valeurs de cette rubrique qui ouvrent le « si » ; vide si toutes."""

    def concerned(self, scope: Scope) -> list[Node]:
        """Les blocs que la règle peut viser."""
        if self.valeurs:
            return scope.valued(self.rubrique, self.valeurs)
        return scope.having(self.rubrique) if self.rubrique else scope.all(self.bloc)

    def problem(self, item: Node, scope: Scope) -> str | None:
        """Le message si le bloc enfreint la règle."""
        expected = self.alors if all(condition(item, scope) for condition in self.si) else self.sinon
        return self.dire if any(condition(item, scope) is False for condition in expected) else None


def load(path: Path) -> Iterator[tuple[str, str, list[Regle]]]:
    """Les contrôles d'un fichier : rubrique, code, règles compilées.

    Lève ``RegleError`` sur une clé ou une condition inconnue.
    """
    for name, raw in yaml.safe_load(path.read_text("utf-8")).items():
        rubrique, code = name.split()
        rows = raw if isinstance(raw, list) else [raw]
        yield rubrique, code, [_rule(name, row) for row in rows]


def _rule(name: str, row: dict[str, Any]) -> Regle:
    if set(row) - _KEYS or not row.get("dire") or not row.get("alors"):
        raise RegleError(f"{name} : règle incomplète ou clé inconnue ({', '.join(sorted(row))}).")
    try:
        si, alors, sinon = (tuple(_condition(text) for text in row.get(key, ())) for key in ("si", "alors", "sinon"))
    except (KeyError, ValueError) as error:
        raise RegleError(f"{name} : condition illisible ({error}).") from error
    bloc = full(row.get("sur", name[:10]))
    suffix, values = _trigger(row)
    return Regle(bloc, si, alors, sinon, row["dire"], f"{bloc}.{suffix}" if suffix else "", values)


def _trigger(row: dict[str, Any]) -> tuple[str, frozenset[str]]:
    """Ce sans quoi la règle n'a rien à dire : (rubrique du bloc, ses valeurs), l'une et l'autre vides à défaut."""
    nothing: frozenset[str] = frozenset()
    if "sinon" in row:
        return "", nothing
    for text in row.get("si", ()):
        found = re.fullmatch(r"(\d{3}) (\S+)(.*)", text)
        if found and " ou " not in text and found[2] != "absente":
            return found[1], frozenset(found[3].split()) if found[2] == "=" else nothing
    alone = re.match(r"(\d{3}) (\S+)", row["alors"][0]) if len(row["alors"]) == 1 and "si" not in row else None
    if alone and alone[2] not in {"=", "présente", "absente"}:
        return alone[1], nothing
    return "", nothing


def _condition(text: str) -> Condition:
    if " ou " in text:
        return _either([_condition(part) for part in text.split(" ou ")])
    subject, operator, *arguments = text.split()
    if subject.startswith("+"):
        wanted, expected = full(subject[1:]), {"présente": True, "absente": False}[operator]
        return lambda item, _scope: bool(item.kids(wanted)) is expected
    term = _term(subject)
    if operator in _COMPARISONS:
        return _comparison(term, operator, arguments[0])
    if operator in {"égale", "diffère"}:
        return _sameness(term, arguments[0], same=operator == "égale")
    test = _TESTS[operator](arguments)
    return lambda item, scope: test(term(item, scope))


def _either(options: list[Condition]) -> Condition:
    def condition(item: Node, scope: Scope) -> bool | None:
        results = [option(item, scope) for option in options]
        return True if True in results else None if None in results else False

    return condition


def _term(text: str) -> Term:
    if re.fullmatch(r"\d{3}", text):
        return lambda item, _scope: item.get(text)
    where, _, suffix = text.rpartition(".")
    if where == "contrat":
        return lambda item, scope: _value(scope.contract_of(item), suffix)
    if where in {"rupture", "fin"}:
        return lambda item, scope: _value(_ending(item, scope, cancelled=where == "rupture"), suffix)
    if not re.fullmatch(r"\d{3}", suffix) or not re.fullmatch(r"\d\d|S\d\d\.G\d\d\.\d\d", where):
        raise ValueError(f"terme inconnu « {text} »")
    wanted = full(where)
    return lambda item, scope: _value(item.up(wanted) or scope.first(wanted), suffix)


def _value(item: Node | None, suffix: str) -> str | None:
    return item.get(suffix) if item else None


def _ending(item: Node, scope: Scope, *, cancelled: bool) -> Node | None:
    """Le bloc 62 du contrat, ou le bloc lui-même."""
    contract = scope.contract_of(item)
    endings = contract.kids("62") if contract else []
    return next((end for end in endings if cancelled or end.get("002") != "099"), None)


def _bound(text: str) -> Callable[[Node, Scope], date | None]:
    if text in _BOUNDS:
        return lambda _item, scope: _BOUNDS[text](scope)
    if re.fullmatch(r"\d{8}", text):
        literal = day(text)
        return lambda _item, _scope: literal
    term = _term(text)
    return lambda item, scope: day(term(item, scope))


_COMPARISONS: dict[str, Callable[[date, date], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "même_mois": lambda left, right: (left.year, left.month) == (right.year, right.month),
    "même_année": lambda left, right: left.year == right.year,
    "année_au_plus": lambda left, right: left.year <= right.year,
}


def _comparison(term: Term, operator: str, argument: str) -> Condition:
    bound, compare = _bound(argument), _COMPARISONS[operator]

    def condition(item: Node, scope: Scope) -> bool | None:
        left, right = _date(term(item, scope)), bound(item, scope)
        return None if left is None or right is None else compare(left, right)

    return condition


def _date(value: str | None) -> date | None:
    """Une date JJMMAAAA, un mois MMAAAA ou une année AAAA (premier jour)."""
    if value is not None and len(value) in {4, 6}:
        value = ("0101" if len(value) == 4 else "01") + value
    return day(value)


def _sameness(term: Term, argument: str, *, same: bool) -> Condition:
    other: Term = (lambda _item, scope: scope.siret()) if argument == "siret" else _term(argument)

    def condition(item: Node, scope: Scope) -> bool | None:
        left, right = term(item, scope), other(item, scope)
        return None if left is None or right is None else (left == right) is same

    return condition


def _equals(values: list[str]) -> Callable[[str | None], bool | None]:
    allowed = frozenset(values)
    return lambda value: value in allowed


def _differs(values: list[str]) -> Callable[[str | None], bool | None]:
    refused = frozenset(values)
    return lambda value: None if value is None else value not in refused


def _matches(patterns: list[str]) -> Callable[[str | None], bool | None]:
    compiled = re.compile(patterns[0], re.ASCII)
    return lambda value: None if value is None else compiled.fullmatch(value) is not None


def _below(limits: list[str]) -> Callable[[str | None], bool | None]:
    limit = int(limits[0])

    def condition(value: str | None) -> bool | None:
        readable = value is not None and len(value) <= AMOUNT_LENGTH and value.isascii() and value.isdecimal()
        return int(value) < limit if value and readable else None

    return condition


def _amount(test: Callable[[int], bool]) -> Callable[[list[str]], Callable[[str | None], bool | None]]:
    def build(_arguments: list[str]) -> Callable[[str | None], bool | None]:
        def condition(value: str | None) -> bool | None:
            amount = hundredths(value)
            return None if amount is None else test(amount)

        return condition

    return build


_TESTS: dict[str, Callable[[list[str]], Callable[[str | None], bool | None]]] = {
    "présente": lambda _values: lambda value: value is not None,
    "absente": lambda _values: lambda value: value is None,
    "=": _equals,
    "≠": _differs,
    "commence": lambda values: lambda value: value is not None and value.startswith(tuple(values)),
    "ne_commence_pas": lambda values: lambda value: None if value is None else not value.startswith(tuple(values)),
    "forme": _matches,
    "inférieure_à": _below,
    "nulle": _amount(lambda amount: amount == 0),
    "non_nulle": _amount(lambda amount: amount != 0),
    "négative_ou_nulle": _amount(lambda amount: amount <= 0),
}


def _run(rules: list[Regle]) -> Callable[[Scope], Iterator[tuple[Node, str]]]:
    def run(scope: Scope) -> Iterator[tuple[Node, str]]:
        for rule in rules:
            for item in rule.concerned(scope):
                message = rule.problem(item, scope)
                if message:
                    yield item, message

    return run


def register_all() -> None:
    """Inscrit les contrôles de tous les fichiers ``regles_*.yaml`` du dossier."""
    for path in sorted(Path(__file__).parent.glob("regles_*.yaml")):
        for rubrique, code, rules in load(path):
            register_entry(Entry(rubrique, code, _run(rules), f"dsn/controls/{path.name}"))


register_all()
