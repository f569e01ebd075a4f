"""Ouvrir le mois : une paie « ouverte » par adhérent, et son classeur des éléments variables prêt à déposer."""

from __future__ import annotations

from fractions import Fraction

from sqlmodel import Session

from payroll import catalogue
from payroll.catalogue import Rubrique
from payroll.engine.situation import CONTINGENT_DECIDE, HOUR_VARIABLES, Statut
from payroll.intake import template
from payroll.intake.roster import Roster, RosterAgent, RubriqueSaisie, Unite
from payroll.month.commun import Acte, current_paie, find_adherent, key, put_document, record
from payroll.month.mois_dernier import with_last_month
from payroll.month.situations import active_contracts, conditions_of, permanent_amounts, permanent_rubriques
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Agent, Contrat, Paie, SituationContrat

_SALARIES = (Statut.TITULAIRE, Statut.STAGIAIRE, Statut.CONTRACTUEL)
_TEMPS_COMPLET = Fraction(35)
EN_HEURES = frozenset({"heures_travaillees"})
"""Les rubriques saisies en nombre d'heures."""


def open_month(registre: Registre, code: str, mois: Month, acte: Acte) -> Paie:
    """Ouvre le mois d'un adhérent et (re)met son classeur à disposition ; sans effet s'il est déjà ouvert."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        paie = current_paie(session, adherent, mois)
        if paie is None:
            paie = Paie(adherent_id=key(adherent.id), mois=str(mois), ouverte_le=acte.moment)
            session.add(paie)
            session.flush()
            record(session, acte, "ouvrir", code, mois)
        content = template.write(with_last_month(session, adherent, roster_of(session, adherent, mois)))
        put_document(session, registre, adherent, mois, template_name(code, mois), content, acte.moment)
        return paie


def template_name(code: str, mois: Month) -> str:
    """Le nom du classeur du mois, tel que la secrétaire le trouve dans ``retour/AAAA-MM/``."""
    return f"variables-{mois}-{code}.xlsx"


def roster_of(session: Session, adherent: Adherent, mois: Month) -> Roster:
    """La liste des agents que le classeur propose, et les rubriques qui s'y saisissent.

    Une rubrique déjà versée chaque mois (IFSE) n'y est pas : la retaper la paierait deux fois. Son changement passe par
    le gestionnaire.
    """
    pairs = active_contracts(session, adherent, mois)
    monthly = permanent_rubriques(session, [key(contrat.id) for contrat, _ in pairs], mois)
    conditions = conditions_of(session, [key(contrat.id) for contrat, _ in pairs], mois)
    decided = permanent_amounts(session, [key(contrat.id) for contrat, _ in pairs], mois, CONTINGENT_DECIDE)
    populations = {_population(contrat, conditions.get(key(contrat.id))) for contrat, _ in pairs}
    return Roster(
        adherent_code=adherent.code,
        adherent_nom=adherent.nom,
        siret=adherent.siret,
        mois=mois,
        agents=tuple(
            _roster_agent(contrat, agent, conditions.get(key(contrat.id)), decided.get(key(contrat.id)))
            for contrat, agent in pairs
        ),
        rubriques=tuple(
            RubriqueSaisie(rubrique.code, rubrique.libelle, _unit(rubrique), rubrique.ponctuelle)
            for rubrique in catalogue.load().saisies("variables")
            if rubrique.code not in HOUR_VARIABLES
            and rubrique.code not in monthly
            # Une colonne de vacations ne dit rien à une commune sans vacataire.
            and (populations & set(rubrique.populations) or not pairs)
        ),
    )


def _unit(rubrique: Rubrique) -> Unite:
    if rubrique.code in EN_HEURES:
        return "heures"
    return "nombre" if rubrique.unite in ("nombre", "points") else "montant"


def _population(contrat: Contrat, row: SituationContrat | None) -> str:
    if contrat.statut in ("titulaire", "stagiaire"):
        return f"titulaire_{row.regime_retraite if row else 'cnracl'}"
    return contrat.statut


def _roster_agent(contrat: Contrat, agent: Agent, row: SituationContrat | None, contingent: int | None) -> RosterAgent:
    salaried = row is not None and contrat.statut in _SALARIES
    hours = Fraction(row.heures_hebdo_centiemes, 100) if row else _TEMPS_COMPLET
    return RosterAgent(
        matricule=agent.matricule,
        nom=agent.nom_usage or agent.nom,
        prenom=agent.prenom,
        statut=Statut(contrat.statut),
        emploi=contrat.emploi,
        numero_contrat=contrat.numero,
        categorie=row.categorie if row else "",
        quotite=Fraction(row.quotite_num, row.quotite_den) if row else Fraction(1),
        heures_hebdo=hours,
        # Décret 2002-60 : les IHTS vont aux agents de catégories B et C ; un poste à temps non complet fait d'abord
        # des heures complémentaires (décret 2020-592).
        ihts_permises=salaried and hours == _TEMPS_COMPLET and row is not None and row.categorie in ("B", "C"),
        heures_complementaires_permises=salaried and hours < _TEMPS_COMPLET,
        date_debut=contrat.date_debut,
        date_fin=contrat.date_fin,
        contingent_heures_sup=contingent,
    )
