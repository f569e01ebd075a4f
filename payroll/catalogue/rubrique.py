"""Une rubrique : la ligne de données dont vivent bulletin, journal, cotisations, DSN et comptabilité."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from payroll.engine.bulletin import Section

ASSIETTES = (
    "cnracl",
    "atiacl",
    "secu_cnracl",
    "rafp",
    "plafond_rafp",
    "regime_general",
    "ircantec",
    "csg",
    "csg_entiere",
    "net_imposable",
    "tpp",
    "heures_exonerables",
)
"""Les assiettes où le catalogue range une rubrique du brut.

``secu_cnracl`` : maladie, famille, autonomie, FNAL, mobilité, CNFPT et centre de gestion d'un agent CNRACL.
``csg_entiere`` : CSG et CRDS sur 100 %, sans l'abattement (participation à la protection sociale).
``plafond_rafp`` : traitement dont 20 % bornent la RAFP. ``tpp`` : champ du transfert primes/points.
``heures_exonerables`` : heures ouvrant droit à la réduction de cotisations et à l'exonération d'impôt.
"""


SAISIES_UNITES = ("euros", "nombre", "points")
"""Ce qu'on saisit quand ce n'est pas le montant de la ligne : une formule le lit et calcule le montant."""


class AbsencePrime(StrEnum):
    """Ce que devient une prime mensuelle quand l'agent est absent."""

    DELIBERATION = "deliberation"
    """Réduite pour carence, grève et service non fait ; en maladie, selon la délibération de l'adhérent."""
    TRAITEMENT = "traitement"
    """Suit la part versée du traitement, sur sa propre ligne."""
    MAINTENUE = "maintenue"


@dataclass(frozen=True, slots=True)
class Regle:
    """Pour une population : quelle assiette, quels taux. Un taux est une clé de la législation ou une colonne."""

    populations: tuple[str, ...]
    assiette: str
    condition: str = ""
    """Colonne oui/non dont dépend la ligne."""
    salarie: str = ""
    salarie_colonne: str = ""
    salarie_montant: str = ""
    employeur_montant: str = ""
    """Colonnes de montants forfaitaires (contrat collectif) : la part ne vient pas d'un taux."""
    employeur: str = ""
    employeur_donnee: str = ""
    """Colonne d'un taux propre à l'employeur (accident du travail, mobilité, centre de gestion)."""


@dataclass(frozen=True, slots=True)
class Detail:
    """Une des lignes imprimées d'une rubrique qui en a plusieurs (tranches d'heures) ; toutes portent son code."""

    libelle: str
    montant: str
    base: str
    nombre: str


@dataclass(frozen=True, slots=True)
class Rubrique:
    """Une ligne du catalogue."""

    code: str
    libelle: str
    section: Section
    ordre: int
    populations: tuple[str, ...]
    source: str
    intitule_bulletin: str
    compte: Mapping[str, str]
    """Compte M57 de la dépense par population ; la clé ``*`` vaut pour les autres."""
    compte_tiers: str
    """Compte M57 du tiers à payer (organisme, Trésor, agent)."""
    formule: str = ""
    """Colonne du montant (rubriques du brut et du net)."""
    assiettes: frozenset[str] = frozenset()
    saisie: tuple[str, ...] = ()
    """Où le montant se saisit : ``permanents``, ``variables``, ou les deux ; vide : le moteur le calcule."""
    unite: str = ""
    """Vide : le montant saisi est celui de la ligne. Sinon l'unité de ce qu'on saisit : la formule en tire le montant.

    Euros en centimes, nombre et points en centièmes."""
    ponctuelle: bool = False
    """Rare : proposée dans la liste des « Autres éléments » du classeur, sans colonne à elle."""
    quotite: bool = False
    """Le montant permanent est celui du temps plein : le temps partiel le réduit."""
    trentiemes: bool = False
    absence: AbsencePrime = AbsencePrime.MAINTENUE
    retenue: bool = False
    """Saisie positive, payée en moins."""
    base: str = ""
    nombre: str = ""
    taux: str = ""
    details: tuple[Detail, ...] = ()
    regles: tuple[Regle, ...] = ()
    deductible: bool = False
    montant_net_social: bool = False
    """La part de l'agent diminue le montant net social."""
    reduction: bool = False
    """Ligne négative : une réduction de cotisations."""
    pied: bool = False
    """Imprimée au pied du bulletin, pas dans le corps (prélèvement à la source)."""
    doute: str = ""
    dsn: Mapping[str, Any] = field(default_factory=dict)

    @property
    def intitule(self) -> str:
        """Le libellé imprimé."""
        return self.intitule_bulletin or self.libelle

    def account(self, population: str) -> str:
        """Le compte M57 de dépense pour cette population ; vide si la rubrique n'en a pas."""
        return self.compte.get(population, self.compte.get("*", ""))


class Catalogue(Mapping[str, Rubrique]):
    """Toutes les rubriques, dans l'ordre du bulletin."""

    def __init__(self, rubriques: Mapping[str, Rubrique]) -> None:
        self._rubriques = dict(sorted(rubriques.items(), key=lambda item: item[1].ordre))

    def __getitem__(self, code: str) -> Rubrique:
        return self._rubriques[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rubriques)

    def __len__(self) -> int:
        return len(self._rubriques)

    def saisies(self, ou: str) -> tuple[Rubrique, ...]:
        """Les rubriques qui se saisissent en ``permanents`` ou en ``variables``."""
        return tuple(rubrique for rubrique in self._rubriques.values() if ou in rubrique.saisie)

    def doubts(self) -> tuple[Rubrique, ...]:
        """Les rubriques dont le traitement n'est pas tranché par les textes lus."""
        return tuple(rubrique for rubrique in self._rubriques.values() if rubrique.doute)
