"""La déclaration sociale nominative (DSN) : norme, message, lecture, écriture, contrôles, construction mensuelle.

Vit ici : tout ce que dit la norme (P25V01, P26V01), sous forme de données, et les fonctions qui la lisent. N'y vivent
ni règle de paie, ni base, ni réseau : ce dossier n'importe rien de ``payroll``, ``prefect`` ni ``paramiko``. Il dit ce
qu'il a besoin de savoir (``dsn.facts``) et rend un message et des anomalies.
"""

from __future__ import annotations

from dsn.anomalies import Anomaly, blocking
from dsn.check_file import check_file

__all__ = ["Anomaly", "blocking", "check_file"]
