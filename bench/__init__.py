"""Les mesures : ce que coûtent le calcul, le rendu, la DSN et la lecture, sur les adhérents d'``examples/``.

N'y vit aucun essai : une mesure se lit, elle ne fait échouer personne. Les serveurs vrais (PostgreSQL, équipes Prefect)
sont ceux des essais, ``tests/postgres.py`` et ``tests/equipes.py``. ``python -m bench`` imprime un tableau et
l'écrit dans ``var/bench.json``.
"""
