"""Du contrat à la DSN : la population, le bloc 40 et ses états successifs, l'ancienneté, la fin de contrat.

Les codes viennent tous de ``dsn/codes`` ; ce qui manque pour déclarer un contrat est dit, agent par agent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from dsn import codes as dsn_codes
from dsn import facts
from dsn.anomalies import Anomaly
from dsn.changements import Etat
from payroll.legislation import Figures
from payroll.money import round_half_up
from payroll.month import mesures
from payroll.month.declarant import Declarant
from payroll.month.lire import BulletinLu
from payroll.periods import Month
from payroll.store.tables import Absence, Adherent, ParametreEmployeur, SituationContrat

_FULL_TIME = 3500
_MONTHLY_FULL_TIME = 15167
"""151,67 h, en centièmes : la durée mensuelle d'un temps complet."""
_A_TERME = frozenset({"02", "10"})
"""Natures de contrat (40.007) à durée déterminée : leur terme est obligatoire (CCH-12 p.187)."""


@dataclass(frozen=True, slots=True)
class Employe:
    """L'employeur et le mois que l'on déclare."""

    adherent: Adherent
    parametre: ParametreEmployeur
    mois: Month
    norme: str
    declarant: Declarant
    figures: Figures
    adhesions: Mapping[str, facts.Adhesion] = field(default_factory=dict)
    """Risque (``sante``, ``prevoyance``) → contrat collectif en vigueur."""
    populations: Mapping[str, str] = field(default_factory=dict)
    """Risque → code population de rattachement."""

    @property
    def effectif_50(self) -> bool:
        """Vrai pour un employeur de 50 agents et plus (FNAL)."""
        return self.parametre.effectif >= self.figures.integer("fnal.seuil_effectif")


def population_of(lu: BulletinLu) -> str:
    """La population au sens des codes DSN."""
    statut, regime = lu.contrat.statut, lu.conditions.regime_retraite
    if statut in ("titulaire", "stagiaire"):
        return f"{statut}_{regime}"
    if statut == "elu":
        insured = any(ligne.code == "vieillesse_plafonnee" for ligne in lu.bulletin.lignes)
        return "elu_assujetti" if insured else "elu_non_assujetti"
    if statut == "contractuel":
        return f"contractuel_{lu.contrat.duree or 'cdd'}"
    return str(statut)


def period_of(context: Employe, lu: BulletinLu) -> tuple[date, date]:
    """Les jours du mois que couvre le contrat, bornes incluses."""
    first = max(context.mois.first_day, lu.contrat.date_debut)
    return first, min(context.mois.last_day, lu.fin or context.mois.last_day)


def declare_contract(
    context: Employe, lu: BulletinLu, absences: Sequence[Absence], *, emplois_multiples: bool
) -> tuple[facts.Contrat, list[Anomaly]]:
    """Le contrat tel que le mois le trouve, avec ses arrêts, ses suspensions et sa fin."""
    first, last = period_of(context, lu)
    population = population_of(lu)
    value = _values(context, lu)
    fin, found = _end(context, lu, last)
    public = value["S21.G00.40.007"] == "50"
    declared = _contract(context, lu, lu.conditions, value, emplois_multiples=emplois_multiples)
    absents = [absence for absence in absences if lu.fin is None or absence.debut <= lu.fin]
    found += _missing(lu, declared, population)
    return (
        replace(
            declared,
            arrets=mesures.arrets(
                absents,
                context.mois.first_day,
                last,
                lu.bulletin,
                # Le dernier jour travaillé d'un agent sans nomination ne précède pas son contrat (CCH-13 p.263).
                plancher=None if public else lu.contrat.date_debut,
                iban=context.adherent.iban,
                bic=context.adherent.bic,
            ),
            suspensions=mesures.suspensions(absents, first, last),
            fin=fin,
        ),
        found,
    )


def contract_states(
    context: Employe, lu: BulletinLu, rows: Sequence[SituationContrat], *, emplois_multiples: bool
) -> list[Etat]:
    """Les états successifs du contrat, du plus ancien à celui du mois : ses conditions datées."""
    value = _values(context, lu)
    past = sorted((row for row in rows if row.du <= context.mois.last_day), key=lambda row: row.du)
    return [Etat(row.du, _contract(context, lu, row, value, emplois_multiples=emplois_multiples)) for row in past]


def seniority(context: Employe, lu: BulletinLu, *, affilie: bool) -> tuple[facts.Anciennete, ...]:
    """L'ancienneté dans l'établissement, en mois, en jours le premier mois.

    Exigée d'un contrat de droit privé (CCH-14 p.318) et d'un agent affilié à une prévoyance (CCH-12).
    """
    table = dsn_codes.load()
    row = table.contrat(context.norme, population_of(lu)).get("S21.G00.86.001")
    if row is None and affilie:
        row = table.convention("anciennete_affilie")
    if row is None:
        return ()
    start, end = lu.contrat.date_debut, period_of(context, lu)[1]
    months = (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)
    unit, amount = ("02", months) if months > 0 else ("01", (end - start).days + 1)
    return (facts.Anciennete(type=row.valeur or "", unite=unit, valeur=amount, numero_contrat=lu.contrat.numero),)


def _values(context: Employe, lu: BulletinLu) -> dict[str, str]:
    table = dsn_codes.load()
    value = {code: ligne.valeur or "" for code, ligne in table.contrat(context.norme, population_of(lu)).items()}
    if lu.contrat.statut == "pec" and lu.contrat.duree == "cdi":
        value["S21.G00.40.007"] = table.convention("nature_pec_cdi").valeur or ""
    return value


def _contract(
    context: Employe, lu: BulletinLu, row: SituationContrat, value: Mapping[str, str], *, emplois_multiples: bool
) -> facts.Contrat:
    contrat, parametre = lu.contrat, context.parametre
    elu = bool(row.mandat)
    public = value["S21.G00.40.026"] != "99"
    part_time = row.quotite_num != row.quotite_den
    horaire = mesures.paye_a_l_heure(lu.bulletin)
    hours, own = _hours(lu, row)
    chomage, adhesion = _chomage(parametre, contrat.statut, value["S21.G00.40.029"])
    risk = value.get("S21.G00.40.040") or parametre.code_risque_at
    complete = row.heures_hebdo_centiemes == _FULL_TIME and not horaire
    return facts.Contrat(
        date_debut=contrat.date_debut,
        statut_conventionnel=value["S21.G00.40.002"],
        statut_categoriel=value["S21.G00.40.003"],
        pcs=contrat.pcs_ese,
        libelle_emploi=contrat.emploi,
        nature=value["S21.G00.40.007"],
        dispositif=value["S21.G00.40.008"],
        numero=contrat.numero,
        date_fin_previsionnelle=_terme(lu, value["S21.G00.40.007"]),
        unite_quotite=value["S21.G00.40.011"],
        quotite_reference=hours,
        quotite_contrat=own,
        modalite_temps=value.get("S21.G00.40.014") or _modalite(row),
        convention_collective=value["S21.G00.40.017"],
        motif_recours=contrat.motif_recours,
        regime_maladie=value["S21.G00.40.018"],
        lieu_travail=context.adherent.siret,
        regime_vieillesse=value["S21.G00.40.020"],
        motif_exclusion=value.get("S21.G00.40.025", ""),
        statut_emploi=value["S21.G00.40.026"],
        gestion_chomage=chomage,
        date_adhesion_chomage=adhesion,
        emplois_multiples="02" if emplois_multiples else "01",
        employeurs_multiples="02" if row.heures_tous_employeurs_centiemes else "03" if elu else "01",
        regime_at=value["S21.G00.40.039"],
        code_risque_at=risk,
        taux_at_ppm=None if risk == "999ZZ" else parametre.taux_at_ppm,
        nature_poste=("01" if complete else "02") if public else "",
        quotite_temps_complet=_FULL_TIME if public and not complete else None,
        taux_temps_partiel_ppm=1_000_000 * row.quotite_num // row.quotite_den if public and part_time else None,
        categorie_service="01" if row.regime_retraite == "cnracl" else "",
        indice_brut=f"{row.indice_brut:04d}" if public and row.indice_brut else "",
        indice_majore=row.indice_majore if public and row.indice_majore else None,
        nbi=str(row.nbi) if public and row.nbi else "",
        retraites_complementaires=(facts.RetraiteComplementaire(code=value["S21.G00.71.002"]),),
    )


def _terme(lu: BulletinLu, nature: str) -> date | None:
    return lu.contrat.date_fin_prevue or lu.contrat.date_fin if nature in _A_TERME else None


def _hours(lu: BulletinLu, row: SituationContrat) -> tuple[int, int]:
    """Les quotités de référence et du contrat (40.012, 40.013), en centièmes d'heure par mois.

    Un agent payé à l'heure ou à la vacation n'a pas de durée convenue : les heures payées du mois en tiennent lieu.
    """
    if row.mandat:
        return 0, 0
    if mesures.paye_a_l_heure(lu.bulletin):
        return _MONTHLY_FULL_TIME, lu.bulletin.colonnes.get("heures_remunerees", 0)
    hours = _monthly_hours(row.heures_hebdo_centiemes)
    return hours, round_half_up(hours * row.quotite_num, row.quotite_den)


def _monthly_hours(weekly_centiemes: int) -> int:
    """Les heures mensuelles d'un poste, en centièmes : 35 h font 151,67."""
    return round_half_up(weekly_centiemes * 52, 12) if weekly_centiemes != _FULL_TIME else _MONTHLY_FULL_TIME


def _chomage(parametre: ParametreEmployeur, statut: str, default: str) -> tuple[str, date | None]:
    """La gestion du chômage et la date d'adhésion à l'assurance."""
    if statut == "apprenti":
        return parametre.gestion_chomage_apprentis, None
    if statut in ("contractuel", "vacataire", "pec") and parametre.assurance_chomage:
        return parametre.gestion_chomage, parametre.adhesion_chomage
    return default, None


def _modalite(row: SituationContrat) -> str:
    """S21.G00.40.014 : les lectures sont des lignes de codes."""
    if row.quotite_num != row.quotite_den:
        name = "modalite_temps_partiel"
    else:
        full = row.heures_hebdo_centiemes == _FULL_TIME
        name = "modalite_temps_plein" if full else "modalite_temps_non_complet"
    return dsn_codes.load().convention(name).valeur or ""


def _end(context: Employe, lu: BulletinLu, last: date) -> tuple[facts.FinContrat | None, list[Anomaly]]:
    if lu.fin is None or lu.fin > context.mois.last_day:
        return None, []
    if lu.motif_fin:
        return facts.FinContrat(date_fin=lu.fin, motif=lu.motif_fin, dernier_jour_paye=last), []
    text = f"Agent {lu.agent.matricule} : le contrat finit ce mois-ci, sans motif de fin. Renseignez-le."
    return None, [Anomaly(0, "S21.G00.62.002", "FAI-04", True, text)]


def _missing(lu: BulletinLu, declared: facts.Contrat, population: str) -> list[Anomaly]:
    """Ce que la norme exige de cette population et que le dossier ne dit pas."""
    found = []
    if declared.nature in _A_TERME and declared.date_fin_previsionnelle is None:
        found.append(("S21.G00.40.010", "le terme prévu du contrat à durée déterminée manque"))
    if population == "apprenti" and not lu.contrat.niveau_diplome:
        found.append(("S21.G00.30.025", "le niveau du diplôme préparé par l'apprenti manque"))
    if not declared.code_risque_at:
        found.append(("S21.G00.40.040", "le code risque accident du travail notifié à l'employeur manque"))
    return [
        Anomaly(0, rubrique, "FAI-04", True, f"Agent {lu.agent.matricule} : {text}. Renseignez-le.")
        for rubrique, text in found
    ]
