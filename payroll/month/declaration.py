"""Du bulletin à la DSN mensuelle : la mise en faits, agent par agent. Les codes viennent tous de ``dsn/codes``.

Ce qui ne se déclare pas encore se dit en anomalie ; rien n'est omis en silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dsn import codes as dsn_codes
from dsn import facts
from dsn.anomalies import Anomaly
from dsn.assemble import LigneCtp, LignePaie, assemble
from dsn.norm import for_month
from dsn.totals import remunerations_requises
from payroll.engine.bulletin import Ligne, Section
from payroll.legislation import Figures
from payroll.money import apply_rate, round_half_up
from payroll.month import mesures
from payroll.month.declarant import Declarant
from payroll.month.lire import BulletinLu
from payroll.periods import Month
from payroll.store.tables import Absence, Adherent, ParametreEmployeur, SituationContrat, TauxPas

_FULL_TIME = 3500
_MONTHLY_FULL_TIME = 15167
"""151,67 h, en centièmes : la durée mensuelle d'un temps complet."""
_CONTRIBUTIONS = frozenset(Section) - {Section.BRUT, Section.NET}
_BAREMES = {"metropole": "13", "guadeloupe_martinique_reunion": "23", "guyane_mayotte": "33"}
"""S21.G00.50.007 : barème mensuel du territoire de domicile."""
_CONTRAT_COURT = "-1"
"""S21.G00.50.008 d'un contrat de deux mois au plus ou à terme imprécis (CT p.241)."""


@dataclass(frozen=True, slots=True)
class Employe:
    """Ce qu'il faut dire d'un bulletin : l'employeur, ses absences, son taux de prélèvement."""

    adherent: Adherent
    parametre: ParametreEmployeur
    mois: Month
    norme: str
    declarant: Declarant
    figures: Figures


@dataclass(frozen=True, slots=True)
class Declaree:
    """Un bulletin mis en faits : l'individu (à réunir par NIR), ses CTP, ce qui n'a pu être dit."""

    individu: facts.Individu
    ctp: tuple[LigneCtp, ...]
    anomalies: tuple[Anomaly, ...]


def population_of(lu: BulletinLu) -> str:
    """La population au sens des codes DSN."""
    statut, regime = lu.contrat.statut, lu.conditions.regime_retraite
    if statut in ("titulaire", "stagiaire"):
        return f"{statut}_{regime}"
    if statut == "elu":
        insured = any(ligne.code == "vieillesse_plafonnee" for ligne in lu.bulletin.lignes)
        return "elu_assujetti" if insured else "elu_non_assujetti"
    return f"contractuel_{lu.contrat.duree or 'cdd'}"


def declare_bulletin(
    context: Employe,
    lu: BulletinLu,
    absences: Sequence[Absence],
    taux: TauxPas | None,
    *,
    emplois_multiples: bool = False,
) -> Declaree:
    """Met un bulletin en faits DSN ; ``absences`` : celles du contrat depuis un an, et les arrêts de l'agent."""
    population = population_of(lu)
    first = max(context.mois.first_day, lu.contrat.date_debut)
    last = min(context.mois.last_day, lu.fin or context.mois.last_day)
    table = dsn_codes.load()
    known_bases = {}
    if not lu.conditions.mandat:
        # La base plafonnée accompagne toujours la déplafonnée (SIG-19 p.290), même sans cotisation plafonnée.
        total = lu.bulletin.colonnes.get("assiette_securite_sociale", 0)
        known_bases["02"] = min(total, lu.bulletin.colonnes.get("plafond_periode", total))
    built = assemble(
        table,
        context.norme,
        population,
        [line for ligne in lu.bulletin.lignes for line in _contributions(context, lu, ligne)],
        first,
        last,
        context.declarant.organismes,
        effectif_50=context.parametre.effectif >= context.figures.integer("fnal.seuil_effectif"),
        bases_connues=known_bases,
        plafond_applique=lu.bulletin.colonnes.get("plafond_periode") if population != "elu_non_assujetti" else None,
        numero_contrat=lu.contrat.numero,
    )
    contrat, missing = _contrat(context, lu, population, absences, last, emplois_multiples=emplois_multiples)
    individu = _individu(lu, contrat, _versement(context, lu, first, last, built.bases, taux))
    return Declaree(individu, built.ctp, (*built.anomalies, *missing))


def _contributions(context: Employe, lu: BulletinLu, ligne: Ligne) -> list[LignePaie]:
    """Une ligne de cotisation du bulletin, en une ligne de paie DSN (deux pour la CNRACL : NBI à part)."""
    if ligne.section not in _CONTRIBUTIONS or ligne.code == "pas":
        return []
    whole = LignePaie(
        contribution=ligne.code,
        assiette=ligne.base or 0,
        salarie=ligne.montant_salarie,
        employeur=ligne.montant_employeur,
        taux_salarie_ppm=ligne.taux_salarie_ppm,
        taux_employeur_ppm=ligne.taux_employeur_ppm,
        insee=context.adherent.code_insee if ligne.code == "versement_mobilite" else "",
    )
    nbi = sum(line.montant_salarie for line in lu.bulletin.lignes if line.code == "nbi" or line.code.endswith("_nbi"))
    if ligne.code != "cnracl" or not nbi:
        return [whole]
    salarie = apply_rate(nbi, ligne.taux_salarie_ppm or 0)
    employeur = apply_rate(nbi, ligne.taux_employeur_ppm or 0)
    # Le traitement reçoit ce que la NBI laisse : la somme des deux codes est la ligne du bulletin, au centime.
    return [
        LignePaie(
            contribution="cnracl",
            assiette=whole.assiette - nbi,
            salarie=whole.salarie - salarie,
            employeur=whole.employeur - employeur,
            taux_salarie_ppm=whole.taux_salarie_ppm,
            taux_employeur_ppm=whole.taux_employeur_ppm,
        ),
        LignePaie(
            contribution="cnracl_nbi",
            assiette=nbi,
            salarie=salarie,
            employeur=employeur,
            taux_salarie_ppm=whole.taux_salarie_ppm,
            taux_employeur_ppm=whole.taux_employeur_ppm,
        ),
    ]


def _contrat(
    context: Employe,
    lu: BulletinLu,
    population: str,
    absences: Sequence[Absence],
    last: date,
    *,
    emplois_multiples: bool,
) -> tuple[facts.Contrat, list[Anomaly]]:
    contrat, row, parametre = lu.contrat, lu.conditions, context.parametre
    value = {code: ligne.valeur or "" for code, ligne in dsn_codes.load().contrat(context.norme, population).items()}
    elu = bool(row.mandat)
    public = value["S21.G00.40.026"] != "99"
    part_time = row.quotite_num != row.quotite_den
    hours = 0 if elu else _monthly_hours(row.heures_hebdo_centiemes)
    risk = value.get("S21.G00.40.040") or parametre.code_risque_at
    anomalies = []
    fin = None
    if lu.fin is not None and lu.fin <= context.mois.last_day:
        if lu.motif_fin:
            fin = facts.FinContrat(date_fin=lu.fin, motif=lu.motif_fin, dernier_jour_paye=last)
        else:
            text = f"Agent {lu.agent.matricule} : le contrat finit ce mois-ci, sans motif de fin. Renseignez-le."
            anomalies.append(Anomaly(0, "S21.G00.62.002", "FAI-04", True, text))
    insured = contrat.statut == "contractuel" and parametre.assurance_chomage
    declared = facts.Contrat(
        date_debut=contrat.date_debut,
        statut_conventionnel=value["S21.G00.40.002"],
        statut_categoriel=value["S21.G00.40.003"],
        pcs=contrat.pcs_ese,
        libelle_emploi=contrat.emploi,
        nature=value["S21.G00.40.007"],
        dispositif=value["S21.G00.40.008"],
        numero=contrat.numero,
        date_fin_previsionnelle=contrat.date_fin_prevue or contrat.date_fin if contrat.duree == "cdd" else None,
        unite_quotite=value["S21.G00.40.011"],
        quotite_reference=hours,
        quotite_contrat=round_half_up(hours * row.quotite_num, row.quotite_den),
        modalite_temps=value.get("S21.G00.40.014") or _modalite(row),
        convention_collective=value["S21.G00.40.017"],
        regime_maladie=value["S21.G00.40.018"],
        lieu_travail=context.adherent.siret,
        regime_vieillesse=value["S21.G00.40.020"],
        motif_exclusion=value.get("S21.G00.40.025", ""),
        statut_emploi=value["S21.G00.40.026"],
        gestion_chomage=parametre.gestion_chomage if insured else value["S21.G00.40.029"],
        date_adhesion_chomage=parametre.adhesion_chomage if insured else None,
        emplois_multiples="02" if emplois_multiples else "01",
        employeurs_multiples="02" if row.heures_tous_employeurs_centiemes else "03" if elu else "01",
        regime_at=value["S21.G00.40.039"],
        code_risque_at=risk,
        taux_at_ppm=None if risk == "999ZZ" else parametre.taux_at_ppm,
        nature_poste=("01" if row.heures_hebdo_centiemes == _FULL_TIME else "02") if public else "",
        quotite_temps_complet=_FULL_TIME if public and row.heures_hebdo_centiemes < _FULL_TIME else None,
        taux_temps_partiel_ppm=1_000_000 * row.quotite_num // row.quotite_den if public and part_time else None,
        categorie_service="01" if row.regime_retraite == "cnracl" else "",
        indice_brut=f"{row.indice_brut:04d}" if public and row.indice_brut else "",
        indice_majore=row.indice_majore if public and row.indice_majore else None,
        nbi=str(row.nbi) if public and row.nbi else "",
        retraites_complementaires=(facts.RetraiteComplementaire(code=value["S21.G00.71.002"]),),
        arrets=mesures.arrets(absences, context.mois.first_day, last),
        suspensions=mesures.suspensions(absences, context.mois.first_day, last),
        fin=fin,
    )
    return declared, anomalies


def _versement(
    context: Employe,
    lu: BulletinLu,
    first: date,
    last: date,
    bases: tuple[facts.Base, ...],
    taux: TauxPas | None,
) -> facts.Versement:
    bulletin = lu.bulletin
    bareme = _BAREMES[lu.agent.territoire_pas]
    primes = mesures.primes(bulletin, lu.contrat.numero)
    elements = [facts.ElementRevenuCalcule(type="03", montant=bulletin.montant_net_social, debut=first, fin=last)]
    exonerees = bulletin.colonnes.get("heures_exonerees", 0)
    if exonerees:
        elements.append(facts.ElementRevenuCalcule(type="01", montant=exonerees, debut=first, fin=last))
    return facts.Versement(
        date_versement=context.declarant.date_paiement,
        remuneration_nette_fiscale=bulletin.net_imposable,
        net_verse=mesures.net_verse(bulletin),
        taux_pas_ppm=bulletin.pas_taux_ppm,
        type_taux_pas=bareme if bulletin.pas_bareme or taux is None else "01",
        identifiant_taux=_rate_identifier(lu, taux),
        pas=bulletin.pas,
        soumis_pas=bulletin.pas_base,
        remunerations=_remunerations(lu, primes, first, last),
        primes=primes,
        autres_elements=mesures.autres_elements(bulletin, lu.contrat.numero, first, last),
        elements_nets=tuple(elements),
        bases=bases,
    )


def _rate_identifier(lu: BulletinLu, taux: TauxPas | None) -> str:
    if lu.bulletin.pas_bareme or taux is None:
        return _CONTRAT_COURT if lu.contrat.contrat_court else ""
    return taux.identifiant


def _modalite(row: SituationContrat) -> str:
    """S21.G00.40.014 : les lectures sont des lignes de codes."""
    if row.quotite_num != row.quotite_den:
        name = "modalite_temps_partiel"
    else:
        full = row.heures_hebdo_centiemes == _FULL_TIME
        name = "modalite_temps_plein" if full else "modalite_temps_non_complet"
    return dsn_codes.load().convention(name).valeur or ""


def _remunerations(
    lu: BulletinLu, primes: Sequence[facts.Prime], first: date, last: date
) -> tuple[facts.Remuneration, ...]:
    bulletin, numero = lu.bulletin, lu.contrat.numero
    elu = bool(lu.conditions.mandat)
    absences = sum(ligne.montant_salarie for ligne in _absence_lines(lu))
    base = sum(ligne.montant_salarie for ligne in bulletin.lignes if ligne.code in ("traitement", "indemnite_fonction"))
    norm = for_month(bulletin.mois.first_day)
    found = list(
        remunerations_requises(
            first,
            last,
            numero,
            brut=bulletin.brut,
            brut_chomage=0 if elu else mesures.brut_chomage(bulletin, primes, norm),
            retabli=bulletin.brut - absences,
            salaire_base=base,
            activites=() if elu else mesures.activites(bulletin, lu.conditions),
        )
    )
    for code in ("ihts", "heures_complementaires"):
        lines = [ligne for ligne in bulletin.lignes if ligne.code == code]
        row = dsn_codes.load().element(code)
        if lines and row is not None:
            found.append(
                facts.Remuneration(
                    debut=first,
                    fin=last,
                    numero_contrat=numero,
                    type=row.valeur or "",
                    montant=sum(ligne.montant_salarie for ligne in lines),
                    heures=sum(ligne.nombre_centiemes or 0 for ligne in lines),
                )
            )
    return tuple(found)


def _absence_lines(lu: BulletinLu) -> list[Ligne]:
    return [
        ligne
        for ligne in lu.bulletin.lignes
        if ligne.section is Section.BRUT and ligne.code.startswith(("retenue_", "carence_"))
    ]


def _individu(lu: BulletinLu, contrat: facts.Contrat, versement: facts.Versement) -> facts.Individu:
    agent = lu.agent
    return facts.Individu(
        nir=agent.nir,
        nom_famille=agent.nom,
        nom_usage=agent.nom_usage,
        prenoms=agent.prenom,
        sexe="01" if agent.civilite == "M" else "02",
        date_naissance=agent.date_naissance,
        lieu_naissance=agent.lieu_naissance,
        departement_naissance=agent.departement_naissance,
        pays_naissance=agent.pays_naissance,
        matricule=agent.matricule,
        adresse=facts.Adresse(voie=agent.adresse, code_postal=agent.code_postal, localite=agent.ville),
        contrats=(contrat,),
        versements=(versement,),
    )


def _monthly_hours(weekly_centiemes: int) -> int:
    """Les heures mensuelles d'un poste, en centièmes : 35 h font 151,67."""
    return round_half_up(weekly_centiemes * 52, 12) if weekly_centiemes != _FULL_TIME else _MONTHLY_FULL_TIME
