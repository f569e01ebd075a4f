"""La page du droit : les chiffres d'un jour avec leur texte, et les doutes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from payroll.month.doutes import all_doubts
from tests.bureau.conftest import MOIS
from tests.bureau.lire import texte

Client = Callable[[str], TestClient]


def lu(client: TestClient, adresse: str) -> str:
    """Le texte de la page, sans balises ni espaces insécables."""
    answer = client.get(adresse)
    assert answer.status_code == 200, answer.text
    return texte(answer.text)


@pytest.mark.parametrize(
    ("le", "valeur"), [("", "37,65 %"), ("2025-06-01", "34,65 %"), ("2027-01-01", "40,65 %"), ("jamais", "37,65 %")]
)
def test_la_valeur_du_jour_et_son_decret(client: Client, le: str, valeur: str) -> None:
    """Contribution employeur CNRACL, décret 2025-86."""
    page = lu(client("lecture"), f"/droit?texte=cnracl.employeur.taux&le={le}")

    assert valeur in page
    assert "Décret 2025-86" in page
    assert ("Date illisible" in page) == (le == "jamais")


def test_le_lien_mene_au_texte_et_ne_charge_rien(client: Client) -> None:
    page = client("lecture").get("/droit?texte=cnracl.employeur").text

    assert 'href="https://www.legifrance.gouv.fr/jorf/id/JORFTEXT000051070354" rel="noreferrer noopener"' in page


def test_un_chapitre_et_la_grille_par_defaut(client: Client) -> None:
    page = lu(client("lecture"), "/droit")
    assert "Grilles du taux de prélèvement par défaut" in page
    assert "Grilles du taux" not in lu(client("gestionnaire"), "/droit?chapitre=elus.yaml")


def test_les_doutes_du_mois_et_de_toujours(client: Client) -> None:
    lecteur = client("lecture")

    assert f": {len(all_doubts(MOIS))} lignes" in lu(lecteur, "/droit/doutes")
    assert f": {len(all_doubts())} lignes" in lu(lecteur, "/droit/doutes?tous=oui")


@pytest.mark.parametrize("adresse", ["/droit?texte=zzzz", "/droit/doutes?texte=zzzz"])
def test_une_recherche_vide_dit_quoi_faire(client: Client, adresse: str) -> None:
    assert "Essayez un" in lu(client("lecture"), adresse)
