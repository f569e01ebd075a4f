"""Les codes que la norme ne donne pas : populations, CTP, organismes, emplois, conventions, éléments, absences.

Vivent ici : des lignes de données, chacune avec sa source et sa confiance, et leur chargeur. Un code douteux n'a pas
d'autre place dans ``dsn``. Les taux sont des clés de barème, jamais des chiffres, sauf les parts que fixe un CTP.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from dsn.codes.load import CodesError, read_tables
from dsn.codes.rows import Contribution, Ctp, Ligne, Part

__all__ = ["POPULATIONS", "Codes", "CodesError", "Contribution", "Ctp", "Ligne", "Part", "load"]

POPULATIONS: Mapping[str, str] = {
    "titulaire_cnracl": "Titulaire affilié à la CNRACL",
    "stagiaire_cnracl": "Stagiaire affilié à la CNRACL",
    "titulaire_ircantec": "Titulaire au régime général et à l'Ircantec (moins de 28 heures)",
    "stagiaire_ircantec": "Stagiaire au régime général et à l'Ircantec (moins de 28 heures)",
    "contractuel_cdd": "Contractuel de droit public à durée déterminée",
    "contractuel_cdi": "Contractuel de droit public à durée indéterminée",
    "vacataire": "Vacataire",
    "apprenti": "Apprenti du secteur public",
    "pec": "Parcours emploi compétences",
    "elu_assujetti": "Élu assujetti aux cotisations de sécurité sociale",
    "elu_non_assujetti": "Élu non assujetti",
}
"""Les populations que distinguent les codes, et leur nom."""


class Codes:
    """Les tables de codes ; une demande sans réponse rend ``None`` ou lève ``KeyError`` selon la méthode."""

    def __init__(self, lignes: Iterable[Ligne], ctp: Iterable[Ctp], contributions: Iterable[Contribution]) -> None:
        self.lignes = tuple(lignes)
        self._ctp = {item.ligne.code: item for item in ctp}
        self._contributions = tuple(contributions)
        # Une même question revient des milliers de fois par déclaration : des index, plutôt que relire les tables
        # (déclarer vingt agents : 150 ms de processeur, puis 125).
        self._par_code: dict[tuple[str, str], Ligne] = {}
        for row in self.lignes:
            self._par_code.setdefault((row.table, row.code), row)
        self._connues: dict[tuple[str, str, bool], tuple[Contribution, ...]] = {}
        self._nommees: dict[tuple[str, str, bool], dict[str, Contribution]] = {}

    def contrat(self, norme: str, population: str) -> dict[str, Ligne]:
        """Rubrique (``S21.G00.40.020``, ``S21.G00.71.002``) → ligne, pour un contrat de cette population."""
        return {
            row.code: row
            for row in self.lignes
            if row.table == "populations" and row.code.startswith("S21") and row.concerns(population, norme)
        }

    def bases_minimales(self, norme: str, population: str) -> tuple[str, ...]:
        """Les bases (78.001) à déclarer même à zéro."""
        found = (row for row in self.lignes if row.code == "bases_minimales" and row.concerns(population, norme))
        return tuple(code for row in found for code in (row.valeur or "").split())

    def contributions(self, norme: str, population: str, *, effectif_50: bool = False) -> tuple[Contribution, ...]:
        """Les contributions de cette population ; ``effectif_50`` : employeur de 50 agents et plus (FNAL)."""
        known = self._connues.get((norme, population, effectif_50))
        if known is None:
            wanted = {None, "50_et_plus" if effectif_50 else "moins_de_50"}
            known = self._connues[norme, population, effectif_50] = tuple(
                item
                for item in self._contributions
                if item.ligne.concerns(population, norme) and item.effectif in wanted
            )
        return known

    def contribution(
        self, norme: str, population: str, contribution: str, *, effectif_50: bool = False
    ) -> Contribution | None:
        """Celle qui porte ce nom au bulletin (``maladie``), ou ``None``."""
        known = self._nommees.get((norme, population, effectif_50))
        if known is None:
            known = self._nommees[norme, population, effectif_50] = {}
            for item in self.contributions(norme, population, effectif_50=effectif_50):
                known.setdefault(item.contribution, item)
        return known.get(contribution)

    def ctp(self, code: str) -> Ctp:
        """Le CTP ``100/920``. ``KeyError`` s'il n'existe pas."""
        return self._ctp[code]

    def exoneration(self, norme: str, population: str) -> Contribution | None:
        """L'exonération qui se mesure par différence pour cette population, ou ``None``."""
        return next((item for item in self.contributions(norme, population) if item.retranche), None)

    def organisme(self, code: str) -> Ligne:
        """``urssaf_aquitaine``, ``dgfip_pas``, ``dgfip_satd``, ``ircantec``. ``KeyError`` s'il n'existe pas."""
        return self._one("organismes", code)

    def emploi(self, code: str) -> Ligne:
        """Le code PCS-ESE d'un emploi communal. ``KeyError`` s'il n'existe pas."""
        return self._one("emplois", code)

    def convention(self, code: str) -> Ligne:
        """``fpt`` ou ``sans_convention``. ``KeyError`` s'il n'existe pas."""
        return self._one("conventions", code)

    def element(self, code: str) -> Ligne | None:
        """Le bloc et le type d'un élément de rémunération (``ifse``), ou ``None``."""
        return self._find("elements", code)

    def absence(self, code: str) -> Ligne | None:
        """Le bloc et le motif d'une absence (``cmo``, ``greve``), ou ``None``."""
        return self._find("absences", code)

    def prevoyance(self, code: str) -> Ligne | None:
        """Le risque (``sante``, ``prevoyance``) dont cette ligne du bulletin est une part, ou ``None``."""
        return self._find("prevoyance", code)

    def changements(self) -> tuple[Ligne, ...]:
        """Les rubriques de changement : ``code`` (41) porte l'ancienne valeur de ``valeur`` (40)."""
        return tuple(row for row in self.lignes if row.table == "changements")

    def doubts(self) -> tuple[Ligne, ...]:
        """Les lignes dont la confiance n'est pas A, dans l'ordre des tables."""
        return tuple(row for row in self.lignes if row.confiance != "A")

    def _find(self, table: str, code: str) -> Ligne | None:
        return self._par_code.get((table, code))

    def _one(self, table: str, code: str) -> Ligne:
        found = self._find(table, code)
        if found is None:
            raise KeyError(f"{table} : « {code} » inconnu")
        return found


@lru_cache(maxsize=1)
def load() -> Codes:
    """Les tables livrées. Lève ``CodesError`` avec la liste complète des lignes refusées."""
    return Codes(*read_tables(populations=frozenset(POPULATIONS)))
