"""``prefect.yaml`` : chaque déploiement mène à un flux qui existe, avec des paramètres qu'il comprend."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow

RACINE = Path(__file__).parents[2]
PREFECT = yaml.safe_load((RACINE / "prefect.yaml").read_text(encoding="utf-8"))
DEPLOIEMENTS = {deployment["name"]: deployment for deployment in PREFECT["deployments"]}


def _flow(deployment: dict[str, Any]) -> Flow[..., Any]:
    path, name = deployment["entrypoint"].split(":")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    found = getattr(module, name)
    assert isinstance(found, Flow)
    return found


def test_la_liste_des_gestes_est_celle_que_la_documentation_annonce() -> None:
    assert sorted(DEPLOIEMENTS) == [
        "campagne",
        "declarer-et-restituer",
        "deposer-les-declarations",
        "lire-les-retours",
        "ouvrir-le-mois",
        "preparer-la-paie",
        "relever-le-depot",
        "reviser-la-paie",
        "valider-la-paie",
    ]


@pytest.mark.parametrize("name", DEPLOIEMENTS)
def test_le_point_d_entree_est_le_flux_du_meme_nom(name: str) -> None:
    assert _flow(DEPLOIEMENTS[name]).name == name


@pytest.mark.parametrize("name", DEPLOIEMENTS)
def test_les_parametres_donnes_sont_ceux_du_flux(name: str) -> None:
    signature = inspect.signature(_flow(DEPLOIEMENTS[name]).fn)
    given = DEPLOIEMENTS[name].get("parameters", {})

    assert set(given) <= set(signature.parameters)
    for key, value in given.items():
        assert value == signature.parameters[key].default


@pytest.mark.parametrize("name", DEPLOIEMENTS)
def test_aucun_parametre_ne_peut_porter_une_donnee_personnelle(name: str) -> None:
    """Mois, codes d'adhérents, identifiant de gestionnaire, choix et commentaire : rien d'autre."""
    permitted = {"mois", "adherents", "sans_fichier", "approbateur", "commentaire", "confirmation", "api"}

    assert set(inspect.signature(_flow(DEPLOIEMENTS[name]).fn).parameters) <= permitted


@pytest.mark.parametrize("name", DEPLOIEMENTS)
def test_chaque_flux_et_chaque_parametre_s_expliquent_en_francais(name: str) -> None:
    flow = _flow(DEPLOIEMENTS[name])
    documentation = inspect.getdoc(flow.fn) or ""

    assert DEPLOIEMENTS[name]["description"].endswith(".")
    for parameter in inspect.signature(flow.fn).parameters:
        assert f"{parameter}:" in documentation


@pytest.mark.parametrize("name", DEPLOIEMENTS)
def test_chaque_horaire_a_un_nom_et_l_heure_de_paris(name: str) -> None:
    for schedule in DEPLOIEMENTS[name].get("schedules", []):
        assert schedule["slug"]
        assert schedule["timezone"] == "Europe/Paris"


def test_la_validation_n_est_jamais_planifiee() -> None:
    """Valider est le geste d'une personne : ni horaire, ni place dans la campagne."""
    assert not DEPLOIEMENTS["valider-la-paie"].get("schedules")
    assert "valider" not in inspect.getsource(_flow(DEPLOIEMENTS["campagne"]).fn)
