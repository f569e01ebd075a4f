"""Le plan des dossiers : des noms vérifiés, et des chemins qui ne sortent jamais de la prison."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftp_drop import layout
from sftp_drop.jail import RefusedError, normalise


@pytest.mark.parametrize("code", ["mairie-de-valfleuri", "ab", "2" * 40, "ccas-01"])
def test_un_code_d_adherent_est_fait_de_minuscules_chiffres_et_tirets(code: str) -> None:
    assert layout.check_code(code) == code


@pytest.mark.parametrize("code", ["", "a", "x" * 41, "Valfleuri", "val fleuri", "../b", "a/b", "é-é", "ab\n", "ab."])
def test_un_code_mal_forme_est_refuse(code: str) -> None:
    with pytest.raises(layout.InvalidNameError, match="code d'adhérent invalide"):
        layout.check_code(code)


@pytest.mark.parametrize("mois", ["2026-00", "2026-13", "26-11", "2026-11-01", "2026/11", "", "2026-1"])
def test_un_mois_mal_forme_est_refuse(mois: str) -> None:
    with pytest.raises(layout.InvalidNameError, match="AAAA-MM"):
        layout.month_folder("valfleuri", mois)


def test_les_chemins_vus_du_service_suivent_le_plan() -> None:
    assert str(layout.depot_folder("valfleuri")) == "/valfleuri/depot"
    assert str(layout.pris_folder("valfleuri")) == "/valfleuri/depot/pris"
    assert str(layout.month_folder("valfleuri", "2026-11", layout.PurePosixPath("/srv/sftp"))) == (
        "/srv/sftp/valfleuri/retour/2026-11"
    )
    assert str(layout.return_path("valfleuri", "2026-11/bulletins/0001.pdf")) == (
        "/valfleuri/retour/2026-11/bulletins/0001.pdf"
    )


@pytest.mark.parametrize(
    "relatif",
    [
        "",
        "/etc/passwd",
        "../depot/x",
        "2026-11/../../x",
        "2026-11//x",
        "a\\b",
        ".cache",
        "2026-11/.x",
        "a\nb",
        "a\u202eb",
    ],
)
def test_un_document_ne_sort_pas_de_retour_et_n_est_pas_cache(relatif: str) -> None:
    with pytest.raises(layout.InvalidNameError, match="sous retour/"):
        layout.return_path("valfleuri", relatif)


@pytest.mark.parametrize(
    ("nom", "mot"),
    [
        ("", "barre oblique"),
        ("..", "barre oblique"),
        ("a/b.xlsx", "barre oblique"),
        ("caf\\xe9.csv", "barre oblique"),
        ("a\nb.xlsx", "caractère de commande"),
        ("a\x1b[31m.xlsx", "caractère de commande"),
        ("a\u2028b.xlsx", "caractère de commande"),
        ("paie\u202excod.exe", "caractère invisible"),
        ("paie\u200b.xlsx", "caractère invisible"),
        ("caf\udce9.csv", "illisibles"),
        ("é" * 101, "trop long"),
        ("pris", "réservé"),
        (".averifier-x", "réservé"),
    ],
)
def test_chaque_nom_dangereux_est_refuse_avec_sa_raison(nom: str, mot: str) -> None:
    assert mot in (layout.name_problem(nom) or "")


@pytest.mark.parametrize("nom", ["variables novembre 2026.xlsx", "Éléments d'été (n°2).ods", "é" * 100, "prises.csv"])
def test_un_nom_ordinaire_accentue_convient(nom: str) -> None:
    assert layout.name_problem(nom) is None


def test_le_nom_d_archive_ne_depend_que_du_fichier_et_donne_l_heure_de_paris() -> None:
    nom = layout.archive_name(1_790_000_000, "0123456789abcdef" * 4, "novembre.xlsx")

    assert nom == "20260921-161320-01234567-novembre.xlsx"
    assert layout.archive_name(1_790_000_000, "0123456789abcdef" * 4, "novembre.xlsx", 2) == (
        "20260921-161320-01234567.2-novembre.xlsx"
    )


@given(st.text(min_size=1, max_size=40), st.integers(-10, 2**32 - 1), st.integers(1, 30))
def test_le_nom_donne_par_l_adherent_se_retrouve_dans_le_nom_d_archive(nom: str, mtime: int, occurrence: int) -> None:
    archive = layout.archive_name(mtime, "ab" * 32, nom, occurrence)

    assert layout.original_name(layout.pending_name(archive)) == nom
    assert layout.original_name(archive) == nom


def test_un_nom_trompeur_s_affiche_sans_tromper() -> None:
    assert layout.printable("paie\u202excod.exe") == "paie\\u202excod.exe"
    assert layout.printable("Éléments d'été.xlsx") == "Éléments d'été.xlsx"


@given(st.lists(st.sampled_from(["..", ".", "", "depot", "retour", "x", "~", "...", "..\\.."]), max_size=12))
def test_un_chemin_normalise_ne_remonte_jamais(morceaux: list[str]) -> None:
    assert not {"..", ".", ""} & set(normalise("/".join(morceaux)))


@pytest.mark.parametrize("chemin", ["/depot/a\x00b", "/depot/a\nb", "\x7f"])
def test_un_chemin_a_caractere_de_commande_est_refuse(chemin: str) -> None:
    with pytest.raises(RefusedError):
        normalise(chemin)


def test_une_prison_se_cree_deux_fois_sans_dommage_et_refuse_un_lien(tmp_path: Path) -> None:
    jail = layout.ensure_jail(tmp_path, "valfleuri")
    (jail / "depot" / "x").write_text("x")
    layout.ensure_jail(tmp_path, "valfleuri")
    (tmp_path / "rocheclaire").symlink_to(jail)

    assert (jail / "depot" / "x").read_text() == "x"
    assert (jail / "depot" / "pris").is_dir()
    assert (jail / "retour").is_dir()
    with pytest.raises(layout.InvalidNameError, match="lien symbolique"):
        layout.ensure_jail(tmp_path, "rocheclaire")
