"""Ce qui empêche de mal remplir le classeur : messages, couleurs, mois dernier pour mémoire, absences déjà connues."""

from __future__ import annotations

import io
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from payroll.anomalies import Gravite
from payroll.intake import layout, template
from payroll.intake.gardefous import COULEURS
from payroll.intake.reading import read
from payroll.intake.roster import AbsenceDejaConnue, Roster, RubriqueSaisie
from tests.intake.fabrique import ROSTER, A, Cells, E, X, octets

_BEFORE = {"A001": (("cia", 15000), ("ihts_jour", 650), ("repas", 1200)), "A003": (("heures_complementaires", 400),)}
CONNUE = AbsenceDejaConnue("A003", "cmo", date(2026, 10, 20), date(2026, 11, 12))
MEMOIRE: Roster = replace(
    ROSTER,
    agents=tuple(replace(agent, mois_dernier=_BEFORE.get(agent.matricule, ())) for agent in ROSTER.agents),
    rubriques=(*ROSTER.rubriques, RubriqueSaisie("repas", "Repas fournis", "nombre", ponctuelle=True)),
    absences_connues=(CONNUE,),
)
OCTETS = template.write(MEMOIRE)


def _book(cells: Cells | None = None) -> Workbook:
    book = load_workbook(io.BytesIO(OCTETS))
    for (sheet, address), value in (cells or {}).items():
        book[sheet][address] = value
    return book


def _columns() -> dict[str, str]:
    """Titre → lettre de la feuille « Éléments »."""
    return {str(cell.value): cell.column_letter for cell in _book()[E][layout.LIGNE_TITRES]}


def _colours(sheet: str, address: str) -> list[tuple[str, str]]:
    """(couleur, formule) des règles qui portent sur une case, dans leur ordre."""
    found = []
    for cells, rules in _book()[sheet].conditional_formatting._cf_rules.items():
        if address in cells.sqref:
            found += [(rule.priority, rule.dxf.fill.bgColor.rgb[-6:], rule.formula[0]) for rule in rules]
    names = {tint: name for name, tint in COULEURS.items()}
    return [(names[tint], formula) for _, tint, formula in sorted(found)]


def test_le_mois_dernier_est_a_cote_de_sa_colonne_gris_verrouille_et_pas_repris() -> None:
    sheet, columns = _book()[E], _columns()
    assert [title for title in columns if title.startswith("Mois dernier")] == [
        "Mois dernier : Heures sup. de jour",
        "Mois dernier : Heures complémentaires",
        "Mois dernier : Complément indemnitaire annuel (€)",
    ]
    known = sheet[f"{columns['Mois dernier : Heures sup. de jour']}5"]
    assert (known.value, known.protection.locked) == (6.5, True)
    entry = sheet[f"{columns['Heures sup. de jour']}5"]
    assert (entry.value, entry.protection.locked) == (None, False)
    assert ord(known.column_letter) == ord(entry.column_letter) + 1


def test_les_elements_rares_et_les_absences_connues_se_lisent_a_droite() -> None:
    book = _book()
    assert book[X]["G5"].value == "A001 – Zibelinard Perrinoche : Repas fournis, 12"
    assert book[A]["K5"].value == (
        "A003 – Drouviste Mirabelo : Congé de maladie ordinaire, du 20/10/2026 au 12/11/2026"
    )
    assert book[A]["K5"].protection.locked


def test_sans_mois_dernier_rien_de_gris_a_montrer() -> None:
    book = load_workbook(io.BytesIO(template.write(ROSTER)))
    titles = [cell.value for name in (E, A, X) for cell in book[name][layout.LIGNE_TITRES]]
    assert not [title for title in titles if title and layout.shown_only(str(title))]


def test_les_memes_donnees_donnent_les_memes_octets() -> None:
    assert template.write(MEMOIRE) == OCTETS


def test_ce_qui_est_montre_pour_memoire_n_est_jamais_lu() -> None:
    columns = _columns()
    lecture = read(octets(_book({(E, f"{columns['Heures sup. de jour']}5"): 3})), "f.xlsx", MEMOIRE)
    assert lecture.anomalies == ()
    assert [(e.matricule, e.code, e.valeur) for e in lecture.elements] == [("A001", "ihts_jour", 300)]


@pytest.mark.parametrize(
    ("agent", "ecrit", "dit"),
    [
        ("5", 6.5, False),  # ce que le classeur montrait
        ("5", "6,50", False),  # la même chose, retapée
        ("5", 7, True),
        ("5", "sept", True),
        ("5", None, False),  # effacé : rien à lire, rien à dire
        ("6", 2, True),  # A002 n'avait rien le mois dernier
        ("6", 0, False),
    ],
)
def test_ecrire_dans_le_mois_dernier_n_est_pas_lu_et_se_dit(agent: str, ecrit: float | str | None, dit: bool) -> None:
    columns = _columns()
    cell = f"{columns['Mois dernier : Heures sup. de jour']}{agent}"
    entry = f"{columns['Heures sup. de jour']}5"
    lecture = read(octets(_book({(E, entry): 3, (E, cell): ecrit})), "f.xlsx", MEMOIRE)
    assert lecture.acceptee
    assert [(e.matricule, e.code, e.valeur) for e in lecture.elements] == [("A001", "ihts_jour", 300)]
    told = [(a.code, a.gravite, a.feuille, a.cellule) for a in lecture.anomalies if a.code == "mois-dernier-modifie"]
    assert told == ([("mois-dernier-modifie", Gravite.AVERTISSEMENT, E, cell)] if dit else [])
    assert all("« Heures sup. de jour »" in a.remede for a in lecture.anomalies if a.code == "mois-dernier-modifie")


@pytest.mark.parametrize(
    ("feuille", "case", "couleurs"),
    [
        (E, "E5", ["rouge", "rouge", "bleu"]),  # contingent, borne, mois dernier
        (E, "F5", ["jaune"]),  # une valeur le mois dernier, rien ce mois-ci
        (E, "M5", ["rouge"]),  # une rubrique que personne n'a eue le mois dernier
        (E, "O5", []),  # le commentaire est libre
        (A, "C5", ["rouge", "rouge", "jaune"]),
        (A, "I5", ["jaune"]),
        (X, "C5", ["rouge", "jaune"]),
        (layout.MOUVEMENTS, "B5", ["rouge", "jaune"]),
        (layout.BORDEREAU, "B10", ["jaune"]),
    ],
)
def test_une_couleur_dit_ce_qui_est_a_regarder(feuille: str, case: str, couleurs: list[str]) -> None:
    assert [name for name, _ in _colours(feuille, case)] == couleurs


def test_le_contingent_de_chaque_agent_colore_sa_ligne() -> None:
    # A002 est à 80 % : 20 h au lieu de 25 (décret 2004-777 art. 7).
    assert _colours(E, "E5")[0][1].endswith(">25.00)")
    assert _colours(E, "E6")[0][1].endswith(">20.00)")


def test_aucune_couleur_ne_depend_d_une_autre_feuille() -> None:
    """Excel ne sait pas lire une autre feuille dans une couleur : il croirait le classeur abîmé."""
    for sheet in _book().worksheets:
        for rules in sheet.conditional_formatting._cf_rules.values():
            assert not [rule for rule in rules if "!" in rule.formula[0]]


def test_chaque_controle_parle_francais_et_tient_dans_ce_que_montre_un_tableur() -> None:
    rules = [rule for sheet in _book().worksheets for rule in sheet.data_validations.dataValidation]
    assert len(rules) > 20
    for rule in rules:
        assert rule.showErrorMessage
        assert rule.showInputMessage
        assert 0 < len(rule.errorTitle) <= 32
        assert 0 < len(rule.promptTitle) <= 32
        assert 0 < len(rule.error) <= 255
        assert 0 < len(rule.prompt) <= 255
        assert rule.prompt.endswith(".")


def _absence(debut: str, fin: str) -> Cells:
    return {(A, "A5"): "A003", (A, "B5"): "Congé de maladie ordinaire", (A, "C5"): debut, (A, "D5"): fin}


def test_une_absence_deja_connue_redite_n_est_pas_comptee_deux_fois() -> None:
    lecture = read(octets(_book(_absence("20/10/2026", "12/11/2026"))), "f.xlsx", MEMOIRE)
    assert lecture.acceptee
    assert lecture.absences == ()
    (found,) = lecture.anomalies
    assert (found.code, found.cellule, found.gravite) == ("absence-deja-connue", "C5", Gravite.AVERTISSEMENT)


@pytest.mark.parametrize("bornes", [("20/10/2026", "20/11/2026"), ("10/11/2026", "20/11/2026")])
def test_une_absence_connue_et_changee_dit_de_ne_saisir_que_la_suite(bornes: tuple[str, str]) -> None:
    lecture = read(octets(_book(_absence(*bornes))), "f.xlsx", MEMOIRE)
    (found,) = lecture.anomalies
    assert (found.code, found.feuille, found.cellule) == ("absences-qui-se-chevauchent", A, "C5")
    assert "saisissez la suite, à partir du 13/11/2026, avec « Prolongation » à oui" in found.remede


def test_la_suite_d_une_absence_connue_se_prend() -> None:
    lecture = read(octets(_book(_absence("13/11/2026", "20/11/2026"))), "f.xlsx", MEMOIRE)
    assert lecture.anomalies == ()
    assert len(lecture.absences) == 1


@pytest.mark.documents
@pytest.mark.systeme("soffice", "pdftotext")
def test_libreoffice_ouvre_et_imprime_le_classeur(tmp_path: Path) -> None:
    (tmp_path / "modele.xlsx").write_bytes(OCTETS)
    profile = f"-env:UserInstallation={(tmp_path / 'profil').as_uri()}"
    command = ["soffice", "--headless", profile, "--convert-to", "pdf", "--outdir", str(tmp_path)]
    subprocess.run([*command, str(tmp_path / "modele.xlsx")], check=True, capture_output=True, timeout=120)
    shown = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "modele.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout
    # Une page par feuille visible : six feuilles, six pages.
    assert shown.count("\f") == 6
    assert "Mois dernier" in shown
    assert "6,50" in shown or "6.50" in shown
