"""Corriger un mois ouvert : fixer, ajouter ou retirer un élément, une absence, une ligne, avec sa raison et son auteur.

Le fichier reçu n'est jamais récrit : la correction se pose par-dessus, se voit à la révision, et s'annule. Une
correction que le calcul refuserait est refusée, avec la raison du calcul. Un mois déclaré ne se corrige plus : la
différence se verse dans le mois ouvert par un rappel (:mod:`payroll.month.rappeler`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, col, or_, select

from payroll import engine
from payroll.anomalies import Anomalie, blocking
from payroll.catalogue import load as load_catalogue
from payroll.engine.situation import HOUR_VARIABLES
from payroll.legislation.conges import load_conges
from payroll.month.commun import Acte, GesteRefuse, find_adherent, key, record, require_paie
from payroll.month.corrections import CorrectionLue, corrections, told
from payroll.month.gestionnaires import require_right
from payroll.month.rappels import paid_months
from payroll.month.situations import EntreesDuMois, active_contracts, gather
from payroll.periods import Month
from payroll.store.entrees import AbsenceEntree
from payroll.store.registre import Registre
from payroll.store.tables import Absence, Adherent, EtatFichier, EtatPaie, FichierRecu
from payroll.store.tables_revision import Correction, NatureCorrection

_OUVERTS = (EtatPaie.OUVERTE, EtatPaie.CALCULEE, EtatPaie.VALIDEE)


@dataclass(frozen=True, slots=True)
class Corrigee:
    """Une correction inscrite, et les mois déjà payés qu'elle touche : un rappel leur rend ce qui leur est dû."""

    numero: int
    phrase: str
    mois_payes: tuple[Month, ...] = ()


@dataclass(frozen=True, slots=True)
class AbsenceConnue:
    """Une absence qui compte ce mois-ci, avec le numéro qui sert à la retirer."""

    numero: int
    matricule: str
    type: str
    debut: date
    fin: date


@dataclass(frozen=True, slots=True)
class Cadre:
    """Où une correction se pose : une transaction ouverte, un adhérent, un mois ; son auteur et sa raison."""

    session: Session
    adherent: Adherent
    mois: Month
    acte: Acte
    motif: str

    def require_open(self) -> None:
        """Lève :class:`GesteRefuse` si le mois ne se corrige plus, sans raison, ou si l'auteur n'en a pas le droit."""
        require_right(self.session, self.acte, self.adherent.code)
        if not self.motif.strip():
            raise GesteRefuse("Une correction dit sa raison : appel de la mairie, pièce reçue, erreur de saisie.")
        paie = require_paie(self.session, self.adherent, self.mois)
        if paie.etat not in _OUVERTS:
            code, mois = self.adherent.code, self.mois
            raise GesteRefuse(
                f"{self.adherent.nom} : la paie de {mois.libelle} est {paie.etat}, ses bulletins ne changent plus. "
                "Saisissez ce qui manque dans le mois ouvert : "
                f"« paie rappel saisir {code} … --mois-de-droit {mois} ». Close, elle se rouvre pour sa seule DSN : "
                f"« paie rouvrir {code} --mois {mois} --motif … »."
            )


def correct_element(
    registre: Registre,
    code: str,
    matricule: str,
    mois: Month,
    acte: Acte,
    *,
    rubrique: str,
    valeur: int,
    motif: str,
    contrat: str = "",
    ajouter: bool = False,
) -> Corrigee:
    """Fixe la valeur d'un élément du mois (centimes, ou centièmes d'heure), quoi qu'en dise le fichier.

    Zéro : l'élément ne se paie pas. ``ajouter`` : une ligne manuelle, en plus du fichier (négative pour retenir).
    Lève :class:`GesteRefuse`, avec les anomalies du calcul s'il refuse cette valeur.
    """
    with registre.transaction() as session:
        cadre = Cadre(session, find_adherent(session, code), mois, acte, motif)
        return set_element(cadre, matricule, contrat, rubrique, valeur, ajouter=ajouter)


def set_element(
    cadre: Cadre, matricule: str, contrat: str, rubrique: str, valeur: int, *, ajouter: bool = False
) -> Corrigee:
    """:func:`correct_element`, dans une transaction déjà ouverte."""
    admitted = {item.code for item in load_catalogue().saisies("variables")} | HOUR_VARIABLES
    if rubrique not in admitted:
        raise GesteRefuse(
            f"« {rubrique} » ne se saisit pas comme élément du mois. Rubriques admises : {', '.join(sorted(admitted))}."
        )
    if ajouter and not valeur:
        raise GesteRefuse("Une ligne manuelle a un montant, positif ou négatif.")
    contrat_id = _start(cadre, matricule, contrat)
    before = _objections(cadre, matricule)
    nature = NatureCorrection.LIGNE if ajouter else NatureCorrection.ELEMENT
    return _finish(cadre, matricule, _row(cadre, contrat_id, nature, rubrique=rubrique, valeur=valeur), before)


def add_absence(
    registre: Registre,
    code: str,
    matricule: str,
    mois: Month,
    acte: Acte,
    *,
    valeurs: Mapping[str, Any],
    motif: str,
    contrat: str = "",
) -> Corrigee:
    """Ajoute une absence que le fichier ne disait pas (``valeurs`` : type, debut, fin, prolongation…).

    Elle vaut pour tous les mois qu'elle touche : un mois déjà payé demande un rappel. Lève :class:`GesteRefuse`.
    """
    with registre.transaction() as session:
        return enter_absence(
            Cadre(session, find_adherent(session, code), mois, acte, motif), matricule, contrat, valeurs
        )


def enter_absence(cadre: Cadre, matricule: str, contrat: str, valeurs: Mapping[str, Any]) -> Corrigee:
    """:func:`add_absence`, dans une transaction déjà ouverte."""
    try:
        entree = AbsenceEntree.model_validate(dict(valeurs))
    except ValidationError as error:
        champs = ", ".join(sorted({str(detail["loc"][-1]) for detail in error.errors() if detail["loc"]}))
        raise GesteRefuse(
            f"L'absence est mal décrite ({champs or 'la fin précède le début'}) : une nature, deux dates AAAA-MM-JJ."
        ) from None
    natures = load_conges().natures
    if entree.type not in natures:
        raise GesteRefuse(f"Nature d'absence inconnue : « {entree.type} ». Les natures : {', '.join(sorted(natures))}.")
    if entree.debut > cadre.mois.last_day:
        raise GesteRefuse(f"L'absence commence après {cadre.mois.libelle} : elle se saisira le moment venu.")
    contrat_id = _start(cadre, matricule, contrat)
    _require_free(cadre.session, contrat_id, entree.debut, entree.fin)
    before = _objections(cadre, matricule)
    absence = Absence(adherent_id=key(cadre.adherent.id), contrat_id=contrat_id, **entree.model_dump())
    cadre.session.add(absence)
    cadre.session.flush()
    return _finish(cadre, matricule, _absence_row(cadre, absence, NatureCorrection.ABSENCE), before)


def remove_absence(registre: Registre, code: str, numero: int, mois: Month, acte: Acte, *, motif: str) -> Corrigee:
    """Retire une absence (:func:`month_absences` en dit le numéro) ; annuler la correction la remet telle quelle."""
    with registre.transaction() as session:
        return drop_absence(Cadre(session, find_adherent(session, code), mois, acte, motif), numero)


def drop_absence(cadre: Cadre, numero: int) -> Corrigee:
    """:func:`remove_absence`, dans une transaction déjà ouverte."""
    absence = cadre.session.get(Absence, numero)
    if absence is None or absence.adherent_id != cadre.adherent.id:
        raise GesteRefuse(
            f"{cadre.adherent.nom} : aucune absence ne porte le numéro {numero} (« paie corriger voir »)."
        )
    cadre.require_open()
    matricule = _matricule_of(cadre, absence.contrat_id)
    before = _objections(cadre, matricule)
    row = _absence_row(cadre, absence, NatureCorrection.RETRAIT)
    cadre.session.delete(absence)
    return _finish(cadre, matricule, row, before)


def cancel_correction(registre: Registre, code: str, numero: int, mois: Month, acte: Acte, *, motif: str) -> str:
    """Annule une correction : le mois redevient ce que disaient le fichier et le dossier ; rend sa phrase."""
    with registre.transaction() as session:
        return undo(Cadre(session, find_adherent(session, code), mois, acte, motif), numero)


def undo(cadre: Cadre, numero: int) -> str:
    """:func:`cancel_correction`, dans une transaction déjà ouverte."""
    session, adherent, mois = cadre.session, cadre.adherent, cadre.mois
    cadre.require_open()
    row = session.get(Correction, numero)
    if row is None or row.adherent_id != adherent.id or row.mois != str(mois) or row.annulee_le is not None:
        raise GesteRefuse(f"{adherent.nom} : aucune correction en cours n° {numero} en {mois.libelle}.")
    matricule = _matricule_of(cadre, row.contrat_id)
    before = _objections(cadre, matricule)
    if row.nature == NatureCorrection.ABSENCE and (absence := session.get(Absence, row.absence_id)) is not None:
        session.delete(absence)
    if row.nature == NatureCorrection.RETRAIT:
        entree = dict(row.absence)
        entree |= {name: date.fromisoformat(entree[name]) for name in ("debut", "fin")}
        session.add(Absence(adherent_id=row.adherent_id, contrat_id=row.contrat_id, **entree))
    row.annulee_par, row.annulee_le, row.motif_annulation = cadre.acte.par, cadre.acte.moment, cadre.motif.strip()
    session.add(row)
    session.flush()
    _require_no_new_objection(cadre, matricule, before)
    detail = {"correction": numero, "matricule": matricule, "nature": row.nature, "motif": cadre.motif.strip()}
    record(session, cadre.acte, "annuler-correction", adherent.code, mois, **detail)
    return told(row)


def month_corrections(registre: Registre, code: str, mois: Month) -> list[CorrectionLue]:
    """Toutes les corrections d'un mois, annulées comprises."""
    with registre.transaction() as session:
        return corrections(session, find_adherent(session, code), mois)


def month_absences(registre: Registre, code: str, mois: Month) -> list[AbsenceConnue]:
    """Les absences qui touchent le mois, par agent."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        names = {key(contrat.id): agent.matricule for contrat, agent in active_contracts(session, adherent, mois)}
        rows = session.exec(
            select(Absence)
            .outerjoin(FichierRecu, col(FichierRecu.id) == col(Absence.fichier_id))
            .where(
                col(Absence.contrat_id).in_(names),
                Absence.debut <= mois.last_day,
                Absence.fin >= mois.first_day,
                or_(col(Absence.fichier_id).is_(None), FichierRecu.etat == EtatFichier.ACCEPTE),
            )
            .order_by(col(Absence.debut), col(Absence.id))
        )
        found = [AbsenceConnue(key(row.id), names[row.contrat_id], row.type, row.debut, row.fin) for row in rows]
        return sorted(found, key=lambda absence: (absence.matricule, absence.debut))


def _start(cadre: Cadre, matricule: str, numero: str) -> int:
    """Le contrat à corriger, une fois le mois reconnu ouvert."""
    cadre.require_open()
    found = [
        key(contrat.id)
        for contrat, agent in active_contracts(cadre.session, cadre.adherent, cadre.mois)
        if agent.matricule == matricule and numero in ("", contrat.numero)
    ]
    if not found:
        raise GesteRefuse(f"{cadre.adherent.nom} : l'agent {matricule} n'a aucun contrat en {cadre.mois.libelle}.")
    if len(found) > 1:
        raise GesteRefuse(f"L'agent {matricule} a {len(found)} contrats : dites le numéro du contrat.")
    return found[0]


def _require_free(session: Session, contrat_id: int, debut: date, fin: date) -> None:
    taken = session.exec(
        select(Absence)
        .outerjoin(FichierRecu, col(FichierRecu.id) == col(Absence.fichier_id))
        .where(
            Absence.contrat_id == contrat_id,
            Absence.debut <= fin,
            Absence.fin >= debut,
            or_(col(Absence.fichier_id).is_(None), FichierRecu.etat == EtatFichier.ACCEPTE),
        )
    ).first()
    if taken is not None:
        raise GesteRefuse(
            f"Une absence « {taken.type} » est déjà connue du {taken.debut:%d/%m/%Y} au {taken.fin:%d/%m/%Y} "
            f"(n° {taken.id}) : retirez-la d'abord, puis ajoutez la bonne."
        )


def _absence_row(cadre: Cadre, absence: Absence, nature: NatureCorrection) -> Correction:
    said = absence.model_dump(mode="json", exclude={"id", "adherent_id", "contrat_id"})
    return _row(cadre, absence.contrat_id, nature, absence_id=absence.id, absence=said)


def _row(cadre: Cadre, contrat_id: int, nature: NatureCorrection, **what: Any) -> Correction:
    return Correction(
        adherent_id=key(cadre.adherent.id),
        contrat_id=contrat_id,
        mois=str(cadre.mois),
        nature=nature,
        motif=cadre.motif.strip(),
        par=cadre.acte.par,
        le=cadre.acte.moment,
        **what,
    )


def _finish(cadre: Cadre, matricule: str, row: Correction, before: set[tuple[str, str]]) -> Corrigee:
    cadre.session.add(row)
    cadre.session.flush()
    _require_no_new_objection(cadre, matricule, before)
    phrase = told(row)
    record(
        cadre.session, cadre.acte, "corriger", cadre.adherent.code, cadre.mois,
        correction=row.id, matricule=matricule, nature=row.nature, rubrique=row.rubrique, valeur=row.valeur,
        absence=row.absence, motif=row.motif,
    )  # fmt: skip
    touched: tuple[Month, ...] = ()
    if row.absence:
        debut, fin = (date.fromisoformat(row.absence[name]) for name in ("debut", "fin"))
        paid = paid_months(cadre.session, cadre.adherent, cadre.mois)
        touched = tuple(month for month in paid if debut <= month.last_day and fin >= month.first_day)
    return Corrigee(key(row.id), phrase, touched)


def _objections(cadre: Cadre, matricule: str) -> set[tuple[str, str]]:
    return {(anomalie.code, anomalie.message) for anomalie in _refusals(cadre, matricule)}


def _require_no_new_objection(cadre: Cadre, matricule: str, before: set[tuple[str, str]]) -> None:
    """Une correction ne peut pas ôter son bulletin à l'agent : le calcul dit ici ce qu'il refuserait demain."""
    new = [a for a in _refusals(cadre, matricule) if (a.code, a.message) not in before]
    if new:
        raise GesteRefuse(f"{cadre.adherent.nom} : le calcul refuserait cette correction.", tuple(new))


def _refusals(cadre: Cadre, matricule: str) -> list[Anomalie]:
    entrees = gather(cadre.session, cadre.adherent, cadre.mois)
    if not isinstance(entrees, EntreesDuMois):
        raise GesteRefuse(f"{cadre.adherent.nom} : {cadre.mois.libelle} ne peut se calculer.", tuple(entrees))
    situations = [item.situation for item in entrees.contrats if item.agent.matricule == matricule]
    calcul = engine.compute(cadre.mois, [entrees.employeur] * len(situations), situations)
    gathered = [anomalie for anomalie in entrees.anomalies if anomalie.matricule == matricule]
    return blocking([*gathered, *calcul.anomalies])


def _matricule_of(cadre: Cadre, contrat_id: int) -> str:
    active = active_contracts(cadre.session, cadre.adherent, cadre.mois)
    found = next((agent.matricule for contrat, agent in active if contrat.id == contrat_id), None)
    if found is None:
        raise GesteRefuse(f"{cadre.adherent.nom} : ce contrat n'est plus en cours en {cadre.mois.libelle}.")
    return found
