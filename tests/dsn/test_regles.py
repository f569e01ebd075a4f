"""La grammaire des règles : ce qu'elle refuse au chargement, et ce que valent ses opérateurs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dsn import reader
from dsn.controls import regles
from dsn.controls.scope import Scope
from dsn.message import Message
from dsn.norm import load
from tests.dsn.mutate import mutate

HERE = Path(__file__).parent
SKELETON = (HERE / "messages" / "squelette-P25V01.dsn").read_bytes()
FILES = sorted(Path(regles.__file__).parent.glob("regles_*.yaml"))


def message_of(*phrases: str) -> Message:
    """Le squelette altéré."""
    message, _ = reader.read(SKELETON)
    for phrase in phrases:
        mutate(message, phrase)
    return message


def scope_of(*phrases: str) -> Scope:
    """Ce que voient les contrôles du squelette altéré."""
    message = message_of(*phrases)
    return Scope(message.envoi, message.declarations[0], load("P25V01"))


def rules_of(path: Path) -> list[tuple[str, regles.Regle]]:
    """(identifiant, règle) de chaque règle d'un fichier."""
    return [(f"{rubrique} {code}", rule) for rubrique, code, rules in regles.load(path) for rule in rules]


@pytest.mark.parametrize(
    "row, said",
    [
        ({"alors": ["001 présente"]}, "incomplète"),
        ({"dire": "x"}, "incomplète"),
        ({"alors": ["001 présente"], "dire": "x", "alorss": []}, "clé inconnue"),
        ({"alors": ["001 ressemble 02"], "dire": "x"}, "ressemble"),
        ({"alors": ["quarante.001 présente"], "dire": "x"}, "terme inconnu"),
        ({"alors": ["001 <= demain"], "dire": "x"}, "terme inconnu"),
        ({"alors": ["présente"], "dire": "x"}, "illisible"),
    ],
)
def test_une_regle_mal_ecrite_est_refusee(tmp_path: Path, row: dict[str, object], said: str) -> None:
    path = tmp_path / "regles_essai.yaml"
    path.write_text(yaml.safe_dump({"S21.G00.40.001 CCH-99": row}, allow_unicode=True), "utf-8")
    with pytest.raises(regles.RegleError, match=said) as caught:
        list(regles.load(path))
    assert "S21.G00.40.001 CCH-99" in str(caught.value)


def judge(tmp_path: Path, condition: str, *phrases: str) -> bool:
    """Vrai si le second contrat du squelette enfreint « alors : condition »."""
    path = tmp_path / "regles_essai.yaml"
    row = {"S21.G00.40.001 CCH-99": {"alors": [condition], "dire": "x"}}
    path.write_text(yaml.safe_dump(row, allow_unicode=True), "utf-8")
    scope = scope_of(*phrases)
    [(_, rule)] = rules_of(path)
    return rule.problem(scope.all("40")[1], scope) is not None


@pytest.mark.parametrize(
    "condition, broken",
    [
        # le second contrat : début 01/01/2025, fin prévue 31/12/2025, nature 10, taux AT 1.50, mois déclaré 09/2025
        ("007 = 10 11", False),
        ("007 = 11", True),
        ("021 = 11", True),  # absente : elle n'est pas égale
        ("007 ≠ 11", False),
        ("007 ≠ 10", True),
        ("021 ≠ 11", False),  # absente : on ne sait pas
        ("021 absente", False),
        ("021 présente", True),
        ("001 <= 01012025", False),
        ("001 < 01012025", True),
        ("001 < mois", False),
        ("010 <= fin_mois", True),
        ("010 > fin_mois_suivant", False),
        ("001 <= constitution", False),
        ("021 <= mois", False),  # absente : on ne sait pas
        ("001 même_année 010", False),
        ("001 même_mois 010", True),
        ("001 année_au_plus mois", False),
        ("019 égale siret", False),
        ("019 diffère siret", True),
        ("043 non_nulle", False),
        ("043 nulle", True),
        ("043 négative_ou_nulle", True),
        ("009 commence 2025", False),
        ("009 ne_commence_pas 2025", True),
        ("009 forme [0-9]{10}", False),
        ("009 forme [0-9]{9}", True),
        ("009 inférieure_à 2025010003", False),
        ("009 inférieure_à 2025010002", True),
        ("007 = 11 ou 008 = 99", False),
        ("007 = 11 ou 008 = 98", True),
        ("007 = 11 ou 021 ≠ 05", False),  # le second terme est inconnu : on ne condamne pas
        ("30.013 = 01", False),
        ("06.001 = 219990017", False),
        ("S20.G00.05.001 = 01", False),
        ("contrat.007 = 10", False),
        ("fin.001 présente", True),
        ("+71 présente", False),
        ("+62 présente", True),
    ],
)
def test_les_operateurs(tmp_path: Path, condition: str, broken: bool) -> None:
    assert judge(tmp_path, condition) is broken


def test_la_fin_ignore_une_annulation_et_la_rupture_non(tmp_path: Path) -> None:
    cancelled = "+62@40#2 001=15092025 002=099"
    assert judge(tmp_path, "fin.002 présente", cancelled)
    assert not judge(tmp_path, "rupture.002 = 099", cancelled)
    assert not judge(tmp_path, "fin.001 présente", "+62@40#2 001=15092025 002=031")


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_ne_montrer_que_les_blocs_vises_ne_change_aucun_constat(path: Path) -> None:
    """Le raccourci (rubrique et valeurs sans lesquelles la règle n'a rien à dire) contre tous les blocs, un à un."""
    mutations = {}
    for file in sorted(HERE.glob("mutations*.yaml")):
        mutations |= yaml.safe_load(file.read_text("utf-8"))
    seen = 0
    for name, rule in rules_of(path):
        raw = mutations[name]
        row = {"voit": raw} if isinstance(raw, list) else raw
        for kind in ("voit", "passe"):
            scope = scope_of(*row.get("avec", ()), *row.get(kind, ()))
            short = {id(item) for item in rule.concerned(scope) if rule.problem(item, scope)}
            full = {id(item) for item in scope.all(rule.bloc) if rule.problem(item, scope)}
            assert short == full, name
            seen += len(full)
    assert seen
