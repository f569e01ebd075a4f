"""La page d'un adhérent et celle d'un agent : ce qu'on y voit, ce qu'on en emporte, ce qui se trace."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from playwright.sync_api import Page
from starlette.testclient import TestClient

from payroll.month.commun import Acte
from payroll.month.fiche_adherent import read_files
from payroll.month.fiche_paies import list_documents
from payroll.month.ouvrir import open_month
from payroll.month.recevoir import keep_file, read_pending
from payroll.store.tables import Agent
from tests.bureau.conftest import INSTANT, MOIS, Installation
from tests.month.gestes import element, fichier

HOSTILE = "<img src=x onerror=alert(1)>.csv"
FICHE = "/adherents/lubescaux"


@pytest.fixture
def depot(installation: Installation) -> Installation:
    """Décembre ouvert, un fichier refusé : agent inconnu, rubrique au nom hostile."""
    registre, acte = installation.registre, Acte("essai", INSTANT)
    open_month(registre, "lubescaux", MOIS.next, acte)
    content = fichier(
        "lubescaux",
        element("PERSONNE", "ifse", "1"),
        element("LB002", "<script>alert(2)</script>", "2"),
        mois=MOIS.next,
    )
    keep_file(registre, "lubescaux", HOSTILE, content, acte)
    read_pending(registre, "lubescaux", acte)
    return installation


@pytest.mark.hostile
def test_un_fichier_fautif_se_lit_a_sa_place_et_rien_ne_s_execute(depot: Installation) -> None:
    page = depot.connecte("responsable").get(f"{FICHE}?mois=2026-12").text
    seen = unescape(re.sub(r"<[^>]+>", " ", page))

    assert re.search(r"\d anomalies, dont \d bloquantes", seen), seen[:3000]
    assert "Ligne 5, colonne matricule" in seen
    assert HOSTILE in unescape(page)
    assert "<img src=x" not in page
    assert "<script>alert" not in page


@pytest.mark.hostile
def test_le_fichier_recu_s_enregistre_et_ne_s_ouvre_pas(depot: Installation) -> None:
    (recu,) = read_files(depot.registre, "lubescaux", MOIS.next)
    answer = depot.connecte("responsable").get(f"{FICHE}/fichiers/{recu.id}")

    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert "<" not in answer.headers["content-disposition"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert b"PERSONNE" in answer.content
    assert [row.detail["quoi"] for row in depot.refus("télécharger")] == ["fichier reçu"]


def test_l_accuse_se_telecharge_et_se_trace(depot: Installation) -> None:
    (recu,) = read_files(depot.registre, "lubescaux", MOIS.next)
    answer = depot.connecte("lecture").get(f"{FICHE}/documents/{recu.accuse}")

    assert "ACCUSÉ" in answer.text
    (trace,) = depot.refus("télécharger")
    assert (trace.par, trace.adherent_code) == ("l.lande", "lubescaux")


def test_hors_du_portefeuille_rien_n_existe_et_le_journal_le_dit(depot: Installation) -> None:
    restreint = depot.connecte("restreint")
    (recu,) = read_files(depot.registre, "lubescaux", MOIS.next)
    document = list_documents(depot.registre, "lubescaux", MOIS.next)[0].id

    assert restreint.get("/adherents/ccas-marsaquet").status_code == 404
    assert restreint.get("/adherents/ccas-marsaquet/agents/MQ001").status_code == 404
    assert restreint.get("/adherents/inconnu").status_code == 404
    assert len(depot.refus("accès refusé")) == 3
    # Un document d'un adhérent suivi, demandé par la page d'un autre : pas davantage.
    autre = depot.connecte("responsable")
    assert autre.get(f"/adherents/ccas-marsaquet/fichiers/{recu.id}").status_code == 422
    assert autre.get(f"/adherents/ccas-marsaquet/documents/{document}").status_code == 422


def test_la_fiche_d_un_agent_se_trace_et_masque_son_nir(installation: Installation) -> None:
    with installation.registre.transaction() as session:
        agent = session.get_one(Agent, 2)
    page = installation.connecte("lecture").get(f"{FICHE}/agents/{agent.matricule}").text

    assert agent.nom in unescape(page)
    assert agent.nir not in page
    assert agent.iban not in page
    assert f"{FICHE}/agents/{agent.matricule}/bulletin?mois=2026-11" in page
    seen = [row for row in installation.journal() if agent.matricule in str(row.detail) and row.par == "l.lande"]
    assert seen, "regarder un agent s'inscrit au journal"


@pytest.mark.parametrize(
    ("adresse", "dit"),
    [
        ("?mois=2026-12", "Ouvrez le mois"),
        ("?mois=2026-11", "s’est faite sans fichier"),
        ("?agent=introuvable", "Cherchez un autre nom"),
        ("/agents/ABSENT", "Cherchez-le dans la liste"),
    ],
)
def test_chaque_vide_dit_quoi_faire(client: Callable[[str], TestClient], adresse: str, dit: str) -> None:
    assert dit in unescape(client("responsable").get(FICHE + adresse).text)


def test_les_agents_se_cherchent_sans_accents(installation: Installation) -> None:
    with installation.registre.transaction() as session:
        agent = session.get_one(Agent, 2)
        agent.nom = "Échassouze"
        session.add(agent)
    page = installation.connecte("responsable").get(f"{FICHE}?agent=echas").text

    assert re.findall(r'agents/([A-Z0-9]+)">', page) == [agent.matricule]


@pytest.mark.browser
def test_de_la_fiche_a_l_agent_a_la_main(navigateur: Callable[..., Page]) -> None:
    page = navigateur("gestionnaire", 400)
    page.get_by_role("link", name="Commune de Lubescaux").click()
    page.get_by_label("Nom ou matricule").fill("LB002")
    page.get_by_role("button", name="Chercher").click()
    page.get_by_role("rowheader").get_by_role("link").first.click()

    assert "Matricule LB002" in page.locator("main").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
