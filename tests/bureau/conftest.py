"""Le bureau des essais : une installation calculée une fois par fichier, un compte par rôle, un vrai navigateur.

``installation`` (par essai) est une copie : un essai peut tout y changer. ``client("responsable")`` est connecté.
``site`` sert la copie par un vrai uvicorn ; ``navigateur("responsable")`` y ouvre une page de Chromium, connectée.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright
from sqlmodel import col, select
from starlette.testclient import TestClient

from desk.bureau.application import create_app
from desk.bureau.reglages import ReglagesBureau
from payroll.month import gestionnaires
from payroll.month.adherents import import_adherent
from payroll.month.calculer import compute_month
from payroll.month.commun import Acte
from payroll.month.gestionnaires import add_account
from payroll.month.ouvrir import open_month
from payroll.month.second_facteur import enrol, propose
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Evenement

EXEMPLES = Path(__file__).parents[2] / "examples" / "adherents"
CHROMIUM = ("--no-sandbox", "--disable-dev-shm-usage")  # les essais tournent parfois sous le compte root
MOIS = Month(2026, 11)
INSTANT = datetime(2026, 11, 20, 9, tzinfo=UTC)
PHRASE = "les pins sont verts"
ADHERENTS = ("lubescaux", "ccas-marsaquet")
"""Les deux adhérents de l'installation ; leur mois est ouvert et calculé sans fichier."""
COMPTES = {
    "lecture": ("l.lande", "Lucie Lande", "lecture", ()),
    "gestionnaire": ("g.pin", "Gaël Pin", "gestionnaire", ()),
    "restreint": ("r.dune", "Rose Dune", "gestionnaire", ("lubescaux",)),
    "responsable": ("c.ajonc", "Chloé Ajonc", "responsable", ()),
    "second": ("s.barthe", "Simon Barthe", "responsable", ()),
    "administrateur": ("a.courant", "Anne Courant", "administrateur", ()),
}
"""Rôle d'essai → identifiant, nom, rôle, portefeuille. « restreint » ne suit que lubescaux."""
CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')


class Heure:
    """L'heure vraie d'un essai, qu'il avance à la main : sessions, attentes et codes en vivent."""

    def __init__(self) -> None:
        self.maintenant = INSTANT

    def __call__(self) -> datetime:
        return self.maintenant

    def avance(self, **duree: int) -> None:
        self.maintenant += timedelta(**duree)


@dataclass
class Installation:
    """Une installation d'essai, ses comptes et leurs téléphones."""

    reglages: Reglages
    secrets: dict[str, str]
    heure: Heure = field(default_factory=Heure)
    bureau: ReglagesBureau = field(default_factory=lambda: ReglagesBureau(_env_file=None))  # type: ignore[call-arg]
    _app: FastAPI | None = None

    @property
    def app(self) -> FastAPI:
        if self._app is None:
            self._app = create_app(self.reglages, self.bureau, self.heure)
        return self._app

    @property
    def registre(self) -> Registre:
        registre: Registre = self.app.state.bureau.registre
        return registre

    def code(self, qui: str) -> str:
        """Le code que montre le téléphone de ce compte, à l'heure de l'essai."""
        return pyotp.TOTP(self.secrets[qui]).at(self.heure())

    def navigue(self, adresse: str = "192.0.2.10") -> TestClient:
        """Un navigateur sans session, à cette adresse."""
        client = TestClient(
            self.app,
            base_url="https://localhost",
            follow_redirects=False,
            raise_server_exceptions=False,
            client=(adresse, 50000),
        )
        client.headers["origin"] = "https://localhost"
        return client

    def connecte(self, qui: str, adresse: str = "192.0.2.10") -> TestClient:
        """Un navigateur connecté par le vrai chemin : mot de passe, puis code (le code suivant, jamais le même)."""
        client = self.navigue(adresse)
        envoie(client, "/connexion", identifiant=COMPTES[qui][0], mot_de_passe=PHRASE)
        self.heure.avance(seconds=30)
        done = envoie(client, "/connexion/code", code=self.code(qui))
        assert done.status_code == 303, done.text
        return client

    def journal(self) -> list[Evenement]:
        """Le journal entier, dans l'ordre."""
        with self.registre.transaction() as session:
            return list(session.exec(select(Evenement).order_by(col(Evenement.id))))

    def refus(self, geste: str) -> list[Evenement]:
        """Les lignes du journal de ce geste."""
        return [row for row in self.journal() if row.geste == geste]


def jeton(client: TestClient, page: str) -> str:
    """Le jeton des formulaires que cette page donne à ce navigateur."""
    found = CSRF.search(client.get(page).text)
    assert found, f"aucun formulaire sur {page}"
    return found[1]


def envoie(client: TestClient, adresse: str, *, page: str = "", **champs: str) -> object:
    """Remplit et envoie le formulaire d'une page, comme un navigateur : avec son jeton."""
    return client.post(adresse, data={"csrf": jeton(client, page or adresse), **champs})


@pytest.fixture(scope="module")
def modele(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """L'installation que chaque essai copie, et les secrets des téléphones."""
    dossier = tmp_path_factory.mktemp("modele") / "var"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gestionnaires, "_N", 2**4)
        reglages = reglages_de(dossier)
        registre = reglages.registre()
        acte = Acte("essai", INSTANT)
        for code in ADHERENTS:
            assert isinstance(import_adherent(registre, EXEMPLES / f"{code}.yaml", acte), Adherent)
            open_month(registre, code, MOIS, acte)
            compute_month(registre, code, MOIS, acte, sans_fichier=True)
        secrets = {}
        for qui, (identifiant, nom, role, portefeuille) in COMPTES.items():
            add_account(registre, identifiant, nom, role, PHRASE, acte, portefeuille)
            secrets[qui] = propose(registre, identifiant).secret
            # Inscrit deux minutes avant l'essai : le code du moment n'a pas servi.
            before = INSTANT - timedelta(minutes=2)
            enrol(registre, identifiant, pyotp.TOTP(secrets[qui]).at(before), acte, before)
        registre.close()
    return dossier, secrets


@pytest.fixture
def installation(modele: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Installation]:
    """Une copie neuve de l'installation."""
    dossier, secrets = modele
    copie = shutil.copytree(dossier, tmp_path / "bureau")
    found = Installation(reglages_de(copie), secrets)
    yield found
    if found._app is not None:
        found.registre.close()


@pytest.fixture
def client(installation: Installation) -> Callable[[str], TestClient]:
    """``client("responsable")`` : un navigateur connecté sous ce compte."""
    return installation.connecte


@dataclass
class Site:
    """L'installation servie par un vrai uvicorn, sur ce poste."""

    url: str
    installation: Installation


@pytest.fixture
def site(installation: Installation) -> Iterator[Site]:
    """Un vrai serveur, sur un port libre, à l'heure vraie de l'essai."""
    with served(installation) as found:
        yield found


@contextmanager
def served(installation: Installation) -> Iterator[Site]:
    """Sert une installation par un vrai uvicorn, sur un port libre."""
    serveur = uvicorn.Server(
        uvicorn.Config(installation.app, host="127.0.0.1", port=0, log_level="warning", proxy_headers=False)
    )
    ready = threading.Event()
    startup = serveur.startup

    async def announced(sockets: object = None) -> None:
        await startup(sockets)  # type: ignore[arg-type]
        ready.set()

    serveur.startup = announced  # type: ignore[method-assign, assignment]
    thread = threading.Thread(target=serveur.run, daemon=True)
    thread.start()
    assert ready.wait(20), "le bureau n'a pas démarré"
    port = serveur.servers[0].sockets[0].getsockname()[1]
    try:
        yield Site(f"http://localhost:{port}", installation)
    finally:
        serveur.should_exit = True
        thread.join(20)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Un navigateur par fichier : tant qu'il est ouvert, sa boucle gênerait les essais d'autres salles (Prefect)."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(CHROMIUM))
        yield browser
        with suppress(Exception):
            browser.close()


@pytest.fixture
def navigateur(site: Site, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """``navigateur("responsable")`` : une page de Chromium connectée ; ``navigateur(None)`` : sans session."""
    contexts = []

    def ouvrir(qui: str | None, largeur: int = 1280, hauteur: int = 800, **options: object) -> Page:
        context = chromium.new_context(
            locale="fr-FR",
            timezone_id="Europe/Paris",
            viewport={"width": largeur, "height": hauteur},
            base_url=site.url,
            **options,  # type: ignore[arg-type]
        )
        contexts.append(context)
        page = context.new_page()
        if qui is not None:
            signe_en(page, site.installation, qui)
        return page

    yield ouvrir
    for context in contexts:
        context.close()


def signe_en(page: Page, installation: Installation, qui: str) -> None:
    """Se connecte par les pages, mot de passe puis code, comme une personne."""
    installation.heure.avance(seconds=30)
    page.goto("/connexion")
    page.get_by_label("Identifiant").fill(COMPTES[qui][0])
    page.get_by_label("Mot de passe").fill(PHRASE)
    page.get_by_role("button", name="Continuer").click()
    page.get_by_label("Code à six chiffres").fill(installation.code(qui))
    page.get_by_role("button", name="Se connecter").click()
    page.get_by_role("button", name="Se déconnecter").wait_for()


def reglages_de(dossier: Path) -> Reglages:
    """Les réglages d'une installation d'essai, à l'instant de l'essai."""
    return Reglages(repertoire=dossier, base="", horloge_figee=INSTANT)


@pytest.fixture(autouse=True)
def _scrypt_leger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Les essais n'ont pas à payer la mémoire d'un vrai mot de passe, ni celle du leurre d'un compte inconnu."""
    monkeypatch.setattr(gestionnaires, "_N", 2**4)
    monkeypatch.setattr(gestionnaires, "_LEURRE", f"scrypt$16$8$1${'00' * 16}${'00' * 32}")
