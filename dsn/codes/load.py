"""La lecture des tables de codes : toute ligne incomplète, inconnue ou sans source est refusée et dite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from dsn.codes.rows import RESTE, Contribution, Ctp, Ligne, Part, percent_ppm
from dsn.norm import Norm, versions
from dsn.norm import load as load_norm

FOLDER = Path(__file__).parent
_COMMON = frozenset({"code", "valeur", "libelle", "source", "confiance", "note", "populations", "normes"})
_REQUIRED = frozenset({"code", "valeur", "libelle", "source", "confiance", "populations"})
_EXTRA: Mapping[str, frozenset[str]] = {
    "populations": frozenset(),
    "ctp": frozenset({"qualifiant", "taux", "taux_at", "montant", "commune"}),
    "contributions": frozenset(
        {
            "contribution",
            "base",
            "porte_base",
            "organisme",
            "sans_taux",
            "valeur_absolue",
            "assiette_commune",
            "hors_dsn",
            "effectif",
            "cotisations",
            "ctp",
            "porte",
            "rappel",
            "retranche",
        }
    ),
    "organismes": frozenset({"entite"}),
    "emplois": frozenset(),
    "conventions": frozenset(),
    "elements": frozenset({"bloc"}),
    "absences": frozenset({"bloc", "ijss"}),
    "retours": frozenset(),
    "evenements": frozenset(),
    "changements": frozenset({"effet", "vide"}),
    "prevoyance": frozenset(),
}
_EFFETS = frozenset({"conditions", "mois", "identifiant"})
_TYPE_RUBRIQUE = {
    "S21.G00.51": "S21.G00.51.011",
    "S21.G00.52": "S21.G00.52.001",
    "S21.G00.54": "S21.G00.54.001",
    "S21.G00.58": "S21.G00.58.003",
    "S21.G00.60": "S21.G00.60.001",
    "S21.G00.65": "S21.G00.65.001",
}


class CodesError(ValueError):
    """Des lignes de codes sont refusées ; le message les liste toutes."""


def read_tables(
    folder: Path = FOLDER, *, populations: frozenset[str]
) -> tuple[tuple[Ligne, ...], tuple[Ctp, ...], tuple[Contribution, ...]]:
    """Les lignes, les CTP et les contributions d'un dossier. Lève ``CodesError``."""
    problems: list[str] = []
    lignes: list[Ligne] = []
    ctp: list[Ctp] = []
    contributions: list[Contribution] = []
    for table in _EXTRA:
        for row in _rows(folder / f"{table}.yaml", problems):
            found = list(_refuse(table, row, populations))
            problems += [f"{table} « {row.get('code', '?')} » : {problem}" for problem in found]
            if found:
                continue
            ligne = _ligne(table, row)
            lignes.append(ligne)
            if table == "ctp":
                ctp.append(_ctp(ligne, row))
            elif table == "contributions":
                contributions.append(_contribution(ligne, row))
    problems += _cross(lignes, ctp, contributions)
    if problems:
        raise CodesError("Codes DSN refusés :\n- " + "\n- ".join(problems))
    return tuple(lignes), tuple(ctp), tuple(contributions)


def _rows(path: Path, problems: list[str]) -> list[dict[str, Any]]:
    try:
        rows = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        problems.append(f"{path.name} illisible ({type(problem).__name__})")
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        problems.append(f"{path.name} n'est pas une liste de lignes")
        return []
    return rows


def _refuse(table: str, row: Mapping[str, Any], populations: frozenset[str]) -> Iterator[str]:
    unknown = set(row) - _COMMON - _EXTRA[table]
    missing = _REQUIRED - set(row)
    if unknown:
        yield f"clé inconnue {', '.join(sorted(unknown))}"
    if missing:
        yield f"clé manquante {', '.join(sorted(missing))}"
        return
    for key in ("code", "libelle", "source"):
        if not isinstance(row[key], str) or not row[key].strip():
            yield f"{key} doit être un texte non vide"
    if not (row["valeur"] is None or isinstance(row["valeur"], str)):
        yield "valeur doit être un texte entre guillemets, ou null"
    if row["confiance"] not in {"A", "B", "C", "N"}:
        yield "confiance doit être A, B, C ou N"
    if row["confiance"] == "N" and row["valeur"] is not None:
        yield "une ligne non trouvée (N) n'a pas de valeur"
    if row["confiance"] == "N" and not row.get("note"):
        yield "une ligne non trouvée (N) porte une note qui dit quoi faire"
    strangers = set(row["populations"]) - populations
    if strangers:
        yield f"population inconnue {', '.join(sorted(strangers))}"
    if set(row.get("normes", ())) - set(versions()):
        yield "norme inconnue"
    yield from _refuse_values(table, row)


def _refuse_values(table: str, row: Mapping[str, Any]) -> Iterator[str]:
    """Les valeurs doivent exister dans la norme."""
    for norm in _norms(row):
        if table == "populations" and row["code"] in norm.rubriques:
            codes = norm.rubriques[row["code"]].codes
            if codes and row["valeur"] not in codes:
                yield f"valeur {row['valeur']} absente de {norm.version}"
        elif table in {"elements", "absences"}:
            rubrique = _TYPE_RUBRIQUE.get(row.get("bloc", ""))
            if rubrique is None:
                yield "bloc inconnu"
            elif row["valeur"] not in norm.rubriques[rubrique].codes:
                yield f"valeur {row['valeur']} absente de {norm.version}"
        elif table == "contributions":
            yield from _refuse_contribution(row, norm)
        elif table == "changements" and not {row["code"], row["valeur"]} <= set(norm.rubriques):
            yield f"rubrique absente de {norm.version}"
    if table == "populations" and row["code"] not in {"bases_minimales"} and not row["code"].startswith("S21."):
        yield "code doit être une rubrique"
    if table == "changements" and row.get("effet") not in _EFFETS:
        yield f"effet doit être {', '.join(sorted(_EFFETS))}"
    if table == "ctp":
        yield from _refuse_rates(row.get("taux", ()))


def _norms(row: Mapping[str, Any]) -> list[Norm]:
    return [load_norm(version) for version in row.get("normes") or versions() if version in versions()]


def _refuse_contribution(row: Mapping[str, Any], norm: Norm) -> Iterator[str]:
    if row.get("base") is not None and row["base"] not in norm.rubriques["S21.G00.78.001"].codes:
        yield f"base {row['base']} absente de {norm.version}"
    if row.get("rappel") not in {None, "origine"}:
        yield "rappel doit être origine, ou absent"
    if row.get("effectif") not in {None, "moins_de_50", "50_et_plus"}:
        yield "effectif doit être moins_de_50 ou 50_et_plus"
    for part in row.get("cotisations", ()):
        if set(part) - {"valeur", "part", "taux", "commune"} or not {"valeur", "part", "taux"} <= set(part):
            yield "cotisation mal formée (valeur, part, taux, commune)"
            continue
        if part["valeur"] not in norm.rubriques["S21.G00.81.001"].codes:
            yield f"cotisation {part['valeur']} absente de {norm.version}"
        if part["part"] not in {"salarie", "employeur", "total"}:
            yield f"part inconnue {part['part']}"
        if part["taux"] != RESTE:
            yield from _refuse_rates((f"{part['taux']} %",))


def _refuse_rates(terms: Any) -> Iterator[str]:
    for term in terms:
        if str(term).endswith("%"):
            try:
                percent_ppm(str(term).removesuffix("%"))
            except ValueError as problem:
                yield str(problem)


def _ligne(table: str, row: Mapping[str, Any]) -> Ligne:
    return Ligne(
        table=table,
        code=row["code"],
        valeur=row["valeur"],
        libelle=row["libelle"],
        source=row["source"],
        confiance=row["confiance"],
        note=row.get("note") or "",
        populations=tuple(row["populations"]),
        normes=tuple(row.get("normes", ())),
        bloc=row.get("bloc", ""),
        entite=row.get("entite", ""),
        effet=row.get("effet", ""),
        vide=row.get("vide", ""),
        ijss=bool(row.get("ijss")),
    )


def _ctp(ligne: Ligne, row: Mapping[str, Any]) -> Ctp:
    return Ctp(
        ligne=ligne,
        qualifiant=row.get("qualifiant"),
        taux=tuple(row.get("taux", ())),
        taux_at=bool(row.get("taux_at")),
        montant=bool(row.get("montant")),
        commune=bool(row.get("commune")),
    )


def _contribution(ligne: Ligne, row: Mapping[str, Any]) -> Contribution:
    return Contribution(
        ligne=ligne,
        contribution=row["contribution"],
        base=row.get("base"),
        porte_base=bool(row.get("porte_base")),
        organisme=row.get("organisme"),
        sans_taux=bool(row.get("sans_taux")),
        valeur_absolue=bool(row.get("valeur_absolue")),
        assiette_commune=bool(row.get("assiette_commune")),
        hors_dsn=bool(row.get("hors_dsn")),
        effectif=row.get("effectif"),
        cotisations=tuple(
            Part(part["valeur"], part["part"], part["taux"], bool(part.get("commune"))) for part in row["cotisations"]
        ),
        ctp=tuple(row["ctp"]),
        porte=tuple(row["porte"]),
        rappel_origine=row.get("rappel") == "origine",
        retranche=tuple(row.get("retranche", ())),
    )


def _cross(lignes: list[Ligne], ctp: list[Ctp], contributions: list[Contribution]) -> list[str]:
    """Les liens entre tables, et les doublons."""
    problems: list[str] = []
    known = {item.ligne.code for item in ctp}
    for item in contributions:
        strangers = sorted({*item.ctp, *item.porte, *item.retranche} - known)
        if strangers:
            problems.append(f"contributions « {item.ligne.code} » : CTP inconnu {', '.join(strangers)}")
    seen: set[tuple[str, str, str, str]] = set()
    for row in lignes:
        for population in row.populations or ("",):
            for norme in row.normes or versions():
                key = (row.table, row.code, population, norme)
                if key in seen:
                    problems.append(f"{row.table} « {row.code} » : deux lignes pour {population or 'tous'} en {norme}")
                seen.add(key)
    return problems
