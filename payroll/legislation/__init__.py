"""La législation : les chiffres datés de la paie territoriale, lus dans des YAML et contrôlés au chargement.

Vivent ici : ``figures/`` (un fichier par chapitre, chaque valeur avec son texte, sa date de vérification et ce que vaut
cette lecture), ``pas/`` (les grilles du taux par défaut), ``doutes.yaml`` (les règles non tranchées),
``sans_chiffre.yaml`` (les montants qui se calculent ou viennent de l'employeur), ``conges/`` (les absences : qui peut
en avoir, leurs paliers, ce que l'agent garde), et le chargeur.

N'y vivent pas : les formules (``payroll.engine``), les rubriques (``payroll.catalogue``), les données d'un adhérent ou
d'un agent. Rien ici ne lit l'horloge : le mois ou le jour est un argument.
"""

from payroll.legislation.doutes import Doute, Nature, render
from payroll.legislation.errors import FigureMissing, LegislationError, Probleme, WrongUnit
from payroll.legislation.figures import Absence, Chiffre, Figures, FigureValue
from payroll.legislation.loader import DELAI_DE_VERIFICATION, Legislation, load
from payroll.legislation.pas import PasScale
from payroll.legislation.reading import POPULATIONS, Confiance
from payroll.legislation.units import Sorte

__all__ = [
    "DELAI_DE_VERIFICATION",
    "POPULATIONS",
    "Absence",
    "Chiffre",
    "Confiance",
    "Doute",
    "FigureMissing",
    "FigureValue",
    "Figures",
    "Legislation",
    "LegislationError",
    "Nature",
    "PasScale",
    "Probleme",
    "Sorte",
    "WrongUnit",
    "load",
    "render",
]
