"""Le message DSN : un arbre de blocs, chacun fait de rubriques dans l'ordre et de blocs enfants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from dsn.norm import Norm, NormError, load


@dataclass(slots=True)
class Field:
    """Une rubrique valorisée. ``line`` : sa ligne dans le fichier, 0 tant qu'elle n'en a pas."""

    rubrique: str
    value: str
    line: int = 0


@dataclass(slots=True)
class Block:
    """Un bloc du message et ses enfants, dans l'ordre du fichier."""

    id: str
    fields: list[Field] = field(default_factory=list)
    children: list[Block] = field(default_factory=list)

    @property
    def line(self) -> int:
        """La ligne de la première rubrique, 0 si le bloc n'en a pas encore."""
        return self.fields[0].line if self.fields else 0

    def get(self, suffix: str) -> str | None:
        """La valeur d'une rubrique du bloc, par ses trois derniers chiffres (``"020"``)."""
        found = self.entry(suffix)
        return found.value if found else None

    def entry(self, suffix: str) -> Field | None:
        """La rubrique elle-même, avec sa ligne."""
        rubrique = f"{self.id}.{suffix}"
        return next((item for item in self.fields if item.rubrique == rubrique), None)

    def walk(self) -> Iterator[Block]:
        """Ce bloc puis tous ses descendants, dans l'ordre du fichier."""
        yield self
        for child in self.children:
            yield from child.walk()

    def find(self, block_id: str) -> list[Block]:
        """Tous les descendants d'un bloc donné."""
        return [block for block in self.walk() if block.id == block_id]


@dataclass(slots=True)
class Message:
    """Un envoi : l'en-tête S10, une ou plusieurs déclarations S20, le total S90."""

    envoi: Block | None = None
    """S10.G00.00 et ses enfants S10.G00.01 et 02."""
    declarations: list[Block] = field(default_factory=list)
    """Les blocs S20.G00.05, un par déclaration."""
    total: Block | None = None
    """S90.G00.90 tel que lu ; ``None`` tant que le message n'a pas été écrit ou lu."""
    end_of_line: bytes = b"\r\n"
    complete: bool = True
    """Faux si la lecture a dû écarter des lignes : les comptes du S90 ne peuvent alors plus être vérifiés."""

    def roots(self) -> list[Block]:
        """Les blocs racines, dans l'ordre du fichier."""
        head = [self.envoi] if self.envoi else []
        tail = [self.total] if self.total else []
        return [*head, *self.declarations, *tail]

    def walk(self) -> Iterator[Block]:
        """Tous les blocs, dans l'ordre du fichier."""
        for root in self.roots():
            yield from root.walk()

    @property
    def version(self) -> str | None:
        """La version de norme annoncée par S10.G00.00.006."""
        return self.envoi.get("006") if self.envoi else None

    def norm(self) -> Norm | None:
        """La norme annoncée ; ``None`` si elle est absente ou inconnue."""
        try:
            return load(self.version or "")
        except NormError:
            return None

    def count_rubriques(self) -> int:
        """Le nombre de rubriques hors S90."""
        return sum(len(block.fields) for block in self.walk() if block.id != "S90.G00.90")
