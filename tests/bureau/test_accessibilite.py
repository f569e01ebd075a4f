"""Toutes les pages, lues par axe-core : aucun manquement (WCAG A et AA), au clair et au sombre, jusqu'à 360 pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from payroll.month.commun import Acte
from payroll.month.recevoir import keep_file, read_pending
from tests.bureau.conftest import COMPTES, INSTANT, MOIS, PHRASE, Installation, Site, signe_en
from tests.bureau.parcours import pages

pytestmark = pytest.mark.browser

REGLES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    # Ne rendre que les manquements : détailler ce qui va coûte l'essentiel du temps.
    "resultTypes": ["violations"],
}
CONTRASTE = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
"""La seule règle que la teinte peut changer."""
_ELAGUER = """() => {
    for (const group of document.querySelectorAll("tbody, ul, ol, select")) {
        [...group.children].slice(12).forEach((row) => row.remove());
    }
}"""
"""Les lignes d'une liste ont toutes la même forme : en lire douze suffit, en lire mille prend une minute."""


def manquements(page: Page, regles: dict[str, object] = REGLES) -> list[str]:
    """Ce qu'axe-core reproche à cette page, une ligne par règle et premier endroit."""
    page.evaluate(_ELAGUER)
    found = Axe().run(page, options=regles).response["violations"]
    return [f"{item['id']} : {item['nodes'][0]['target']}" for item in found]


def peupler(installation: Installation) -> None:
    """De quoi remplir les pages : un fichier accepté et un fautif."""
    registre, acte = installation.registre, Acte("r.dune", INSTANT)
    head = ["#adherent;lubescaux", f"#mois;{MOIS}", "matricule;code;valeur"]
    for name, line in (("fautif.csv", "LB001;cia;douze"), ("juste.csv", "LB001;cia;12,00")):
        keep_file(registre, "lubescaux", name, "\r\n".join([*head, line]).encode(), acte)
        read_pending(registre, "lubescaux", acte)


@pytest.fixture
def garni(site: Site) -> Site:
    peupler(site.installation)
    return site


@pytest.fixture
def ouvrir(garni: Site, chromium: Browser) -> Iterator[Callable[[str, str, int], Page]]:
    """Une page connectée, à cette teinte et cette largeur ; la politique de contenu laisse passer axe."""
    contexts = []

    def opened(qui: str, teinte: str, largeur: int) -> Page:
        context = chromium.new_context(
            locale="fr-FR",
            base_url=garni.url,
            bypass_csp=True,
            color_scheme="dark" if teinte == "sombre" else "light",
            viewport={"width": largeur, "height": 800},
        )
        contexts.append(context)
        page = context.new_page()
        signe_en(page, garni.installation, qui)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("qui", "teinte", "largeur"),
    [("responsable", "claire", 1280), ("responsable", "sombre", 360), ("administrateur", "claire", 1280)],
)
def test_aucune_page_n_a_de_manquement(
    ouvrir: Callable[[str, str, int], Page], qui: str, teinte: str, largeur: int
) -> None:
    page, faults, seen = ouvrir(qui, teinte, largeur), [], set()
    for place in pages("GET"):
        if qui == "administrateur" and not place.forme.startswith(("/comptes", "/mon-compte")):
            continue
        if place.forme.endswith((".pdf", ".xlsx", "/avancement")) or place.parametres & {
            "fichier",
            "document",
            "message",
        }:
            continue  # des fichiers, pas des pages
        answer = page.goto(place.adresse())
        if page.url in seen or answer is None or answer.status in (403, 404):
            continue  # une redirection déjà lue, un refus : la page d'erreur est lue plus bas
        seen.add(page.url)
        regles = REGLES if teinte == "claire" else CONTRASTE
        faults += [f"{place} : {fault}" for fault in manquements(page, regles)]
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > largeur:
            faults.append(f"{place} : déborde à {wide} px pour {largeur}")
    assert faults == []
    assert len(seen) >= 4


FEUILLE = 703
"""Largeur imprimable d'une feuille A4, marges ôtées, en points d'écran."""


IMPRIMEES = ("", "/revision", "/corrections", "/conditions", "/mouvements", "/arrivee", "/rappels")


def test_une_page_s_imprime_sans_ce_qui_se_clique(ouvrir: Callable[[str, str, int], Page]) -> None:
    """Ni menu, ni formulaire, ni bouton ; rien de coupé à droite ; en noir, même depuis un écran sombre."""
    page, faults = ouvrir("responsable", "sombre", FEUILLE), []
    page.emulate_media(media="print")
    for place in ("/", "/simulation", *(f"/adherents/lubescaux{end}" for end in IMPRIMEES)):
        page.goto(place)
        shown = page.evaluate(
            """() => [...document.querySelectorAll("nav, header.entete, form, .bouton, input:not([type=hidden])")]
                .filter((one) => one.checkVisibility()).map((one) => one.outerHTML.slice(0, 80))"""
        )
        faults += [f"{place} : montre {one}" for one in shown]
        wide = page.evaluate("document.documentElement.scrollWidth")
        inks = page.evaluate("['h1', 'main'].map((one) => getComputedStyle(document.querySelector(one)).color)")
        if wide > FEUILLE or inks != ["rgb(0, 0, 0)"] * 2 or not page.locator("h1").is_visible():
            faults.append(f"{place} : {wide} points de large, encres {inks}")
    assert faults == []


def test_axe_voit_une_faute(ouvrir: Callable[[str, str, int], Page]) -> None:
    """Un champ sans libellé, un titre trop pâle : les deux sont vus, donc leur absence veut dire quelque chose."""
    page = ouvrir("lecture", "claire", 1280)
    page.goto("/mon-compte")
    page.evaluate(
        """() => {
            document.querySelector("label[for=champ-code]").remove();
            document.querySelector("h1").setAttribute("style", "color: #eee");
        }"""
    )
    assert {fault.split(" :")[0] for fault in manquements(page)} >= {"label", "color-contrast"}


@pytest.mark.parametrize("teinte", ["claire", "sombre"])
def test_les_pages_de_connexion_non_plus(garni: Site, chromium: Browser, teinte: str) -> None:
    """Le formulaire, le refus, le code, l'inscription du téléphone, l'erreur."""
    context = chromium.new_context(
        base_url=garni.url, bypass_csp=True, color_scheme="dark" if teinte == "sombre" else "light"
    )
    page, faults = context.new_page(), []
    page.goto("/connexion")
    faults += manquements(page)
    page.get_by_label("Identifiant").fill(COMPTES["lecture"][0])
    page.get_by_label("Mot de passe").fill("ce n'est pas lui")
    page.get_by_role("button", name="Continuer").click()
    faults += manquements(page)
    page.get_by_label("Mot de passe").fill(PHRASE)
    page.get_by_role("button", name="Continuer").click()
    page.get_by_label("Code à six chiffres").wait_for()
    faults += manquements(page)
    page.goto("/nulle-part")
    faults += manquements(page)
    context.close()
    assert faults == []


def test_tout_se_fait_au_clavier(garni: Site, chromium: Browser) -> None:
    """Du premier Tab (« Aller au contenu ») à la connexion, sans souris ; le foyer se voit."""
    context = chromium.new_context(base_url=garni.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/connexion")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Aller au contenu"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(COMPTES["gestionnaire"][0])
    page.keyboard.press("Tab")
    page.keyboard.type(PHRASE)
    page.keyboard.press("Enter")
    page.get_by_label("Code à six chiffres").wait_for()
    garni.installation.heure.avance(seconds=30)
    page.get_by_label("Code à six chiffres").focus()
    page.keyboard.type(garni.installation.code("gestionnaire"))
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="Le mois de novembre 2026").wait_for()
    context.close()
