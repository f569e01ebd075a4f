"""Le message DSN : un arbre de blocs, chacun fait de rubriques dans l'ordre et de blocs enfants.

Un bloc lu d'un fichier ne garde que sa forme (``Block.shape``, partagée) et ses valeurs (``Block.raw``) : c'est plus
rapide à lire, contrôler et écrire que des objets. ``Block.fields`` en fait des ``Field`` au premier accès ; eux seuls
font alors foi.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from dsn.norm import Norm, NormError, load
from dsn.norm.table import Shape


@dataclass(slots=True)
class Field:
    """Une rubrique valorisée. ``line`` : sa ligne dans le fichier, 0 tant qu'elle n'en a pas."""

    rubrique: str
    value: str
    line: int = 0


class Block:
    """Un bloc du message et ses enfants, dans l'ordre du fichier."""

    __slots__ = ("_children", "_fields", "_line", "id", "raw", "shape")

    def __init__(self, id: str, fields: list[Field] | None = None, children: list[Block] | None = None) -> None:
        self.id = id
        self.shape: Shape | None = None
        """La forme du bloc tel que lu, tant que personne n'a demandé ``fields``."""
        self.raw: tuple[str, ...] = ()
        """Les valeurs, dans l'ordre de la forme."""
        self._line = 0
        self._fields: list[Field] | None = [] if fields is None else fields
        self._children: list[Block] | None = children

    @classmethod
    def read(cls, id: str, shape: Shape, raw: tuple[str, ...], line: int) -> Block:
        """Un bloc lu d'un trait, ses rubriques sur des lignes qui se suivent, sans objet par rubrique."""
        block = cls.__new__(cls)
        block.id = id
        block.shape = shape
        block.raw = raw
        block._line = line
        block._fields = block._children = None
        return block

    @property
    def children(self) -> list[Block]:
        """Les blocs enfants, modifiables."""
        if self._children is None:
            self._children = []
        return self._children

    @children.setter
    def children(self, children: list[Block]) -> None:
        self._children = children

    def has_children(self) -> bool:
        """Vrai si le bloc a des enfants ; à préférer à ``children`` dans une boucle, qui crée la liste."""
        return bool(self._children)

    @property
    def fields(self) -> list[Field]:
        """Les rubriques, modifiables."""
        if self._fields is None:
            ids = self.shape.ids if self.shape else ()
            numbered = enumerate(zip(ids, self.raw, strict=True), start=self._line)
            self.fields = [Field(rubrique, value, line) for line, (rubrique, value) in numbered]
        return self._fields  # type: ignore[return-value]

    @fields.setter
    def fields(self, fields: list[Field]) -> None:
        self._fields, self.shape, self.raw = fields, None, ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Block):
            return NotImplemented
        return (self.id, self.fields, self.children) == (other.id, other.fields, other.children)

    __hash__ = None  # type: ignore[assignment]  # un bloc change : il n'est clé de rien

    def __repr__(self) -> str:
        return f"Block({self.id}, {len(self)} rubriques)"

    def __len__(self) -> int:
        """Le nombre de rubriques du bloc."""
        return len(self.raw) if self.shape is not None else len(self.fields)

    def __bool__(self) -> bool:
        """Un bloc existe, même vide."""
        return True

    @property
    def first(self) -> str:
        """La première rubrique du bloc, vide s'il n'en a pas."""
        if self.shape is not None:
            return self.shape.ids[0]
        return self.fields[0].rubrique if self.fields else ""

    def has(self, rubrique: str) -> bool:
        """Vrai si la rubrique figure dans le bloc."""
        if self.shape is not None:
            return rubrique in self.shape.ids
        return any(item.rubrique == rubrique for item in self.fields)

    @property
    def line(self) -> int:
        """La ligne de la première rubrique, 0 si le bloc n'en a pas encore."""
        if self.shape is not None:
            return self._line
        return self.fields[0].line if self.fields else 0

    def number(self, line: int) -> int:
        """Numérote les rubriques à partir d'une ligne ; rend la ligne suivante."""
        if self.shape is not None:
            self._line = line
            return line + len(self.raw)
        for line, item in enumerate(self.fields, start=line):  # noqa: B020 - la dernière ligne sert après la boucle
            item.line = line
        return line + 1 if self.fields else line

    def line_of(self, rubrique: str) -> int:
        """La ligne d'une rubrique si elle est présente, sinon celle du bloc."""
        if self.shape is not None:
            return self._line + (self.shape.ids.index(rubrique) if rubrique in self.shape.ids else 0)
        found = next((item for item in self.fields if item.rubrique == rubrique), None)
        return found.line if found else self.line

    def values(self) -> dict[str, str]:
        """Trois derniers chiffres de la rubrique → sa première valeur, dans l'ordre du bloc."""
        if self.shape is not None:
            return dict(zip(self.shape.suffixes, self.raw, strict=True))
        found: dict[str, str] = {}
        for item in self.fields:
            found.setdefault(item.rubrique[11:], item.value)
        return found

    def pairs(self) -> Iterator[tuple[str, str, int]]:
        """(rubrique, valeur, ligne) de chaque rubrique, dans l'ordre."""
        if self.shape is not None:
            for place, rubrique in enumerate(self.shape.ids):
                yield rubrique, self.raw[place], self._line + place
        else:
            for item in self.fields:
                yield item.rubrique, item.value, item.line

    def get(self, suffix: str) -> str | None:
        """La valeur d'une rubrique du bloc, par ses trois derniers chiffres (``"020"``)."""
        if self.shape is not None:
            place = self.shape.index.get(suffix)
            return None if place is None else self.raw[place]
        found = self.entry(suffix)
        return found.value if found else None

    def entry(self, suffix: str) -> Field | None:
        """La rubrique elle-même, avec sa ligne."""
        rubrique = f"{self.id}.{suffix}"
        return next((item for item in self.fields if item.rubrique == rubrique), None)

    def walk(self) -> Iterator[Block]:
        """Ce bloc puis tous ses descendants, dans l'ordre du fichier."""
        pending = [self]
        while pending:
            block = pending.pop()
            yield block
            if block._children:
                pending.extend(reversed(block._children))

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
        return sum(len(block) for block in self.walk() if block.id != "S90.G00.90")
