"""Tous les doutes de la paie au même endroit : chiffres et règles de la loi, rubriques, codes de la DSN."""

from __future__ import annotations

from dsn import codes as dsn_codes
from dsn.codes import Ligne
from payroll import catalogue, legislation
from payroll.legislation import Confiance, Doute, Nature
from payroll.periods import Month

_CONFIANCE = {"B": Confiance.UNE_SOURCE, "C": Confiance.MEMOIRE, "N": Confiance.MEMOIRE}
_PHRASES = {
    "B": "Repris d'une source publique qui cite la table officielle, à lire dans la table elle-même.",
    "C": "Déduit : aucun texte lu ne le dit.",
    "N": "Cherché et non trouvé : à lire dans la table officielle.",
}


def all_doubts(mois: Month | None = None) -> list[Doute]:
    """Tout ce que la paie applique sans confirmation, pour un mois ou pour tous."""
    return [
        *legislation.load().doubts(mois),
        *(
            Doute(
                code=rubrique.code,
                nature=Nature.RUBRIQUE,
                sujet=rubrique.doute,
                choix_retenu="",
                alternative="",
                texte=rubrique.source,
                confiance=Confiance.UNE_SOURCE,
                populations=rubrique.populations,
                du=None,
                au=None,
                fichier="payroll/catalogue",
            )
            for rubrique in catalogue.load().doubts()
        ),
        *(_of_code(ligne) for ligne in dsn_codes.load().doubts()),
    ]


def _of_code(ligne: Ligne) -> Doute:
    return Doute(
        code=ligne.code,
        nature=Nature.CODE_DSN,
        sujet=f"{_PHRASES[ligne.confiance]} {ligne.note}".strip(),
        choix_retenu=f"{ligne.valeur or 'non déclaré'} ({ligne.libelle})",
        alternative="",
        texte=ligne.source,
        confiance=_CONFIANCE[ligne.confiance],
        populations=ligne.populations,
        du=None,
        au=None,
        fichier=f"dsn/codes/{ligne.table}.yaml",
    )
