"""Les codes d'une DSN relus à l'envers : de la valeur déclarée à ce que le registre en dit.

Aucun code n'est écrit ici : tout vient des tables de ``dsn/codes``, celles-là mêmes qui servent à déclarer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from dsn import codes as dsn_codes
from dsn.norm import versions
from payroll import catalogue

CONTRAT = "S21.G00.40"
# Du plus exigeant au plus tolérant : ce qui distingue une population d'une autre, sans le régime, sans le dispositif.
_DISTINGUENT = (("007", "008", "026", "020"), ("007", "008", "026"), ("007", "026"), ("007", "008"))


def population_of(norme: str, declared: Mapping[str, str]) -> str | None:
    """La population dont les codes sont ceux du contrat (suffixe → valeur) ; ``None`` si aucune ne convient."""
    table = dsn_codes.load()
    for suffixes in _DISTINGUENT:
        for population in dsn_codes.POPULATIONS:
            wanted = table.contrat(norme, population)
            rows = [wanted.get(f"{CONTRAT}.{suffix}") for suffix in suffixes]
            if all(
                row is not None and row.valeur == declared.get(suffix)
                for row, suffix in zip(rows, suffixes, strict=True)
            ):
                return population
    return None


def differences(norme: str, population: str, declared: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(rubrique, valeur lue, valeur que nous écririons) là où l'ancien logiciel déclarait autrement."""
    rows = dsn_codes.load().contrat(norme, population)
    return [
        (rubrique, declared[rubrique[-3:]], row.valeur or "")
        for rubrique, row in sorted(rows.items())
        if rubrique.startswith(f"{CONTRAT}.")
        and rubrique[-3:] in declared
        and row.valeur is not None
        and declared[rubrique[-3:]] != row.valeur
    ]


def cotisation(contribution: str) -> str:
    """Le premier code 81.001 d'une contribution (« 300 » pour cnracl) ; vide si elle ne se déclare pas."""
    table = dsn_codes.load()
    for population in dsn_codes.POPULATIONS:
        for norme in _normes():
            row = table.contribution(norme, population, contribution)
            if row is not None and row.cotisations:
                return row.cotisations[0].valeur
    return ""


def convention(code: str) -> str:
    """Une lecture retenue (``plafond_applique``) ; vide si elle n'est pas dite."""
    try:
        return dsn_codes.load().convention(code).valeur or ""
    except KeyError:
        return ""


def written() -> frozenset[str]:
    """Les rubriques du contrat que nos codes écrivent d'après la population."""
    return frozenset(row.code for row in dsn_codes.load().lignes if row.table == "populations")


def vieillesse(norme: str, population: str) -> str:
    """Le régime vieillesse (40.020) d'une population ; vide si les codes n'en donnent pas."""
    row = dsn_codes.load().contrat(norme, population).get(f"{CONTRAT}.020")
    return (row.valeur or "") if row is not None else ""


def base(contribution: str, *, effectif_50: bool = False) -> str:
    """La base (78.001) d'une contribution ; vide si elle n'en a pas."""
    table = dsn_codes.load()
    for population in dsn_codes.POPULATIONS:
        for norme in _normes():
            row = table.contribution(norme, population, contribution, effectif_50=effectif_50)
            if row is not None and row.base:
                return row.base
    return ""


def elements(bloc: str) -> dict[str, str]:
    """Type déclaré dans ce bloc → rubrique du catalogue ; un type que deux rubriques partagent n'est pas deviné."""
    rows = [row for row in dsn_codes.load().lignes if row.table == "elements" and row.bloc == bloc and row.valeur]
    shared = Counter(row.valeur for row in rows)
    return {row.valeur: row.code for row in rows if row.valeur and shared[row.valeur] == 1}


def permanents(bloc: str) -> dict[str, str]:
    """Parmi :func:`elements`, ceux qui se versent chaque mois d'office."""
    monthly = {rubrique.code for rubrique in catalogue.load().saisies("permanents")}
    return {kind: code for kind, code in elements(bloc).items() if code in monthly}


def absences(bloc: str) -> dict[str, str]:
    """Motif déclaré (60.001 ou 65.001) → nature d'absence ; un motif que deux natures partagent n'est pas deviné.

    Une nature dont le code n'est qu'une déduction ne dispute pas un motif à celle dont il est le code certain.
    """
    rows = [row for row in dsn_codes.load().lignes if row.table == "absences" and row.bloc == bloc and row.valeur]
    certain = {row.valeur for row in rows if row.confiance == "A"}
    rows = [row for row in rows if row.confiance == "A" or row.valeur not in certain]
    shared = Counter(row.valeur for row in rows)
    return {row.valeur: row.code for row in rows if row.valeur and shared[row.valeur] == 1}


def _normes() -> tuple[str, ...]:
    return tuple(reversed(versions()))
