"""Le catalogue : les rubriques de la paie comme des données (libellé, qui, assiettes, taux, compte, DSN, source).

Vivent ici : ``rubriques/`` (une ligne par rubrique), et le chargeur qui refuse un catalogue fautif en bloc.

N'y vivent pas : une formule (``payroll.engine``) ni un chiffre daté (``payroll.legislation``) : une rubrique les nomme.
"""

from payroll.catalogue.loader import CatalogueError, load
from payroll.catalogue.rubrique import ASSIETTES, AbsencePrime, Catalogue, Detail, Regle, Rubrique

__all__ = [
    "ASSIETTES",
    "AbsencePrime",
    "Catalogue",
    "CatalogueError",
    "Detail",
    "Regle",
    "Rubrique",
    "load",
]
