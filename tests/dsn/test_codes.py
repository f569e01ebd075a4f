"""Les codes douteux sont des lignes sourcées : chaque population s'y lit, chaque ligne fautive est refusée."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from dsn import codes
from dsn.codes.load import FOLDER, CodesError, read_tables
from dsn.codes.rows import percent_ppm
from tests.dsn.samples import RATES

VERSIONS = ("P25V01", "P26V01")
CODES = codes.load()
REQUIRED = {"002", "003", "007", "008", "011", "017", "018", "020", "026", "029", "039"}


@pytest.mark.parametrize("norme", VERSIONS)
@pytest.mark.parametrize("population", sorted(codes.POPULATIONS))
def test_chaque_population_a_ses_codes_de_contrat(population: str, norme: str) -> None:
    found = CODES.contrat(norme, population)
    assert {rubrique[-3:] for rubrique in found if rubrique.startswith("S21.G00.40")} >= REQUIRED
    assert "S21.G00.71.002" in found


@pytest.mark.parametrize("population", sorted(codes.POPULATIONS))
def test_chaque_population_declare_csg_et_retraite(population: str) -> None:
    names = {item.contribution for item in CODES.contributions("P26V01", population)}
    assert {"csg_deductible", "csg_non_deductible", "crds"} <= names
    assert ("cnracl" in names) is population.endswith("cnracl")
    assert ("ircantec_a" in names) is not population.endswith("_cnracl")


@pytest.mark.parametrize(
    "code, ppm",
    [
        ("882/920", 154_300),
        ("100/920", 131_700),
        ("100/921", 154_500),
        ("635/920", 60_000),
        ("430/920", 18_000),
        ("023/920", 209_700),
        ("260/920", 97_000),
        ("332/921", 1_000),
    ],
)
def test_les_taux_des_ctp_sont_des_sommes_de_baremes(code: str, ppm: int) -> None:
    assert CODES.ctp(code).taux_ppm(RATES.__getitem__) == ppm


def test_le_ctp_du_cnfpt_est_inconnu_et_le_dit() -> None:
    row = CODES.ctp("CNFPT")
    assert (row.ligne.valeur, row.ligne.confiance) == (None, "N")
    assert row.ligne.note


def test_les_doutes_sont_tout_ce_qui_n_est_pas_lu_dans_un_texte_officiel() -> None:
    doubts = CODES.doubts()
    assert {row.confiance for row in doubts} == {"B", "C", "N"}
    assert len(doubts) + sum(row.confiance == "A" for row in CODES.lignes) == len(CODES.lignes)
    assert "ircantec" in {row.code for row in doubts if row.table == "organismes"}


def test_le_fnal_suit_l_effectif() -> None:
    small = CODES.contribution("P26V01", "contractuel_cdd", "fnal")
    large = CODES.contribution("P26V01", "contractuel_cdd", "fnal", effectif_50=True)
    assert small is not None
    assert large is not None
    assert (small.base, small.ctp) == ("02", ("332/921",))
    assert (large.base, large.ctp) == ("03", ("236/920",))


def test_les_tables_repondent_par_leur_nom() -> None:
    assert CODES.emploi("adjoint_administratif").valeur == "523c"
    assert CODES.convention("fpt").valeur == "5021"
    assert (CODES.organisme("dgfip_pas").valeur, CODES.organisme("dgfip_pas").entite) == ("DGFIP", "DGFIP_PAS")
    ifse, cmo = CODES.element("ifse"), CODES.absence("cmo")
    assert ifse is not None
    assert cmo is not None
    assert (ifse.bloc, ifse.valeur, cmo.bloc, cmo.valeur) == ("S21.G00.52", "050", "S21.G00.60", "01")
    assert CODES.element("inconnu") is None
    with pytest.raises(KeyError, match="inconnu"):
        CODES.emploi("inconnu")


REFUSED = [
    ("clé inconnue", "emplois", {"couleur": "bleu"}, "clé inconnue couleur"),
    ("source absente", "emplois", {"source": None}, "source doit être un texte non vide"),
    ("source manquante", "emplois", {"source": ...}, "clé manquante source"),
    ("confiance inventée", "emplois", {"confiance": "sûr"}, "confiance doit être A, B, C ou N"),
    ("valeur sans guillemets", "conventions", {"valeur": 5021}, "valeur doit être un texte"),
    ("non trouvée avec valeur", "conventions", {"confiance": "N"}, "n'a pas de valeur"),
    ("population inconnue", "emplois", {"populations": ["mairie"]}, "population inconnue mairie"),
    ("norme inconnue", "emplois", {"normes": ["P24V01"]}, "norme inconnue"),
    ("valeur hors norme", "populations", {"valeur": "77"}, "valeur 77 absente de P25V01"),
    ("motif hors norme", "absences", {"valeur": "77"}, "valeur 77 absente de P25V01"),
    ("bloc inconnu", "elements", {"bloc": "S21.G00.99"}, "bloc inconnu"),
    ("base hors norme", "contributions", {"base": "99"}, "base 99 absente de P25V01"),
    ("CTP inconnu", "contributions", {"ctp": ["999/920"]}, "CTP inconnu 999/920"),
    ("effectif inventé", "contributions", {"effectif": "beaucoup"}, "effectif doit être"),
    ("cotisation mal formée", "contributions", {"cotisations": [{"valeur": "075"}]}, "cotisation mal formée"),
    (
        "part inconnue",
        "contributions",
        {"cotisations": [{"valeur": "075", "part": "x", "taux": "reste"}]},
        "part inconnue x",
    ),
    ("pour-cent illisible", "ctp", {"taux": ["6 %"]}, "pour-cent illisible"),
]


@pytest.mark.parametrize("table, change, message", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_chaque_ligne_fautive_est_refusee(table: str, change: dict[str, object], message: str, tmp_path: Path) -> None:
    folder = tmp_path / "codes"
    shutil.copytree(FOLDER, folder)
    path = folder / f"{table}.yaml"
    rows = yaml.safe_load(path.read_text("utf-8"))
    for key, value in change.items():
        if value is ...:
            del rows[0][key]
        else:
            rows[0][key] = value
    path.write_text(yaml.safe_dump(rows, allow_unicode=True), "utf-8")
    with pytest.raises(CodesError, match=message.replace("(", r"\(")):
        read_tables(folder, populations=frozenset(codes.POPULATIONS))


def test_toutes_les_fautes_sont_dites_ensemble(tmp_path: Path) -> None:
    folder = tmp_path / "codes"
    shutil.copytree(FOLDER, folder)
    (folder / "emplois.yaml").write_text("pas une liste", "utf-8")
    (folder / "elements.yaml").write_text("- {code: [", "utf-8")
    rows = yaml.safe_load((folder / "conventions.yaml").read_text("utf-8"))
    (folder / "conventions.yaml").write_text(yaml.safe_dump([*rows, rows[0]], allow_unicode=True), "utf-8")
    with pytest.raises(CodesError) as refused:
        read_tables(folder, populations=frozenset(codes.POPULATIONS))
    text = str(refused.value)
    assert "emplois.yaml n'est pas une liste" in text
    assert "elements.yaml illisible" in text
    assert "deux lignes pour" in text


@pytest.mark.parametrize("text, ppm", [("6.00", 60_000), ("-1.80 ", -18_000), ("0.50", 5_000)])
def test_un_pour_cent_se_lit_en_millioniemes(text: str, ppm: int) -> None:
    assert percent_ppm(text) == ppm
