"""Le chiffrement au repos : ce qui est sur le disque ne se lit pas sans la clé, et ne s'altère pas en silence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import select

from payroll.month.adherents import import_adherent
from payroll.month.cles import rotate
from payroll.month.commun import Acte
from payroll.store.coffre import Coffre, CoffreError, create_keys, read_keys
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Agent

pytestmark = pytest.mark.privacy

RACINE = Path(__file__).parents[2]
ACTE = Acte("essai", datetime(2026, 11, 20, 9, tzinfo=UTC))
COFFRE = Coffre([b"a" * 32, b"b" * 32])


@pytest.fixture
def registre(tmp_path: Path) -> Registre:
    registre = Registre(f"sqlite:///{tmp_path}/paie.db", tmp_path / "pieces")
    registre.upgrade()
    assert isinstance(import_adherent(registre, RACINE / "examples/adherents/lubescaux.yaml", ACTE), Adherent)
    return registre


def _secrets(registre: Registre) -> list[str]:
    with registre.transaction() as session:
        agents = session.exec(select(Agent)).all()
        found = [value for agent in agents for value in (agent.nir, agent.iban) if value]
    assert len(found) > 1
    return found


def _written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_ni_nir_ni_iban_ne_se_lisent_sur_le_disque(registre: Registre, tmp_path: Path) -> None:
    secrets = _secrets(registre)
    registre.pieces.put("; ".join(secrets).encode())
    registre.close()
    disk = _written(tmp_path)

    assert [value for value in secrets if value.encode() in disk] == []


@given(st.text(max_size=60), st.binary(max_size=200))
def test_ce_qui_est_chiffre_se_relit(secret: str, content: bytes) -> None:
    assert COFFRE.open_text(COFFRE.seal_text(secret)) == secret
    assert COFFRE.open(COFFRE.seal(content, b"x"), b"x") == content


def test_une_valeur_d_avant_le_chiffrement_se_lit_telle_quelle() -> None:
    assert COFFRE.open_text("185014099900116") == "185014099900116"
    assert COFFRE.open(b"%PDF-1.7", b"x") == b"%PDF-1.7"


@pytest.mark.parametrize("place", [6, 12, 25, -1])
def test_un_octet_change_se_dit(place: int) -> None:
    sealed = bytearray(COFFRE.seal(b"un bulletin", b"x"))
    sealed[place] ^= 1
    with pytest.raises(CoffreError, match=r"altérée|manque"):
        COFFRE.open(bytes(sealed), b"x")


def test_une_piece_mise_a_la_place_d_une_autre_se_dit() -> None:
    with pytest.raises(CoffreError, match="altérée"):
        COFFRE.open(COFFRE.seal(b"un bulletin", b"a"), b"b")


def test_sans_la_bonne_cle_rien_ne_s_ouvre() -> None:
    with pytest.raises(CoffreError, match="manque"):
        Coffre([b"z" * 32]).open_text(COFFRE.seal_text("secret"))


def test_changer_la_cle_rechiffre_tout_et_oublie_l_ancienne(registre: Registre, tmp_path: Path) -> None:
    secrets, old = _secrets(registre), read_keys(registre.cles)
    piece = registre.pieces.put(b"un bulletin")
    registre.close()

    done = rotate(registre.url, tmp_path / "pieces", registre.cles, ACTE)
    fresh = Registre(registre.url, tmp_path / "pieces")

    assert (done.pieces, done.cle) == (1, fresh.coffre.current)
    assert done.valeurs >= len(secrets)
    assert _secrets(fresh) == secrets
    assert fresh.pieces.get(piece) == b"un bulletin"
    assert set(read_keys(registre.cles)).isdisjoint(old)
    with fresh.engine.connect() as connection:
        stored = connection.execute(text("SELECT nir FROM agent")).scalars().all()
    assert all(fresh.coffre.is_current_text(value) for value in stored)


def test_un_changement_de_cle_coupe_se_reprend(
    registre: Registre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets, piece = _secrets(registre), registre.pieces.put(b"un bulletin")
    registre.close()
    with monkeypatch.context() as patch:
        patch.setattr("payroll.store.registre.Pieces.reseal", lambda _: (_ for _ in ()).throw(InterruptedError))
        with pytest.raises(InterruptedError):
            rotate(registre.url, tmp_path / "pieces", registre.cles, ACTE)
    halfway = Registre(registre.url, tmp_path / "pieces")
    assert (_secrets(halfway), halfway.pieces.get(piece)) == (secrets, b"un bulletin")
    halfway.close()

    rotate(registre.url, tmp_path / "pieces", registre.cles, ACTE)
    fresh = Registre(registre.url, tmp_path / "pieces")
    assert (_secrets(fresh), fresh.pieces.get(piece)) == (secrets, b"un bulletin")
    assert len(read_keys(registre.cles)) == 1


@pytest.mark.parametrize(
    ("contenu", "droits", "morceau"),
    [
        ("", 0o600, "32 octets"),
        ("YWJj\n", 0o600, "32 octets"),
        ("pas de la base 64 !\n", 0o600, "mal formé"),
        ("A" * 43 + "=\n", 0o644, "chmod 600"),
    ],
)
def test_un_fichier_de_cles_fautif_est_refuse(tmp_path: Path, contenu: str, droits: int, morceau: str) -> None:
    path = tmp_path / "cles"
    path.write_text(contenu)
    path.chmod(droits)
    with pytest.raises(CoffreError, match=morceau):
        Coffre.at(path)


def test_deux_portes_qui_engendrent_la_cle_ensemble_ont_la_meme(tmp_path: Path) -> None:
    path = tmp_path / "cles"
    with ThreadPoolExecutor(max_workers=8) as pool:
        names = set(pool.map(lambda _: Coffre.at(path).current, range(16)))

    assert len(names) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["cles"]


def test_une_cle_engendree_ne_remplace_jamais_celle_qui_est_la(tmp_path: Path) -> None:
    create_keys(tmp_path / "cles")
    before = read_keys(tmp_path / "cles")
    create_keys(tmp_path / "cles")

    assert read_keys(tmp_path / "cles") == before
