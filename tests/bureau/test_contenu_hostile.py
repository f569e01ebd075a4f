"""Du script dans un nom, un nom de fichier, une cellule : les pages le montrent en texte, rien ne s'exécute."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page
from sqlmodel import select

from payroll.month.commun import Acte
from payroll.month.recevoir import keep_file, read_pending
from payroll.store.tables import Adherent, Agent, DocumentRetour
from payroll.store.tables_revision import Gestionnaire
from tests.bureau.conftest import INSTANT, MOIS, Installation, Site, reglages_de
from tests.bureau.parcours import pages

pytestmark = pytest.mark.hostile

PIEGE = '"><script>window.piege=1</script><img src=x onerror="window.piege=1">\''
SIGNES = ("<script>window", "<img src=x", 'onerror="window')
CODE = "lubescaux"


def pieger(installation: Installation) -> list[str]:
    """Met le piège partout où un texte vient d'ailleurs ; rend les états des deux fichiers piégés."""
    registre = installation.registre
    with registre.transaction() as session:
        for adherent in session.exec(select(Adherent).where(Adherent.code == CODE)):
            adherent.nom = adherent.contact_nom = adherent.adresse = f"Lubescaux {PIEGE}"
            session.add(adherent)
        for agent in session.exec(select(Agent)):
            agent.nom, agent.prenom, agent.ville = f"Nom{PIEGE}", f"Prénom{PIEGE}", f"Ville{PIEGE}"
            session.add(agent)
        for compte in session.exec(select(Gestionnaire)):
            compte.nom = f"{compte.nom} {PIEGE}"
            session.add(compte)
    acte = Acte("r.dune", INSTANT)
    keep_file(registre, CODE, f"variables{PIEGE}.xlsx", _classeur_piege(installation), acte)
    lines = ["#adherent;lubescaux", f"#mois;{MOIS}", "matricule;code;valeur", f"LB001;cia;{PIEGE}", f"{PIEGE};cia;5"]
    keep_file(registre, CODE, f"variables{PIEGE}.csv", "\r\n".join(lines).encode(), acte)
    read = read_pending(registre, CODE, acte)
    return [str(row.etat) for row in read]


def _classeur_piege(installation: Installation) -> bytes:
    """Le classeur du mois, le piège dans chaque cellule libre des premières lignes de chaque feuille."""
    registre = installation.registre
    with registre.transaction() as session:
        document = session.exec(
            select(DocumentRetour)
            .join(Adherent, Adherent.id == DocumentRetour.adherent_id)  # type: ignore[arg-type]
            .where(Adherent.code == CODE, DocumentRetour.chemin.endswith(".xlsx"))  # type: ignore[attr-defined]
        ).first()
    assert document is not None
    book = openpyxl.load_workbook(io.BytesIO(registre.pieces.get(document.sha256)))
    for sheet in book.worksheets:
        for row in sheet.iter_rows(min_row=1, max_row=12, max_col=12):
            for cell in row:
                if cell.value is None and isinstance(cell, openpyxl.cell.cell.Cell):
                    cell.value = PIEGE
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.fixture(scope="module")
def lieu(modele: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Une installation piégée, pour tout le fichier."""
    dossier, secrets = modele
    found = Installation(reglages_de(Path(shutil.copytree(dossier, tmp_path_factory.mktemp("piege") / "var"))), secrets)
    assert pieger(found) == ["refuse", "refuse"]
    yield found
    found.registre.close()


def test_aucune_page_ne_rend_du_script_venu_d_une_donnee(lieu: Installation) -> None:
    """Toutes les pages, deux rôles : le piège n'y est jamais que du texte, et il y est bien."""
    faults, shown = [], set()
    for qui in ("responsable", "administrateur"):
        client = lieu.connecte(qui)
        for page in pages("GET"):
            answer = client.get(page.adresse())
            if not answer.headers.get("content-type", "").startswith("text/html"):
                continue
            faults += [f"{page} : {sign}" for sign in SIGNES if sign in answer.text]
            if PIEGE in unescape(answer.text):
                shown.add(page.forme)
    assert faults == []
    assert {"/", "/mon-compte", "/comptes", "/adherents/{code}"} <= shown


def test_un_fichier_au_nom_piege_se_remet_sans_rien_casser(lieu: Installation) -> None:
    """Le nom passe encodé, le contenu n'est jamais une page."""
    client = lieu.connecte("responsable")
    for page in pages("GET"):
        if "fichier" in page.parametres:
            answer = client.get(page.adresse(fichier="1"))
            assert answer.status_code == 200, page
            assert answer.headers["content-disposition"].startswith("attachment; filename=")
            assert "<" not in answer.headers["content-disposition"]
            assert "text/html" not in answer.headers["content-type"]
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_le_fichier_piege_est_refuse_et_au_journal(lieu: Installation) -> None:
    read = [row for row in lieu.refus("lire") if row.adherent_code == CODE]
    assert [row.detail["etat"] for row in read] == ["refuse", "refuse"]
    assert "window.piege" not in str([row.detail for row in lieu.journal()])


@pytest.mark.browser
def test_rien_ne_s_execute_et_le_navigateur_le_dit(site: Site, navigateur: Callable[..., Page]) -> None:
    """Les données piégées dorment, et même un script glissé dans la page est arrêté et tracé."""
    pieger(site.installation)
    page = navigateur("responsable")
    for place in ("/", "/mon-compte", f"/adherents/{CODE}", f"/adherents/{CODE}/revision", "/journal"):
        page.goto(place)
        assert page.evaluate("window.piege") is None, place
    assert site.installation.refus("contenu arrêté par la page") == []

    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.piege = 1";
            document.body.append(script);
            document.body.insertAdjacentHTML("beforeend", '<img src="/x" onerror="window.piege = 1">');
        }"""
    )
    for _ in range(100):
        if site.installation.refus("contenu arrêté par la page"):
            break
        page.wait_for_timeout(50)
    assert page.evaluate("window.piege") is None
    assert len(site.installation.refus("contenu arrêté par la page")) == 1


@pytest.mark.browser
def test_le_bureau_refuse_d_etre_mis_dans_un_cadre(site: Site, navigateur: Callable[..., Page]) -> None:
    page = navigateur(None)
    page.goto(f"{site.url}/connexion")
    with page.expect_console_message(lambda message: "frame" in message.text.lower()):
        page.evaluate(
            """() => {
                const frame = document.createElement("iframe");
                frame.src = "/connexion";
                document.body.append(frame);
            }"""
        )
    assert all(frame.url in ("", "about:blank", "chrome-error://chromewebdata/") for frame in page.frames[1:])
