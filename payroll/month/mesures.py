"""Ce que la DSN mesure d'un bulletin sans qu'il l'imprime : heures, net versé, brut chômage, arrêts chaînés.

Chaque fonction suit une définition du cahier technique, citée ; les lectures que la norme laisse ouvertes sont des
lignes de ``dsn/codes/conventions.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from dsn import codes as dsn_codes
from dsn import facts
from dsn.norm import Norm
from payroll.engine.bulletin import Bulletin, Section
from payroll.money import round_half_up
from payroll.store.tables import Absence, SituationContrat

_TYPE_PRIME = "S21.G00.52.001"
_NON_DEDUCTIBLES = frozenset({"csg_non_deductible", "crds", "csg_crds_heures_exonerees"})
_JOURS_ABSENTS = ("jours_carence", "jours_cmo", "jours_cmo_demi_traitement", "jours_greve", "jours_service_non_fait")
_JOUR = timedelta(days=1)


def activites(bulletin: Bulletin, conditions: SituationContrat) -> tuple[facts.Activite, ...]:
    """Les heures travaillées (01) et d'absence (02) du mois, en centièmes : leur somme est la durée due et les heures
    en sus.

    Une durée non travaillée et payée en partie (congé de maladie) est une absence (CT p.252, S21.G00.53.001).
    """
    column = bulletin.colonnes
    due = _hours(conditions, column, column.get("jours_presence", 0))
    absent = _hours(conditions, column, sum(column.get(name, 0) for name in _JOURS_ABSENTS))
    extra = column.get("heures_supplementaires_nombre", 0) + column.get("heures_complementaires", 0)
    worked = facts.Activite(type="01", mesure=due + extra - absent)
    return (worked, facts.Activite(type="02", mesure=absent)) if absent else (worked,)


def _hours(conditions: SituationContrat, column: Mapping[str, int], days: int) -> int:
    return round_half_up(
        conditions.heures_hebdo_centiemes * 52 * conditions.quotite_num * days,
        12 * conditions.quotite_den * (column.get("jours_du_mois") or 30),
    )


def brut_chomage(bulletin: Bulletin, primes: Iterable[facts.Prime], norm: Norm) -> int:
    """Le brut de type 002, en centimes : les primes que la norme dit « [FP] » n'y sont pas (CT p.247, S21.G00.52)."""
    labels = norm.rubriques[_TYPE_PRIME].codes
    return bulletin.brut - sum(prime.montant for prime in primes if labels[prime.type].startswith("[FP]"))


def net_verse(bulletin: Bulletin) -> int:
    """Le net versé avant impôt, en centimes : net fiscal moins CSG non déductible et CRDS (CT p.241, S21.G00.50.004).

    Un revenu qui n'est imposable en rien est dit pour son brut moins tous ses prélèvements.
    """
    if bulletin.net_imposable <= 0:
        return bulletin.net_avant_impot
    return bulletin.net_imposable - sum(
        ligne.montant_salarie for ligne in bulletin.lignes if ligne.code in _NON_DEDUCTIBLES
    )


def autres_elements(bulletin: Bulletin, numero: str, debut: date, fin: date) -> tuple[facts.AutreElement, ...]:
    """Les éléments hors brut que la norme isole (S21.G00.54) : la part de transport remboursée à l'agent."""
    found = []
    for ligne in bulletin.lignes:
        row = dsn_codes.load().element(ligne.code)
        if ligne.section is Section.NET and row is not None and row.bloc == facts.AutreElement.BLOC:
            found.append(
                facts.AutreElement(
                    type=row.valeur or "", montant=ligne.montant_salarie, debut=debut, fin=fin, numero_contrat=numero
                )
            )
    return tuple(item for item in found if item.montant)


def primes(bulletin: Bulletin, numero: str) -> tuple[facts.Prime, ...]:
    """Les éléments que la norme isole (IFSE, CIA, SFT, résidence), nets des retenues d'absence qui les touchent."""
    reduced = {"ifse": _ifse_reduction(bulletin), "indemnite_residence": _absences(bulletin, "_indemnite_residence")}
    amounts: dict[str, int] = {}
    for ligne in bulletin.lignes:
        row = dsn_codes.load().element(ligne.code)
        if ligne.section is Section.BRUT and row is not None and row.bloc == facts.Prime.BLOC:
            amounts[ligne.code] = amounts.get(ligne.code, reduced.get(ligne.code, 0)) + ligne.montant_salarie
    return tuple(
        facts.Prime(type=row.valeur or "", montant=amount, numero_contrat=numero)
        for code, amount in amounts.items()
        if amount and (row := dsn_codes.load().element(code)) is not None
    )


def _ifse_reduction(bulletin: Bulletin) -> int:
    """La part de l'IFSE dans les retenues sur primes : elles portent sur toutes les primes délibérées à la fois."""
    column, total = bulletin.colonnes, _absences(bulletin, "_primes")
    due = column.get("primes_dues", 0)
    ifse = min(column.get("montant_ifse", 0) - column.get("variable_ifse", 0), due)
    return round_half_up(total * ifse, due) if due else 0


def _absences(bulletin: Bulletin, suffix: str) -> int:
    return sum(
        ligne.montant_salarie
        for ligne in bulletin.lignes
        if ligne.section is Section.BRUT
        and ligne.code.startswith(("retenue_", "carence_"))
        and ligne.code.endswith(suffix)
    )


def arrets(absences: Sequence[Absence], debut: date, fin: date) -> tuple[facts.Arret, ...]:
    """Les arrêts (S21.G00.60) qui touchent la période : un arrêt et ses prolongations n'en font qu'un.

    La date du dernier jour travaillé reste celle du premier (CT p.262-263) : c'est elle qui désigne l'arrêt.
    """
    chained: list[facts.Arret] = []
    for absence in sorted(absences, key=lambda item: (item.debut, item.fin)):
        code = dsn_codes.load().absence(absence.type)
        if code is None or code.bloc != facts.Arret.BLOC or absence.debut > fin:
            continue
        motif = code.valeur or ""
        last = chained[-1] if chained else None
        if last and absence.prolongation and last.motif == motif and absence.debut <= last.fin_previsionnelle + _JOUR:
            chained[-1] = replace(last, fin_previsionnelle=max(last.fin_previsionnelle, absence.fin))
        else:
            chained.append(
                facts.Arret(motif=motif, dernier_jour_travaille=absence.debut - _JOUR, fin_previsionnelle=absence.fin)
            )
    return tuple(item for item in chained if item.fin_previsionnelle >= debut)


def suspensions(absences: Sequence[Absence], debut: date, fin: date) -> tuple[facts.Suspension, ...]:
    """Les suspensions (S21.G00.65) qui touchent la période : grève, service non fait."""
    found = []
    for absence in sorted(absences, key=lambda item: (item.debut, item.fin)):
        code = dsn_codes.load().absence(absence.type)
        touches = absence.debut <= fin and absence.fin >= debut
        if code is not None and code.bloc == facts.Suspension.BLOC and touches:
            found.append(facts.Suspension(motif=code.valeur or "", debut=absence.debut, fin=absence.fin))
    return tuple(found)
