"""Une année entière : mille agents de toutes les populations, douze mois enchaînés par leurs cumuls."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

import pytest

from payroll.engine import compute
from payroll.engine.bulletin import Bulletin
from payroll.engine.inputs import contract_days, population
from payroll.engine.situation import Apprenti, Employeur, Mandat, RegimeRetraite, Situation, Statut
from payroll.money import apply_rate
from payroll.periods import Month

GRAINE = 20_260_101
NOMBRE = 1000
MOIS = [Month(2026, rang) for rang in range(1, 13)]
PLAFOND = 400_500
SMIC_ANNUEL = 2_187_600

CNRACL, IRCANTEC = RegimeRetraite.CNRACL, RegimeRetraite.IRCANTEC
EMPLOYEURS = [
    Employeur(population=480, effectif=effectif, zone_residence=zone, taux_at_ppm=16_000, taux_cdg_ppm=14_000,
              taux_versement_mobilite_ppm=5_000, assurance_chomage=chomage)
    for effectif, zone, chomage in ((4, 3, False), (12, 2, True), (49, 1, True), (80, 3, False))
]  # fmt: skip


def _titulaire(tirage: random.Random) -> Situation:
    heures = tirage.choice([Fraction(35), Fraction(35), Fraction(28)])
    return Situation(
        "", tirage.choice([Statut.TITULAIRE, Statut.STAGIAIRE]), CNRACL, tirage.randint(366, 1100), heures_hebdo=heures,
        quotite=tirage.choice([Fraction(1), Fraction(4, 5)]), nbi=tirage.choice([0, 15]),
        enfants_sft=tirage.randint(0, 4), permanents={"ifse": tirage.randint(0, 90_000)},
    )  # fmt: skip


def _intercommunal(tirage: random.Random) -> Situation:
    return replace(
        _titulaire(tirage), heures_hebdo=Fraction(20), quotite=Fraction(1), heures_hebdo_tous_employeurs=Fraction(38),
        heures_hors_cnracl=Fraction(tirage.choice([0, 2, 3])),
    )  # fmt: skip


def _petit_poste(tirage: random.Random) -> Situation:
    return replace(_titulaire(tirage), regime_retraite=IRCANTEC, heures_hebdo=Fraction(20), quotite=Fraction(1))


def _contractuel(tirage: random.Random) -> Situation:
    return replace(
        _titulaire(tirage), statut=Statut.CONTRACTUEL, regime_retraite=IRCANTEC, nbi=0,
        indice_majore=tirage.choice([400, 700, 830, 1100]), autres_remunerations=tirage.choice([0, 0, 0, 250_000]),
    )  # fmt: skip


def _horaire(tirage: random.Random) -> Situation:
    return Situation("", Statut.CONTRACTUEL, IRCANTEC, taux_horaire=tirage.randint(1231, 4000))


def _vacataire(tirage: random.Random) -> Situation:
    return Situation(
        "", Statut.VACATAIRE, IRCANTEC, prix_vacation=tirage.randint(1_000, 30_000),
        autres_remunerations=tirage.choice([0, 300_000]),
    )  # fmt: skip


def _apprenti(tirage: random.Random) -> Situation:
    # Cent quarante pour cent du SMIC : l'exonération d'impôt s'épuise dans l'année.
    part = tirage.choice([None, None, 1_400_000])
    return Situation(
        "", Statut.APPRENTI, IRCANTEC, date_naissance=date(tirage.randint(1990, 2009), tirage.randint(1, 12), 9),
        date_debut=date(2025, tirage.choice([2, 9]), tirage.choice([1, 16])), apprenti=Apprenti(1, part),
    )  # fmt: skip


def _pec(tirage: random.Random) -> Situation:
    return Situation(
        "", Statut.PEC, IRCANTEC, heures_hebdo=Fraction(tirage.randint(20, 35)),
        taux_horaire=tirage.choice([0, 1300, 3500]),
    )  # fmt: skip


def _elu(tirage: random.Random) -> Situation:
    autres = tirage.choice([0, 120_000, 400_000])
    mandat = Mandat(
        "maire", tirage.randint(50_000, 281_000), autres, tirage.random() < 0.3,
        nombre_mandats_indemnises=2 if autres else 1,
    )  # fmt: skip
    return Situation("", Statut.ELU, IRCANTEC, elu=mandat)


_FABRIQUES = (
    _titulaire, _titulaire, _titulaire, _intercommunal, _petit_poste, _contractuel, _contractuel, _contractuel,
    _horaire, _vacataire, _apprenti, _pec, _elu,
)  # fmt: skip


@dataclass
class Agent:
    employeur: Employeur
    situation: Situation
    variables: Sequence[Mapping[str, int]]
    """Les éléments de chacun des douze mois."""
    bulletins: list[Bulletin] = field(default_factory=list)


def _variables(tirage: random.Random, situation: Situation) -> Mapping[str, int]:
    if situation.statut is Statut.VACATAIRE:
        return {"vacations": tirage.choice([0, tirage.randint(100, 6000)])}
    if situation.taux_horaire and situation.statut is Statut.CONTRACTUEL:
        return {"heures_travaillees": tirage.randint(0, 16_000)}
    if situation.statut in (Statut.ELU, Statut.APPRENTI, Statut.PEC):
        return {}
    # De rares primes très hautes passent quatre plafonds, et huit pour la tranche B.
    prime = tirage.choice([0] * 8 + [tirage.randint(0, 400_000), 2_000_000, 4_500_000])
    heures = {"ihts_jour": tirage.randint(0, 800)} if situation.heures_hebdo == 35 else {}
    return {"cia": prime, **heures}


def _agents() -> list[Agent]:
    tirage = random.Random(GRAINE)
    agents = []
    for rang in range(NOMBRE):
        situation = replace(
            tirage.choice(_FABRIQUES)(tirage), matricule=f"A{rang:04d}",
            taux_pas_ppm=tirage.choice([None, 0, 75_000]),
        )  # fmt: skip
        if situation.statut is not Statut.APPRENTI and tirage.random() < 0.2:
            situation = replace(situation, date_debut=date(2026, tirage.randint(1, 11), tirage.randint(1, 28)))
        if tirage.random() < 0.1:
            situation = replace(situation, date_fin=date(2026, 12, tirage.randint(1, 31)))
        agents.append(Agent(tirage.choice(EMPLOYEURS), situation, [_variables(tirage, situation) for _ in MOIS]))
    return agents


def _during(agent: Agent, rang: int) -> Situation | None:
    """La situation du mois, cumuls des mois précédents compris ; ``None`` hors du contrat."""
    situation = agent.situation
    premier, dernier = contract_days(situation, MOIS[rang])
    if dernier < premier:
        return None
    if situation.apprenti and situation.date_debut:
        # L'année d'exécution au premier jour du mois, comptée ici d'une autre façon que dans le moteur.
        debut, jour = situation.date_debut, MOIS[rang].first_day
        mois_passes = (jour.year - debut.year) * 12 + jour.month - debut.month - (debut.day > 1)
        situation = replace(situation, apprenti=replace(situation.apprenti, annee=1 + mois_passes // 12))
    cumuls = agent.bulletins[-1].cumuls if agent.bulletins else situation.cumuls
    return replace(situation, variables=agent.variables[rang], cumuls=cumuls)


@pytest.fixture(scope="module")
def annee() -> list[Agent]:
    agents = _agents()
    for rang, mois in enumerate(MOIS):
        actifs = [(agent, situation) for agent in agents if (situation := _during(agent, rang))]
        calcul = compute(mois, [agent.employeur for agent, _ in actifs], [situation for _, situation in actifs])
        for (agent, _), bulletin in zip(actifs, calcul.bulletins, strict=True):
            assert bulletin is not None, [str(a) for a in calcul.anomalies if a.matricule == agent.situation.matricule]
            agent.bulletins.append(bulletin)
    return agents


def test_toutes_les_populations_y_sont(annee: list[Agent]) -> None:
    comptes = Counter(population(agent.situation) for agent in annee)
    assert set(comptes) == {
        "titulaire_cnracl", "titulaire_ircantec", "contractuel", "elu", "apprenti", "pec", "vacataire",
    }  # fmt: skip
    assert min(comptes.values()) >= 50
    assert sum(len(agent.bulletins) for agent in annee) > 10_000


def test_le_total_de_l_annee_est_la_somme_des_mois(annee: list[Agent]) -> None:
    for agent in annee:
        cumuls = agent.bulletins[-1].cumuls
        for name in ("brut", "net_imposable", "pas", "net_a_payer", "cout_employeur"):
            assert getattr(cumuls, name) == sum(getattr(bulletin, name) for bulletin in agent.bulletins)


def _sum(bulletins: Sequence[Bulletin], column: str) -> int:
    return sum(bulletin.colonnes[column] for bulletin in bulletins)


def test_la_rafp_de_l_annee_est_son_calcul_annuel(annee: list[Agent]) -> None:
    for agent in annee:
        elements = _sum(agent.bulletins, "elements_rafp_du_mois")
        traitement = _sum(agent.bulletins, "traitement_rafp_du_mois")
        assert _sum(agent.bulletins, "assiette_rafp") == min(elements, apply_rate(traitement, 200_000))


def test_les_plafonds_de_l_annee_sont_leur_calcul_annuel(annee: list[Agent]) -> None:
    """À chaque mois, et pas seulement en décembre : vieillesse, tranches, chômage, FNAL, abattement de la CSG."""
    depasses = Counter[str]()
    for agent in annee:
        for rang in range(1, len(agent.bulletins) + 1):
            mois = agent.bulletins[:rang]
            plafond = _sum(mois, "plafond_du_mois")
            general, ircantec = _sum(mois, "assiette_regime_general"), _sum(mois, "assiette_ircantec")
            chomage, secu = _sum(mois, "remuneration_chomage"), _sum(mois, "assiette_securite_sociale")
            csg = _sum(mois, "revenu_csg") if agent.situation.elu is None else 0
            assert _sum(mois, "assiette_vieillesse_plafonnee") == min(general, plafond)
            assert _sum(mois, "assiette_ircantec_a") == min(ircantec, plafond)
            assert _sum(mois, "assiette_ircantec_b") == max(min(ircantec, 8 * plafond) - plafond, 0)
            assert _sum(mois, "assiette_assurance_chomage") == min(chomage, 4 * plafond)
            assert _sum(mois, "csg_abattue") == min(csg, 4 * plafond)
            if agent.employeur.effectif < 50:
                assert _sum(mois, "assiette_fnal") == min(secu, plafond)
        depasses.update(
            name
            for name, value, limite in (
                ("plafond", general, plafond),
                ("tranche b", ircantec, 8 * plafond),
                ("chomage", chomage, 4 * plafond),
                ("csg", csg, 4 * plafond),
            )
            if value > limite
        )
        reprises = [bulletin for bulletin in agent.bulletins if bulletin.colonnes["assiette_ircantec_b"] < 0]
        depasses["tranche b reprise"] += bool(reprises)
    # Sans dépassement ni reprise dans le tirage, cet essai ne prouverait rien.
    for name in ("plafond", "csg", "chomage", "tranche b reprise"):
        assert depasses[name] >= 5, depasses


def test_le_plafond_d_un_temps_complet_est_celui_de_l_arrete(annee: list[Agent]) -> None:
    vus = 0
    for agent in annee:
        situation = agent.situation
        complet = situation.heures_hebdo == 35 and situation.quotite == 1 and not situation.taux_horaire
        if situation.autres_remunerations or situation.elu or not complet or situation.statut is Statut.VACATAIRE:
            continue
        for bulletin in agent.bulletins:
            premier, dernier = contract_days(situation, bulletin.mois)
            attendu = Fraction(PLAFOND * ((dernier - premier).days + 1), bulletin.mois.days)
            assert abs(bulletin.colonnes["plafond_du_mois"] - attendu) <= Fraction(1, 2)
            vus += 1
    assert vus > 2000


def test_l_impot_des_apprentis_commence_au_smic_annuel(annee: list[Agent]) -> None:
    imposables = 0
    for agent in annee:
        if agent.situation.apprenti is None:
            continue
        net = _sum(agent.bulletins, "net_fiscal")
        cumuls = agent.bulletins[-1].cumuls
        assert cumuls.apprenti_exonere == min(net, SMIC_ANNUEL)
        assert cumuls.net_imposable == max(net - SMIC_ANNUEL, 0)
        imposables += cumuls.net_imposable > 0
    assert imposables >= 3


@pytest.mark.parametrize("rang", [0, 5, 11])
def test_un_lot_donne_ce_que_donne_chaque_agent_seul_dans_tout_ordre(annee: list[Agent], rang: int) -> None:
    """Cent agents du mois, avec les cumuls qu'ils avaient alors : à l'envers, puis chacun seul."""
    mois = MOIS[rang]
    echantillon = []
    for agent in annee[::10]:
        found = [place for place, bulletin in enumerate(agent.bulletins) if bulletin.mois == mois]
        if found:
            avant = replace(agent, bulletins=agent.bulletins[: found[0]])
            situation = _during(avant, rang)
            assert situation is not None
            echantillon.append((agent.employeur, situation, agent.bulletins[found[0]]))
    envers = echantillon[::-1]
    calcul = compute(mois, [employeur for employeur, _, _ in envers], [situation for _, situation, _ in envers])
    assert calcul.bulletins == [bulletin for _, _, bulletin in envers]
    for employeur, situation, bulletin in echantillon[:25]:
        assert compute(mois, [employeur], [situation]).bulletins == [bulletin]
