"""Le guide de la secrétaire dit vrai : ses images et liens existent, ses noms et phrases sont ceux du produit."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import yaml

from payroll.intake import layout
from payroll.intake.receipt import marked_copy_name, receipt_name
from payroll.month.ouvrir import template_name
from payroll.month.relancer import reminder_name
from payroll.periods import Month
from tests.intake.fabrique import A, E, classeur, lire
from tests.intake.test_accuse import _text

RACINE = Path(__file__).parents[2]
DOCS = RACINE / "docs"
GUIDE = (DOCS / "guide-secretaire.md").read_text(encoding="utf-8")
_MOIS = Month(2026, 11)
_LOURDE = 150_000


def _anchor(title: str) -> str:
    """L'ancre que donne un titre Markdown."""
    kept = "".join(char for char in title.casefold() if char.isalnum() or char in " -")
    return unicodedata.normalize("NFC", kept.replace(" ", "-"))


def test_chaque_image_existe_et_reste_legere() -> None:
    images = re.findall(r"!\[(.+?)\]\((.+?)\)", GUIDE)
    assert len(images) >= 6
    assert [path for _, path in images if not 0 < (DOCS / path).stat().st_size < _LOURDE] == []


def test_chaque_lien_mene_quelque_part() -> None:
    links = re.findall(r"(?<!!)\[.+?\]\((.+?)\)", GUIDE)
    anchors = {_anchor(title) for title in re.findall(r"^#+ (.+)$", GUIDE, re.M)}
    assert [link for link in links if link.startswith("#") and link[1:] not in anchors] == []
    assert [link for link in links if not link.startswith("#") and not (DOCS / link).exists()] == []


def test_les_noms_de_fichiers_sont_ceux_du_produit() -> None:
    names = (template_name("votrecode", _MOIS), reminder_name(_MOIS), "bulletins.pdf", "LISEZMOI.pdf", "journal.xlsx")
    assert [name for name in names if f"`{name}`" not in GUIDE] == []
    assert receipt_name("f", "0" * 64).startswith("accuse-")
    assert marked_copy_name("f", "0" * 64).startswith("a-corriger-")
    assert "`accuse-….txt`" in GUIDE
    assert "`a-corriger-….xlsx`" in GUIDE


def test_les_accuses_cites_sont_ceux_que_l_on_recoit() -> None:
    accepte, refuse = re.findall(r"```text\n(.+?)```", GUIDE, re.S)
    absence = {(A, "A5"): "A001", (A, "B5"): "maladie", (A, "C5"): "9 novembre", (A, "D5"): "13 novembre"}
    shown = _text(lire(classeur({(E, "E5"): 8, (E, "H7"): 3.25, **absence}, saisi=False)))
    assert accepte.splitlines()[0] in shown
    for line in (
        "    Heures sup. de jour : 8 h",
        "    Heures complémentaires : 3,25 h",
        accepte.splitlines()[-3].strip(),
    ):
        assert line.strip() in accepte
        assert line.strip() in shown
    told = _text(lire(classeur({(E, "E5"): 80, (E, "G5"): 4}))).replace("agent A001", "agent SA001")
    said = [line.strip() for line in refuse.splitlines()[2:] if line.strip()]
    assert [line for line in said if line not in told] == []


def test_les_heures_de_releve_sont_celles_du_deploiement() -> None:
    found = yaml.safe_load((RACINE / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    crons = {row["name"]: [item["cron"] for item in row.get("schedules", [])] for row in found}
    assert ["*/10 7-19 * * 1-6"] in crons.values()
    assert "Du lundi au samedi, de 7 h à 20 h, nous relevons toutes les dix minutes." in GUIDE
    assert ["0 6 1 * *"] in crons.values()
    assert "| le 1er du mois | le classeur du mois est dans `retour` |" in GUIDE


def test_les_feuilles_et_les_cases_du_guide_existent() -> None:
    titles = (layout.BORDEREAU_CHAMPS["neant"], layout.BORDEREAU_CHAMPS["remplace"], layout.MOIS_DERNIER)
    assert [title for title in (*titles, layout.POUR_MEMOIRE) if f"« {title} »" not in GUIDE] == []
    # Ce que le guide promet de comprendre.
    lecture = lire(classeur({(E, "E5"): "2h30"}, saisi=False))
    assert [(element.code, element.valeur) for element in lecture.elements] == [("ihts_jour", 250)]
