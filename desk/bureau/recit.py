"""Lire le récit d'un montant (:mod:`payroll.month.expliquer`) comme un arbre : de quoi le déplier à l'écran."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from payroll import legislation
from payroll.periods import Month

_PAS = 2
"""Espaces par niveau du récit."""
_COLONNE = re.compile(r"([a-z][a-z0-9_]*) = (.+)")
_CHIFFRE = re.compile(r"chiffre ([a-z0-9_.A-Z]+)(?: = | : )(.+)")
_DEJA = "(déjà expliqué plus haut)"
_RECHERCHE = "https://www.legifrance.gouv.fr/search/all?tab_selection=all&query="
"""Légifrance n'a pas d'adresse par « décret 85-1148 art. 3 » : sa recherche y mène."""


@dataclass
class Chiffre:
    """Un chiffre de la loi que la formule a lu."""

    cle: str
    phrase: str
    lien: str


@dataclass
class Noeud:
    """Une colonne du calcul : sa valeur, ce qu'elle est, d'où elle vient, et celles dont elle se tire."""

    nom: str
    valeur: str
    notes: list[str] = field(default_factory=list)
    origine: str = ""
    deja: bool = False
    titre: str = ""
    """Ce qu'elle est, si le récit l'a déjà dit ailleurs."""
    chiffres: list[Chiffre] = field(default_factory=list)
    enfants: list[Noeud] = field(default_factory=list)

    @property
    def quoi(self) -> str:
        """Ce qu'elle est, en une phrase ; à défaut son nom de colonne."""
        return self.titre or self.notes[0] if self.titre or self.notes else self.nom.replace("_", " ").capitalize()


@dataclass
class Recit:
    """Le récit d'un bulletin : son titre, son texte, ses remarques, et les colonnes à la racine."""

    titre: str
    texte: str = ""
    doute: str = ""
    attention: str = ""
    lignes: list[str] = field(default_factory=list)
    remarques: list[str] = field(default_factory=list)
    racines: list[Noeud] = field(default_factory=list)

    @property
    def lien(self) -> str:
        """Où lire le texte : la recherche de Légifrance."""
        return law_link(self.texte)


def law_link(texte: str) -> str:
    """La recherche de Légifrance pour une référence (« Décret 85-1148 art. 2 ; CGFP L. 712-1 » : la première)."""
    return f"{_RECHERCHE}{quote_plus(texte.split(' ; ')[0])}" if texte else ""


def read_story(texte: str, mois: Month) -> list[Recit]:
    """Les récits d'un texte, un par contrat. Une ligne qui ne se reconnaît pas reste lisible, en remarque."""
    links = _links(mois)
    return [_read(block.splitlines(), links) for block in texte.split("\n\n") if block.strip()]


def _read(lines: list[str], links: Mapping[str, str]) -> Recit:
    recit = Recit(lines[0].strip())
    branch: list[tuple[int, Noeud]] = []
    told: dict[str, Noeud] = {}
    for line in lines[1:]:
        depth, text = (len(line) - len(line.lstrip(" "))) // _PAS, line.strip()
        branch = [(level, node) for level, node in branch if level < depth]
        parent = branch[-1][1] if branch else None
        if (found := _COLONNE.fullmatch(text)) is not None:
            node = Noeud(found[1], found[2])
            (parent.enfants if parent else recit.racines).append(node)
            branch.append((depth, node))
            told.setdefault(node.nom, node)
        elif parent is None:
            _head(recit, text)
        elif (figure := _CHIFFRE.fullmatch(text)) is not None:
            parent.chiffres.append(Chiffre(figure[1], figure[2], links.get(figure[1], "")))
        elif text == _DEJA:
            parent.deja = True
            parent.titre = told[parent.nom].quoi if parent.nom in told else ""
        elif text.startswith("(") and text.endswith(")"):
            parent.origine = text[1:-1]
        else:
            parent.notes.append(text)
    return recit


def _head(recit: Recit, text: str) -> None:
    name, _, rest = text.partition(" : ")
    match name:
        case "Texte":
            recit.texte = rest
        case "Point non tranché":
            recit.doute = rest
        case "Attention":
            recit.attention = rest
        case "Ligne" | "Ligne gardée":
            recit.lignes.append(rest)
        case _:
            recit.remarques.append(text)


def _links(mois: Month) -> dict[str, str]:
    return {cle: value.lien or law_link(value.texte) for cle, value in _current(mois)}


def _current(mois: Month) -> Iterator[tuple[str, legislation.FigureValue]]:
    for cle, chiffre in legislation.load().chiffres.items():
        value = chiffre.on(mois.first_day)
        if value is not None:
            yield cle, value
