"""Les lignes de codes, une fois lues : toutes portent leur source et leur confiance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dsn.amounts import round_half_up

RESTE = "reste"


@dataclass(frozen=True, slots=True)
class Ligne:
    """Une valeur de code. ``confiance`` : A texte officiel lu, B source tierce, C déduction, N non trouvé."""

    table: str
    code: str
    valeur: str | None
    libelle: str
    source: str
    confiance: str
    note: str = ""
    populations: tuple[str, ...] = ()
    """Vide : toutes."""
    normes: tuple[str, ...] = ()
    """Vide : toutes."""
    bloc: str = ""
    entite: str = ""
    effet: str = ""
    """D'un changement : ``conditions``, ``mois`` ou ``identifiant``."""
    vide: str = ""
    """L'ancienne valeur d'une rubrique qui n'était pas déclarée."""
    ijss: bool = False
    """D'une absence : l'assurance maladie peut l'indemniser, l'employeur peut être subrogé."""

    def concerns(self, population: str, norme: str) -> bool:
        """Vrai si la ligne vaut pour cette population et cette norme."""
        return (not self.populations or population in self.populations) and (not self.normes or norme in self.normes)


@dataclass(frozen=True, slots=True)
class Ctp:
    """Un code type de personnel et son qualifiant ; ``ligne.code`` est ``100/920``."""

    ligne: Ligne
    qualifiant: str | None
    taux: tuple[str, ...]
    """Clés de barème et parts (``"-6.00 %"``) dont la somme est le taux du CTP, hors accident du travail."""
    taux_at: bool = False
    """Le taux accident du travail s'ajoute et se porte en 23.003."""
    montant: bool = False
    """Le bloc porte un montant, retranché du bordereau, et non une assiette."""
    commune: bool = False

    def taux_ppm(self, rate: Callable[[str], int]) -> int:
        """Le taux total en millionièmes ; ``rate`` rend le taux d'une clé de barème."""
        return sum(percent_ppm(term.removesuffix("%")) if term.endswith("%") else rate(term) for term in self.taux)


@dataclass(frozen=True, slots=True)
class Part:
    """Une cotisation individuelle (81.001) et ce qu'elle prend de la contribution."""

    valeur: str
    part: str
    """``salarie``, ``employeur`` ou ``total``."""
    taux: str
    """Un pour-cent (``"6.00"``), ou ``reste``."""
    commune: bool = False


@dataclass(frozen=True, slots=True)
class Contribution:
    """Ce que devient une contribution du bulletin dans la DSN, pour certaines populations."""

    ligne: Ligne
    contribution: str
    base: str | None
    porte_base: bool
    organisme: str | None
    sans_taux: bool
    valeur_absolue: bool
    assiette_commune: bool
    hors_dsn: bool
    effectif: str | None
    """``moins_de_50``, ``50_et_plus``, ou ``None``."""
    cotisations: tuple[Part, ...]
    ctp: tuple[str, ...]
    porte: tuple[str, ...]
    rappel_origine: bool = False
    """Un rappel se rattache au mois du droit, et non à celui du versement."""
    retranche: tuple[str, ...] = ()
    """Exonération : ce que ces CTP recalculent au-delà des lignes du bulletin."""


def percent_ppm(text: str) -> int:
    """``"-6.00 "`` → ``-60000``. ``ValueError`` si ce n'est pas un nombre à deux décimales."""
    value = text.strip()
    whole, dot, decimals = value.removeprefix("-").partition(".")
    if not (whole.isdecimal() and dot and len(decimals) == 2 and decimals.isdecimal()):
        raise ValueError(f"pour-cent illisible : « {text} »")
    ppm = (int(whole) * 100 + int(decimals)) * 100
    return -ppm if value.startswith("-") else ppm


def apply(ppm: int, cents: int) -> int:
    """Un taux appliqué à un montant, en centimes."""
    return round_half_up(cents * ppm, 1_000_000)
