"""Les retours de net-entreprises : accusé, rejet, certificat, bilan d'anomalies, compte-rendu des taux de prélèvement.

Vit ici : la lecture de leur XML, et rien de ce qu'on en fait. La forme est une table (``dsn/codes/retours.yaml``), avec
la confiance de chaque ligne : ce qui ne lui correspond pas est refusé en le disant, jamais interprété.
"""

from __future__ import annotations

from dsn.retours.lecture import (
    AnomalieRetour,
    DeclarationRetour,
    IndividuTaux,
    Retour,
    RetourRefuse,
    TypeRetour,
    read_return,
)

__all__ = [
    "AnomalieRetour",
    "DeclarationRetour",
    "IndividuTaux",
    "Retour",
    "RetourRefuse",
    "TypeRetour",
    "read_return",
]
