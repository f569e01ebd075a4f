"""L'accusé de réception et la copie annotée : ce que la secrétaire relit, et où elle corrige."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pytest
from openpyxl import load_workbook

from payroll.intake.lecture import Lecture
from payroll.intake.receipt import marked_copy, marked_copy_name, receipt_name, text
from payroll.intake.roster import Roster
from tests.intake.fabrique import CANARIS, ROSTER, A, B, E, M, X, classeur, lire, octets, ods

SHA = "0123456789abcdef" * 4
RECU = datetime(2026, 11, 18, 9, 5, tzinfo=UTC)


def _text(lecture: Lecture, fichier: str = "novembre.xlsx", roster: Roster = ROSTER) -> str:
    return text(lecture, roster=roster, fichier=fichier, recu_le=RECU, sha256=SHA)


def test_un_fichier_accepte_redit_tout_ce_qui_est_compris() -> None:
    cells = {
        (E, "E5"): 2.5, (E, "I7"): "1 234,5", (E, "H10"): 4, (E, "B8"): "Autrement", (E, "I8"): 10,
        (A, "A5"): "A001", (A, "B5"): "Grève", (A, "C5"): "03/11/2026", (A, "D5"): "04/11/2026", (A, "E5"): "oui",
        (M, "A5"): "A004", (M, "B5"): "15/11/2026", (M, "C5"): "Retraite",
        (M, "F5"): "Nouvelle", (M, "G5"): "Venue", (M, "H5"): "16/11/2026", (M, "I5"): "CDD",
        (B, "B9"): "oui",
    }  # fmt: skip
    assert _text(lire(classeur(cells))).split("\r\n") == [
        "ACCUSÉ DE RÉCEPTION",
        "Commune de Saint-Exemple, paie de novembre 2026",
        "-" * 72,
        "Fichier reçu : novembre.xlsx",
        "Reçu le      : 18/11/2026 à 10 h 05",
        "Référence    : 0123456789abcdef",
        "",
        "Votre fichier est ACCEPTÉ. Voici ce que nous avons compris.",
        "",
        "Il annule et remplace ce que vous aviez envoyé pour ce mois.",
        "",
        "A001  Zibelinard Perrinoche",
        "    Complément indemnitaire annuel : 100,00 €",
        "    Heures sup. de jour : 2,5 h",
        "    Grève, du 03/11/2026 au 04/11/2026, prolongation",
        "",
        "A003  Drouviste Mirabelo",
        "    Complément indemnitaire annuel : 1 234,50 €",
        "",
        "A004  Zibelinard Fulgencia",
        "    Complément indemnitaire annuel : 10,00 €",
        "    Départ le 15/11/2026 : Retraite",
        "",
        "A006/1  Drouviste Perrinoche",
        "    Heures complémentaires : 4 h",
        "",
        "Arrivées annoncées :",
        "    Nouvelle Venue, le 16/11/2026, contractuel",
        "",
        "En tout : 6,5 h et 1 344,50 €.",
        "",
        "À regarder (rien de ceci ne bloque) :",
        "  - feuille « Éléments », case B8, agent A004 : Le nom écrit n'est pas celui que nous connaissons pour ce "
        "matricule. Ligne décalée : corrigez-la. Changement de nom : dites-le à votre gestionnaire.",
        "  - feuille « Entrées et sorties », case F5 : Une arrivée est annoncée : cette personne sera payée quand son "
        "dossier sera ouvert. Envoyez l'arrêté ou le contrat, et le RIB, à votre gestionnaire.",
        "",
        "Relisez ce qui précède : c'est votre contrôle. Si tout est juste, vous n'avez rien d'autre à faire.",
        "Sinon, corrigez ce même classeur et déposez-le de nouveau dans « depot » : il remplacera celui-ci.",
        "Pour retirer un élément, effacez-le et choisissez « oui » à « Annule et remplace » avant de redéposer.",
        "",
    ]


def test_un_neant_est_redit() -> None:
    said = _text(lire(classeur({(B, "B8"): "oui"}, saisi=False)))
    assert "Néant : aucun élément variable ce mois-ci." in said
    assert "En tout" not in said


def test_un_fichier_refuse_dit_chaque_case_et_comment_la_corriger() -> None:
    lecture = lire(classeur({(E, "E5"): "douze", (A, "A5"): "A001", (A, "B5"): "Grève", (A, "C5"): "03/11/2026"}))
    assert _text(lecture).split("\r\n")[7:] == [
        "Votre fichier est À CORRIGER : 2 points. Rien n'en a été pris en compte.",
        "",
        "1. Feuille « Éléments », case E5 (Heures sup. de jour), agent A001",
        "   Ce nombre ne se lit pas.",
        "   Reçu : « douze »",
        "   Attendu : un nombre avec deux décimales au plus, par exemple 2,5",
        "   Corrigez cette case, enregistrez, puis déposez de nouveau le fichier.",
        "",
        "2. Feuille « Absences », case D5, agent A001",
        "   Le dernier jour manque.",
        "   Attendu : une date, écrite jj/mm/aaaa",
        "   Corrigez cette case, enregistrez, puis déposez de nouveau le fichier.",
        "",
        "À côté de cet accusé, votre classeur, cases à corriger en couleur et commentées :",
        f"    {marked_copy_name('novembre.xlsx', SHA)}",
        "Corrigez-le, enregistrez, et déposez-le dans « depot » : nous répondrons à la relève suivante.",
        "Une question : votre gestionnaire.",
        "",
    ]


def test_un_fichier_illisible_ne_promet_pas_de_copie() -> None:
    said = _text(lire(b"PK\x03\x04abime"))
    assert "1. Tout le fichier\r\n" in said
    assert "copie" not in said


@pytest.mark.privacy
def test_les_noms_ne_sont_que_dans_l_accuse_accepte() -> None:
    accepted, refused = classeur({}), classeur({(E, "I5"): "x"})
    assert CANARIS[0] in _text(lire(accepted))
    assert [name for name in CANARIS if name in _text(lire(refused))] == []


def test_un_nom_de_fichier_piege_est_desarme() -> None:
    assert "Fichier reçu : a?b?c\r\n" in _text(lire(classeur({})), "a\u202eb\nc")
    assert receipt_name("../../Éléments (novembre).xlsx", SHA) == "accuse-elements-novembre-01234567.txt"
    assert marked_copy_name("日本.xlsx", SHA) == "a-corriger-fichier-01234567.xlsx"


def test_la_copie_annotee_colore_et_commente_les_cases_et_elles_seules() -> None:
    content = octets(classeur({(E, "E5"): "douze", (A, "A5"): "A001", (A, "B5"): "Grève", (A, "C5"): "x"}))
    copy = marked_copy(content, lire(content))
    assert copy is not None
    book = load_workbook(io.BytesIO(copy))
    marked = {
        (sheet.title, cell.coordinate): cell.comment.text
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.comment
    }
    assert sorted(marked) == [(A, "C5"), (A, "D5"), (E, "E5")]
    assert marked[E, "E5"].startswith("Ce nombre ne se lit pas.\nReçu : « douze »\nAttendu : un nombre")
    assert {book[sheet][cell].fill.fgColor.rgb for sheet, cell in marked} == {"00F8CBAD"}
    assert book[E]["F5"].fill.fgColor.rgb != "00F8CBAD"
    assert book.active is book[E]
    assert copy == marked_copy(content, lire(content))


def test_une_case_fautive_et_verrouillee_peut_s_effacer() -> None:
    """Une valeur collée dans une case grise : sans cela, la protection de la feuille empêcherait de la corriger."""
    content = octets(classeur({(E, "E8"): 3}))
    assert load_workbook(io.BytesIO(content))[E]["E8"].protection.locked
    copy = marked_copy(content, lire(content))
    assert copy is not None
    assert not load_workbook(io.BytesIO(copy))[E]["E8"].protection.locked


def test_deux_fautes_de_la_meme_case_sont_toutes_dites() -> None:
    content = octets(classeur({(E, "E5"): "dou\u202eze"}))
    copy = marked_copy(content, lire(content))
    assert copy is not None
    comment = load_workbook(io.BytesIO(copy))[E]["E5"].comment
    assert comment is not None
    assert "caractères invisibles" in comment.text
    assert "Ce nombre ne se lit pas." in comment.text


def test_la_copie_annotee_desarme_les_formules() -> None:
    content = octets(classeur({(E, "E5"): "=HYPERLINK(1)", (X, "E9"): "=1+1"}))
    copy = marked_copy(content, lire(content))
    assert copy is not None
    book = load_workbook(io.BytesIO(copy))
    assert (book[E]["E5"].data_type, book[E]["E5"].value) == ("s", "'=HYPERLINK(1)")
    assert {cell.data_type for sheet in book.worksheets for row in sheet.iter_rows() for cell in row} <= {"s", "n"}


def test_la_copie_annotee_corrigee_se_redepose_telle_quelle() -> None:
    """La personne corrige la copie colorée et l'envoie : elle est acceptée."""
    content = octets(classeur({(E, "E5"): "douze"}))
    copy = marked_copy(content, lire(content))
    assert copy is not None
    book = load_workbook(io.BytesIO(copy))
    book[E]["E5"] = 12
    lecture = lire(book)
    assert lecture.acceptee
    assert lecture.contenu == lire(classeur({(E, "E5"): 12})).contenu


def test_pas_de_copie_pour_un_fichier_accepte_un_ods_un_csv_ou_un_fichier_illisible() -> None:
    faulty = classeur({(E, "E5"): "douze"})
    for content in (octets(classeur({(E, "B5"): "Autrement"})), ods(faulty), b"a;b\n", b"%PDF"):
        assert marked_copy(content, lire(content)) is None


def test_les_points_se_lisent_feuille_apres_feuille_de_haut_en_bas() -> None:
    cells = {(A, "A5"): "A099", (E, "E7"): 3, (E, "I6"): "=1", (E, "E5"): 30, (B, "B12"): "dix"}
    shown = [line for line in _text(lire(classeur(cells))).split("\r\n") if re.match(r"\d\. ", line)]
    assert [line.split(", agent")[0].split(" (")[0] for line in shown] == [
        "1. Feuille « Bordereau », case B12",
        "2. Feuille « Éléments », case E5",
        "3. Feuille « Éléments », case I6",
        "4. Feuille « Éléments », case E7",
        "5. Feuille « Absences », case A5",
    ]
