"""Les exemples écrits dans les docstrings sont vrais."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

from tests.house import boundaries


def _modules_with_examples() -> list[str]:
    return [
        ".".join(path.relative_to(boundaries.ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in boundaries.sources("payroll", "dsn", "sftp_drop")
        if ">>> " in path.read_text(encoding="utf-8")
    ]


@pytest.mark.parametrize("name", _modules_with_examples())
def test_les_exemples_des_docstrings_sont_vrais(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0


def test_l_argent_et_les_mois_ont_leurs_exemples() -> None:
    """Si la collecte ne trouvait plus rien, l'essai précédent ne prouverait rien."""
    assert {"payroll.money", "payroll.periods"} <= set(_modules_with_examples())


def test_un_exemple_faux_serait_vu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "exemple_faux.py").write_text('"""\n>>> 1 + 1\n3\n"""\n', encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    runner = doctest.DocTestRunner(verbose=False)
    for example in doctest.DocTestFinder().find(importlib.import_module("exemple_faux")):
        runner.run(example, out=lambda _text: None)
    assert runner.failures == 1
