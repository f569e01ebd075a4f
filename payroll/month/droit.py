"""Les chiffres du droit à une date, pour l'écran : valeur, texte, source, et ce que le texte a déjà prévu d'après."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from payroll import legislation
from payroll.legislation import Chiffre, Confiance, FigureValue, PasScale
from payroll.legislation.doutes import Doute
from payroll.month.doutes import all_doubts
from payroll.periods import Month

CHAPITRES = {
    "traitement.yaml": "Traitement et indices",
    "indemnites.yaml": "Indemnités",
    "heures.yaml": "Heures supplémentaires et complémentaires",
    "plafonds.yaml": "SMIC et plafonds",
    "plafonds_regles.yaml": "Règles de plafond",
    "cnracl.yaml": "CNRACL, RAFP, régime spécial",
    "ircantec.yaml": "Ircantec",
    "regime_general.yaml": "Régime général",
    "employeur.yaml": "Contributions de l'employeur",
    "csg.yaml": "CSG et CRDS",
    "impot.yaml": "Impôt",
    "exonerations.yaml": "Exonérations et réductions",
    "maladie.yaml": "Maladie et absences",
    "elus.yaml": "Élus",
    "apprentis.yaml": "Apprentis",
    "accessoires.yaml": "Accessoires de paie",
    "frais.yaml": "Frais",
    "saisies.yaml": "Saisies",
    "rappels.yaml": "Rappels",
    "echeances.yaml": "Échéances",
}
"""Fichier de ``payroll/legislation/figures`` → son titre à l'écran."""


@dataclass(frozen=True, slots=True)
class LigneDeDroit:
    """Un chiffre, tel qu'il vaut un jour donné."""

    chiffre: Chiffre
    valeur: FigureValue | None
    """``None`` : aucune valeur ce jour-là ; ``absence`` dit pourquoi."""
    absence: str
    suivantes: tuple[FigureValue, ...]
    """Les valeurs déjà publiées qui prendront effet plus tard."""
    precedentes: tuple[FigureValue, ...]

    @property
    def sure(self) -> bool:
        """Vrai si la valeur a été lue dans le texte ou dans deux sources, sans doute écrit."""
        return self.valeur is not None and self.valeur.confiance is Confiance.CONFIRME and not self.doute

    @property
    def doute(self) -> str:
        return (self.valeur.doute if self.valeur else "") or self.chiffre.doute


@dataclass(frozen=True, slots=True)
class Chapitre:
    """Les chiffres d'un chapitre, dans l'ordre des clés."""

    fichier: str
    titre: str
    lignes: tuple[LigneDeDroit, ...]


def read_figures(jour: date, texte: str = "", chapitre: str = "") -> list[Chapitre]:
    """Les chiffres en vigueur un jour, par chapitre ; ``texte`` cherche dans la clé, le libellé, le texte de droit."""
    wanted = _folded(texte)
    found = []
    loaded = legislation.load().chiffres
    files = dict.fromkeys([*CHAPITRES, *sorted({one.fichier for one in loaded.values()})])
    for name in files:
        if chapitre and name != chapitre:
            continue
        lines = [_line(one, jour) for one in loaded.values() if one.fichier == name]
        kept = tuple(line for line in lines if not wanted or wanted in _folded(_searched(line)))
        if kept:
            found.append(Chapitre(name, CHAPITRES.get(name, name.removesuffix(".yaml").capitalize()), kept))
    return found


def read_scales(jour: date) -> list[PasScale]:
    """Les grilles du taux par défaut en vigueur ce jour-là, une par territoire."""
    grilles = legislation.load().grilles
    return [scale for territory in sorted(grilles) for scale in grilles[territory] if scale.covers(jour)]


def search_doubts(mois: Month | None, texte: str = "", nature: str = "") -> list[Doute]:
    """Les doutes d'un mois (ou de tous), filtrés."""
    wanted = _folded(texte)
    return [
        doute
        for doute in all_doubts(mois)
        if (not nature or doute.nature == nature)
        and (not wanted or wanted in _folded(" ".join((doute.code, doute.sujet, doute.choix_retenu, doute.texte))))
    ]


def _line(chiffre: Chiffre, jour: date) -> LigneDeDroit:
    value = chiffre.on(jour)
    return LigneDeDroit(
        chiffre=chiffre,
        valeur=value,
        absence="" if value else chiffre.explain_missing(jour),
        suivantes=tuple(one for one in chiffre.valeurs if one.du > jour),
        precedentes=_before(chiffre.valeurs, jour, value),
    )


def _before(values: Sequence[FigureValue], jour: date, current: FigureValue | None) -> tuple[FigureValue, ...]:
    return tuple(one for one in reversed(values) if one.du <= jour and one is not current)


def _searched(line: LigneDeDroit) -> str:
    value = line.valeur
    return " ".join((line.chiffre.cle, line.chiffre.libelle, *((value.texte, value.note) if value else ())))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").casefold().strip()
