"""Les fichiers livrés : des données bien formées, et aucun chemin d'un poste."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from yamllint import config, linter

from tests.house.boundaries import ROOT

# Les essais fabriquent des chemins ; les autres fichiers n'en nomment aucun d'un poste particulier.
_MACHINE_PATH = re.compile(r"(?<![\w./~-])/(?:work|root|home/\w+|tmp/\w+|Users/\w+)(?:/|\b)")
_TEXT = {
    ".py",
    ".yaml",
    ".yml",
    ".toml",
    ".md",
    ".txt",
    ".cfg",
    ".ini",
    ".csv",
    ".json",
    ".sh",
    ".html",
    ".css",
    ".lock",
    "",
}


def delivered_files() -> list[Path]:
    """Les fichiers suivis par git, ou qui le seraient : tout ce qu'un clone contient."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return sorted(path for name in listing.split("\0") if name and (path := ROOT / name).is_file())


def machine_paths(text: str) -> list[str]:
    """Les chemins propres à un poste que ce texte nomme."""
    return [found.group() for found in _MACHINE_PATH.finditer(text)]


def yaml_problems(text: str) -> list[str]:
    """Les défauts de forme d'un YAML : clé répétée, tabulation, fin de ligne, mise en forme."""
    rules = config.YamlLintConfig((ROOT / ".yamllint").read_text(encoding="utf-8"))
    return [f"ligne {problem.line} : {problem.desc}" for problem in linter.run(text, rules)]


@pytest.mark.parametrize(
    "path",
    [path for path in delivered_files() if path.suffix in {".yaml", ".yml"}],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_chaque_yaml_est_bien_forme(path: Path) -> None:
    assert yaml_problems(path.read_text(encoding="utf-8")) == []


def test_aucun_fichier_livre_ne_nomme_un_chemin_de_poste() -> None:
    """Un clone marche partout : aucun chemin absolu d'une machine hors des essais."""
    found = {
        path.relative_to(ROOT).as_posix(): hits
        for path in delivered_files()
        if path.suffix in _TEXT and path.relative_to(ROOT).parts[0] != "tests"
        if (hits := machine_paths(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("text", "vu"),
    [
        ("chemin /work/main", True),
        ("open('/tmp/paie.db')", True),
        ("/root/.ssh", True),
        ("/home/alice/paie", True),
        ("retour/2026-11/", False),
        ("https://exemple.example/work/", False),
        ("~/root/", False),
        ("réseau/homework", False),
    ],
)
def test_un_chemin_de_poste_serait_vu(text: str, vu: bool) -> None:
    assert bool(machine_paths(text)) is vu


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a:\t1\n", "a: oui \n", "a: yes\n"])
def test_un_yaml_mal_forme_serait_vu(text: str) -> None:
    """Une clé répétée effacerait la première sans rien dire ; « yes » se lirait comme un booléen."""
    assert yaml_problems(text) != []


_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)#\s]+)(?:#[^)]*)?\)")


def broken_links(page: Path) -> list[str]:
    """Les liens locaux d'une page Markdown qui ne mènent nulle part."""
    targets = (found["target"] for found in _LINK.finditer(page.read_text(encoding="utf-8")))
    return [target for target in targets if "://" not in target and not (page.parent / target).exists()]


@pytest.mark.parametrize(
    "page",
    [path for path in delivered_files() if path.suffix == ".md"],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_les_liens_d_une_page_menent_quelque_part(page: Path) -> None:
    assert broken_links(page) == []


def test_un_lien_rompu_serait_vu(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "[ici](page.md), [là](absente.md), ![image](absente.png), [site](https://exemple.example/)\n", "utf-8"
    )
    assert broken_links(page) == ["absente.md", "absente.png"]
