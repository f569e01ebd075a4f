"""Une personne, plusieurs contrats : plafond partagé ; et les contrats sans indice, du dossier au bulletin."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from io import BytesIO

import pytest
from openpyxl import load_workbook

from payroll.engine import compute
from payroll.engine.situation import Apprenti, Employeur, RegimeRetraite, Situation, Statut
from payroll.month.commun import find_adherent
from payroll.month.personnes import conditions_without_index, share_between_contracts
from payroll.month.situations import EntreesDuMois, gather
from payroll.periods import Month
from payroll.store.tables import Contrat, SituationContrat
from tests.month.conftest import Inscrire
from tests.month.gestes import MOIS, Donnees, Lieu, contrat_de, description, element, fichier

COMMUNE = Employeur(population=1800, effectif=12)
CONTRACTUEL = Situation("C1", Statut.CONTRACTUEL, RegimeRetraite.IRCANTEC, 600, taux_pas_ppm=0)
TITULAIRE = Situation("T1", Statut.TITULAIRE, RegimeRetraite.CNRACL, 400, heures_hebdo=Fraction(20), taux_pas_ppm=0)


def test_deux_contrats_se_partagent_un_plafond() -> None:
    """IM 600 = 2 953,67 et IM 500 = 2 461,39 : 4 005 × 2 953,67 / 5 415,06 = 2 184,546, arrondi."""
    second = replace(CONTRACTUEL, indice_majore=500)
    partages = share_between_contracts(MOIS, COMMUNE, [(1, CONTRACTUEL), (2, CONTRACTUEL), (1, second)])
    assert [situation.autres_remunerations for situation in partages] == [246_139, 0, 295_367]
    assert [situation.heures_hebdo_tous_employeurs for situation in partages] == [70, None, 70]
    bases = [
        bulletin.colonnes["assiette_vieillesse_plafonnee"]
        for bulletin in compute(MOIS, [COMMUNE] * 3, partages).bulletins
        if bulletin
    ]
    assert bases == [218_455, 295_367, 182_045]
    assert bases[0] + bases[2] == 400_500


def test_les_heures_de_deux_postes_font_la_cnracl() -> None:
    """20 h et 10 h chez le même employeur : 30 h, CNRACL ; un poste de contractuel ne s'y compte pas."""
    second = replace(TITULAIRE, heures_hebdo=Fraction(10))
    partages = share_between_contracts(MOIS, COMMUNE, [(1, TITULAIRE), (1, second), (1, CONTRACTUEL)])
    assert [situation.heures_hebdo_tous_employeurs for situation in partages] == [30, 30, 65]
    assert partages[0].autres_remunerations == 295_367
    assert partages[2].autres_remunerations == 0
    assert None not in compute(MOIS, [COMMUNE] * 2, partages[:2]).bulletins


def test_les_heures_d_un_vacataire_ne_se_comptent_pas() -> None:
    vacataire = replace(CONTRACTUEL, statut=Statut.VACATAIRE, indice_majore=0, prix_vacation=1500)
    partages = share_between_contracts(MOIS, COMMUNE, [(1, CONTRACTUEL), (1, vacataire)])
    assert [situation.heures_hebdo_tous_employeurs for situation in partages] == [None, None]


def test_un_seul_contrat_reste_tel_quel() -> None:
    assert share_between_contracts(MOIS, COMMUNE, [(1, CONTRACTUEL), (2, TITULAIRE)]) == [CONTRACTUEL, TITULAIRE]


def test_ce_que_le_dossier_declare_ailleurs_s_ajoute() -> None:
    declare = replace(CONTRACTUEL, autres_remunerations=100_000)
    partages = share_between_contracts(MOIS, COMMUNE, [(1, declare), (1, CONTRACTUEL)])
    assert [situation.autres_remunerations for situation in partages] == [395_367, 295_367]


@pytest.mark.parametrize(
    ("mois", "du", "annee", "attendue"),
    [
        (Month(2026, 8), date(2025, 9, 16), 1, 1),
        (Month(2026, 9), date(2025, 9, 16), 1, 1),
        (Month(2026, 10), date(2025, 9, 16), 1, 2),
        (Month(2027, 10), date(2025, 9, 16), 1, 3),
        (Month(2025, 9), date(2025, 9, 16), 2, 2),
        (Month(2026, 10), date(2025, 9, 16), 2, 3),
        # Prolongé : de nouvelles conditions redonnent l'année, qui n'avance qu'à l'anniversaire suivant.
        (Month(2027, 2), date(2026, 9, 16), 1, 1),
        (Month(2027, 10), date(2026, 9, 16), 1, 2),
    ],
)
def test_l_annee_d_apprentissage_avance_a_chaque_anniversaire(mois: Month, du: date, annee: int, attendue: int) -> None:
    contrat = Contrat(
        adherent_id=1, agent_id=1, numero="AP00101", statut="apprenti", emploi="Apprenti", pcs_ese="525d",
        date_debut=date(2025, 9, 16),
    )  # fmt: skip
    row = SituationContrat(contrat_id=1, du=du, regime_retraite="ircantec", apprenti_annee=annee)
    assert conditions_without_index(contrat, row, mois)["apprenti"] == Apprenti(attendue)


def _sans_indice() -> Donnees:
    """Lubescaux, où une élue devient apprentie et vacataire, et un élu contrat aidé."""
    data = description("lubescaux")
    apprentie, aide = data["agents"][0], data["agents"][1]
    for agent in (apprentie, aide):
        agent["date_naissance"] = date(2007, 5, 14)
    contrat = contrat_de(data, apprentie["matricule"])
    contrat |= {"statut": "apprenti", "date_debut": date(2025, 9, 1), "permanents": [], "duree": ""}
    contrat["situations"] = [{"du": date(2025, 9, 1), "regime_retraite": "ircantec", "apprenti_annee": 1}]
    vacataire = {**contrat, "numero": "LBVAC01", "statut": "vacataire"}
    vacataire["situations"] = [{"du": date(2025, 9, 1), "regime_retraite": "ircantec", "prix_vacation": "15.00"}]
    apprentie["contrats"].append(vacataire)
    pec = contrat_de(data, aide["matricule"])
    pec |= {"statut": "pec", "date_debut": date(2026, 3, 1), "permanents": []}
    pec["situations"] = [{"du": date(2026, 3, 1), "regime_retraite": "ircantec", "heures_hebdo": "20"}]
    return data


@pytest.fixture
def sans_indice(inscrire_lieu: Inscrire) -> Lieu:
    return inscrire_lieu(_sans_indice())


def _entrees(lieu: Lieu) -> EntreesDuMois:
    with lieu.registre.transaction() as session:
        found = gather(session, find_adherent(session, lieu.code), MOIS)
    assert isinstance(found, EntreesDuMois)
    return found


def test_les_contrats_sans_indice_viennent_du_dossier(sans_indice: Lieu) -> None:
    """SMIC de juin 2026 : 1 867,02. Apprentie de 19 ans en 2e année : 51 %. PEC : 12,31 × 20 × 52/12."""
    entrees = _entrees(sans_indice)
    par_statut = {item.contrat.statut: item for item in entrees.contrats}
    apprentie, vacataire, aide = (par_statut[statut].situation for statut in ("apprenti", "vacataire", "pec"))
    assert apprentie.apprenti == Apprenti(2)
    assert vacataire.prix_vacation == 1500
    assert aide.heures_hebdo == 20
    sans_indice.ouvrir()
    sans_indice.deposer(fichier("lubescaux", element(f"{apprentie.matricule}/LBVAC01", "vacations", "12")))
    sans_indice.calculer()
    assert "Vacations : 12\r\n" in sans_indice.accuses()[0]
    bruts = {numero: bulletin.brut for numero, bulletin in sans_indice.bulletins().items()}
    assert bruts[par_statut["apprenti"].contrat.numero] == 95_218
    assert bruts[par_statut["pec"].contrat.numero] == 106_687
    assert bruts["LBVAC01"] == 18_000


def _titres(lieu: Lieu) -> set[str]:
    lieu.ouvrir()
    sheet = load_workbook(BytesIO(lieu.classeur()), read_only=True)["Éléments"]
    return {str(value) for row in sheet.iter_rows(values_only=True) for value in row if value}


def test_le_classeur_ne_propose_que_ce_qui_concerne_quelqu_un(lieu: Lieu) -> None:
    assert not {titre for titre in _titres(lieu) if "acations" in titre or "taux horaire" in titre}


def test_les_vacations_se_saisissent_en_nombre(sans_indice: Lieu) -> None:
    assert {"Vacations (nombre)", "Heures payées au taux horaire du contrat (heures)"} <= _titres(sans_indice)


def test_un_nombre_demesure_est_a_corriger(sans_indice: Lieu) -> None:
    sans_indice.ouvrir()
    sans_indice.deposer(fichier("lubescaux", element("LB001/LBVAC01", "vacations", "401")))
    assert "e nombre dépasse 400 : une faute de frappe ?" in sans_indice.accuses()[0]
