"""La norme DSN en données : un dossier par version (blocs, rubriques, énumérations, contrôles) et leur chargeur.

Vit ici : ce que publient les cahiers techniques, et rien d'autre. Ajouter P27V01, c'est ajouter le dossier ``P27V01``.
Les fichiers citent la page du cahier technique CT2025.1.3 ; ``norme.json`` dit d'où vient chaque colonne.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

from dsn.norm.table import Table

__all__ = ["MENSUELLE", "Bloc", "Controle", "Norm", "NormError", "Rubrique", "Table", "for_month", "load", "versions"]

FOLDER = Path(__file__).parent
MENSUELLE = "01"


class NormError(ValueError):
    """La norme demandée n'existe pas, ou ses fichiers sont incohérents."""


@dataclass(frozen=True, slots=True)
class Rubrique:
    """Une rubrique de la norme. ``nature`` : X (alphanumérique), N (numérique), D (date JJMMAAAA)."""

    id: str
    bloc: str
    ordre: int
    libelle: str
    nature: str
    longueur_min: int
    longueur_max: int
    regex: re.Pattern[str] | None
    codes: Mapping[str, str]
    """Les valeurs permises et leur libellé ; vide si la rubrique n'est pas une énumération."""
    usages: Mapping[str, str]
    """Nature de déclaration → O (obligatoire), C (conditionnel), F (facultatif), I (interdit), N (bloc absent)."""
    table_externe: str
    page: str
    source: str
    note: str

    def usage(self, nature: str = MENSUELLE) -> str:
        """L'usage dans une nature de déclaration ; « ? » si la norme disponible ne le dit pas."""
        return self.usages.get(nature, "?")


@dataclass(frozen=True, slots=True)
class Bloc:
    """Un bloc de l'arborescence. ``maximum`` : ``None`` pour un nombre libre."""

    id: str
    ordre: int
    libelle: str
    parent: str
    minimum: int
    maximum: int | None
    natures: frozenset[str]
    """Les natures de déclaration dont l'arborescence est connue et contient ce bloc."""
    page: str


@dataclass(frozen=True, slots=True)
class Controle:
    """Un contrôle du cahier technique : son texte, sa gravité, les natures de déclaration où il s'applique."""

    rubrique: str
    code: str
    blocking: bool
    natures: frozenset[str]
    page: str
    texte: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Norm:
    """Une version de la norme."""

    version: str
    premier_mois: str
    dernier_mois: str
    blocs: Mapping[str, Bloc]
    rubriques: Mapping[str, Rubrique]
    controles: Mapping[tuple[str, str], Controle]
    """(rubrique, code) → contrôle."""
    generiques: Mapping[str, Controle]
    motifs_rupture: Mapping[str, Mapping[str, tuple[str, ...] | None]]
    """Motif de rupture → nature de contrat admise → dispositifs exigés (``None`` : sans condition)."""
    sources: Mapping[str, str]
    table: Table
    """La numérotation des rubriques, pour les boucles chaudes."""
    ancetres: Mapping[str, tuple[str, ...]]
    """Bloc → ses ancêtres, de la racine au parent."""
    arborescences: Mapping[str, Mapping[str, tuple[int, int | None]]]
    """Nature de déclaration → bloc → (minimum, maximum) sous son parent ; sans les racines."""
    attendus: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Nature → bloc → ses enfants obligatoires."""
    tetes: Mapping[str, int]
    """Bloc → ordre de sa première rubrique obligatoire en mensuelle : une rubrique jusque-là peut ouvrir le bloc."""
    par_bloc: Mapping[str, tuple[Rubrique, ...]] = field(default_factory=dict)
    """Bloc → ses rubriques dans l'ordre."""

    def covers(self, mois: date) -> bool:
        """Vrai si le mois principal déclaré relève de cette version."""
        return self.premier_mois <= f"{mois:%Y-%m}" <= self.dernier_mois


def versions() -> tuple[str, ...]:
    """Les versions dont les données sont présentes, de la plus ancienne à la plus récente."""
    return tuple(sorted(path.parent.name for path in FOLDER.glob("*/norme.json")))


def for_month(mois: date) -> Norm:
    """La norme du mois principal déclaré (P26V01 en production à partir de janvier 2026).

    Lève ``NormError`` si aucune version présente ne couvre ce mois.
    """
    for version in versions():
        norm = load(version)
        if norm.covers(mois):
            return norm
    known = ", ".join(versions())
    raise NormError(f"Aucune norme DSN connue pour {mois:%m/%Y} (normes présentes : {known}). Ajoutez ses données.")


@lru_cache(maxsize=8)
def load(version: str) -> Norm:
    """La version demandée (``P26V01``). Lève ``NormError`` si elle est absente ou incohérente."""
    folder = FOLDER / version
    if version not in versions():
        raise NormError(f"Norme DSN inconnue : « {version} » (normes présentes : {', '.join(versions())}).")
    head = json.loads((folder / "norme.json").read_text("utf-8"))
    blocs = {row["bloc"]: _bloc(row) for row in _rows(folder / "blocs.csv")}
    enums = json.loads((folder / "enums.json").read_text("utf-8"))
    rubriques = {row["id"]: _rubrique(row, enums.get(row["id"], {})) for row in _rows(folder / "rubriques.csv")}
    controls = FOLDER / head["controles"]
    motifs = json.loads((controls / "motifs_rupture.json").read_text("utf-8"))["motifs"]
    par_bloc: dict[str, list[Rubrique]] = {}
    for rubrique in rubriques.values():
        par_bloc.setdefault(rubrique.bloc, []).append(rubrique)
    problems = [f"{name} : bloc sans arborescence" for name in par_bloc if name not in blocs]
    problems += [f"{b.id} : parent {b.parent} inconnu" for b in blocs.values() if b.parent and b.parent not in blocs]
    problems += [f"{name} : énumération sans rubrique" for name in enums if name not in rubriques]
    if problems:
        raise NormError(f"Norme {version} incohérente : " + " ; ".join(problems))
    trees = _trees(blocs, controls / "arborescences.csv")
    ordered = {name: tuple(sorted(items, key=lambda r: r.ordre)) for name, items in par_bloc.items()}
    return Norm(
        version=head["version"],
        premier_mois=head["premier_mois"],
        dernier_mois=head["dernier_mois"],
        blocs=blocs,
        rubriques=rubriques,
        controles={(row["rubrique"], row["code"]): _controle(row) for row in _rows(controls / "controles.csv")},
        generiques={row["code"]: _generique(row) for row in _rows(controls / "generiques.csv")},
        motifs_rupture={
            motif: {
                nature: None if only is None else tuple(only) for nature, only in data["natures_autorisees"].items()
            }
            for motif, data in motifs.items()
        },
        sources=head["sources"],
        table=Table.build((r.id, blocs[r.bloc].ordre, r.ordre) for r in rubriques.values()),
        arborescences=trees,
        attendus={nature: _expected(blocs, tree) for nature, tree in trees.items()},
        ancetres={name: _ancestors(blocs, name) for name in blocs},
        tetes={name: _head(items) for name, items in ordered.items()},
        par_bloc=ordered,
    )


def _trees(blocs: Mapping[str, Bloc], path: Path) -> dict[str, dict[str, tuple[int, int | None]]]:
    """L'arborescence de la mensuelle est dans ``blocs.csv``, celles des autres natures dans ``arborescences.csv``.

    Lève ``NormError`` sur un bloc inconnu.
    """
    trees = {MENSUELLE: {b.id: (b.minimum, b.maximum) for b in blocs.values() if b.parent and MENSUELLE in b.natures}}
    for row in _rows(path):
        if row["bloc"] not in blocs:
            raise NormError(f"{path.name} : bloc {row['bloc']} inconnu.")
        maximum = None if row["maximum"] == "*" else int(row["maximum"])
        trees.setdefault(row["nature"], {})[row["bloc"]] = (int(row["minimum"]), maximum)
    return trees


def _expected(blocs: Mapping[str, Bloc], tree: Mapping[str, tuple[int, int | None]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, (minimum, _) in tree.items():
        if minimum:
            parent = blocs[name].parent
            found[parent] = (*found.get(parent, ()), name)
    return found


def _ancestors(blocs: Mapping[str, Bloc], name: str) -> tuple[str, ...]:
    parent = blocs[name].parent
    return (*_ancestors(blocs, parent), parent) if parent else ()


def _head(rubriques: tuple[Rubrique, ...]) -> int:
    return next((item.ordre for item in rubriques if item.usage() == "O"), rubriques[0].ordre)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _bloc(row: Mapping[str, str]) -> Bloc:
    return Bloc(
        id=row["bloc"],
        ordre=int(row["ordre"]),
        libelle=row["libelle"],
        parent=row["parent"],
        minimum=int(row["minimum"]),
        maximum=None if row["maximum"] == "*" else int(row["maximum"]),
        natures=frozenset(row["natures"].split()),
        page=row["page"],
    )


def _rubrique(row: Mapping[str, str], codes: Mapping[str, str]) -> Rubrique:
    return Rubrique(
        id=row["id"],
        bloc=row["id"].rsplit(".", 1)[0],
        ordre=int(row["ordre"]),
        libelle=row["libelle"],
        nature=row["nature"],
        longueur_min=int(row["longueur_min"]),
        longueur_max=int(row["longueur_max"]),
        regex=compile_xsd(row["regex"]) if row["regex"] else None,
        codes=codes,
        usages={pair[:2]: pair[3:] for pair in row["usages"].split()},
        table_externe=row["table_externe"],
        page=row["page"],
        source=row["source"],
        note=row["note"],
    )


def compile_xsd(pattern: str) -> re.Pattern[str]:
    """L'expression régulière du cahier technique (XML Schema, p.82-83), à appliquer par ``fullmatch``.

    ``re.ASCII`` : ``\\d`` et ``\\s`` ne valent que pour l'ASCII. Les ``^`` et ``$`` écrits dans S21.G00.40.059 et
    41.036 sont pris comme des bornes, sens évident du texte, et non comme des caractères.
    """
    if re.search(r"\\[icpIC]|-\[", pattern):
        raise NormError(f"Expression régulière XML Schema sans équivalent : {pattern}")
    return re.compile(pattern, re.ASCII)


def _controle(row: Mapping[str, str]) -> Controle:
    return Controle(
        rubrique=row["rubrique"],
        code=row["code"],
        blocking=row["gravite"] == "bloquant",
        natures=frozenset(row["natures"].split()),
        page=row["page"],
        texte=row["texte"],
        note=row["note"],
    )


def _generique(row: Mapping[str, str]) -> Controle:
    return Controle(
        rubrique="",
        code=row["code"],
        blocking=not row["gravite"].startswith("non"),
        natures=frozenset({"01", "04", "05", "07", "08", "09", "10"}),
        page=row["page"],
        texte=row["texte"],
        note=row["portee"],
    )
