"""Le classeur que reçoit la secrétaire : prérempli, verrouillé où il faut, contrôlé à la saisie, imprimable."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from fractions import Fraction

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from payroll.engine.situation import Statut
from payroll.intake import layout, template
from payroll.intake.roster import Roster, RosterAgent, RubriqueSaisie
from payroll.periods import Month

ROSTER = Roster(
    "C40999", "Commune de Saint-Exemple", "21409990000017", Month(2026, 1),
    (
        RosterAgent("0012", "MARTIN-TEST", "Léa", Statut.TITULAIRE, "Adjoint administratif", ihts_permises=True),
        RosterAgent("0013", "ESSAI", "Paul", Statut.CONTRACTUEL, "Agent d'entretien", heures_hebdo=Fraction(20),
                    heures_complementaires_permises=True),
        RosterAgent("0014", "FICTIF", "Anne", Statut.ELU, "Maire"),
    ),
    (RubriqueSaisie("cia", "Complément indemnitaire annuel"), RubriqueSaisie("vacation", "Vacations", "heures")),
)  # fmt: skip


def _open(roster: Roster = ROSTER) -> Workbook:
    return load_workbook(io.BytesIO(template.write(roster)))


def _elements(book: Workbook) -> dict[tuple[str, str], Cell]:
    """(matricule, titre) → cellule de la feuille « Éléments »."""
    sheet: Worksheet = book[layout.ELEMENTS]
    titles = {cell.column: str(cell.value) for cell in sheet[layout.LIGNE_TITRES]}
    return {
        (str(row[0].value), titles[cell.column]): cell
        for row in sheet.iter_rows(min_row=layout.PREMIERE_LIGNE)
        for cell in row
        if isinstance(cell, Cell)
    }


def _rules(sheet: Worksheet, kind: str) -> list[DataValidation]:
    return [rule for rule in sheet.data_validations.dataValidation if rule.type == kind]


def test_memes_donnees_memes_octets() -> None:
    assert template.write(ROSTER) == template.write(ROSTER)
    assert template.write(ROSTER) != template.write(replace(ROSTER, mois=Month(2026, 2)))


def test_les_feuilles_sont_la_et_la_feuille_technique_est_cachee() -> None:
    book = _open()
    assert book.sheetnames == [layout.LISEZ_MOI, *layout.FEUILLES_LUES]
    hidden = {sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"}
    assert hidden == {layout.CACHEE}
    told = {row[0].value: row[1].value for row in book[layout.CACHEE].iter_rows(max_row=5, max_col=2)}
    assert told == {
        "cle": "valeur", "version": "1", "adherent": "C40999", "siret": "21409990000017", "mois": "2026-01",
    }  # fmt: skip


def test_chaque_agent_est_deja_inscrit_et_son_identite_ne_se_modifie_pas() -> None:
    cells = _elements(_open())
    assert cells["0012", "Nom"].value == "MARTIN-TEST"
    assert cells["0013", "Emploi"].value == "Agent d'entretien (20 h)"
    assert all(cells["0012", title].protection.locked for title in ("Matricule", "Nom", "Prénom", "Emploi"))


@pytest.mark.parametrize(
    ("matricule", "titre", "ouverte"),
    [
        ("0012", "Heures sup. de jour", True),
        ("0012", "Heures complémentaires", False),
        ("0013", "Heures sup. de nuit", False),
        ("0013", "Heures complémentaires", True),
        ("0014", "Heures sup. dimanche ou férié", False),
        ("0014", "Complément indemnitaire annuel (€)", True),
        ("0014", "Vacations (heures)", True),
        ("0014", "Commentaire", True),
    ],
)
def test_seules_les_cases_auxquelles_l_agent_a_droit_se_remplissent(matricule: str, titre: str, ouverte: bool) -> None:
    assert _elements(_open())[matricule, titre].protection.locked is not ouverte


def test_toutes_les_feuilles_sont_protegees_sans_mot_de_passe() -> None:
    for sheet in _open().worksheets:
        assert sheet.protection.sheet, sheet.title
        assert sheet.protection.password is None


def test_les_heures_sont_bornees_au_contingent_et_le_message_est_en_francais() -> None:
    rules = _rules(_open()[layout.ELEMENTS], "decimal")
    overtime = rules[0]
    assert (overtime.formula1, overtime.formula2) == ("0", "25.00")
    assert overtime.error == ("Cette case attend des heures en décimal, de 0 à 25 par mois (2 h 30 s'écrit 2,5).")
    assert {rule.formula2 for rule in rules} == {"25.00", "151.67", "99999.99", "400.00"}


def test_un_contingent_leve_par_decision_eleve_la_borne() -> None:
    agent = replace(ROSTER.agents[0], contingent_heures_sup=4000)
    rules = _rules(_open(replace(ROSTER, agents=(agent,)))[layout.ELEMENTS], "decimal")
    assert rules[0].formula2 == "40.00"


def test_les_dates_sont_bornees_par_le_mois() -> None:
    messages = [rule.error for rule in _rules(_open()[layout.MOUVEMENTS], "date")]
    assert messages[0] == "Cette case attend une date du 01/01/2026 au 31/01/2026, écrite jj/mm/aaaa."


def test_les_listes_deroulantes_donnent_les_agents_les_natures_et_les_rubriques() -> None:
    book = _open()
    offered = {}
    for name in (layout.ABSENCES, layout.AUTRES):
        for rule in _rules(book[name], "list"):
            found = re.fullmatch(r"'(.+)'!(.+)", str(rule.formula1))
            assert found, rule.formula1
            offered[rule.error] = [row[0].value for row in book[found[1]][found[2].replace("$", "")]]
    assert offered["Choisissez l'agent dans la liste."][0] == "0012 – MARTIN-TEST Léa"
    assert "Congé de maladie ordinaire" in offered["Choisissez la nature de l'absence dans la liste."]
    assert offered["Choisissez la rubrique dans la liste."] == ["Complément indemnitaire annuel"]


def test_les_feuilles_s_impriment_en_a4_paysage_sur_une_page_de_large() -> None:
    for sheet in _open().worksheets:
        if sheet.sheet_state == "visible":
            assert (sheet.page_setup.orientation, str(sheet.page_setup.paperSize)) == ("landscape", "9"), sheet.title
            assert sheet.page_setup.fitToWidth == 1


def test_l_aide_dit_le_mois_le_contingent_et_a_qui_demander() -> None:
    sheet = _open(replace(ROSTER, contact="claire, poste 12"))[layout.LISEZ_MOI]
    text = "\n".join(str(cell.value) for (cell,) in sheet.iter_rows(max_col=1) if cell.value)
    assert "la paie de janvier 2026" in text
    assert "limitées à 25 h par agent" in text
    assert "Claire, poste 12 : aucune question n'est de trop." in text
    assert "{" not in text


def test_un_nom_qui_commence_par_egal_n_est_pas_une_formule() -> None:
    agent = replace(ROSTER.agents[0], nom="=1+1")
    assert all(
        cell.data_type != "f"
        for sheet in _open(replace(ROSTER, agents=(agent,))).worksheets
        for row in sheet.iter_rows()
        for cell in row
    )


def test_deux_contrats_d_un_meme_agent_se_distinguent() -> None:
    two = tuple(replace(ROSTER.agents[0], numero_contrat=number) for number in ("01", "02"))
    assert {key for key, _ in _elements(_open(replace(ROSTER, agents=two)))} == {"0012/01", "0012/02"}
    with pytest.raises(ValueError, match="0012"):
        replace(ROSTER, agents=(two[0], two[0]))


def test_un_adherent_sans_agent_a_quand_meme_un_classeur() -> None:
    assert _open(replace(ROSTER, agents=(), rubriques=())).sheetnames[0] == layout.LISEZ_MOI
