"""Aucun refus ne demande à une personne devant la page de taper une commande : la page dit où se fait le geste."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from desk.bureau.renvois import GESTES, au_bureau
from payroll.anomalies import Anomalie
from payroll.month.commun import GesteRefuse
from tests.bureau.conftest import MOIS, Installation, jeton, reglages_de
from tests.bureau.lire import texte

RACINE = Path(__file__).parents[2]
COMMANDE = re.compile(r"« paie ([a-z-]+)")
PAGE = f"/adherents/lubescaux/corrections?mois={MOIS}"


def _phrases(path: Path) -> Iterator[str]:
    """Les phrases d'un fichier, docstrings exceptées ; ce qui s'y calcule devient « X »."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    silent |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.value


RENVOIS = sorted(
    {
        phrase
        for folder in ("payroll", "dsn", "flows", "desk/bureau")
        for path in (RACINE / folder).rglob("*.py")
        if path != RACINE / "desk" / "bureau" / "renvois.py"
        for phrase in _phrases(path)
        if COMMANDE.search(phrase)
    }
)
"""Toutes les phrases du programme qui renvoient au clavier, et qu'une page pourrait montrer."""


@pytest.fixture(scope="module")
def lecteur(modele: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Un gestionnaire connecté ; tout lui est refusé, rien ne change."""
    dossier, secrets = modele
    found = Installation(
        reglages_de(Path(shutil.copytree(dossier, tmp_path_factory.mktemp("renvois") / "var"))), secrets
    )
    yield found.connecte("gestionnaire")
    found.registre.close()


def test_le_releve_trouve_les_renvois_des_services() -> None:
    assert len(RENVOIS) > 10
    assert any("lever" in phrase for phrase in RENVOIS)
    assert any("rappel saisir X … --mois-de-droit X »" in phrase for phrase in RENVOIS), "les morceaux sont recollés"


@pytest.mark.parametrize("phrase", RENVOIS)
def test_chaque_geste_a_sa_page(phrase: str) -> None:
    assert set(COMMANDE.findall(phrase)) <= set(GESTES), "ajoutez ce geste à desk/bureau/renvois.py"
    assert not COMMANDE.search(str(au_bureau(phrase)))


@pytest.mark.parametrize("phrase", RENVOIS)
def test_un_refus_ne_montre_jamais_de_commande(
    lecteur: TestClient, monkeypatch: pytest.MonkeyPatch, phrase: str
) -> None:
    """Par le formulaire qui garde la saisie, avec une anomalie ; et par la page d'un refus que rien n'attendait."""

    def refused(*_: object, **__: object) -> None:
        raise GesteRefuse(phrase, (Anomalie(code="essai", message=phrase, remede=phrase),))

    monkeypatch.setattr("desk.bureau.pages.corrections.cancel_correction", refused)
    monkeypatch.setattr("desk.bureau.pages.corrections.export_corrections", refused)
    address = f"/adherents/lubescaux/corrections/annuler?mois={MOIS}"
    kept = lecteur.post(address, data={"csrf": jeton(lecteur, PAGE), "numero": "1", "motif": "x"})
    plain = lecteur.get(f"/adherents/lubescaux/corrections/classeur.xlsx?mois={MOIS}")
    wanted = texte(str(au_bureau(phrase)))
    for page in (kept, plain):
        assert page.status_code == 422
        assert wanted in texte(page.text)
        assert not COMMANDE.search(page.text)


def test_ce_qui_ne_renvoie_nulle_part_revient_tel_quel() -> None:
    anomalie = Anomalie(code="essai", message="rien à taper", remede="relisez")
    assert au_bureau(anomalie) is anomalie
    assert au_bureau("La paie est close.") == "La paie est close."
