"""Tous les doutes au même endroit : loi, rubriques, codes de la DSN, documents rendus, durées de garde."""

from __future__ import annotations

from dsn import codes as dsn_codes
from dsn.codes import Ligne
from payroll import catalogue, legislation
from payroll.documents import doutes as documents
from payroll.legislation import Confiance, Doute, Nature
from payroll.month import conserver
from payroll.periods import Month

_CONFIANCE = {"B": Confiance.UNE_SOURCE, "C": Confiance.MEMOIRE, "N": Confiance.MEMOIRE}
_PHRASES = {
    "B": "Repris d'une source publique qui cite la table officielle, à lire dans la table elle-même.",
    "C": "Déduit : aucun texte lu ne le dit.",
    "N": "Cherché et non trouvé : à lire dans la table officielle.",
}


def all_doubts(mois: Month | None = None) -> list[Doute]:
    """Tout ce qui s'applique sans confirmation : ce qui pèse sur une paie, puis ce qui ne touche que ses suites."""
    return [
        *pay_doubts(mois),
        *(
            _aside(table, Nature.DOCUMENT, sujet, source, f"payroll/documents/{table}.yaml")
            for table, sujet, source in documents.doubts()
        ),
        *(
            _aside(
                f"conservation.{delai.code}",
                Nature.CONSERVATION,
                f"{delai.libelle} : {delai.mois} mois gardés.",
                delai.texte,
                "payroll/store/conservation.yaml",
            )
            for delai in conserver.delays()
            if delai.confiance != Confiance.CONFIRME
        ),
    ]


def pay_doubts(mois: Month | None = None) -> list[Doute]:
    """Ce que la paie et la DSN appliquent sans confirmation, pour un mois ou pour tous : un envoi réel en dépend."""
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


def _aside(code: str, nature: Nature, sujet: str, texte: str, fichier: str) -> Doute:
    """Un doute qui ne change ni un montant ni une déclaration."""
    return Doute(code, nature, sujet, "", "", texte, Confiance.MEMOIRE, (), None, None, fichier)


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
