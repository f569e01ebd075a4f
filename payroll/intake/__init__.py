"""Les éléments variables reçus : le modèle de classeur, sa lecture, l'accusé, les contradictions entre fichiers.

N'y entrent ni le registre (``payroll.store``), ni le calcul : un fichier devient des valeurs sûres et des anomalies
situées. Tout octet reçu est hostile tant qu'il n'est pas lu.
"""
