"""Corriger un mois par un classeur : exporté dans l'état du mois, rempli par le gestionnaire, relu et appliqué.

Toutes les corrections du classeur, ou aucune. Chacune est une correction ordinaire (:mod:`payroll.month.corriger`) :
tracée, motivée, annulable. Redéposer le même classeur ne change rien ; une valeur qui a changé depuis l'export est
refusée à sa case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from sqlmodel import Session, select

from payroll.anomalies import Anomalie
from payroll.catalogue import load as load_catalogue
from payroll.engine.situation import HOUR_VARIABLES
from payroll.intake.correction import lecture, modele
from payroll.intake.correction.forme import AbsenceActuelle, Demande, ElementActuel, EtatDuMois
from payroll.intake.layout import HEURES
from payroll.intake.roster import Roster, Unite
from payroll.money import format_amount
from payroll.month.commun import Acte, GesteRefuse, find_adherent, key, record, require_paie
from payroll.month.corrections import active_corrections
from payroll.month.corriger import Cadre, Corrigee, drop_absence, enter_absence, set_element, undo
from payroll.month.ouvrir import EN_HEURES, roster_of
from payroll.month.situations import active_contracts, counted_absences, file_variables
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Absence, Adherent, Contrat, Evenement
from payroll.store.tables_revision import NatureCorrection

_GESTE = "corriger-classeur"


@dataclass(frozen=True, slots=True)
class Bilan:
    """Ce qu'un classeur de correction a fait : rien s'il a une anomalie, ou s'il avait déjà été appliqué."""

    faites: tuple[Corrigee, ...] = ()
    inchangees: int = 0
    """Les lignes dont le mois porte déjà la valeur demandée."""
    anomalies: tuple[Anomalie, ...] = ()
    deja: bool = False

    @property
    def appliquees(self) -> bool:
        """Vrai si le classeur est accepté : tout ce qu'il demande est dans le mois."""
        return not self.anomalies


class _Annule(Exception):  # noqa: N818  (arrête la transaction ; jamais vue du dehors)
    def __init__(self, anomalies: tuple[Anomalie, ...]) -> None:
        super().__init__()
        self.anomalies = anomalies


def workbook_name(code: str, mois: Month) -> str:
    """Le nom proposé pour le classeur de correction ; il porte des noms et reste à l'agence."""
    return f"corrections-{mois}-{code}.xlsx"


def export_corrections(registre: Registre, code: str, mois: Month) -> bytes:
    """Le classeur de correction d'un mois ouvert. Lève :class:`GesteRefuse` si le mois n'est pas ouvert."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        require_paie(session, adherent, mois)
        return modele.write(_state(session, adherent, mois))


def apply_corrections(registre: Registre, code: str, mois: Month, nom: str, content: bytes, acte: Acte) -> Bilan:
    """Applique toutes les corrections d'un classeur, ou aucune.

    Une ligne fautive est une anomalie du bilan, à sa case. Lève :class:`GesteRefuse` si le mois ne se corrige plus, ou
    si l'auteur n'en a pas le droit.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        with registre.transaction() as session:
            adherent = find_adherent(session, code)
            Cadre(session, adherent, mois, acte, nom).require_open()
            if _already(session, code, mois, sha256):
                return Bilan(deja=True)
            demandes, anomalies = lecture.read(content, nom, _state(session, adherent, mois))
            if not demandes and not anomalies:
                anomalies = (_empty(nom),)
            if anomalies:
                return Bilan(anomalies=anomalies)
            faites, inchangees = _apply(session, adherent, mois, nom, demandes, acte)
            registre.pieces.put(content)
            detail = {"fichier": sha256[:12], "corrections": len(faites), "inchangees": inchangees}
            record(session, acte, _GESTE, code, mois, **detail)
            return Bilan(faites, inchangees)
    except _Annule as annule:
        return Bilan(anomalies=annule.anomalies)


def _already(session: Session, code: str, mois: Month, sha256: str) -> bool:
    rows = session.exec(
        select(Evenement).where(Evenement.adherent_code == code, Evenement.mois == str(mois), Evenement.geste == _GESTE)
    )
    return any(row.detail.get("fichier") == sha256[:12] for row in rows)


def _empty(nom: str) -> Anomalie:
    return Anomalie(
        code="rien-a-corriger",
        fichier=nom,
        message="ce classeur ne demande aucune correction.",
        remede="Écrivez une nouvelle valeur et son motif, enregistrez, puis recommencez.",
    )


def _apply(
    session: Session, adherent: Adherent, mois: Month, nom: str, demandes: tuple[Demande, ...], acte: Acte
) -> tuple[tuple[Corrigee, ...], int]:
    done: list[Corrigee] = []
    same = 0
    refused: list[Anomalie] = []
    for demande in demandes:
        try:
            # Un point de reprise par ligne : une ligne refusée n'empêche pas de juger les suivantes.
            with session.begin_nested():
                corrigee = _GESTES[demande.sorte](Cadre(session, adherent, mois, acte, demande.motif), demande)
        except GesteRefuse as refus:
            refused += _located(refus, demande, nom)
            continue
        if corrigee is None:
            same += 1
        else:
            done.append(corrigee)
    if refused:
        raise _Annule(tuple(refused))
    return tuple(done), same


def _located(refus: GesteRefuse, demande: Demande, nom: str) -> list[Anomalie]:
    why = " ; ".join(anomalie.message for anomalie in refus.anomalies)
    return [
        Anomalie(
            code="correction-refusee",
            message=f"{refus.message.removesuffix('.')} : {why}" if why else refus.message,
            remede="Corrigez cette ligne ou videz-la : d'ici là, aucune correction du classeur ne s'applique.",
            fichier=nom,
            feuille=demande.lieu.feuille,
            cellule=demande.lieu.cellule,
            matricule=demande.matricule,
            rubrique=demande.rubrique,
        )
    ]


def _fix(cadre: Cadre, demande: Demande) -> Corrigee | None:
    contrat_id = _contract(cadre, demande)
    now = _fixed(cadre.session, cadre.adherent, cadre.mois).get((contrat_id, demande.rubrique), 0)
    if now == demande.valeur:
        return None
    if now != demande.avant:
        raise GesteRefuse(
            f"La valeur a changé depuis l'export : le classeur montrait {format_amount(demande.avant)}, le mois porte "
            f"{format_amount(now)}. Exportez de nouveau le classeur."
        )
    return set_element(cadre, demande.matricule, demande.contrat, demande.rubrique, demande.valeur)


def _add_line(cadre: Cadre, demande: Demande) -> Corrigee | None:
    contrat_id = _contract(cadre, demande)
    wanted = (NatureCorrection.LIGNE, contrat_id, demande.rubrique, demande.valeur, demande.motif)
    for item in active_corrections(cadre.session, cadre.adherent, cadre.mois):
        row = item.row
        if (row.nature, row.contrat_id, row.rubrique, row.valeur, row.motif) == wanted:
            return None
    return set_element(cadre, demande.matricule, demande.contrat, demande.rubrique, demande.valeur, ajouter=True)


def _replace_line(cadre: Cadre, demande: Demande) -> Corrigee | None:
    if demande.valeur == demande.avant:
        return None
    phrase = undo(cadre, demande.numero)
    if not demande.valeur:
        return Corrigee(demande.numero, f"{phrase} : annulé")
    return _add_line(cadre, demande)


def _add_absence(cadre: Cadre, demande: Demande) -> Corrigee | None:
    contrat_id = _contract(cadre, demande)
    for row in counted_absences(cadre.session, [contrat_id]):
        if (row.type, row.debut, row.fin) == (demande.type, demande.debut, demande.fin):
            return None
    valeurs = {
        "type": demande.type, "debut": demande.debut, "fin": demande.fin, "prolongation": demande.prolongation,
    }  # fmt: skip
    return enter_absence(cadre, demande.matricule, demande.contrat, valeurs)


def _drop_absence(cadre: Cadre, demande: Demande) -> Corrigee | None:
    if cadre.session.get(Absence, demande.numero) is None:
        _require_dropped(cadre, demande)
        return None
    return drop_absence(cadre, demande.numero)


def _redate(cadre: Cadre, demande: Demande) -> Corrigee | None:
    row = cadre.session.get(Absence, demande.numero)
    if row is None:
        _require_dropped(cadre, demande)
        return None
    if (row.debut, row.fin) == (demande.debut, demande.fin):
        return None
    if row.heures_centiemes is not None:
        raise GesteRefuse("Une absence en heures ne se redate pas : retirez-la, puis ajoutez la bonne.")
    valeurs = {
        "type": row.type,
        "debut": demande.debut,
        "fin": demande.fin,
        "prolongation": row.prolongation,
        "motif_sans_carence": row.motif_sans_carence,
        "demi_journee": row.demi_journee,
        **({} if row.quotite_ppm is None else {"temps_travaille": str(Decimal(row.quotite_ppm) / 10_000)}),
    }
    drop_absence(cadre, demande.numero)
    return enter_absence(cadre, demande.matricule, demande.contrat, valeurs)


_Geste = Callable[[Cadre, Demande], Corrigee | None]
_GESTES: dict[str, _Geste] = {
    "fixer": _fix,
    "ligne": _add_line,
    "remplacer": _replace_line,
    "absence": _add_absence,
    "changer": _redate,
    "retirer": _drop_absence,
}


def _require_dropped(cadre: Cadre, demande: Demande) -> None:
    """Un second envoi trouve l'absence déjà retirée ; sinon, le numéro n'est pas d'ici."""
    known = active_corrections(cadre.session, cadre.adherent, cadre.mois)
    if not any(i.row.nature == NatureCorrection.RETRAIT and i.row.absence_id == demande.numero for i in known):
        raise GesteRefuse(f"Aucune absence ne porte le numéro {demande.numero} : exportez de nouveau le classeur.")


def _contract(cadre: Cadre, demande: Demande) -> int:
    for contrat, agent in active_contracts(cadre.session, cadre.adherent, cadre.mois):
        if (agent.matricule, contrat.numero) == (demande.matricule, demande.contrat):
            return key(contrat.id)
    raise GesteRefuse(f"L'agent {demande.matricule} n'a pas ce contrat en {cadre.mois.libelle}.")


def _fixed(session: Session, adherent: Adherent, mois: Month) -> dict[tuple[int, str], int]:
    """(contrat, rubrique) → ce qui se paie hors lignes manuelles : le fichier, puis la dernière valeur fixée."""
    found = {
        (contrat_id, code): value
        for contrat_id, values in file_variables(session, adherent, mois).items()
        for code, value in values.items()
    }
    for item in active_corrections(session, adherent, mois):
        if item.row.nature == NatureCorrection.ELEMENT:
            found[item.row.contrat_id, item.row.rubrique] = item.row.valeur
    return found


def _state(session: Session, adherent: Adherent, mois: Month) -> EtatDuMois:
    roster = roster_of(session, adherent, mois)
    catalogue = load_catalogue()
    libelles = dict(HEURES) | {
        r.code: r.intitule for r in catalogue.saisies("variables") if r.code not in HOUR_VARIABLES
    }
    contrats = {
        key(contrat.id): (contrat, agent.matricule) for contrat, agent in active_contracts(session, adherent, mois)
    }
    cles = {contrat_id: _cle(roster, matricule, contrat) for contrat_id, (contrat, matricule) in contrats.items()}
    said = file_variables(session, adherent, mois)
    elements = [
        ElementActuel(cles[contrat_id], code, _unit(code), said.get(contrat_id, {}).get(code, 0), value)
        for (contrat_id, code), value in _fixed(session, adherent, mois).items()
        if contrat_id in cles and code in libelles
    ]
    elements += [
        ElementActuel(cles[i.row.contrat_id], i.row.rubrique, _unit(i.row.rubrique), 0, i.row.valeur, key(i.row.id))
        for i in active_corrections(session, adherent, mois)
        if i.row.nature == NatureCorrection.LIGNE and i.row.contrat_id in cles and i.row.rubrique in libelles
    ]
    absences = [
        AbsenceActuelle(key(row.id), cles[row.contrat_id], row.type, row.debut, row.fin)
        for row in counted_absences(session, list(cles))
        if row.debut <= mois.last_day and row.fin >= mois.first_day
    ]
    return EtatDuMois(
        roster,
        dict(sorted(libelles.items(), key=lambda item: item[1])),
        tuple(sorted(elements, key=lambda e: (e.cle, e.rubrique, e.numero))),
        tuple(sorted(absences, key=lambda a: (a.cle, a.debut, a.numero))),
    )


def _cle(roster: Roster, matricule: str, contrat: Contrat) -> str:
    agent = next(a for a in roster.agents if (a.matricule, a.numero_contrat) == (matricule, contrat.numero))
    return roster.cle(agent)


def _unit(code: str) -> Unite:
    return "heures" if code in HOUR_VARIABLES or code in EN_HEURES else "montant"
