"""La construction d'une DSN mensuelle : des faits au message, selon la norme du mois déclaré."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from dsn import charset, writer
from dsn.anomalies import Anomaly
from dsn.controls.structure import SANS_INDIVIDU
from dsn.facts import Adresse, Declaration, MonthlyFacts
from dsn.message import Block, Field, Message
from dsn.norm import Norm, for_month
from dsn.rubriques import CODE, LOCALITE, TEXTE, Format, Lieu, R, Valeurs, markers


def build(facts: MonthlyFacts) -> tuple[Message, list[Anomaly]]:
    """Le message d'un envoi mensuel et ce que sa construction a dû signaler ; contrôlez-le avec ``dsn.controls.check``.

    Lève ``NormError`` si aucune norme présente ne couvre le mois, ``ValueError`` s'il n'y a aucune déclaration.
    """
    if not facts.declarations:
        raise ValueError("un envoi DSN contient au moins une déclaration")
    builder = _Builder(for_month(facts.declarations[0].mois))
    envoi = builder.block(facts.envoi)
    empty = all(item.type in SANS_INDIVIDU for item in facts.declarations)
    for suffix, value in (
        ("005", "01" if facts.envoi.essai else "02"),
        ("006", builder.norm.version),
        ("008", "02" if empty else "01"),
    ):
        envoi.fields.append(Field(f"{envoi.id}.{suffix}", value))
    message = Message(envoi, [builder.declaration(item) for item in facts.declarations])
    writer.arrange(message)
    return message, builder.anomalies()


def written(fact: Any, norm: Norm) -> Block:
    """Le bloc d'un seul fait, tel qu'il s'écrirait : de quoi le comparer à un bloc déjà déclaré."""
    return _Builder(norm).block(fact)


class _Builder:
    """Écrit les blocs et garde les constats, situés une fois le message numéroté."""

    def __init__(self, norm: Norm) -> None:
        self.norm = norm
        self._found: list[tuple[Field, str, bool, str]] = []

    def anomalies(self) -> list[Anomaly]:
        """Les constats, à leur ligne."""
        return [Anomaly(item.line, item.rubrique, code, block, text) for item, code, block, text in self._found]

    def declaration(self, facts: Declaration) -> Block:
        """Le bloc S20.G00.05 et ses descendants."""
        return self.block(facts)

    def block(self, facts: Any) -> Block:
        """Le bloc d'un fait, avec ses rubriques non vides et ses blocs enfants."""
        block = Block(facts.BLOC)
        for name, mark in markers(type(facts)).items():
            value = getattr(facts, name)
            if isinstance(mark, R):
                self._add(block, mark.suffix, mark.format, value)
            elif isinstance(mark, Lieu):
                self._address(block, mark, value)
            elif isinstance(mark, Valeurs):
                for suffix, text in value:
                    self._add(block, suffix, CODE, text)
            else:
                self._children(block, value)
        return block

    def _children(self, block: Block, value: Any) -> None:
        children = value if isinstance(value, tuple) else (value,)
        block.children.extend(self.block(child) for child in children if dataclasses.is_dataclass(child))

    def _address(self, block: Block, places: Lieu, value: Adresse) -> None:
        for part in dataclasses.fields(places):
            form = LOCALITE if part.name == "localite" else TEXTE
            self._add(block, getattr(places, part.name), form, getattr(value, part.name))

    def _add(self, block: Block, suffix: str, form: Format, value: Any) -> None:
        if value is None or value == "":
            return
        item = Field(f"{block.id}.{suffix}", "")
        if item.rubrique not in self.norm.rubriques:
            text = f"Rubrique absente de la norme {self.norm.version} : la valeur fournie n'est pas déclarée."
            self._found.append((item, "FAI-01", False, text))
            return
        item.value = self._written(item, form, value)
        if item.value:
            block.fields.append(item)

    def _written(self, item: Field, form: Format, value: Any) -> str:
        try:
            text = form.write(value)
        except ValueError as problem:
            self._found.append((item, "FAI-02", True, f"Valeur impossible à écrire : {problem}."))
            return ""
        if item.rubrique == "S21.G00.30.001":
            return self._nir(item, text)
        if not form.free:
            return text
        cleaned, notes = charset.clean(text)
        if notes:
            explanation = f"Caractères hors de la table permise, remplacés : {', '.join(notes)}."
            self._found.append((item, "GEN-06", charset.lost(notes), explanation))
        return cleaned

    def _nir(self, item: Field, value: str) -> str:
        """Le NIR sur treize caractères ; une clé fournie est vérifiée."""
        nir = re.sub(r"[\s.]", "", value).upper()
        if len(nir) == 15 and nir[13:] != nir_key(nir[:13]):
            text = "La clé du NIR ne correspond pas : vérifiez le numéro de sécurité sociale de l'agent."
            self._found.append((item, "FAI-03", True, text))
        return nir[:13] if len(nir) == 15 else nir


def nir_key(nir: str) -> str:
    """La clé d'un NIR de treize caractères, Corse comprise (2A → 19, 2B → 18) ; vide si le NIR est mal formé."""
    digits = nir[:5] + {"2A": "19", "2B": "18"}.get(nir[5:7], nir[5:7]) + nir[7:]
    return f"{97 - int(digits) % 97:02d}" if re.fullmatch(r"[0-9]{13}", digits) else ""
