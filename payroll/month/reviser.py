"""Réviser : mettre une paie calculée sous les yeux d'une personne, contre le mois d'avant, avec les causes d'écart.

Rien n'est écrit au registre : ce que l'on regarde porte l'empreinte que l'on approuvera.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from payroll import catalogue
from payroll.documents.revision import (
    AgentRevise,
    CauseRevisee,
    Constat,
    DouteEmploye,
    LigneRevisee,
    RevisionFacts,
    render,
)
from payroll.engine.bulletin import Bulletin
from payroll.engine.explain import Recit
from payroll.engine.inputs import population
from payroll.legislation import Nature
from payroll.money import format_amount
from payroll.month.calculer import require_current
from payroll.month.commun import GesteRefuse, find_adherent, key, require_paie
from payroll.month.comparer import LIBELLES, TOTAUX_COMPARES, Comparaison, amounts_by_place, compare_agents
from payroll.month.controles_revision import Examen, doubts_phrase, examine, finding
from payroll.month.doutes import all_doubts
from payroll.month.instantane import inputs_from_json
from payroll.month.lire import BulletinLu
from payroll.month.valider import examen_of
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import EtatPaie

_MONTRES = ("net_a_payer", "brut", "cout_employeur")


def review_month(registre: Registre, code: str, mois: Month) -> RevisionFacts:
    """La révision d'une paie calculée. Lève :class:`GesteRefuse` si le mois n'est pas ouvert ou pas encore calculé."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        paie = require_paie(session, adherent, mois)
        if paie.etat == EtatPaie.OUVERTE:
            raise GesteRefuse(f"{adherent.nom} : la paie de {mois.libelle} n'est pas calculée, rien n'est à réviser.")
        examen = examen_of(session, adherent, paie)
        constats = examine(examen)
        if paie.etat in (EtatPaie.CALCULEE, EtatPaie.VALIDEE):
            try:
                require_current(session, adherent, paie)
            except GesteRefuse as refus:
                constats.insert(0, finding("calcul_perime", refus.message))
    doutes = doubts_used(examen)
    if doutes:
        constats.append(doubts_phrase(len(doutes)))
    before = examen.avant or {}
    # Le détail des causes refait des bulletins : seulement pour ceux qui diffèrent, et hors de toute transaction.
    differing = sorted({lu.agent.matricule for lu in contracts_seen(examen) if differs(examen, lu)}) if before else []
    compared = {
        (found.matricule, found.contrat): found
        for found in compare_agents(registre, code, differing, (mois.previous, None), (mois, paie.revision))
    }
    after = {key(lu.contrat.id): lu for lu in examen.bulletins}
    agents = tuple(
        agent_seen(lu, before.get(key(lu.contrat.id)), after.get(key(lu.contrat.id)), compared)
        for lu in contracts_seen(examen)
    )
    return RevisionFacts(
        nom=adherent.nom,
        code=code,
        siret=adherent.siret,
        mois=mois,
        revision=paie.revision,
        etat=paie.etat,
        empreinte=paie.hash_contenu,
        totaux=tuple((LIBELLES[total], *sums(total, before, after)) for total in TOTAUX_COMPARES),
        agents=agents,
        constats=tuple(_distinct(constats)),
        doutes=tuple(doutes),
        precedent=mois.previous if before else None,
    )


def write_review(facts: RevisionFacts, dossier: Path) -> Path:
    """Pose le classeur sous ``dossier/AAAA-MM/``, lisible du seul compte du service : il porte des noms."""
    folder = dossier / str(facts.mois)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{facts.code}.xlsx"
    temporary = path.with_suffix(".partiel")
    temporary.touch(mode=0o600)
    temporary.write_bytes(render(facts))
    temporary.replace(path)
    return path


def _distinct(constats: Sequence[Constat]) -> list[Constat]:
    """Le même constat vient parfois de deux contrôles : une ligne suffit."""
    return list(dict.fromkeys(constats))


def contracts_seen(examen: Examen) -> list[BulletinLu]:
    """Chaque contrat payé ce mois-ci ou le mois d'avant, une fois, par matricule puis numéro."""
    found = {lu.contrat.id: lu for lu in (*(examen.avant or {}).values(), *examen.bulletins)}
    return sorted(found.values(), key=lambda lu: (lu.agent.matricule, lu.contrat.numero))


def differs(examen: Examen, lu: BulletinLu) -> bool:
    """Vrai si ce contrat n'a pas deux bulletins de mêmes montants."""
    before = (examen.avant or {}).get(key(lu.contrat.id))
    after = next((one for one in examen.bulletins if one.contrat.id == lu.contrat.id), None)
    if before is None or after is None:
        return True
    return totals_of(before.bulletin) != totals_of(after.bulletin) or amounts_by_place(
        before.bulletin
    ) != amounts_by_place(after.bulletin)


def totals_of(bulletin: Bulletin) -> dict[str, int]:
    """Les totaux comparés d'un bulletin, en centimes."""
    return {total: getattr(bulletin, total) for total in TOTAUX_COMPARES}


def sums(total: str, *sides: Mapping[int, BulletinLu]) -> tuple[int, int]:
    """La somme d'un total, avant et après."""
    before, after = (sum(getattr(lu.bulletin, total) for lu in side.values()) for side in sides)
    return before, after


def agent_seen(
    lu: BulletinLu,
    before: BulletinLu | None,
    after: BulletinLu | None,
    compared: Mapping[tuple[str, str], Comparaison],
) -> AgentRevise:
    """Un contrat contre le mois d'avant, avec ses causes si la comparaison en est faite."""
    found = compared.get((lu.agent.matricule, lu.contrat.numero))
    return AgentRevise(
        matricule=lu.agent.matricule,
        nom=lu.agent.nom_usage or lu.agent.nom,
        prenom=lu.agent.prenom,
        contrat=lu.contrat.numero,
        emploi=lu.contrat.emploi,
        avant=totals_of(before.bulletin) if before else None,
        apres=totals_of(after.bulletin) if after else None,
        causes=_causes(found) if found else (),
        lignes=_lines(found) if found else (),
    )


def _causes(found: Comparaison) -> tuple[CauseRevisee, ...]:
    return tuple(
        CauseRevisee(effet.cause.libelle, effet.origine, *(effet.totaux[total] for total in _MONTRES))
        for effet in found.effets
    )


def _lines(found: Comparaison) -> tuple[LigneRevisee, ...]:
    return tuple(
        LigneRevisee(
            libelle=ligne.libelle,
            avant=ligne.avant.salarie if ligne.avant else None,
            apres=ligne.apres.salarie if ligne.apres else None,
            avant_employeur=ligne.avant.employeur if ligne.avant else None,
            apres_employeur=ligne.apres.employeur if ligne.apres else None,
            causes=" ; ".join(
                f"{cause.libelle} ({format_amount(salarie or employeur)})" for cause, salarie, employeur in ligne.effets
            ),
        )
        for ligne in found.lignes
        if ligne.effets
    )


def doubts_used(examen: Examen) -> list[DouteEmploye]:
    """Les lignes non confirmées que ces bulletins emploient : chiffres lus, rubriques imprimées, règles concernées."""
    figures: set[str] = set()
    populations: set[str] = set()
    for lu in examen.bulletins:
        employeur, situation = inputs_from_json(lu.row.entrees)
        figures |= Recit(examen.mois, employeur, situation).chiffres
        populations.add(population(situation))
    codes = {ligne.code for lu in examen.bulletins for ligne in lu.bulletin.lignes}
    used = {
        Nature.CHIFFRE: lambda doute: doute.code in figures,
        Nature.RUBRIQUE: lambda doute: doute.code in codes and doute.code in catalogue.load(),
        Nature.REGLE: lambda doute: not populations.isdisjoint(doute.populations),
    }
    return [
        DouteEmploye(doute.code, doute.sujet, doute.choix_retenu, doute.texte)
        for doute in all_doubts(examen.mois)
        if doute.nature in used and used[doute.nature](doute)
    ]
