"""Un mois entier au bureau : vrai navigateur, vrai serveur Prefect et son équipe, vrai dépôt SFTP, deux personnes.

``IMAGES=1`` refait les images de ``docs/guide-gestionnaire.md``.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pyotp
import pytest
import yaml
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from desk.demo.decor import Decor, prefect_server, settings, sftp_server
from desk.demo.secretaire import Secretaire, prepare
from flows.transport import deliver_alone
from payroll.month import gestionnaires
from payroll.month.adherents import import_adherent
from payroll.month.calculer import compute_month
from payroll.month.commun import Acte, find_adherent
from payroll.month.dus import pending_documents
from payroll.month.gestionnaires import add_account
from payroll.month.ouvrir import open_month
from payroll.month.second_facteur import enrol, propose
from payroll.month.valider import approve
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.tables import Adherent
from tests.bureau.conftest import COMPTES, INSTANT, PHRASE, Heure, Installation, served, signe_en
from tests.dsn.retours.fabrique import retour

pytestmark = pytest.mark.browser

RACINE = Path(__file__).parents[2]
IMAGES = RACINE / "docs" / "images" if os.environ.get("IMAGES") == "1" else None
MOIS = Month(2026, 11)
CODE, SILENCIEUX, REFUSE = "syndicat-luyette", "lubescaux", "SE001"
FAUTIF, BON = (
    fichier
    for row in yaml.safe_load((RACINE / "examples" / "depots.yaml").read_text(encoding="utf-8"))["depots"]
    if row["adherent"] == CODE
    for fichier in row["fichiers"]
)
PATIENCE = 240_000
"""Millisecondes laissées à la page : un travail lance son processus, et la machine peut être prise."""
ATTENTE = 5_000
"""Ce que playwright attend d'ordinaire."""


@dataclass
class Agence:
    """Le décor levé : le bureau, la secrétaire, de quoi ouvrir un navigateur pour une personne."""

    installation: Installation
    decor: Decor
    secretaire: Secretaire
    ouvrir: Callable[[str], Page]

    def rendu(self, code: str) -> Path:
        """Le dossier que l'adhérent trouve."""
        return self.decor.adherents / code / "retour" / str(MOIS)

    def siret(self, code: str) -> str:
        with self.installation.registre.transaction() as session:
            return find_adherent(session, code).siret


@pytest.fixture(scope="module")
def agence(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Agence]:
    decor = Decor(tmp_path_factory.mktemp("mois"), MOIS)
    try:
        with ExitStack() as stack:
            stack.enter_context(settings(decor.environment))
            stack.enter_context(pytest.MonkeyPatch.context()).setattr(gestionnaires, "_N", 2**4)
            sftp = stack.enter_context(sftp_server(decor, (CODE, SILENCIEUX)))
            url = stack.enter_context(prefect_server(decor))
            stack.enter_context(_team(decor.racine / "equipe.log"))
            installation = _installed()
            site = stack.enter_context(served(installation))
            _wait_deployments(f"{url}/api")
            person = Secretaire(CODE, decor.key(CODE), sftp.host, sftp.port, decor.known_hosts)

            def ouvrir(qui: str) -> Page:
                context = chromium.new_context(
                    base_url=site.url,
                    locale="fr-FR",
                    timezone_id="Europe/Paris",
                    viewport={"width": 1180, "height": 760},
                )
                stack.callback(context.close)
                page = context.new_page()
                page.set_default_timeout(PATIENCE)
                signe_en(page, installation, qui)
                return page

            expect.set_options(timeout=PATIENCE)
            yield Agence(installation, decor, person, ouvrir)
    finally:
        expect.set_options(timeout=ATTENTE)


def _installed() -> Installation:
    """Deux adhérents, octobre approuvé ; celui du mois joué demande deux approbations."""
    reglages = Reglages()
    registre = reglages.registre()
    acte, october = Acte("essai", INSTANT - timedelta(days=25)), MOIS.previous
    for code in (CODE, SILENCIEUX):
        data = yaml.safe_load((RACINE / "examples" / "adherents" / f"{code}.yaml").read_text(encoding="utf-8"))
        path = reglages.repertoire / f"{code}.yaml"
        path.write_text(yaml.safe_dump({**data, "quatre_yeux": code == CODE}, allow_unicode=True), encoding="utf-8")
        assert isinstance(import_adherent(registre, path, acte), Adherent)
        open_month(registre, code, october, acte)
        compute_month(registre, code, october, acte, sans_fichier=True)
        for qui in ("premiere", "seconde")[: 1 + (code == CODE)]:
            approve(registre, code, october, Acte(qui, acte.moment), commentaire="premier mois")
        open_month(registre, code, MOIS, Acte("essai", INSTANT))
        deliver_alone(registre, code, Acte("essai", INSTANT))
    secrets = {}
    for qui in ("gestionnaire", "second"):
        identifiant, nom, role, portefeuille = COMPTES[qui]
        add_account(registre, identifiant, nom, role, PHRASE, acte, portefeuille)
        secrets[qui] = propose(registre, identifiant).secret
        moment = INSTANT - timedelta(minutes=2)
        enrol(registre, identifiant, pyotp.TOTP(secrets[qui]).at(moment), acte, moment)
    registre.close()
    return Installation(reglages, secrets, Heure())


@contextmanager
def _team(log: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bureau.equipe"],
        cwd=RACINE,
        # L'équipe regarde toutes les dix secondes s'il y a du travail : ici, personne n'attend.
        env={**os.environ, "PREFECT_RUNNER_POLL_FREQUENCY": "1"},
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_deployments(api: str) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if len(httpx.post(f"{api}/deployments/filter", json={}, timeout=30).json()) >= 4:
            return
        time.sleep(0.3)
    raise AssertionError("l'équipe n'a pas inscrit ses gestes")


def _shot(page: Page, name: str, section: str = "") -> None:
    """Une image du guide, si on les refait ; ``section`` : ce qu'elle montre en haut."""
    if IMAGES:
        if section:
            page.locator(section).first.evaluate("(one) => one.scrollIntoView()")
        shot = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
        # Peu de teintes : la page est plate, et une image légère se lit aussi bien.
        shot.convert("RGB").quantize(96).save(IMAGES / f"bureau-{name}.png", optimize=True)


def _launch(page: Page, bouton: str) -> None:
    """Lance un geste pour l'adhérent du mois, et attend la fin à l'écran : la page se recharge d'elle-même."""
    page.goto(f"/travaux?mois={MOIS}&cherche={CODE}")
    page.get_by_role("button", name=f"Lancer : {bouton}").click()
    _wait_done(page)


def _wait_done(page: Page) -> None:
    page.wait_for_url("**/travaux/*-*")
    expect(page.locator("#contenu")).to_contain_text("adhérent fait")


def test_un_mois_entier_se_joue_au_bureau(agence: Agence) -> None:
    page = agence.ouvrir("gestionnaire")
    revision = f"/adherents/{CODE}/revision?mois={MOIS}"

    # Voir ce qui manque.
    page.goto("/")
    expect(page.get_by_role("row").filter(has_text="Haute Luyette")).to_contain_text("Attendre le fichier")
    _shot(page, "tableau")

    # La secrétaire dépose un fichier fautif ; ses anomalies se lisent sur place.
    template = agence.secretaire.fetch_template(MOIS)
    agence.secretaire.drop(FAUTIF["nom"], prepare(FAUTIF, template, CODE, MOIS))
    _launch(page, "relever le dépôt")
    _shot(page, "travail")
    page.get_by_role("link", name=CODE).click()
    for faute in FAUTIF["refus"]:
        expect(page.locator("#contenu")).to_contain_text(faute)
    _shot(page, "anomalies", "article.fichier, #fichiers")

    # Elle dépose le bon ; il se calcule.
    agence.secretaire.drop(BON["nom"], prepare(BON, template, CODE, MOIS))
    _launch(page, "relever le dépôt")
    _launch(page, "calculer")

    # Réviser contre le mois d'avant, ouvrir une explication.
    page.goto(revision)
    expect(page.get_by_role("heading", name="Révision :")).to_be_visible()
    expect(page.locator("#contenu")).to_contain_text("comparée à octobre 2026")
    agent = page.locator("article").filter(has_text=REFUSE)
    expect(agent).to_contain_text("+300,00")
    _shot(page, "revision")
    agent.get_by_text("lignes changent").click()
    _shot(page, "causes", "#agents")
    agent.locator("tr").filter(has=page.get_by_role("rowheader", name=re.compile("CIA"))).get_by_role("link").click()
    expect(page.locator("#contenu")).to_contain_text("D’où cela vient")
    expect(page.get_by_role("link", name=re.compile("2014-513"))).to_have_attribute(
        "href", re.compile(r"^https://www\.legifrance\.gouv\.fr/")
    )
    _shot(page, "explication")

    # Approuver, puis s'apercevoir d'une erreur : refuser un bulletin fait tomber l'approbation.
    page.goto(revision)
    page.get_by_role("button", name="Approuver la révision").click()
    expect(page.get_by_role("status").first).to_contain_text("seconde personne")
    page.locator("article").filter(has_text=REFUSE).get_by_role("checkbox").check()
    page.get_by_label("La raison").fill("le CIA voté est de 250 euros")
    page.get_by_role("button", name="Refuser", exact=True).click()
    expect(page.locator("#contenu")).to_contain_text("la paie attend")
    _shot(page, "refus", "#decider")

    # Corriger, recalculer : la nouvelle révision est à approuver, l'ancienne approbation se voit annulée.
    page.locator("article").filter(has_text=REFUSE).get_by_role("link", name="Corriger").click()
    page.locator("#element-rubrique").select_option("cia")
    page.get_by_role("textbox", name="Valeur").fill("250,00")
    page.locator("#element-motif").fill("délibération relue avec la mairie")
    _shot(page, "correction")
    page.get_by_role("button", name="Corriger", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("Recalculez")
    page.get_by_role("button", name="Recalculer").click()
    _wait_done(page)
    page.goto(revision)
    expect(page.locator("#contenu")).to_contain_text("révision 2")
    expect(page.locator("#contenu")).to_contain_text("Approbation annulée")
    _shot(page, "recalcul", "#decider")

    # Deux personnes approuvent ; la même ne le peut pas deux fois.
    page.get_by_role("button", name="Approuver la révision 2").click()
    expect(page.locator("#contenu")).to_contain_text("Il manque une seconde personne")
    other = agence.ouvrir("second")
    other.goto(revision)
    expect(other.locator("#contenu")).to_contain_text("g.pin a approuvé la révision 2")
    _shot(other, "second-regard", "#decider")
    other.get_by_role("button", name="Approuver la révision 2").click()
    expect(other.locator("#contenu")).to_contain_text("La paie est validée")

    # Déclarer, rendre : l'adhérent trouve son dossier.
    page.goto(f"/travaux?mois={MOIS}&cherche={CODE}")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Lancer : déclarer et restituer").click()
    _wait_done(page)
    page.goto(f"/adherents/{CODE}?mois={MOIS}")
    expect(page.locator("#contenu")).to_contain_text("bulletins.pdf")
    expect(page.locator("#contenu")).to_contain_text("Restituée")
    assert pending_documents(agence.installation.registre, CODE) == []
    assert {"bulletins.pdf", "journal.xlsx"} <= {path.name for path in agence.rendu(CODE).iterdir()}
    _shot(page, "rendu", "#documents")

    # La DSN : l'emporter, la poser pour net-entreprises, recevoir son certificat.
    page.goto(f"/adherents/{CODE}/dsn?mois={MOIS}")
    _shot(page, "dsn")
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("DSN n° 1")).click()
    assert download.value.path().read_bytes().startswith(b"S10.G00.00.001")
    page.get_by_role("button", name="Poser les messages").click()
    expect(page.get_by_role("status").first).to_contain_text("1 message posé")
    certificate = retour("CCO", siret=agence.siret(CODE), etat="OK")
    page.get_by_label("Fichiers de net-entreprises").set_input_files(
        {"name": "certificat.xml", "mimeType": "application/xml", "buffer": certificate}
    )
    page.get_by_role("button", name="Recevoir").click()
    expect(page.locator("#contenu")).to_contain_text("certificat.xml")
    _shot(page, "certificat", "#envois")

    # Les travaux du mois se retrouvent, et le journal sait qui a fait quoi.
    page.goto(f"/travaux?mois={MOIS}")
    expect(page.locator(".travail")).to_have_count(5)
    expect(page.locator(".travail").first).to_contain_text("Déclarer et restituer")
    done = [(line.par, line.geste) for line in agence.installation.journal() if line.adherent_code == CODE]
    for line in (("g.pin", "premier-regard"), ("g.pin", "refuser"), ("g.pin", "corriger"), ("s.barthe", "valider")):
        assert line in done
    assert [par for par, geste in done if geste == "lancer"] == ["g.pin"] * 5
