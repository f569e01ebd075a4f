"""La norme en données : ce que disent P25V01 et P26V01, et le choix de la norme du mois."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import dsn
from dsn import norm as norm_room
from dsn import reader
from dsn.norm import NormError, compile_xsd, for_month, load, versions

SKELETON = (Path(__file__).parent / "messages" / "squelette-P25V01.dsn").read_bytes()


@pytest.fixture
def norm_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Une copie des données de la norme, que l'essai peut compléter ou abîmer."""
    folder = tmp_path / "norm"
    shutil.copytree(norm_room.FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setattr(norm_room, "FOLDER", folder)
    load.cache_clear()
    yield folder
    load.cache_clear()


def add_version(folder: Path, version: str, first: str, last: str, controls: str) -> Path:
    """Une norme de plus, faite des données de P26V01."""
    added = folder / version
    shutil.copytree(folder / "P26V01", added)
    head = json.loads((added / "norme.json").read_text("utf-8"))
    head |= {"version": version, "premier_mois": first, "dernier_mois": last, "controles": controls}
    (added / "norme.json").write_text(json.dumps(head), "utf-8")
    enums = json.loads((added / "enums.json").read_text("utf-8"))
    enums["S10.G00.00.006"] = {version: version}
    (added / "enums.json").write_text(json.dumps(enums), "utf-8")
    return added


def test_ajouter_p27v01_n_est_qu_ajouter_des_donnees(norm_folder: Path) -> None:
    add_version(norm_folder, "P27V01", "2027-01", "2027-12", "P25V01")
    assert versions() == ("P25V01", "P26V01", "P27V01")
    assert for_month(date(2027, 1, 1)).version == "P27V01"
    assert for_month(date(2026, 12, 1)).version == "P26V01"
    assert len(load("P27V01").controles) == 911
    content = SKELETON.replace(b"P25V01", b"P27V01").replace(b"092025", b"092027")
    content = content.replace(b"S21.G00.40.020,'999'", b"S21.G00.40.020,'998'")
    message, anomalies = reader.read(content)
    assert anomalies == []
    assert message.norm() is load("P27V01")
    assert {item.code for item in dsn.check_file(content)} & {"LEC-05", "LEC-07", "GEN-21"} == set()


def test_une_norme_peut_apporter_ses_propres_controles(norm_folder: Path) -> None:
    added = add_version(norm_folder, "P27V01", "2027-01", "2027-12", "P27V01")
    for name in ("controles.csv", "generiques.csv", "motifs_rupture.json", "arborescences.csv"):
        shutil.copy(norm_folder / "P25V01" / name, added / name)
    rows = (added / "controles.csv").read_text("utf-8").splitlines(keepends=True)
    (added / "controles.csv").write_text("".join(row for row in rows if ",CME-11," not in row), "utf-8")
    assert len(load("P27V01").controles) == 911 - 4
    assert len(load("P26V01").controles) == 911


@pytest.mark.parametrize(
    "name, before, after, problem",
    [
        (
            "blocs.csv",
            "S21.G00.81,Cotisation individuelle,S21.G00.78",
            "S21.G00.81,Cotisation individuelle,S21.G00.99",
            "parent",
        ),
        ("enums.json", '"S21.G00.40.007"', '"S21.G00.40.907"', "énumération sans rubrique"),
        ("rubriques.csv", "S21.G00.40.007,", "S21.G00.39.007,", "bloc sans arborescence"),
    ],
)
def test_une_norme_incoherente_est_refusee(norm_folder: Path, name: str, before: str, after: str, problem: str) -> None:
    path = norm_folder / "P26V01" / name
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(NormError, match=problem):
        load("P26V01")


def test_les_deux_versions_sont_presentes() -> None:
    assert versions() == ("P25V01", "P26V01")
    assert len(load("P25V01").rubriques) == 570
    assert len(load("P26V01").rubriques) == 573


def test_les_911_controles_sont_charges() -> None:
    assert len(load("P25V01").controles) == 911
    assert len(load("P25V01").generiques) == 46


@pytest.mark.parametrize(
    "mois, version",
    [
        (date(2025, 1, 1), "P25V01"),
        (date(2025, 12, 1), "P25V01"),
        (date(2026, 1, 1), "P26V01"),
        (date(2026, 12, 1), "P26V01"),
    ],
)
def test_p26v01_vaut_a_partir_du_mois_declare_de_janvier_2026(mois: date, version: str) -> None:
    assert for_month(mois).version == version


def test_un_mois_sans_norme_est_refuse_en_le_disant() -> None:
    with pytest.raises(NormError, match=r"01/2027.*P25V01, P26V01"):
        for_month(date(2027, 1, 1))


def test_une_version_inconnue_est_refusee() -> None:
    with pytest.raises(NormError, match="P24V01"):
        load("P24V01")


@pytest.mark.parametrize(
    "value, ok", [("10", True), ("12.5", True), ("800", True), ("801", False), ("0", False), ("010", False)]
)
def test_la_nbi_va_jusqu_a_800_points(value: str, ok: bool) -> None:
    regex = load("P26V01").rubriques["S21.G00.40.059"].regex
    assert regex is not None
    assert bool(regex.fullmatch(value)) is ok


def test_l_elu_non_affilie_change_de_code_en_2026() -> None:
    before, after = (load(version).rubriques["S21.G00.40.020"].codes for version in ("P25V01", "P26V01"))
    assert "999" in before
    assert "998" not in before
    assert "998" in after
    assert "999" not in after


def test_l_effectif_disparait_et_le_service_de_sante_apparait_en_2026() -> None:
    before, after = load("P25V01").rubriques, load("P26V01").rubriques
    assert ("S21.G00.11.008" in before, "S21.G00.11.008" in after) == (True, False)
    assert ("S21.G00.11.025" in before, "S21.G00.11.025" in after) == (False, True)


def test_l_usage_d_une_rubrique_nouvelle_est_inconnu_et_non_devine() -> None:
    assert load("P26V01").rubriques["S21.G00.30.030"].usage() == "?"
    assert load("P26V01").rubriques["S20.G00.05.006"].usage() == "I"


def test_l_arborescence_de_la_mensuelle() -> None:
    blocs = load("P26V01").blocs
    assert blocs["S21.G00.81"].parent == "S21.G00.78"
    assert (blocs["S21.G00.71"].minimum, blocs["S21.G00.71"].maximum) == (1, None)
    assert (blocs["S21.G00.62"].minimum, blocs["S21.G00.62"].maximum) == (0, 1)


@pytest.mark.parametrize(
    "nature, bloc, bounds",
    [
        ("01", "S21.G00.30", (0, None)),
        ("04", "S20.G00.07", (1, 2)),
        ("04", "S21.G00.60", (1, 1)),
        ("05", "S21.G00.40", (1, 1)),
        ("07", "S21.G00.62", (1, 1)),
        ("07", "S21.G00.63", (1, None)),
        ("07", "S21.G00.60", (0, None)),
    ],
)
def test_l_arborescence_de_chaque_nature(nature: str, bloc: str, bounds: tuple[int, int | None]) -> None:
    assert load("P25V01").arborescences[nature][bloc] == bounds


@pytest.mark.parametrize("nature", ["04", "05", "07", "08", "09"])
def test_les_arborescences_et_les_usages_disent_les_memes_blocs(nature: str) -> None:
    """Deux tableaux du cahier technique, p.117-124 et p.358-369, l'un contre l'autre."""
    norm = load("P25V01")
    used = {rubrique.bloc for rubrique in norm.rubriques.values() if rubrique.usage(nature) not in {"N", "I"}}
    used = {bloc for bloc in used if norm.blocs[bloc].parent and not bloc.startswith("S10")}
    assert used == set(norm.arborescences[nature])


def test_toute_enumeration_vise_une_rubrique_et_tout_motif_existe() -> None:
    norm = load("P26V01")
    motifs = norm.rubriques["S21.G00.62.002"].codes
    natures = norm.rubriques["S21.G00.40.007"].codes
    for motif, allowed in norm.motifs_rupture.items():
        assert motif in motifs
        assert set(allowed) <= set(natures)


def test_une_expression_xml_schema_sans_equivalent_est_refusee() -> None:
    with pytest.raises(NormError):
        compile_xsd(r"\i\c*")
