"""La page du journal : chacun y voit les siens, la chaîne se vérifie, rien d'hostile ne s'y exécute."""

from __future__ import annotations

from html import unescape

import pytest

from payroll.store.tables import Evenement
from tests.bureau.conftest import Installation
from tests.bureau.lire import texte


def test_filtrer_par_adherent_et_par_geste(installation: Installation) -> None:
    page = installation.connecte("responsable").get("/journal?adherent=lubescaux&geste=calculer").text

    assert page.count('<th scope="row">Calculer</th>') == 1
    assert '<th scope="row">Ouvrir</th>' not in page
    assert '<option value="calculer" selected>' in page, "le filtre reste affiché"


def test_un_portefeuille_ne_voit_ni_les_autres_ni_les_connexions_des_autres(installation: Installation) -> None:
    installation.connecte("responsable")
    page = installation.connecte("restreint").get("/journal").text

    assert "ccas-marsaquet" not in page
    assert "c.ajonc" not in page
    assert "r.dune" in page, "ses propres connexions, oui"
    assert "c.ajonc" in installation.connecte("administrateur").get("/journal").text


def test_une_date_illisible_se_dit_et_reste_tapee(installation: Installation) -> None:
    answer = installation.connecte("responsable").get("/journal?du=hier")

    assert answer.status_code == 422
    assert "n'est pas une date" in texte(answer.text)
    assert 'value="hier"' in answer.text


def test_la_chaine_tient_puis_une_ligne_changee_se_voit(installation: Installation) -> None:
    client = installation.connecte("responsable")
    assert "La chaîne tient" in client.get("/journal?verifier=oui").text

    with installation.registre.transaction() as session:
        row = session.get_one(Evenement, 2)
        row.detail = {"autre": "chose"}
        session.add(row)

    assert "La chaîne est rompue" in client.get("/journal?verifier=oui").text
    assert "La chaîne" not in client.get("/journal").text


@pytest.mark.hostile
def test_un_detail_hostile_se_lit_et_ne_fait_rien(installation: Installation) -> None:
    script = "<script>alert(3)</script>"
    with installation.registre.transaction() as session:
        row = session.get_one(Evenement, 1)
        row.detail = {script: [script]}
        session.add(row)
    page = installation.connecte("responsable").get("/journal").text

    assert script not in page
    assert script in unescape(page)
