"""Les absences du classeur : celles que la paie calcule, toutes, avec ce que chacune demande."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from payroll.intake import layout
from payroll.intake.lecture import AbsenceLue
from payroll.intake.reading import read
from payroll.intake.roster import RubriqueSaisie
from payroll.legislation.conges import load_conges
from tests.intake.fabrique import ROSTER, A, Cells, classeur, codes, lire


def _ligne(nature: str, **cases: object) -> Cells:
    found: Cells = {(A, "A5"): "A001", (A, "B5"): nature, (A, "C5"): "03/11/2026", (A, "D5"): "03/11/2026"}
    return found | {(A, f"{column}5"): value for column, value in cases.items()}


def test_la_liste_offre_exactement_les_absences_que_la_paie_calcule() -> None:
    form = layout.formulaire()
    assert {choice.code for choice in form.natures} == set(load_conges().natures)
    assert {choice.code for choice in form.sans_carence} == set(load_conges().sans_carence)


@pytest.mark.parametrize("nature", [choice.libelle for choice in layout.formulaire().natures])
def test_chaque_nature_se_lit(nature: str) -> None:
    quotite = {"I": "80"} if nature == "Temps partiel thérapeutique" else {}
    lecture = lire(classeur(_ligne(nature, **quotite)))
    assert codes(lecture) == []
    assert [layout.libelle(layout.formulaire().natures, absence.type) for absence in lecture.absences] == [nature]


@pytest.mark.parametrize(
    "cases, attendu",
    [
        (_ligne("maladie", G="ALD"), {"type": "cmo", "motif_sans_carence": "ald"}),
        (_ligne("maladie", G="48 h"), {"type": "cmo", "motif_sans_carence": "reprise_48h"}),
        (_ligne("Grève", H="3,5"), {"type": "greve", "heures": 350}),
        (_ligne("Grève", H=2), {"type": "greve", "heures": 200}),
        (_ligne("Grève", H="demi-journée"), {"type": "greve", "demi_journee": True}),
        (_ligne("mi-temps thérapeutique", I="50"), {"type": "tpt", "quotite_ppm": 500_000}),
    ],
)  # fmt: skip
def test_les_precisions_de_l_absence_se_lisent(cases: Cells, attendu: dict[str, object]) -> None:
    lecture = lire(classeur(cases))
    base = AbsenceLue("A001", "", date(2026, 11, 3), date(2026, 11, 3), False, A, "C5")
    assert lecture.anomalies == ()
    assert lecture.absences == (replace(base, **attendu),)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "cases, code",
    [
        (_ligne("maladie", G="fatigue"), "choix-inconnu"),
        (_ligne("maternité", G="ALD"), "choix-inconnu"),
        (_ligne("maladie", H="demi-journée"), "choix-inconnu"),
        (_ligne("Grève", H="2h75"), "nombre-illisible"),
        (_ligne("Grève", I="80"), "choix-inconnu"),
        (_ligne("Temps partiel thérapeutique"), "choix-manquant"),
    ],
)
def test_une_precision_qui_ne_va_pas_avec_l_absence_est_refusee(cases: Cells, code: str) -> None:
    lecture = lire(classeur(cases))
    assert codes(lecture) == [code]
    assert not lecture.acceptee


def test_le_fichier_a_points_virgules_porte_les_memes_precisions() -> None:
    text = (
        "#adherent;c40999\n#mois;2026-11\nmatricule;code;valeur;date_debut;date_fin;sans_carence;duree;temps_travaille\n"
        "A001;cmo;;03/11/2026;04/11/2026;grossesse;;\nA002;greve;;05/11/2026;05/11/2026;;1,25;\n"
        "A003;tpt;;01/11/2026;30/11/2026;;;80\n"
    )
    lecture = read(text.encode(), "export.csv", ROSTER)
    assert lecture.anomalies == ()
    assert [absence.precisions for absence in lecture.absences] == [
        (False, "grossesse", None, False, None), (False, "", 125, False, None), (False, "", None, False, 800_000),
    ]  # fmt: skip


def test_un_decompte_de_la_cpam_nul_est_garde() -> None:
    """Zéro y dit que la CPAM n'a rien versé : le calcul ne s'y substitue pas."""
    decompte = RubriqueSaisie("ijss_brutes", "Indemnités journalières", "montant")
    roster = replace(ROSTER, rubriques=(*ROSTER.rubriques, decompte))
    text = "#adherent;c40999\n#mois;2026-11\nmatricule;code;valeur\nA001;ijss_brutes;0\nA001;cia;0\n"
    assert [(element.code, element.valeur) for element in read(text.encode(), "export.csv", roster).elements] == [
        ("ijss_brutes", 0)
    ]
