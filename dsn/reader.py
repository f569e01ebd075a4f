"""La lecture d'un fichier DSN : tout fichier conforme est lu, tout défaut devient une anomalie située.

Le fichier est lu par tranches ; ``Reader.declarations`` rend les déclarations une à une, sans garder les précédentes.
Une tranche bien formée (``bulk``) est découpée d'un trait ; une tranche qui a le moindre défaut est relue ligne à
ligne, ce qui situe chaque anomalie.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from io import BytesIO
from typing import BinaryIO

from dsn import bulk
from dsn.anomalies import Anomaly
from dsn.bulk import LINE_LENGTH, READ_LIMIT
from dsn.message import Block, Field, Message
from dsn.norm import Norm, NormError, load, versions
from dsn.norm.table import STRIDE

LINE = re.compile(rb"(S[0-9]{2}\.G[0-9]{2}\.[0-9]{2}\.[0-9]{3}),'(.*)'", re.DOTALL)
ANOMALY_LIMIT = 2_000
DECLARATION_LIMIT = 2_000_000
"""Rubriques gardées par déclaration, de quoi déclarer environ 12 000 agents : la mémoire reste bornée."""
ENVOI, DECLARATION, TOTAL = "S10.G00.00", "S20.G00.05", "S90.G00.90"
VERSION = "S10.G00.00.006"
_UNPRINTABLE = re.compile(rb"[\x00-\x1f\x7f-\x9f]")


def read(source: bytes | BinaryIO) -> tuple[Message, list[Anomaly]]:
    """Le message et les anomalies de lecture ; aucune entrée ne lève d'exception."""
    reader = Reader(source)
    declarations = list(reader.declarations())
    message = Message(reader.envoi, declarations, reader.total, reader.end_of_line, reader.complete)
    return message, reader.anomalies


class Reader:
    """Lit un envoi ; ``declarations()`` se parcourt une fois, puis ``anomalies`` et ``total`` sont complets."""

    def __init__(self, source: bytes | BinaryIO, *, limit: int = DECLARATION_LIMIT) -> None:
        self._stream: BinaryIO = BytesIO(source) if isinstance(source, bytes) else source
        self._limit = limit
        self.anomalies: list[Anomaly] = []
        self.envoi: Block | None = None
        self.total: Block | None = None
        self.rubriques = 0
        """Le nombre de rubriques rangées, S90 compris."""
        self.norm: Norm = load(versions()[-1])
        self.end_of_line = b"\r\n"
        self.complete = True
        self._path: list[Block] = []
        self._line = 0
        self._lost = 0
        self._after_total = False
        self._size = 0
        self._chosen = False

    def declarations(self) -> Iterator[Block]:
        """Les blocs S20.G00.05 avec leurs descendants, chacun rendu dès que la déclaration suivante commence."""
        current: Block | None = None
        for root in self._roots():
            if root is not current:
                if current is not None:
                    yield current
                current = root if root.id == DECLARATION else None
        if current is not None:
            yield current
        self._conclude()

    def _roots(self) -> Iterator[Block]:
        """La racine de chaque suite de rubriques rangée."""
        first = True
        for raw in bulk.chunks(self._stream):
            if first:
                self._choose_end_of_line(raw)
                first = False
            rest = raw if self._chosen else (yield from self._head(raw))
            split = bulk.split(rest, self.end_of_line, self.norm.table.codes) if self._chosen else None
            if split is None:
                yield from self._slowly(rest)
            else:
                yield from self._quickly(*split)
            if self._lost > ANOMALY_LIMIT:
                text = f"Plus de {ANOMALY_LIMIT} lignes illisibles ou hors de place : lecture arrêtée."
                self.anomalies.append(Anomaly(self._line, "", "LEC-06", True, text))
                return

    def _head(self, raw: bytes) -> Generator[Block, None, bytes]:
        """Lit ligne à ligne jusqu'à la rubrique qui dit la norme ; rend (par ``return``) le reste de la tranche."""
        start = raw.find(VERSION.encode())
        if start < 0:
            return raw
        end = raw.find(b"\n", start) + 1 or len(raw)
        yield from self._slowly(raw[:end])
        return raw[end:]

    def _quickly(self, codes: tuple[int, ...], values: tuple[str, ...]) -> Iterator[Block]:
        """Range une tranche bien formée, par suites de codes croissants d'un même bloc."""
        base, start, previous, limit = self._line + 1, 0, 0, 0
        for place, code in enumerate(codes):
            if previous < code < limit:
                previous = code
                continue
            if place:
                root = self._run(codes[start:place], values[start:place], base + start)
                if root is not None:
                    yield root
            start, previous, limit = place, code, (code // STRIDE + 1) * STRIDE
        if codes:
            root = self._run(codes[start:], values[start:], base + start)
            if root is not None:
                yield root
        self._line = base + len(codes) - 1

    def _run(self, codes: tuple[int, ...], values: tuple[str, ...], line: int) -> Block | None:
        """Range une suite croissante de rubriques d'un bloc ; rend sa racine, ou ``None`` si elle est écartée."""
        table, path = self.norm.table, self._path
        block_id = table.blocs[codes[0] // STRIDE]
        self._line = line
        last = path[-1] if path else None
        continued = last is not None and last.id == block_id and not self._starts(last, table.ids[codes[0]])
        over = self._size + len(codes) > self._limit or (self._after_total and block_id != TOTAL)
        if continued or over:
            return self._one_by_one(codes, values, line)
        shape = table.shapes.get(codes) or table.shape(codes)
        self._open(Block.read(block_id, shape, values, line))
        self.rubriques += len(codes)
        self._size += len(codes)
        return self._path[0]

    def _one_by_one(self, codes: tuple[int, ...], values: tuple[str, ...], line: int) -> Block | None:
        root = None
        for code, value in zip(codes, values, strict=True):
            self._line = line
            root = self._place(self.norm.table.ids[code], value) or root
            line += 1
        return root

    def _slowly(self, raw: bytes) -> Iterator[Block]:
        """Range une tranche ligne à ligne, en disant chaque défaut."""
        for content in raw.split(b"\n")[: None if not raw.endswith(b"\n") else -1] if raw else ():
            self._line += 1
            line = content.removesuffix(b"\r")
            if len(line) > LINE_LENGTH:
                self._say("GEN-03", f"Ligne de plus de {LINE_LENGTH} caractères.")
                line = b"" if len(line) > READ_LIMIT // 2 else line
            found = LINE.fullmatch(line)
            if not found:
                self._lose("GEN-04", "Ligne illisible : la forme attendue est Sxx.Gyy.zz.aaa,'valeur'.")
                if self._lost > ANOMALY_LIMIT:
                    return
                continue
            rubrique = found[1].decode("ascii")
            self._check_encoding(rubrique, found[2])
            root = self._place(rubrique, found[2].decode("latin-1"))
            if root is not None:
                yield root

    def _say(self, code: str, message: str, rubrique: str = "", *, blocking: bool = True) -> None:
        if len(self.anomalies) < ANOMALY_LIMIT:
            self.anomalies.append(Anomaly(self._line, rubrique, code, blocking, message))
        elif len(self.anomalies) == ANOMALY_LIMIT:
            text = f"Plus de {ANOMALY_LIMIT} anomalies de lecture : les suivantes ne sont pas listées."
            self.anomalies.append(Anomaly(self._line, "", "LEC-06", True, text))

    def _lose(self, code: str, message: str, rubrique: str = "") -> None:
        """Une ligne écartée : le message n'est plus entier, et trop de pertes arrêtent la lecture."""
        self.complete = False
        self._lost += 1
        self._say(code, message, rubrique)

    def _choose_end_of_line(self, raw: bytes) -> None:
        line, newline, _ = raw.partition(b"\n")
        self.end_of_line = b"\n" if newline and not line.endswith(b"\r") else b"\r\n"

    def _check_encoding(self, rubrique: str, value: bytes) -> None:
        """Signale ce qui n'est pas de l'ISO 8859-1 imprimable.

        « Ã© » est de l'ISO 8859-1 permis : un texte qui se lirait aussi en UTF-8 n'est bloquant que s'il contient un
        octet interdit.
        """
        unprintable = _UNPRINTABLE.search(value) is not None
        if not value.isascii() and bulk.reads_as_utf8(value):
            text = "Valeur codée en UTF-8 : le fichier doit être en ISO 8859-1 (Latin-1)."
            self._say("GEN-05", text, rubrique, blocking=unprintable)
        elif unprintable:
            self._say("GEN-06", "Caractère hors de la table ISO 8859-1 permise.", rubrique)

    def _place(self, rubrique: str, value: str) -> Block | None:
        """Range la rubrique dans l'arbre ; rend la racine du bloc, ou ``None`` si la rubrique est écartée."""
        block_id = rubrique[:10]
        if self._after_total and block_id != TOTAL:
            self._lose("LEC-04", "Rubrique placée après le total S90, qui doit finir l'envoi.", rubrique)
            return None
        if block_id not in self.norm.blocs:
            self._lose("LEC-01", f"Bloc inconnu de la norme {self.norm.version}.", rubrique)
            return None
        if self._size >= self._limit and self.norm.blocs[block_id].parent:
            self._overflow()
            return None
        if rubrique not in self.norm.rubriques:
            self._say("LEC-01", f"Rubrique inconnue de la norme {self.norm.version}.", rubrique)
        block = self._path[-1] if self._path and self._path[-1].id == block_id else None
        if block is None or self._starts(block, rubrique):
            block = self._open(Block(block_id))
        block.fields.append(Field(rubrique, value, self._line))
        self.rubriques += 1
        self._size += 1
        if rubrique == VERSION and not self._chosen:
            self._choose_norm(value)
        return self._path[0]

    def _overflow(self) -> None:
        """La déclaration dépasse la borne de mémoire : dit une fois par déclaration."""
        if self._size == self._limit:
            text = f"Déclaration de plus de {self._limit} rubriques : la suite n'est ni gardée ni contrôlée."
            self._say("LEC-08", text)
            self._size += 1
        self.complete = False

    def _starts(self, block: Block, rubrique: str) -> bool:
        """Vrai si la rubrique ouvre un nouveau bloc de même nom plutôt que de prolonger le bloc ouvert.

        Seule une rubrique de tête (jusqu'à la première obligatoire) ouvre un bloc ; une autre rubrique répétée ou
        mal rangée reste dans le bloc, où les contrôles la signaleront.
        """
        known = self.norm.rubriques.get(rubrique)
        if known is None or known.ordre > self.norm.tetes[block.id]:
            return False
        first = self.norm.rubriques.get(block.first) if len(block) else None
        return block.has(rubrique) or (first is not None and known.ordre < first.ordre)

    def _open(self, block: Block) -> Block:
        """Accroche un bloc à l'arbre."""
        parent_id = self.norm.blocs[block.id].parent
        if not parent_id:
            self._path, self._size = [block], 0
            self._open_root(block)
            return block
        path = self._path
        if path and path[-1].id != parent_id:
            ancestors = self.norm.ancetres[block.id]
            while path and path[-1].id != parent_id:
                if path[-1].id in ancestors:
                    break
                path.pop()
        if not path:
            path = self._path = [self._implicit_root(block.id)]
        parent = path[-1]
        if parent.id != parent_id:
            text = f"Bloc {block.id} hors de place : son bloc parent {parent_id} ne le précède pas."
            self._say("GEN-10", text, block.id)
        parent.children.append(block)
        path.append(block)
        return block

    def _open_root(self, block: Block) -> None:
        if block.id == ENVOI:
            if self.envoi is not None:
                self._lose("GEN-09", "Un second en-tête d'envoi S10 : un fichier n'en contient qu'un.", ENVOI)
                return
            if self._line > 1:
                self._say("GEN-08", "L'en-tête S10 doit ouvrir le fichier.", ENVOI)
            self.envoi = block
        elif block.id == TOTAL:
            if self.total is not None:
                self._lose("GEN-09", "Un second total S90 : un fichier n'en contient qu'un.", TOTAL)
                return
            self.total = block
            self._after_total = True

    def _implicit_root(self, block_id: str) -> Block:
        """La racine que le fichier a omise : l'arbre reste lisible, l'anomalie GEN-10 suit."""
        ancestors = self.norm.ancetres[block_id]
        root = Block(ancestors[0] if ancestors else DECLARATION)
        if root.id == ENVOI:
            if self.envoi is None:
                self.envoi = root
            return self.envoi
        return root

    def _choose_norm(self, version: str) -> None:
        """La norme annoncée ; la première dite vaut pour tout l'envoi."""
        self._chosen = True
        try:
            self.norm = load(version)
        except NormError:
            text = (
                f"Version de norme inconnue ; lecture faite avec {self.norm.version} ({', '.join(versions())} connues)."
            )
            self._say("LEC-05", text, VERSION)

    def _conclude(self) -> None:
        if self._line == 0:
            self._say("LEC-03", "Fichier vide.")
            return
        if self.envoi is None:
            self._say("GEN-08", "L'en-tête d'envoi S10 manque.", ENVOI)
        elif self.envoi.get("006") is None:
            self._say("LEC-05", f"Version de norme absente ; lecture faite avec {self.norm.version}.", VERSION)
        if self.total is None:
            self._say("LEC-02", "Fichier tronqué : le total S90 manque à la fin.", TOTAL)
