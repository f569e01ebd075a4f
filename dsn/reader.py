"""La lecture d'un fichier DSN : tout fichier conforme est lu, tout défaut devient une anomalie située.

Le fichier est lu ligne à ligne ; ``Reader.declarations`` rend les déclarations une à une, sans garder les précédentes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from dsn.anomalies import Anomaly
from dsn.message import Block, Field, Message
from dsn.norm import Norm, NormError, load, versions

LINE = re.compile(rb"(S[0-9]{2}\.G[0-9]{2}\.[0-9]{2}\.[0-9]{3}),'(.*)'", re.DOTALL)
LINE_LENGTH = 256
READ_LIMIT = 65_536
ANOMALY_LIMIT = 2_000
ENVOI, DECLARATION, TOTAL = "S10.G00.00", "S20.G00.05", "S90.G00.90"
_UNPRINTABLE = re.compile(rb"[\x00-\x1f\x7f-\x9f]")


def read(source: bytes | BinaryIO) -> tuple[Message, list[Anomaly]]:
    """Le message et les anomalies de lecture ; aucune entrée ne lève d'exception."""
    reader = Reader(source)
    declarations = list(reader.declarations())
    message = Message(reader.envoi, declarations, reader.total, reader.end_of_line, reader.complete)
    return message, reader.anomalies


class Reader:
    """Lit un envoi ; ``declarations()`` se parcourt une fois, puis ``anomalies`` et ``total`` sont complets."""

    def __init__(self, source: bytes | BinaryIO) -> None:
        self._stream: BinaryIO = BytesIO(source) if isinstance(source, bytes) else source
        self.anomalies: list[Anomaly] = []
        self.envoi: Block | None = None
        self.total: Block | None = None
        self.norm: Norm = load(versions()[-1])
        self.end_of_line = b"\r\n"
        self.complete = True
        self._path: list[Block] = []
        self._line = 0
        self._after_total = False

    def declarations(self) -> Iterator[Block]:
        """Les blocs S20.G00.05 avec leurs descendants, chacun rendu dès que la déclaration suivante commence."""
        current: Block | None = None
        for rubrique, value in self._rubriques():
            root = self._place(rubrique, value)
            if root is not None and root is not current:
                if current is not None:
                    yield current
                current = root if root.id == DECLARATION else None
        if current is not None:
            yield current
        self._conclude()

    def _say(self, code: str, message: str, rubrique: str = "", *, blocking: bool = True) -> None:
        if len(self.anomalies) < ANOMALY_LIMIT:
            self.anomalies.append(Anomaly(self._line, rubrique, code, blocking, message))
        elif len(self.anomalies) == ANOMALY_LIMIT:
            text = f"Plus de {ANOMALY_LIMIT} anomalies de lecture : les suivantes ne sont pas listées."
            self.anomalies.append(Anomaly(self._line, "", "LEC-06", True, text))

    def _rubriques(self) -> Iterator[tuple[str, str]]:
        """Les lignes lisibles : (rubrique, valeur)."""
        for raw in self._lines():
            found = LINE.fullmatch(raw)
            if not found:
                self.complete = False
                self._say("GEN-04", "Ligne illisible : la forme attendue est Sxx.Gyy.zz.aaa,'valeur'.")
                continue
            rubrique = found[1].decode("ascii")
            self._check_encoding(rubrique, found[2])
            yield rubrique, found[2].decode("latin-1")

    def _lines(self) -> Iterator[bytes]:
        while raw := self._stream.readline(READ_LIMIT):
            self._line += 1
            long = len(raw) == READ_LIMIT and not raw.endswith(b"\n")
            while long and (rest := self._stream.readline(READ_LIMIT)):
                long = not rest.endswith(b"\n")
            content = raw.rstrip(b"\n")
            if self._line == 1:
                self.end_of_line = b"\r\n" if raw.endswith(b"\r\n") else b"\n" if raw.endswith(b"\n") else b"\r\n"
            content = content.removesuffix(b"\r")
            if len(content) > LINE_LENGTH:
                self._say("GEN-03", f"Ligne de plus de {LINE_LENGTH} caractères.")
                content = b"" if len(content) > READ_LIMIT // 2 else content
            yield content

    def _check_encoding(self, rubrique: str, value: bytes) -> None:
        """Signale ce qui n'est pas de l'ISO 8859-1 imprimable.

        « Ã© » est de l'ISO 8859-1 permis : un texte qui se lirait aussi en UTF-8 n'est bloquant que s'il contient un
        octet interdit.
        """
        unprintable = _UNPRINTABLE.search(value) is not None
        if not value.isascii() and _reads_as_utf8(value):
            text = "Valeur codée en UTF-8 : le fichier doit être en ISO 8859-1 (Latin-1)."
            self._say("GEN-05", text, rubrique, blocking=unprintable)
        elif unprintable:
            self._say("GEN-06", "Caractère hors de la table ISO 8859-1 permise.", rubrique)

    def _place(self, rubrique: str, value: str) -> Block | None:
        """Range la rubrique dans l'arbre ; rend la racine du bloc, ou ``None`` si la rubrique est écartée."""
        block_id = rubrique[:10]
        if self._after_total and block_id != TOTAL:
            self.complete = False
            self._say("LEC-04", "Rubrique placée après le total S90, qui doit finir l'envoi.", rubrique)
            return None
        if block_id not in self.norm.blocs:
            self.complete = False
            self._say("LEC-01", f"Bloc inconnu de la norme {self.norm.version}.", rubrique)
            return None
        if rubrique not in self.norm.rubriques:
            self._say("LEC-01", f"Rubrique inconnue de la norme {self.norm.version}.", rubrique)
        block = self._path[-1] if self._path and self._path[-1].id == block_id else None
        if block is None or self._starts(block, rubrique):
            block = self._open(block_id)
        block.fields.append(Field(rubrique, value, self._line))
        if rubrique == "S10.G00.00.006":
            self._choose_norm(value)
        return self._path[0]

    def _starts(self, block: Block, rubrique: str) -> bool:
        """Vrai si la rubrique ouvre un nouveau bloc de même nom plutôt que de prolonger le bloc ouvert.

        Seule une rubrique de tête (jusqu'à la première obligatoire) ouvre un bloc ; une autre rubrique répétée ou
        mal rangée reste dans le bloc, où les contrôles la signaleront.
        """
        known = self.norm.rubriques.get(rubrique)
        if known is None:
            return False
        heads = self.norm.par_bloc[block.id]
        mandatory = next((item.ordre for item in heads if item.usage() == "O"), heads[0].ordre)
        if known.ordre > mandatory:
            return False
        first = self.norm.rubriques.get(block.fields[0].rubrique) if block.fields else None
        return any(item.rubrique == rubrique for item in block.fields) or (
            first is not None and known.ordre < first.ordre
        )

    def _open(self, block_id: str) -> Block:
        block = Block(block_id)
        parent_id = self.norm.blocs[block_id].parent
        if not parent_id:
            self._path = [block]
            self._open_root(block)
            return block
        chain = self._chain(block_id)
        while self._path and self._path[-1].id != parent_id:
            if self._path[-1].id in chain[:-1]:
                break
            self._path.pop()
        if not self._path:
            self._path = [self._implicit_root(block_id)]
        parent = self._path[-1]
        if parent.id != parent_id:
            text = f"Bloc {block_id} hors de place : son bloc parent {parent_id} ne le précède pas."
            self._say("GEN-10", text, block_id)
        parent.children.append(block)
        self._path.append(block)
        return block

    def _chain(self, block_id: str) -> list[str]:
        """Les ancêtres du bloc dans la norme, de la racine au parent."""
        chain: list[str] = []
        current = self.norm.blocs[block_id].parent
        while current:
            chain.insert(0, current)
            current = self.norm.blocs[current].parent
        return chain

    def _open_root(self, block: Block) -> None:
        if block.id == ENVOI:
            if self.envoi is not None:
                self.complete = False
                self._say("GEN-09", "Un second en-tête d'envoi S10 : un fichier n'en contient qu'un.", ENVOI)
                return
            if self._line > 1:
                self._say("GEN-08", "L'en-tête S10 doit ouvrir le fichier.", ENVOI)
            self.envoi = block
        elif block.id == TOTAL:
            if self.total is not None:
                self.complete = False
                self._say("GEN-09", "Un second total S90 : un fichier n'en contient qu'un.", TOTAL)
                return
            self.total = block
            self._after_total = True

    def _implicit_root(self, block_id: str) -> Block:
        """La racine que le fichier a omise : l'arbre reste lisible, l'anomalie GEN-10 suit."""
        chain = self._chain(block_id)
        root = Block(chain[0] if chain else DECLARATION)
        if root.id == ENVOI:
            if self.envoi is None:
                self.envoi = root
            return self.envoi
        return root

    def _choose_norm(self, version: str) -> None:
        try:
            self.norm = load(version)
        except NormError:
            text = (
                f"Version de norme inconnue ; lecture faite avec {self.norm.version} ({', '.join(versions())} connues)."
            )
            self._say("LEC-05", text, "S10.G00.00.006")

    def _conclude(self) -> None:
        if self._line == 0:
            self._say("LEC-03", "Fichier vide.")
            return
        if self.envoi is None:
            self._say("GEN-08", "L'en-tête d'envoi S10 manque.", ENVOI)
        elif self.envoi.get("006") is None:
            self._say("LEC-05", f"Version de norme absente ; lecture faite avec {self.norm.version}.", "S10.G00.00.006")
        if self.total is None:
            self._say("LEC-02", "Fichier tronqué : le total S90 manque à la fin.", TOTAL)


def _reads_as_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
