"""Recevoir : garder avant de lire, répondre toujours, ne compter chaque élément qu'une fois."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import payroll.month.recevoir as recevoir
from payroll.intake.receipt import receipt_name
from payroll.month.commun import find_adherent, put_document
from payroll.month.recevoir import keep_file, read_pending
from payroll.periods import Month
from payroll.store.tables import Absence, Contrat, ElementVariable, Evenement, Paie, SortieAnnoncee
from tests.month.conftest import Inscrire, Ouvrir
from tests.month.gestes import MOIS, Lieu, absence, acceptes, acte, description, element, fichier

HEURES = element("LB002", "heures_complementaires", "6,5")
CIA = element("LB002", "cia", "120,00")
CIA_LB001 = element("LB001", "cia", "80,00")


def _comptes(lieu: Lieu, mois: Month = MOIS) -> dict[tuple[str, str], int]:
    """(contrat, rubrique) → valeur de ce que le calcul prendrait."""
    lieu.calculer(mois, minutes=500)
    return {
        (numero, code): value
        for numero, bulletin in lieu.bulletins(mois).items()
        for code, value in bulletin.entrees["situation"]["variables"].items()
    }


@pytest.fixture
def ouvert(lieu: Lieu) -> Lieu:
    lieu.ouvrir()
    return lieu


def test_un_fichier_accepte_entre_en_paie_et_recoit_son_accuse(ouvert: Lieu) -> None:
    content = fichier("lubescaux", HEURES, CIA)
    row = ouvert.deposer(content)

    assert (row.etat, row.mois, row.neant) == ("accepte", "2026-11", False)
    assert _comptes(ouvert) == {("LB00201", "cia"): 12_000, ("LB00201", "heures_complementaires"): 650}
    assert receipt_name(row.nom, row.sha256) in ouvert.dus()
    assert "ACCEPTÉ" in ouvert.accuses()[0]
    assert ouvert.registre.pieces.get(row.sha256) == content


def test_un_fichier_est_garde_avant_d_etre_lu(ouvert: Lieu, monkeypatch: pytest.MonkeyPatch) -> None:
    """Une panne entre la garde et la lecture laisse un fichier « reçu » : la relève suivante le lit."""
    content = fichier("lubescaux", CIA)
    keep_file(ouvert.registre, "lubescaux", "variables.csv", content, acte(1))
    with monkeypatch.context() as patch:
        patch.setattr(recevoir, "read", _panne)
        with pytest.raises(RuntimeError, match="coupure"):
            read_pending(ouvert.registre, "lubescaux", acte(2))

    assert acceptes(ouvert) == ["recu"]
    assert ouvert.rows(ElementVariable) == []
    assert ouvert.registre.pieces.get(ouvert.fichiers()[0].sha256) == content

    read_pending(ouvert.registre, "lubescaux", acte(3))

    assert acceptes(ouvert) == ["accepte"]
    assert _comptes(ouvert) == {("LB00201", "cia"): 12_000}


def _panne(*_args: object) -> None:
    raise RuntimeError("coupure")


def test_les_memes_octets_deux_fois_ne_font_qu_une_ligne(ouvert: Lieu) -> None:
    """Même sous un autre nom : la relève reprise après une panne ne compte rien deux fois."""
    content = fichier("lubescaux", CIA)
    ouvert.deposer(content)
    documents = ouvert.documents()
    ouvert.deposer(content, nom="copie de variables.csv", minutes=5)

    assert acceptes(ouvert) == ["accepte"]
    assert len(ouvert.rows(ElementVariable)) == 1
    assert ouvert.documents() == documents


def test_un_second_fichier_complete_le_premier(ouvert: Lieu) -> None:
    ouvert.deposer(fichier("lubescaux", CIA))
    ouvert.deposer(fichier("lubescaux", CIA_LB001), minutes=5)

    assert acceptes(ouvert) == ["accepte", "accepte"]
    assert _comptes(ouvert) == {("LB00101", "cia"): 8_000, ("LB00201", "cia"): 12_000}


def test_un_second_fichier_qui_reprend_le_premier_n_ajoute_que_le_nouveau(ouvert: Lieu) -> None:
    ouvert.deposer(fichier("lubescaux", CIA))
    ouvert.deposer(fichier("lubescaux", CIA, CIA_LB001), minutes=5)

    assert _comptes(ouvert) == {("LB00101", "cia"): 8_000, ("LB00201", "cia"): 12_000}


def test_le_meme_contenu_sous_d_autres_octets_ne_compte_qu_une_fois(ouvert: Lieu) -> None:
    ouvert.deposer(fichier("lubescaux", CIA))
    ouvert.deposer(fichier("lubescaux", CIA, note="Une autre main"), minutes=5)

    assert _comptes(ouvert) == {("LB00201", "cia"): 12_000}
    assert any("rien n'est compté deux fois" in text for text in ouvert.accuses())


def test_un_second_fichier_qui_change_une_partie_sans_tout_redire_est_refuse(ouvert: Lieu) -> None:
    ouvert.deposer(fichier("lubescaux", CIA, HEURES))
    row = ouvert.deposer(fichier("lubescaux", element("LB002", "cia", "150,00")), minutes=5)

    assert row.etat == "refuse"
    assert _comptes(ouvert) == {("LB00201", "cia"): 12_000, ("LB00201", "heures_complementaires"): 650}
    assert any("Annule et remplace" in text for text in ouvert.accuses())


def test_corriger_c_est_redeposer(ouvert: Lieu) -> None:
    """Le même fichier, une valeur changée : il remplace l'envoi, et l'accusé dit ce qui change."""
    ouvert.deposer(fichier("lubescaux", CIA, HEURES))
    for rang, valeur in enumerate(("150,00", "90,00")):
        row = ouvert.deposer(fichier("lubescaux", element("LB002", "cia", valeur), HEURES), minutes=5 + rang)
        assert row.etat == "accepte"

    assert acceptes(ouvert) == ["remplace", "remplace", "accepte"]
    assert _comptes(ouvert) == {("LB00201", "cia"): 9_000, ("LB00201", "heures_complementaires"): 650}
    assert any("Vous aviez envoyé 150,00 ; nous retenons maintenant 90,00." in text for text in ouvert.accuses())


@pytest.mark.parametrize(
    ("nom", "restent"),
    [
        ("heures.csv", ["a-corriger-planning-89abcdef.xlsx"]),
        ("Heures corrigé.csv", ["a-corriger-planning-89abcdef.xlsx"]),
        ("a-corriger-planning-89abcdef.csv", ["a-corriger-heures-01234567.xlsx"]),
        ("autre.csv", ["a-corriger-heures-01234567.xlsx", "a-corriger-planning-89abcdef.xlsx"]),
    ],
)
def test_la_copie_a_corriger_part_quand_sa_correction_est_acceptee(ouvert: Lieu, nom: str, restent: list[str]) -> None:
    with ouvert.registre.transaction() as session:
        adherent = find_adherent(session, ouvert.code)
        for name in ("a-corriger-heures-01234567.xlsx", "a-corriger-planning-89abcdef.xlsx"):
            put_document(session, ouvert.registre, adherent, MOIS, name, b"x", acte(1).moment)
    ouvert.deposer(fichier("lubescaux", element("XXXX", "cia", "1")), nom=nom)
    assert len([name for name in ouvert.dus() if name.startswith("a-corriger-")]) == 2  # refusé : rien ne part

    ouvert.deposer(fichier("lubescaux", CIA), nom=nom, minutes=5)
    assert sorted(name for name in ouvert.dus() if name.startswith("a-corriger-")) == restent


def test_redeposer_deux_fois_la_correction_ne_change_rien(ouvert: Lieu) -> None:
    ouvert.deposer(fichier("lubescaux", CIA))
    corrige = fichier("lubescaux", element("LB002", "cia", "150,00"))
    for minutes in (5, 6, 7):
        ouvert.deposer(corrige, minutes=minutes)
    assert acceptes(ouvert) == ["remplace", "accepte"]
    assert _comptes(ouvert) == {("LB00201", "cia"): 15_000}


def test_redeposer_tel_quel_un_fichier_deja_remplace_se_dit_et_ne_change_rien(ouvert: Lieu) -> None:
    """Elle croit revenir au premier envoi : on lui dit que non, et comment faire (décision 0010)."""
    premier = fichier("lubescaux", CIA)
    ouvert.deposer(premier)
    ouvert.deposer(fichier("lubescaux", element("LB002", "cia", "150,00")), minutes=5)
    for minutes in (8, 9):
        ouvert.deposer(premier, minutes=minutes)

    assert acceptes(ouvert) == ["remplace", "accepte"]
    assert _comptes(ouvert) == {("LB00201", "cia"): 15_000}
    (dit,) = [text for text in ouvert.accuses() if "un envoi plus récent l'a remplacé" in text]
    assert "ouvrez-le, enregistrez-le de nouveau et redéposez-le" in dit


def test_un_complement_dit_ce_qui_reste_compte(ouvert: Lieu) -> None:
    ouvert.deposer(fichier("lubescaux", CIA))
    assert ouvert.deposer(fichier("lubescaux", CIA_LB001), minutes=5).etat == "accepte"
    (told,) = [text for text in ouvert.accuses() if "complète votre envoi" in text]
    assert "un élément déjà envoyé n'y est pas et reste compté (agents : LB002)" in told


def test_annule_et_remplace_ote_tout_ce_que_disaient_les_autres(ouvert: Lieu) -> None:
    ouvert.deposer(fichier("lubescaux", CIA))
    ouvert.deposer(fichier("lubescaux", HEURES, absence("LB001", "service_non_fait", "05/11/2026", "05/11/2026")))
    ouvert.deposer(fichier("lubescaux", element("LB002", "cia", "150,00"), remplace=True), minutes=5)

    assert acceptes(ouvert) == ["remplace", "remplace", "accepte"]
    assert _comptes(ouvert) == {("LB00201", "cia"): 15_000}
    assert all(not bulletin.entrees["situation"]["arrets"] for bulletin in ouvert.bulletins().values())
    assert len(ouvert.rows(ElementVariable)) == 3, "rien n'est effacé : on ne compte plus"
    assert len(ouvert.rows(Absence)) == 1


def test_neant_puis_des_elements_corrigent_le_neant(ouvert: Lieu) -> None:
    first = ouvert.deposer(fichier("lubescaux", neant=True))
    second = ouvert.deposer(fichier("lubescaux", CIA), minutes=5)

    assert (first.etat, first.neant, second.etat) == ("accepte", True, "accepte")
    assert acceptes(ouvert) == ["remplace", "accepte"]
    assert _comptes(ouvert) == {("LB00201", "cia"): 12_000}


def test_des_elements_puis_neant_se_contredisent(ouvert: Lieu) -> None:
    ouvert.deposer(fichier("lubescaux", CIA))
    assert ouvert.deposer(fichier("lubescaux", neant=True), minutes=5).etat == "refuse"
    assert _comptes(ouvert) == {("LB00201", "cia"): 12_000}


@pytest.mark.parametrize(
    "lignes, nommes",
    [
        ((element("LB002", "cia", "douze"),), "LB002"),
        ((element("LB099", "cia", "12,00"),), "LB099"),
        ((CIA, element("LB002", "heures_complementaires", "400")), "LB002"),
    ],
)
def test_un_fichier_refuse_ne_change_rien_et_dit_pourquoi(
    ouvert: Lieu, lignes: tuple[dict[str, str], ...], nommes: str
) -> None:
    row = ouvert.deposer(fichier("lubescaux", *lignes))

    assert row.etat == "refuse"
    assert ouvert.rows(ElementVariable) == []
    assert nommes in ouvert.accuses()[0]
    assert row.anomalies


def test_un_fichier_illisible_est_garde_et_recoit_une_reponse(ouvert: Lieu) -> None:
    content = b"\x00\x01\x02 ceci n'est pas un classeur"
    row = ouvert.deposer(content, nom="photo.xlsx")

    assert row.etat == "refuse"
    assert ouvert.registre.pieces.get(row.sha256) == content
    assert len(ouvert.accuses()) == 1


def test_un_fichier_recu_sans_mois_ouvert_est_garde_refuse_et_repondu(lieu: Lieu) -> None:
    row = lieu.deposer(fichier("lubescaux", CIA))

    assert (row.etat, row.mois) == ("refuse", None)
    assert lieu.rows(Paie) == []
    assert "aucun mois n'est ouvert" in lieu.accuses()[0]
    assert list(lieu.documents(MOIS)) == [receipt_name(row.nom, row.sha256)], "dans le dossier du mois de réception"


def test_un_fichier_refuse_se_relit_quand_on_le_redepose(lieu: Lieu) -> None:
    """Arrivé avant l'ouverture du mois, redéposé tel quel après : il compte, et sa réponse le dit."""
    content = fichier("lubescaux", CIA)
    lieu.deposer(content)
    lieu.ouvrir(minutes=5)
    row = lieu.deposer(content, minutes=10)

    assert (len(lieu.fichiers()), row.etat) == (1, "accepte")
    assert _comptes(lieu) == {("LB00201", "cia"): 12_000}
    assert "ACCEPTÉ" in lieu.accuses()[0]


def test_redeposer_un_fichier_fautif_donne_la_meme_reponse(ouvert: Lieu) -> None:
    content = fichier("lubescaux", element("LB002", "cia", "douze"))
    ouvert.deposer(content)
    documents = ouvert.documents()
    row = ouvert.deposer(content, minutes=5)

    assert row.etat == "refuse"
    assert ouvert.documents() == documents


def test_deux_mois_ouverts_le_fichier_dit_lequel_il_sert(ouvert: Lieu) -> None:
    """Novembre n'est pas encore déclaré quand décembre s'ouvre : chaque fichier va à son mois."""
    decembre = Month(2026, 12)
    ouvert.ouvrir(decembre)
    row = ouvert.deposer(fichier("lubescaux", CIA, mois=decembre))
    ouvert.deposer(fichier("lubescaux", HEURES))

    assert (row.etat, row.mois) == ("accepte", "2026-12")
    assert _comptes(ouvert) == {("LB00201", "heures_complementaires"): 650}
    assert _comptes(ouvert, decembre) == {("LB00201", "cia"): 12_000}
    assert receipt_name(row.nom, row.sha256) in ouvert.documents(decembre)


def test_un_fichier_d_un_mois_ferme_est_refuse(ouvert: Lieu) -> None:
    row = ouvert.deposer(fichier("lubescaux", CIA, mois=Month(2026, 9)))

    assert row.etat == "refuse"
    assert ouvert.rows(ElementVariable) == []


def test_le_fichier_d_un_autre_adherent_est_refuse(ouvrir_lieu: Ouvrir) -> None:
    lieu = ouvrir_lieu("lubescaux")
    lieu.ouvrir()
    row = lieu.deposer(fichier("pouymirede", CIA))

    assert row.etat == "refuse"
    assert lieu.rows(ElementVariable) == []


def test_les_noms_ne_sont_que_dans_les_reponses(ouvert: Lieu) -> None:
    """Ni le journal des gestes, ni les anomalies gardées ne nomment un agent : le matricule suffit."""
    ouvert.deposer(fichier("lubescaux", element("LB002", "cia", "douze"), element("LB001", "cia", "1,00")))
    stored = " ".join(
        [str(row.detail) for row in ouvert.rows(Evenement)] + [str(row.anomalies) for row in ouvert.fichiers()]
    )

    assert "LB002" in stored
    assert not any(name in stored for name in ouvert.noms())


def test_un_element_va_au_contrat_que_le_fichier_designe(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    second = dict(data["agents"][1]["contrats"][0]) | {"numero": "LB00202", "permanents": []}
    data["agents"][1]["contrats"].append(second)
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    row = lieu.deposer(fichier("lubescaux", element("LB002/LB00202", "cia", "50,00")))
    ambiguous = lieu.deposer(fichier("lubescaux", CIA), minutes=5)

    assert (row.etat, ambiguous.etat) == ("accepte", "refuse")
    numeros = {contrat.id: contrat.numero for contrat in lieu.rows(Contrat)}
    assert [numeros[item.contrat_id] for item in lieu.rows(ElementVariable)] == ["LB00202"]


def test_une_absence_vaut_pour_tous_les_mois_qu_elle_touche(ouvert: Lieu) -> None:
    ouvert.deposer(fichier("lubescaux", absence("LB002", "cmo", "20/11/2026", "08/12/2026")))
    ouvert.calculer()
    ouvert.ouvrir(Month(2026, 12), minutes=30)
    ouvert.calculer(Month(2026, 12), minutes=40)

    for mois in (MOIS, Month(2026, 12)):
        assert len(ouvert.bulletins(mois)["LB00201"].entrees["situation"]["arrets"]) == 1


ELEMENTS = (CIA, CIA_LB001, HEURES, element("LB001", "heures_complementaires", "3"))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_l_ordre_des_fichiers_compatibles_ne_change_rien(ouvert: Lieu, order: tuple[int, ...]) -> None:
    contents = [fichier("lubescaux", *ELEMENTS[rank : rank + 2], note=f"main {rank}") for rank in range(3)]
    for minutes, rank in enumerate(order, start=1):
        assert ouvert.deposer(contents[rank], nom=f"{rank}.csv", minutes=10 * minutes).etat == "accepte"

    assert _comptes(ouvert) == {
        ("LB00101", "cia"): 8_000,
        ("LB00101", "heures_complementaires"): 300,
        ("LB00201", "cia"): 12_000,
        ("LB00201", "heures_complementaires"): 650,
    }


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(ELEMENTS), min_size=1, unique_by=str).flatmap(st.permutations))
def test_l_ordre_des_lignes_d_un_fichier_ne_change_rien(ouvert: Lieu, lignes: list[dict[str, str]]) -> None:
    """Chaque fichier remplace le précédent : seul le dernier compte, dans n'importe quel ordre de lignes."""
    rank = len(ouvert.fichiers()) + 1
    note = f"tirage {rank}"
    row = ouvert.deposer(fichier("lubescaux", *lignes, remplace=True, note=note), nom=f"{rank}.csv", minutes=rank)

    assert row.etat == "accepte"
    expected = {(f"{ligne['matricule']}01", ligne["code"]) for ligne in lignes}
    assert set(_comptes(ouvert)) == expected


def test_un_depart_annonce_finit_le_contrat_au_mois_suivant(ouvert: Lieu) -> None:
    """Payé jusqu'à son départ ; plus au classeur ni en paie ensuite, même si le mois n'est pas encore clos."""
    row = ouvert.deposer(fichier("lubescaux", CIA))
    with ouvert.registre.transaction() as session:
        contrat = next(contrat for contrat in ouvert.rows(Contrat) if contrat.numero == "LB00101")
        session.add(
            SortieAnnoncee(
                adherent_id=contrat.adherent_id,
                fichier_id=row.id or 0,
                contrat_id=contrat.id,
                date=MOIS.first_day.replace(day=15),
                motif="059",
            )
        )
    ouvert.calculer()
    ouvert.ouvrir(Month(2026, 12), minutes=30)
    ouvert.calculer(Month(2026, 12), minutes=40)

    assert ouvert.bulletins()["LB00101"].colonnes["jours_presence"] == 15
    assert "LB00101" not in ouvert.bulletins(Month(2026, 12))
    assert ouvert.paie(Month(2026, 12)).anomalies == []
