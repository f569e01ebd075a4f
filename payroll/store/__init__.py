"""Le registre : tables SQLModel, transactions, migrations, pièces par empreinte, journal des gestes.

N'y vit aucune règle de paie. Les données entrent par les modèles de ``entrees`` (validés), jamais directement dans les
tables. Montants en centimes, taux en millionièmes, heures en centièmes.
"""
