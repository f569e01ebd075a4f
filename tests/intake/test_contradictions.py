"""Deux fichiers du même mois : compléter et répéter sont permis, se contredire ne l'est pas."""

from __future__ import annotations

import pytest

from payroll.anomalies import blocking
from payroll.intake.contradictions import compare, reconcile
from payroll.intake.lecture import Lecture
from tests.intake.fabrique import A, B, Cells, E, M, X, classeur, lire

_GREVE: Cells = {(A, "A5"): "A001", (A, "B5"): "Grève", (A, "C5"): "03/11/2026", (A, "D5"): "05/11/2026"}
_DEPART: Cells = {(M, "A5"): "A001", (M, "B5"): "15/11/2026", (M, "C5"): "Retraite"}
PREMIER: Cells = {(E, "E5"): 2.5, **_GREVE, **_DEPART}


def _read(cells: Cells, *, saisi: bool = True) -> Lecture:
    lecture = lire(classeur(cells, saisi=saisi))
    assert lecture.acceptee, lecture.anomalies
    return lecture


CONTRADICTIONS = [
    ("une autre valeur", {(E, "E5"): 3}, E, "E5", "ihts_jour", "3,00", "2,50, comme dans le premier fichier",
     "un fichier déjà accepté donne une autre valeur pour cet agent et cette rubrique."),
    ("une absence aux mêmes jours", _GREVE | {(A, "D5"): "04/11/2026"}, A, "C5", "", "du 03/11/2026 au 04/11/2026",
     "l'absence du 03/11/2026 au 05/11/2026, comme dans le premier fichier",
     "un fichier déjà accepté donne une autre absence aux mêmes jours."),
    ("un autre départ", _DEPART | {(M, "B5"): "16/11/2026"}, M, "B5", "", "16/11/2026",
     "un départ le 15/11/2026, comme dans le premier fichier",
     "un fichier déjà accepté donne un autre départ pour cet agent."),
]  # fmt: skip


@pytest.mark.parametrize("row", CONTRADICTIONS, ids=lambda row: row[0])
def test_un_second_fichier_ne_change_rien_en_silence(row: tuple[str, Cells, str, str, str, str, str, str]) -> None:
    _, cells, feuille, cellule, rubrique, recu, attendu, message = row
    (found,) = compare(_read(PREMIER), _read(cells))
    assert found.code == "fichiers-contradictoires"
    assert (found.feuille, found.cellule, found.matricule, found.rubrique) == (feuille, cellule, "A001", rubrique)
    assert (found.recu, found.attendu, found.message) == (recu, attendu, message)
    assert found.remede == "Redéposez le fichier complet et juste, avec « oui » à « Annule et remplace »."
    assert blocking([found]) == [found]


def test_neant_et_elements_se_contredisent_dans_les_deux_sens() -> None:
    neant, plein = _read({(B, "B8"): "oui"}, saisi=False), _read({})
    message = "un fichier dit « néant » et l'autre donne des éléments pour le même mois."
    assert [a.message for a in compare(neant, plein)] == [message]
    assert [a.message for a in compare(plein, neant)] == [message]


def test_annule_et_remplace_ne_contredit_rien() -> None:
    assert compare(_read(PREMIER), _read({(E, "E5"): 3, (B, "B9"): "oui"})) == []


def test_le_meme_contenu_est_signale_sans_bloquer() -> None:
    (found,) = compare(_read(PREMIER), _read(PREMIER | {(B, "B10"): "Quelqu'un d'autre", (E, "L5"): "redit"}))
    assert found.code == "contenu-deja-recu"
    assert found.message == "ce fichier dit la même chose qu'un fichier déjà accepté : rien n'est compté deux fois."
    assert blocking([found]) == []


@pytest.mark.parametrize(
    "cells",
    [
        {(E, "I6"): 10},
        {(E, "F5"): 1},
        _GREVE | {(A, "C5"): "06/11/2026", (A, "D5"): "06/11/2026"},
        _GREVE | {(A, "A5"): "A002"},
        {(X, "A5"): "A006/1", (X, "B5"): "cia", (X, "C5"): 1, (X, "A6"): "A006/2", (X, "B6"): "cia", (X, "C6"): 2},
    ],
    ids=["autre agent", "autre rubrique", "autres jours", "autre absent", "deux contrats"],
)
def test_un_complement_n_est_pas_une_contradiction(cells: Cells) -> None:
    assert compare(_read(PREMIER), _read(cells)) == []


_TOUT = PREMIER | {(E, "E5"): 3}


@pytest.mark.parametrize("row", CONTRADICTIONS, ids=lambda row: row[0])
def test_le_fichier_redit_en_entier_corrige(row: tuple[str, Cells, str, str, str, str, str, str]) -> None:
    new = reconcile([_read(PREMIER)], _read(PREMIER | row[1]))
    assert (new.remplace, new.acceptee) == (True, True)
    (found,) = new.anomalies
    assert (found.code, found.feuille, found.cellule) == ("envoi-corrige", row[2], row[3])
    assert found.message == f"vous aviez envoyé {row[6].split(', comme')[0]} ; nous retenons maintenant {row[5]}."


@pytest.mark.parametrize(
    "oublie", [(E, "I5"), (A, "A5"), (M, "A5")], ids=["sans un élément", "sans l'absence", "sans le départ"]
)
def test_une_correction_qui_ne_redit_pas_tout_est_refusee(oublie: tuple[str, str]) -> None:
    cells = {place: value for place, value in _TOUT.items() if place[0] != oublie[0] or place[0] == E}
    new = reconcile([_read(PREMIER)], _read(cells, saisi=oublie != (E, "I5")))
    assert (new.remplace, new.acceptee) == (False, False)
    assert {found.code for found in new.anomalies} == {"fichiers-contradictoires"}


def test_deux_sources_ne_se_corrigent_pas() -> None:
    """L'export d'un planning, puis le classeur : rien ne dit lequel a raison."""
    planning = lire(b"#adherent;c40999\n#mois;2026-11\nmatricule;code;valeur\nA001;ihts_jour;2\n", "planning.csv")
    assert not reconcile([planning], _read({(E, "E5"): 3})).acceptee


def test_neant_ne_corrige_pas_des_elements_mais_des_elements_corrigent_neant() -> None:
    neant, plein = _read({(B, "B8"): "oui"}, saisi=False), _read({})
    assert reconcile([neant], plein).remplace
    assert not reconcile([plein], neant).acceptee


def test_un_complement_est_pris_et_dit_ce_qui_reste() -> None:
    new = reconcile([_read(PREMIER)], _read({(E, "I6"): 10}, saisi=False))
    assert (new.remplace, new.acceptee) == (False, True)
    assert [(found.code, "4 éléments déjà envoyés" in found.message) for found in new.anomalies] == [
        ("envoi-complete", True)
    ]


def test_un_premier_fichier_ou_un_remplacement_dit_se_prend_tel_quel() -> None:
    first, said = _read(PREMIER), _read(_TOUT | {(B, "B9"): "oui"})
    assert reconcile([], first) is first
    assert reconcile([first], said) is said
