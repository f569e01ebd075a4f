"""Ce que la DSN mensuelle a besoin de savoir, en valeurs simples et figées.

Dates, textes, montants en centimes, taux en millionièmes, quantités en centièmes. Un champ vide (``""``, ``None``,
``()``) n'est pas déclaré. La rubrique de chaque champ se lit dans son type. Ni calcul ni code deviné n'ont place ici.
"""

from __future__ import annotations

from dsn.facts.adresse import Adresse
from dsn.facts.agent import (
    Anciennete,
    Arret,
    Contrat,
    FinContrat,
    Individu,
    RetraiteComplementaire,
    Saisie,
    Suspension,
    TempsPartielTherapeutique,
)
from dsn.facts.changements import ChangementContrat, ChangementIndividu
from dsn.facts.employeur import (
    AssujettissementFiscal,
    Bordereau,
    Contact,
    ContactEmetteur,
    CotisationAgregee,
    Declaration,
    Emetteur,
    Entreprise,
    Envoi,
    Etablissement,
    LieuTravail,
    MonthlyFacts,
    VersementOrganisme,
)
from dsn.facts.prevoyance import Adhesion, AffectationVersement, Affiliation, ChangementAdhesion
from dsn.facts.versement import (
    Activite,
    AutreElement,
    Base,
    Composant,
    CotisationIndividuelle,
    ElementRevenuCalcule,
    Prime,
    RegularisationPas,
    Remuneration,
    Versement,
)

__all__ = [
    "Activite",
    "Adhesion",
    "Adresse",
    "AffectationVersement",
    "Affiliation",
    "Anciennete",
    "Arret",
    "AssujettissementFiscal",
    "AutreElement",
    "Base",
    "Bordereau",
    "ChangementAdhesion",
    "ChangementContrat",
    "ChangementIndividu",
    "Composant",
    "Contact",
    "ContactEmetteur",
    "Contrat",
    "CotisationAgregee",
    "CotisationIndividuelle",
    "Declaration",
    "ElementRevenuCalcule",
    "Emetteur",
    "Entreprise",
    "Envoi",
    "Etablissement",
    "FinContrat",
    "Individu",
    "LieuTravail",
    "MonthlyFacts",
    "Prime",
    "RegularisationPas",
    "Remuneration",
    "RetraiteComplementaire",
    "Saisie",
    "Suspension",
    "TempsPartielTherapeutique",
    "Versement",
    "VersementOrganisme",
]
