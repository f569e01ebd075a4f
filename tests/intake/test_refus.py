"""Chaque faute a son refus : le code, la case, ce qui est reçu, ce qui était attendu, et des mots qu'on comprend."""

from __future__ import annotations

import re

import pytest

from payroll.anomalies import Gravite
from tests.intake.fabrique import CANARIS, A, E, M, X, classeur, codes, lire, ods
from tests.intake.tables_refus import CSV, REFUS, Refus

IDS = [f"{rank}-{refus.code}" for rank, refus in enumerate(REFUS)]


@pytest.mark.parametrize("refus", REFUS, ids=IDS)
def test_chaque_faute_est_refusee_a_sa_place_et_en_clair(refus: Refus) -> None:
    lecture = lire(classeur(refus.cells, refus.tweak, saisi=refus.saisi))
    assert codes(lecture) == [refus.code]
    (found,) = [anomalie for anomalie in lecture.anomalies if anomalie.gravite is Gravite.BLOQUANT]
    told = (found.feuille, found.cellule, found.recu, found.attendu, found.message, found.matricule)
    assert told == (refus.feuille, refus.cellule, refus.recu, refus.attendu, refus.message, refus.matricule)
    assert found.fichier == "fichier.xlsx"
    assert found.remede.endswith(".")


@pytest.mark.parametrize("refus", REFUS[3::7], ids=lambda refus: refus.code)
def test_le_meme_classeur_en_ods_dit_les_memes_refus(refus: Refus) -> None:
    """Le tableur employé ne change rien à ce qui est admis."""
    assert codes(lire(ods(classeur(refus.cells, saisi=refus.saisi)))) == [refus.code]


@pytest.mark.parametrize(("code", "text", "place", "attendu", "message"), CSV)
def test_chaque_faute_d_un_fichier_texte_est_refusee(
    code: str, text: str, place: str, attendu: str, message: str
) -> None:
    lecture = lire(text.encode())
    assert codes(lecture) == [code]
    (found,) = [anomalie for anomalie in lecture.anomalies if anomalie.code == code]
    assert (found.cellule, found.attendu, found.message) == (place, attendu, message)


def test_un_csv_sans_en_tete_dit_les_lignes_a_ajouter() -> None:
    """La secrétaire, ou son éditeur de planning, sait quoi écrire."""
    lecture = lire(b"matricule;code;valeur\nA001;cia;1\n")
    assert codes(lecture) == ["entete-manquant", "entete-manquant"]
    assert lecture.anomalies[0].remede == (
        "Ajoutez en tête du fichier les deux lignes « #adherent;c40999 » et « #mois;2026-11 »."
    )


def test_toutes_les_fautes_se_disent_d_un_coup() -> None:
    """On ne fait pas revenir trois fois la même personne."""
    lecture = lire(classeur({(E, "E5"): "x", (E, "E6"): -1, (A, "A5"): "A001", (X, "A5"): "A001"}))
    assert {anomalie.feuille for anomalie in lecture.anomalies} == {E, A, X}
    assert len(lecture.anomalies) >= 6


AVERTISSEMENTS = [
    ("nom-different", classeur({(E, "B5"): "Autrement"}), E, "B5"),
    ("feuille-en-trop", classeur({}, lambda book: book.create_sheet("Mes notes")), "Mes notes", ""),
    ("entree-annoncee",
     classeur({(M, "F5"): "Nouvelle", (M, "G5"): "Venue", (M, "H5"): "16/11/2026", (M, "I5"): "CDD"}), M, "F5"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "book", "feuille", "cellule"), AVERTISSEMENTS, ids=lambda item: str(item)[:20])
def test_ce_qui_merite_un_regard_ne_bloque_pas(code: str, book: object, feuille: str, cellule: str) -> None:
    lecture = lire(book)  # type: ignore[arg-type]
    assert lecture.acceptee
    assert [(a.code, a.feuille, a.cellule) for a in lecture.anomalies] == [(code, feuille, cellule)]


def test_une_colonne_de_trop_dans_un_csv_est_dite_sans_bloquer() -> None:
    text = "#adherent;c40999\n#mois;2026-11\nmatricule;code;valeur;service\nA001;cia;1;Voirie\n"
    lecture = lire(text.encode())
    assert [(a.code, a.cellule, a.recu) for a in lecture.anomalies] == [
        ("colonne-ignoree", "ligne 3, colonne 4", "service")
    ]
    assert lecture.acceptee


def test_un_total_ne_se_verifie_que_si_tout_le_reste_se_lit() -> None:
    """Une valeur refusée fausserait la somme et désignerait une faute qui n'en est pas une."""
    assert codes(lire(classeur({("Bordereau", "B13"): 150, (E, "I6"): "cinquante"}))) == ["nombre-illisible"]


def test_au_dela_de_deux_cents_constats_le_reste_est_compte() -> None:
    cells = {(X, f"A{row}"): "A001" for row in range(5, 200)}
    lecture = lire(classeur(cells))
    assert len(lecture.anomalies) == 201
    assert lecture.anomalies[-1].code == "trop-de-constats"
    assert re.match(r"ce fichier a \d+ autres points", lecture.anomalies[-1].message)
    assert not lecture.acceptee


@pytest.mark.privacy
def test_aucun_constat_ne_repete_un_nom_ni_un_numero_personnel() -> None:
    """Un nom tapé dans n'importe quelle case ne passe ni dans les anomalies, ni dans leur trace."""
    numero = "2 84 11 99 123 456 78"
    cells: dict[tuple[str, str], object] = {(E, f"{column}5"): "Mme Zibelinard" for column in "EFGI"}
    cells |= {(E, "A6"): "Quetschal Fulgencia", (E, "I6"): 3, (E, "I7"): numero, (E, "N8"): "voir Drouviste"}
    cells |= {(A, "A5"): "PERRINOCHE", (A, "B5"): "Mirabelo", (A, "C5"): numero, (A, "E5"): "Zibelinard"}
    cells |= {(M, "A5"): "Drouviste Mirabelo", (X, "A5"): "A001 – Zibelinard Perrinoche", (X, "B5"): "fulgencia"}
    cells |= {(M, "F5"): "Quetschal", (M, "G5"): "Perrinoche", (M, "H5"): "Zibelinard", (M, "I5"): "Mirabelo"}
    lecture = lire(classeur(cells, lambda book: book.create_sheet("Heures de Mirabelo")))
    said = f"{lecture!r} {' '.join(map(str, lecture.anomalies))}".casefold()
    assert len(lecture.anomalies) > 12
    assert [name for name in CANARIS if name.casefold() in said] == []
    assert "123 456" not in said
