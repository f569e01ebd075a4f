"""L'inventaire des contrôles de la norme : lesquels s'exécutent, où, et pourquoi les autres non.

``paie dsn controles`` en imprime le compte ; ``docs/controles.md`` en est le tirage, tenu à jour par un essai.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from dsn.controls import envoi
from dsn.controls.registry import entries
from dsn.norm import Controle, Norm

NATURES = {
    "01": "DSN mensuelle",
    "04": "arrêt de travail",
    "05": "reprise",
    "07": "fin de contrat unique",
}
"""Les natures que ce logiciel produit ou lit."""
_FORM = "dsn/controls/form.py"
_REASONS = Path(__file__).with_name("non_executes.yaml")


class InventaireError(ValueError):
    """Un contrôle de la norme n'est ni écrit, ni rangé avec sa raison dans ``non_executes.yaml``."""


@dataclass(frozen=True, slots=True)
class Ligne:
    """Un contrôle : exécuté et où, ou non et pourquoi."""

    controle: Controle
    execute: bool
    explication: str
    """Le fichier où il est écrit, ou la raison de son absence."""

    @property
    def type(self) -> str:
        """``CCH``, ``CSL``, ``SIG``… ou ``GEN``."""
        return self.controle.code[:3]


@cache
def _reasons() -> Mapping[str, Mapping[str, Any]]:
    loaded: Mapping[str, Mapping[str, Any]] = yaml.safe_load(_REASONS.read_text("utf-8"))
    return loaded


def inventory(norm: Norm) -> list[Ligne]:
    """Tous les contrôles de la norme, dans son ordre, puis les génériques.

    Lève ``InventaireError`` si l'un d'eux n'est ni exécuté ni expliqué.
    """
    places = {(entry.rubrique, entry.code): entry.place for entry in entries()}
    places |= dict.fromkeys(envoi.CONTROLES, "dsn/controls/envoi.py")
    lines = [_line(key, control, places, norm) for key, control in norm.controles.items()]
    return lines + [_generic(code, control) for code, control in norm.generiques.items()]


def _line(key: tuple[str, str], control: Controle, places: Mapping[tuple[str, str], str], norm: Norm) -> Ligne:
    rubrique, code = key
    if key in places:
        return Ligne(control, True, places[key])
    if code == "CSL-00":
        return Ligne(control, True, _FORM)
    reason = _reasons()["par_controle"].get(f"{rubrique} {code}") or _reasons()["par_type"].get(code[:3])
    if reason is None:
        raise InventaireError(f"{rubrique} {code} n'est ni exécuté, ni expliqué dans {_REASONS.name}.")
    text = _reasons()["raisons"][reason]
    known = norm.rubriques.get(rubrique)
    return Ligne(control, False, f"{text} ({known.table_externe})" if known and known.table_externe else text)


def _generic(code: str, control: Controle) -> Ligne:
    row = _reasons()["generiques"].get(code)
    if row is None:
        raise InventaireError(f"{code} n'est pas expliqué dans {_REASONS.name}.")
    note = f" ; {row['note']}" if "note" in row else ""
    text = row["ou"] if "ou" in row else _reasons()["raisons"][row["raison"]]
    return Ligne(control, "ou" in row, text + note)


@dataclass(frozen=True, slots=True)
class Compte:
    """Pour un type de contrôle : combien dans la norme, combien exécutés."""

    type: str
    total: int
    executes: int

    @property
    def part(self) -> str:
        """La part exécutée, en pour cent à une décimale, tronquée : jamais plus qu'il n'y a."""
        tenths = self.executes * 1000 // self.total if self.total else 0
        return f"{tenths // 10},{tenths % 10} %"


def counts(lines: Iterable[Ligne], nature: str = "") -> list[Compte]:
    """Le compte par type, pour une nature de déclaration ou pour toutes, puis l'ensemble (``total``)."""
    kept = [line for line in lines if not nature or nature in line.controle.natures]
    totals, done = Counter(line.type for line in kept), Counter(line.type for line in kept if line.execute)
    rows = [Compte(kind, totals[kind], done[kind]) for kind in sorted(totals)]
    return [*rows, Compte("total", len(kept), sum(done.values()))]


def reasons(lines: Iterable[Ligne]) -> list[tuple[str, int]]:
    """Les raisons de ne pas exécuter, la plus fréquente d'abord."""
    found = Counter(line.explication.split(" (")[0].split(" ; ")[0] for line in lines if not line.execute)
    return sorted(found.items(), key=lambda row: (-row[1], row[0]))


def markdown(norm: Norm) -> str:
    """``docs/controles.md`` : les comptes, les raisons, puis chaque contrôle."""
    lines = inventory(norm)
    out = [
        "# Les contrôles de la DSN",
        "",
        f"Les {len(norm.controles)} contrôles que la norme {norm.version} tient du cahier technique, et les",
        f"{len(norm.generiques)} contrôles génériques de ses chapitres 2 à 4 : exécutés, et où ; sinon, pourquoi.",
        "",
        "Tiré des données par `paie dsn controles --markdown` : ne pas écrire ici. Les raisons sont dans",
        "`dsn/controls/non_executes.yaml` ; les textes, pages, gravités et natures dans `dsn/norm/`.",
        "",
        "## Comptes",
        "",
        "| Nature | Type | Dans la norme | Exécutés | Part |",
        "|---|---|---:|---:|---:|",
    ]
    for nature, title in {"": "toutes", **{code: f"{code} {text}" for code, text in NATURES.items()}}.items():
        out += [f"| {title} | {c.type} | {c.total} | {c.executes} | {c.part} |" for c in counts(lines, nature)]
    out += ["", "## Pourquoi certains ne s'exécutent pas", "", "| Raison | Contrôles |", "|---|---:|"]
    out += [f"| {text} | {count} |" for text, count in reasons(lines)]
    block = ""
    for line in lines:
        heading = line.controle.rubrique[:10] or "Génériques"
        if heading != block:
            block = heading
            title = f"{block} : {norm.blocs[block].libelle}" if block in norm.blocs else block
            out += ["", f"## {title}", "", "| Contrôle | Gravité | Natures | Page | Exécuté | Où, ou pourquoi |"]
            out.append("|---|---|---|---|---|---|")
        out.append(_row(line))
    return "\n".join(out) + "\n"


def _row(line: Ligne) -> str:
    control = line.controle
    name = f"{control.rubrique} {control.code}".strip()
    severity = "bloquant" if control.blocking else "non bloquant"
    natures = " ".join(sorted(control.natures)) or "-"
    place = f"`{line.explication}`" if line.execute and " " not in line.explication else line.explication
    return f"| {name} | {severity} | {natures} | {control.page} | {'oui' if line.execute else 'non'} | {place} |"
