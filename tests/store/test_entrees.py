"""Les descriptions d'adhérents : une faute par essai, et les mots qui l'expliquent."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from payroll.store.entrees import AdherentEntree, validate

MODELE: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[2] / "examples" / "adherents" / "lubescaux.yaml").read_text(encoding="utf-8")
)


def _changed(*steps: Any, value: Any) -> dict[str, Any]:
    data = copy.deepcopy(MODELE)
    place: Any = data
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = value
    return data


def _refus(data: dict[str, Any]) -> list[str]:
    result = validate(data, "essai.yaml")
    assert isinstance(result, list)
    return [str(anomalie) for anomalie in result]


def test_le_modele_est_accepte() -> None:
    assert isinstance(validate(MODELE, "essai.yaml"), AdherentEntree)


@pytest.mark.parametrize(
    "steps, value, words",
    [
        (("siret",), "99900000000001", "SIRET invalide"),
        (("agents", 0, "nir"), "180057505612399", "NIR invalide"),
        (("agents", 0, "iban"), "FR7630006000011234567890188", "IBAN invalide"),
        (("couleur",), "verte", "cette clé est inconnue"),
        (("code_postal",), "4000", "la forme ne convient pas"),
        (("nature",), "association", "hors de la liste"),
        (("parametres", 0, "taux_at"), 1.62, "entre guillemets"),
        (("parametres", 0, "taux_at"), "un virgule six", "n'est pas un nombre décimal"),
        (("agents", 0, "contrats", 0, "situations", 0, "quotite"), "huit dixièmes", "fraction illisible"),
        (("agents", 0, "contrats", 0, "situations", 0, "au"), "2020-01-01", "précède le début"),
        (("agents", 0, "contrats", 0, "situations"), [], "il en faut au moins un"),
        (("agents", 0, "date_naissance"), "le 3 mai", "une date AAAA-MM-JJ"),
    ],
)
def test_chaque_faute_est_dite_a_sa_place(steps: tuple[Any, ...], value: Any, words: str) -> None:
    messages = _refus(_changed(*steps, value=value))

    assert any(words in message for message in messages), messages
    assert any(str(steps[0]) in message for message in messages)


def test_toutes_les_fautes_sont_dites_ensemble() -> None:
    data = _changed("siret", value="1")
    data["population"] = -3
    data.pop("ville")

    places = " ".join(_refus(data))

    assert "siret" in places
    assert "population" in places
    assert "ville" in places


def test_un_nir_faux_n_est_jamais_repete_dans_le_message() -> None:
    data = _changed("agents", 0, "nir", value="180057505612399")

    assert not any("180057505612399" in message for message in _refus(data))


def test_deux_agents_ne_peuvent_porter_le_meme_matricule() -> None:
    data = copy.deepcopy(MODELE)
    data["agents"].append(copy.deepcopy(data["agents"][0]))

    assert any("matricule répété" in message for message in _refus(data))


def test_deux_situations_ne_peuvent_se_chevaucher() -> None:
    data = copy.deepcopy(MODELE)
    situations = data["agents"][0]["contrats"][0]["situations"]
    situations.append(copy.deepcopy(situations[0]))

    assert any("se chevauchent" in message for message in _refus(data))
