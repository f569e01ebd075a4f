"""``prefect.yaml`` : chaque déploiement mène à un flux qui existe, avec des paramètres qu'il comprend."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow

RACINE = Path(__file__).parents[2]
PREFECT = yaml.safe_load((RACINE / "prefect.yaml").read_text(encoding="utf-8"))
DEPLOIEMENTS = {deployment["name"]: deployment for deployment in PREFECT["deployments"]}


def flow_of(deployment: dict[str, Any]) -> Flow[..., Any]:
    """Le flux auquel mène un déploiement."""
    path, name = deployment["entrypoint"].split(":")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    found = getattr(module, name)
    assert isinstance(found, Flow)
    return found


def test_la_liste_des_gestes_est_celle_que_la_documentation_annonce() -> None:
    assert sorted(DEPLOIEMENTS) == [
        "campagne",
        "clore-le-mois",
        "declarer-et-restituer",
        "deposer-les-declarations",
        "etat-du-mois",
        "lire-les-retours",
        "ouvrir-le-mois",
        "preparer-la-paie",
        "rappeler-les-echeances",
        "relever-le-depot",
        "reviser-la-paie",
        "rouvrir-le-mois",
        "valider-la-paie",
    ]


@pytest.mark.parametrize("name", DEPLOIEMENTS)
def test_le_point_d_entree_est_le_flux_du_meme_nom(name: str) -> None:
    assert flow_of(DEPLOIEMENTS[name]).name == name


@pytest.mark.parametrize("name", DEPLOIEMENTS)
def test_les_parametres_donnes_sont_ceux_du_flux(name: str) -> None:
    signature = inspect.signature(flow_of(DEPLOIEMENTS[name]).fn)
    given = DEPLOIEMENTS[name].get("parameters", {})

    assert set(given) <= set(signature.parameters)
    for key, value in given.items():
        assert value == signature.parameters[key].default


@pytest.mark.parametrize("name", DEPLOIEMENTS)
def test_aucun_parametre_ne_peut_porter_une_donnee_personnelle(name: str) -> None:
    """Mois, codes d'adhérents, compte et code à usage unique, choix et raisons : rien d'autre, aucun mot de passe."""
    permitted = {"mois", "adherents", "sans_fichier", "voie", "quand"}
    permitted |= {"approbateur", "code_unique", "commentaire", "motif", "confirmation"}

    assert set(inspect.signature(flow_of(DEPLOIEMENTS[name]).fn).parameters) <= permitted
    assert not re.search(r"password|mot_?de_?passe", str(flow_of(DEPLOIEMENTS[name]).parameters.properties.keys()))


@pytest.mark.parametrize("name", DEPLOIEMENTS)
def test_chaque_flux_et_chaque_parametre_s_expliquent_en_francais(name: str) -> None:
    flow = flow_of(DEPLOIEMENTS[name])
    documentation = inspect.getdoc(flow.fn) or ""

    assert DEPLOIEMENTS[name]["description"].endswith(".")
    for parameter in inspect.signature(flow.fn).parameters:
        assert f"{parameter}:" in documentation


@pytest.mark.parametrize("name", DEPLOIEMENTS)
def test_le_formulaire_se_lit_en_francais_et_se_soumet_tel_quel(name: str) -> None:
    """Un titre français et une explication par champ ; rien d'exigé que la page laisserait vide sans le dire."""
    schema = flow_of(DEPLOIEMENTS[name]).parameters
    titles = [field["title"] for field in schema.properties.values()]

    assert schema.required == []
    assert all(title[0].isupper() and "_" not in title for title in titles)
    assert len(set(titles)) == len(titles)
    assert all(field["description"] for field in schema.properties.values())


@pytest.mark.parametrize(
    ("name", "field", "choices"),
    [
        ("deposer-les-declarations", "voie", ["dossier", "api"]),
        ("rappeler-les-echeances", "quand", ["au jour prévu", "maintenant"]),
    ],
)
def test_un_choix_se_fait_dans_une_liste(name: str, field: str, choices: list[str]) -> None:
    shown = flow_of(DEPLOIEMENTS[name]).parameters.properties[field]
    assert shown["enum"] == choices
    assert shown["default"] == choices[0]


@pytest.mark.parametrize("name", DEPLOIEMENTS)
def test_chaque_champ_est_dit_dans_la_documentation(name: str) -> None:
    """Un autre programme lance ces gestes par leur nom : noms et champs sont une promesse."""
    told = (RACINE / "docs" / "prefect.md").read_text(encoding="utf-8")
    (fields,) = re.findall(rf"^\| `{name}` \| (`\w+`.*|aucun) \|$", told, re.MULTILINE)
    assert re.findall(r"`(\w+)`", fields) == list(flow_of(DEPLOIEMENTS[name]).parameters.properties)


@pytest.mark.parametrize("name", DEPLOIEMENTS)
def test_chaque_horaire_a_un_nom_et_l_heure_de_paris(name: str) -> None:
    for schedule in DEPLOIEMENTS[name].get("schedules", []):
        assert schedule["slug"]
        assert schedule["timezone"] == "Europe/Paris"


@pytest.mark.parametrize(
    ("name", "cron"),
    [
        ("ouvrir-le-mois", "0 6 1 * *"),
        ("relever-le-depot", "*/10 7-19 * * 1-6"),
        ("etat-du-mois", "30 7 * * 1-5"),
        ("rappeler-les-echeances", "0 8 * * 1-5"),
    ],
)
def test_les_horaires_du_mois(name: str, cron: str) -> None:
    (schedule,) = DEPLOIEMENTS[name]["schedules"]
    assert (schedule["cron"], schedule["active"]) == (cron, True)


@pytest.mark.parametrize("name", ["valider-la-paie", "rouvrir-le-mois"])
def test_un_geste_signe_n_est_jamais_planifie(name: str) -> None:
    """Valider, rouvrir sont les gestes d'une personne : ni horaire, ni place dans la campagne."""
    assert not DEPLOIEMENTS[name].get("schedules")
    assert "valider" not in inspect.getsource(flow_of(DEPLOIEMENTS["campagne"]).fn)
