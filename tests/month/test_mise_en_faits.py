"""Du bulletin aux faits de la DSN, ligne à ligne : rappels, arrêts, subrogation, apprentis, avantages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from dsn.facts import AutreElement
from dsn.norm import for_month
from payroll import legislation
from payroll.engine.bulletin import Bulletin, Ligne, Section
from payroll.engine.situation import Cumuls
from payroll.month import mesures
from payroll.month.declaration import Employe, declare_bulletin
from payroll.month.lire import BulletinLu
from payroll.periods import Month
from payroll.store.tables import Absence, Adherent, Agent, BulletinPaie, Contrat, ParametreEmployeur, SituationContrat
from tests.month.gestes import DECLARANT

MOIS, MARS = Month(2026, 11), Month(2026, 3)
DEBUT, FIN = date(2026, 11, 1), date(2026, 11, 30)
NUMERO = "AGT00101"


def ligne(code: str, montant: int, section: Section = Section.BRUT, **told: object) -> Ligne:
    return Ligne(code, code, section, 1, montant_salarie=montant, **told)  # type: ignore[arg-type]


def bulletin(*lignes: Ligne, colonnes: Mapping[str, int] | None = None, **totaux: int) -> Bulletin:
    """Un bulletin réduit à ce que l'essai regarde."""
    told: dict[str, Any] = {
        "brut": sum(item.montant_salarie for item in lignes if item.section is Section.BRUT),
        "cotisations_salarie": 0,
        "cotisations_employeur": 0,
        "net_avant_impot": 0,
        "net_imposable": 0,
        "montant_net_social": 0,
        "pas_base": 0,
        "pas_taux_ppm": 0,
        "pas": 0,
        "net_a_payer": 0,
        "cout_employeur": 0,
        **totaux,
    }
    return Bulletin(
        matricule="AGT001", mois=MOIS, lignes=lignes, pas_bareme=True, cumuls=Cumuls(), colonnes=colonnes or {}, **told
    )


def lu(statut: str, regime: str, found: Bulletin, **contrat: Any) -> BulletinLu:
    """Ce bulletin, tel que le registre le rendrait."""
    return BulletinLu(
        row=BulletinPaie(matricule="AGT001"),  # type: ignore[call-arg]
        bulletin=found,
        contrat=Contrat(
            numero=NUMERO, statut=statut, emploi="Agent", pcs_ese="523c", date_debut=date(2020, 1, 1), **contrat
        ),
        agent=Agent(
            matricule="AGT001",
            civilite="M",
            nom="Essai",
            prenom="Camille",
            nir="180054099900165",
            date_naissance=date(1980, 5, 15),
            lieu_naissance="Dragueville",
            departement_naissance="40",
            pays_naissance="FR",
            adresse="",
            code_postal="40990",
            ville="Lubescaux",
            territoire_pas="metropole",
            nom_usage="",
        ),  # type: ignore[call-arg]
        conditions=conditions(regime),
        fin=None,
        motif_fin="",
    )


def conditions(regime: str) -> SituationContrat:
    return SituationContrat(
        du=date(2024, 1, 1),
        regime_retraite=regime,
        indice_majore=366,
        heures_hebdo_centiemes=3500,
        quotite_num=1,
        quotite_den=1,
        mandat="",
        nbi=0,
        indice_brut=0,
    )  # type: ignore[call-arg]


CONTEXT = Employe(
    adherent=Adherent(
        siret="99900010200015", code_insee="40999", iban="FR7699999999990000090000245", bic="DEMOFRP1XXX"
    ),  # type: ignore[call-arg]
    parametre=ParametreEmployeur(
        effectif=10, taux_at_ppm=15_000, code_risque_at="751BA", gestion_chomage_apprentis="05", assurance_chomage=False
    ),  # type: ignore[call-arg]
    mois=MOIS,
    norme=for_month(MOIS.first_day).version,
    declarant=DECLARANT,
    figures=legislation.load().at(MOIS),
)


def absence(nature: str, debut: date, fin: date, *, prolongation: bool = False) -> Absence:
    return Absence(type=nature, debut=debut, fin=fin, prolongation=prolongation)  # type: ignore[call-arg]


RAPPEL = bulletin(
    ligne("traitement", 200_000),
    ligne("ifse", 10_000),
    ligne("traitement", 5_000, periode=MARS),
    ligne("ifse", 1_000, periode=MARS),
    ligne("cnracl", 22_200, Section.RETRAITE, base=200_000, montant_employeur=75_300),
    ligne("cnracl", 555, Section.RETRAITE, base=5_000, montant_employeur=1_883, periode=MARS),
)


def test_un_rappel_se_declare_a_son_mois_remunerations_prime_et_base() -> None:
    """CT p.244-247 : période de paie du mois de droit ; 78.002 et 78.003 : période de rattachement."""
    payment = declare_bulletin(CONTEXT, lu("titulaire", "cnracl", RAPPEL), [], None).individu.versements[0]
    told = {(item.debut, item.type): item.montant for item in payment.remunerations}

    assert told == {
        (DEBUT, "001"): 210_000,
        (DEBUT, "002"): 200_000,
        (DEBUT, "003"): 210_000,
        (DEBUT, "010"): 200_000,
        (MARS.first_day, "001"): 6_000,
        (MARS.first_day, "002"): 5_000,
        (MARS.first_day, "003"): 6_000,
        (MARS.first_day, "010"): 5_000,
    }
    assert [(item.montant, item.debut, item.fin) for item in payment.primes] == [
        (10_000, None, None),
        (1_000, MARS.first_day, MARS.last_day),
    ]
    assert [(base.debut, base.montant) for base in payment.bases if base.code == "48"] == [
        (MARS.first_day, 5_000),
        (DEBUT, 200_000),
    ]
    assert all(item.activites == () for item in payment.remunerations if item.debut == MARS.first_day)


def test_un_trop_percu_est_un_rappel_negatif() -> None:
    found = bulletin(ligne("traitement", 200_000), ligne("traitement", -5_000, periode=MARS))
    payment = declare_bulletin(CONTEXT, lu("titulaire", "cnracl", found), [], None).individu.versements[0]

    assert sum(item.montant for item in payment.remunerations if item.type == "001") == found.brut == 195_000
    assert [item.montant for item in payment.remunerations if item.debut == MARS.first_day] == [-5_000] * 4


ARRET = (absence("cmo", date(2026, 11, 9), date(2026, 11, 20)),)


@pytest.mark.parametrize(
    "nature, subrogue", [("cmo", True), ("maternite", True), ("paternite", True), ("at", True), ("cgm", True)]
)
def test_la_subrogation_porte_les_dates_et_le_compte_de_l_employeur(nature: str, subrogue: bool) -> None:
    (told,) = mesures.arrets(
        (absence(nature, date(2026, 11, 9), date(2026, 11, 20)),),
        DEBUT,
        FIN,
        bulletin(colonnes={"subrogation": int(subrogue)}),
        iban="FR76",
        bic="DEMO",
    )

    assert (told.subrogation, told.iban, told.bic) == ("01", "FR76", "DEMO")
    assert (told.debut_subrogation, told.fin_subrogation) == (date(2026, 11, 9), date(2026, 11, 20))


@pytest.mark.parametrize("nature, motif", [("clm", "13"), ("cld", "12"), ("citis", "14")])
def test_un_conge_statutaire_n_a_pas_d_indemnites_journalieres(nature: str, motif: str) -> None:
    stop = (absence(nature, date(2026, 11, 9), date(2026, 11, 20)),)
    (told,) = mesures.arrets(stop, DEBUT, FIN, bulletin(colonnes={"subrogation": 1}), iban="FR76", bic="DEMO")

    assert (told.motif, told.subrogation, told.iban, told.debut_subrogation) == (motif, "", "", None)


def test_sans_subrogation_le_compte_de_l_employeur_ne_se_dit_pas() -> None:
    (told,) = mesures.arrets(ARRET, DEBUT, FIN, bulletin(), iban="FR76", bic="DEMO")
    assert (told.subrogation, told.iban) == ("", "")


@pytest.mark.parametrize("plancher, attendu", [(None, date(2026, 11, 8)), (date(2026, 11, 9), date(2026, 11, 9))])
def test_le_dernier_jour_travaille_ne_precede_pas_le_contrat(plancher: date | None, attendu: date) -> None:
    """CCH-13 p.263 : un contractuel malade son premier jour ; un fonctionnaire n'est pas concerné."""
    (told,) = mesures.arrets(ARRET, DEBUT, FIN, bulletin(), plancher=plancher)
    assert told.dernier_jour_travaille == attendu


def test_un_temps_partiel_therapeutique_dit_sa_periode_du_mois_et_la_perte() -> None:
    """Bloc 66 : du 1er au 30 novembre d'un temps partiel d'octobre à décembre, 300,00 + 20,00 perdus."""
    lost = bulletin(colonnes={"absence_tpt_traitement": -30_000, "absence_tpt_primes": -2_000, "jours_tpt": 30})
    (told,) = mesures.arrets((absence("tpt", date(2026, 10, 5), date(2026, 12, 31)),), DEBUT, FIN, lost)
    (part,) = told.temps_therapeutiques

    assert (told.motif, part.debut, part.fin, part.montant) == ("15", DEBUT, FIN, 32_000)


def test_les_heures_d_absence_comptent_tous_les_motifs_sauf_le_travail_a_temps_partiel() -> None:
    assert mesures.absent_days({"jours_maternite": 10, "jours_clm": 3, "jours_tpt": 30, "jours_presence": 30}) == 13


def test_l_apprenti_dit_a_part_ce_qui_n_est_pas_imposable() -> None:
    """1 000,00 nets dont 900,00 exonérés (CGI 81 bis) : 50.002 = 1 000,00, 50.011 = 900,00, 50.013 = 100,00."""
    found = bulletin(
        ligne("remuneration_apprenti", 102_000),
        ligne("accident_travail", 0, Section.ACCIDENT_TRAVAIL, base=102_000, montant_employeur=1_530),
        colonnes={"exoneration_fiscale_apprenti": 90_000, "plafond_periode": 400_500},
        net_imposable=10_000,
        pas_base=10_000,
        net_avant_impot=100_000,
    )
    told = lu(
        "apprenti", "ircantec", found, date_fin_prevue=date(2027, 8, 31), niveau_diplome="04", date_fin=None, duree=""
    )
    person = declare_bulletin(CONTEXT, told, [], None).individu
    (payment,), (contract,) = person.versements, person.contrats

    assert (payment.remuneration_nette_fiscale, payment.non_imposable, payment.soumis_pas) == (100_000, 90_000, 10_000)
    assert {base.code: base.montant for base in payment.bases} == {"02": 102_000, "03": 102_000}
    assert (contract.nature, contract.dispositif, contract.gestion_chomage) == ("02", "81", "05")
    assert (person.niveau_diplome, contract.date_fin_previsionnelle) == ("04", date(2027, 8, 31))
    # Du 1er janvier 2020 au 30 novembre 2026 : 82 mois entiers.
    assert [(item.type, item.unite, item.valeur) for item in person.anciennetes] == [("07", "02", 82)]


@pytest.mark.parametrize(
    "statut, contrat, dit",
    [
        ("apprenti", {"date_fin_prevue": date(2027, 8, 31)}, "niveau du diplôme"),
        ("apprenti", {"niveau_diplome": "04"}, "terme prévu"),
        ("pec", {"duree": "cdd"}, "terme prévu"),
        ("contractuel", {"duree": "cdd"}, "terme prévu"),
        ("vacataire", {}, "terme prévu"),
    ],
)
def test_ce_qui_manque_au_dossier_est_refuse_par_son_nom(statut: str, contrat: dict[str, object], dit: str) -> None:
    told = lu(statut, "ircantec", bulletin(), **{"niveau_diplome": "", "duree": "", **contrat})
    refused = [item for item in declare_bulletin(CONTEXT, told, [], None).anomalies if item.blocking]

    assert [dit in item.message for item in refused] == [True]
    assert "AGT001" in refused[0].message


def test_un_contrat_aide_a_duree_indeterminee_change_de_nature() -> None:
    told = lu("pec", "ircantec", bulletin(), duree="cdi", niveau_diplome="")
    (contract,) = declare_bulletin(CONTEXT, told, [], None).individu.contrats

    assert (contract.nature, contract.dispositif, contract.date_fin_previsionnelle) == ("01", "41", None)


def test_un_agent_paye_a_l_heure_dit_les_heures_payees() -> None:
    found = bulletin(ligne("heures_travaillees", 85_200), colonnes={"heures_remunerees": 6_000})
    told = lu("vacataire", "ircantec", found, date_fin_prevue=FIN, duree="", niveau_diplome="")
    person = declare_bulletin(CONTEXT, told, [], None).individu
    (contract,), (payment,) = person.contrats, person.versements
    hours = [item.mesure for pay in payment.remunerations for item in pay.activites]

    assert (contract.quotite_reference, contract.quotite_contrat, hours) == (15_167, 6_000, [6_000])
    assert {item.type: item.montant for item in payment.remunerations}["010"] == 85_200


def test_les_indemnites_journalieres_subrogees_ne_sont_que_soumises_au_prelevement() -> None:
    """CT p.242 : l'avance s'ajoute à l'assiette du prélèvement, pas au net fiscal."""
    found = bulletin(net_imposable=180_000, pas_base=180_000, colonnes={"ijss_imposables": 30_000})
    told = lu("contractuel", "ircantec", found, duree="cdi", niveau_diplome="")
    (payment,) = declare_bulletin(CONTEXT, told, [], None).individu.versements

    assert (payment.remuneration_nette_fiscale, payment.soumis_pas) == (150_000, 180_000)


def test_avantages_frais_et_parts_patronales_sont_isoles() -> None:
    found = bulletin(
        ligne("avantage_logement", 15_000),
        ligne("prise_en_charge_transport", 2_530, Section.NET),
        ligne("psc_sante_obligatoire", 0, Section.SANTE, montant_employeur=2_000),
        ligne("titres_restaurant", -4_000, Section.NET, nombre_centiemes=1_000),
        ligne("acompte", -10_000, Section.NET),
        colonnes={"titre_restaurant_part_employeur": 500},
    )
    told = {item.type: item.montant for item in mesures.autres_elements(found, NUMERO, DEBUT, FIN)}

    assert told == {"03": 15_000, "18": 2_530, "92": 2_000, "17": 5_000}
    assert all(isinstance(item, AutreElement) for item in mesures.autres_elements(found, NUMERO, DEBUT, FIN))


@pytest.mark.parametrize("nature, dite", [("saisie_administrative", True), ("saisie_remuneration", False)])
def test_une_saisie_que_la_dsn_ne_porte_pas_se_dit(nature: str, dite: bool) -> None:
    told = lu("contractuel", "ircantec", bulletin(ligne(nature, -5_000, Section.NET)), duree="cdi", niveau_diplome="")
    found = [item for item in declare_bulletin(CONTEXT, told, [], None).anomalies if item.rubrique == "S21.G00.98.001"]

    assert [item.blocking for item in found] == ([False] if dite else [])
