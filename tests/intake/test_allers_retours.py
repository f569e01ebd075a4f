"""Écrire, remplir, relire : les mêmes éléments, quels que soient le format, l'ordre et la façon d'écrire."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, datetime
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from desk.demo import secretaire
from payroll.engine.situation import Statut
from payroll.intake import layout, template, values
from payroll.intake.grid import Case
from payroll.intake.lecture import AbsenceLue, ElementLu, EntreeAnnoncee, Lecture, SortieLue
from payroll.intake.reading import read
from payroll.intake.roster import Roster, RosterAgent, RubriqueSaisie
from payroll.periods import Month
from tests.intake.fabrique import ROSTER, A, B, Cells, E, M, X, classeur, codes, lire, octets, ods

PLEIN: Cells = {
    (B, "B10"): "Le secrétariat", (B, "B11"): "18/11/2026", (B, "B12"): "22,75", (B, "B13"): 380.5,
    (E, "E5"): 2.5, (E, "G5"): "4", (E, "H7"): "6,25", (E, "H10"): 10, (E, "J6"): "1 80,50 €", (E, "L5"): "marché",
    (A, "A5"): "A001 – Zibelinard Perrinoche", (A, "B5"): "Grève", (A, "C5"): "03/11/2026", (A, "D5"): "03/11/2026",
    (A, "A6"): "A003", (A, "B6"): "maladie", (A, "C6"): date(2026, 10, 20), (A, "D6"): "2026-11-12", (A, "E6"): "oui",
    (M, "A5"): "A004", (M, "B5"): datetime(2026, 11, 15), (M, "C5"): "Retraite",  # noqa: DTZ001
    (M, "F5"): "Nouvelle", (M, "G5"): "Venue", (M, "H5"): "16/11/2026", (M, "I5"): "CDD",
    (X, "A5"): "A006/2 – Drouviste Perrinoche", (X, "B5"): "Prime d'été", (X, "C5"): 100, (X, "D5"): "11/2026",
}  # fmt: skip
"""Un peu de tout : nombres et textes, dates de tableur et dates tapées, un agent à deux contrats."""


def test_un_classeur_rempli_rend_exactement_ce_qui_y_est_ecrit() -> None:
    lecture = lire(classeur(PLEIN))
    assert [anomalie.code for anomalie in lecture.anomalies] == ["entree-annoncee"]
    assert (lecture.format, lecture.version, lecture.adherent_code, lecture.mois) == (
        "xlsx", "1", "c40999", Month(2026, 11),
    )  # fmt: skip
    assert (lecture.preparateur, lecture.prepare_le) == ("Le secrétariat", date(2026, 11, 18))
    assert lecture.elements == (
        ElementLu("A001", "cia", 10_000, E, "I5", observation="marché"),
        ElementLu("A001", "ihts_dimanche", 400, E, "G5", observation="marché"),
        ElementLu("A001", "ihts_jour", 250, E, "E5", observation="marché"),
        ElementLu("A002", "prime_ete", 18_050, E, "J6"),
        ElementLu("A003", "heures_complementaires", 625, E, "H7"),
        ElementLu("A006", "heures_complementaires", 1_000, E, "H10", numero_contrat="1"),
        ElementLu("A006", "prime_ete", 10_000, X, "C5", Month(2026, 11), numero_contrat="2"),
    )
    assert lecture.absences == (
        AbsenceLue("A001", "greve", date(2026, 11, 3), date(2026, 11, 3), False, A, "C5"),
        AbsenceLue("A003", "cmo", date(2026, 10, 20), date(2026, 11, 12), True, A, "C6"),
    )
    assert lecture.sorties == (SortieLue("A004", date(2026, 11, 15), "retraite", M, "B5"),)
    assert lecture.entrees_annoncees == (
        EntreeAnnoncee("Nouvelle", "Venue", date(2026, 11, 16), "contractuel", M, "H5"),
    )


@pytest.mark.peer
@pytest.mark.parametrize("write", [ods, secretaire.write_ods], ids=["odfpy", "secrétaire de démonstration"])
def test_le_meme_classeur_en_ods_se_lit_de_meme(write: Callable[[Workbook], bytes]) -> None:
    lecture = lire(write(classeur(PLEIN)), "fichier.ods")
    assert lecture.format == "ods"
    assert lecture.contenu == lire(classeur(PLEIN)).contenu
    assert [element.cellule for element in lecture.elements] == ["I5", "G5", "E5", "J6", "H7", "H10", "C5"]


def _csv(lecture: Lecture) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";")
    writer.writerows([["#adherent", "c40999"], ["#mois", "2026-11"], ["#Total des heures", "22,75"]])
    writer.writerow([*layout.CSV_COLONNES, "prolongation"])
    cle = {("A006", "1"): "A006/1", ("A006", "2"): "A006/2"}
    for e in lecture.elements:
        valeur = f"{e.valeur / 100:.2f}".replace(".", ",")
        writer.writerow([cle.get((e.matricule, e.numero_contrat), e.matricule), e.code, valeur, "", "", "été", ""])
    for a in lecture.absences:
        days = f"{a.debut:%d/%m/%Y}", f"{a.fin:%Y-%m-%d}"
        writer.writerow([a.matricule, a.type, "", *days, "", "oui" if a.prolongation else ""])
    return text.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252"])
def test_le_meme_contenu_en_csv_se_lit_de_meme(encoding: str) -> None:
    known = lire(classeur({key: value for key, value in PLEIN.items() if key[0] != M and key != (X, "D5")}))
    lecture = lire(_csv(known).encode(encoding), "planning.csv")
    assert codes(lecture) == []
    assert (lecture.format, lecture.contenu) == ("csv", known.contenu)
    assert lecture.elements[0].observation == "été"


@pytest.mark.parametrize("change", ["\r\n", "\n", "\r"], ids=["Windows", "Unix", "ancien Mac"])
def test_les_fins_de_ligne_la_ligne_sep_et_les_lignes_vides_sont_indifferentes(change: str) -> None:
    lines = ["sep=;", "#Adherent ; C40999", "#MOIS;11/2026", ";;", "Valeur;Matricule;CODE", "12,5;a001;Prime d'été", ""]
    lecture = lire(change.join(lines).encode())
    assert [(e.matricule, e.code, e.valeur) for e in lecture.elements] == [("A001", "prime_ete", 1250)]
    assert lecture.acceptee


def test_un_neant_en_csv_ou_en_classeur_suffit() -> None:
    by_csv = lire(b"#adherent;c40999\n#mois;2026-11\n#neant;oui\n")
    by_workbook = lire(classeur({(B, "B8"): "Oui"}, saisi=False))
    assert by_csv.acceptee
    assert by_workbook.acceptee
    assert by_csv.neant
    assert by_csv.contenu == by_workbook.contenu


def test_annule_et_remplace_se_lit_et_non_vaut_vide() -> None:
    assert lire(classeur({(B, "B9"): "x", (B, "B8"): "non"})).remplace
    assert not lire(classeur({(B, "B9"): "Non"})).remplace


def test_une_case_a_zero_ne_dit_rien() -> None:
    lecture = lire(classeur({(E, "E8"): 0, (E, "I6"): "0,00"}))
    assert [element.matricule for element in lecture.elements] == ["A001"]
    assert lecture.acceptee


def _shuffled(order: list[int], *, titles: bool) -> bytes:
    """Le classeur où les colonnes d'« Éléments » sont permutées, leurs titres déguisés."""
    workbook = classeur(PLEIN)
    sheet = workbook[E]
    rows = [[sheet.cell(row, column).value for column in range(1, 13)] for row in range(4, 12)]
    for row, values_ in enumerate(rows, start=4):
        for column, origin in enumerate(order, start=1):
            value = values_[origin]
            sheet.cell(row, column).value = f"  {value.upper()} " if titles and row == 4 else value
    return octets(workbook)


_QUICK = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_QUICK
@given(st.permutations(range(12)))
def test_l_ordre_et_la_graphie_des_colonnes_sont_indifferents(order: list[int]) -> None:
    lecture = lire(_shuffled(list(order), titles=True))
    assert codes(lecture) == []
    assert lecture.contenu == lire(classeur(PLEIN)).contenu


_LIGNES = st.lists(
    st.tuples(
        st.sampled_from(["A001", "A002", "0005"]),
        st.sampled_from(["cia", "prime_ete", "vacation", "ihts_jour"]),
        st.integers(1, 2_000),
    ),
    min_size=1,
    unique_by=lambda ligne: ligne[:2],
)


@settings(max_examples=40, deadline=None)
@given(_LIGNES, st.randoms(use_true_random=False))
def test_l_ordre_des_lignes_est_indifferent(lignes: list[tuple[str, str, int]], random: object) -> None:
    def read_in(order: list[tuple[str, str, int]]) -> Lecture:
        rows = [f"{m};{c};{v // 100},{v % 100:02d}" for m, c, v in order]
        head = ["#adherent;c40999", "#mois;2026-11", "matricule;code;valeur"]
        return lire("\n".join([*head, *rows]).encode())

    mixed = list(lignes)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert read_in(mixed).contenu == read_in(lignes).contenu
    assert {(e.matricule, e.code, e.valeur) for e in read_in(mixed).elements} == set(lignes)


@pytest.mark.parametrize(
    ("written", "hundredths"),
    [
        (0.1 + 0.2, 30), (12.1, 1210), (1.005 * 2, 201), (151.67, 15167), (3, 300), ("1 234,50", 123450),
        ("1\u00a0234,5 €", 123450), ("12.10", 1210), (" 7 , 5 ", 750), ("−3", -300), (1e11, 10**13),
    ],
)  # fmt: skip
def test_un_nombre_se_lit_exactement(written: object, hundredths: int) -> None:
    """Un flottant de tableur n'est pas une faute : 0,1 + 0,2 est 0,30."""
    assert values.number(Case(written, "A1")) == hundredths  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "written",
    [1.005, 12.341, "1,005", "", "abc", "1,234.50", True, date(2026, 1, 1), float("inf"), float("nan"), 1e300],
)
def test_un_nombre_qu_il_faudrait_deviner_n_est_pas_lu(written: object) -> None:
    with pytest.raises(values.UnreadableError):
        values.number(Case(written, "A1"))  # type: ignore[arg-type]


@pytest.mark.parametrize("written", [date(2026, 11, 3), 46329, 46329.0, "03/11/2026", "3/11/2026", "2026-11-03",
                                     "03-11-2026", "03.11.2026", " 03/11/2026 ", "3/11/26", "03.11.26",
                                     "3/11", "3 novembre", "3 nov. 2026", "mardi 3 Novembre 2026"])  # fmt: skip
def test_un_jour_se_lit_de_toutes_les_facons_sans_ambiguite(written: object) -> None:
    case = Case(written, "A1")  # type: ignore[arg-type]
    assert values.day(case, Month(2026, 11)) == date(2026, 11, 3)
    if not isinstance(written, str):
        assert values.month(case) == Month(2026, 11)


@pytest.mark.parametrize(
    ("written", "mois", "attendu"),
    [
        ("28 décembre", Month(2027, 1), date(2026, 12, 28)),
        ("2 janvier", Month(2026, 12), date(2027, 1, 2)),
        ("29/02", Month(2027, 1), date(2028, 2, 29)),
        ("1er mars 27", Month(2026, 11), date(2027, 3, 1)),
    ],
)
def test_une_annee_tue_est_celle_qui_approche_le_plus_du_mois(written: str, mois: Month, attendu: date) -> None:
    assert values.day(Case(written, "A1"), mois) == attendu


@pytest.mark.parametrize(
    ("written", "hundredths"),
    [("7h30", 750), ("1 h 20", 133), ("07:30:00", 750), ("26:30", 2650), ("2,5 h", 250), ("45", 4500), ("0h45", 75)],
)
def test_une_duree_se_lit_dans_une_case_d_heures_et_nulle_part_ailleurs(written: str, hundredths: int) -> None:
    assert values.number(Case(written, "A1"), heures=True) == hundredths
    if written != "45":
        with pytest.raises(values.UnreadableError):
            values.number(Case(written, "A1"))


@pytest.mark.parametrize("written", ["3/13/26", "31/11/2026", "3 brumaire", 46329.5, 12, date(1900, 1, 7), "07/01/0026",
                                     True, float("inf"), float("nan"), 10**400])  # fmt: skip
def test_un_jour_qu_il_faudrait_deviner_n_est_pas_lu(written: object) -> None:
    with pytest.raises(values.UnreadableError):
        values.day(Case(written, "A1"), Month(2026, 11))  # type: ignore[arg-type]


def test_le_contingent_leve_par_decision_est_celui_de_l_agent() -> None:
    agent = RosterAgent(
        "B1", "Zibelinard", "Mirabelo", Statut.TITULAIRE, ihts_permises=True, contingent_heures_sup=4000
    )
    roster = Roster("c1", "Commune", "1", Month(2026, 11), (agent,))
    head = "#adherent;c1\n#mois;2026-11\nmatricule;code;valeur\n"
    assert read(f"{head}B1;ihts_jour;40\n".encode(), "f.csv", roster).acceptee
    assert not read(f"{head}B1;ihts_jour;40,01\n".encode(), "f.csv", roster).acceptee


def test_l_orthographe_d_un_libelle_ambigu_demande_le_code() -> None:
    """Deux rubriques de même libellé portent leur code dans leur titre ; le libellé seul ne choisit pas."""
    agent = RosterAgent("B1", "Zibelinard", "Mirabelo", Statut.TITULAIRE)
    primes = (RubriqueSaisie("prime_a", "Prime"), RubriqueSaisie("prime_b", "Prime"))
    roster = Roster("c1", "Commune", "1", Month(2026, 11), (agent,), primes)
    sheet = load_workbook(io.BytesIO(template.write(roster)))[E]
    assert [sheet["I4"].value, sheet["J4"].value] == ["Prime [prime_a] (€)", "Prime [prime_b] (€)"]
    head = "#adherent;c1\n#mois;2026-11\nmatricule;code;valeur\n"
    assert codes(read(f"{head}B1;Prime;4\n".encode(), "f.csv", roster)) == ["rubrique-inconnue"]
    assert read(f"{head}B1;prime_b;4\n".encode(), "f.csv", roster).elements[0].code == "prime_b"


def test_une_grande_collectivite_passe_les_gardes() -> None:
    """Trois cents agents, quarante rubriques, tout rempli : loin des limites."""
    agents = tuple(
        RosterAgent(f"G{n:03}", "Zibelinard", "Mirabelo", Statut.TITULAIRE, quotite=Fraction(1), ihts_permises=True)
        for n in range(300)
    )
    primes = tuple(RubriqueSaisie(f"prime_{n}", f"Prime n° {n}") for n in range(40))
    roster = Roster("c1", "Ville", "1", Month(2026, 11), agents, primes)
    workbook = load_workbook(io.BytesIO(template.write(roster)))
    for row in range(5, 305):
        for column in range(9, 49):
            workbook[E].cell(row, column).value = 12.5
    lecture = read(octets(workbook), "grand.xlsx", roster)
    assert codes(lecture) == []
    assert len(lecture.elements) == 12_000


def test_la_lecture_ne_montre_ni_nom_ni_observation_dans_sa_trace() -> None:
    said = repr(lire(classeur(PLEIN)))
    assert ROSTER.agents[0].nom not in said
    assert "marché" not in said
    assert "Nouvelle" not in said
