"""Ce que la page dit là où un service renvoie au clavier : la page où se fait le geste, ou qu'il n'y en a pas.

Les services écrivent leurs renvois une fois, par la commande (« paie refus lever ») : elle nomme le geste sans
équivoque et se tape telle quelle. Devant un navigateur elle ne servirait à rien ; la page dit alors les siens. Un essai
relit tous les renvois du programme : aucun n'est sans traduction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_RENVOI = re.compile(r"« paie ([a-z][a-z-]*)( [a-z][a-z-]*)?[^»]*»")
_CLAVIER = "au clavier de l'agence"

GESTES: Mapping[str, str] = {
    "adherents": "la page « Le mois »",
    "agent depart": "la page « Arrivées et départs » de l'adhérent",
    "agent": "la page « Conditions et primes » de l'adhérent",
    "corriger": "la page « Corrections »",
    "declarer": "la page « DSN » de l'adhérent",
    "deposer": f"la commande de dépôt des DSN, {_CLAVIER},",
    "doutes": "les doutes de la page « Droit »",
    "dsn": f"la commande de contrôle d'une DSN, {_CLAVIER},",
    "evenements": f"la commande des événements, {_CLAVIER},",
    "gestionnaire": "la page « Comptes » de l'administrateur",
    "inscrire": "la page « Prendre en charge »",
    "rappel": "la page « Rappels » de l'adhérent",
    "refus": "la page « Révision » de l'adhérent",
    "reviser": "la page « Révision » de l'adhérent",
    "rouvrir": "la page « Révision » de l'adhérent, « Rouvrir ce mois »",
    "valider": "la page « Révision » de l'adhérent",
}
"""Geste, tel que la commande le nomme → où il se fait, pour une personne devant la page."""


def au_bureau(phrase: object) -> object:
    """La phrase d'un service, ses renvois au clavier dits pour la page ; ce qui n'en a pas revient tel quel.

    >>> au_bureau("Levez le refus (« paie refus lever »).")
    "Levez le refus (la page « Révision » de l'adhérent)."
    """
    text = str(phrase)
    return _RENVOI.sub(_page, text) if _RENVOI.search(text) else phrase


def _page(found: re.Match[str]) -> str:
    precise = f"{found[1]}{found[2] or ''}"
    return GESTES.get(precise) or GESTES.get(found[1], f"une commande, {_CLAVIER}")
