"""Les signalements d'événements : arrêt de travail (04), reprise (05), fin de contrat unique (07).

Vit ici : la construction du message à partir de la dernière mensuelle, dont il doit répéter les données identifiantes à
l'identique (CT §2.5.1). Qui est concerné, les délais et les choix sont des lignes de ``dsn/codes/evenements.yaml``.
"""

from __future__ import annotations

from dsn.evenements.construire import (
    ARRET,
    FIN,
    REPRISE,
    ArretSignale,
    EvenementImpossible,
    FinSignalee,
    ReprisePrecoce,
    Signalement,
    build_event,
)

__all__ = [
    "ARRET",
    "FIN",
    "REPRISE",
    "ArretSignale",
    "EvenementImpossible",
    "FinSignalee",
    "ReprisePrecoce",
    "Signalement",
    "build_event",
]
