"""Le classeur d'un mois montre les éléments du mois d'avant et les absences qui continuent, sans rien en reprendre."""

from __future__ import annotations

import io
from datetime import date

from openpyxl import load_workbook

from payroll.intake import layout
from payroll.intake.roster import Roster
from payroll.month.commun import find_adherent
from payroll.month.corriger import correct_element
from payroll.month.mois_dernier import with_last_month
from payroll.month.ouvrir import open_month, roster_of, template_name
from payroll.store.tables import DocumentRetour
from tests.month.gestes import MOIS, Lieu, absence, acte, element, fichier

SUIVANT = MOIS.next


def _roster(lieu: Lieu) -> Roster:
    with lieu.registre.transaction() as session:
        adherent = find_adherent(session, lieu.code)
        return with_last_month(session, adherent, roster_of(session, adherent, SUIVANT))


def test_le_mois_suivant_montre_ce_qui_a_ete_paye(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.deposer(
        fichier(
            "lubescaux",
            element("LB002", "cia", "100,00"),
            absence("LB003", "cmo", "2026-11-25", "2026-12-04"),
            absence("LB003", "cmo", "2026-11-10", "2026-11-12"),
        )
    )
    correct_element(
        lieu.registre, lieu.code, "LB002", MOIS, acte(5), rubrique="cia", valeur=25_000, motif="appel de la mairie"
    )
    roster = _roster(lieu)
    assert {a.matricule: a.mois_dernier for a in roster.agents if a.mois_dernier} == {"LB002": (("cia", 25_000),)}
    (known,) = roster.absences_connues
    assert (known.cle, known.type, known.debut, known.fin) == (
        "LB003", "cmo", date(2026, 11, 25), date(2026, 12, 4),
    )  # fmt: skip

    open_month(lieu.registre, lieu.code, SUIVANT, acte(9))
    (row,) = [row for row in lieu.rows(DocumentRetour) if row.chemin == template_name(lieu.code, SUIVANT)]
    book = load_workbook(io.BytesIO(lieu.registre.pieces.get(row.sha256)))
    titles = [str(cell.value) for cell in book[layout.ELEMENTS][layout.LIGNE_TITRES]]
    assert [title for title in titles if title.startswith(layout.MOIS_DERNIER)] == [
        "Mois dernier : Complément indemnitaire annuel (CIA) (€)"
    ]


def test_un_premier_mois_n_a_rien_a_montrer(lieu: Lieu) -> None:
    lieu.ouvrir()
    roster = _roster(lieu)
    assert roster.absences_connues == ()
    assert not any(agent.mois_dernier for agent in roster.agents)
