"""Le guide du classeur dit ce que fait le code : mêmes refus, mêmes feuilles, mêmes colonnes, un exemple qui se lit."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from payroll.intake import constats, grid, guards, layout
from payroll.intake.delimited import CHAMPS
from payroll.intake.reading import read
from payroll.intake.roster import VERSION
from tests.intake.fabrique import ROSTER
from tests.intake.tables_refus import CSV, REFUS
from tests.intake.test_guards import REFUS as GARDES

RACINE = Path(__file__).parents[2]
GUIDE = (RACINE / "docs" / "classeur.md").read_text(encoding="utf-8")
CODES = RACINE / "payroll" / "intake"
_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_AILLEURS = {
    "nom-different", "feuille-en-trop", "entree-annoncee", "colonne-ignoree", "trop-de-constats",
    "fichiers-contradictoires", "contenu-deja-recu", "absence-deja-connue", "feuille-renommee",
    "ligne-de-total", "zeros-retablis", "envoi-corrige", "envoi-complete", "liens-externes-ignores", "objets-ignores",
    "mois-dernier-modifie",
}  # fmt: skip
"""Ceux qui ne tiennent pas en un fichier fautif et un refus : essayés chacun par son nom."""


def _strings(node: ast.expr) -> list[str]:
    if isinstance(node, ast.IfExp):
        return _strings(node.body) + _strings(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def _codes_of(tree: ast.Module) -> set[str]:
    """Tous les codes qu'un module peut inscrire : premier argument d'un constat, d'un refus, d'une anomalie."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("add", "Refus", "Anomalie") and node.args:
                found += _strings(node.args[0])
            if name == "UnreadableError" and len(node.args) > 1:
                found += _strings(node.args[1])
            found += [text for keyword in node.keywords if keyword.arg == "code" for text in _strings(keyword.value)]
        elif isinstance(node, ast.Tuple) and len(node.elts) == 4:
            found += _strings(node.elts[0])
        elif isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "_CODE" for target in node.targets):
            found += _strings(node.value)
    return {text for text in found if "-" in text and _CODE.fullmatch(text)} | ({"formule"} & set(found))


def _in_code() -> set[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in CODES.glob("*.py")]
    return set().union(*map(_codes_of, trees)) | {"nombre-illisible"}


_ROWS = re.findall(r"^\| `([a-z0-9-]+)` \| (bloque|prévient) \| (.+?) \| (.+?) \|$", GUIDE, re.M)


def test_le_guide_liste_chaque_constat_une_fois_et_aucun_autre() -> None:
    listed = [code for code, *_ in _ROWS]
    assert len(listed) == len(set(listed))
    assert set(listed) == _in_code()


def test_chaque_constat_a_son_fichier_fautif() -> None:
    tried = {refus.code for refus in REFUS} | {row[0] for row in CSV} | {code for code, *_ in GARDES.values()}
    assert tried | _AILLEURS == _in_code()
    assert tried.isdisjoint(_AILLEURS)


def test_le_guide_dit_ce_qui_bloque_et_ce_qui_previent() -> None:
    warns = {code for code, effect, *_ in _ROWS if effect == "prévient"}
    assert warns == _AILLEURS - {"fichiers-contradictoires", "trop-de-constats"}


@pytest.mark.parametrize("titles", [
    layout.BORDEREAU_CHAMPS, layout.ABSENCES_COLONNES, layout.SORTIES_COLONNES, layout.ENTREES_COLONNES,
    layout.AUTRES_COLONNES, layout.HEURES,
])  # fmt: skip
def test_le_guide_nomme_chaque_colonne(titles: dict[str, str]) -> None:
    assert [title for title in titles.values() if f"« {title} »" not in GUIDE] == []


def test_le_guide_nomme_chaque_feuille_la_version_et_les_listes() -> None:
    assert [name for name in (layout.LISEZ_MOI, *layout.FEUILLES_LUES) if f"« {name} »" not in GUIDE] == []
    assert f"version {VERSION}" in GUIDE
    form = layout.formulaire()
    choices = (*form.natures, *form.motifs, *form.statuts)
    assert [choice.libelle for choice in choices if f"| {choice.libelle} | `{choice.code}` |" not in GUIDE] == []


def test_le_guide_nomme_chaque_colonne_du_csv_et_son_exemple_se_lit() -> None:
    assert [name for name in CHAMPS if not re.search(rf"^\| `{name}` \|", GUIDE, re.M)] == []
    example = re.search(r"```csv\n(.+?)```", GUIDE, re.S)
    assert example is not None
    lecture = read(example[1].encode(), "exemple.csv", ROSTER)
    assert lecture.anomalies == ()
    assert (len(lecture.elements), len(lecture.absences)) == (3, 1)


def test_le_guide_dit_les_limites_du_code() -> None:
    said = GUIDE.replace("\u00a0", " ").replace("\u202f", " ")
    limits = (
        f"{guards.TAILLE_MAX // 1024 // 1024} Mio",
        f"{guards.ENTREES_MAX} parties",
        f"{guards.DEPLIE_MAX // 1024 // 1024} Mio",
        f"{grid.LIGNES_MAX} lignes",
        f"{grid.COLONNES_MAX} colonnes",
        f"{constats.CONSTATS_MAX} points",
    )
    assert [limit for limit in limits if limit not in said] == []
