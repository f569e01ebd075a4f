"""Les contrôles de la révision : ce qui, dans une paie calculée, mérite un regard avant d'être approuvé.

Niveaux et seuils sont des données (``controles_revision.yaml``). Aucun constat ne change un centime.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml
from sqlmodel import Session, col, select

from payroll import legislation
from payroll.anomalies import blocking
from payroll.documents.revision import Constat, Niveau
from payroll.engine.bulletin import Section
from payroll.legislation import FigureMissing
from payroll.money import format_amount
from payroll.month.commun import anomalies_from_json, key
from payroll.month.corrections import active_corrections
from payroll.month.lire import BulletinLu
from payroll.month.messages import sent_messages
from payroll.month.refus import standing_refusals
from payroll.month.situations import active_contracts
from payroll.periods import Month
from payroll.store.tables import (
    Adherent,
    BulletinPaie,
    EtatFichier,
    EtatPaie,
    FichierRecu,
    LigneBulletin,
    Paie,
    TauxPas,
)
from payroll.store.tables_revision import CompteApprouve
from payroll.wording import plural

_IHTS = ("ihts_jour", "ihts_nuit", "ihts_dimanche")
_NIVEAUX = {"bloquant": Niveau.BLOQUANT, "a_regarder": Niveau.A_REGARDER, "pour_memoire": Niveau.POUR_MEMOIRE}


@dataclass(frozen=True, slots=True)
class Controle:
    """Une ligne de ``controles_revision.yaml``."""

    niveau: Niveau
    libelle: str
    seuils: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Examen:
    """Ce que les contrôles regardent : une paie, ses bulletins, ceux du mois d'avant."""

    session: Session
    adherent: Adherent
    paie: Paie
    mois: Month
    bulletins: Sequence[BulletinLu]
    avant: Mapping[int, BulletinLu] | None
    """Contrat → bulletin du mois d'avant ; ``None`` : rien n'a été payé ici le mois d'avant."""


@lru_cache(maxsize=1)
def controls() -> dict[str, Controle]:
    """Tous les contrôles, par code."""
    path = Path(__file__).with_name("controles_revision.yaml")
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        code: Controle(_NIVEAUX[row["niveau"]], row["libelle"], row.get("seuils", {})) for code, row in rows.items()
    }


def finding(code: str, message: str, matricule: str = "", contrat: str = "") -> Constat:
    """Un constat, au niveau que ses données lui donnent."""
    controle = controls()[code]
    return Constat(code, controle.niveau, controle.libelle, message, matricule, contrat)


def examine(examen: Examen) -> list[Constat]:
    """Tous les constats d'une paie, bloquants d'abord, puis par agent."""
    found = [
        *_without_payslip(examen),
        *_refused(examen),
        *_files(examen),
        *_declaration(examen),
        *_warnings(examen),
        *_corrected(examen),
        *_history(examen),
    ]
    rates = _rates(examen)
    accounts = _accounts(examen)
    earlier = _earlier_codes(examen)
    for lu in examen.bulletins:
        found += [
            *_nets(lu),
            *_exit(examen, lu),
            *_variation(examen, lu),
            *_novelty(examen, lu, earlier),
            *_ceilings(examen, lu),
            *_overtime(examen, lu),
            *_tax(examen, lu, rates.get(lu.contrat.agent_id, [])),
            *_bank(lu, accounts.get(lu.contrat.agent_id)),
        ]
    rank = {niveau: place for place, niveau in enumerate(Niveau)}
    return sorted(found, key=lambda one: (rank[one.niveau], one.matricule, one.contrat, one.code, one.message))


def blocking_findings(examen: Examen) -> list[Constat]:
    """Ce qui demande un commentaire pour approuver."""
    return [constat for constat in examine(examen) if constat.niveau is Niveau.BLOQUANT]


def iban_digest(iban: str) -> str:
    """L'empreinte d'un IBAN : elle dit qu'il a changé, et rien d'autre."""
    return hashlib.sha256(iban.encode()).hexdigest()


def _of(code: str, lu: BulletinLu, message: str) -> Constat:
    return finding(code, message, lu.agent.matricule, lu.contrat.numero)


def _without_payslip(examen: Examen) -> Iterator[Constat]:
    refused = {a.matricule: a for a in blocking(anomalies_from_json(examen.paie.anomalies)) if a.matricule}
    paid = {lu.contrat.id for lu in examen.bulletins}
    for contrat, agent in active_contracts(examen.session, examen.adherent, examen.mois):
        if contrat.id in paid:
            continue
        why = refused.get(agent.matricule)
        message = f"{why.message} {why.remede}".strip() if why else "Ce contrat est en cours et n'a pas de bulletin."
        yield finding("agent_sans_bulletin", message, agent.matricule, contrat.numero)


def _refused(examen: Examen) -> Iterator[Constat]:
    for refus in standing_refusals(examen.session, examen.paie):
        message = f"Refusé par {refus.par} : {refus.motif}. Corrigez et recalculez, ou levez le refus."
        yield finding("bulletin_refuse", message, refus.matricule, refus.contrat)


def _files(examen: Examen) -> Iterator[Constat]:
    accepted = examen.session.exec(
        select(FichierRecu.id).where(
            FichierRecu.adherent_id == examen.adherent.id,
            FichierRecu.mois == str(examen.mois),
            FichierRecu.etat == EtatFichier.ACCEPTE,
        )
    ).first()
    if accepted is None:
        yield finding("variables_manquantes", "La collectivité n'a rien envoyé d'admis ce mois-ci, pas même « néant ».")


def _declaration(examen: Examen) -> Iterator[Constat]:
    for message in sent_messages(examen.session, examen.adherent, examen.mois)[-1:]:
        for row in message.anomalies:
            serious = row.get("bloquant") or row.get("gravite") == "bloquant"
            code = "anomalie_dsn_bloquante" if serious else "anomalie_dsn"
            where = " ".join(str(row[name]) for name in ("code", "rubrique") if row.get(name))
            yield finding(code, f"{where} : {row.get('message', '')}".strip(" :"))


def _warnings(examen: Examen) -> Iterator[Constat]:
    """Les avertissements du calcul ; celui qui était déjà là le mois d'avant a déjà été regardé."""
    earlier = {
        (lu.agent.matricule, anomalie.code, anomalie.message)
        for lu in (examen.avant or {}).values()
        for anomalie in lu.bulletin.avertissements
    }
    for anomalie in anomalies_from_json(examen.paie.anomalies):
        if anomalie in blocking([anomalie]):
            continue
        known = (anomalie.matricule, anomalie.code, anomalie.message) in earlier
        code = "avertissement_connu" if known else "avertissement" if anomalie.matricule else "chiffres_a_reverifier"
        yield finding(code, f"{anomalie.message} {anomalie.remede}".strip(), anomalie.matricule)


def _corrected(examen: Examen) -> Iterator[Constat]:
    for item in active_corrections(examen.session, examen.adherent, examen.mois):
        yield finding("correction", f"{item.phrase} ({item.row.par}) : {item.row.motif}", item.matricule, item.contrat)


def _history(examen: Examen) -> Iterator[Constat]:
    if examen.avant is None:
        yield finding("premier_mois", "Rien n'a été payé ici le mois d'avant : aucune comparaison n'est possible.")
        return
    paid = {lu.contrat.id for lu in examen.bulletins}
    active = {contrat.id for contrat, _ in active_contracts(examen.session, examen.adherent, examen.mois)}
    for contrat_id, lu in examen.avant.items():
        if contrat_id not in paid and contrat_id not in active:
            end = f" : fin le {lu.fin:%d/%m/%Y}" if lu.fin else ""
            yield _of("plus_de_bulletin", lu, f"Ce contrat était payé le mois dernier et ne l'est plus{end}.")


def _nets(lu: BulletinLu) -> Iterator[Constat]:
    net = lu.bulletin.net_a_payer
    if net < 0:
        yield _of("net_negatif", lu, f"Net à payer de {format_amount(net)} € : étalez la reprise ou corrigez.")
    elif net < controls()["net_tres_bas"].seuils["montant"]:
        yield _of("net_tres_bas", lu, f"Net à payer de {format_amount(net)} €.")


def _exit(examen: Examen, lu: BulletinLu) -> Iterator[Constat]:
    planned = lu.contrat.date_fin_prevue
    if lu.fin is not None and lu.fin < examen.mois.first_day:
        yield _of("sortie_encore_payee", lu, f"Le contrat a pris fin le {lu.fin:%d/%m/%Y} et un bulletin est calculé.")
    elif lu.fin is None and planned is not None and planned < examen.mois.first_day:
        yield _of("fin_prevue_passee", lu, f"Le contrat devait finir le {planned:%d/%m/%Y} : renouvelé, ou à clore ?")


def _variation(examen: Examen, lu: BulletinLu) -> Iterator[Constat]:
    before = (examen.avant or {}).get(key(lu.contrat.id))
    if before is None:
        return
    old, new = before.bulletin.net_a_payer, lu.bulletin.net_a_payer
    seuils, gap = controls()["variation_forte"].seuils, abs(new - old)
    if gap > seuils["montant"] and gap * 100 > seuils["pour_cent"] * abs(old):
        share = f", soit {gap * 100 // abs(old)} %" if old else ""
        yield _of(
            "variation_forte",
            lu,
            f"Net à payer : {format_amount(old)} → {format_amount(new)} €{share}. Voir les causes.",
        )


def _earlier_codes(examen: Examen) -> dict[int, set[str]]:
    """Contrat → rubriques de ses bulletins des mois d'avant."""
    back = controls()["element_sans_precedent"].seuils["mois"]
    rank = examen.mois.year * 12 + examen.mois.month - 1 - back
    rows = examen.session.exec(
        select(BulletinPaie.contrat_id, LigneBulletin.code)
        .join(LigneBulletin, col(LigneBulletin.bulletin_id) == col(BulletinPaie.id))
        .join(Paie, col(Paie.id) == col(BulletinPaie.paie_id))
        .where(
            Paie.adherent_id == examen.adherent.id,
            Paie.mois < str(examen.mois),
            Paie.mois >= str(Month(rank // 12, rank % 12 + 1)),
            Paie.etat != EtatPaie.REMPLACEE,
        )
        .distinct()
    )
    found: dict[int, set[str]] = {}
    for contrat_id, code in rows:
        found.setdefault(contrat_id, set()).add(code)
    return found


def _novelty(examen: Examen, lu: BulletinLu, earlier: Mapping[int, set[str]]) -> Iterator[Constat]:
    known = earlier.get(key(lu.contrat.id))
    if known is None:
        if examen.avant is not None:
            yield _of("premier_bulletin", lu, f"Entrée le {lu.contrat.date_debut:%d/%m/%Y} : relire le dossier.")
        return
    shown: dict[str, int] = {}
    for ligne in lu.bulletin.lignes:
        if ligne.section in (Section.BRUT, Section.NET) and ligne.periode is None and ligne.code not in known:
            shown[ligne.libelle] = shown.get(ligne.libelle, 0) + ligne.montant_salarie
    if shown:
        said = " ; ".join(f"{libelle} : {format_amount(montant)} €" for libelle, montant in shown.items())
        yield _of("element_sans_precedent", lu, f"{said}.")


def _ceilings(examen: Examen, lu: BulletinLu) -> Iterator[Constat]:
    figures = legislation.load().at(examen.mois)
    before = (examen.avant or {}).get(key(lu.contrat.id))
    sides = (
        ("plafond_securite_sociale.mensuel", "Brut", before.bulletin.brut if before else 0, lu.bulletin.brut),
        (
            "exoneration_heures_sup.plafond_fiscal_annuel",
            "Heures supplémentaires exonérées de l'année",
            before.bulletin.cumuls.heures_exonerees if before and examen.mois.month > 1 else 0,
            lu.bulletin.cumuls.heures_exonerees,
        ),
    )
    for cle, what, old, new in sides:
        try:
            ceiling = figures.cents(cle)
        except FigureMissing:
            continue
        if old < ceiling <= new:
            yield _of("plafond_franchi", lu, f"{what} : {format_amount(new)} €, plafond {format_amount(ceiling)} €.")


def _overtime(examen: Examen, lu: BulletinLu) -> Iterator[Constat]:
    variables = lu.row.entrees["situation"].get("variables", {})
    hours = sum(variables.get(code, 0) for code in _IHTS)
    try:
        limit = legislation.load().at(examen.mois).integer("ihts.contingent_mensuel")
    except FigureMissing:
        return
    if hours > limit * 100:
        said = f"{format_amount(hours)} h supplémentaires, contingent de {limit} h (décret 2002-60 art. 6)"
        yield _of("heures_supplementaires", lu, f"{said} : une décision motivée est-elle au dossier ?")


def _rates(examen: Examen) -> dict[int, list[TauxPas]]:
    agents = {lu.contrat.agent_id for lu in examen.bulletins}
    found: dict[int, list[TauxPas]] = {}
    for row in examen.session.exec(select(TauxPas).where(col(TauxPas.agent_id).in_(agents))):
        found.setdefault(row.agent_id, []).append(row)
    return found


def _tax(examen: Examen, lu: BulletinLu, rates: Sequence[TauxPas]) -> Iterator[Constat]:
    if not lu.bulletin.pas_bareme:
        return
    expired = [row.au for row in rates if row.au is not None and row.au < examen.mois.last_day]
    if expired:
        yield _of("taux_pas_perime", lu, f"Le dernier taux valait jusqu'au {max(expired):%d/%m/%Y} : grille appliquée.")
        return
    before = (examen.avant or {}).get(key(lu.contrat.id))
    # Un agent imposé à la grille depuis longtemps ne se signale pas chaque mois.
    if before is None or not before.bulletin.pas_bareme:
        yield _of("taux_pas_absent", lu, "Aucun taux transmis par la DGFiP : grille par défaut appliquée.")


def _accounts(examen: Examen) -> dict[int, tuple[str, str]]:
    """Agent → mois et empreinte du dernier compte approuvé avant ce mois."""
    agents = {lu.contrat.agent_id for lu in examen.bulletins}
    rows = examen.session.exec(
        select(CompteApprouve)
        .where(col(CompteApprouve.agent_id).in_(agents), CompteApprouve.mois < str(examen.mois))
        .order_by(CompteApprouve.mois)
    )
    return {row.agent_id: (row.mois, row.empreinte) for row in rows}


def _bank(lu: BulletinLu, last: tuple[str, str] | None) -> Iterator[Constat]:
    if not lu.agent.iban:
        yield _of("banque_absente", lu, "Le dossier n'a pas d'IBAN : le net ne peut pas être viré.")
    elif last is not None and last[1] != iban_digest(lu.agent.iban):
        mois = Month.parse(last[0]).libelle
        yield _of(
            "banque_changee", lu, f"Le compte n'est plus celui de {mois} : le relevé d'identité est-il au dossier ?"
        )


def doubts_phrase(count: int) -> Constat:
    """Le constat qui renvoie à la feuille des doutes."""
    return finding("doutes", f"{plural(count, 'ligne')} sans texte confirmé, détaillées dans la feuille « Doutes ».")
