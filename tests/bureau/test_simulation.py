"""La simulation à l'écran : des hypothèses tapées, un coût au centime, un graphique lisible, un registre intact."""

from __future__ import annotations

import io
from collections.abc import Callable
from html import unescape

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page
from starlette.testclient import TestClient

from desk.bureau.graphique import HAUTEUR, LARGEUR, barres
from desk.bureau.pages.simulation import HYPOTHESES_MAX, TYPES
from payroll.month.simuler import simulate
from payroll.month.simuler_hypotheses import Hypotheses, validate_hypotheses
from tests.bureau.conftest import Installation, envoie
from tests.bureau.lire import texte

ICI = "/simulation"
ETUDE = {"titre": "Budget 2027", "debut": "2027-01", "mois": "2", "adherents": "lubescaux", "prolonger": "oui"}
POINT = {
    "h0-type": "chiffre",
    "h0-cle": "point_indice.valeur_annuelle_indice_100",
    "h0-variation": "+2 %",
    "h0-du": "2027-02-01",
    "h0-motif": "hypothèse",
}


def simule(client: TestClient, **champs: str) -> tuple[int, str]:
    answer = envoie(client, ICI, **{**ETUDE, **champs})
    return answer.status_code, answer.text


def attendu(installation: Installation) -> tuple[int, int]:
    """La même étude par le service : (référence, simulation), en centimes."""
    found = validate_hypotheses(
        {
            "titre": "x",
            "debut": "2027-01",
            "mois": 2,
            "adherents": ("lubescaux",),
            "chiffres_prolonges": True,
            "hypotheses": [{name.removeprefix("h0-"): value for name, value in POINT.items()}],
        }
    )
    assert isinstance(found, Hypotheses)
    return simulate(installation.registre, found).total


def test_le_resultat_est_celui_du_service_et_le_registre_est_intact(installation: Installation) -> None:
    client = installation.connecte("gestionnaire")
    before = [row.empreinte for row in installation.journal()]
    status, page = simule(client, **POINT)

    reference, simulation = attendu(installation)
    assert status == 200
    assert simulation > reference
    seen = texte(page)
    for cents in (reference, simulation, simulation - reference):
        assert f"{cents // 100:,}".replace(",", " ") + f",{cents % 100:02d} €" in seen
    assert [row.empreinte for row in installation.journal()] == before, "simuler n'inscrit rien"
    assert 'value="+2 %"' in page, "les hypothèses restent affichées"


def test_le_graphique_a_un_titre_une_description_et_aucun_style(installation: Installation) -> None:
    _, page = simule(installation.connecte("gestionnaire"), **POINT)
    svg = page[page.index("<svg") : page.index("</svg>")]

    assert 'role="img" aria-labelledby="graphique-titre graphique-texte"' in svg
    assert "Le tableau qui suit donne chaque valeur" in unescape(svg)
    assert " style=" not in svg
    assert svg.count('class="simulation"') == 2


def test_le_classeur_est_celui_de_la_commande(installation: Installation) -> None:
    answer = envoie(installation.connecte("gestionnaire"), ICI, **ETUDE, **POINT, action="classeur")

    assert answer.headers["content-disposition"].startswith('attachment; filename="Budget-2027.xlsx"')
    assert load_workbook(io.BytesIO(answer.content)).sheetnames[0] == "Synthèse"


def test_ajouter_et_retirer_une_hypothese_garde_ce_qui_est_tape(installation: Installation) -> None:
    client = installation.connecte("gestionnaire")
    status, page = simule(client, **POINT, action="ajouter:depart")
    assert (status, "Hypothèse 2 : Un agent s" in texte(page)) == (200, True)
    assert 'value="hypothèse"' in page

    status, page = simule(client, **POINT, **{"h1-type": "depart", "h1-matricule": "LB002"}, action="retirer:0")
    assert "Hypothèse 2" not in texte(page)
    assert 'value="LB002"' in page


@pytest.mark.parametrize("kind", list(TYPES))
def test_chaque_sorte_d_hypothese_s_ajoute(client: Callable[[str], TestClient], kind: str) -> None:
    status, page = simule(client("gestionnaire"), action=f"ajouter:{kind}")

    assert status == 200
    assert f'name="h0-type" value="{kind}"' in page


@pytest.mark.parametrize(
    ("champs", "dit"),
    [
        ({"adherents": ""}, "Choisissez au moins un adhérent"),
        ({"titre": ""}, "Titre de l'étude :"),
        ({"debut": "janvier"}, "Premier mois : mois illisible"),
        ({"mois": "0"}, "Nombre de mois :"),
        ({**POINT, "h0-du": "2027-02-15"}, "Hypothèse 1 : un changement commence au premier jour"),
        ({**POINT, "h0-du": ""}, "Hypothèse 1, à partir du : cette information manque"),
        ({**POINT, "h0-cle": "aucune.cle"}, "aucune.cle"),
        ({"prolonger": "non"}, "ne sont pas tous connus"),
        (
            {"h0-type": "depart", "h0-adherent": "lubescaux", "h0-matricule": "X", "h0-le": "2027-01-31"},
            "aucun contrat",
        ),
    ],
)
def test_ce_qui_ne_va_pas_se_dit_a_sa_place_et_reste_tape(
    client: Callable[[str], TestClient], champs: dict[str, str], dit: str
) -> None:
    status, page = simule(client("gestionnaire"), **champs)

    assert status == 422
    assert dit in texte(page)
    for name, value in {**ETUDE, **champs}.items():
        if name in ("titre", "debut", "mois", "h0-motif", "h0-matricule") and value:
            assert f'value="{value}"' in unescape(page)


def test_une_etude_trop_grande_dit_ou_la_faire(
    client: Callable[[str], TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.bureau.pages.simulation.MOIS_D_ADHERENT_MAX", 1)
    status, page = simule(client("gestionnaire"))

    assert status == 422
    assert "1 adhérent sur 2 mois" in texte(page)
    assert "au clavier de l'agence, rien ne le limite" in texte(page)


@pytest.mark.hostile
def test_hors_du_portefeuille_rien_ne_se_simule(installation: Installation) -> None:
    restreint = installation.connecte("restreint")

    assert "ccas-marsaquet" not in restreint.get(ICI).text
    assert simule(restreint, adherents="ccas-marsaquet")[0] == 404
    other = {"h0-type": "depart", "h0-adherent": "ccas-marsaquet", "h0-matricule": "X", "h0-le": "2027-01-31"}
    assert simule(restreint, **other)[0] == 404
    assert len(installation.refus("accès refusé")) == 2


@pytest.mark.hostile
def test_un_titre_hostile_se_lit_et_trop_d_hypotheses_ne_s_ajoutent_pas(client: Callable[[str], TestClient]) -> None:
    gestionnaire = client("gestionnaire")
    _, page = simule(gestionnaire, titre="<script>alert(4)</script>")
    assert "<script>alert" not in page

    full = {f"h{rank}-type": "depart" for rank in range(HYPOTHESES_MAX)}
    _, page = simule(gestionnaire, **full, action="ajouter:depart")
    assert page.count('value="depart"') == HYPOTHESES_MAX
    assert "Ajouter une hypothèse" not in page


def test_un_compte_en_lecture_voit_qu_il_ne_peut_pas(client: Callable[[str], TestClient]) -> None:
    assert "regarde seulement" in client("lecture").get(ICI).text


@pytest.mark.parametrize(
    "valeurs",
    [[], [("a", 0, 0)], [("a", 1, 99_999_999_99)], [(str(rank), rank * 100, 5000) for rank in range(24)]],
)
def test_les_barres_tiennent_dans_le_dessin_et_a_l_echelle(valeurs: list[tuple[str, int, int]]) -> None:
    drawn = barres(valeurs, "coût")

    assert len(drawn.groupes) == len(valeurs)
    assert drawn.reperes[0] == (drawn.base, "0 €")
    assert len(drawn.reperes) <= 7
    for group, (_, reference, simulation) in zip(drawn.groupes, valeurs, strict=True):
        for bar, cents in ((group.reference, reference), (group.simulation, simulation)):
            assert 0 <= bar.x <= LARGEUR - bar.largeur
            assert 0 <= bar.y == drawn.base - bar.hauteur <= HAUTEUR
            assert (bar.hauteur > 0) or cents * HAUTEUR < max(max(one[1:]) for one in valeurs) or cents == 0


@pytest.mark.browser
def test_une_etude_a_la_main_sans_javascript(navigateur: Callable[..., Page]) -> None:
    page = navigateur("gestionnaire", 400, java_script_enabled=False)
    page.goto(ICI)
    page.get_by_label("Titre de l’étude").fill("Essai")
    page.get_by_label("Nombre de mois").fill("1")
    page.get_by_label("Commune de Lubescaux (lubescaux)").check()
    page.get_by_role("button", name="Un chiffre de la loi change").click()
    page.get_by_label("Clé du chiffre").fill("point_indice.valeur_annuelle_indice_100")
    page.get_by_label("Variation").fill("+2 %")
    page.get_by_label("À partir du").fill("2027-01-01")
    page.get_by_label("Pourquoi").fill("essai")
    # La touche Entrée calcule : le premier bouton du formulaire n'est pas un retrait.
    page.get_by_label("Pourquoi").press("Enter")

    assert page.get_by_role("img", name="Coût pour l’employeur").is_visible()
    assert page.get_by_label("Variation").input_value() == "+2 %"
