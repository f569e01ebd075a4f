"""Ce qu'un contrôle regarde : une déclaration, ses blocs indexés, et la lecture des valeurs."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

from dsn.message import Block
from dsn.norm import Norm

_AMOUNT = re.compile(r"(-?)([0-9]+)\.([0-9]{2})")

AMOUNT_LENGTH, DATE_LENGTH = 24, 8
"""Une autre longueur n'est ni un montant ni une date ; elle n'entre pas dans les mémoires d'appels, bornées."""
MENSUELLES = frozenset({"01", "09"})
"""La DSN mensuelle et la DSN de substitution, qui partagent des contrôles."""


_FULL = {f"{number:02d}": f"S21.G00.{number:02d}" for number in range(100)}


def full(block_id: str) -> str:
    """``"40"`` → ``"S21.G00.40"`` ; un identifiant complet reste tel quel."""
    return _FULL.get(block_id, block_id)


def hundredths(value: str | None) -> int | None:
    """Un montant, un taux ou une quantité à deux décimales en centièmes ; ``None`` si la forme n'y est pas."""
    return None if value is None or len(value) > AMOUNT_LENGTH else _hundredths(value)


@lru_cache(maxsize=16_384)
def _hundredths(value: str) -> int | None:
    found = _AMOUNT.fullmatch(value)
    if not found:
        return None
    amount = int(found[2]) * 100 + int(found[3])
    return -amount if found[1] else amount


def day(value: str | None) -> date | None:
    """Une date JJMMAAAA ; ``None`` si elle n'existe pas."""
    return None if value is None or len(value) != DATE_LENGTH else _day(value)


@lru_cache(maxsize=16_384)
def _day(value: str) -> date | None:
    if not (value.isascii() and value.isdecimal()):
        return None
    try:
        return date(int(value[4:]), int(value[2:4]), int(value[:2]))
    except ValueError:
        return None


def last_day(month: date) -> date:
    """Le dernier jour civil du mois."""
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


class Node:
    """Un bloc, ses valeurs, son parent et ses enfants."""

    __slots__ = ("_below", "block", "children", "id", "parent", "values")

    def __init__(self, block: Block, parent: Node | None = None) -> None:
        self.block = block
        self.id = block.id
        self.parent = parent
        self.values: dict[str, str] = block.values()
        """Trois derniers chiffres de la rubrique → sa première valeur."""
        self.children: list[Node] = [Node(child, self) for child in block.children] if block.has_children() else []
        self._below: dict[str, list[Node]] | None = None

    def get(self, suffix: str) -> str | None:
        """La valeur d'une rubrique du bloc."""
        return self.values.get(suffix)

    def amount(self, suffix: str) -> int | None:
        """Le montant d'une rubrique, en centièmes."""
        return hundredths(self.values.get(suffix))

    def day(self, suffix: str) -> date | None:
        """La date d'une rubrique."""
        return day(self.values.get(suffix))

    def line(self, rubrique: str) -> int:
        """La ligne de la rubrique si elle est présente, sinon celle du bloc."""
        return self.block.line_of(rubrique)

    def kids(self, block_id: str) -> list[Node]:
        """Les enfants d'un bloc donné."""
        if not self.children:
            return []
        wanted = full(block_id)
        return [child for child in self.children if child.id == wanted]

    def up(self, block_id: str) -> Node | None:
        """L'ancêtre d'un bloc donné."""
        wanted, current = full(block_id), self.parent
        while current is not None and current.id != wanted:
            current = current.parent
        return current

    def walk(self) -> Iterator[Node]:
        """Ce bloc et ses descendants."""
        pending = [self]
        while pending:
            item = pending.pop()
            yield item
            if item.children:
                pending.extend(reversed(item.children))

    def all(self, block_id: str) -> list[Node]:
        """Ce bloc et ses descendants d'un identifiant donné, dans l'ordre du fichier."""
        if self._below is None:
            self._below = {}
            for item in self.walk():
                self._below.setdefault(item.id, []).append(item)
        return self._below.get(full(block_id), [])


_CONTRACT_SUFFIX = {
    "S21.G00.34": "002",
    "S21.G00.51": "010",
    "S21.G00.52": "006",
    "S21.G00.54": "005",
    "S21.G00.86": "005",
}


class Scope:
    """Une déclaration de l'envoi, vue par les contrôles."""

    def __init__(self, envoi: Block | None, declaration: Block, norm: Norm) -> None:
        self.norm = norm
        self.envoi = Node(envoi) if envoi else None
        self.root = Node(declaration)
        self.nature = self.root.get("001") or ""
        self.type = self.root.get("002") or ""
        self.month = day(self.root.get("005"))
        self.end = last_day(self.month) if self.month else None
        self.end_next = last_day(self.end + timedelta(days=1)) if self.end else None
        self._having: dict[str, list[Node]] = {}
        self._valued: dict[str, dict[str, list[Node]]] = {}
        self._contracts: dict[Node, dict[str, Node]] = {}

    def all(self, block_id: str) -> list[Node]:
        """Tous les blocs d'un identifiant donné, dans l'ordre du fichier (S10 compris)."""
        wanted = full(block_id)
        if wanted.startswith("S10"):
            return self.envoi.all(wanted) if self.envoi else []
        return self.root.all(wanted)

    def having(self, rubrique: str) -> list[Node]:
        """Les blocs qui portent une rubrique donnée (``S21.G00.40.021``), dans l'ordre du fichier."""
        found = self._having.get(rubrique)
        if found is None:
            suffix = rubrique[11:]
            found = [item for item in self.all(rubrique[:10]) if suffix in item.values]
            self._having[rubrique] = found
        return found

    def valued(self, rubrique: str, values: frozenset[str]) -> list[Node]:
        """Les blocs où une rubrique a l'une de ces valeurs : de quoi n'examiner que ceux que vise un contrôle."""
        index = self._valued.get(rubrique)
        if index is None:
            index = self._valued[rubrique] = {}
            suffix = rubrique[11:]
            for item in self.having(rubrique):
                index.setdefault(item.values[suffix], []).append(item)
        return [item for value in values & index.keys() for item in index[value]]

    def first(self, block_id: str) -> Node | None:
        """Le premier de ces blocs."""
        found = self.all(block_id)
        return found[0] if found else None

    def siret(self) -> str:
        """Le SIRET de l'établissement d'affectation (06.001 + 11.001), vide s'il manque une part."""
        enterprise, establishment = self.first("06"), self.first("11")
        if not enterprise or not establishment:
            return ""
        return (enterprise.get("001") or "") + (establishment.get("001") or "")

    def contract(self, payment_part: Node) -> Node | None:
        """Le contrat que vise le numéro d'un bloc 34 (002), 51 (010), 52 (006), 54 (005) ou 86 (005)."""
        suffix = _CONTRACT_SUFFIX.get(payment_part.id)
        number, person = payment_part.get(suffix) if suffix else None, payment_part.up("30")
        if person is None or number is None:
            return None
        contracts = self._contracts.get(person)
        if contracts is None:
            contracts = {contract.get("009") or "": contract for contract in reversed(person.kids("40"))}
            self._contracts[person] = contracts
        return contracts.get(number)

    def contract_of(self, item: Node) -> Node | None:
        """Le contrat qui porte le bloc, ou celui que cite le bloc ou l'un de ses ancêtres."""
        current: Node | None = item
        while current is not None:
            if current.id == "S21.G00.40":
                return current
            if current.id in _CONTRACT_SUFFIX:
                return self.contract(current)
            current = current.parent
        return None
