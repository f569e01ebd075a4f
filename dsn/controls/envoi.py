"""Les contrôles de l'envoi (S10), de la déclaration (S20) et du total (S90)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dsn.anomalies import Anomaly
from dsn.controls import keys
from dsn.controls.registry import on_block
from dsn.controls.scope import Node, Scope
from dsn.controls.structure import SANS_INDIVIDU
from dsn.message import Block
from dsn.norm import MENSUELLE, Norm

TOTAL = "S90.G00.90"
CONTROLES = (("S10.G00.00.008", "CCH-11"), (f"{TOTAL}.001", "CST-11"), (f"{TOTAL}.002", "CST-11"))
"""Les contrôles du cahier technique exécutés ici, une fois par envoi, et non par déclaration."""


@dataclass(slots=True)
class Resume:
    """Ce qu'il faut retenir des déclarations d'un envoi pour le juger, sans les garder."""

    declarations: int = 0
    rubriques: int = 0
    """Rubriques de l'envoi, S90 compris."""
    toutes_neant: bool = True
    """Toutes sont des mensuelles sans individu."""

    def add(self, declaration: Block) -> None:
        """Compte une déclaration de plus."""
        self.declarations += 1
        empty = declaration.get("001") == MENSUELLE and declaration.get("002") in SANS_INDIVIDU
        self.toutes_neant = self.toutes_neant and empty


def check_envoi(
    envoi: Block | None, total: Block | None, resume: Resume, norm: Norm, *, complete: bool
) -> Iterator[Anomaly]:
    """Ce qui se contrôle une fois par envoi : en-tête, envoi néant, comptes.

    ``complete`` : faux si la lecture a écarté des lignes, les comptes ne pouvant alors plus être vérifiés.
    """
    if envoi is None:
        yield Anomaly(0, "S10.G00.00", "GEN-08", True, "L'en-tête d'envoi S10 manque.")
    if not resume.declarations:
        yield Anomaly(0, "S20.G00.05", "GEN-09", True, "L'envoi ne contient aucune déclaration S20.")
    elif envoi is not None:
        yield from _empty_sending(envoi, resume, norm)
    if total is None:
        yield Anomaly(0, TOTAL, "GEN-09", True, "Le total S90 manque.")
    elif complete:
        yield from _counts(total, resume, norm)


def _empty_sending(envoi: Block, resume: Resume, norm: Norm) -> Iterator[Anomaly]:
    """S10.G00.00.008 CCH-11 : « 02 envoi néant » si et seulement si toutes les mensuelles sont sans individu."""
    rubrique = "S10.G00.00.008"
    kind = envoi.get("008")
    if kind is not None and (kind == "02") != resume.toutes_neant:
        text = (
            "Aucune déclaration n'a d'individu : le type de l'envoi doit être 02 (envoi néant)."
            if resume.toutes_neant
            else "L'envoi néant (02) est réservé aux envois dont toutes les déclarations sont sans individu."
        )
        known = norm.controles[(rubrique, "CCH-11")]
        yield Anomaly(envoi.line_of(rubrique), rubrique, "CCH-11", known.blocking, text)


def check_month(scope: Scope, announced: str | None) -> Iterator[Anomaly]:
    """La norme annoncée doit être celle du mois déclaré : P26V01 à partir de janvier 2026."""
    norm = scope.norm
    if scope.month and scope.nature == MENSUELLE and announced == norm.version and not norm.covers(scope.month):
        text = f"Le mois {scope.month:%m/%Y} ne se déclare pas en norme {norm.version}."
        yield Anomaly(scope.root.line("S20.G00.05.005"), "S20.G00.05.005", "LEC-07", True, text)


def _counts(total: Block, resume: Resume, norm: Norm) -> Iterator[Anomaly]:
    """S90.G00.90 CST-11 : nombre exact de rubriques (S90 compris) et de déclarations."""
    for suffix, count, what in (("001", resume.rubriques, "rubriques"), ("002", resume.declarations, "déclarations")):
        value, rubrique = total.get(suffix), f"{TOTAL}.{suffix}"
        if value is not None and value.lstrip("0") != str(count):
            known = norm.controles[(rubrique, "CST-11")]
            text = f"Le total annonce un nombre de {what} qui n'est pas celui de l'envoi ({count})."
            yield Anomaly(total.line_of(rubrique), rubrique, "CST-11", known.blocking, text)


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
