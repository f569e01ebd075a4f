"""Une équipe Prefect pour les essais : elle inscrit les gestes du mois et exécute ce que le bureau lance.

« prefect.serve » tient à la fois lieu d'inscription et d'ouvrier : chaque exécution a son processus, comme en agence.
Sans horaire : rien ne part que ce que l'essai lance.
"""

from __future__ import annotations

from prefect import serve

from flows.declarer_et_restituer import declarer_et_restituer
from flows.ouvrir_le_mois import ouvrir_le_mois
from flows.preparer_la_paie import preparer_la_paie
from flows.relever_le_depot import relever_le_depot

GESTES = (ouvrir_le_mois, relever_le_depot, preparer_la_paie, declarer_et_restituer)

if __name__ == "__main__":
    serve(*(flow.to_deployment(name=flow.name) for flow in GESTES), limit=2)
