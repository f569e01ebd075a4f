"""Les unités qu'un chiffre peut porter, et la précision que chacune admet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Sorte(Enum):
    """Ce qu'on peut demander au chiffre : des centimes, des millionièmes ou un nombre."""

    MONTANT = "un montant"
    TAUX = "un taux"
    NOMBRE = "un nombre"


@dataclass(frozen=True, slots=True)
class Unite:
    """Une unité : sa sorte et le nombre de décimales au-delà duquel la valeur est refusée."""

    code: str
    sorte: Sorte
    decimales: int


UNITES = {
    unite.code: unite
    for unite in (
        Unite("EUR", Sorte.MONTANT, 2),
        Unite("EUR/an", Sorte.MONTANT, 2),
        Unite("EUR/mois", Sorte.MONTANT, 2),
        Unite("EUR/jour", Sorte.MONTANT, 2),
        Unite("EUR/heure", Sorte.MONTANT, 2),
        Unite("EUR/titre", Sorte.MONTANT, 2),
        # Un taux et un coefficient sont tenus en millionièmes : six décimales au plus.
        Unite("taux", Sorte.TAUX, 6),
        Unite("coefficient", Sorte.TAUX, 6),
        Unite("points", Sorte.NOMBRE, 0),
        Unite("heures", Sorte.NOMBRE, 0),
        Unite("jours", Sorte.NOMBRE, 0),
        Unite("mois", Sorte.NOMBRE, 0),
        Unite("ans", Sorte.NOMBRE, 0),
        Unite("agents", Sorte.NOMBRE, 0),
        # Multiples du SMIC ou du plafond : 1,4 SMIC, 8 PSS.
        Unite("SMIC", Sorte.NOMBRE, 2),
        Unite("PSS", Sorte.NOMBRE, 2),
    )
}
