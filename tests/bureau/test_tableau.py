"""Le tableau de bord : chaque adhérent du portefeuille, filtré, rangé, avec ce qu'il y a à faire."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from playwright.sync_api import Page
from starlette.testclient import TestClient

from payroll.month.commun import Acte
from payroll.month.ouvrir import open_month
from payroll.month.recevoir import keep_file, read_pending
from payroll.store.tables import Adherent
from tests.bureau.conftest import INSTANT, MOIS, Installation
from tests.month.gestes import element, fichier

LIGNE = re.compile(r'<th scope="row"><a href="/adherents/([a-z-]+)">')


def codes(client: TestClient, adresse: str = "/") -> list[str]:
    """Les adhérents montrés, dans leur ordre."""
    page = client.get(adresse)
    assert page.status_code == 200, page.text
    return LIGNE.findall(page.text)


@pytest.mark.parametrize(
    ("adresse", "attendu"),
    [
        ("/", ["ccas-marsaquet", "lubescaux"]),
        ("/?tri=net", ["lubescaux", "ccas-marsaquet"]),
        ("/?tri=net&sens=decroissant", ["ccas-marsaquet", "lubescaux"]),
        ("/?texte=LUBÈS", ["lubescaux"]),
        ("/?etat=calculee", ["ccas-marsaquet", "lubescaux"]),
        ("/?etat=close", []),
        ("/?anomalies=oui", []),
        ("/?mois=2026-12&etat=non+ouverte", ["ccas-marsaquet", "lubescaux"]),
        ("/?tri=nimporte&page=abc&etat=rien", ["ccas-marsaquet", "lubescaux"]),
    ],
)
def test_filtrer_et_ranger_par_l_adresse(client: Callable[[str], TestClient], adresse: str, attendu: list[str]) -> None:
    assert codes(client("responsable"), adresse) == attendu


def test_un_portefeuille_ne_montre_que_les_siens(client: Callable[[str], TestClient]) -> None:
    restreint = client("restreint")

    assert codes(restreint) == ["lubescaux"]
    assert codes(restreint, "/?portefeuille=g.pin") == ["lubescaux"], "choisir un autre portefeuille n'ouvre rien"
    assert codes(restreint, "/?texte=marsaquet") == []


def test_qui_voit_tout_choisit_un_portefeuille(client: Callable[[str], TestClient]) -> None:
    assert codes(client("responsable"), "/?portefeuille=r.dune") == ["lubescaux"]


def test_ce_qu_il_y_a_a_faire_mene_ou_cela_se_fait(client: Callable[[str], TestClient]) -> None:
    page = client("responsable").get("/").text

    assert 'href="/adherents/lubescaux/revision">Réviser, puis approuver</a>' in page
    assert 'href="/travaux?cherche=lubescaux">Ouvrir le mois</a>' in client("second").get("/?mois=2026-12").text


def test_un_fichier_refuse_se_voit_du_tableau(installation: Installation) -> None:
    registre, acte = installation.registre, Acte("essai", INSTANT)
    open_month(registre, "lubescaux", MOIS.next, acte)
    keep_file(registre, "lubescaux", "f.csv", fichier("lubescaux", element("X", "ifse", "1"), mois=MOIS.next), acte)
    read_pending(registre, "lubescaux", acte)
    client = installation.connecte("responsable")

    assert codes(client, "/?mois=2026-12&anomalies=oui") == ["lubescaux"]
    assert 'href="/adherents/lubescaux#fichiers">Faire corriger le fichier</a>' in client.get("/").text


def test_une_recherche_vide_et_un_bureau_vide_disent_quoi_faire(client: Callable[[str], TestClient]) -> None:
    assert "Élargissez-la" in client("responsable").get("/?texte=introuvable").text


@pytest.mark.hostile
def test_un_nom_hostile_s_affiche_et_ne_fait_rien(installation: Installation) -> None:
    script = "<script>alert(1)</script>"
    with installation.registre.transaction() as session:
        adherent = session.get_one(Adherent, 1)
        adherent.nom, adherent.ville = script, '" onmouseover="alert(1)'
        session.add(adherent)
    page = installation.connecte("responsable").get(f"/?texte={script}").text

    assert script not in page
    assert 'onmouseover="alert' not in page
    assert unescape(page).count(script) >= 2, "le nom et la recherche se lisent tels qu'ils sont"


@pytest.mark.browser
@pytest.mark.parametrize("javascript", [True, False])
def test_chercher_a_la_main_avec_et_sans_javascript(navigateur: Callable[..., Page], javascript: bool) -> None:
    page = navigateur("responsable", 400, java_script_enabled=javascript)
    page.get_by_label("Chercher", exact=True).fill("marsaquet")
    page.get_by_role("button", name="Chercher").click()

    assert page.get_by_role("rowheader").all_inner_texts()[0].startswith("CCAS de Marsaquet")
    assert page.get_by_label("Chercher", exact=True).input_value() == "marsaquet"
    page.get_by_role("link", name="Tout montrer").click()
    assert page.get_by_role("row").count() == 4, "titres, deux adhérents, total"
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth") if javascript else 0
    assert wide <= 0, "rien ne déborde d'un petit écran"


@pytest.mark.parametrize(("qui", "dit"), [("responsable", "Prendre en charge un adhérent"), ("lecture", "Voyez un")])
def test_un_registre_vide_dit_par_ou_commencer(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, qui: str, dit: str
) -> None:
    monkeypatch.setattr("payroll.month.tableau_de_bord.read_rows", lambda *_: [])
    page = installation.connecte(qui).get("/").text

    assert dit in unescape(page)
    assert ('class="bouton second" href="/reprise"' in page) == (qui == "responsable")
