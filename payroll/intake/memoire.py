"""Ce qui a été tapé dans une colonne « Mois dernier » : elle ne se lit pas, mais ne se perd pas en silence."""

from __future__ import annotations

from collections.abc import Iterator

from openpyxl.utils import get_column_letter

from payroll.anomalies import Gravite
from payroll.intake import layout
from payroll.intake.collecte import Collecte
from payroll.intake.constats import Lieu
from payroll.intake.grid import Case, Feuille
from payroll.intake.tables import Ligne, Tableau
from payroll.intake.values import UnreadableError, number


def tell_written_over(name: str, table: Tableau, feuille: Feuille, work: Collecte) -> None:
    """Prévient de chaque case « Mois dernier » qui ne montre plus ce que le classeur y avait mis."""
    before = {work.roster.cle(agent): dict(agent.mois_dernier) for agent in work.roster.agents}
    memories = dict(_memories(table, work))
    for line in table.lignes(feuille) if memories else ():
        known = before.get(line.texte("agent"))
        if known is None:
            continue
        for column, (code, title) in memories.items():
            case = feuille.get((line.numero, column))
            if case is None or not case.texte or _shows(case, known.get(code)):
                continue
            work.constats.add(
                "mois-dernier-modifie",
                "cette colonne rappelle le mois dernier : ce que vous y écrivez n'est pas lu.",
                _place(name, line, column, code),
                recu=case.texte,
                remede=f"Si c'est pour ce mois-ci, écrivez-le dans la colonne « {title} » et redéposez.",
                gravite=Gravite.AVERTISSEMENT,
            )


def _memories(table: Tableau, work: Collecte) -> Iterator[tuple[int, tuple[str, str]]]:
    """Colonne → la rubrique dont elle rappelle le mois dernier, et le titre où l'écrire."""
    codes, prefix = layout.rubrique_by_text(work.roster), layout.fold(layout.MOIS_DERNIER)
    rubriques = layout.rubriques(work.roster)
    for column, head in table.inconnus.items():
        folded = layout.fold(head.texte)
        code = codes.get(folded.removeprefix(prefix)) if folded.startswith(prefix) else None
        if code is not None:
            yield column, (code, layout.column_title(rubriques[code], work.roster))


def _shows(case: Case, known: int | None) -> bool:
    try:
        return number(case, heures=True) == (known or 0)
    except UnreadableError:
        return False


def _place(name: str, line: Ligne, column: int, code: str) -> Lieu:
    return Lieu(name, f"{get_column_letter(column)}{line.numero}", line.texte("agent"), code)
