"""Dans un cas de paie : les parties d'un mois coupé (``segments``) et les mois repris (``rappels``).

Une partie ou un mois repris s'écrit comme le cas, avec les seules clés qui diffèrent ; le même lecteur relit sa
situation et dit les mêmes défauts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import date
from typing import Any, TypeVar

from payroll.engine.situation import Employeur, Rappel, Segment, Situation
from payroll.money import parse_amount
from payroll.periods import Month

T = TypeVar("T")
Read = Callable[[Mapping[str, Any]], Situation]

_SEGMENT_KEYS = ("fin", "agent", "permanents", "elu")
_RAPPEL_KEYS = ("mois", "avant", "apres", "paye", "rang", "sur", "motif")
_MOIS_KEYS = ("agent", "permanents", "variables", "arrets", "elu", "segments")
_COPIES = tuple(item.name for item in fields(Segment) if item.name != "fin")


def with_periods(
    data: Mapping[str, Any], situation: Situation, employeur: Employeur, problems: list[str], read: Read
) -> Situation:
    """La situation du cas, avec ses parties de mois et ses rappels ; les défauts rejoignent ``problems``."""
    return replace(
        situation,
        segments=_segments(data, data.get("segments"), problems, read),
        rappels=tuple(
            rappel
            for row in _rows(data.get("rappels"), "rappels", problems)
            if (rappel := _recall(data, row, employeur, problems, read))
        ),
    )


def read_expected_recalls(value: object, problems: list[str]) -> dict[Month, object]:
    """``attendu.rappels`` : mois du droit → lignes attendues (à lire comme ``attendu.lignes``)."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        problems.append("« attendu.rappels » : une suite de mois est attendue (2026-03: {…})")
        return {}
    found: dict[Month, object] = {}
    for mois, lignes in value.items():
        try:
            found[Month.parse(str(mois))] = lignes
        except ValueError as error:
            problems.append(f"« attendu.rappels » : {error}")
    return found


def _rows(value: object, lieu: str, problems: list[str]) -> list[Mapping[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        problems.append(f"« {lieu} » : une liste est attendue")
        return []
    return value


def _segments(data: Mapping[str, Any], value: object, problems: list[str], read: Read) -> tuple[Segment, ...]:
    found = []
    for row in _rows(value, "segments", problems):
        _known(row, "segments", _SEGMENT_KEYS, problems)
        fin = _parsed(row, "segments", "fin", lambda text: date.fromisoformat(text), problems)
        conditions = read(_merged(data, {name: row[name] for name in row if name in _MOIS_KEYS}))
        if fin is not None:
            found.append(Segment(fin=fin, **{name: getattr(conditions, name) for name in _COPIES}))
    return tuple(found)


def _recall(
    data: Mapping[str, Any], row: Mapping[str, Any], employeur: Employeur, problems: list[str], read: Read
) -> Rappel | None:
    _known(row, "rappels", _RAPPEL_KEYS, problems)
    mois = _parsed(row, "rappels", "mois", Month.parse, problems)
    if mois is None:
        return None
    if "avant" not in row and "paye" not in row:
        problems.append(
            "« rappels » : dites ce qui a été payé, « avant » (ses conditions ; null : rien) ou « paye » (ses montants)"
        )
    avant = row.get("avant")
    return Rappel(
        mois=mois,
        employeur=employeur,
        situation=_month(data, row.get("apres") or {}, "rappels.apres", problems, read),
        ancienne=None if avant is None else _month(data, avant, "rappels.avant", problems, read),
        paye=_amounts(row["paye"], problems) if "paye" in row else None,
        rang=_parsed(row, "rappels", "rang", int, problems) if "rang" in row else 1,  # type: ignore[arg-type]
        sur=_parsed(row, "rappels", "sur", int, problems) if "sur" in row else 1,  # type: ignore[arg-type]
        motif=str(row.get("motif", "")),
    )


def _month(data: Mapping[str, Any], row: object, lieu: str, problems: list[str], read: Read) -> Situation:
    """La situation d'un mois repris : celle du cas, sans ses éléments du mois, et ce que la ligne change."""
    if not isinstance(row, dict):
        problems.append(f"« {lieu} » : une suite de clés est attendue")
        row = {}
    _known(row, lieu, _MOIS_KEYS, problems)
    base = {name: value for name, value in data.items() if name not in ("variables", "arrets", "cumuls")}
    merged = _merged(base, row)
    situation = read(merged)
    return replace(situation, segments=_segments(merged, row.get("segments"), problems, read))


def _merged(data: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Les clés de ``row`` remplacent celles du cas ; celles d'``agent`` s'y ajoutent une à une."""
    merged = {**data, **row}
    if isinstance(data.get("agent"), dict) and isinstance(row.get("agent"), dict):
        merged["agent"] = {**data["agent"], **row["agent"]}
    return merged


def _known(row: Mapping[str, Any], lieu: str, known: tuple[str, ...], problems: list[str]) -> None:
    problems.extend(
        f"clé inconnue « {name} » dans « {lieu} » (admises : {', '.join(known)})" for name in row if name not in known
    )


def _parsed(row: Mapping[str, Any], lieu: str, name: str, parse: Callable[[str], T], problems: list[str]) -> T | None:
    if name not in row:
        problems.append(f"clé manquante « {name} » dans « {lieu} »")
        return None
    try:
        return parse(str(row[name]))
    except ValueError as error:
        problems.append(f"« {lieu}.{name} » illisible : {error}")
        return None


def _amounts(value: object, problems: list[str]) -> dict[str, int]:
    if not isinstance(value, dict):
        problems.append("« rappels.paye » : une suite de montants est attendue")
        return {}
    found = {}
    for code, montant in value.items():
        try:
            found[str(code)] = parse_amount(str(montant))
        except ValueError:
            problems.append(f"« rappels.paye.{code} » : montant illisible « {montant} »")
    return found
