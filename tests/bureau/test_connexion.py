"""Se connecter : mot de passe, code, témoin neuf à chaque montée de droits ; rien sans cela."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.bureau.conftest import COMPTES, PHRASE, Installation, envoie


def test_la_page_du_mois_ne_se_montre_qu_apres_le_mot_de_passe_et_le_code(installation: Installation) -> None:
    client = installation.navigue()
    assert client.get("/?mois=2026-11").headers["location"] == "/connexion?suite=%2F%3Fmois%3D2026-11"
    assert (
        envoie(client, "/connexion", identifiant="g.pin", mot_de_passe=PHRASE).headers["location"] == "/connexion/code"
    )
    assert client.get("/").status_code == 303
    installation.heure.avance(seconds=30)
    done = envoie(client, "/connexion/code", code=installation.code("gestionnaire"), suite="/?mois=2026-11")
    assert (done.status_code, done.headers["location"]) == (303, "/?mois=2026-11")
    page = client.get(done.headers["location"])
    assert page.status_code == 200
    assert "novembre 2026" in page.text


@pytest.mark.browser
def test_on_se_connecte_dans_un_vrai_navigateur(navigateur: Callable[..., Page]) -> None:
    page = navigateur("gestionnaire")
    assert page.get_by_role("heading", level=1).inner_text() == "Le mois de novembre 2026"
    assert COMPTES["gestionnaire"][1] in page.locator("header").inner_text()
