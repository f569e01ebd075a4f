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
from payroll.engine.bulletin import Bulletin, Ligne, Section
from payroll.legislation.conges import load_conges
from payroll.money import round_half_up
from payroll.periods import Month
from payroll.store.tables import Absence, SituationContrat

_TYPE_PRIME = "S21.G00.52.001"
_ABSENCE = ("retenue_", "carence_", "ijss_brutes")
_NON_DEDUCTIBLES = frozenset({"csg_non_deductible", "crds", "csg_crds_heures_exonerees"})
_BASE = frozenset(
    {
        "traitement",
        "indemnite_fonction",
        "remuneration_apprenti",
        "remuneration_apprenti_suite",
        "remuneration_pec",
        "heures_travaillees",
        "vacations",
    }
)
"""La première ligne du bulletin : le salaire de base (CT p.245, type 010)."""
_A_L_HEURE = frozenset({"heures_travaillees", "vacations"})
_JOUR = timedelta(days=1)
_TRAVAILLE = "tpt"
_THERAPEUTIQUES = frozenset({"15", "16", "17", "18"})
"""Motifs d'arrêt (60.001) qui portent un bloc 66 (SIG-13 p.262)."""


def paye_a_l_heure(bulletin: Bulletin) -> bool:
    """Vrai pour un agent payé aux heures ou aux vacations du mois, sans durée convenue."""
    codes = {ligne.code for ligne in bulletin.lignes}
    return bool(codes & _A_L_HEURE) and "traitement" not in codes


def rappels(bulletin: Bulletin) -> tuple[Month, ...]:
    """Les mois de droit des lignes de rappel, du plus ancien au plus récent."""
    found = {ligne.periode for ligne in bulletin.lignes if ligne.periode is not None}
    return tuple(sorted(found, key=str))


def salaire_de_base(bulletin: Bulletin, periode: Month | None) -> int:
    """Le salaire de base d'un mois de droit, en centimes ; ``None`` : le mois du bulletin."""
    return sum(ligne.montant_salarie for ligne in bulletin.lignes if ligne.code in _BASE and ligne.periode == periode)


def brut(bulletin: Bulletin, periode: Month | None) -> int:
    """Le brut d'un mois de droit, en centimes ; la somme de tous les mois est le brut du bulletin."""
    recalls = [ligne for ligne in bulletin.lignes if ligne.section is Section.BRUT and ligne.periode is not None]
    if periode is not None:
        return sum(ligne.montant_salarie for ligne in recalls if ligne.periode == periode)
    return bulletin.brut - sum(ligne.montant_salarie for ligne in recalls)


def retabli(bulletin: Bulletin, periode: Month | None) -> int:
    """Le salaire rétabli (type 003), en centimes : le brut sans les retenues d'absence ni les indemnités déduites."""
    return brut(bulletin, periode) - sum(
        ligne.montant_salarie
        for ligne in bulletin.lignes
        if ligne.section is Section.BRUT and ligne.periode == periode and ligne.code.startswith(_ABSENCE)
    )


def activites(bulletin: Bulletin, conditions: SituationContrat) -> tuple[facts.Activite, ...]:
    """Les heures travaillées (01) et d'absence (02) du mois, en centièmes : leur somme est la durée due et les heures
    en sus.

    Une durée non travaillée et payée en partie (congé de maladie) est une absence (CT p.252, S21.G00.53.001). Un
    agent payé à l'heure n'a que les heures payées.
    """
    column = bulletin.colonnes
    if paye_a_l_heure(bulletin):
        return (facts.Activite(type="01", mesure=column.get("heures_remunerees", 0)),)
    due = _hours(conditions, column, column.get("jours_presence", 0))
    absent = _hours(conditions, column, absent_days(column))
    extra = column.get("heures_supplementaires_nombre", 0) + column.get("heures_complementaires", 0)
    worked = facts.Activite(type="01", mesure=due + extra - absent)
    return (worked, facts.Activite(type="02", mesure=absent)) if absent else (worked,)


def absent_days(column: Mapping[str, int]) -> int:
    """Les trentièmes d'absence du mois, payés ou non ; un temps partiel thérapeutique est travaillé."""
    conges = load_conges()
    return sum(column.get(f"jours_{motif}", 0) for motif in conges.motifs if motif != _TRAVAILLE)


def _hours(conditions: SituationContrat, column: Mapping[str, int], days: int) -> int:
    return round_half_up(
        conditions.heures_hebdo_centiemes * 52 * conditions.quotite_num * days,
        12 * conditions.quotite_den * (column.get("jours_du_mois") or 30),
    )


def brut_chomage(total: int, isolees: Iterable[facts.Prime], norm: Norm) -> int:
    """Le brut de type 002, en centimes : les primes que la norme dit « [FP] » n'y sont pas (CT p.247, S21.G00.52)."""
    labels = norm.rubriques[_TYPE_PRIME].codes
    return total - sum(prime.montant for prime in isolees if labels[prime.type].startswith("[FP]"))


def non_imposable(bulletin: Bulletin) -> int:
    """La part de salaire d'apprenti exonérée d'impôt (S21.G00.50.011, CGI 81 bis), en centimes."""
    return bulletin.colonnes.get("exoneration_fiscale_apprenti", 0)


def net_fiscal(bulletin: Bulletin) -> int:
    """La rémunération nette fiscale (S21.G00.50.002), en centimes.

    Sans les indemnités journalières subrogées, qui ne sont que soumises au prélèvement (CT p.242), avec la part
    exonérée d'un apprenti, que la norme ne veut pas déduite (CT p.240).
    """
    return bulletin.net_imposable - bulletin.colonnes.get("ijss_imposables", 0) + non_imposable(bulletin)


def net_verse(bulletin: Bulletin) -> int:
    """Le net versé avant impôt, en centimes : net fiscal moins CSG non déductible et CRDS (CT p.241, S21.G00.50.004).

    Un revenu qui n'est imposable en rien est dit pour son brut moins tous ses prélèvements.
    """
    if net_fiscal(bulletin) <= 0:
        return bulletin.net_avant_impot
    # La part de l'employeur au contrat collectif de santé est imposable sans être versée.
    return (
        net_fiscal(bulletin)
        - bulletin.colonnes.get("psc_employeur_imposable", 0)
        - sum(ligne.montant_salarie for ligne in bulletin.lignes if ligne.code in _NON_DEDUCTIBLES)
    )


def autres_elements(bulletin: Bulletin, numero: str, debut: date, fin: date) -> tuple[facts.AutreElement, ...]:
    """Les éléments que la norme isole en S21.G00.54 : avantages en nature, frais, transports, parts patronales."""
    amounts: dict[str, int] = {}
    for ligne in bulletin.lignes:
        row = dsn_codes.load().element(ligne.code)
        if row is not None and row.bloc == facts.AutreElement.BLOC:
            amounts[row.valeur or ""] = amounts.get(row.valeur or "", 0) + _told(bulletin, ligne)
    return tuple(
        facts.AutreElement(type=kind, montant=amount, debut=debut, fin=fin, numero_contrat=numero)
        for kind, amount in amounts.items()
        if amount
    )


def _told(bulletin: Bulletin, ligne: Ligne) -> int:
    """Ce qu'une ligne dit en S21.G00.54 : son montant, ou la part de l'employeur si l'agent paie l'autre."""
    if ligne.code == "titres_restaurant":
        return round_half_up(
            (ligne.nombre_centiemes or 0) * bulletin.colonnes.get("titre_restaurant_part_employeur", 0), 100
        )
    return ligne.montant_salarie if ligne.section in (Section.BRUT, Section.NET) else ligne.montant_employeur


def primes(bulletin: Bulletin, numero: str) -> tuple[facts.Prime, ...]:
    """Les éléments que la norme isole (IFSE, CIA, SFT, résidence), nets des retenues d'absence qui les touchent.

    Un rappel garde le mois de son droit.
    """
    reduced = {"ifse": _ifse_reduction(bulletin), "indemnite_residence": _absences(bulletin, "_indemnite_residence")}
    amounts: dict[tuple[str, Month | None], int] = {}
    for ligne in bulletin.lignes:
        row = dsn_codes.load().element(ligne.code)
        if ligne.section is Section.BRUT and row is not None and row.bloc == facts.Prime.BLOC:
            key = (ligne.code, ligne.periode)
            start = reduced.get(ligne.code, 0) if ligne.periode is None else 0
            amounts[key] = amounts.get(key, start) + ligne.montant_salarie
    return tuple(
        facts.Prime(
            type=row.valeur or "",
            montant=amount,
            numero_contrat=numero,
            debut=periode.first_day if periode else None,
            fin=periode.last_day if periode else None,
        )
        for (code, periode), amount in amounts.items()
        if amount and (row := dsn_codes.load().element(code)) is not None
    )


def _ifse_reduction(bulletin: Bulletin) -> int:
    """La part de l'IFSE dans les retenues sur primes : elles portent sur toutes les primes délibérées à la fois."""
    column, total = bulletin.colonnes, _absences(bulletin, "_primes")
    due = column.get("primes_mensuelles", 0)
    ifse = min(column.get("montant_ifse", 0) - column.get("variable_ifse", 0), due)
    return round_half_up(total * ifse, due) if due else 0


def _absences(bulletin: Bulletin, suffix: str) -> int:
    return sum(
        ligne.montant_salarie
        for ligne in bulletin.lignes
        if ligne.section is Section.BRUT
        and ligne.periode is None
        and ligne.code.startswith(("retenue_", "carence_"))
        and ligne.code.endswith(suffix)
    )


def arrets(
    absences: Sequence[Absence],
    debut: date,
    fin: date,
    bulletin: Bulletin,
    *,
    plancher: date | None = None,
    iban: str = "",
    bic: str = "",
) -> tuple[facts.Arret, ...]:
    """Les arrêts (S21.G00.60) qui touchent la période : un arrêt et ses prolongations n'en font qu'un.

    La date du dernier jour travaillé reste celle du premier (CT p.262-263) : c'est elle qui désigne l'arrêt ;
    ``plancher`` : elle ne le précède pas. La subrogation se dit avec le compte de l'employeur, quand le bulletin
    déduit des indemnités journalières.
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
            before = absence.debut - _JOUR
            chained.append(
                facts.Arret(
                    motif=motif,
                    dernier_jour_travaille=max(before, plancher) if plancher else before,
                    fin_previsionnelle=absence.fin,
                )
            )
    subrogated = bool(bulletin.colonnes.get("subrogation", 0))
    return tuple(
        _therapeutic(_subrogated(item, iban, bic) if subrogated else item, debut, fin, bulletin)
        for item in chained
        if item.fin_previsionnelle >= debut
    )


def _subrogated(arret: facts.Arret, iban: str, bic: str) -> facts.Arret:
    row = next((row for row in dsn_codes.load().lignes if row.table == "absences" and row.valeur == arret.motif), None)
    if row is None or not row.ijss:
        return arret
    return replace(
        arret,
        subrogation="01",
        debut_subrogation=arret.dernier_jour_travaille + _JOUR,
        fin_subrogation=arret.fin_previsionnelle,
        iban=iban,
        bic=bic,
    )


def _therapeutic(arret: facts.Arret, debut: date, fin: date, bulletin: Bulletin) -> facts.Arret:
    """La période du mois et la perte de salaire d'un temps partiel thérapeutique (S21.G00.66)."""
    if arret.motif not in _THERAPEUTIQUES:
        return arret
    loss = sum(column for name, column in bulletin.colonnes.items() if name.startswith("absence_tpt_"))
    part = facts.TempsPartielTherapeutique(
        debut=max(debut, arret.dernier_jour_travaille + _JOUR), fin=min(fin, arret.fin_previsionnelle), montant=-loss
    )
    return replace(arret, temps_therapeutiques=(part,))


def suspensions(absences: Sequence[Absence], debut: date, fin: date) -> tuple[facts.Suspension, ...]:
    """Les suspensions (S21.G00.65) qui touchent la période : grève, service non fait."""
    found = []
    for absence in sorted(absences, key=lambda item: (item.debut, item.fin)):
        code = dsn_codes.load().absence(absence.type)
        touches = absence.debut <= fin and absence.fin >= debut
        if code is not None and code.bloc == facts.Suspension.BLOC and touches:
            found.append(facts.Suspension(motif=code.valeur or "", debut=absence.debut, fin=absence.fin))
    return tuple(found)
