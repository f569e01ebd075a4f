"""Le calcul pur : des colonnes entrent, des colonnes sortent (centimes ``int64``), pour tous les agents d'un lot.

N'entrent ici ni base de données, ni fichier, ni horloge ; ne lit la loi que par ``payroll.legislation`` et les
rubriques que par ``payroll.catalogue``. Seul ``cases.py`` lit des fichiers : les cas de paie à comparer.
"""

from payroll.engine.calcul import Calcul, compute

__all__ = ["Calcul", "compute"]
