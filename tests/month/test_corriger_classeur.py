"""Corriger par un classeur : toutes les lignes ou aucune, chacune motivée et située ; redéposer ne change rien."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date

import pytest
from openpyxl import Workbook, load_workbook

from payroll.intake import layout
from payroll.intake.correction import forme
from payroll.month.commun import GesteRefuse
from payroll.month.corriger import correct_element, month_absences, month_corrections
from payroll.month.corriger_classeur import Bilan, apply_corrections, export_corrections
from payroll.store.tables import Absence, EtatPaie, Evenement, Paie
from tests.month.gestes import MOIS, Lieu, absence, acte, element, fichier

E, A, P, N = forme.ELEMENTS, forme.ABSENCES, forme.AJOUTS, forme.NOUVELLES
AGENT = "LB002"
Cells = Mapping[tuple[str, str], object]


@pytest.fixture
def ouvert(lieu: Lieu) -> Lieu:
    lieu.ouvrir()
    lieu.deposer(
        fichier(
            "lubescaux",
            element(AGENT, "cia", "100,00"),
            element(AGENT, "heures_complementaires", "6,5"),
            absence("LB001", "cmo", "2026-11-09", "2026-11-13"),
        )
    )
    return lieu


def classeur(lieu: Lieu, cells: Cells | None = None) -> bytes:
    book: Workbook = load_workbook(io.BytesIO(export_corrections(lieu.registre, lieu.code, MOIS)))
    for (sheet, address), value in (cells or {}).items():
        book[sheet][address] = value
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def appliquer(lieu: Lieu, content: bytes, minutes: int = 5) -> Bilan:
    return apply_corrections(lieu.registre, lieu.code, MOIS, "corrections.xlsx", content, acte(minutes))


def phrases(lieu: Lieu) -> list[tuple[str, str, str]]:
    """(agent, correction, motif) de ce qui est en cours."""
    found = month_corrections(lieu.registre, lieu.code, MOIS)
    return [(item.matricule, item.phrase, item.row.motif) for item in found if item.row.annulee_le is None]


def places(bilan: Bilan) -> list[tuple[str, str, str]]:
    return [(a.code, a.feuille, a.cellule) for a in bilan.anomalies]


def test_le_classeur_montre_l_etat_du_mois(ouvert: Lieu) -> None:
    correct_element(
        ouvert.registre, ouvert.code, AGENT, MOIS, acte(4), rubrique="cia", valeur=5_000, motif="appel", ajouter=True
    )
    book = load_workbook(io.BytesIO(export_corrections(ouvert.registre, ouvert.code, MOIS)))
    rows = [[cell.value for cell in row[:7]] for row in book[E].iter_rows(min_row=layout.PREMIERE_LIGNE)]
    assert [(row[0], row[3], row[4], row[5], row[6]) for row in rows] == [
        ("E:LB002:cia", 100, 100, None, None),
        ("L:1", None, 50, None, None),
        ("E:LB002:heures_complementaires", 6.5, 6.5, None, None),
    ]
    (known,) = month_absences(ouvert.registre, ouvert.code, MOIS)
    assert [cell.value for cell in book[A][layout.PREMIERE_LIGNE][:5]] == [
        f"A:{known.numero}", book[A]["B5"].value, "Congé de maladie ordinaire", "09/11/2026", "13/11/2026",
    ]  # fmt: skip
    assert all(book[name].protection.sheet for name in (E, A, P, N))
    assert book[forme.CACHEE].sheet_state == "hidden"
    assert not book[E]["F5"].protection.locked


def test_le_meme_etat_donne_les_memes_octets(ouvert: Lieu) -> None:
    first = export_corrections(ouvert.registre, ouvert.code, MOIS)
    assert export_corrections(ouvert.registre, ouvert.code, MOIS) == first


TOUT: Cells = {
    (E, "F5"): 250, (E, "G5"): "délibération du 3 novembre",
    (P, "A5"): "LB001", (P, "B5"): "cia", (P, "C5"): "en plus ou en moins", (P, "D5"): 20, (P, "E5"): "oublié",
    (A, "H5"): date(2026, 11, 11), (A, "I5"): "reprise le 12",
    (N, "A5"): AGENT, (N, "B5"): "Grève", (N, "C5"): date(2026, 11, 16), (N, "D5"): date(2026, 11, 16),
    (N, "F5"): "déclaration individuelle",
}  # fmt: skip


def test_toutes_les_lignes_s_appliquent_tracees_et_motivees(ouvert: Lieu) -> None:
    bilan = appliquer(ouvert, classeur(ouvert, TOUT))
    assert bilan.anomalies == ()
    assert (len(bilan.faites), bilan.inchangees) == (4, 0)
    assert phrases(ouvert) == [
        (AGENT, "Complément indemnitaire annuel (CIA) : 250,00 au lieu du fichier", "délibération du 3 novembre"),
        ("LB001", "Absence retirée : congé de maladie ordinaire, du 09/11/2026 au 13/11/2026", "reprise le 12"),
        ("LB001", "Absence ajoutée : congé de maladie ordinaire, du 09/11/2026 au 11/11/2026", "reprise le 12"),
        ("LB001", "Complément indemnitaire annuel (CIA) : +20,00 en plus du fichier", "oublié"),
        (AGENT, "Absence ajoutée : grève, du 16/11/2026 au 16/11/2026", "déclaration individuelle"),
    ]
    gestes = [row for row in ouvert.rows(Evenement) if row.geste in ("corriger", "corriger-classeur")]
    assert [row.geste for row in gestes] == ["corriger"] * 5 + ["corriger-classeur"]
    assert (gestes[-1].par, gestes[-1].detail["corrections"]) == ("gestionnaire", 4)


def test_redeposer_le_meme_classeur_ou_le_meme_enregistre_autrement_ne_change_rien(ouvert: Lieu) -> None:
    content = classeur(ouvert, TOUT)
    appliquer(ouvert, content)
    before, absences = phrases(ouvert), len(ouvert.rows(Absence))
    assert appliquer(ouvert, content, 6) == Bilan(deja=True)

    book = load_workbook(io.BytesIO(content))
    book[E]["A1"] = "un titre changé"
    stream = io.BytesIO()
    book.save(stream)
    again = appliquer(ouvert, stream.getvalue(), 7)
    assert (again.appliquees, again.faites, again.inchangees) == (True, (), 4)
    assert (phrases(ouvert), len(ouvert.rows(Absence))) == (before, absences)


Faute = tuple[str, Cells, tuple[str, str, str], str]
FAUTES: list[Faute] = [
    ("motif oublié", {(E, "F5"): 250}, ("motif-manquant", E, "G5"), "dit sa raison"),
    ("valeur oubliée", {(E, "G5"): "appel"}, ("valeur-oubliee", E, "F5"), "rien ne change"),
    ("texte", {(E, "F5"): "beaucoup", (E, "G5"): "x"}, ("nombre-illisible", E, "F5"), "ne se lit pas"),
    ("négatif", {(E, "F5"): -5, (E, "G5"): "x"}, ("nombre-negatif", E, "F5"), "négatif"),
    ("formule", {(E, "F5"): "=1+1", (E, "G5"): "x"}, ("formule", E, "F5"), "formule"),
    ("repère effacé", {(E, "A5"): "E:LB002:rien", (E, "F5"): 5, (E, "G5"): "x"}, ("repere-inconnu", E, "A5"), "export"),
    ("agent inconnu", {(P, "A5"): "LB099", (P, "B5"): "cia", (P, "C5"): "à la place du fichier", (P, "D5"): 5,
                       (P, "E5"): "x"}, ("agent-inconnu", P, "A5"), "aucun de vos agents"),
    ("élément hors liste", {(P, "A5"): AGENT, (P, "B5"): "traitement", (P, "C5"): "à la place du fichier", (P, "D5"): 5,
                            (P, "E5"): "x"}, ("rubrique-inconnue", P, "B5"), "ne se corrige pas"),
    ("retirer et redater", {(A, "F5"): "oui", (A, "H5"): date(2026, 11, 11), (A, "I5"): "x"},
     ("choix-contradictoire", A, "F5"), "choisissez"),
    ("le calcul refuserait", {(P, "A5"): AGENT, (P, "B5"): "ihts_jour", (P, "C5"): "à la place du fichier",
                              (P, "D5"): 40, (P, "E5"): "x"}, ("correction-refusee", P, "D5"), "le calcul refuserait"),
    ("absence sur une autre", {(N, "A5"): "LB001", (N, "B5"): "Grève", (N, "C5"): date(2026, 11, 12),
                               (N, "D5"): date(2026, 11, 12), (N, "F5"): "x"}, ("correction-refusee", N, "C5"),
     "déjà connue"),
    ("rien", {}, ("rien-a-corriger", "", ""), "aucune correction"),
    ("autre mois", {(forme.CACHEE, "B4"): "2026-10"}, ("classeur-inattendu", "", ""), "de ce mois"),
    ("autre adhérent", {(forme.CACHEE, "B3"): "bibrac"}, ("classeur-inattendu", "", ""), "de cet adhérent"),
    ("titres", {(E, "F4"): "nouveau"}, ("titres-modifies", E, ""), "titres"),
]  # fmt: skip


@pytest.mark.parametrize("faute", FAUTES, ids=lambda faute: faute[0])
def test_une_seule_faute_et_rien_ne_s_applique(
    ouvert: Lieu, faute: tuple[str, Cells, tuple[str, str, str], str]
) -> None:
    _, cells, place, mots = faute
    # Une ligne juste l'accompagne : elle ne s'applique pas non plus.
    juste: Cells = {(E, "F6"): 8, (E, "G6"): "relevé d'heures"} if cells else {}
    bilan = appliquer(ouvert, classeur(ouvert, {**juste, **cells}))
    assert places(bilan) == [place]
    assert mots in bilan.anomalies[0].message
    assert bilan.anomalies[0].fichier == "corrections.xlsx"
    assert phrases(ouvert) == []
    assert "corriger" not in ouvert.gestes()


def test_toutes_les_fautes_se_disent_d_un_coup(ouvert: Lieu) -> None:
    cells: Cells = {
        (P, "A5"): AGENT, (P, "B5"): "ihts_jour", (P, "C5"): "à la place du fichier", (P, "D5"): 40, (P, "E5"): "x",
        (N, "A5"): "LB001", (N, "B5"): "Grève", (N, "C5"): date(2026, 11, 12), (N, "D5"): date(2026, 11, 12),
        (N, "F5"): "x",
    }  # fmt: skip
    bilan = appliquer(ouvert, classeur(ouvert, cells))
    assert places(bilan) == [("correction-refusee", P, "D5"), ("correction-refusee", N, "C5")]


def test_une_valeur_changee_depuis_l_export_est_refusee_a_sa_case(ouvert: Lieu) -> None:
    content = classeur(ouvert, {(E, "F5"): 250, (E, "G5"): "délibération"})
    correct_element(ouvert.registre, ouvert.code, AGENT, MOIS, acte(4), rubrique="cia", valeur=7_000, motif="appel")
    bilan = appliquer(ouvert, content)
    assert places(bilan) == [("correction-refusee", E, "F5")]
    assert "montrait 100,00, le mois porte 70,00" in bilan.anomalies[0].message


def test_une_ligne_manuelle_se_change_et_s_annule(ouvert: Lieu) -> None:
    correct_element(
        ouvert.registre, ouvert.code, AGENT, MOIS, acte(4), rubrique="cia", valeur=5_000, motif="appel", ajouter=True
    )
    assert appliquer(ouvert, classeur(ouvert, {(E, "F6"): -30, (E, "G6"): "signe inversé"})).appliquees
    assert [phrase for _, phrase, _ in phrases(ouvert)] == [
        "Complément indemnitaire annuel (CIA) : -30,00 en plus du fichier"
    ]
    assert appliquer(ouvert, classeur(ouvert, {(E, "F6"): 0, (E, "G6"): "finalement non"}), 8).appliquees
    assert phrases(ouvert) == []


def test_un_element_a_zero_ne_se_paie_pas_et_une_absence_se_retire(ouvert: Lieu) -> None:
    cells: Cells = {(E, "F5"): 0, (E, "G5"): "erreur", (A, "F5"): "oui", (A, "I5"): "arrêt annulé"}
    assert len(appliquer(ouvert, classeur(ouvert, cells)).faites) == 2
    assert month_absences(ouvert.registre, ouvert.code, MOIS) == []
    assert phrases(ouvert)[0][1] == "Complément indemnitaire annuel (CIA) : ne se paie pas ce mois-ci"


@pytest.mark.parametrize("etat", [EtatPaie.DECLAREE, EtatPaie.RESTITUEE, EtatPaie.CLOSE])
def test_un_mois_ferme_refuse_et_dit_quoi_faire(ouvert: Lieu, etat: EtatPaie) -> None:
    content = classeur(ouvert, {(E, "F5"): 250, (E, "G5"): "x"})
    with ouvert.registre.transaction() as session:
        paie = session.get_one(Paie, 1)
        paie.etat = etat
        session.add(paie)
    with pytest.raises(GesteRefuse, match="paie rappel saisir"):
        appliquer(ouvert, content)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"PK\x03\x04abime", b"a;b"])
def test_un_fichier_qui_n_est_pas_un_classeur_est_une_anomalie(ouvert: Lieu, content: bytes) -> None:
    assert appliquer(ouvert, content).anomalies
    assert phrases(ouvert) == []
