"""Charge la législation d'un dossier, la refuse en bloc si elle est fautive, et la sert au mois ou au jour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType

from payroll.anomalies import Anomalie, Gravite
from payroll.legislation.conges import load_conges
from payroll.legislation.doutes import Doute, doubts_of_figures, doubts_of_scales, read_rules
from payroll.legislation.errors import LegislationError, Probleme, french_day
from payroll.legislation.figures import Chiffre, Figures, read_figures
from payroll.legislation.pas import PasScale, read_scales
from payroll.legislation.reading import Confiance, read_yaml
from payroll.periods import Month

FOLDER = Path(__file__).parent

DELAI_DE_VERIFICATION = 1
"""Mois de paie qu'une vérification couvre après le sien. Un seul : taux et plafonds changent au 1er janvier par des
textes de fin décembre ; un chiffre vérifié en novembre doit donc être relu pour la paie de janvier."""


@dataclass(frozen=True, slots=True)
class Legislation:
    """Toute la législation chargée et contrôlée."""

    chiffres: Mapping[str, Chiffre]
    grilles: Mapping[str, tuple[PasScale, ...]]
    regles: tuple[Doute, ...]
    sans_chiffre: Mapping[str, str]
    """Clés qui ne portent pas de chiffre (montant calculé, donnée de l'employeur) et comment les obtenir."""

    def at(self, month: Month) -> Figures:
        """Les chiffres du mois : ceux en vigueur à son premier jour, pour le mois entier.

        Un texte qui prend effet en cours de mois (plafonds des élus au 24/12/2025) joue donc le mois suivant ; pour
        le lire au jour dit, demandez :meth:`on`.
        """
        return Figures(month.first_day, month.libelle, self.chiffres, self.sans_chiffre, self.grilles)

    def on(self, day: date) -> Figures:
        """Les chiffres en vigueur ce jour-là (début d'un arrêt, versement, effet d'un texte en cours de mois)."""
        return Figures(day, f"le {french_day(day)}", self.chiffres, self.sans_chiffre, self.grilles)

    def doubts(self, month: Month | None = None, populations: Collection[str] | None = None) -> list[Doute]:
        """Tout ce qui n'est pas confirmé, chiffres puis règles ; limité au mois et aux populations si on les donne."""
        grilles = [scale for scales in self.grilles.values() for scale in scales]
        rows = doubts_of_figures(self.chiffres.values()) + doubts_of_scales(grilles)
        rows += [rule for rule in self.regles if rule.confiance is not Confiance.CONFIRME]
        return [
            row
            for row in rows
            if (month is None or row.concerns(month.first_day, month.last_day))
            and (populations is None or not set(populations).isdisjoint(row.populations))
        ]

    def stale(self, month: Month, delay_months: int = DELAI_DE_VERIFICATION) -> list[Anomalie]:
        """Un avertissement par fichier et par date de vérification trop ancienne pour ce mois de paie."""
        anciens: dict[tuple[str, date], list[str]] = defaultdict(list)
        sources = [chiffre.on(month.first_day) for chiffre in self.chiffres.values()]
        for value in sources:
            if value and _is_stale(value.verifie_le, month, delay_months):
                anciens[value.fichier, value.verifie_le].append(value.cle)
        for scale in (scale for scales in self.grilles.values() for scale in scales if scale.covers(month.first_day)):
            if _is_stale(scale.verifie_le, month, delay_months):
                anciens[scale.fichier, scale.verifie_le].append(f"pas.grille_par_defaut.{scale.territoire}")
        return [
            Anomalie(
                "chiffre-non-reverifie",
                f"la paie de {month.libelle} applique {len(cles)} chiffre(s) vérifié(s) pour la dernière fois "
                f"le {french_day(jour)} : {', '.join(sorted(cles))}.",
                "Relisez-les dans les textes en vigueur, corrigez-les s'il le faut, puis mettez à jour verifie_le.",
                Gravite.AVERTISSEMENT,
                fichier=fichier,
            )
            for (fichier, jour), cles in sorted(anciens.items())
        ]


@cache
def load(folder: Path = FOLDER) -> Legislation:
    """La législation du dossier, lue une fois ; lève :class:`LegislationError` en listant tous les défauts."""
    problems: list[Probleme] = []
    chiffres = read_figures(folder / "figures", problems)
    grilles = read_scales(folder / "pas", problems)
    regles = read_rules(folder / "doutes.yaml", problems)
    if (folder / "conges").is_dir():
        regles += tuple(load_conges(folder / "conges").doubts())
    sans_chiffre = _read_sans_chiffre(folder / "sans_chiffre.yaml", chiffres, problems)
    if problems:
        raise LegislationError(problems)
    # La même législation est servie à tous : en lecture seule.
    return Legislation(MappingProxyType(chiffres), MappingProxyType(grilles), regles, MappingProxyType(sans_chiffre))


def _read_sans_chiffre(path: Path, chiffres: Mapping[str, Chiffre], problems: list[Probleme]) -> dict[str, str]:
    data = read_yaml(path, problems)
    if not isinstance(data, dict):
        problems.append(Probleme(path.name, "", "une suite « clé : explication » est attendue"))
        return {}
    for cle, raison in data.items():
        if not isinstance(raison, str) or not raison.strip():
            problems.append(Probleme(path.name, str(cle), "dites comment obtenir ce montant"))
        if cle in chiffres:
            ailleurs = chiffres[cle].fichier
            problems.append(Probleme(path.name, str(cle), f"cette clé porte déjà un chiffre dans {ailleurs}"))
    return {str(cle): str(raison).strip() for cle, raison in data.items()}


def _is_stale(verifie_le: date, month: Month, delay_months: int) -> bool:
    """Vrai si le mois de paie dépasse le mois de la vérification de plus de ``delay_months`` mois."""
    return (month.year - verifie_le.year) * 12 + month.month - verifie_le.month > delay_months
