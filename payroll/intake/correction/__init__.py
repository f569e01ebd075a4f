"""Le classeur de correction du gestionnaire : l'état d'un mois, et ce qu'il veut y changer, avec ses raisons.

Il reste à l'agence. N'y entrent ni le registre, ni le calcul : l'état vient en argument, et la lecture rend des
demandes situées ou des anomalies ; ``payroll.month.corriger_classeur`` les applique, toutes ou aucune.
"""
