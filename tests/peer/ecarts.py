"""Les écarts connus avec OpenFisca : leur lecture, leur prédiction exacte, la page qui les raconte."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from payroll.periods import Month

FICHIER = Path(__file__).with_name("ecarts_openfisca.yaml")


@dataclass(frozen=True)
class NonCompare:
    """Une variable qu'on ne met pas en regard, toujours ou sous condition, et pourquoi."""

    variable: str
    pourquoi: str
    si: str = ""


@dataclass(frozen=True)
class Ecart:
    """Un écart expliqué : quand il joue, et le montant exact qu'OpenFisca rend alors."""

    variable: str
    populations: tuple[str, ...]
    du: Month
    au: Month | None
    si: str
    openfisca_vaut: str
    cause: str
    qui_a_raison: str
    texte: str

    def concerns(self, variable: str, population: str, mois: Month, faits: Mapping[str, Fraction]) -> bool:
        return (
            variable == self.variable
            and population in self.populations
            and self.du <= mois
            and (self.au is None or mois <= self.au)
            and (not self.si or value(self.si, faits) != 0)
        )


def load() -> tuple[tuple[NonCompare, ...], tuple[Ecart, ...]]:
    """Ce qui n'est pas comparé, puis les écarts."""
    data: dict[str, list[dict[str, Any]]] = yaml.safe_load(FICHIER.read_text(encoding="utf-8"))
    ecarts = tuple(
        Ecart(
            **{
                "si": "",
                **row,
                "populations": tuple(row["populations"]),
                "du": Month.parse(row["du"]),
                "au": Month.parse(row["au"]) if "au" in row else None,
            }
        )
        for row in data["ecarts"]
    )
    return tuple(NonCompare(**row) for row in data["non_compares"]), ecarts


def value(expression: str, faits: Mapping[str, Fraction]) -> Fraction:
    """La valeur exacte d'une expression : noms de faits, décimaux, + - *, min et max ; rien d'autre."""
    return _value(ast.parse(expression, mode="eval").body, expression, faits)


def _value(node: ast.expr, source: str, faits: Mapping[str, Fraction]) -> Fraction:
    match node:
        case ast.Name(id=name):
            return faits[name]
        case ast.Constant():
            # Le texte du nombre, et non le flottant que Python en ferait.
            return Fraction(ast.get_source_segment(source, node) or "")
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _value(left, source, faits) + _value(right, source, faits)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _value(left, source, faits) - _value(right, source, faits)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _value(left, source, faits) * _value(right, source, faits)
        case ast.Call(func=ast.Name(id="min" | "max" as name), args=args, keywords=[]):
            values = [_value(arg, source, faits) for arg in args]
            return min(values) if name == "min" else max(values)
        case _:
            raise ValueError(f"expression interdite : {source}")


def render() -> str:
    """Les deux tableaux de docs/ecarts-openfisca.md."""
    non_compares, ecarts = load()
    lines = [
        "| Variable d'OpenFisca | Qui, quand | OpenFisca rend | Cause | Qui a raison | Texte |",
        "| --- " * 6 + "|",
    ]
    for one in ecarts:
        periode = f"depuis {one.du}" if one.au is None else f"de {one.du} à {one.au}"
        si = f", si `{one.si}`" if one.si else ""
        qui = f"{', '.join(one.populations)}, {periode}{si}"
        lines.append(
            f"| `{one.variable}` | {qui} | `{one.openfisca_vaut}` | {one.cause} | {one.qui_a_raison} | {one.texte} |"
        )
    lines += ["", "| Pas comparé | Pourquoi |", "| --- | --- |"]
    lines += [
        f"| {other.variable}{f', si `{other.si}`' if other.si else ''} | {other.pourquoi} |" for other in non_compares
    ]
    return "\n".join(lines)
