"""Prendre en charge un adhérent par la page : le rapport d'abord, les blancs remplis, puis l'inscription confirmée."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page
from sqlmodel import select
from starlette.testclient import TestClient

from payroll.store.registre import Registre
from payroll.store.tables import Adherent
from tests.bureau.conftest import Installation, jeton
from tests.bureau.lire import texte
from tests.month.gestes import MOIS, description, inscrire

ICI = "/reprise"
REMPLI = {
    "nom": "Pouymirède",
    "nature": "commune",
    "code_insee": "40999",
    "population": "210",
    "zone_residence": "3",
    "taux_at": "1.62",
    "taux_cdg": "1.43",
    "categorie": "C",
    "heures_tous_employeurs": "35",
    "enfants_sft": "0",
}
"""Ce qu'une personne répond, par nom de valeur."""


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """La DSN d'une commune que le bureau ne connaît pas."""
    folder: Path = tmp_path_factory.mktemp("ailleurs")
    registre = Registre(f"sqlite:///{folder}/paie.db", folder / "pieces")
    registre.upgrade()
    lieu = inscrire(registre, folder, description("pouymirede"))
    lieu.ouvrir()
    lieu.calculer()
    lieu.valider(commentaire="essai")
    lieu.declarer()
    content = lieu.content(f"dsn-{MOIS}-{lieu.code}.dsn")
    registre.close()
    return content


def codes(installation: Installation) -> set[str]:
    with installation.registre.transaction() as session:
        return set(session.exec(select(Adherent.code)).all())


def remet(client: TestClient, content: bytes, nom: str = "novembre.dsn", **champs: str) -> tuple[int, str]:
    answer = client.post(
        f"{ICI}/examiner",
        data={"csrf": jeton(client, ICI), "code": "pouymirede", **champs},
        files={"dsn": (nom, content)},
    )
    return answer.status_code, answer.text


def blancs(page: str, *, essentiels: bool = True) -> dict[str, str]:
    """Les champs à remplir de la page, remplis."""
    names = re.findall(r'id="blanc-e-[^"]*" name="(blanc:[^"]+)"' if essentiels else r'name="(blanc:[^"]+)"', page)
    return {name: REMPLI[name.rsplit(".", 1)[-1].removeprefix("blanc:")] for name in names}


def suite(client: TestClient, page: str, ou: str, **champs: str) -> tuple[int, str, str]:
    """Envoie le formulaire du rapport ; rend le statut, la page et l'adresse où elle mène."""
    prints = re.findall(r'name="empreinte" value="([0-9a-f]{64})"', page)
    data = {"csrf": jeton(client, ICI), "empreinte": prints, "code": "pouymirede", **champs}
    answer = client.post(f"{ICI}/{ou}", data=data)
    return answer.status_code, answer.text, answer.headers.get("location", "")


def test_le_rapport_puis_les_blancs_puis_l_inscription(installation: Installation, dsn: bytes) -> None:
    client = installation.connecte("responsable")
    before = codes(installation)
    status, page = remet(client, dsn)
    assert status == 200
    assert "Aucun adhérent n'est encore inscrit" in texte(page)
    assert codes(installation) == before

    filled = blancs(page)
    assert {"blanc:nom", "blanc:population"} <= filled.keys()
    # Inscrire trop tôt : refusé, avec ce qui manque, et ce qui était tapé reste.
    status, refused, _ = suite(client, page, "inscrire", **{"blanc:nom": "Ville d'essai"})
    assert status == 422
    assert "à remplir" in texte(refused)
    assert "Ville d&#39;essai" in refused
    assert codes(installation) == before

    status, complete, _ = suite(client, page, "relire", **filled)
    assert status == 200
    assert "Rien d'essentiel ne manque" in texte(complete)
    assert codes(installation) == before

    status, _, where = suite(client, complete, "inscrire", **filled)
    assert (status, where) == (303, "/adherents/pouymirede")
    assert codes(installation) == before | {"pouymirede"}
    assert [row.par for row in installation.refus("reprendre")] == ["c.ajonc"]
    assert "Adhérent inscrit" in texte(client.get(where).text)


def test_ce_qui_n_a_pas_ete_examine_ici_ne_s_inscrit_pas(installation: Installation, dsn: bytes) -> None:
    _, page = remet(installation.connecte("responsable"), dsn)
    status, refused, _ = suite(installation.connecte("second"), page, "relire")

    assert status == 422
    assert "ne sont pas ceux que vous avez examinés" in texte(refused)


@pytest.mark.hostile
@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"<script>alert(5)</script>\n" * 50])
def test_un_fichier_quelconque_n_est_qu_un_constat(installation: Installation, content: bytes) -> None:
    status, page = remet(installation.connecte("responsable"), content, "<img onerror=alert(6)>.dsn")

    assert status == 422
    assert "Rien n'a pu être lu" in texte(page)
    assert "<img onerror" not in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("champs", "dit"),
    [({"code": "../etc"}, "n'est pas un code d'adhérent"), ({"premier_mois": "demain"}, "mois illisible")],
)
def test_un_champ_faux_se_dit_et_reste_tape(
    installation: Installation, dsn: bytes, champs: dict[str, str], dit: str
) -> None:
    status, page = remet(installation.connecte("responsable"), dsn, **champs)

    assert status == 422
    assert dit in texte(page)
    assert f'value="{next(iter(champs.values()))}"' in page


def test_seul_un_responsable_prend_en_charge(client: Callable[[str], TestClient]) -> None:
    assert client("gestionnaire").get(ICI).status_code == 403
    assert 'href="/reprise"' not in client("restreint").get("/").text


@pytest.mark.browser
def test_remettre_et_relire_sans_javascript(navigateur: Callable[..., Page], dsn: bytes) -> None:
    page = navigateur("responsable", 400, java_script_enabled=False)
    page.goto(ICI)
    page.get_by_label("DSN mensuelles").set_input_files(
        [{"name": "novembre.dsn", "mimeType": "application/octet-stream", "buffer": dsn}]
    )
    page.get_by_label("Code de l’adhérent").fill("pouymirede")
    page.get_by_role("button", name="Examiner").click()
    page.get_by_label("Nom", exact=True).fill("Pouymirède")
    page.get_by_label("Nom", exact=True).press("Enter")

    assert page.get_by_role("heading", name="À remplir").is_visible(), "la touche Entrée relit, elle n'inscrit pas"
    assert "1 valeur remplie" in texte(page.content())
