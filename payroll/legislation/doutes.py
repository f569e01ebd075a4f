"""Les doutes : ce que la paie applique sans que le texte ait été confirmé, chiffre ou règle.

Un doute est une donnée : il se lit (`paie doutes`), se montre à la révision et se lève en confirmant sa ligne.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from payroll.legislation.errors import Probleme, french_day
from payroll.legislation.figures import Chiffre, FigureValue
from payroll.legislation.pas import PasScale
from payroll.legislation.reading import POPULATIONS, Confiance, Fields, read_yaml
from payroll.wording import plural

_RULE_FIELDS = ("code", "sujet", "choix_retenu", "alternative", "texte", "confiance", "populations")
_PHRASES = {
    Confiance.UNE_SOURCE: "Lu dans une seule source, texte officiel à relire.",
    Confiance.MEMOIRE: "Connu de mémoire, à lire dans le texte.",
    Confiance.CONFIRME: "",
}


class Nature(StrEnum):
    """Sur quoi porte le doute."""

    CHIFFRE = "chiffre"
    REGLE = "règle"
    RUBRIQUE = "rubrique"
    CODE_DSN = "code DSN"
    DOCUMENT = "document rendu"
    CONSERVATION = "durée de garde"


@dataclass(frozen=True, slots=True)
class Doute:
    """Une ligne douteuse, telle qu'on la montre au gestionnaire."""

    code: str
    """Clé du chiffre ou code de la règle : stable, sert à tracer la confirmation."""
    nature: Nature
    sujet: str
    """La phrase qui dit ce qui n'est pas sûr."""
    choix_retenu: str
    alternative: str
    texte: str
    confiance: Confiance
    populations: tuple[str, ...]
    du: date | None
    au: date | None
    fichier: str

    @property
    def identifiant(self) -> str:
        """Stable et unique : le code, et la date d'effet pour un chiffre ; c'est lui qu'une confirmation trace."""
        return f"{self.code} {self.du}" if self.du else self.code

    def concerns(self, debut: date, fin: date) -> bool:
        """Vrai si le doute touche un jour de la période."""
        return (self.du is None or self.du <= fin) and (self.au is None or debut <= self.au)


def doubts_of_figures(chiffres: Iterable[Chiffre]) -> list[Doute]:
    """Les valeurs non confirmées, celles qui portent un doute écrit, et les absences à vérifier."""
    found = []
    for chiffre in chiffres:
        for value in chiffre.valeurs:
            doute = value.doute or chiffre.doute
            if value.confiance is not Confiance.CONFIRME or doute:
                phrase = doute or _PHRASES[value.confiance]
                found.append(_figure_doubt(chiffre, value, phrase))
        found.extend(
            Doute(
                chiffre.cle,
                Nature.CHIFFRE,
                f"{chiffre.libelle}. {absence.doute}",
                "aucune valeur : le calcul qui en a besoin est refusé",
                "compléter la valeur d'après le texte",
                chiffre.valeurs[0].texte,
                Confiance.MEMOIRE,
                chiffre.populations,
                absence.du,
                absence.au,
                chiffre.fichier,
            )
            for absence in chiffre.absences
            if absence.doute
        )
    return found


def _figure_doubt(chiffre: Chiffre, value: FigureValue, phrase: str) -> Doute:
    return Doute(
        chiffre.cle,
        Nature.CHIFFRE,
        f"{chiffre.libelle}. {phrase}",
        f"{value.lisible} {_periode(value.du, value.au)}",
        "",
        value.texte,
        value.confiance,
        chiffre.populations,
        value.du,
        value.au,
        chiffre.fichier,
    )


def doubts_of_scales(scales: Iterable[PasScale]) -> list[Doute]:
    """Les grilles par défaut non confirmées ou qui portent un doute écrit."""
    return [
        Doute(
            f"pas.grille_par_defaut.{scale.territoire}",
            Nature.CHIFFRE,
            f"Grille par défaut, {scale.libelle}. {scale.doute or _PHRASES[scale.confiance]}",
            f"grille {_periode(scale.du, scale.au)}",
            "",
            scale.texte,
            scale.confiance,
            POPULATIONS,
            scale.du,
            scale.au,
            scale.fichier,
        )
        for scale in scales
        if scale.confiance is not Confiance.CONFIRME or scale.doute
    ]


def read_rules(path: Path, problems: list[Probleme]) -> tuple[Doute, ...]:
    """Les règles douteuses du fichier, confirmées comprises ; les défauts rejoignent ``problems``."""
    data = read_yaml(path, problems)
    if not isinstance(data, list):
        problems.append(Probleme(path.name, "", "une liste de lignes de doute est attendue"))
        return ()
    rules: dict[str, Doute] = {}
    for rang, row in enumerate(data, start=1):
        before = len(problems)
        nom = str(row.get("code", f"ligne {rang}")) if isinstance(row, dict) else f"ligne {rang}"
        fields = Fields(row, path.name, nom, problems, required=_RULE_FIELDS)
        code, sujet, choix, alternative, texte = (fields.text(name, required=True) for name in _RULE_FIELDS[:5])
        confiance, populations = fields.confiance(), fields.populations()
        if code in rules:
            fields.refuse("code écrit deux fois")
        if len(problems) > before or confiance is None:
            continue
        rules[code] = Doute(
            code, Nature.REGLE, sujet, choix, alternative, texte, confiance, populations, None, None, path.name
        )
    return tuple(rules.values())


def render(doutes: Iterable[Doute]) -> str:
    """La liste en texte : une fiche courte par doute, dans l'ordre reçu, puis le compte par nature."""
    rows = list(doutes)
    fiches = []
    for doute in rows:
        fiche = [f"{doute.code} [{doute.nature}, {doute.confiance}]"]
        fiche += [
            textwrap.fill(f"{label} : {content}", 110, initial_indent="    ", subsequent_indent="      ")
            for label, content in (
                ("Incertain", doute.sujet),
                ("Appliqué", doute.choix_retenu),
                ("Autre lecture", doute.alternative),
                ("Texte", doute.texte),
                ("Concerne", ", ".join(doute.populations)),
                ("Fichier", doute.fichier),
            )
            if content
        ]
        fiches.append("\n".join(fiche))
    counts = [(nature, sum(doute.nature is nature for doute in rows)) for nature in Nature]
    detail = ", ".join(f"{count} {nature}" for nature, count in counts if count)
    fiches.append(f"{plural(len(rows), 'doute')}{f' ({detail})' if detail else ''}.")
    return "\n\n".join(fiches) + "\n"


def _periode(du: date, au: date | None) -> str:
    return f"du {french_day(du)} au {french_day(au)}" if au else f"depuis le {french_day(du)}"
