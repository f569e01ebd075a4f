"""Les contrôles de forme, produits des données de la norme : longueur, nature, expression régulière, liste."""

from __future__ import annotations

from collections.abc import Iterator

from dsn.anomalies import Anomaly, quote
from dsn.controls.scope import day
from dsn.message import Block, Field
from dsn.norm import Norm, Rubrique

_DIGITS = frozenset("0123456789")


def check_block(block: Block, norm: Norm) -> Iterator[Anomaly]:
    """Les défauts de forme de chaque rubrique du bloc (CT p.87-91)."""
    for item in block.fields:
        known = norm.rubriques.get(item.rubrique)
        if known is None:
            text = f"Rubrique inconnue de la norme {norm.version}."
            yield Anomaly(item.line, item.rubrique, "LEC-01", True, text)
        else:
            yield from _check_field(item, known, norm)


def _check_field(item: Field, known: Rubrique, norm: Norm) -> Iterator[Anomaly]:
    value = item.value

    def shown() -> str:
        return quote(item.rubrique, value)

    def found(code: str, message: str) -> Anomaly:
        generic = norm.generiques.get(code)
        return Anomaly(item.line, item.rubrique, code, generic is None or generic.blocking, message)

    if not value.strip():
        yield found("GEN-16", f"« {known.libelle} » est vide : une rubrique sans valeur ne se déclare pas.")
        return
    if value != value.strip(" "):
        yield found("GEN-22", f"« {known.libelle} » : pas d'espace au début ni à la fin de la valeur {shown()}.")
    if not known.longueur_min <= len(value) <= known.longueur_max:
        expected = (
            f"{known.longueur_min}"
            if known.longueur_min == known.longueur_max
            else f"{known.longueur_min} à {known.longueur_max}"
        )
        yield found("GEN-18", f"« {known.libelle} » : {len(value)} caractères au lieu de {expected} ({shown()}).")
    if known.nature == "N" and not _numeric(value):
        yield found("GEN-19", f"« {known.libelle} » : valeur numérique attendue, reçu {shown()}.")
    if known.nature == "D" and day(value) is None:
        yield found("GEN-20", f"« {known.libelle} » : date JJMMAAAA du calendrier attendue, reçu {shown()}.")
    elif known.regex and not known.regex.fullmatch(value):
        yield found("CSL-00", f"« {known.libelle} » : la valeur {shown()} n'a pas la forme exigée.")
    if known.codes and value not in known.codes:
        yield found("GEN-21", f"« {known.libelle} » : la valeur {shown()} n'est pas dans la liste de {norm.version}.")


def _numeric(value: str) -> bool:
    whole, dot, decimals = value.removeprefix("-").partition(".")
    return bool(whole) and set(whole + decimals) <= _DIGITS and bool(decimals or not dot)
