"""Une personne, plusieurs contrats : leurs durées réunies, leur plafond partagé ; et les conditions sans indice.

Deux passes : chaque contrat est d'abord calculé seul, puis reçoit la rémunération des autres. La rémunération soumise
au régime général ne dépend pas du plafond : la seconde passe est exacte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from payroll import engine
from payroll.engine.inputs import years_of_execution
from payroll.engine.situation import Apprenti, Employeur, Situation, Statut
from payroll.periods import Month
from payroll.store.tables import Contrat, SituationContrat

_FONCTIONNAIRES = (Statut.TITULAIRE, Statut.STAGIAIRE)


def conditions_without_index(contrat: Contrat, row: SituationContrat, mois: Month) -> Mapping[str, Any]:
    """Les champs de la situation propres aux contrats sans indice et aux personnes à plusieurs employeurs."""
    hors = row.heures_hors_cnracl_centiemes
    return {
        "apprenti": _apprentice(contrat, row, mois),
        "taux_horaire": row.taux_horaire,
        "prix_vacation": row.prix_vacation,
        "autres_remunerations": row.autres_remunerations,
        "heures_hors_cnracl": None if hors is None else Fraction(hors, 100),
    }


def _apprentice(contrat: Contrat, row: SituationContrat, mois: Month) -> Apprenti | None:
    """L'année avance à chaque anniversaire du contrat passé depuis le début de ces conditions."""
    if not row.apprenti_annee:
        return None
    premier = max(mois.first_day, contrat.date_debut)
    debut = contrat.date_debut
    passees = years_of_execution(debut, premier) - years_of_execution(debut, max(row.du, debut))
    return Apprenti(row.apprenti_annee + max(passees, 0), row.apprenti_smic_ppm)


def share_between_contracts(
    mois: Month, employeur: Employeur, contrats: Sequence[tuple[int, Situation]]
) -> list[Situation]:
    """Les situations, chacune avec les durées et les rémunérations des autres contrats de la même personne.

    ``contrats`` : (clé de la personne, situation), tous chez le même employeur. L'ordre est gardé.
    """
    rangs: dict[int, list[int]] = {}
    for rang, (personne, _) in enumerate(contrats):
        rangs.setdefault(personne, []).append(rang)
    found = [situation for _, situation in contrats]
    for several in (group for group in rangs.values() if len(group) > 1):
        for rang, situation in zip(several, _with_hours([found[rang] for rang in several]), strict=True):
            found[rang] = situation
    multiples = [rang for group in rangs.values() if len(group) > 1 for rang in group]
    if not multiples:
        return found
    calcul = engine.compute(mois, [employeur] * len(multiples), [found[rang] for rang in multiples])
    bases = {
        rang: bulletin.colonnes["assiette_regime_general"] if bulletin else 0
        for rang, bulletin in zip(multiples, calcul.bulletins, strict=True)
    }
    for rang in multiples:
        autres = sum(bases[other] for other in rangs[contrats[rang][0]] if other != rang)
        situation = found[rang]
        found[rang] = replace(situation, autres_remunerations=situation.autres_remunerations + max(autres, 0))
    return found


def _with_hours(situations: Sequence[Situation]) -> list[Situation]:
    """La durée de tous ses emplois, là où le dossier ne la donne pas ; celle d'un vacataire n'est pas connue."""
    posts = [s for s in situations if s.statut is not Statut.ELU]
    known = all(s.statut is not Statut.VACATAIRE and not s.taux_horaire for s in posts)
    officials = [s for s in posts if s.statut in _FONCTIONNAIRES]
    found = []
    for situation in situations:
        # L'affiliation à la CNRACL ne compte que les emplois de fonctionnaire (CGFP L. 613-5).
        official = situation.statut in _FONCTIONNAIRES
        total = sum((s.heures_hebdo for s in (officials if official else posts)), Fraction(0))
        complete = situation.heures_hebdo_tous_employeurs is None and situation in posts and (official or known)
        found.append(replace(situation, heures_hebdo_tous_employeurs=total) if complete else situation)
    return found
