"""Les murs de la maison tiennent, et le contrôleur des murs sait voir une brèche."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.house import boundaries


@pytest.mark.parametrize("room", boundaries.FORBIDDEN_IMPORTS)
def test_chaque_salle_n_importe_que_ce_qui_lui_est_permis(room: str) -> None:
    """La loi et la DSN ignorent l'orchestration et le transport ; le transport ignore la paie."""
    assert boundaries.forbidden_imports(room, boundaries.FORBIDDEN_IMPORTS[room]) == []


def test_ni_la_paie_ni_la_dsn_ne_lisent_l_horloge() -> None:
    """Le mois et l'instant sont des arguments : un mois recalculé dans dix ans donne les mêmes centimes."""
    assert boundaries.clock_reads("payroll", "dsn") == []


def test_l_argent_ne_passe_par_aucun_nombre_approche() -> None:
    """Dans le calcul, tout est entier ou fraction exacte, et il n'y a qu'une règle d'arrondi."""
    assert boundaries.approximate_numbers(*boundaries.EXACT) == []


def test_chaque_dossier_dit_ce_qui_y_vit() -> None:
    """Le ``__init__`` de chaque paquet porte une phrase au moins."""
    assert boundaries.silent_packages(*boundaries.ROOMS) == []


def test_aucun_fichier_n_est_trop_long_sans_raison() -> None:
    """Un fichier de plus de 450 lignes de code dit pourquoi."""
    assert boundaries.long_files(*boundaries.ROOMS) == []


# Le contrôleur est jugé sur des modules fautifs : un par manquement, et son voisin correct.
MAUVAIS_IMPORTS = {
    "import": "import prefect\n",
    "sous-module": "import prefect.states\n",
    "from": "from prefect import flow\n",
    "dans une fonction": "def f():\n    from prefect.flows import Flow\n    return Flow\n",
    "sous TYPE_CHECKING": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import prefect\n",
    "par importlib": "import importlib\nprefect = importlib.import_module('prefect')\n",
    "relatif": "from ...prefect import flow\n",
}


@pytest.mark.parametrize("source", MAUVAIS_IMPORTS.values(), ids=MAUVAIS_IMPORTS)
def test_le_controleur_voit_un_import_interdit(source: str, tmp_path: Path) -> None:
    _write(tmp_path, "salle/piece/module.py", source)
    assert boundaries.forbidden_imports("salle", ("prefect",), tmp_path) != []


def test_le_controleur_ne_confond_pas_deux_noms_voisins(tmp_path: Path) -> None:
    _write(tmp_path, "salle/module.py", "import prefecture\nfrom salle import prefect_name\n")
    assert boundaries.forbidden_imports("salle", ("prefect",), tmp_path) == []


@pytest.mark.parametrize(
    ("check", "mauvais", "bon"),
    [
        (boundaries.clock_reads, "from datetime import date\nx = date.today()\n", "def f(today):\n    return today\n"),
        (boundaries.clock_reads, "import datetime\nx = datetime.datetime.now()\n", "from datetime import datetime\n"),
        (boundaries.clock_reads, "import time\nx = time.time()\n", "import time\nx = time.sleep\n"),
        (boundaries.approximate_numbers, "x = 0.05\n", "x = 5\n"),
        (boundaries.approximate_numbers, "def f(a):\n    return float(a)\n", "def f(a):\n    return int(a)\n"),
        (boundaries.approximate_numbers, "x = round(5)\n", "from m import round_half_up\nx = round_half_up(5, 1)\n"),
        (boundaries.approximate_numbers, "import numpy as np\nx = np.float64\n", "import numpy as np\nx = np.int64\n"),
        (boundaries.silent_packages, '"""Court."""\n', '"""Ici vivent les règles, et rien d\'autre."""\n'),
        (boundaries.silent_packages, "x = 1\n", '"""Ici vivent les règles, et rien d\'autre."""\n'),
        (partial(boundaries.long_files, reasons={}), "x = 1\n" * 451, "x = 1\n" * 450),
        (
            partial(boundaries.long_files, reasons={}),
            "x = 1\n" * 451,
            "# commentaire\n\n" * 300 + '"""\n' + "texte\n" * 300 + '"""\n',
        ),
    ],
)
def test_le_controleur_voit_chaque_manquement(
    check: Callable[..., list[str]], mauvais: str, bon: str, tmp_path: Path
) -> None:
    """Une source fautive est nommée avec sa place ; sa voisine correcte ne l'est pas."""
    _write(tmp_path, "faute/__init__.py", mauvais)
    _write(tmp_path, "juste/__init__.py", bon)
    (constat, *_) = check("faute", root=tmp_path)
    assert constat.startswith("faute/__init__.py")
    assert check("juste", root=tmp_path) == []


def test_un_paquet_sans_init_est_vu(tmp_path: Path) -> None:
    _write(tmp_path, "salle/module.py", "x = 1\n")
    assert boundaries.silent_packages("salle", root=tmp_path) == ["salle/ : il n'y a pas de __init__.py"]


def test_une_exception_de_longueur_devenue_inutile_est_vue(tmp_path: Path) -> None:
    _write(tmp_path, "salle/module.py", "x = 1\n")
    found = boundaries.long_files("salle", root=tmp_path, reasons={"salle/module.py": "une table"})
    assert found == ["salle/module.py : n'est plus trop long ; retirez-le de la liste"]


def _write(root: Path, name: str, source: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
