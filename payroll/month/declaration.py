"""Du bulletin à la DSN mensuelle : la mise en faits, agent par agent. Les codes viennent tous de ``dsn/codes``.

Ce qui ne se déclare pas encore se dit en anomalie ; rien n'est omis en silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from dsn import codes as dsn_codes
from dsn import facts
from dsn.anomalies import Anomaly
from dsn.assemble import Assemblage, LigneCtp, LignePaie, assemble
from dsn.changements import Etat
from dsn.norm import for_month
from dsn.prevoyance import affilier
from dsn.totals import exoneration, remunerations_requises
from payroll.engine.bulletin import Ligne, Section
from payroll.money import apply_rate
from payroll.month import mesures
from payroll.month.declaration_contrat import (
    Employe,
    contract_states,
    declare_contract,
    period_of,
    population_of,
    seniority,
)
from payroll.month.lire import BulletinLu
from payroll.periods import Month
from payroll.store.tables import Absence, SituationContrat, TauxPas

__all__ = ["Declaree", "Employe", "declare_bulletin", "population_of"]

_CONTRIBUTIONS = frozenset(Section) - {Section.BRUT, Section.NET}
_BAREMES = {"metropole": "13", "guadeloupe_martinique_reunion": "23", "guyane_mayotte": "33"}
"""S21.G00.50.007 : barème mensuel du territoire de domicile."""
_CONTRAT_COURT = "-1"
"""S21.G00.50.008 d'un contrat de deux mois au plus ou à terme imprécis (CT p.241)."""
_NON_AFFILIE = "elu_non_assujetti"
_SATD = "saisie_administrative"


@dataclass(frozen=True, slots=True)
class Declaree:
    """Un bulletin mis en faits : l'individu (à réunir par NIR), ses CTP, ce qui n'a pu être dit."""

    individu: facts.Individu
    ctp: tuple[LigneCtp, ...]
    anomalies: tuple[Anomaly, ...]
    etats: tuple[Etat, ...]
    """Les états successifs du contrat, pour dire ce qui a changé."""


def declare_bulletin(
    context: Employe,
    lu: BulletinLu,
    absences: Sequence[Absence],
    taux: TauxPas | None,
    *,
    situations: Sequence[SituationContrat] = (),
    emplois_multiples: bool = False,
) -> Declaree:
    """Met un bulletin en faits DSN ; ``absences`` : celles du contrat depuis un an, et les arrêts de l'agent."""
    built = _assembled(context, lu)
    contrat, missing = declare_contract(context, lu, absences, emplois_multiples=emplois_multiples)
    affiliations, cover, uncovered = _complementary(context, lu)
    contrat = replace(contrat, affiliations=affiliations)
    payment = _versement(context, lu, (*built.bases, *cover), taux)
    individu = _individu(lu, contrat, payment, seniority(context, lu, affilie=bool(affiliations)))
    states = contract_states(context, lu, situations, emplois_multiples=emplois_multiples)
    found = (*built.anomalies, *missing, *uncovered, *_seized(lu))
    return Declaree(individu, built.ctp, found, tuple(states))


def _assembled(context: Employe, lu: BulletinLu) -> Assemblage:
    """Les bases et les CTP du bulletin, exonération comprise."""
    population = population_of(lu)
    first, last = period_of(context, lu)
    table, column = dsn_codes.load(), lu.bulletin.colonnes
    known_bases = {}
    if not lu.conditions.mandat:
        # La base plafonnée accompagne toujours la déplafonnée (SIG-19 p.290), même sans cotisation plafonnée ; celle
        # d'un apprenti est sa rémunération entière, exonérée ou non.
        total = lu.bulletin.brut if population == "apprenti" else column.get("assiette_securite_sociale", 0)
        if total:
            known_bases["02"] = min(total, column.get("plafond_periode", total))

    def built(lines: Sequence[LignePaie]) -> Assemblage:
        return assemble(
            table,
            context.norme,
            population,
            lines,
            first,
            last,
            context.declarant.organismes,
            effectif_50=context.effectif_50,
            bases_connues=known_bases,
            plafond_applique=column.get("plafond_periode") if population != _NON_AFFILIE else None,
            numero_contrat=lu.contrat.numero,
        )

    lines = [line for ligne in lu.bulletin.lignes for line in _contributions(context, lu, ligne)]
    done = built(lines)
    exempt = exoneration(table, context.norme, population, lines, done.ctp, context.figures.rate)
    return built([*lines, exempt]) if exempt else done


def _seized(lu: BulletinLu) -> list[Anomaly]:
    """Une saisie administrative que la DSN ne sait pas encore porter se dit."""
    row = dsn_codes.load().convention(_SATD)
    if row.valeur is not None or not any(ligne.code == _SATD for ligne in lu.bulletin.lignes):
        return []
    return [Anomaly(0, "S21.G00.98.001", "COD-01", False, f"« {row.libelle} » n'est pas déclarée : {row.note}")]


def _complementary(
    context: Employe, lu: BulletinLu
) -> tuple[tuple[facts.Affiliation, ...], tuple[facts.Base, ...], list[Anomaly]]:
    """Les affiliations et bases 31 des contrats collectifs dont le bulletin porte une cotisation."""
    table, due = dsn_codes.load(), dict[str, int]()
    for ligne in lu.bulletin.lignes:
        row = table.prevoyance(ligne.code)
        if row is not None and row.valeur:
            due[row.valeur] = due.get(row.valeur, 0) + ligne.montant_salarie + ligne.montant_employeur
    found = [
        Anomaly(
            0,
            "S21.G00.15.001",
            "FAI-04",
            True,
            f"Agent {lu.agent.matricule} : une cotisation au contrat collectif de {risk} est au bulletin et ce contrat "
            "n'est pas décrit chez l'adhérent (référence, organisme). Ajoutez-le d'après la fiche de paramétrage.",
        )
        for risk in sorted(due)
        if risk not in context.adhesions
    ]
    covered = {risk: amount for risk, amount in due.items() if risk in context.adhesions}
    composant = table.prevoyance("composant")
    first, last = period_of(context, lu)
    affiliations, bases = affilier(
        context.adhesions,
        covered,
        (composant.valeur if composant else None) or "",
        first,
        last,
        lu.contrat.numero,
        populations=context.populations,
    )
    return affiliations, bases, found


def _contributions(context: Employe, lu: BulletinLu, ligne: Ligne) -> list[LignePaie]:
    """Une ligne de cotisation du bulletin, en une ligne de paie DSN (deux pour la CNRACL : NBI à part)."""
    if ligne.section not in _CONTRIBUTIONS or ligne.code == "pas" or dsn_codes.load().prevoyance(ligne.code):
        return []
    whole = LignePaie(
        contribution=ligne.code,
        assiette=ligne.base or 0,
        salarie=ligne.montant_salarie,
        employeur=ligne.montant_employeur,
        taux_salarie_ppm=ligne.taux_salarie_ppm,
        taux_employeur_ppm=ligne.taux_employeur_ppm,
        insee=context.adherent.code_insee if ligne.code == "versement_mobilite" else "",
        periode=(ligne.periode.first_day, ligne.periode.last_day) if ligne.periode else None,
    )
    nbi = sum(
        line.montant_salarie
        for line in lu.bulletin.lignes
        if line.periode == ligne.periode and (line.code == "nbi" or line.code.endswith("_nbi"))
    )
    if ligne.code != "cnracl" or not nbi:
        return [whole]
    salarie = apply_rate(nbi, ligne.taux_salarie_ppm or 0)
    employeur = apply_rate(nbi, ligne.taux_employeur_ppm or 0)
    # Le traitement reçoit ce que la NBI laisse : la somme des deux codes est la ligne du bulletin, au centime.
    return [
        replace(
            whole,
            assiette=whole.assiette - nbi,
            salarie=whole.salarie - salarie,
            employeur=whole.employeur - employeur,
        ),
        replace(whole, contribution="cnracl_nbi", assiette=nbi, salarie=salarie, employeur=employeur),
    ]


def _versement(
    context: Employe, lu: BulletinLu, bases: tuple[facts.Base, ...], taux: TauxPas | None
) -> facts.Versement:
    bulletin = lu.bulletin
    first, last = period_of(context, lu)
    bareme = _BAREMES[lu.agent.territoire_pas]
    primes = mesures.primes(bulletin, lu.contrat.numero)
    elements = [facts.ElementRevenuCalcule(type="03", montant=bulletin.montant_net_social, debut=first, fin=last)]
    exonerees = bulletin.colonnes.get("heures_exonerees", 0)
    if exonerees:
        elements.append(facts.ElementRevenuCalcule(type="01", montant=exonerees, debut=first, fin=last))
    return facts.Versement(
        date_versement=context.declarant.date_paiement,
        remuneration_nette_fiscale=mesures.net_fiscal(bulletin),
        net_verse=mesures.net_verse(bulletin),
        taux_pas_ppm=bulletin.pas_taux_ppm,
        type_taux_pas=bareme if bulletin.pas_bareme or taux is None else "01",
        identifiant_taux=_rate_identifier(lu, taux),
        pas=bulletin.pas,
        soumis_pas=bulletin.pas_base,
        non_imposable=mesures.non_imposable(bulletin) or None,
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


def _remunerations(
    lu: BulletinLu, primes: Sequence[facts.Prime], first: date, last: date
) -> tuple[facts.Remuneration, ...]:
    """Les rémunérations du mois, puis celles de chaque mois que rappelle le bulletin, à leur période."""
    found: list[facts.Remuneration] = []
    for periode in (None, *mesures.rappels(lu.bulletin)):
        debut, fin = (periode.first_day, periode.last_day) if periode else (first, last)
        if periode is None or mesures.brut(lu.bulletin, periode):
            found += _remunerations_of(lu, primes, periode, debut, fin)
    return tuple(found)


def _remunerations_of(
    lu: BulletinLu, primes: Sequence[facts.Prime], periode: Month | None, debut: date, fin: date
) -> list[facts.Remuneration]:
    bulletin, numero = lu.bulletin, lu.contrat.numero
    elu = bool(lu.conditions.mandat)
    brut = mesures.brut(bulletin, periode)
    own = [prime for prime in primes if prime.debut == (periode.first_day if periode else None)]
    activites = () if elu or periode else mesures.activites(bulletin, lu.conditions)
    found = list(
        remunerations_requises(
            debut,
            fin,
            numero,
            brut=brut,
            brut_chomage=0 if elu else mesures.brut_chomage(brut, own, for_month(bulletin.mois.first_day)),
            retabli=mesures.retabli(bulletin, periode),
            salaire_base=mesures.salaire_de_base(bulletin, periode),
            activites=activites,
        )
    )
    for code in sorted({ligne.code for ligne in bulletin.lignes if ligne.section is Section.BRUT}):
        row = dsn_codes.load().element(code)
        lines = [ligne for ligne in bulletin.lignes if ligne.code == code and ligne.periode == periode]
        if row is None or row.bloc != facts.Remuneration.BLOC or not lines:
            continue
        hours = sum(ligne.nombre_centiemes or 0 for ligne in lines)
        found.append(
            facts.Remuneration(
                debut=debut,
                fin=fin,
                numero_contrat=numero,
                type=row.valeur or "",
                montant=sum(ligne.montant_salarie for ligne in lines),
                heures=hours or None,
            )
        )
    return found


def _individu(
    lu: BulletinLu, contrat: facts.Contrat, versement: facts.Versement, anciennetes: tuple[facts.Anciennete, ...]
) -> facts.Individu:
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
        niveau_diplome=lu.contrat.niveau_diplome,
        adresse=facts.Adresse(voie=agent.adresse, code_postal=agent.code_postal, localite=agent.ville),
        contrats=(contrat,),
        versements=(versement,),
        anciennetes=anciennetes,
    )
