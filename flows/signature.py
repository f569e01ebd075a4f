"""Savoir qui agit, là où aucun mot de passe ne doit s'écrire : Prefect garde ses paramètres en clair.

Dès qu'un compte existe à l'agence, un geste signé demande un code à usage unique (``payroll.month.autorisations``,
docs/decisions/0008).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

from flows.pannes import discreet
from payroll.month.autorisations import GesteSigne, redeem
from payroll.month.commun import Acte, GesteRefuse
from payroll.month.gestionnaires import accounts_exist
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.registre import Registre


class NonSigne(RuntimeError):  # noqa: N818  (mot du métier)
    """Le geste n'est pas signé : rien n'a été fait. Le message, en français, dit ce qui manque."""


def recognised(
    geste: GesteSigne, identifiant: str, code_unique: str, mois: Month, adherents: list[str]
) -> Mapping[str, str]:
    """Les adhérents sur lesquels cette personne peut agir, et l'empreinte de ce qu'elle a vu (vide : sans compte).

    Lève :class:`NonSigne` sans identifiant, sans code ou avec un code qui n'ouvre rien ; et pour tout adhérent nommé
    que le code ne couvre pas : rien n'est alors fait pour aucun, et un autre code est à demander.
    """
    if not identifiant:
        raise NonSigne("Dites quel gestionnaire agit : rien n'a été fait.")
    reglages = Reglages()
    with discreet(), closing(reglages.registre()) as registre:
        found = _contents(registre, geste, Acte(identifiant, reglages.maintenant()), code_unique, mois, adherents)
    if isinstance(found, str):
        raise NonSigne(f"{found} Rien n'a été fait.")
    return found


def _contents(
    registre: Registre, geste: GesteSigne, acte: Acte, code_unique: str, mois: Month, adherents: list[str]
) -> Mapping[str, str] | str:
    """Ce que le code couvre, ou la phrase qui dit pourquoi non."""
    if not accounts_exist(registre):
        return dict.fromkeys(adherents, "") if adherents else "Nommez les adhérents."
    if not code_unique.strip():
        return f"Tapez le code que donne « paie {geste} --code » sous le compte « {acte.par} »."
    try:
        contents = redeem(registre, geste, code_unique, mois, acte).contenus
    except GesteRefuse as refus:
        return refus.message
    beyond = sorted(set(adherents) - set(contents))
    if beyond:
        return f"Le code n'a pas été donné pour {', '.join(beyond)} ; il est consommé, demandez-en un autre."
    return {code: contents[code] for code in adherents or contents}
