"""Les contrôles de l'individu (30) : NIR, NTT, naissance. Aucun message ne cite la personne."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dsn.anomalies import Anomaly
from dsn.controls.registry import on_block, on_declaration
from dsn.controls.scope import Node, Scope, day

_APPRENTI = frozenset({"64", "65", "81"})


def birth_year(item: Node) -> int | None:
    """L'année de naissance déclarée, même si le jour ou le mois est inconnu."""
    value = item.get("006") or ""
    return int(value[4:]) if re.fullmatch(r"[0-9]{8}", value) else None


@on_block("S21.G00.30.001", "CCH-11")
def nir_departement(item: Node, _scope: Scope) -> str | None:
    """Département du NIR : 2A/2B depuis 1976, 20 avant 1976, 96 avant 1968."""
    nir, year = item.get("001") or "", birth_year(item)
    department = nir[5:7]
    if year is None:
        return None
    if (
        (department in {"2A", "2B"} and year < 1976)
        or (department == "20" and year >= 1976)
        or (department == "96" and year >= 1968)
    ):
        return "Le département porté par le NIR n'est pas possible pour cette année de naissance."
    return None


@on_block("S21.G00.30.001", "CCH-13")
def nir_fictif(item: Node, _scope: Scope) -> str | None:
    """NIR fictif interdit."""
    if item.get("001") in {"1999999999999", "2999999999999"}:
        return "Ce NIR est un numéro d'attente : déclarez plutôt un numéro technique temporaire (NTT)."
    return None


@on_declaration("S21.G00.30.001", "CCH-14")
def nir_unique(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Un NIR, un seul bloc 30."""
    seen: set[str] = set()
    for item in scope.all("30"):
        nir = item.get("001")
        if nir and nir in seen:
            yield item, "Ce NIR figure déjà dans la déclaration : un individu, un seul bloc, plusieurs contrats."
        seen.add(nir or "")


@on_block("S21.G00.30.001", "CCH-16")
def nir_neufs(item: Node, _scope: Scope) -> str | None:
    """Pas plus de cinq 9 en fin de NIR."""
    return (
        "Le NIR finit par plus de cinq 9 : ce n'est pas un vrai NIR."
        if (item.get("001") or "").endswith("9" * 6)
        else None
    )


def check_names(scope: Scope) -> Iterator[Anomaly]:
    """GEN-30 : « SN » (sans nom) et « SP » (sans prénom) ne vont pas ensemble (p.94)."""
    for block, name, first_name in (("30", "002", "004"), ("S89.G00.91", "002", "004")):
        for item in scope.all(block):
            if item.get(name) == "SN" and item.get(first_name) == "SP":
                text = "« SN » (sans nom) et « SP » (sans prénom) ne se déclarent pas ensemble."
                rubrique = f"{item.id}.{name}"
                yield Anomaly(item.line(rubrique), rubrique, "GEN-30", scope.norm.generiques["GEN-30"].blocking, text)


@on_block("S21.G00.30.006", "CCH-11")
def nir_annee(item: Node, _scope: Scope) -> str | None:
    """L'année du NIR est celle de la naissance."""
    nir, year = item.get("001") or "", birth_year(item)
    if re.fullmatch(r"[0-9]{3}.*", nir) and year is not None and int(nir[1:3]) != year % 100:
        return "L'année de naissance n'est pas celle que porte le NIR."
    return None


@on_block("S21.G00.30.006", "CCH-12")
def naissance_plausible(item: Node, scope: Scope) -> str | None:
    """Année de naissance plausible ; l'année du mois déclaré tient lieu d'année en cours."""
    year = birth_year(item)
    if year is not None and scope.month and not scope.month.year - 120 < year <= scope.month.year:
        return "L'année de naissance n'est pas plausible."
    return None


@on_block("S21.G00.30.006", "CSL-11")
def naissance_calendaire(item: Node, _scope: Scope) -> str | None:
    """Date du calendrier, sauf jour ou mois inconnu (00 ou 99)."""
    value = item.get("006") or ""
    if not re.fullmatch(r"[0-9]{8}", value) or {value[:2], value[2:4]} & {"00", "99"}:
        return None
    return None if day(value) else "La date de naissance n'existe pas dans le calendrier."


@on_block("S21.G00.30.007", "CCH-11")
def lieu_naissance(item: Node, _scope: Scope) -> str | None:
    """Lieu de naissance obligatoire en France."""
    if item.get("014") and item.get("014") != "99" and not item.get("007"):
        return "Le lieu de naissance est obligatoire pour une personne née en France."
    return None


@on_block("S21.G00.30.014", "CCH-11")
def departement_naissance(item: Node, _scope: Scope) -> str | None:
    """Département de naissance possible à cette date."""
    department, year = item.get("014"), birth_year(item)
    if year is None:
        return None
    if (
        (department in {"2A", "2B"} and year < 1976)
        or (department == "20" and year >= 1976)
        or (department == "96" and year >= 1968)
    ):
        return "Le département de naissance n'existait pas, ou plus, cette année-là."
    return None


@on_block("S21.G00.30.020", "CCH-12")
def ntt_sans_nir(item: Node, _scope: Scope) -> str | None:
    """Sans NIR, un NTT."""
    if not item.get("001") and not item.get("020"):
        return "Sans NIR, le numéro technique temporaire (NTT) est obligatoire."
    return None


@on_block("S21.G00.30.020", "CCH-13")
def ntt_siren(item: Node, scope: Scope) -> str | None:
    """Le NTT porte le SIREN de l'employeur en positions 2 à 10."""
    ntt, enterprise = item.get("020"), scope.first("06")
    if ntt and enterprise and ntt[1:10] != enterprise.get("001"):
        return "Le numéro technique temporaire doit porter le SIREN de l'employeur en positions 2 à 10."
    return None


@on_declaration("S21.G00.30.020", "CCH-14")
def ntt_unique(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Un NTT par individu."""
    seen: set[str] = set()
    for item in scope.all("30"):
        ntt = item.get("020")
        if ntt and ntt in seen:
            yield item, "Ce numéro technique temporaire figure déjà dans la déclaration."
        seen.add(ntt or "")


@on_block("S21.G00.30.020", "CSL-11")
def ntt_debut(item: Node, _scope: Scope) -> str | None:
    """Le NTT commence par 1 ou 2."""
    ntt = item.get("020")
    return "Le numéro technique temporaire commence par 1 ou 2." if ntt and ntt[0] not in "12" else None


@on_block("S21.G00.30.020", "CSL-12")
def ntt_espace(item: Node, _scope: Scope) -> str | None:
    """Le NTT est sans espace."""
    return "Le numéro technique temporaire ne contient pas d'espace." if " " in (item.get("020") or "") else None


@on_block("S21.G00.30.025", "CCH-11")
def diplome_apprenti(item: Node, _scope: Scope) -> str | None:
    """Apprenti : niveau du diplôme préparé obligatoire."""
    if not item.get("025") and any(contract.get("008") in _APPRENTI for contract in item.kids("40")):
        return "Pour un apprenti, le niveau du diplôme préparé est obligatoire."
    return None


@on_block("S21.G00.30.029", "CCH-11")
def pays_naissance(item: Node, _scope: Scope) -> str | None:
    """Né à l'étranger sans lieu de naissance : libellé du pays obligatoire."""
    if item.get("014") == "99" and not item.get("007") and not item.get("029"):
        return "Né à l'étranger : indiquez le lieu de naissance ou, à défaut, le libellé du pays."
    return None
