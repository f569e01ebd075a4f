"""Ce que charge la commande : rien d'autre que ce que le geste demandé utilise."""

from __future__ import annotations

import json
import os
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from desk import command
from desk.command.sommaire import COMMANDES, load

LOURDES = {"prefect", "pandas", "fpdf", "openpyxl", "numpy", "sqlmodel", "sqlalchemy", "paramiko", "fastapi", "payroll"}
_IMPORTE = """
import json, sys
from typer.testing import CliRunner
from desk.command import app
result = CliRunner().invoke(app, json.loads(sys.argv[1]))
print(json.dumps([result.exit_code, sorted({name.split(".")[0] for name in sys.modules})]))
"""


def _loaded(*arguments: str, **settings: str) -> tuple[int, set[str]]:
    """(code de sortie, bibliothèques importées) d'une commande lancée seule dans son processus, sous ces réglages."""
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTE, json.dumps(arguments)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    code, modules = json.loads(done.stdout.splitlines()[-1])
    return code, set(modules)


@pytest.mark.parametrize("arguments", [("--help",), ()], ids=["--help", "sans argument"])
def test_l_aide_ne_charge_aucune_bibliotheque_lourde(arguments: tuple[str, ...]) -> None:
    _, modules = _loaded(*arguments)

    assert not modules & LOURDES
    assert "typer" in modules


def test_l_aide_d_un_geste_du_mois_ne_charge_pas_prefect() -> None:
    code, modules = _loaded("calculer", "--help")

    assert code == 0
    assert not modules & {"prefect", "pandas", "fastapi", "uvicorn"}
    assert "sqlmodel" in modules, "la commande elle-même est bien chargée"


def test_calculer_ne_charge_ni_la_norme_ni_les_documents_ni_les_migrations(tmp_path: Path) -> None:
    _loaded("adherents", PAIE_REPERTOIRE=str(tmp_path), PAIE_BASE="")  # la base neuve se met à jour

    code, modules = _loaded("calculer", "--mois", "2026-11", PAIE_REPERTOIRE=str(tmp_path), PAIE_BASE="")

    assert code == 0
    assert not modules & {"dsn", "fpdf", "openpyxl", "alembic", "paramiko"}
    assert "numpy" in modules, "le calcul, lui, est bien chargé"


def test_relever_ne_charge_pas_de_quoi_composer_les_pdf() -> None:
    code, modules = _loaded("relever", "--help")

    assert code == 0
    assert "paramiko" in modules, "la commande elle-même est bien chargée"
    assert not modules & {"dsn", "fpdf"}


def test_le_sommaire_nomme_chaque_commande_de_chaque_module_et_sa_premiere_phrase() -> None:
    found: dict[str, tuple[str, str]] = {}
    for info in pkgutil.iter_modules(command.__path__):
        if hasattr(import_module(f"desk.command.{info.name}"), "register"):
            for name, one in load(info.name).items():
                found[name] = info.name, (one.help or "").split("\n\n")[0]

    assert found == COMMANDES


def test_une_commande_inconnue_n_en_charge_aucune() -> None:
    code, modules = _loaded("payer")

    assert code == 2
    assert not modules & LOURDES


def test_le_sommaire_est_bien_celui_de_la_commande() -> None:
    group = typer.main.get_group(command.app)

    assert group.list_commands(typer.Context(group)) == list(COMMANDES)
