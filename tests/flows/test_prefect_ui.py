"""Un mois lancé geste par geste depuis la page de Prefect, avec un vrai navigateur, serveur, équipe et dépôt SFTP.

Deux petits adhérents des exemples. ``CAPTURES=1`` refait les images de ``docs/images/``.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as TooSlow

from desk.demo.decor import Decor, prefect_server, settings, sftp_server
from desk.demo.secretaire import Secretaire, prepare
from payroll.month.adherents import import_adherent
from payroll.month.commun import Acte
from payroll.month.etat import month_board
from payroll.periods import Month
from payroll.settings import Reglages
from tests.flows.test_deployments import DEPLOIEMENTS, flow_of

pytestmark = pytest.mark.browser

RACINE = Path(__file__).parents[2]
IMAGES = RACINE / "docs" / "images"
MOIS = Month(2026, 11)
CODES = ("lubescaux", "saint-amadour-des-pins")
PREFECT = Path(sys.executable).parent / "prefect"
CAPTURES = os.environ.get("CAPTURES") == "1"
FINIS = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
ESSAIS = 4
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@dataclass
class Bureau:
    """La page de Prefect, l'adresse du serveur, les secrétaires, le dossier du registre."""

    repertoire: Path
    page: Page
    url: str
    secretaires: dict[str, Secretaire]

    def launch(self, geste: str, *fields: str, items: tuple[str, ...] = ()) -> str:
        """Ouvre le geste, « Run », « Custom run », remplit le formulaire, le soumet ; rend l'état final."""
        page = self.page
        home = self.find(geste)
        deployment = home.split("/deployment/")[1].split("?")[0]
        for _ in range(ESSAIS):
            self._submit(home, fields, items)
            if self._launched(deployment):
                return self.ended(deployment)
        raise AssertionError(f"« {geste} » : le formulaire ne part pas. La page dit : {page.inner_text('body')}")

    def find(self, geste: str) -> str:
        """L'adresse de la page d'un geste, trouvée comme une personne la trouve."""
        page = self.page
        # La page n'en montre que dix : on cherche. Le flux a le même nom : seul le lien du déploiement mène au bouton.
        link = page.locator("a[href*='/deployments/deployment/']").filter(has_text=geste).first
        for _ in range(ESSAIS):
            page.goto(f"{self.url}/deployments")
            page.get_by_placeholder("Search deployments").fill(geste)
            link.wait_for()
            with contextlib.suppress(TooSlow):
                # La liste se redessine quand la recherche répond : un clic d'avant peut se perdre.
                link.click(timeout=5_000)
                page.wait_for_url("**/deployments/deployment/*", timeout=5_000)
                return page.url
        raise AssertionError(f"« {geste} » ne s'ouvre pas. La page dit : {page.inner_text('body')}")

    def form(self, home: str) -> None:
        """Ouvre le formulaire d'un geste, et attend ses champs."""
        page = self.page
        page.goto(home)
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_text("Custom run").click()
        page.get_by_role("button", name="Submit").wait_for()
        page.locator("textarea").first.wait_for()

    def _submit(self, home: str, fields: tuple[str, ...], items: tuple[str, ...]) -> None:
        page = self.page
        self.form(home)
        submit = page.get_by_role("button", name="Submit")
        for _ in items:
            page.get_by_text("Add item").click()
        self._fill((*items, *fields))
        submit.click()

    def _launched(self, deployment: str) -> bool:
        """Vrai dès que le serveur connaît l'exécution : lui seul le sait, la page peut refuser un clic sans le dire."""
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            if any(not run["auto_scheduled"] for run in self.runs(deployment)):
                return True
            time.sleep(0.5)
        return False

    def artifact(self, key: str) -> None:
        """Ouvre le dernier artefact publié sous cette clé."""
        query = {"artifacts": {"key": {"any_": [key]}}, "sort": "CREATED_DESC", "limit": 1}
        (last,) = httpx.post(f"{self.url}/api/artifacts/filter", json=query, timeout=60).json()
        self.page.goto(f"{self.url}/artifacts/artifact/{last['id']}")

    def by_hand(self, geste: str) -> list[dict[str, Any]]:
        """Les exécutions qu'une personne a lancées, hors horaires."""
        query = {"deployments": {"name": {"any_": [geste]}}}
        (found,) = httpx.post(f"{self.url}/api/deployments/filter", json=query, timeout=60).json()
        return [run for run in self.runs(found["id"]) if not run["auto_scheduled"]]

    def runs(self, deployment: str) -> list[dict[str, Any]]:
        query: dict[str, Any] = {"deployments": {"id": {"any_": [deployment]}}, "sort": "START_TIME_DESC"}
        found: list[dict[str, Any]] = httpx.post(f"{self.url}/api/flow_runs/filter", json=query, timeout=60).json()
        return found

    def _fill(self, values: tuple[str, ...]) -> None:
        """Remplit les champs ; le formulaire se remet à ses valeurs par défaut peu après s'être montré."""
        fields = [self.page.locator("textarea").nth(rank) for rank in range(len(values))]
        for _ in range(10):
            for field, value in zip(fields, values, strict=True):
                field.fill(value)
            self.page.wait_for_timeout(700)
            if [field.input_value() for field in fields] == list(values):
                return
        raise AssertionError("le formulaire n'a pas gardé ce qui y est tapé")

    def ended(self, deployment: str) -> str:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            done = [run for run in self.runs(deployment) if run["state_type"] in FINIS]
            if done:
                return str(done[0]["state_type"])
            time.sleep(0.5)
        return "SANS FIN"


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    decor = Decor(tmp_path_factory.mktemp("prefect"), MOIS)
    with settings(decor.environment):
        reglages = Reglages()
        registre = reglages.registre()
        for code in CODES:
            import_adherent(
                registre, RACINE / "examples" / "adherents" / f"{code}.yaml", Acte("essai", reglages.maintenant())
            )
        registre.close()
        with (
            sftp_server(decor, CODES) as sftp,
            prefect_server(decor) as url,
            _Team(decor.racine / "equipe.log"),
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
            page = browser.new_page(viewport={"width": 1280, "height": 760}, locale="fr-FR")
            people = {
                code: Secretaire(code, decor.key(code), sftp.host, sftp.port, decor.known_hosts) for code in CODES
            }
            yield Bureau(reglages.repertoire, page, url, people)
            browser.close()


class _Team:
    """L'équipe qui exécute : le pool, les gestes inscrits comme le dit docs/prefect.md, un ouvrier."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def __enter__(self) -> None:
        self._prefect("work-pool", "create", "paie", "--type", "process")
        self._prefect("--no-prompt", "deploy", "--all")
        self.worker = subprocess.Popen(
            [PREFECT, "worker", "start", "--pool", "paie"],
            cwd=RACINE,
            # L'équipe regarde toutes les dix secondes s'il y a du travail : ici, personne n'attend.
            env={**os.environ, "PREFECT_WORKER_QUERY_SECONDS": "1"},
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
        )

    def __exit__(self, *_: object) -> None:
        self.worker.terminate()
        try:
            self.worker.wait(timeout=30)
        except subprocess.TimeoutExpired:
            # Un essai échoué peut laisser une exécution en cours, que l'ouvrier attendrait.
            self.worker.kill()
            self.worker.wait()

    def _prefect(self, *arguments: str) -> None:
        environment = {**os.environ, "PWD": str(RACINE)}
        done = subprocess.run(
            [PREFECT, *arguments], cwd=RACINE, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_les_horaires_inscrits_prevoient_des_executions(bureau: Bureau) -> None:
    """L'ordonnanceur du serveur vit : ouverture, relève, état et rappels sont au calendrier, à l'heure de Paris."""
    wanted = {"ouvrir-le-mois", "relever-le-depot", "lire-les-retours", "etat-du-mois", "rappeler-les-echeances"}
    query: dict[str, Any] = {"deployments": {"name": {"any_": sorted(wanted)}}}
    names = {
        row["id"]: row["name"]
        for row in httpx.post(f"{bureau.url}/api/deployments/filter", json=query, timeout=60).json()
    }
    deadline = time.monotonic() + 60
    planned: set[str] = set()
    while planned != wanted and time.monotonic() < deadline:
        rows = httpx.post(f"{bureau.url}/api/flow_runs/filter", json={"limit": 200}, timeout=60).json()
        planned = {names[row["deployment_id"]] for row in rows if row["auto_scheduled"]}
        time.sleep(0.5)

    assert planned == wanted


def test_le_formulaire_se_lit_en_francais_et_part_avec_son_choix_par_defaut(bureau: Bureau) -> None:
    """Titres, explications et choix dans la page ; le 20 novembre n'est le jour d'aucun rappel, et le geste le dit."""
    bureau.form(bureau.find("rappeler-les-echeances"))
    shown = bureau.page.inner_text("body")
    for field in flow_of(DEPLOIEMENTS["rappeler-les-echeances"]).parameters.properties.values():
        assert field["title"] in shown
        assert field["description"].split(" ; ")[0] in shown
    assert "au jour prévu" in shown.splitlines()

    assert bureau.launch("rappeler-les-echeances") == "COMPLETED"
    (run,) = bureau.by_hand("rappeler-les-echeances")
    assert run["parameters"]["quand"] == "au jour prévu"
    assert run["state"]["message"].startswith("Rien à rappeler ce jour. Prochain rappel : le jeudi 3 décembre 2026")


def test_un_autre_programme_trouve_un_geste_par_son_nom_et_un_choix_inconnu_est_refuse(bureau: Bureau) -> None:
    """Ce que fait le bureau : le nom du déploiement, ses champs ; le serveur vérifie leur type."""
    address = f"{bureau.url}/api/deployments"
    found = httpx.get(f"{address}/name/rappeler-les-echeances/rappeler-les-echeances", timeout=60).json()["id"]
    done = httpx.post(f"{address}/{found}/create_flow_run", json={"parameters": {"quand": "demain"}}, timeout=60)
    assert done.is_client_error
    assert len(bureau.by_hand("rappeler-les-echeances")) == 1


def test_un_mois_entier_se_lance_depuis_la_page_de_prefect(bureau: Bureau) -> None:
    mois = str(MOIS)
    deposits = {
        row["adherent"]: row["fichiers"][0]
        for row in yaml.safe_load((RACINE / "examples" / "depots.yaml").read_text(encoding="utf-8"))["depots"]
    }

    assert bureau.launch("ouvrir-le-mois", mois) == "COMPLETED"
    for code, person in bureau.secretaires.items():
        fichier = deposits[code]
        person.drop(fichier["nom"], prepare(fichier, person.fetch_template(MOIS), code, MOIS))
    assert bureau.launch("relever-le-depot", mois) == "COMPLETED"
    assert bureau.launch("preparer-la-paie", mois) == "COMPLETED"
    assert bureau.launch("valider-la-paie", "camille", mois, items=CODES) == "COMPLETED"
    assert bureau.launch("declarer-et-restituer", mois) == "COMPLETED"

    registre = Reglages(repertoire=bureau.repertoire, base="").registre()
    board = {row.code: row for row in month_board(registre, MOIS)}
    registre.close()
    assert {row.etat for row in board.values()} == {"restituee"}
    bureau.artifact(f"etat-du-mois-{mois}")
    bureau.page.get_by_text("Paie de novembre 2026").first.wait_for()
    shown = bureau.page.inner_text("body")
    assert all(code in shown for code in CODES)
    assert "restitué" in shown
    if CAPTURES:
        _capture(bureau)


def test_les_noms_d_execution_ne_portent_que_le_geste_et_le_mois(bureau: Bureau) -> None:
    runs = httpx.post(f"{bureau.url}/api/flow_runs/filter", json={"limit": 200}, timeout=60).json()
    played = {run["name"]: run["tags"] for run in runs if run["state_type"] == "COMPLETED"}
    gestes = ("ouverture", "relève", "calcul", "déclaration et restitution")
    wanted = {f"{MOIS} · {geste} · tous les adhérents" for geste in gestes} | {f"{MOIS} · validation · 2 adhérents"}

    assert wanted <= set(played)
    assert {"2026-11", "calcul", "mois"} <= set(played[f"{MOIS} · calcul · tous les adhérents"])


def _capture(bureau: Bureau) -> None:
    page = bureau.page
    page.goto(f"{bureau.url}/deployments")
    page.get_by_text("preparer-la-paie").first.wait_for()
    page.set_viewport_size({"width": 1280, "height": 1100})
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "prefect-gestes.png")
    bureau.form(bureau.find("valider-la-paie"))
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "prefect-formulaire.png")
    bureau.artifact(f"etat-du-mois-{MOIS}")
    page.get_by_text("Paie de novembre 2026").first.wait_for()
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "prefect-etat.png")
    page.set_viewport_size({"width": 1280, "height": 1240})
    page.goto(f"{bureau.url}/runs")
    page.get_by_text("déclaration et restitution").first.wait_for()
    page.wait_for_timeout(2500)
    page.screenshot(path=IMAGES / "prefect-mois.png")
    page.set_viewport_size({"width": 1280, "height": 480})
    bureau.artifact(f"declaration-et-restitution-{MOIS}")
    page.get_by_text(CODES[0]).first.wait_for()
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "prefect-compte-rendu.png")
