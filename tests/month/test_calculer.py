"""Calculer : mêmes entrées, même révision ; entrées changées, révision nouvelle ; un refus n'arrête personne."""

from __future__ import annotations

from datetime import date

import pytest

from payroll.engine.situation import Cumuls
from payroll.month.commun import GesteRefuse, find_adherent
from payroll.month.situations import EntreesDuMois, gather
from payroll.periods import Month
from payroll.store.tables import (
    Absence,
    Approbation,
    Contrat,
    ElementPermanent,
    Evenement,
    Paie,
    ParametreEmployeur,
    SituationContrat,
    TauxPas,
)
from tests.month.conftest import Inscrire, Ouvrir
from tests.month.gestes import MOIS, Lieu, absence, contrat_de, description, element, fichier

DECEMBRE = Month(2026, 12)
JANVIER = Month(2027, 1)


@pytest.fixture
def ouvert(lieu: Lieu) -> Lieu:
    lieu.ouvrir()
    return lieu


def test_calculer_avant_d_ouvrir_est_refuse(lieu: Lieu) -> None:
    with pytest.raises(GesteRefuse, match="n'est pas ouvert"):
        lieu.calculer()


def test_sans_fichier_il_faut_le_dire(ouvert: Lieu) -> None:
    with pytest.raises(GesteRefuse, match="aucun fichier accepté"):
        ouvert.calculer(sans_fichier=False)

    assert ouvert.paie().etat == "ouverte"


def test_calculer_sans_fichier_est_une_decision_inscrite(ouvert: Lieu) -> None:
    ouvert.calculer(sans_fichier=True)
    event = ouvert.rows(Evenement)[-1]

    assert (event.geste, event.detail["sans_fichier"], event.par) == ("calculer", True, "gestionnaire")


@pytest.mark.parametrize("neant", [False, True])
def test_un_fichier_accepte_suffit_meme_neant(ouvert: Lieu, neant: bool) -> None:
    lignes = [] if neant else [element("LB002", "cia", "10,00")]
    ouvert.deposer(fichier("lubescaux", *lignes, neant=neant))

    assert ouvert.calculer(sans_fichier=False).bulletins == 5


def test_un_fichier_refuse_ne_suffit_pas(ouvert: Lieu) -> None:
    ouvert.deposer(fichier("lubescaux", element("LB002", "cia", "douze")))

    with pytest.raises(GesteRefuse, match="aucun fichier accepté"):
        ouvert.calculer(sans_fichier=False)


def test_les_memes_entrees_gardent_la_meme_revision(ouvert: Lieu) -> None:
    first = ouvert.calculer()
    again = ouvert.calculer(minutes=90)

    assert (first.nouvelle, again.nouvelle) == (True, False)
    assert (again.paie.id, again.paie.revision, again.bulletins) == (first.paie.id, 1, 5)
    assert len(ouvert.rows(Paie)) == 1
    assert ouvert.gestes().count("calculer") == 1


def test_une_entree_changee_fait_une_revision_et_annule_l_approbation(ouvert: Lieu) -> None:
    ouvert.calculer()
    ouvert.valider()
    before = ouvert.bulletins()["LB00201"]
    ouvert.deposer(fichier("lubescaux", element("LB002", "cia", "100,00")))
    result = ouvert.calculer(minutes=60)

    assert (result.nouvelle, result.paie.revision, result.paie.etat) == (True, 2, "calculee")
    assert [(paie.revision, paie.etat) for paie in ouvert.rows(Paie)] == [(1, "remplacee"), (2, "calculee")]
    (approval,) = ouvert.rows(Approbation)
    assert approval.annulee_le is not None
    assert "le contenu a changé" in approval.motif_annulation
    assert ouvert.bulletins()["LB00201"].brut == before.brut + 10_000, "et l'ancienne révision reste lisible"
    assert before.id != ouvert.bulletins()["LB00201"].id


def test_un_calcul_sans_changement_garde_l_approbation(ouvert: Lieu) -> None:
    ouvert.calculer()
    ouvert.valider()
    ouvert.calculer(minutes=60)

    assert ouvert.paie().etat == "validee"
    assert [row.annulee_le for row in ouvert.rows(Approbation)] == [None]


def test_un_agent_refuse_n_arrete_pas_les_autres(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    contrat_de(data, "LB002")["situations"][0]["indice_majore"] = 0
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    result = lieu.calculer()

    assert result.bulletins == 4
    assert "LB00201" not in lieu.bulletins()
    assert {row["matricule"] for row in lieu.paie().anomalies if row["gravite"] == "bloquant"} == {"LB002"}


def test_un_changement_de_regime_au_milieu_du_mois_est_refuse_par_son_nom(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    contrat = contrat_de(data, "LB002")
    contrat["situations"][0]["au"] = "2026-11-14"
    nouvelles = {"du": "2026-11-15", "au": None, "regime_retraite": "ircantec", "heures_hebdo": "20"}
    contrat["situations"].append(dict(contrat["situations"][0]) | nouvelles)
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    result = lieu.calculer()

    assert result.bulletins == 4
    assert [(row.code, row.matricule) for row in result.anomalies] == [("changement-en-cours-de-mois", "LB002")]


def test_un_agent_laisse_de_cote_fait_partie_du_contenu(ouvert: Lieu) -> None:
    """Le motif qui prive un agent de bulletin change : le contenu approuvé n'est plus le même."""
    with ouvert.registre.transaction() as session:
        row = next(row for row in ouvert.rows(SituationContrat) if row.indice_majore == 377)
        row.au = MOIS.first_day.replace(day=10)
        session.add(row)
    ouvert.calculer()
    ouvert.valider(commentaire="payé à la main")
    with ouvert.registre.transaction() as session:
        item = next(item for item in ouvert.rows(ElementPermanent) if item.montant == 9_000)
        row.au, item.du = None, MOIS.first_day.replace(day=10)
        session.add(row)
        session.add(item)

    assert ouvert.calculer(minutes=60).nouvelle is True


def test_sans_parametres_d_employeur_rien_ne_se_calcule(ouvert: Lieu) -> None:
    ouvert.set(ParametreEmployeur, au=MOIS.previous.last_day)

    with pytest.raises(GesteRefuse, match="aucun paramètre d'employeur"):
        ouvert.calculer()


@pytest.mark.parametrize("etat", ["declaree", "restituee", "close"])
def test_une_paie_declaree_ne_se_recalcule_plus(ouvert: Lieu, etat: str) -> None:
    ouvert.calculer()
    ouvert.valider()
    ouvert.declarer()
    ouvert.set(Paie, etat=etat)

    assert ouvert.calculer(minutes=60).nouvelle is False, "rien n'a changé : sans effet"
    ouvert.set(TauxPas, taux_ppm=200_000)
    with pytest.raises(GesteRefuse, match="ne se recalcule plus"):
        ouvert.calculer(minutes=70)
    assert [(paie.revision, paie.etat) for paie in ouvert.rows(Paie)] == [(1, etat)]


def test_les_cumuls_du_mois_ouvrent_le_mois_suivant_et_janvier_repart(ouvert: Lieu) -> None:
    ouvert.calculer()
    november = ouvert.bulletins()["LB00101"]
    ouvert.ouvrir(DECEMBRE)
    ouvert.calculer(DECEMBRE)
    december = ouvert.bulletins(DECEMBRE)["LB00101"]
    with ouvert.registre.transaction() as session:
        january = gather(session, find_adherent(session, "lubescaux"), JANVIER)
    assert isinstance(january, EntreesDuMois)

    assert december.entrees["situation"]["cumuls"] == november.cumuls
    assert december.cumuls["brut"] == november.cumuls["brut"] + december.brut
    assert {contrat.situation.cumuls for contrat in january.contrats} == {Cumuls()}


def test_une_revision_remplacee_ne_compte_pas_dans_les_cumuls(ouvert: Lieu) -> None:
    ouvert.calculer()
    ouvert.deposer(fichier("lubescaux", element("LB002", "cia", "100,00")))
    ouvert.calculer(minutes=60)
    ouvert.ouvrir(DECEMBRE)
    ouvert.calculer(DECEMBRE)

    november = ouvert.bulletins()["LB00201"]
    assert ouvert.bulletins(DECEMBRE)["LB00201"].entrees["situation"]["cumuls"] == november.cumuls


def test_les_cumuls_repris_servent_au_premier_mois_paye_ici(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    contrat_de(data, "LB001")["cumuls"] = [
        {"annee": 2026, "brut": "12000.00", "rafp_assiette": "900.00"},
        {"annee": 2025, "brut": "99000.00"},
    ]
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    lieu.calculer()
    bulletin = lieu.bulletins()["LB00101"]

    assert bulletin.entrees["situation"]["cumuls"]["brut"] == 1_200_000
    assert bulletin.cumuls["brut"] == 1_200_000 + bulletin.brut
    assert lieu.bulletins()["LB00201"].entrees["situation"]["cumuls"]["brut"] == 0


def _arret(lieu: Lieu, debut: str, fin: str, mois: Month, minutes: int, prolongation: str = "") -> None:
    row = lieu.deposer(
        fichier(lieu.code, absence("HT003", "cmo", debut, fin, prolongation), mois=mois), minutes=minutes
    )
    assert row.etat == "accepte", row.anomalies


def test_un_arret_a_cheval_n_a_qu_un_jour_de_carence(ouvrir_lieu: Ouvrir) -> None:
    """Loi 2017-1837 art. 115 : la carence est au premier jour de l'arrêt, pas au premier de chaque mois."""
    lieu = ouvrir_lieu("hontarede")
    lieu.ouvrir()
    _arret(lieu, "24/11/2026", "08/12/2026", MOIS, 1)
    lieu.calculer()
    lieu.ouvrir(DECEMBRE, minutes=30)
    lieu.calculer(DECEMBRE, minutes=40)

    november, december = lieu.bulletins()["HT00301"].colonnes, lieu.bulletins(DECEMBRE)["HT00301"].colonnes
    assert (november["jours_carence"], november["jours_cmo"]) == (1, 6)
    assert (december["jours_carence"], december["jours_cmo"]) == (0, 8)


def test_les_jours_d_un_arret_a_cheval_ne_sont_pas_comptes_deux_fois(ouvrir_lieu: Ouvrir) -> None:
    """Le compteur du moteur part du premier jour de l'arrêt : les jours de novembre n'y sont pas déjà."""
    lieu = ouvrir_lieu("hontarede")
    lieu.ouvrir()
    _arret(lieu, "02/09/2026", "06/12/2026", MOIS, 1)
    lieu.calculer()
    lieu.ouvrir(DECEMBRE, minutes=30)
    lieu.calculer(DECEMBRE, minutes=40)
    bulletin = lieu.bulletins(DECEMBRE)["HT00301"]

    # 90 jours à plein droit : du 2 septembre au 30 novembre. Décembre est tout entier à demi-traitement.
    assert bulletin.entrees["situation"]["absences_anterieures"] == []
    assert (bulletin.colonnes["jours_cmo"], bulletin.colonnes["jours_cmo_demi_traitement"]) == (0, 6)


@pytest.mark.parametrize(
    "debut, fin, pleins",
    [
        # Le 24/11/2026 ouvre la fenêtre au 24/11/2025 : carence rang 89, puis rangs 90 et 91.
        (date(2026, 1, 2), date(2026, 3, 30), 1),
        (date(2026, 1, 2), date(2026, 3, 29), 2),
        # 89 jours du 23/11/2025 au 19/02/2026 : 88 dans la fenêtre du 24, 87 dans celle du 25, 86 dans celle du 26.
        (date(2025, 11, 23), date(2026, 2, 19), 2),
        (date(2025, 8, 1), date(2025, 11, 20), 2),
    ],
)
def test_les_jours_de_maladie_se_comptent_sur_les_365_jours_d_avant_chaque_jour(
    ouvrir_lieu: Ouvrir, debut: date, fin: date, pleins: int
) -> None:
    """CGFP L. 822-2 : la fenêtre de chaque jour d'un arrêt du 24 au 26 novembre 2026, carence le premier."""
    lieu = ouvrir_lieu("hontarede")
    lieu.ouvrir()
    contrat = next(row for row in lieu.rows(Contrat) if row.numero == "HT00301")
    with lieu.registre.transaction() as session:
        session.add(Absence(adherent_id=contrat.adherent_id, contrat_id=contrat.id, type="cmo", debut=debut, fin=fin))
    _arret(lieu, "24/11/2026", "26/11/2026", MOIS, 5)
    lieu.calculer()

    colonnes = lieu.bulletins()["HT00301"].colonnes
    assert (colonnes["jours_cmo"], colonnes["jours_cmo_demi_traitement"]) == (pleins, 2 - pleins)


def test_une_prolongation_au_mois_suivant_n_a_pas_de_carence(ouvrir_lieu: Ouvrir) -> None:
    lieu = ouvrir_lieu("hontarede")
    lieu.ouvrir()
    _arret(lieu, "24/11/2026", "30/11/2026", MOIS, 1)
    lieu.calculer()
    lieu.ouvrir(DECEMBRE, minutes=30)
    _arret(lieu, "01/12/2026", "04/12/2026", DECEMBRE, 31, prolongation="oui")
    lieu.calculer(DECEMBRE, minutes=40)
    bulletin = lieu.bulletins(DECEMBRE)["HT00301"]

    assert [row["fin"] for row in bulletin.entrees["situation"]["absences_anterieures"]] == ["2026-11-30"]
    assert (bulletin.colonnes["jours_carence"], bulletin.colonnes["jours_cmo"]) == (0, 4)


def test_l_ordre_des_agents_dans_le_dossier_ne_change_rien(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    straight = inscrire_lieu(data | {"code": "endroit", "siret": "99900200900028"})
    turned = inscrire_lieu(data | {"agents": data["agents"][::-1]})
    for lieu in (straight, turned):
        lieu.ouvrir()
        lieu.calculer()

    assert straight.paie().hash_contenu == turned.paie().hash_contenu


def test_un_mois_de_l_annee_reste_ouvert_se_calcule_d_abord(lieu: Lieu) -> None:
    """Sans lui, les cumuls (plafond de la RAFP, heures exonérées) partiraient de zéro."""
    lieu.ouvrir(MOIS.previous)
    lieu.ouvrir(MOIS)

    with pytest.raises(GesteRefuse, match="octobre 2026 est ouverte et pas encore calculée"):
        lieu.calculer(MOIS)

    lieu.calculer(MOIS.previous)
    assert lieu.calculer(MOIS).nouvelle
