"""Ouvrir le mois : une paie ouverte, un classeur dû, et ce que chacun peut y saisir."""

from __future__ import annotations

import io

from openpyxl import load_workbook

from payroll.engine.situation import HOUR_VARIABLES
from payroll.intake import layout
from payroll.intake.roster import Roster, RosterAgent
from payroll.month.commun import find_adherent
from payroll.month.ouvrir import roster_of, template_name
from tests.month.conftest import Inscrire, Ouvrir
from tests.month.gestes import MOIS, Lieu, description


def _roster(lieu: Lieu) -> Roster:
    with lieu.registre.transaction() as session:
        return roster_of(session, find_adherent(session, lieu.code), MOIS)


def _agents(lieu: Lieu) -> dict[str, RosterAgent]:
    return {agent.numero_contrat: agent for agent in _roster(lieu).agents}


def test_ouvrir_fait_une_paie_ouverte_et_un_classeur_du(lieu: Lieu) -> None:
    paie = lieu.ouvrir()

    assert (paie.etat, paie.revision, paie.mois) == ("ouverte", 1, "2026-11")
    assert lieu.dus() == [template_name("lubescaux", MOIS)]


def test_ouvrir_deux_fois_ne_change_rien(lieu: Lieu) -> None:
    first = lieu.ouvrir()
    documents = lieu.documents()
    lieu.deposer_documents()

    again = lieu.ouvrir(minutes=5)

    assert (again.id, again.etat) == (first.id, first.etat)
    assert lieu.documents() == documents
    assert lieu.dus() == []
    assert lieu.gestes().count("ouvrir") == 1


def test_un_mois_deja_avance_ne_se_rouvre_pas(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.calculer()

    assert lieu.ouvrir(minutes=30).etat == "calculee"


def test_le_classeur_nomme_chaque_agent_sans_son_nir(lieu: Lieu) -> None:
    lieu.ouvrir()
    book = load_workbook(io.BytesIO(lieu.classeur()))
    texts = {str(cell.value) for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value}

    assert {"LB001", "LB005"} <= texts
    assert "Bruyeraval" in " ".join(texts)
    assert not any("268014099990138" in text for text in texts)


def test_les_ihts_vont_aux_temps_complets_de_categorie_b_et_c(ouvrir_lieu: Ouvrir) -> None:
    """Décret 2002-60 : ni catégorie A, ni élu ; à temps non complet, des heures complémentaires."""
    agents = _agents(ouvrir_lieu("hontarede"))

    for agent in agents.values():
        if agent.statut == "elu":
            assert (agent.ihts_permises, agent.heures_complementaires_permises) == (False, False)
        elif agent.heures_hebdo < 35:
            assert (agent.ihts_permises, agent.heures_complementaires_permises) == (False, True)
        else:
            assert agent.heures_complementaires_permises is False
            assert agent.ihts_permises is (agent.categorie in ("B", "C"))
    assert {agent.ihts_permises for agent in agents.values()} == {True, False}


def test_un_agent_de_categorie_a_n_a_pas_d_ihts(inscrire_lieu: Inscrire) -> None:
    data = description("hontarede")
    situation = data["agents"][0]["contrats"][0]["situations"][0]
    situation |= {"categorie": "A", "heures_hebdo": "35"}

    assert _agents(inscrire_lieu(data))["HT00101"].ihts_permises is False


def test_deux_contrats_d_un_agent_font_deux_lignes(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    second = dict(data["agents"][1]["contrats"][0]) | {"numero": "LB00202", "emploi": "Agent d'entretien"}
    data["agents"][1]["contrats"].append(second)
    roster = _roster(inscrire_lieu(data))

    keys = [roster.cle(agent) for agent in roster.agents]
    assert keys[1:3] == ["LB002/LB00201", "LB002/LB00202"]
    assert "LB001" in keys


def test_un_contrat_fini_n_est_plus_au_classeur(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    data["agents"][1]["contrats"][0]["date_fin"] = "2026-10-31"
    data["agents"][2]["contrats"][0]["date_debut"] = "2026-12-01"
    data["agents"][3]["contrats"][0]["date_fin"] = "2026-11-01"

    assert sorted(_agents(inscrire_lieu(data))) == ["LB00101", "LB00401", "LB00501"]


def test_les_heures_ne_se_saisissent_pas_comme_des_montants(lieu: Lieu) -> None:
    codes = {rubrique.code for rubrique in _roster(lieu).rubriques}

    assert "cia" in codes
    assert not codes & HOUR_VARIABLES


def test_une_rubrique_rare_est_dans_la_liste_sans_colonne(lieu: Lieu) -> None:
    """Vingt colonnes que personne ne remplit cacheraient les quelques-unes de chaque mois."""
    rares = {rubrique.code for rubrique in _roster(lieu).rubriques if rubrique.ponctuelle}
    lieu.ouvrir()
    book = load_workbook(io.BytesIO(lieu.classeur()))
    titles = [str(cell.value) for row in book[layout.ELEMENTS].iter_rows(max_row=8) for cell in row if cell.value]
    listed = [str(cell.value) for row in book[layout.CACHEE].iter_rows() for cell in row if cell.value]

    assert {"avantage_repas", "titres_restaurant", "indemnite_conges_payes"} <= rares
    assert not [title for title in titles if "repas" in title]
    assert [title for title in titles if "CIA" in title]
    assert "Avantage en nature : repas (nombre de repas)" in listed


def test_une_decision_motivee_releve_le_contingent_de_l_agent(inscrire_lieu: Inscrire) -> None:
    data = description("pouymirede")
    agent = data["agents"][0]
    agent["contrats"][0].setdefault("permanents", []).append(
        {"rubrique": "contingent_ihts", "montant": "30.00", "du": "2026-11-01", "au": "2026-11-30"}
    )
    roster = _roster(inscrire_lieu(data))
    contingents = {row.matricule: row.contingent_heures_sup for row in roster.agents}

    assert contingents.pop(agent["matricule"]) == 3_000
    assert set(contingents.values()) == {None}


def test_le_meme_registre_donne_le_meme_classeur(ouvrir_lieu: Ouvrir) -> None:
    """Mêmes agents, mêmes octets : un classeur rouvert n'est pas redéposé."""
    lieu = ouvrir_lieu("pouymirede")
    lieu.ouvrir()
    first = lieu.documents()
    lieu.ouvrir(minutes=600)

    assert lieu.documents() == first


def test_une_rubrique_versee_chaque_mois_ne_se_retape_pas(lieu: Lieu) -> None:
    """L'IFSE est permanente à Lubescaux : une colonne dans le classeur ferait payer deux fois qui la remplirait."""
    lieu.ouvrir()
    with lieu.registre.transaction() as session:
        roster = roster_of(session, find_adherent(session, lieu.code), MOIS)
    codes = {rubrique.code for rubrique in roster.rubriques}

    assert "ifse" not in codes
    assert "cia" in codes
