"""L'écriture : ISO 8859-1, S90 recompté, ordre de la norme ; les caractères remplacés sont dits."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsn import charset, reader, writer
from dsn.amounts import euro, montant, taux

SKELETON = (Path(__file__).parent / "messages" / "squelette-P25V01.dsn").read_bytes()


def test_le_total_compte_toutes_les_rubriques_et_les_declarations() -> None:
    message, _ = reader.read(SKELETON)
    message.declarations.append(message.declarations[0])
    lines = writer.write(message).split(b"\r\n")[:-1]
    assert lines[-2] == b"S90.G00.90.001,'%d'" % len(lines)
    assert lines[-1] == b"S90.G00.90.002,'2'"


def test_une_ecriture_juste_du_total_est_gardee() -> None:
    content = SKELETON.replace(b"S90.G00.90.001,'491'", b"S90.G00.90.001,'00491'")
    assert content != SKELETON
    assert writer.write(reader.read(content)[0]) == content


def test_les_rubriques_sortent_dans_l_ordre_de_la_norme() -> None:
    message, _ = reader.read(SKELETON)
    for block in message.walk():
        block.fields.reverse()
    assert writer.write(message) == SKELETON


def test_un_caractere_hors_table_est_remplace_et_dit() -> None:
    message, _ = reader.read(SKELETON)
    entry = message.declarations[0].find("S21.G00.40")[0].entry("006")
    assert entry is not None
    entry.value = "CHŒUR D’ENFANTS – 5 €"
    content, notes = writer.render(message)
    assert b"S21.G00.40.006,'CHOEUR D'ENFANTS - 5 EUR'" in content
    assert [(item.rubrique, item.code, item.blocking) for item in notes] == [("S21.G00.40.006", "GEN-06", False)]


@pytest.mark.parametrize(
    "text, expected, notes",
    [
        ("Éloïse Ça", "Éloïse Ça", ()),
        ("Cœur", "Coeur", ("œ → oe",)),
        ("L’Hôpital", "L'Hôpital", ("’ → '",)),
        ("12 €", "12 EUR", ("€ → EUR",)),
        ("a – b", "a - b", ("– → -",)),
        ("Ősz", "Osz", ("Ő → O",)),
        ("É", "É", ()),
        ("a\u00a0b\tc", "a b c", ()),
        ("Иван", "????", ("И → ?", "в → ?", "а → ?", "н → ?")),
        ("a\x00b", "a?b", ("caractère U+0000 → ?",)),
    ],
)
def test_la_regle_de_translitteration(text: str, expected: str, notes: tuple[str, ...]) -> None:
    assert charset.clean(text) == (expected, notes)


def test_un_caractere_sans_equivalent_est_une_perte() -> None:
    assert charset.lost(charset.clean("Иван")[1])
    assert not charset.lost(charset.clean("Cœur")[1])


@pytest.mark.parametrize(
    "text, expected",
    [("Saint-Sever", "Saint Sever"), ("L'Île d'Yeu", "L Ile d Yeu"), (" Mont-de-Marsan ", "Mont de Marsan")],
)
def test_la_localite_suit_la_forme_exigee(text: str, expected: str) -> None:
    assert charset.localite(text) == expected


@given(st.text())
def test_tout_texte_nettoye_est_permis_et_stable(text: str) -> None:
    cleaned, _ = charset.clean(text)
    assert all(map(charset.allowed, cleaned))
    cleaned.encode("latin-1")
    assert charset.clean(cleaned) == (cleaned, ())


@given(st.text(alphabet="éèàçùâêîôûëïüœŒÉÈÀ’' -", min_size=1))
def test_aucun_caractere_n_est_perdu_sans_etre_dit(text: str) -> None:
    cleaned, notes = charset.clean(text)
    kept = [character for character in cleaned if not character.isspace()]
    assert len(kept) >= len([character for character in text if not character.isspace()])
    assert bool(notes) is any(character in "œŒ’" for character in text)


@pytest.mark.parametrize("cents, text", [(0, "0.00"), (5, "0.05"), (123456, "1234.56"), (-7, "-0.07"), (100, "1.00")])
def test_un_montant_s_ecrit_avec_un_point_et_deux_decimales(cents: int, text: str) -> None:
    assert montant(cents) == text


@pytest.mark.parametrize(
    "ppm, text", [(98_800, "9.88"), (0, "0.00"), (1_000_000, "100.00"), (154_500, "15.45"), (1_230, "0.123")]
)
def test_un_taux_s_ecrit_en_pour_cent(ppm: int, text: str) -> None:
    assert taux(ppm) == text


@pytest.mark.parametrize("ppm", [-1, 5, 123_456])
def test_un_taux_negatif_ou_trop_fin_est_refuse(ppm: int) -> None:
    with pytest.raises(ValueError, match="taux DSN"):
        taux(ppm)


@pytest.mark.parametrize("cents, rounded", [(149, 100), (150, 200), (-150, -200), (-149, -100), (0, 0)])
def test_l_euro_s_arrondit_au_plus_proche_la_demie_loin_de_zero(cents: int, rounded: int) -> None:
    assert euro(cents) == rounded
