"""Les contrôles de l'envoi (S10), de la déclaration (S20) et du total (S90)."""

from __future__ import annotations

from collections.abc import Iterator

from dsn.anomalies import Anomaly
from dsn.controls import keys
from dsn.controls.registry import on_block
from dsn.controls.scope import Node, Scope
from dsn.controls.structure import SANS_INDIVIDU
from dsn.message import Message
from dsn.norm import Norm

TOTAL = "S90.G00.90"
CONTROLES = (("S10.G00.00.008", "CCH-11"), (f"{TOTAL}.001", "CST-11"), (f"{TOTAL}.002", "CST-11"))
"""Les contrôles du cahier technique exécutés ici, une fois par envoi, et non par déclaration."""


def check_envoi(message: Message, norm: Norm) -> Iterator[Anomaly]:
    """Ce qui se contrôle une fois par envoi : en-tête, norme du mois, envoi néant, comptes."""
    if message.envoi is None:
        yield Anomaly(0, "S10.G00.00", "GEN-08", True, "L'en-tête d'envoi S10 manque.")
    if not message.declarations:
        yield Anomaly(0, "S20.G00.05", "GEN-09", True, "L'envoi ne contient aucune déclaration S20.")
    yield from _empty_sending(message, norm)
    yield from _norm_of_month(message, norm)
    yield from _counts(message, norm)


def _empty_sending(message: Message, norm: Norm) -> Iterator[Anomaly]:
    """S10.G00.00.008 CCH-11 : « 02 envoi néant » si et seulement si toutes les mensuelles sont sans individu."""
    if message.envoi is None or not message.declarations:
        return
    empty = all(item.get("001") == "01" and item.get("002") in SANS_INDIVIDU for item in message.declarations)
    entry = message.envoi.entry("008")
    if entry and (entry.value == "02") != empty:
        text = (
            "Aucune déclaration n'a d'individu : le type de l'envoi doit être 02 (envoi néant)."
            if empty
            else "L'envoi néant (02) est réservé aux envois dont toutes les déclarations sont sans individu."
        )
        known = norm.controles[("S10.G00.00.008", "CCH-11")]
        yield Anomaly(entry.line, entry.rubrique, "CCH-11", known.blocking, text)


def _norm_of_month(message: Message, norm: Norm) -> Iterator[Anomaly]:
    """La norme annoncée doit être celle du mois déclaré : P26V01 à partir de janvier 2026."""
    for declaration in message.declarations:
        scope = Scope(message, declaration, norm)
        if scope.month and scope.nature == "01" and message.version == norm.version and not norm.covers(scope.month):
            text = f"Le mois {scope.month:%m/%Y} ne se déclare pas en norme {norm.version}."
            yield Anomaly(scope.root.line("S20.G00.05.005"), "S20.G00.05.005", "LEC-07", True, text)


def _counts(message: Message, norm: Norm) -> Iterator[Anomaly]:
    """S90.G00.90 CST-11 : nombre exact de rubriques (S90 compris) et de déclarations."""
    if message.total is None:
        yield Anomaly(0, TOTAL, "GEN-09", True, "Le total S90 manque.")
        return
    if not message.complete:
        return
    rubriques = message.count_rubriques() + len(message.total.fields)
    for suffix, count, what in (("001", rubriques, "rubriques"), ("002", len(message.declarations), "déclarations")):
        entry = message.total.entry(suffix)
        if entry and not (entry.value.isdecimal() and int(entry.value) == count):
            known = norm.controles[(entry.rubrique, "CST-11")]
            text = f"Le total annonce un nombre de {what} qui n'est pas celui de l'envoi ({count})."
            yield Anomaly(entry.line, entry.rubrique, "CST-11", known.blocking, text)


@on_block("S10.G00.01.002", "CCH-11")
def siret_emetteur(item: Node, _scope: Scope) -> str | None:
    """La clé du SIRET de l'émetteur."""
    value = (item.get("001") or "") + (item.get("002") or "")
    return None if keys.siret(value) else "La clé du SIRET de l'émetteur est fausse : vérifiez SIREN et NIC."


@on_block("S20.G00.05.002", "CCH-13")
def type_annule(_item: Node, scope: Scope) -> str | None:
    """Le type 04 n'existe pas en mensuelle."""
    if scope.type == "04" and scope.nature not in {"07", "08", "09"}:
        return "Le type 04 (annule) n'est pas permis ici : annulez par un « annule et remplace » (03 ou 05)."
    return None


@on_block("S20.G00.05.002", "CCH-14")
def sans_individu_mensuelle(_item: Node, scope: Scope) -> str | None:
    """Types 02 et 05 : mensuelle seulement."""
    if scope.type in SANS_INDIVIDU and scope.nature != "01":
        return "Une déclaration sans individu (02 ou 05) n'existe que pour la DSN mensuelle."
    return None


@on_block("S20.G00.05.002", "CCH-15")
def remplace_amorcage(_item: Node, scope: Scope) -> str | None:
    """Type 03 interdit pour l'amorçage des données variables."""
    return "Le type 03 est interdit pour un amorçage (08)." if scope.type == "03" and scope.nature == "08" else None


@on_block("S20.G00.05.002", "CCH-16")
def au_moins_un_individu(_item: Node, scope: Scope) -> str | None:
    """Types 01 et 03 : au moins un individu."""
    if scope.type in {"01", "03"} and not scope.all("30") and not scope.all("S89.G00.91"):
        return "Une déclaration normale contient au moins un individu ; sinon, employez le type 02 (sans individu)."
    return None


@on_block("S20.G00.05.003", "CCH-11")
def fraction_signalement(item: Node, scope: Scope) -> str | None:
    """Pas de fractionnement d'un signalement."""
    if scope.nature in {"04", "05", "07", "08"} and item.get("003") != "11":
        return "Un signalement ne se fractionne pas : la fraction vaut 11."
    return None


@on_block("S20.G00.05.008", "CCH-11")
def champ_agricole(item: Node, scope: Scope) -> str | None:
    """Déclaration partielle agricole interdite à net-entreprises."""
    if item.get("008") == "02" and scope.envoi and scope.envoi.get("007") == "01":
        return "Une déclaration partielle du régime agricole ne se dépose pas à net-entreprises."
    return None


@on_block("S20.G00.05.008", "CCH-12")
def champ_general(item: Node, scope: Scope) -> str | None:
    """Déclaration partielle du régime général interdite à la MSA."""
    if item.get("008") == "03" and scope.envoi and scope.envoi.get("007") == "02":
        return "Une déclaration partielle du régime général ne se dépose pas à la MSA."
    return None


@on_block("S20.G00.05.009", "CCH-11")
def identifiant_metier(item: Node, scope: Scope) -> str | None:
    """L'identifiant métier n'est pas un NIR."""
    value = item.get("009")
    if value and any(person.get("001") == value for person in scope.all("30")):
        return "L'identifiant métier ne doit pas être le numéro de sécurité sociale d'un agent."
    return None
